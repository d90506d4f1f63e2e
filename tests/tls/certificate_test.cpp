// Reading certificates and keys, and what is said when they are wrong.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "engine/tls/self_signed.hpp"
#include "tests/tls/pair.hpp"

namespace sluice::tls {
namespace {

class Files : public testing::Test {
protected:
    Files() {
        char name[] = "tls-test-XXXXXX";
        folder = std::filesystem::temp_directory_path() / name;
        folder = mkdtemp(std::string(folder).data());
    }
    ~Files() override { std::filesystem::remove_all(folder); }
    std::filesystem::path write(const std::string& name, const std::string& text) {
        std::ofstream(folder / name) << text;
        return folder / name;
    }
    std::filesystem::path folder;
};

TEST(Facts, OfACertificate) {
    const CertificateFacts facts = identity("server").facts;
    EXPECT_EQ(facts.common_name, "localhost");
    std::vector<std::string> names = facts.names, addresses = facts.addresses;
    std::ranges::sort(names);
    std::ranges::sort(addresses);
    EXPECT_EQ(names, (std::vector<std::string>{"gateway.example", "localhost"}));
    EXPECT_EQ(addresses, (std::vector<std::string>{"10.0.0.1", "127.0.0.1", "::1"}));
    EXPECT_EQ(facts.not_before, WallTime(std::chrono::sys_days(std::chrono::year(2020) / 1 / 1)));
    EXPECT_EQ(facts.not_after, WallTime(std::chrono::sys_days(std::chrono::year(2120) / 1 / 1)));
    EXPECT_NE(facts.digest, facts.key_digest);
    // One without names is for its common name.
    EXPECT_EQ(identity("client").facts.names, std::vector<std::string>{"acme"});
}

TEST(Facts, DigestsAreThoseOfOtherTools) {
    // openssl x509 -in server.pem -noout -fingerprint -sha256
    EXPECT_EQ(to_string(identity("server").facts.digest),
              "sha256:31a4eec396ff937ccf6e7364125a0b39aff96096ed998a6d89b4a3e395bb379f");
    // openssl x509 -in server.pem -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum
    EXPECT_EQ(to_string(identity("server").facts.key_digest),
              "sha256:ae6b3986d4dd2b89635370820385df3a0d3b7ed05294065d9eb4bba06d2772d7");
    EXPECT_EQ(to_string(identity("rsa").facts.key_digest),
              "sha256:8d77ae346becc08f2ad6c63a86181e4d3a01bea289f5c3aa1e50e5714b68beef");
}

TEST(Digests, AreReadAsOpensslPrintsThem) {
    const std::string hex(64, 'a');
    ASSERT_TRUE(parse_digest("sha256:" + hex));
    std::string with_colons = "sha256:AA";
    for (int i = 1; i < 32; ++i) with_colons += ":aA";
    EXPECT_EQ(parse_digest(with_colons).value(), parse_digest("sha256:" + hex).value());
    EXPECT_EQ(to_string(parse_digest("sha256:" + hex).value()), "sha256:" + hex);
    for (const std::string& wrong :
         {std::string(), hex, "sha1:" + hex, "sha256:" + hex + "a", "sha256:" + hex.substr(1),
          "sha256:g" + hex.substr(1)})
        EXPECT_FALSE(parse_digest(wrong)) << wrong;
}

void expect_error(const Result<Identity>& result, const std::string& part) {
    ASSERT_FALSE(result);
    EXPECT_NE(result.error().message.find(part), std::string::npos) << result.error().message;
}

TEST_F(Files, ErrorsNameTheFile) {
    const auto good = certificate_path("server.pem"), key = certificate_path("server.key");
    expect_error(load_identity(folder / "none.pem", key), "none.pem' does not exist");
    expect_error(load_identity(good, folder / "none.key"), "none.key' does not exist");
    expect_error(load_identity(folder, key), "is not a file");
    expect_error(load_identity(write("empty.pem", ""), key), "empty.pem' cannot be read, or is empty");
    expect_error(load_identity(write("text.pem", "hello"), key), "text.pem' holds no certificate");
    expect_error(load_identity(good, write("text.key", "hello")), "text.key' holds no private key");
    expect_error(load_identity(key, key), "server.key' holds no certificate");
    expect_error(load_identity(good, certificate_path("client.key")), "client.key' is not the key of the certificate");
    expect_error(load_identity(good, certificate_path("rsa.key")), "rsa.key' is not the key of the certificate");
    EXPECT_FALSE(load_authorities(key));
}

TEST_F(Files, AChainIsKeptWhole) {
    const Identity deep = identity("deep");
    EXPECT_EQ(deep.facts.common_name, "deep.example");
    EXPECT_NE(deep.chain_pem.find("BEGIN CERTIFICATE", 30), std::string::npos);
}

TEST_F(Files, SelfSignedOnesAreForTheirNamesAndCanBeTrusted) {
    const auto made = make_self_signed({"sms.example", "*.sms.example", "192.0.2.7", "2001:db8::1"}, 90);
    ASSERT_TRUE(made) << made.error().message;
    const auto identity = load_identity(write("made.pem", made->certificate_pem), write("made.key", made->key_pem));
    ASSERT_TRUE(identity) << identity.error().message;
    EXPECT_EQ(identity->facts.common_name, "sms.example");
    std::vector<std::string> names = identity->facts.names, addresses = identity->facts.addresses;
    std::ranges::sort(names);
    std::ranges::sort(addresses);
    EXPECT_EQ(names, (std::vector<std::string>{"*.sms.example", "sms.example"}));
    EXPECT_EQ(addresses, (std::vector<std::string>{"192.0.2.7", "2001:db8::1"}));
    const WallTime now = SystemClock().wall();
    EXPECT_LT(identity->facts.not_before, now);
    EXPECT_GT(identity->facts.not_after, now + std::chrono::hours(24 * 88));
    EXPECT_LT(identity->facts.not_after, now + std::chrono::hours(24 * 92));

    for (const char* name : {"sms.example", "a.sms.example", "192.0.2.7", "2001:DB8::1"}) {
        Pair pair(server_context({.identities = {*identity}}), client_context({.authorities = made->certificate_pem}),
                  name);
        pair.shake();
        SCOPED_TRACE(name);
        pair.expect_talk();
    }
    EXPECT_NE(make_self_signed({"a"}, 1)->key_pem, make_self_signed({"a"}, 1)->key_pem);
}

TEST(SelfSigned, WrongNamesAreRefused) {
    EXPECT_FALSE(make_self_signed({}, 1));
    EXPECT_FALSE(make_self_signed({""}, 1));
    EXPECT_FALSE(make_self_signed({"two words"}, 1));
    EXPECT_FALSE(make_self_signed({std::string(65, 'a')}, 1));
    EXPECT_TRUE(make_self_signed({std::string(64, 'a')}, 36500));
    EXPECT_TRUE(make_self_signed(std::vector<std::string>(50, std::string(64, 'a')), 1));
    EXPECT_FALSE(make_self_signed(std::vector<std::string>(51, "a"), 1));
}

TEST(Contexts, WrongCiphersAreRefused) {
    const auto context = Context::server({.identities = {identity("server")}, .ciphers = "NO-SUCH-CIPHER"});
    ASSERT_FALSE(context);
    EXPECT_NE(context.error().message.find("NO-SUCH-CIPHER"), std::string::npos);
}

}  // namespace
}  // namespace sluice::tls
