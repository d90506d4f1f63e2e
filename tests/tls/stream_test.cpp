// Handshakes that succeed and those that must not, over memory alone.

#include <algorithm>
#include <numeric>

#include "engine/base/random.hpp"
#include "tests/tls/pair.hpp"

namespace sluice::tls {
namespace {

using Progress = Stream::Progress;

constexpr std::string_view tls12_aes = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256";

TEST(Stream, TalksTls13ByDefault) {
    Pair pair(server_context(), client_context());
    pair.shake();
    pair.expect_talk();
    EXPECT_STREQ(pair.server->peer().version, "TLSv1.3");
    EXPECT_STREQ(pair.client->peer().cipher, "TLS_AES_128_GCM_SHA256");
    EXPECT_TRUE(pair.client->peer().verified);
    EXPECT_EQ(pair.client->peer().certificate->digest, identity("server").facts.digest);
    EXPECT_FALSE(pair.server->peer().certificate);
    EXPECT_FALSE(pair.client->peer().resumed);
}

TEST(Stream, EveryCipherOfTheDefaultList) {
    std::string list(default_ciphers);
    for (std::size_t at = 0; at < list.size();) {
        const std::size_t end = std::min(list.find(':', at), list.size());
        const std::string cipher = list.substr(at, end - at);
        at = end + 1;
        ServerOptions server;
        server.identities = {identity(cipher.find("RSA") != cipher.npos ? "rsa" : "server")};
        Pair pair(server_context(server), client_context({.ciphers = cipher}),
                  cipher.find("RSA") != cipher.npos ? "rsa.example" : "localhost");
        pair.shake();
        SCOPED_TRACE(cipher);
        pair.expect_talk();
        EXPECT_STREQ(pair.client->peer().version, cipher.starts_with("TLS13") ? "TLSv1.3" : "TLSv1.2");
    }
}

TEST(Stream, TheLeastVersionIsKept) {
    const auto only12 = client_context({.ciphers = std::string(tls12_aes)});
    Pair allowed(server_context(), only12);
    allowed.shake();
    allowed.expect_talk();
    EXPECT_STREQ(allowed.server->peer().version, "TLSv1.2");

    Pair refused(server_context({.least = Version::tls13}), only12);
    refused.shake();
    EXPECT_EQ(refused.server_progress, Progress::failed);
    EXPECT_EQ(refused.client_progress, Progress::failed);
    EXPECT_EQ(refused.client->error().category(), category());
}

// ---- who the server is

TEST(Stream, AnUnknownAuthorityIsRefused) {
    Pair pair(server_context(), client_context({.authorities = authority("stranger")}));
    pair.shake();
    EXPECT_EQ(pair.client_progress, Progress::failed);
    EXPECT_EQ(pair.client->error().message(), "the peer's certificate is not signed by a known authority");
    EXPECT_EQ(pair.server_progress, Progress::failed);
    EXPECT_NE(pair.server->error().message().find("the peer refused TLS"), std::string::npos)
        << pair.server->error().message();
}

TEST(Stream, AnExpiredCertificateIsRefused) {
    Pair pair(server_context({.identities = {identity("expired")}}), client_context());
    pair.shake();
    EXPECT_EQ(pair.client_progress, Progress::failed);
    EXPECT_EQ(pair.client->error().message(), "the peer's certificate has expired");
}

TEST(Stream, ACertificateForAnotherNameIsRefused) {
    for (const char* name : {"gateway.example", "127.0.0.1", "::1"}) {
        Pair right(server_context(), client_context(), name);
        right.shake();
        SCOPED_TRACE(name);
        right.expect_talk();
    }
    for (const char* name : {"other.example", "example", "127.0.0.2", "xlocalhost"}) {
        Pair wrong(server_context(), client_context(), name);
        wrong.shake();
        EXPECT_EQ(wrong.client_progress, Progress::failed) << name;
        EXPECT_EQ(wrong.client->error(), Fault::wrong_name) << name;
    }
}

TEST(Stream, AChainIsFollowedToItsRoot) {
    Pair pair(server_context({.identities = {identity("deep")}}), client_context(), "deep.example");
    pair.shake();
    pair.expect_talk();
}

TEST(Stream, APinStandsInForAuthorityDatesAndName) {
    const CertificateFacts facts = identity("expired").facts;
    for (const Digest& pin : {facts.digest, facts.key_digest}) {
        Pair pair(server_context({.identities = {identity("expired")}}),
                  client_context({.authorities = authority("stranger"), .pins = {Digest{}, pin}}), "other.example");
        pair.shake();
        pair.expect_talk();
        EXPECT_FALSE(pair.client->peer().verified);
    }
    Pair wrong(server_context(), client_context({.pins = {facts.digest}}));
    wrong.shake();
    EXPECT_EQ(wrong.client_progress, Progress::failed);
    EXPECT_EQ(wrong.client->error(), Fault::wrong_pin);
}

TEST(Stream, WithoutVerificationAnythingGoes) {
    Pair pair(server_context({.identities = {identity("expired")}}), client_context({.verify = false}), "x.example");
    pair.shake();
    pair.expect_talk();
    EXPECT_FALSE(pair.client->peer().verified);
}

TEST(Stream, ACertificateThatMaySignNoOthersCanBeTrustedForItself) {
    Pair pair(server_context(), client_context({.authorities = identity("server").chain_pem}));
    pair.shake();
    pair.expect_talk();
    Pair other(server_context({.identities = {identity("rsa")}}),
               client_context({.authorities = identity("server").chain_pem}), "rsa.example");
    other.shake();
    EXPECT_EQ(other.client_progress, Progress::failed);
}

TEST(Stream, TheCertificateFollowsTheNameAskedFor) {
    for (const std::string_view ciphers : {std::string_view(), tls12_aes}) {
        ServerOptions options;
        options.identities = {identity("server"), identity("rsa"), identity("deep")};
        const auto server = server_context(options);
        const auto client = client_context({.ciphers = std::string(ciphers), .verify = false});
        for (const auto& [name, shown] :
             {std::pair("gateway.example", "server"), {"rsa.example", "rsa"}, {"RSA.example", "rsa"},
              {"a.wild.example", "rsa"}, {"deep.example", "deep"}, {"a.b.wild.example", "server"},
              {"unknown.example", "server"}, {"", "server"}}) {
            Pair pair(server, client, name);
            pair.shake();
            SCOPED_TRACE(name);
            pair.expect_talk();
            EXPECT_EQ(pair.client->peer().certificate->digest, identity(shown).facts.digest);
        }
    }
}

// ---- who the client is

ServerOptions asking(ClientCertificates how, const std::string& authorities) {
    ServerOptions options;
    options.identities = {identity("server")};
    options.client_certificates = how;
    options.client_authorities = authorities;
    return options;
}

TEST(Stream, ClientCertificates) {
    const auto none = client_context();
    const auto ours = client_context({.identity = {identity("client")}});
    const auto foreign = client_context({.identity = {identity("foreign")}});
    for (const auto how : {ClientCertificates::optional, ClientCertificates::required}) {
        const auto server = server_context(asking(how, authority()));
        Pair with(server, ours);
        with.shake();
        with.expect_talk();
        EXPECT_EQ(with.server->peer().certificate->common_name, "acme");
        EXPECT_TRUE(with.server->peer().verified);

        Pair without(server, none);
        without.shake();
        EXPECT_EQ(without.server_progress == Progress::done, how == ClientCertificates::optional);

        Pair stranger(server, foreign);
        stranger.shake();
        EXPECT_EQ(stranger.server_progress, Progress::failed);
    }
    // Without authorities any will do, and is not called verified.
    const auto open = server_context(asking(ClientCertificates::required, ""));
    Pair stranger(open, foreign);
    stranger.shake();
    stranger.expect_talk();
    EXPECT_EQ(stranger.server->peer().certificate->digest, identity("foreign").facts.digest);
    EXPECT_FALSE(stranger.server->peer().verified);
    Pair without(open, none);
    without.shake();
    EXPECT_EQ(without.server_progress, Progress::failed);
    EXPECT_EQ(without.server->error().message(), "the peer showed no certificate");

    const auto off = server_context();
    Pair unasked(off, ours);
    unasked.shake();
    unasked.expect_talk();
    EXPECT_FALSE(unasked.server->peer().certificate);
}

// ---- resumption

TEST(Stream, ASessionIsResumed) {
    for (const std::string_view ciphers : {std::string_view(), tls12_aes}) {
        const bool tls13 = ciphers.empty();
        const auto server = server_context();
        const auto client = client_context({.ciphers = std::string(ciphers)});
        Pair first(server, client);
        first.shake();
        first.expect_talk();
        Session session = first.client->session();
        Pair second(server, client, "localhost", &session);
        second.shake();
        second.expect_talk();
        EXPECT_EQ(second.client->peer().resumed, tls13);
        EXPECT_EQ(second.server->peer().resumed, tls13);
        // Another context has other keys for its tickets: all is done anew.
        Pair elsewhere(server_context(), client, "localhost", &session);
        elsewhere.shake();
        elsewhere.expect_talk();
        EXPECT_FALSE(elsewhere.client->peer().resumed);
    }
}

TEST(Stream, AServerThatAsksForCertificatesResumesNothing) {
    for (const std::string_view ciphers : {std::string_view(), tls12_aes}) {
        const auto server = server_context(asking(ClientCertificates::optional, authority()));
        const auto client = client_context({.ciphers = std::string(ciphers), .identity = {identity("client")}});
        Pair first(server, client);
        first.shake();
        first.expect_talk();
        Session session = first.client->session();
        Pair second(server, client, "localhost", &session);
        second.shake();
        second.expect_talk();
        EXPECT_FALSE(second.server->peer().resumed);
        EXPECT_EQ(second.server->peer().certificate->common_name, "acme");
    }
}

// ---- octets

TEST(Stream, RecordsAreFilled) {
    Pair pair(server_context(), client_context());
    pair.shake();
    ASSERT_TRUE(pair.shaken());
    const std::string text(100'000, 'x');
    ASSERT_TRUE(pair.client->write(as_bytes(text), pair.to_server));
    std::size_t records = 0;
    for (ByteView rest = pair.to_server.view(); !rest.empty(); ++records)
        rest = rest.subspan(5 + load_be<std::uint16_t>(rest.data() + 3));
    EXPECT_EQ(records, (text.size() + 16383) / 16384);
    pair.deliver();
    EXPECT_EQ(as_text(pair.plain_at_server.view()), text);
}

TEST(Stream, OneOctetAtATime) {
    Pair pair(server_context(), client_context());
    ByteView nothing;
    pair.client->handshake(nothing, pair.to_server);
    Stream server(pair.server_context, pair.to_server.view());
    Progress progress = Progress::wants_input;
    OutBuffer sent;
    const auto feed = [&](OutBuffer& octets) {
        for (const std::uint8_t& octet : octets.view()) {
            ByteView one(&octet, 1);
            ASSERT_NE(progress, Progress::failed);
            if (progress == Progress::wants_input) progress = server.handshake(one, sent);
            if (!one.empty()) server.read(one, pair.plain_at_server, sent);
        }
        octets.clear();
    };
    feed(pair.to_server);
    ByteView answer = sent.view();
    EXPECT_EQ(pair.client->handshake(answer, pair.to_server), Progress::done);
    ASSERT_TRUE(pair.client->write(as_bytes("slowly"), pair.to_server));
    feed(pair.to_server);
    EXPECT_EQ(progress, Progress::done);
    EXPECT_EQ(as_text(pair.plain_at_server.view()), "slowly");
}

TEST(Stream, AGoodbyeIsTold) {
    Pair pair(server_context(), client_context());
    pair.shake();
    ASSERT_TRUE(pair.client->write(as_bytes("last words"), pair.to_server));
    pair.client->close(pair.to_server);
    pair.deliver();
    EXPECT_EQ(pair.server_progress, Progress::ended);
    EXPECT_EQ(as_text(pair.plain_at_server.view()), "last words");
}

TEST(Stream, WhatWasTamperedWithIsRefused) {
    for (const std::string_view ciphers :
         {std::string_view(), tls12_aes, std::string_view("TLS13-CHACHA20-POLY1305-SHA256")}) {
        Pair pair(server_context(), client_context({.ciphers = std::string(ciphers)}));
        pair.shake();
        ASSERT_TRUE(pair.shaken());
        ASSERT_TRUE(pair.client->write(as_bytes(std::string(500, 'x')), pair.to_server));
        std::string octets(as_text(pair.to_server.view()));
        octets[200] = static_cast<char>(octets[200] ^ 1);
        pair.to_server.clear();
        pair.to_server.append(as_bytes(octets));
        pair.deliver();
        EXPECT_EQ(pair.server_progress, Progress::failed);
        EXPECT_TRUE(pair.plain_at_server.empty());
    }
}

TEST(Stream, AnyOctetsEndInAnErrorAndNothingWorse) {
    Random random(5);
    for (int round = 0; round < 300; ++round) {
        Pair pair(server_context(), client_context());
        ByteView nothing;
        pair.client->handshake(nothing, pair.to_server);
        std::string hello(as_text(pair.to_server.view()));
        for (std::uint64_t flips = 1 + random.below(4); flips > 0; --flips)
            hello[random.below(hello.size())] = static_cast<char>(random.next());
        Stream server(pair.server_context, as_bytes(hello));
        ByteView in = as_bytes(hello);
        OutBuffer out;
        const Progress progress = server.handshake(in, out);
        EXPECT_NE(progress, Progress::done);
        if (progress == Progress::failed) {
            EXPECT_TRUE(server.error());
            EXPECT_FALSE(server.error().message().empty());
        }
    }
}

TEST(Records, AreToldFromOtherThings) {
    const std::uint8_t hello[] = {22, 3, 1, 0, 2, 'a', 'b', 23, 3, 3, 0, 1};
    EXPECT_EQ(whole_records(hello).octets, 7u);
    EXPECT_TRUE(whole_records(hello).is_tls);
    EXPECT_EQ(whole_records(ByteView(hello).first(6)).octets, 0u);
    EXPECT_TRUE(whole_records(ByteView(hello).first(3)).is_tls);
    // The beginning of a bind_transceiver in clear.
    const std::uint8_t smpp[] = {0, 0, 0, 0x2F, 0, 0, 0, 9};
    EXPECT_FALSE(whole_records(smpp).is_tls);
    const std::uint8_t too_long[] = {22, 3, 1, 0xFF, 0xFF};
    EXPECT_FALSE(whole_records(too_long).is_tls);
}

}  // namespace
}  // namespace sluice::tls
