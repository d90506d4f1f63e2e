#include "engine/http/client.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <future>

#include "tests/http/server.hpp"

namespace sluice::http {
namespace {

/// What a request comes to, later.
std::future<Outcome> ask(Client& client, Request request) {
    auto promise = std::make_shared<std::promise<Outcome>>();
    auto outcome = promise->get_future();
    EXPECT_TRUE(client.ask(std::move(request), [promise](Outcome its) { promise->set_value(std::move(its)); }));
    return outcome;
}

Outcome get(Client& client, const std::string& url, milliseconds timeout = seconds(60)) {
    Request request;
    request.method = "GET";
    request.url = url;
    request.timeout = timeout;
    return ask(client, request).get();
}

TEST(HttpClient, AGetAndAPostAsTheyWere) {
    std::string seen;
    Server server([&](const std::string& request) {
        seen = request;
        return Server::answer("made", "201 Created");
    });
    Client client({});
    const auto answer = get(client, server.url("/a?b=c%20d"));
    ASSERT_TRUE(answer) << answer.error();
    EXPECT_EQ(answer->status, 201);
    EXPECT_EQ(answer->body, "made");
    EXPECT_TRUE(seen.starts_with("GET /a?b=c%20d HTTP/1.1\r\n")) << seen;
    Request post;
    post.method = "POST";
    post.url = server.url("/p");
    post.body = std::string("x\0y", 3);
    post.headers = {{"Content-Type", "text/plain"}, {"X-Key", "secret"}};
    EXPECT_TRUE(ask(client, post).get());
    EXPECT_TRUE(seen.starts_with("POST /p HTTP/1.1\r\n")) << seen;
    EXPECT_NE(seen.find("\r\nContent-Type: text/plain\r\n"), std::string::npos) << seen;
    EXPECT_NE(seen.find("\r\nX-Key: secret\r\n"), std::string::npos) << seen;
    EXPECT_EQ(seen.find("Expect:"), std::string::npos) << seen;
    EXPECT_TRUE(seen.ends_with(std::string("\r\n\r\nx\0y", 7))) << seen;
    EXPECT_EQ(client.stats().answered, 2u);
}

TEST(HttpClient, ConnectionsAreKept) {
    Server server([](const std::string&) { return Server::answer("x"); });
    Client client({});
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(get(client, server.url()));
    EXPECT_EQ(server.connections, 1);
    EXPECT_EQ(server.requests, 20);
}

TEST(HttpClient, ARedirectIsAnAnswer) {
    Server elsewhere([](const std::string&) { return Server::answer("x"); });
    Server server(
        [&](const std::string&) { return Server::answer("", "302 Found", "Location: " + elsewhere.url() + "\r\n"); });
    Client client({});
    EXPECT_EQ(get(client, server.url())->status, 302);
    EXPECT_EQ(elsewhere.connections, 0);
}

TEST(HttpClient, OnlyHttp) {
    Client client({});
    for (const char* url : {"file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "nonsense://", ""})
        EXPECT_FALSE(get(client, url)) << url;
}

TEST(HttpClient, AnAnswerThatIsTooLargeIsAnError) {
    const std::string much(100'000, 'x');
    Server server([&](const std::string& request) -> std::string {
        if (request.starts_with("GET /body")) return Server::answer(much);
        if (request.starts_with("GET /exact")) return Server::answer(much.substr(0, 64 * 1024));
        if (request.starts_with("GET /chunked")) {
            std::string all = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
            for (int i = 0; i < 5; ++i) all += "4000\r\n" + much.substr(0, 0x4000) + "\r\n";
            return all + "0\r\n\r\n";
        }
        std::string headers;
        for (int i = 0; i < 100; ++i) headers += "X-Much: " + much.substr(0, 1000) + "\r\n";
        return Server::answer("x", "200 OK", headers);
    });
    Client client({});
    EXPECT_EQ(get(client, server.url("/exact"))->body.size(), 64u * 1024);
    EXPECT_EQ(get(client, server.url("/body")).error(), "the answer is too large");
    EXPECT_EQ(get(client, server.url("/chunked")).error(), "the answer is too large");
    EXPECT_EQ(get(client, server.url("/headers")).error(), "the answer's headers are too large");
    EXPECT_EQ(client.stats().failed, 3u);
    EXPECT_TRUE(get(client, server.url("/exact")));
}

TEST(HttpClient, NobodyThereAndNonsense) {
    std::string url;
    {
        Server gone([](const std::string&) { return std::string(); });
        url = gone.url();
    }
    Client client({});
    EXPECT_NE(get(client, url).error(), "");
    Server server([](const std::string&) { return std::string("this is not HTTP\r\n\r\n"); });
    EXPECT_NE(get(client, server.url()).error(), "");
}

TEST(HttpClient, AServerThatDoesNotAnswerIsGivenUpAndHoldsUpNobody) {
    Server server([](const std::string& request) {
        return request.starts_with("GET /slow") ? std::string() : Server::answer("x");
    });
    Client client({});
    Request slow;
    slow.method = "GET";
    slow.url = server.url("/slow");
    slow.timeout = milliseconds(500);
    auto late = ask(client, slow);
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(get(client, server.url("/")));
    EXPECT_EQ(late.get().error(), "no answer in time");
    EXPECT_EQ(client.stats().late, 1u);
}

TEST(HttpClient, PlacesAndTheQueueAreBounded) {
    std::atomic<bool> wait{true};
    Server server([&](const std::string&) {
        while (wait) std::this_thread::sleep_for(milliseconds(1));
        return Server::answer("x");
    });
    Client client({.connections = 2, .queue = 3});
    Request request;
    request.method = "GET";
    request.url = server.url();
    request.timeout = seconds(60);
    std::vector<std::future<Outcome>> all;
    for (int i = 0; i < 2; ++i) all.push_back(ask(client, request));
    while (server.requests < 2 || client.stats().running < 2) std::this_thread::sleep_for(milliseconds(1));
    for (int i = 0; i < 3; ++i) all.push_back(ask(client, request));
    EXPECT_FALSE(client.ask(request, [](Outcome) { ADD_FAILURE() << "it was refused"; }));
    EXPECT_EQ(client.stats().refused, 1u);
    EXPECT_EQ(client.stats().running, 2u);
    while (server.connections < 2) std::this_thread::sleep_for(milliseconds(1));
    wait = false;
    for (auto& one : all) EXPECT_TRUE(one.get());
    EXPECT_EQ(server.connections, 2);
}

TEST(HttpClient, OnesOwnTimeRunsInTheQueueToo) {
    std::atomic<bool> wait{true};
    Server server([&](const std::string&) {
        while (wait) std::this_thread::sleep_for(milliseconds(1));
        return Server::answer("x");
    });
    Client client({.connections = 1});
    Request request;
    request.method = "GET";
    request.url = server.url();
    request.timeout = seconds(60);
    auto first = ask(client, request);
    request.timeout = milliseconds(50);
    EXPECT_EQ(ask(client, request).get().error(), "no answer in time");
    wait = false;
    EXPECT_TRUE(first.get());
}

TEST(HttpClient, AnEndWithRequestsUnderWayDropsThem) {
    Server server([](const std::string&) { return std::string(); });
    auto dropped = std::make_shared<int>(0);
    {
        Client client({.connections = 2});
        Request request;
        request.method = "GET";
        request.url = server.url();
        request.timeout = seconds(60);
        for (int i = 0; i < 10; ++i)
            EXPECT_TRUE(client.ask(request, [dropped](Outcome) { ADD_FAILURE() << "nobody answered"; }));
        while (server.requests < 2) std::this_thread::sleep_for(milliseconds(1));
        EXPECT_EQ(dropped.use_count(), 11);
    }
    EXPECT_EQ(dropped.use_count(), 1);
}

/// Another program's TLS: Python's, for one answer.
class SecureServer {
public:
    explicit SecureServer(const std::string& address) : address_(address) {
        const std::string script =
            "import signal, socket, ssl, sys\n"
            "signal.alarm(60)\n"
            "context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)\n"
            "context.load_cert_chain('" SLUICE_CERTIFICATES "/server.pem', '" SLUICE_CERTIFICATES "/server.key')\n"
            "listener = socket.create_server(('" + address + "', 0))\n"
            "print(listener.getsockname()[1], flush=True)\n"
            "try:\n"
            "    with context.wrap_socket(listener.accept()[0], server_side=True) as connection:\n"
            "        connection.recv(4096)\n"
            "        connection.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: 6\\r\\n\\r\\nsecret')\n"
            "except OSError:\n"
            "    pass\n";
        pipe_ = ::popen(("exec python3 -c \"" + script + "\"").c_str(), "r");
        SLUICE_CHECK(pipe_ != nullptr && std::fscanf(pipe_, "%d", &port_) == 1);
    }
    ~SecureServer() { ::pclose(pipe_); }
    SecureServer(const SecureServer&) = delete;
    SecureServer& operator=(const SecureServer&) = delete;
    std::string url(const std::string& host) const { return "https://" + host + ":" + std::to_string(port_) + "/"; }
    std::string url() const { return url(address_); }

private:
    const std::string address_;
    std::FILE* pipe_;
    int port_ = 0;
};

TEST(HttpClient, ACertificateIsVerified) {
    const std::string authority = SLUICE_CERTIFICATES "/authority.pem";
    {
        SecureServer server("127.0.0.1");
        Client client({.ca_file = authority});
        const auto answer = get(client, server.url("localhost"));
        ASSERT_TRUE(answer) << answer.error();
        EXPECT_EQ(answer->body, "secret");
    }
    {
        SecureServer server("127.0.0.1");
        Client client({});
        EXPECT_FALSE(get(client, server.url())) << "the system does not know this authority";
    }
    {
        SecureServer server("127.0.0.2");
        Client client({.ca_file = authority});
        EXPECT_FALSE(get(client, server.url())) << "the certificate has another name";
    }
}

}  // namespace
}  // namespace sluice::http
