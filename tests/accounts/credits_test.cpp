#include "engine/accounts/credits.hpp"

#include <gtest/gtest.h>

#include "tests/sql/sqlite.hpp"

namespace sluice::accounts {
namespace {

using Outcome = Credits::Outcome;

class CreditsTest : public testing::Test {
protected:
    void SetUp() override {
        open(file.connection());
        for (const char* text : {"CREATE TABLE SmppServerUsers (SystemID NVARCHAR(16) PRIMARY KEY, "
                                 "PasswordHash NVARCHAR(40), Credits INT)",
                                 "INSERT INTO SmppServerUsers VALUES ('Test1', 'AA', 100), ('Test2', 'BB', NULL)"})
            ASSERT_TRUE(sql::execute(*database, {text}));
        source.name = "customers";
        source.database = "db";
        source.charge = statement("UPDATE SmppServerUsers SET Credits = Credits - {credits} "
                                  "WHERE SystemID = {system_id} AND Credits >= {credits}");
        source.give_back =
            statement("UPDATE SmppServerUsers SET Credits = Credits + {credits} WHERE SystemID = {system_id}");
        credits = std::make_unique<Credits>(
            [this](const std::string& name) { return name == "db" ? database.get() : nullptr; },
            [this](char, const std::string& line) { log += line + '\n'; });
        credits->configure({source});
    }
    void TearDown() override { database.reset(); }

    static StatementText statement(std::string_view text) {
        return *StatementText::parse(text, {"credits", "system_id"});
    }
    void open(const std::string& connection) { database = sql::database_at(connection); }
    Outcome move(const std::string& system_id, const char* amount, const std::string& from = "customers") {
        auto promise = std::make_shared<std::promise<Outcome>>();
        auto outcome = promise->get_future();
        credits->move(from, system_id, *parse_money(amount), [promise](Outcome what) { promise->set_value(what); });
        return outcome.get();
    }
    std::string left(const std::string& system_id) {
        const auto answer =
            sql::query(*database, {"SELECT Credits FROM SmppServerUsers WHERE SystemID = ?", {system_id}});
        SLUICE_CHECK(answer && answer->rows.size() == 1);
        return answer->rows[0][0].value_or("NULL");
    }

    sql::SqliteFile file;
    std::unique_ptr<sql::Database> database;
    SourceConfig source;
    std::unique_ptr<Credits> credits;
    std::string log;  ///< written on the one thread of the database, before the answer
};

TEST_F(CreditsTest, AreTakenAsLongAsThereAreEnoughAndGivenBack) {
    EXPECT_EQ(move("Test1", "99"), Outcome::moved);
    EXPECT_EQ(left("Test1"), "1");
    EXPECT_EQ(move("Test1", "2"), Outcome::too_few);
    EXPECT_EQ(move("Test1", "1"), Outcome::moved);
    EXPECT_EQ(move("Test1", "1"), Outcome::too_few);
    EXPECT_EQ(left("Test1"), "0");
    EXPECT_EQ(move("Test1", "-5"), Outcome::moved);
    EXPECT_EQ(left("Test1"), "5");
    EXPECT_EQ(move("Test2", "1"), Outcome::too_few) << "NULL is no credit";
    EXPECT_EQ(move("Test3", "1"), Outcome::too_few);
    EXPECT_EQ(log, "");
}

TEST_F(CreditsTest, MayHaveDecimals) {
    EXPECT_EQ(move("Test1", "0.035"), Outcome::moved);
    EXPECT_EQ(left("Test1"), "99.965");
    EXPECT_EQ(move("Test1", "-0.035"), Outcome::moved);
    EXPECT_EQ(move("Test1", "100.5"), Outcome::too_few);
}

TEST_F(CreditsTest, WhateverAnAccountIsCalledIsData) {
    for (const char* name : {"' OR '1'='1", "Test1'; DELETE FROM SmppServerUsers; --", "%", "{credits}"})
        EXPECT_EQ(move(name, "1"), Outcome::too_few) << name;
    EXPECT_EQ(left("Test1"), "100");
}

TEST_F(CreditsTest, AStatementMayAnswerWithARowInstead) {
    source.charge = statement("UPDATE SmppServerUsers SET Credits = Credits - {credits} "
                              "WHERE SystemID = {system_id} AND Credits >= {credits} RETURNING Credits");
    credits->configure({source});
    EXPECT_EQ(move("Test1", "60"), Outcome::moved);
    EXPECT_EQ(move("Test1", "60"), Outcome::too_few);
    EXPECT_EQ(left("Test1"), "40");
}

TEST_F(CreditsTest, WhatIsWrongTakesNothingAndIsSaid) {
    EXPECT_EQ(move("Test1", "1", "others"), Outcome::away) << "no such source";
    source.give_back = {};
    source.charge = statement("UPDATE Nowhere SET Credits = Credits - {credits} WHERE SystemID = {system_id}");
    credits->configure({source});
    EXPECT_EQ(move("Test1", "-1"), Outcome::away);
    EXPECT_EQ(move("Test1", "1"), Outcome::away);
    EXPECT_NE(log.find("account source customers: credits of Test1, 1: "), std::string::npos) << log;
    EXPECT_EQ(left("Test1"), "100");
    open("Driver=NoSuchDriver;");
    EXPECT_EQ(move("Test1", "1"), Outcome::away);
}

}  // namespace
}  // namespace sluice::accounts
