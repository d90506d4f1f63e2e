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
        for (const char* text :
             {"CREATE TABLE SmppServerUsers (SystemID NVARCHAR(16) PRIMARY KEY, AddressRange NVARCHAR(40))",
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
        source.owner = *StatementText::parse(text, owner_names, StatementText::Needs::one);
    }
    void open(const std::string& connection) { database = sql::database_at(connection); }
    std::string find(const std::string& digits, const std::string& keyword = {}) {
        auto promise = std::make_shared<std::promise<NumberOwners::Answer>>();
        auto answer = promise->get_future();
        owners->find({digits, keyword}, [promise](const NumberOwners::Answer& what) { promise->set_value(what); });
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
    EXPECT_FALSE(owners->remembered({"31699887766", ""}));
    EXPECT_EQ(find("31699887766"), "Test1 ");
    EXPECT_EQ(find("31699887766"), "Test1 ");
    EXPECT_EQ(owners->remembered({"31699887766", ""})->owners, std::vector<std::string>{"Test1"});
    EXPECT_EQ(owners->stats().asked, 1u);
    ASSERT_TRUE(
        sql::execute(*database, {"UPDATE SmppServerUsers SET AddressRange = '+31699887766' WHERE SystemID = 'Test2'"}));
    clock.advance(source.cache + seconds(1));
    EXPECT_FALSE(owners->remembered({"31699887766", ""}));
    EXPECT_EQ(find("31699887766"), "Test1 Test2 ") << "several get a copy each";
}

TEST_F(NumberOwnersTest, ThatANumberIsNobodysIsRememberedForLessLong) {
    EXPECT_EQ(find("4670"), "");
    EXPECT_EQ(find("4670"), "");
    EXPECT_EQ(owners->stats().asked, 1u);
    ASSERT_TRUE(owners->remembered({"4670", ""}));
    ASSERT_TRUE(sql::execute(*database, {"INSERT INTO SmppServerUsers VALUES ('Test3', '+4670')"}));
    clock.advance(source.cache_unknown + seconds(1));
    EXPECT_EQ(find("4670"), "Test3 ");
}

TEST_F(NumberOwnersTest, ThatTheDatabaseIsAwayIsNotRemembered) {
    open("Driver=NoSuchDriver;");
    EXPECT_EQ(find("31699887766"), "away");
    EXPECT_FALSE(owners->remembered({"31699887766", ""}));
    open(file.connection());
    EXPECT_EQ(find("31699887766"), "Test1 ");
    set("SELECT SystemID FROM Nowhere WHERE AddressRange = {digits}");
    owners->configure({source});
    EXPECT_EQ(find("31699887766"), "away");
    EXPECT_NE(log.find("Nowhere"), std::string::npos) << log;
    owners->configure({});
    EXPECT_FALSE(owners->on());
}

TEST_F(NumberOwnersTest, AnswersDependOnTheKeywordOnlyWhereItIsAskedFor) {
    EXPECT_FALSE(owners->wants_keyword());
    EXPECT_EQ(find("31699887766", "win"), "Test1 ");
    EXPECT_TRUE(owners->remembered({"31699887766", "stop"})) << "it is the number's";
    ASSERT_TRUE(sql::execute(
        *database, {"CREATE TABLE Keywords (Number NVARCHAR(40), Keyword NVARCHAR(40), SystemID NVARCHAR(16))"}));
    ASSERT_TRUE(
        sql::execute(*database, {"INSERT INTO Keywords VALUES ('12345', 'win', 'Games'), ('12345', '', 'Rest'), "
                                 "('12345', 'it''s', 'Quoted')"}));
    set("SELECT SystemID FROM Keywords WHERE Number = {digits} AND Keyword = {keyword}");
    owners->configure({source});
    EXPECT_TRUE(owners->wants_keyword());
    EXPECT_EQ(find("12345", "win"), "Games ");
    EXPECT_EQ(find("12345", "it's"), "Quoted ");
    EXPECT_EQ(find("12345"), "Rest ");
    EXPECT_EQ(find("12345", "x' OR '1' = '1"), "");
    EXPECT_EQ(owners->remembered({"12345", "win"})->owners, std::vector<std::string>{"Games"});
    EXPECT_FALSE(owners->remembered({"12345", "play"}));
    EXPECT_FALSE(owners->remembered({"12346", "win"}));
}

TEST_F(NumberOwnersTest, StatementsMayFindByRangeAndByPattern) {
    for (const char* text : {"CREATE TABLE Ranges (First NVARCHAR(15), Last NVARCHAR(15), SystemID NVARCHAR(16))",
                             "INSERT INTO Ranges VALUES ('447700900100', '447700900199', 'Range')",
                             "CREATE TABLE Patterns (Pattern NVARCHAR(20), SystemID NVARCHAR(16))",
                             "INSERT INTO Patterns VALUES ('4670%', 'Prefix'), ('31__9', 'Pattern')"})
        ASSERT_TRUE(sql::execute(*database, {text}));
    set("SELECT SystemID FROM Ranges WHERE {digits} BETWEEN First AND Last AND length({digits}) = length(First) "
        "UNION SELECT SystemID FROM Patterns WHERE {digits} LIKE Pattern");
    owners->configure({source});
    EXPECT_EQ(find("447700900150"), "Range ");
    EXPECT_EQ(find("447700900200"), "");
    EXPECT_EQ(find("46701234"), "Prefix ");
    EXPECT_EQ(find("31129"), "Pattern ");
    EXPECT_EQ(find("311129"), "");
}

TEST_F(NumberOwnersTest, AreBounded) {
    set("SELECT SystemID FROM SmppServerUsers WHERE AddressRange = {digits}");
    owners->configure({source});
    std::size_t away = 0;
    const std::size_t count = limits::remembered_numbers + 1000;
    for (std::size_t i = 0; i < count; i += 500) {
        std::atomic<std::size_t> answered{0};
        for (std::size_t k = 0; k < 500; ++k)
            owners->find({std::to_string(100'000'000 + i + k), ""}, [&](const NumberOwners::Answer& answer) {
                away += answer.away;
                ++answered;
            });
        ASSERT_TRUE(sql::eventually([&] { return answered == 500; }));
    }
    EXPECT_EQ(away, 0u);
    EXPECT_LE(owners->stats().remembered, limits::remembered_numbers);
    EXPECT_FALSE(owners->remembered({"100000000", ""})) << "the oldest have gone";
    EXPECT_TRUE(owners->remembered({std::to_string(100'000'000 + count - 1), ""}));
}

}  // namespace
}  // namespace sluice::accounts
