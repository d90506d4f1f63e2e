// TLS on links: what the contract suite, which runs over TLS too, does not ask. In the simulated network, and with a
// peer that speaks TLS by hand, so that it can be slow, rude or silent.

#include "engine/base/random.hpp"
#include "tests/io/world.hpp"

namespace sluice::io {
namespace {

using tls::Fault;
using Progress = tls::Stream::Progress;

class Tls : public testing::Test {
protected:
    Tls() {
        const auto id = server.io->listen(*Endpoint::parse(":2776"), {});
        listener = *id;
        at = world.address(server, listener);
        server.consume = [this](LinkId link, ByteView data) {
            server.io->out(link).append(data);
            return data.size();
        };
    }
    static TlsIo& tls_of(Host& host) { return static_cast<TlsIo&>(*host.io); }
    bool run_until(const std::function<bool()>& done) { return world.run_until(done); }
    /// Turns on until `duration` has passed.
    void pass(nanoseconds duration) {
        const MonoTime end = world.net().now() + duration;
        world.settle();
        while (world.net().now() < end) {
            world.net().advance(std::min(end, world.net().now() + milliseconds(100)));
            for (int i = 0; i < 10'000 && world.net().now() < end; ++i) {
                world.turn();
                const auto next = world.net().next_event_time();
                if (!next || *next > world.net().now()) break;
            }
        }
    }
    LinkId connect_securely(const std::shared_ptr<const tls::Context>& context, std::string name = "localhost") {
        client.secure_connecting = [&](LinkId link) { tls_of(client).secure(link, context, name); };
        const LinkId link = client.connect(at);
        EXPECT_TRUE(run_until([&] { return client[link].connected.has_value(); }));
        return link;
    }
    /// A link of the client's that carries octets as they are.
    LinkId connect_in_clear() {
        client.secure_connecting = [](LinkId) {};
        const std::size_t before = server.accepted.size();
        const LinkId link = client.connect(at);
        EXPECT_TRUE(run_until([&] { return client[link].connected.has_value() && server.accepted.size() > before; }));
        return link;
    }
    LinkId server_end() const { return server.accepted.back(); }

    World world{{Backend::simulated, true}};
    Host& server = world.add_host();
    Host& client = world.add_host();
    ListenerId listener = 0;
    Endpoint at;
};

/// A client's end of TLS over a link in clear, that does what it is told and no more.
struct ByHand {
    Host& host;
    LinkId link;
    tls::Stream stream{tls::client_context(), "localhost", nullptr};
    OutBuffer records;
    Progress progress = Progress::wants_input;
    std::size_t taken = 0;

