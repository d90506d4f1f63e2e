// Mobile-originated messages whose owners a database knows. The database is a real one, on a thread of its own.
#include <gtest/gtest.h>

#include "tests/gateway/scene.hpp"
#include "tests/sql/sqlite.hpp"

namespace sluice::gateway {
namespace {

class HomeBySql : public testing::TestWithParam<std::uint32_t> {
protected:
    void SetUp() override {
        open(file.connection());
        for (const char* text :
             {"CREATE TABLE SmppServerUsers (SystemID NVARCHAR(16), AddressRange NVARCHAR(40))",
              "INSERT INTO SmppServerUsers VALUES ('shop', '+31699887766'), ('Test2', '+31688776655')"})
            ASSERT_TRUE(sql::execute(*database, {text}));
        owners = std::make_unique<accounts::NumberOwners>([this](const std::string&) { return database.get(); },
                                                          [](char, const std::string&) {}, clock);
        accounts::SourceConfig source;
        source.name = "customers";
        source.cache = source.cache_unknown = seconds(3600);
        source.owner =
            *accounts::StatementText::parse("SELECT SystemID FROM SmppServerUsers WHERE AddressRange = {number}",
                                            accounts::owner_names, accounts::StatementText::Needs::one);
        owners->configure({source});
        gateway::Setup setup(GetParam());
        setup.number_owners = owners.get();
        scene.emplace(setup, nullptr, 1, [](GatewayConfig& config) { config.history_pdus = true; });
        scene->until([&] { return scene->provider().bound().size() == 2; });
        for (session::Session* each : scene->provider().bound()) each->set_windows(20'000, 1000);
    }
    void TearDown() override {
        database.reset();
        scene.reset();
    }
    void open(const std::string& connection) { database = sql::database_at(connection); }
    /// Lets the scene's time pass while the database works in ours; the limit only ends a hang.
    template <class Condition>
    void until(Condition&& condition) {
        EXPECT_TRUE(sql::eventually([&] {
            scene->run(milliseconds(20));
            return condition();
        }));
    }
    void bring(std::string_view number, std::size_t on = 0, std::string_view text = "Hello") {
        smpp::DeliverSm pdu;
        pdu.source_addr = "447700900001";
        pdu.destination_addr = number;
        pdu.dest_addr_ton = pdu.dest_addr_npi = 1;
        pdu.short_message = as_bytes(text);
        scene->provider().send(CommandId::deliver_sm, pdu, on);
    }
    std::size_t waiting(PartyId id) {
        std::size_t sum = 0;
        for (std::size_t i = 0; i < scene->shards(); ++i)
            for (const Lane* lane : scene->shard(i).core().party(id).lanes) sum += lane->size();
        return sum;
    }
    bool answered(std::size_t count) {
        const auto& all = scene->provider().responses;
        for (const auto& response : all) EXPECT_EQ(response.header.status, CommandStatus::ESME_ROK);
        return all.size() >= count;
    }

    sql::SqliteFile file;
    SystemClock clock;
    std::unique_ptr<sql::Database> database;
    std::unique_ptr<accounts::NumberOwners> owners;
    std::optional<Scene> scene;
};
INSTANTIATE_TEST_SUITE_P(Shards, HomeBySql, testing::Values(1u, 2u));

TEST_P(HomeBySql, MessagesGoToWhomTheDatabaseNamesKnownHereOrNot) {
    for (const char* number : {"31699887766", "31688776655", "31600000000", "31699887766"}) bring(number);
    until([&] { return answered(4); });
    scene->run(seconds(1));
    EXPECT_EQ(waiting(party_of(scene->account())), 2u);
    EXPECT_EQ(waiting(party_of_account("Test2")), 1u);
    EXPECT_EQ(waiting(nobody), 1u);
    EXPECT_LE(owners->stats().asked, 3u + 1u);
    EXPECT_EQ(scene->kept(TraceEvent::pdu_in, CommandId::deliver_sm), 4u);
}

TEST_P(HomeBySql, KeywordsDecideWhereTheStatementAsksForThem) {
    ASSERT_TRUE(sql::execute(
        *database, {"CREATE TABLE Keywords (Number NVARCHAR(40), Keyword NVARCHAR(40), SystemID NVARCHAR(16))"}));
    ASSERT_TRUE(sql::execute(*database, {"INSERT INTO Keywords VALUES ('777', 'win', 'Games'), ('777', 'win', 'shop'), "
                                         "('777', 'stop', 'OptOut')"}));
    accounts::SourceConfig source;
    source.name = "customers";
    source.cache = source.cache_unknown = seconds(3600);
    source.owner =
        *accounts::StatementText::parse("SELECT SystemID FROM Keywords WHERE Number = {digits} AND Keyword = {keyword}",
                                        accounts::owner_names, accounts::StatementText::Needs::one);
    owners->configure({source});
    std::size_t count = 0;
    for (const char* text : {"Win a car", "STOP", "stop!", "hello", "win"}) {
        bring("777", 0, text);
        until([&] { return answered(count + 1); });
        ++count;
    }
    scene->run(seconds(1));
    EXPECT_EQ(waiting(party_of_account("Games")), 2u);
    EXPECT_EQ(waiting(party_of(scene->account())), 2u);
    EXPECT_EQ(waiting(party_of_account("OptOut")), 2u);
    EXPECT_EQ(waiting(nobody), 1u);
    EXPECT_EQ(owners->stats().asked, 3u) << "once each";
}

TEST_P(HomeBySql, NumbersOfTheConfigurationAreNotAskedFor) {
    bring("12345");
    scene->until([&] { return answered(1); });
    scene->run(seconds(1));
    EXPECT_EQ(waiting(party_of(scene->account())), 1u);
    EXPECT_EQ(owners->stats().asked, 0u);
}

TEST_P(HomeBySql, WhatCannotBeAskedIsKeptAndGoesHomeLater) {
    open("Driver=NoSuchDriver;");
    for (int i = 0; i < 5; ++i) bring("31699887766");
    bring("31600000000");
    until([&] { return answered(6); });
    scene->run(seconds(1));
    EXPECT_EQ(waiting(nobody), 6u);
    open(file.connection());
    scene->run(seconds(31));
    until([&] { return waiting(party_of(scene->account())) == 5; });
    EXPECT_EQ(waiting(nobody), 1u);
    EXPECT_EQ(scene->count(&Counters::originated_claimed), 5u);
}

TEST_P(HomeBySql, MoreThanMayWaitAreKeptAtOnce) {
    // The one connection is busy for a while.
    ASSERT_TRUE(database->execute(
        {"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500000) SELECT count(*) FROM n"},
        [](const auto&) {}));
    const std::size_t count = limits::owner_lookups * scene->shards() + 200;
    for (std::size_t i = 0; i < count; ++i) bring(std::to_string(31'600'000'000 + i), i % 2);
    until([&] { return answered(count); });
    until([&] { return waiting(nobody) == count; });
}

}  // namespace
}  // namespace sluice::gateway
