#include "engine/accounts/directory.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>

#include "tests/accounts/set_clock.hpp"
#include "tests/sql/sqlite.hpp"

namespace sluice::accounts {
namespace {

using Found = Directory::Found;
using Kind = Found::Kind;

class DirectoryTest : public testing::Test {
protected:
    void SetUp() override {
        database = open();
        for (const char* text : {"CREATE TABLE SmppServerUsers (SystemID NVARCHAR(16) PRIMARY KEY, "
                                 "PasswordHash NVARCHAR(40), Credits INT)",
                                 "INSERT INTO SmppServerUsers VALUES ('Test1', 'AA', 100), ('Test2', 'BB', 100)"})
            ASSERT_TRUE(sql::execute(*database, {text}));
        source.name = "customers";
        source.database = "db";
        source.find =
            *StatementText::parse("SELECT * FROM SmppServerUsers WHERE SystemID = {system_id}", {"system_id"});
        source.scheme = "sha1-utf16le";
        directory = std::make_unique<Directory>(
            [this](const std::string& name) { return name == "db" ? database.get() : nullptr; },
            [this](const Found& found) {
                const std::lock_guard lock(mutex);
                announced.push_back(found.account->system_id);
            },
            [this](char, const std::string& line) {
                const std::lock_guard lock(mutex);
                log += line + '\n';
            },
            clock);
        configure();
    }
    void TearDown() override { database.reset(); }

    std::unique_ptr<sql::Database> open() {
        sql::DatabaseConfig config;
        config.name = "db";
        config.connection = file.connection();
        config.connections = 1;
        config.timeout = seconds(60);
        return std::make_unique<sql::Database>(config);
    }
    void configure(std::uint32_t max_sessions = 10) {
        routing::Account defaults;
        defaults.system_id = source.name;
        defaults.enabled = false;
        defaults.max_sessions = max_sessions;
        snapshot = *routing::Snapshot::compile({defaults}, {}, {});
        directory->configure({source}, snapshot);
    }
    Found find(const std::string& name) {
        auto promise = std::make_shared<std::promise<Found>>();
        auto found = promise->get_future();
        directory->find(name, [promise](Found what) { promise->set_value(std::move(what)); });
        return found.get();
    }
    /// With nobody connected, as when the server has been stopped.
    void take_away() {
        sql::DatabaseConfig config = database->config();
        config.connection = "Driver=NoSuchDriver;";
        database = std::make_unique<sql::Database>(config);
    }

