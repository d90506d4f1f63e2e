#include <gtest/gtest.h>

#include "engine/routing/snapshot.hpp"
#include "tests/admin/settings_file.hpp"

namespace sluice::admin {
namespace {

constexpr std::string_view database =
    "[[database]]\nname = \"customers\"\nconnection = \"DSN=customers\"\n";

TEST(SettingsAccountSource, IsReadAndRoutesNameIt) {
    const auto settings = with(R"(
[[account_source]]
name = "sql"
database = "customers"
find = "SELECT * FROM SmppServerUsers WHERE SystemID = {system_id}"
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
)", database);
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
    EXPECT_EQ(diff(*settings, other).live,
              std::vector<std::string>{"account_source: changed, for look-ups from now on"});
}

TEST(SettingsAccountSource, CreditsAreInTheDatabaseOrKeptHere) {
    const auto source = [](const std::string& more) {
        return with(R"(
[[account_source]]
name = "sql"
database = "customers"
find = "SELECT * FROM SmppServerUsers WHERE SystemID = {system_id}"
)" + more, database);
    };
    const auto there = source(R"(owner = "SELECT SystemID FROM SmppServerUsers WHERE AddressRange = {digits}"
charge = "UPDATE SmppServerUsers SET Credits = Credits-{credits} WHERE SystemID = {system_id} AND Credits>={credits}"
give_back = "UPDATE SmppServerUsers SET Credits = Credits + {credits} WHERE SystemID = {system_id}"
charge_when_away = "ESME_RMSGQFUL"
[account_source.defaults]
charging = { price = "0.5", settle_at = "receipt" }
)");
    ASSERT_TRUE(there) << there.error().message;
    const routing::Charging& charging = there->accounts[0].charging;
    EXPECT_EQ(charging.mode, routing::ChargingMode::database);
    EXPECT_EQ(charging.away_status, smpp::CommandStatus::ESME_RMSGQFUL);
    EXPECT_TRUE(charging.gives_back);
    EXPECT_EQ(charging.settle_at, routing::SettleAt::receipt);
    EXPECT_EQ(charging.price, parse_money("0.5"));
    EXPECT_FALSE(there->account_sources[0].owner.empty());

    const auto here = source("[account_source.defaults]\ncredits = 5\n");
    ASSERT_TRUE(here) << here.error().message;
    EXPECT_EQ(here->accounts[0].charging.mode, routing::ChargingMode::prepaid);

    const auto wrong = source(R"(charge = "UPDATE t SET c = c - {credit} WHERE s = {system_id}"
owner = "SELECT 1"
charge_when_away = "ESME_NONE"
[account_source.defaults]
credits = 5
)");
    ASSERT_FALSE(wrong);
    for (const char* what : {"account_source[1].charge: there is no {credit}; "
                             "the parameters are {credits} and {system_id}, as in \"UPDATE",
                             "account_source[1].owner: must have {number} or {digits} or {keyword} in it",
                             "account_source[1].charge_when_away: "})
        EXPECT_NE(wrong.error().message.find(what), std::string::npos) << what << "\n" << wrong.error().message;
    const auto both = source("charge = \"UPDATE t SET c = c - {credits} WHERE s = {system_id}\"\n"
                             "[account_source.defaults]\ncredits = 5\n");
    ASSERT_FALSE(both);
    EXPECT_NE(both.error().message.find("the credits are either in the database or here"), std::string::npos)
        << both.error().message;
    const auto alone = source("give_back = \"UPDATE t SET c = c + {credits} WHERE s = {system_id}\"\n");
    ASSERT_FALSE(alone);
    EXPECT_NE(alone.error().message.find("account_source[1].give_back: means nothing without charge"),
              std::string::npos);
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
)", database);
    ASSERT_FALSE(settings);
    for (const char* wrong : {"account[1].password_hash: ", "account[1].default_sender: means nothing without senders",
                              "account_source[1].database: there is no database 'custmers'", "account_source[1].find: ",
                              "account_source[1].password_scheme: 'md5'", "account_source[1].name: 'sql' is taken",
                              "account_source[1].defaults.password_hash"})
        EXPECT_NE(settings.error().message.find(wrong), std::string::npos) << wrong << "\n" << settings.error().message;
}

}  // namespace
}  // namespace sluice::admin
