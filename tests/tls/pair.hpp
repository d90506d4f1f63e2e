#pragma once

#include <gtest/gtest.h>

#include "engine/tls/stream.hpp"
#include "tests/tls/certificates.hpp"

namespace sluice::tls {

/// A server's and a client's end of one connection, with nothing but memory between them.
struct Pair {
    using Progress = Stream::Progress;

    std::shared_ptr<const Context> server_context, client_context;
    std::unique_ptr<Stream> server, client;
    OutBuffer to_server, to_client, plain_at_server, plain_at_client;
    Progress server_progress = Progress::wants_input, client_progress = Progress::wants_input;

    Pair(std::shared_ptr<const Context> at_server, std::shared_ptr<const Context> at_client,
         const std::string& name = "localhost", Session* session = nullptr)
        : server_context(std::move(at_server)),
          client_context(std::move(at_client)),
          client(std::make_unique<Stream>(client_context, name, session)) {}

    /// Goes on until neither has anything to say.
    void shake() {
        for (int i = 0; i < 10; ++i) {
            if (client_progress == Progress::wants_input) {
                ByteView in = to_client.view();
                client_progress = client->handshake(in, to_server);
                to_client.consume(to_client.size() - in.size());
            }
            if (!server) server = std::make_unique<Stream>(server_context, to_server.view());
            if (server_progress == Progress::wants_input) {
                ByteView in = to_server.view();
                server_progress = server->handshake(in, to_client);
                to_server.consume(to_server.size() - in.size());
            }
        }
        deliver();
    }
    bool shaken() const { return client_progress == Progress::done && server_progress == Progress::done; }
    /// What is under way, after the handshake.
    void deliver() {
        if (client_progress == Progress::done && !to_client.empty()) {
            const Progress read = client->read(to_client.view(), plain_at_client, to_server);
            if (read != Progress::wants_input) client_progress = read;
        }
        to_client.clear();
        if (server_progress == Progress::done && !to_server.empty()) {
            const Progress read = server->read(to_server.view(), plain_at_server, to_client);
            if (read != Progress::wants_input) server_progress = read;
        }
        to_server.clear();
    }
    /// Both ways.
    void expect_talk() {
        ASSERT_TRUE(shaken()) << client->error().message() << "; " << server->error().message();
        ASSERT_TRUE(client->write(as_bytes("ping"), to_server));
        ASSERT_TRUE(server->write(as_bytes("pong"), to_client));
        deliver();
        EXPECT_EQ(as_text(plain_at_server.view()), "ping");
        EXPECT_EQ(as_text(plain_at_client.view()), "pong");
        plain_at_server.clear();
        plain_at_client.clear();
    }
};

}  // namespace sluice::tls
