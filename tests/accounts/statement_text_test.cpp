#include "engine/accounts/statement_text.hpp"

#include <gtest/gtest.h>

namespace sluice::accounts {
namespace {

using Needs = StatementText::Needs;

TEST(StatementText, ValuesGoBesideItAsOftenAsTheyAreNamed) {
    const auto text = StatementText::parse("UPDATE t SET c = c - {credits} WHERE s = {system_id} AND c >= {credits}",
                                           {"credits", "system_id"});
    ASSERT_TRUE(text) << text.error().message;
    const sql::Statement statement = text->with({std::int64_t{2}, std::string("'; DROP TABLE t; --")});
    EXPECT_EQ(statement.text, "UPDATE t SET c = c - ? WHERE s = ? AND c >= ?");
    ASSERT_EQ(statement.parameters.size(), 3u);
    EXPECT_EQ(std::get<std::int64_t>(statement.parameters[0]), 2);
    EXPECT_EQ(std::get<std::string>(statement.parameters[1]), "'; DROP TABLE t; --");
    EXPECT_EQ(std::get<std::int64_t>(statement.parameters[2]), 2);
}

TEST(StatementText, OtherBracesAreTheStatementsOwn) {
    const auto text = StatementText::parse("SELECT {fn UCASE(a)} FROM t WHERE s = {system_id} AND j = '{}' AND k = '{'",
                                           {"system_id"});
    ASSERT_TRUE(text) << text.error().message;
    EXPECT_EQ(text->with({std::string("x")}).text, "SELECT {fn UCASE(a)} FROM t WHERE s = ? AND j = '{}' AND k = '{'");
}

TEST(StatementText, WhatIsMissingOrUnknownIsSaid) {
    const auto wrong = [](std::string_view written, Needs needs, const std::string& word) {
        const auto text = StatementText::parse(written, {"number", "digits"}, needs);
        ASSERT_FALSE(text) << written;
        EXPECT_NE(text.error().message.find(word), std::string::npos) << text.error().message;
    };
    wrong("SELECT 1", Needs::one, "{number} or {digits}");
    wrong("SELECT 1 WHERE a = {number}", Needs::all, "{number} and {digits}");
    wrong("SELECT 1 WHERE a = {numbr}", Needs::one, "{numbr}");
    wrong("SELECT 1 WHERE a = {number} AND b = ?", Needs::one, "?");
    EXPECT_TRUE(StatementText::parse("SELECT 1 WHERE a = {digits}", {"number", "digits"}, Needs::one));
}

}  // namespace
}  // namespace sluice::accounts