    sql::SqliteFile file;
    SetClock clock;
    std::unique_ptr<sql::Database> database;
    SourceConfig source;
    std::shared_ptr<const routing::Snapshot> snapshot;
    std::mutex mutex;
    std::vector<std::string> announced;
    std::string log;
    std::unique_ptr<Directory> directory;
};

TEST_F(DirectoryTest, FindsRemembersAndAsksAgain) {
    const Found first = find("Test1");
    ASSERT_EQ(first.kind, Kind::account) << log;
    EXPECT_EQ(first.account->password_hash, "$sha1-utf16le$AA");
    EXPECT_EQ(first.snapshot, snapshot.get());
    EXPECT_EQ(announced, std::vector<std::string>{"Test1"});
    ASSERT_TRUE(sql::execute(*database, {"UPDATE SmppServerUsers SET PasswordHash = 'CC'"}));
    EXPECT_EQ(find("Test1").account, first.account) << "remembered";
    EXPECT_EQ(directory->stats().asked, 1u);
    clock.advance(source.cache + seconds(1));
    EXPECT_EQ(find("Test1").account->password_hash, "$sha1-utf16le$CC");
    EXPECT_EQ(announced.size(), 2u) << "changed";
    clock.advance(source.cache + seconds(1));
    EXPECT_EQ(find("Test1").kind, Kind::account);
    EXPECT_EQ(announced.size(), 2u) << "as it was";
    EXPECT_EQ(directory->stats().accounts, 1u);
}

TEST_F(DirectoryTest, NobodyIsRememberedTooAndMayComeAbout) {
    EXPECT_EQ(find("Test3").kind, Kind::nobody);
    EXPECT_EQ(find("Test3").kind, Kind::nobody);
    EXPECT_EQ(directory->stats().asked, 1u);
    ASSERT_TRUE(sql::execute(*database, {"INSERT INTO SmppServerUsers VALUES ('Test3', 'DD', 1)"}));
    clock.advance(source.cache_unknown + seconds(1));
    EXPECT_EQ(find("Test3").kind, Kind::account);
    ASSERT_TRUE(sql::execute(*database, {"DELETE FROM SmppServerUsers WHERE SystemID = 'Test3'"}));
    clock.advance(source.cache + seconds(1));
    EXPECT_EQ(find("Test3").kind, Kind::nobody);
    EXPECT_EQ(directory->stats().accounts, 0u);
}

TEST_F(DirectoryTest, WhateverAPeerCallsItselfIsData) {
    for (const char* name :
         {"' OR '1'='1", "Test1'; DROP TABLE SmppServerUsers; --", "\\", "%", "?", "\xFF\xFE", "test1"})
        EXPECT_NE(find(name).kind, Kind::account) << name;
    EXPECT_EQ(find("Test1").kind, Kind::account);
}

TEST_F(DirectoryTest, ADatabaseThatKnowsNoCaseDoesNotMakeTwoOfOne) {
    source.find = *StatementText::parse("SELECT * FROM SmppServerUsers WHERE SystemID = {system_id} COLLATE NOCASE",
                                        {"system_id"});
    configure();
    EXPECT_EQ(find("TEST1").kind, Kind::nobody);
    EXPECT_EQ(find("Test1").kind, Kind::account);
}

TEST_F(DirectoryTest, WhileItIsAwayKnownAccountsGoOnAndOthersDoNot) {
    ASSERT_EQ(find("Test1").kind, Kind::account);
    take_away();
    clock.advance(std::chrono::hours(24));
    EXPECT_EQ(find("Test1").kind, Kind::account);
    EXPECT_EQ(find("Test2").kind, Kind::away);
    database = open();
    EXPECT_EQ(find("Test2").kind, Kind::account) << "that it was away is not remembered";

    source.known_from_cache = false;
    source.unknown_wait = true;
    configure();
    take_away();
    clock.advance(std::chrono::hours(24));
    EXPECT_EQ(find("Test1").kind, Kind::away_wait);
    EXPECT_EQ(find("Test9").kind, Kind::away_wait);
}

TEST_F(DirectoryTest, BadRowsAndStatementsAreSaidAndLetNobodyIn) {
    ASSERT_TRUE(sql::execute(*database, {"INSERT INTO SmppServerUsers VALUES ('Bad', NULL, 1)"}));
    EXPECT_EQ(find("Bad").kind, Kind::nobody);
    EXPECT_NE(log.find("account source customers: Bad: there is no column PasswordHash"), std::string::npos) << log;
    source.find = *StatementText::parse("SELECT * FROM Nowhere WHERE SystemID = {system_id}", {"system_id"});
    configure();
    EXPECT_EQ(find("Test1").kind, Kind::away);
    EXPECT_NE(log.find("Nowhere"), std::string::npos) << log;
    source.find = *StatementText::parse("SELECT * FROM SmppServerUsers WHERE SystemID <> {system_id}", {"system_id"});
    configure();
    EXPECT_EQ(find("x").kind, Kind::nobody) << "two rows";
    EXPECT_EQ(directory->stats().wrong, 3u);
}

TEST_F(DirectoryTest, NewDefaultsReachWhatIsRememberedAndAGoneSourceTakesItAway) {
    ASSERT_EQ(find("Test1").account->max_sessions, 10u);
    configure(5);
    const auto all = directory->all();
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(all[0].account->max_sessions, 5u);
    EXPECT_EQ(all[0].snapshot, snapshot.get());
    EXPECT_EQ(find("Test1").account->max_sessions, 5u);
    EXPECT_EQ(directory->stats().asked, 1u);
    directory->configure({}, snapshot);
    EXPECT_TRUE(directory->all().empty());
    EXPECT_EQ(find("Test1").kind, Kind::nobody);
    EXPECT_EQ(directory->stats().accounts, 0u);
}

TEST_F(DirectoryTest, IsBounded) {
    source.max_accounts = 1;
    configure();
    EXPECT_EQ(find("Test1").kind, Kind::account);
    EXPECT_EQ(find("Test2").kind, Kind::away);
    EXPECT_NE(log.find("max_accounts"), std::string::npos) << log;
}

TEST_F(DirectoryTest, ManyAskAtOnceAndTheDatabaseOnce) {
    std::atomic<int> answered{0};
    for (int i = 0; i < 100; ++i)
        directory->find("Test1", [&](const Found& found) { answered += found.kind == Kind::account; });
    EXPECT_TRUE(sql::eventually([&] { return answered == 100; }));
    EXPECT_EQ(directory->stats().asked, 1u);
}

}  // namespace
}  // namespace sluice::accounts
