// TLS in the settings: what is read, and what is said about certificates that cannot be used.

#include <gtest/gtest.h>

#include "engine/admin/settings.hpp"
#include "tests/tls/certificates.hpp"

namespace sluice::admin {
namespace {

const std::filesystem::path folder = SLUICE_CERTIFICATES;
constexpr std::string_view account = "[[account]]\nsystem_id = \"acme\"\n";
constexpr std::string_view provider =
    "[[provider]]\nname = \"mc\"\nendpoints = [\"127.0.0.1:2776\"]\nsystem_id = \"us\"\n";
const std::string digest(64, 'a');

/// A listener with TLS of its own certificate, and whatever else.
std::string file(const std::string& listener, const std::string& of_account, const std::string& of_provider) {
    return "[[listener]]\nendpoint = \"127.0.0.1:2776\"\n" + listener + "\n" + std::string(account) + of_account +
           "\n" + std::string(provider) + of_provider + "\n[[route]]\nvia = [\"mc\"]\n";
}
const std::string secured = "[listener.tls]\ncertificate = \"server.pem\"\nkey = \"server.key\"\n";
const std::string by_digest = "certificates = [\"sha256:" + digest + "\"]\n";

Settings good(const std::string& text) {
    auto settings = parse_settings(text, "t.toml", folder);
    EXPECT_TRUE(settings) << settings.error().message;
    return settings ? std::move(*settings) : Settings{};
}
void expect_error(const std::string& text, const std::string& position, const std::string& part) {
    const auto settings = parse_settings(text, "t.toml", folder);
    ASSERT_FALSE(settings) << text;
    EXPECT_EQ(settings.error().message.find("t.toml:" + position + ":"), 0u) << settings.error().message;
    EXPECT_NE(settings.error().message.find(part), std::string::npos) << settings.error().message;
}

TEST(TlsSettings, AListenerWithCertificates) {
    const Settings settings = good(file(secured + R"(min_version = "1.3"
client_certificates = "optional"
client_ca_file = "authority.pem"
[[listener.tls.sni]]
certificate = "rsa.pem"
key = "rsa.key"
)", by_digest, ""));
    const ListenerTls& tls = *settings.listeners.at(0).tls;
    ASSERT_EQ(tls.options.identities.size(), 2u);
    EXPECT_EQ(tls.options.identities[0].facts.common_name, "localhost");
    EXPECT_EQ(tls.options.identities[1].facts.common_name, "rsa.example");
    EXPECT_EQ(tls.options.least, tls::Version::tls13);
    EXPECT_EQ(tls.options.client_certificates, tls::ClientCertificates::optional);
    EXPECT_NE(tls.context, nullptr);
    EXPECT_TRUE(tls.context->verifies());
    EXPECT_TRUE(settings.warnings.empty());
}

TEST(TlsSettings, ErrorsPointAtTheKeyThatIsWrong) {
    const auto with = [](const std::string& tls) { return file("[listener.tls]\n" + tls, by_digest, ""); };
    expect_error(with("certificate = \"none.pem\"\nkey = \"server.key\""), "4:15", "none.pem' does not exist");
    expect_error(with("certificate = \"server.pem\"\nkey = \"none.key\""), "5:7", "none.key' does not exist");
    expect_error(with("certificate = \"server.pem\"\nkey = \"client.key\""), "5:7", "is not the key of the certific");
    expect_error(with("certificate = \"server.key\"\nkey = \"server.key\""), "4:15", "holds no certificate");
    expect_error(with("certificate = \"server.pem\""), "3:1", "listener[1].tls.key");
    expect_error(with(""), "3:1", "listener[1].tls.certificate");
    expect_error(file(secured + "ciphers = \"NONE-SUCH\"", by_digest, ""), "6:11", "names no cipher");
    expect_error(file(secured + "client_ca_file = \"authority.pem\"", by_digest, ""), "6:18", "means nothing");
    expect_error(file(secured + "client_certificates = \"required\"\nclient_ca_file = \"server.key\"", by_digest, ""),
                 "7:18", "holds no certificate");
    expect_error(file(secured + "[[listener.tls.sni]]\ncertificate = \"rsa.pem\"\nkey = \"server.key\"", by_digest, ""),
                 "8:7", "is not the key");
}

TEST(TlsSettings, AnExpiredCertificateIsWarnedAbout) {
    const Settings settings =
        good(file("[listener.tls]\ncertificate = \"expired.pem\"\nkey = \"expired.key\"", by_digest, ""));
    ASSERT_EQ(settings.warnings.size(), 1u);
    EXPECT_EQ(settings.warnings[0],
              "t.toml:4:15: listener[1].tls.certificate: has expired on 2021-01-01: peers will refuse it");
}

TEST(TlsSettings, WarningsBeginThirtyDaysBeforeTheEnd) {
    tls::CertificateFacts facts;
    facts.not_after = WallTime(std::chrono::sys_days(std::chrono::year(2030) / 6 / 30));
    using std::chrono::hours;
    EXPECT_FALSE(tls::expiry_warning(facts, facts.not_after - hours(31 * 24)));
    EXPECT_EQ(tls::expiry_warning(facts, facts.not_after - hours(24)), "expires on 2030-06-30; renew it");
    EXPECT_EQ(tls::expiry_warning(facts, facts.not_after + hours(1)),
              "has expired on 2030-06-30: peers will refuse it");
}

TEST(TlsSettings, AProvider) {
    const auto with = [](const std::string& tls) { return file("", by_digest, "[provider.tls]\n" + tls); };
    const Settings settings = good(with("ca_file = \"authority.pem\"\nserver_name = \"smsc.example\"\n"
                                        "certificate = \"client.pem\"\nkey = \"client.key\"\nmin_version = \"1.3\""));
    const routing::ProviderTls& tls = *settings.providers.at(0).tls;
    EXPECT_TRUE(tls.options.verify);
    EXPECT_EQ(tls.server_name, "smsc.example");
    EXPECT_EQ(tls.options.identity.at(0).facts.common_name, "acme");
    EXPECT_TRUE(tls.context->verifies());
    EXPECT_FALSE(good(file("", by_digest, "")).providers.at(0).tls);

    const Settings pinned = good(with("pins = [\"sha256:" + digest + "\"]"));
    EXPECT_EQ(pinned.providers.at(0).tls->options.pins.size(), 1u);
    EXPECT_TRUE(pinned.warnings.empty());
    const Settings open = good(with("verify = false"));
    ASSERT_EQ(open.warnings.size(), 1u);
    EXPECT_NE(open.warnings[0].find("is believed"), std::string::npos);

    expect_error(with("pins = [\"sha1:00\"]"), "13:9", "is not \"sha256:\"");
    expect_error(with("ca_file = \"none.pem\""), "13:11", "does not exist");
    expect_error(with("certificate = \"client.pem\""), "12:1", "tls.key");
}

TEST(TlsSettings, AnAccountByItsCertificate) {
    const Settings settings =
        good(file(secured, "certificates = [\"CN=acme\", \"sha256:" + digest + "\"]\nrequire_tls = true", ""));
    const routing::Account& acme = settings.accounts.at(0);
    EXPECT_TRUE(acme.password_hash.empty());
    EXPECT_TRUE(acme.require_tls);
    tls::CertificateFacts facts;
    facts.common_name = "acme";
    EXPECT_TRUE(acme.allows(facts, true));
    EXPECT_FALSE(acme.allows(facts, false));  // nobody vouches for the name
    facts.common_name = "other";
    EXPECT_FALSE(acme.allows(facts, true));
    facts.key_digest = *tls::parse_digest("sha256:" + digest);
    EXPECT_TRUE(acme.allows(facts, false));

    expect_error(file(secured, "certificates = [\"acme\"]", ""), "9:17", "is neither");
    expect_error(file(secured, "", ""), "7:1", "password_hash");
    expect_error(file(secured, "certificates = []", ""), "7:1", "password_hash");
}

TEST(TlsSettings, OtherCertificatesAreALiveChangeAndTlsItselfIsNot) {
    const Settings running = good(file(secured, by_digest, "[provider.tls]\nca_file = \"authority.pem\""));
    EXPECT_TRUE(diff(running, good(file(secured, by_digest, "[provider.tls]\nca_file = \"authority.pem\""))).empty());
    const SettingsDiff renewed = diff(running, good(file("[listener.tls]\ncertificate = \"rsa.pem\"\nkey = \"rsa.key\"",
                                                         by_digest, "[provider.tls]\nca_file = \"stranger.pem\"")));
    EXPECT_TRUE(renewed.restart.empty());
    EXPECT_EQ(renewed.live,
              (std::vector<std::string>{"listener 127.0.0.1:2776: TLS changed, for connections from now on",
                                        "provider 'mc': changed; its links bind anew"}));
    const SettingsDiff plain = diff(running, good(file("", by_digest, "[provider.tls]\nca_file = \"authority.pem\"")));
    EXPECT_EQ(plain.restart, std::vector<std::string>{"listener: changed"});
}

}  // namespace
}  // namespace sluice::admin
