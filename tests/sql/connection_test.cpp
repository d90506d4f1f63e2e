#include "engine/sql/connection.hpp"

#include <gtest/gtest.h>

#include "engine/base/limits.hpp"
#include "tests/sql/sqlite.hpp"

namespace sluice::sql {
namespace {

class SqlConnection : public testing::Test {
protected:
    void SetUp() override {
        auto opened = Connection::open(file.connection(), seconds(5));
        ASSERT_TRUE(opened) << opened.error().text;
        connection = std::move(*opened);
    }
    Answer run(Statement statement) {
        auto answer = connection->run(statement);
        EXPECT_TRUE(answer) << statement.text << ": " << answer.error().text;
        return answer ? std::move(*answer) : Answer{};
    }
    SqliteFile file;
    std::unique_ptr<Connection> connection;
};

TEST_F(SqlConnection, RowsComeAsTextByColumnAndNullAsNone) {
    const Answer answer = run({"SELECT 'Test1' AS SystemID, 100 AS Credits, NULL AS AddressRange"});
    ASSERT_EQ(answer.rows.size(), 1u);
    ASSERT_EQ(answer.columns, (std::vector<std::string>{"SystemID", "Credits", "AddressRange"}));
    EXPECT_EQ(answer.rows[0], (std::vector<Cell>{"Test1", "100", std::nullopt}));
    EXPECT_EQ(answer.column("systemid"), 0u);
    EXPECT_EQ(answer.column("ADDRESSRANGE"), 2u);
    EXPECT_EQ(answer.column("PasswordHash"), std::nullopt);
}

TEST_F(SqlConnection, ParametersAreDataWhateverTheyHold) {
    run({"CREATE TABLE t (name NVARCHAR(40), n INT)"});
    for (const std::string text :
         {"'; DROP TABLE t; --", "\" OR 1=1", "%_\\?", "", "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"}) {
        run({"DELETE FROM t"});
        EXPECT_EQ(run({"INSERT INTO t (name, n) VALUES (?, ?)", {text, std::int64_t{-5'000'000'000}}}).affected, 1u);
        const Answer found =
            run({"SELECT name, n FROM t WHERE name = ? AND n = ?", {text, std::int64_t{-5'000'000'000}}});
        ASSERT_EQ(found.rows.size(), 1u) << text;
        EXPECT_EQ(found.rows[0], (std::vector<Cell>{text, "-5000000000"}));
    }
    run({"INSERT INTO t (name, n) VALUES (?, ?)", {nullptr, nullptr}});
    EXPECT_EQ(run({"SELECT count(*) FROM t WHERE name IS NULL AND n IS NULL"}).rows[0][0], "1");
}

TEST_F(SqlConnection, TextThatIsNoUtf8IsRefusedAndNothingElseSuffers) {
    const auto answer = connection->run({"SELECT ?", {std::string("\xFF")}});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, Failure::Kind::refused);
    EXPECT_FALSE(connection->broken());
    EXPECT_EQ(run({"SELECT ?", {std::string("fine")}}).rows[0][0], "fine");
}

TEST_F(SqlConnection, LongTextComesWhole) {
    std::string text;
    for (int i = 0; i < 3000; ++i) text += "\xF0\x9F\x98\x80 and ";
    EXPECT_EQ(run({"SELECT ?", {text}}).rows[0][0], text);
    run({"CREATE TABLE t (words TEXT)"});
    run({"INSERT INTO t VALUES (?)", {text}});
    EXPECT_EQ(run({"SELECT words FROM t"}).rows[0][0], text);
}

TEST_F(SqlConnection, WhatIsWrongIsSaid) {
    const auto answer = connection->run({"SELECT * FROM nowhere"});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, Failure::Kind::refused);
    EXPECT_NE(answer.error().text.find("nowhere"), std::string::npos) << answer.error().text;
    EXPECT_FALSE(connection->broken());
}

TEST_F(SqlConnection, ATransactionIsAllOrNothing) {
    run({"CREATE TABLE t (n INT PRIMARY KEY)"});
    const auto fine = connection->transact({{"INSERT INTO t VALUES (1)"}, {"UPDATE t SET n = n + 1 WHERE n = 7"}});
    ASSERT_TRUE(fine) << fine.error().text;
    EXPECT_EQ(fine->at(0).affected, 1u);
    EXPECT_EQ(fine->at(1).affected, 0u);
    const auto wrong = connection->transact({{"INSERT INTO t VALUES (2)"}, {"INSERT INTO t VALUES (1)"}});
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().kind, Failure::Kind::refused);
    EXPECT_EQ(run({"SELECT count(*) FROM t"}).rows[0][0], "1");
    run({"INSERT INTO t VALUES (3)"});  // by itself again
    auto other = Connection::open(file.connection(), seconds(5));
    ASSERT_TRUE(other);
    EXPECT_EQ((*other)->run({"SELECT count(*) FROM t"})->rows[0][0], "2");
}

TEST_F(SqlConnection, AnAnswerIsBounded) {
    const std::string rows = std::to_string(limits::sql_rows + 1);
    const std::string numbers =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " + rows + ") ";
    const auto many = connection->run({numbers + "SELECT i FROM n"});
    ASSERT_FALSE(many);
    EXPECT_EQ(many.error().kind, Failure::Kind::refused);
    const auto large = connection->run({"SELECT hex(zeroblob(" + std::to_string(limits::sql_octets / 2 + 1) + "))"});
    ASSERT_FALSE(large);
    EXPECT_EQ(run({numbers + "SELECT count(*) FROM n"}).rows[0][0], rows);
}

TEST_F(SqlConnection, ATableThatHasGrownIsSeenSo) {
    run({"CREATE TABLE t (n INT)"});
    run({"INSERT INTO t VALUES (1)"});
    EXPECT_EQ(run({"SELECT * FROM t"}).columns.size(), 1u);
    run({"ALTER TABLE t ADD words TEXT"});
    EXPECT_EQ(run({"SELECT * FROM t"}).columns.size(), 2u);
}

TEST(SqlConnectionText, ADriverThatIsNotThereIsNamed) {
    const auto opened = Connection::open("Driver=NoSuchDriver;Database=x", seconds(5));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().kind, Failure::Kind::away);
    EXPECT_NE(opened.error().text.find("NoSuchDriver"), std::string::npos) << opened.error().text;
}

}  // namespace
}  // namespace sluice::sql