    /// As far as what has come allows; the records to send are in `records`.
    void shake() {
        ByteView in = as_bytes(host[link].received).subspan(taken);
        const std::size_t before = in.size();
        if (progress == Progress::wants_input) progress = stream.handshake(in, records);
        taken += before - in.size();
    }
    void send_records() {
        host.write(link, as_text(records.view()));
        records.clear();
    }
};

TEST_F(Tls, TellsWhatTheHandshakeCameTo) {
    const LinkId link = connect_securely(tls::client_context());
    ASSERT_EQ(client[link].connected, std::error_code());
    ASSERT_NE(tls_of(client).tls_peer(link), nullptr);
    EXPECT_STREQ(tls_of(client).tls_peer(link)->version, "TLSv1.3");
    ASSERT_TRUE(run_until([&] { return tls_of(server).tls_peer(server_end()) != nullptr; }));
    EXPECT_EQ(tls_of(server).tls_counters().handshakes.value(), 1u);
    EXPECT_EQ(tls_of(server).tls_counters().links.value(), 1);
    client.close(link);
    ASSERT_TRUE(run_until([&] { return server.io->links() == 0; }));
    EXPECT_EQ(tls_of(server).tls_counters().links.value(), 0);
    EXPECT_EQ(tls_of(server).tls_counters().under_way.value(), 0);
}

TEST_F(Tls, OneEndMaySpeakInClearOnOtherLinks) {
    const LinkId secured = connect_securely(tls::client_context());
    server.secure_accepted = [](LinkId) {};
    const LinkId plain = connect_in_clear();
    client.write(plain, "in clear");
    client.write(secured, "in secret");
    ASSERT_TRUE(run_until([&] {
        return client[plain].received == "in clear" && client[secured].received == "in secret";
    }));
    EXPECT_EQ(tls_of(server).tls_peer(server_end()), nullptr);
}

TEST_F(Tls, AClientThatDoesNotTrustTheServerSendsNothing) {
    const LinkId link = connect_securely(tls::client_context({.authorities = tls::authority("stranger")}));
    client.io->out(link);
    EXPECT_EQ(client[link].connected->message(), "the peer's certificate is not signed by a known authority");
    ASSERT_TRUE(run_until([&] { return server[server_end()].closed.has_value(); }));
    EXPECT_GE(server[server_end()].closed->value(), tls::alert_base) << server[server_end()].closed->message();
    EXPECT_EQ(server[server_end()].received, "");
    ASSERT_TRUE(run_until([&] { return server.io->links() == 0 && client.io->links() == 0; }));
    EXPECT_EQ(tls_of(server).tls_counters().failed.value(), 1u);
}

TEST_F(Tls, ANameThatTheCertificateIsNotForIsRefused) {
    const LinkId link = connect_securely(tls::client_context(), "other.example");
    EXPECT_EQ(client[link].connected, Fault::wrong_name);
    ASSERT_TRUE(run_until([&] { return server.io->links() == 0 && client.io->links() == 0; }));
    EXPECT_EQ(server[server_end()].received, "");
}

TEST_F(Tls, ConnectionRefusedIsToldAsInClear) {
    server.io->stop_listening(listener);
    const LinkId link = connect_securely(tls::client_context());
    EXPECT_EQ(client[link].connected, std::errc::connection_refused);
}

TEST_F(Tls, APeerThatSpeaksInClearIsToldApart) {
    const LinkId link = connect_in_clear();
    const std::uint8_t enquire_link[16] = {0, 0, 0, 16, 0, 0, 0, 0x15, 0, 0, 0, 0, 0, 0, 0, 1};
    client.write(link, as_text(enquire_link));
    ASSERT_TRUE(run_until([&] { return server[server_end()].closed.has_value(); }));
    EXPECT_EQ(server[server_end()].closed, Fault::not_tls);

    // And the other way about.
    server.secure_accepted = [](LinkId) {};
    server.consume = [&](LinkId from, ByteView data) {
        server.io->out(from).append(as_bytes("who are you?"));
        return data.size();
    };
    const LinkId secured = connect_securely(tls::client_context());
    EXPECT_EQ(client[secured].connected, Fault::not_tls);
}

TEST_F(Tls, AHandshakeThatDoesNotBeginOrGoOnTakesTooLong) {
    connect_in_clear();
    const LinkId silent = server_end();
    const LinkId link = connect_in_clear();
    const LinkId stalled = server_end();
    ByHand peer{client, link};
    peer.shake();
    peer.send_records();  // the ClientHello, and then nothing
    pass(tls_handshake_limit - milliseconds(500));
    EXPECT_FALSE(server[silent].closed.has_value());
    EXPECT_FALSE(server[stalled].closed.has_value());
    EXPECT_NE(client[link].received, "");
    pass(seconds(1));
    EXPECT_EQ(server[silent].closed, Fault::timed_out);
    EXPECT_EQ(server[stalled].closed, Fault::timed_out);
    EXPECT_EQ(tls_of(server).tls_counters().under_way.value(), 0);
}

TEST_F(Tls, AClientGivesUpOnASilentServerToo) {
    server.secure_accepted = [](LinkId) {};
    server.consume = [](LinkId, ByteView data) { return data.size(); };
    client.secure_connecting = [&](LinkId link) { tls_of(client).secure(link, tls::client_context(), "localhost"); };
    const LinkId link = client.connect(at);
    pass(tls_handshake_limit + seconds(1));
    EXPECT_EQ(client[link].connected, Fault::timed_out);
}

TEST_F(Tls, AHandshakeOneOctetAtATime) {
    const LinkId link = connect_in_clear();
    ByHand peer{client, link};
    while (peer.progress == Progress::wants_input) {
        peer.shake();
        for (const std::uint8_t& octet : peer.records.view()) {
            client.write(link, as_text({&octet, 1}));
            world.turn();
            world.turn();
        }
        peer.records.clear();
        world.settle();
    }
    ASSERT_EQ(peer.progress, Progress::done);
    ASSERT_TRUE(peer.stream.write(as_bytes("at last"), peer.records));
    peer.send_records();
    ASSERT_TRUE(run_until([&] { return server[server_end()].received == "at last"; }));
}

TEST_F(Tls, AConnectionThatIsCutOffIsTold) {
    const LinkId link = connect_in_clear();
    ByHand peer{client, link};
    ASSERT_TRUE(run_until([&] {
        peer.shake();
        peer.send_records();
        return peer.progress == Progress::done;
    }));
    ASSERT_TRUE(peer.stream.write(as_bytes("half of what I had to s"), peer.records));
    peer.send_records();
    client.close(link);  // without close_notify
    ASSERT_TRUE(run_until([&] { return server[server_end()].closed.has_value(); }));
    EXPECT_EQ(server[server_end()].closed, Fault::truncated);
    EXPECT_EQ(server[server_end()].received, "half of what I had to s");
}

TEST_F(Tls, AnswersStillReachAPeerThatHasSaidGoodbye) {
    const LinkId link = connect_in_clear();
    ByHand peer{client, link};
    ASSERT_TRUE(run_until([&] {
        peer.shake();
        peer.send_records();
        return peer.progress == Progress::done;
    }));
    ASSERT_TRUE(peer.stream.write(as_bytes("last request"), peer.records));
    peer.stream.close(peer.records);
    peer.send_records();
    ASSERT_TRUE(run_until([&] { return client[link].closed.has_value(); }));
    EXPECT_EQ(server[server_end()].closed, std::error_code());
    OutBuffer plain, ignored;
    EXPECT_EQ(peer.stream.read(as_bytes(client[link].received).subspan(peer.taken), plain, ignored), Progress::ended);
    EXPECT_EQ(as_text(plain.view()), "last request");
}

TEST_F(Tls, WhatATurnWroteGoesInAsFewRecordsAsItCan) {
    const LinkId link = connect_in_clear();
    ByHand peer{client, link};
    ASSERT_TRUE(run_until([&] {
        peer.shake();
        peer.send_records();
        return peer.progress == Progress::done && tls_of(server).tls_peer(server_end()) != nullptr;
    }));
    world.settle();
    const std::size_t before = client[link].received.size();
    for (int i = 0; i < 100; ++i) server.write(server_end(), "a PDU of some length");
    world.settle();
    const ByteView sent = as_bytes(client[link].received).subspan(before);
    EXPECT_EQ(tls::whole_records(sent).octets, sent.size());
    EXPECT_EQ(5u + load_be<std::uint16_t>(sent.data() + 3), sent.size());
    EXPECT_LT(sent.size(), 2000u + 64);
}

TEST_F(Tls, AReconnectResumesTheSession) {
    const auto context = tls::client_context();
    const LinkId first = connect_securely(context);
    client.write(first, "hello");
    ASSERT_TRUE(run_until([&] { return client[first].received == "hello"; }));
    EXPECT_FALSE(tls_of(client).tls_peer(first)->resumed);
    client.close(first);
    const LinkId second = connect_securely(context);
    client.write(second, "again");
    ASSERT_TRUE(run_until([&] { return client[second].received == "again"; }));
    EXPECT_TRUE(tls_of(client).tls_peer(second)->resumed);
    EXPECT_EQ(tls_of(server).tls_counters().resumed.value(), 1u);
}

TEST_F(Tls, ANewCertificateGoesForNewLinksOnly) {
    const auto context = tls::client_context({.verify = false});
    const LinkId before = connect_securely(context, "");
    const auto renewed = tls::server_context({.identities = {tls::identity("rsa")}});
    server.secure_accepted = [&](LinkId link) { tls_of(server).secure(link, renewed); };
    const LinkId after = connect_securely(context, "");
    EXPECT_EQ(tls_of(client).tls_peer(after)->certificate->common_name, "rsa.example");
    client.write(before, "old");
    client.write(after, "new");
    ASSERT_TRUE(run_until([&] { return client[before].received == "old" && client[after].received == "new"; }));
    EXPECT_EQ(tls_of(client).tls_peer(before)->certificate->common_name, "localhost");
}

TEST_F(Tls, HandshakesDoNotKeepTrafficWaiting) {
    const LinkId busy = connect_securely(tls::client_context());
    ASSERT_TRUE(run_until([&] { return tls_of(server).tls_peer(server_end()) != nullptr; }));
    // A crowd of ClientHellos that have all arrived when the server turns next.
    std::vector<std::unique_ptr<ByHand>> crowd;
    for (int i = 0; i < 100; ++i) crowd.emplace_back(new ByHand{client, connect_in_clear()});
    for (const auto& each : crowd) {
        each->shake();
        each->send_records();
    }
    client.write(busy, "urgent");
    client.io->turn(client, {});
    client.io->turn(client, {});
    world.net().advance(world.net().now() + milliseconds(50));
    for (int turns = 0; turns < 3; ++turns) server.io->turn(server, {});
    EXPECT_EQ(server[server.accepted.front()].received, "urgent");
    // At most so many answers are under way as the turns allowed.
    std::size_t begun = 0;
    world.net().advance(world.net().now() + milliseconds(50));
    client.io->turn(client, {});
    for (const auto& each : crowd) begun += !client[each->link].received.empty();
    EXPECT_LE(begun, 3 * limits::tls_handshake_steps_per_turn);
    ASSERT_TRUE(run_until([&] {
        for (const auto& each : crowd) {
            each->shake();
            each->send_records();
        }
        return tls_of(server).tls_counters().handshakes.value() == 101;
    }));
}

TEST_F(Tls, ACrowdOfStalledHandshakesMakesRoom) {
    std::vector<LinkId> links, stalled;
    for (std::size_t i = 0; i < limits::tls_handshakes + 20; ++i) {
        links.push_back(connect_in_clear());
        stalled.push_back(server_end());
    }
    for (const LinkId link : links) {
        ByHand peer{client, link};
        peer.shake();
        peer.send_records();
    }
    pass(milliseconds(500));
    const auto crowded = [&] {
        return std::ranges::count_if(stalled, [&](LinkId link) { return server[link].closed == Fault::crowded; });
    };
    EXPECT_EQ(crowded(), 0);  // so long the peers are given, and the latest wait
    client.secure_connecting = [&](LinkId link) { tls_of(client).secure(link, tls::client_context(), "localhost"); };
    const LinkId honest = client.connect(at);
    pass(seconds(2));
    EXPECT_EQ(client[honest].connected, std::error_code());
    EXPECT_GE(crowded(), 20);
    EXPECT_LT(crowded(), 30);
}

TEST_F(Tls, AnyOctetsEndTheLinkAndNothingElse) {
    const LinkId witness = connect_securely(tls::client_context());
    Random random(11);
    for (int round = 0; round < 200; ++round) {
        const LinkId link = connect_in_clear();
        ByHand peer{client, link};
        if (round % 2 == 0) {  // in the midst of the handshake, or after it
            ASSERT_TRUE(run_until([&] {
                peer.shake();
                if (client[link].closed) return true;
                peer.send_records();
                return peer.progress == Progress::done;
            }));
        }
        std::string noise(1 + random.below(400), '\0');
        for (char& c : noise) c = static_cast<char>(random.next());
        if (round % 4 < 2) {  // that looks like a record at first
            noise.insert(0, std::string("\x17\x03\x03\x00", 4) + static_cast<char>(noise.size() & 0x7F));
            if (round % 2 == 1) noise[0] = 0x16;
        }
        client.write(link, noise);
        world.settle();
        if (client.is_open(link)) client.close(link);
        ASSERT_TRUE(run_until([&] { return server[server_end()].closed.has_value(); }));
        EXPECT_TRUE(*server[server_end()].closed);
    }
    client.write(witness, "still here");
    ASSERT_TRUE(run_until([&] { return client[witness].received == "still here"; }));
}

TEST_F(Tls, NothingIsSentInClearWhateverTheOwnerDoes) {
    const LinkId link = connect_in_clear();
    server.write(server_end(), "too early");
    world.settle();
    EXPECT_EQ(client[link].received, "");
    client.write(link, "no TLS");
    ASSERT_TRUE(run_until([&] { return server[server_end()].closed.has_value(); }));
    server.io->out(server_end()).append(as_bytes("too late"));
    server.io->touch(server_end());
    server.io->close(server_end());
    world.settle();
    EXPECT_EQ(client[link].received.find("too"), std::string::npos);
}

}  // namespace
}  // namespace sluice::io
