#include <fstream>
#include <sstream>

#include "tests/admin/prometheus.hpp"
#include "tests/app/house.hpp"
#include "tests/sql/sqlite.hpp"

namespace sluice::app {
namespace {

using test::House;
using test::Sender;

class GatewayMetricsTest : public House {
protected:
    /// With everything that has metrics of its own.
    void SetUp() override {
        House::SetUp();
        settings.accounts.front().charging.mode = routing::ChargingMode::postpaid;
        settings.providers.front().caps = {1000, 5000};
        settings.routes.front().quality_weight = 100;
        settings.charging.directory = folder / "records";
        settings.program.scripts.push_back({"t.lua", "function on_submit(message) end"});
        settings.program.triggers.push_back({.name = "t", .event = script::Event::submit});
    }
    test::Families scrape() const {
        const test::HttpReply reply = get("/metrics");
        EXPECT_EQ(reply.status, 200);
        EXPECT_EQ(reply.content_type, "text/plain; version=0.0.4; charset=utf-8");
        auto families = test::parse_prometheus(reply.body);
        EXPECT_TRUE(families.has_value()) << families.error().message;
        return families ? std::move(*families) : test::Families();
    }
    static double sum(const test::Families& families, const std::string& name) {
        double total = 0;
        for (const test::Sample& sample : families.at(name).samples) total += sample.value;
        return total;
    }
};

TEST_F(GatewayMetricsTest, TheTextIsWellFormedAndNamesFollowTheConventions) {
    start();
    const test::Families families = scrape();
    EXPECT_GT(families.size(), 60u);
    EXPECT_EQ(sum(families, "sluice_provider_quality_percent"), 100) << "nothing is known yet";
    EXPECT_EQ(sum(families, "sluice_provider_quality_messages"), 0);
    for (const auto& [name, family] : families) {
        EXPECT_TRUE(name.starts_with("sluice_") || name.starts_with("process_")) << name;
        EXPECT_EQ(family.type == "counter", name.ends_with("_total")) << name;
        EXPECT_FALSE(family.help.empty()) << name;
        // This gateway has no certificate and no database.
        EXPECT_EQ(family.samples.empty(),
                  name == "sluice_tls_certificate_expiry_seconds" || name.starts_with("sluice_database_")) << name;
    }
}

TEST_F(GatewayMetricsTest, EveryMetricIsInTheDocument) {
    settings.databases.push_back({.name = "customers", .connection = "Driver=none"});
    start();
    std::ifstream file(SLUICE_DOCS "/operations.md");
    const std::string document((std::istreambuf_iterator<char>(file)), {});
    ASSERT_FALSE(document.empty());
    const test::Families families = scrape();
    for (const auto& [name, family] : families)
        EXPECT_NE(document.find("| `" + name + "` |"), std::string::npos) << name << " is not in docs/operations.md";
    // And nothing is described that there is not.
    std::istringstream lines(document);
    for (std::string line; std::getline(lines, line);)
        for (const char* const prefix : {"| `sluice_", "| `process_"})
            if (line.starts_with(prefix)) {
                const std::string name = line.substr(3, line.find('`', 3) - 3);
                EXPECT_TRUE(families.contains(name)) << name << " is in docs/operations.md only";
            }
}

TEST_F(GatewayMetricsTest, TheyFollowWhatHappens) {
    start_message_centre();
    start();
    Sender sender(smpp_port());
    for (int i = 0; i < 3; ++i) sender.submit("447700900123");
    sender.await_receipts(3);
    json_once("status", [](const test::Json& s) { return s["totals"]["reports_delivered"] == 3; });
    const test::Families families = scrape();
    EXPECT_EQ(sum(families, "sluice_accepted_total"), 3);
    EXPECT_EQ(sum(families, "sluice_receipts_matched_total"), 3);
    EXPECT_EQ(families.at("sluice_accepted_total").samples.size(), shards);
    EXPECT_EQ(sum(families, "sluice_sessions"), 1);
    EXPECT_EQ(sum(families, "sluice_provider_sessions"), 2);
    EXPECT_EQ(families.at("sluice_provider_up").samples.front().labels.at("provider"), "mc");
    EXPECT_EQ(sum(families, "sluice_provider_up"), 1);
    EXPECT_EQ(sum(families, "sluice_provider_cap"), 1000 + 5000);
    EXPECT_EQ(families.at("sluice_provider_cap_used").samples.back().labels.at("window"), "day");
    EXPECT_EQ(families.at("sluice_account_sessions").samples.front().labels.at("account"), "demo");
    EXPECT_EQ(sum(families, "sluice_account_sessions"), 1);
    EXPECT_GE(sum(families, "sluice_store_commits_total"), 1);
    EXPECT_GT(sum(families, "sluice_store_commit_seconds_total"), 0);
    EXPECT_GT(sum(families, "sluice_store_disk_bytes"), 0);
    EXPECT_EQ(sum(families, "sluice_password_verifications_total"), 1);
    EXPECT_EQ(families.at("sluice_build_info").samples.front().labels.at("version"), "1.2.3");
    EXPECT_GT(sum(families, "process_resident_memory_bytes"), 1e6);
}

TEST_F(GatewayMetricsTest, FoundAccountsHaveSamplesUpToABound) {
    sql::SqliteFile file;
    settings.databases.push_back({.name = "customers", .connection = file.connection(), .timeout = seconds(60)});
    accounts::SourceConfig source;
    source.name = "theirs";
    source.database = "customers";
    source.find = *accounts::StatementText::parse("SELECT * FROM Users WHERE SystemID = {system_id}", {"system_id"});
    source.scheme = "sha1-utf16le";
    settings.account_sources.push_back(source);
    routing::Account defaults;
    defaults.system_id = source.name;
    defaults.key = routing::stable_key(source.name);
    defaults.is_source = true;
    defaults.enabled = false;
    defaults.charging.mode = routing::ChargingMode::prepaid;
    settings.accounts.push_back(defaults);
    start();
    constexpr int most = 1000, all = 1010;
    sql::Database& database = *gateway->databases().find("customers");
    ASSERT_TRUE(sql::execute(
        database, {"CREATE TABLE Users (SystemID VARCHAR(16) PRIMARY KEY, PasswordHash VARCHAR(40), Credits INT)"}));
    ASSERT_TRUE(sql::execute(
        database, {"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1010) "
                   "INSERT INTO Users SELECT 'user' || i, 'DC215545BA63D605FBCD647A9555270F566D918B', 2 FROM n"}));
    for (int i = 1; i <= all; ++i) {
        std::promise<accounts::Directory::Found::Kind> kind;
        gateway->post_to_shard(0, [&](gateway::Shard& shard) {
            shard.core().directory->find("user" + std::to_string(i),
                                         [&](const auto& found) { kind.set_value(found.kind); });
        });
        ASSERT_EQ(kind.get_future().get(), accounts::Directory::Found::Kind::account);
    }
    const test::Families families = scrape();
    EXPECT_EQ(sum(families, "sluice_found_accounts"), all);
    const auto& sessions = families.at("sluice_account_sessions").samples;
    EXPECT_EQ(sessions.size(), 1u + most + 1u) << "its own, those that were found, and one for the others";
    EXPECT_EQ(sessions.back().labels.at("account"), "(others)");
    EXPECT_EQ(sum(families, "sluice_account_credits_available"), 2 * all) << "none is left out";
    EXPECT_EQ(families.at("sluice_account_credits_available").samples.back().value, 2 * (all - most));
    EXPECT_EQ(json("accounts?name=user7")["accounts"][0]["source"], "theirs");
}

}  // namespace
}  // namespace sluice::app
