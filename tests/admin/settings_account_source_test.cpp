#include <gtest/gtest.h>

#include "engine/admin/settings.hpp"
#include "engine/routing/snapshot.hpp"

namespace sluice::admin {
namespace {

constexpr std::string_view rest = R"(
[[listener]]
endpoint = "127.0.0.1:0"
[[provider]]
name = "north"
endpoints = ["127.0.0.1:2775"]
system_id = "sluice"
[[database]]
name = "customers"
connection = "DSN=customers"
)";

Result<Settings> with(const std::string& text) { return parse_settings(text + std::string(rest), "test.toml"); }

TEST(SettingsAccountSource, IsReadAndRoutesNameIt) {
    const auto settings = with(R"(
[[account_source]]
name = "sql"
database = "customers"
find = "SELECT * FROM SmppServerUsers WHERE SystemID = ?"
password_scheme = "sha1-utf16le"
cache = "1m"
cache_unknown = "5s"
known_when_away = "refuse"
unknown_when_away = "wait"
max_accounts = 10
[account_source.defaults]
rate = 7
senders = ["Bank", "4477*"]
default_sender = "Bank"
[[route]]
accounts = ["sql"]
via = ["north"]
)");
    ASSERT_TRUE(settings) << settings.error().message;
    ASSERT_EQ(settings->account_sources.size(), 1u);
    const accounts::SourceConfig& source = settings->account_sources[0];
    EXPECT_EQ(source.database, "customers");
    EXPECT_EQ(source.scheme, "sha1-utf16le");
    EXPECT_EQ(source.cache, seconds(60));
    EXPECT_EQ(source.cache_unknown, seconds(5));
    EXPECT_FALSE(source.known_from_cache);
    EXPECT_TRUE(source.unknown_wait);
    EXPECT_EQ(source.max_accounts, 10u);
    ASSERT_EQ(settings->accounts.size(), 1u);
    const routing::Account& defaults = settings->accounts[0];
    EXPECT_EQ(defaults.system_id, "sql");
    EXPECT_FALSE(defaults.enabled) << "nobody binds as it";
    EXPECT_EQ(defaults.rate.per_second, 7u);
    EXPECT_EQ(defaults.default_sender, "Bank");
    EXPECT_TRUE(defaults.allows_sender("447700900123"));
    EXPECT_FALSE(defaults.allows_sender("Bandit"));
    EXPECT_TRUE(routing::Snapshot::compile(settings->accounts, settings->providers, settings->routes));
    Settings other = *settings;
    other.account_sources[0].max_accounts = 11;
    EXPECT_EQ(diff(*settings, other).live, std::vector<std::string>{"account_source: changed, for look-ups from now on"});
}

TEST(SettingsAccountSource, MistakesAreNamed) {
    const auto settings = with(R"(
[[account]]
system_id = "sql"
password_hash = "$sha256$00"
default_sender = "Bank"
[[account_source]]
name = "sql"
database = "custmers"
find = "SELECT 1"
password_scheme = "md5"
[account_source.defaults]
password_hash = "x"
)");
    ASSERT_FALSE(settings);
    for (const char* wrong : {"account[1].password_hash: ", "account[1].default_sender: means nothing without senders",
                              "account_source[1].database: there is no database 'custmers'", "account_source[1].find: ",
                              "account_source[1].password_scheme: 'md5'", "account_source[1].name: 'sql' is taken",
                              "account_source[1].defaults.password_hash"})
        EXPECT_NE(settings.error().message.find(wrong), std::string::npos) << wrong << "\n" << settings.error().message;
}

}  // namespace
}  // namespace sluice::admin
