#include "engine/accounts/number_owners.hpp"

#include <gtest/gtest.h>

#include "engine/base/limits.hpp"
#include "tests/accounts/set_clock.hpp"
#include "tests/sql/sqlite.hpp"

namespace sluice::accounts {
namespace {

class NumberOwnersTest : public testing::Test {
protected:
    void SetUp() override {
        open(file.connection());
        for (const char* text : {"CREATE TABLE SmppServerUsers (SystemID NVARCHAR(16) PRIMARY KEY, AddressRange NVARCHAR(40))",
                                 "INSERT INTO SmppServerUsers VALUES ('Test1', '+31699887766'), ('Test2', '+31688776655')"})
            ASSERT_TRUE(sql::execute(*database, {text}));
        source.name = "customers";
        source.database = "db";
        set("SELECT SystemID FROM SmppServerUsers WHERE AddressRange = {number}");
        owners = std::make_unique<NumberOwners>(
            [this](const std::string& name) { return name == "db" ? database.get() : nullptr; },
            [this](char, const std::string& line) { log += line + '\n'; }, clock);
        owners->configure({source});
    }
    void TearDown() override { database.reset(); }

    void set(std::string_view text) {
        source.owner = *StatementText::parse(text, {"number", "digits"}, StatementText::Needs::one);
    }
    void open(const std::string& connection) { database = sql::database_at(connection); }
    std::string find(const std::string& digits) {
        auto promise = std::make_shared<std::promise<NumberOwners::Answer>>();
        auto answer = promise->get_future();
        owners->find(digits, [promise](const NumberOwners::Answer& what) { promise->set_value(what); });
        const NumberOwners::Answer found = answer.get();
        if (found.away) return "away";
        std::string all;
        for (const std::string& owner : found.owners) all += owner + " ";
        return all;
    }

    sql::SqliteFile file;
    SetClock clock;
    std::unique_ptr<sql::Database> database;
    SourceConfig source;
    std::unique_ptr<NumberOwners> owners;
    std::string log;  ///< written on the one thread of the database, before the answer
};

TEST_F(NumberOwnersTest, AreFoundAndRemembered) {
    EXPECT_TRUE(owners->on());
    EXPECT_FALSE(owners->remembered("31699887766"));
    EXPECT_EQ(find("31699887766"), "Test1 ");
    EXPECT_EQ(find("31699887766"), "Test1 ");
    EXPECT_EQ(owners->remembered("31699887766")->owners, std::vector<std::string>{"Test1"});
    EXPECT_EQ(owners->stats().asked, 1u);
    ASSERT_TRUE(sql::execute(*database, {"UPDATE SmppServerUsers SET AddressRange = '+31699887766' WHERE SystemID = 'Test2'"}));
    clock.advance(source.cache + seconds(1));
    EXPECT_FALSE(owners->remembered("31699887766"));
    EXPECT_EQ(find("31699887766"), "Test1 Test2 ") << "several get a copy each";
}

TEST_F(NumberOwnersTest, ThatANumberIsNobodysIsRememberedForLessLong) {
    EXPECT_EQ(find("4670"), "");
    EXPECT_EQ(find("4670"), "");
    EXPECT_EQ(owners->stats().asked, 1u);
    ASSERT_TRUE(owners->remembered("4670"));
    ASSERT_TRUE(sql::execute(*database, {"INSERT INTO SmppServerUsers VALUES ('Test3', '+4670')"}));
    clock.advance(source.cache_unknown + seconds(1));
    EXPECT_EQ(find("4670"), "Test3 ");
}

TEST_F(NumberOwnersTest, ThatTheDatabaseIsAwayIsNotRemembered) {
    open("Driver=NoSuchDriver;");
    EXPECT_EQ(find("31699887766"), "away");
    EXPECT_FALSE(owners->remembered("31699887766"));
    open(file.connection());
    EXPECT_EQ(find("31699887766"), "Test1 ");
    set("SELECT SystemID FROM Nowhere WHERE AddressRange = {digits}");
    owners->configure({source});
    EXPECT_EQ(find("31699887766"), "away");
    EXPECT_NE(log.find("Nowhere"), std::string::npos) << log;
    owners->configure({});
    EXPECT_FALSE(owners->on());
}

TEST_F(NumberOwnersTest, AreBounded) {
    set("SELECT SystemID FROM SmppServerUsers WHERE AddressRange = {digits}");
    owners->configure({source});
    std::size_t away = 0;
    const std::size_t count = limits::remembered_numbers + 1000;
    for (std::size_t i = 0; i < count; i += 500) {
        std::atomic<std::size_t> answered{0};
        for (std::size_t k = 0; k < 500; ++k)
            owners->find(std::to_string(100'000'000 + i + k), [&](const NumberOwners::Answer& answer) {
                away += answer.away;
                ++answered;
            });
        ASSERT_TRUE(sql::eventually([&] { return answered == 500; }));
    }
    EXPECT_EQ(away, 0u);
    EXPECT_LE(owners->stats().remembered, limits::remembered_numbers);
    EXPECT_FALSE(owners->remembered("100000000")) << "the oldest have gone";
    EXPECT_TRUE(owners->remembered(std::to_string(100'000'000 + count - 1)));
}

}  // namespace
}  // namespace sluice::accounts
