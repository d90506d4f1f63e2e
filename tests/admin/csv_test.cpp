#include "engine/admin/csv.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace sluice::admin {
namespace {

using Rows = std::vector<std::vector<std::string>>;

Rows rows_of(std::string_view text) {
    CsvReader reader(text);
    std::vector<std::string_view> fields;
    Rows rows;
    for (;;) {
        const auto more = reader.next(fields);
        EXPECT_TRUE(more);
        if (!more || !*more) return rows;
        rows.emplace_back(fields.begin(), fields.end());
    }
}

TEST(Csv, ReadsRows) {
    EXPECT_EQ(rows_of(""), Rows());
    EXPECT_EQ(rows_of("a,b\r\n1 , 2\n\n# a word\n,\n"), (Rows{{"a", "b"}, {"1", "2"}, {"", ""}}));
    EXPECT_EQ(rows_of("\xEF\xBB\xBFprefix,price"), (Rows{{"prefix", "price"}}));
    EXPECT_EQ(rows_of("one"), (Rows{{"one"}}));
}

TEST(Csv, FieldsMayBeQuoted) {
    EXPECT_EQ(rows_of("\"a, b\" ,\"say \"\"hi\"\"\",c\n\"two\nlines\",\"\",x\n"),
              (Rows{{"a, b", "say \"hi\"", "c"}, {"two\nlines", "", "x"}}));
}

TEST(Csv, CountsLines) {
    CsvReader reader("a\n\n\"x\ny\"\nb\n");
    std::vector<std::string_view> fields;
    for (const std::size_t line : {1u, 3u, 5u}) {
        ASSERT_TRUE(*reader.next(fields));
        EXPECT_EQ(reader.line(), line);
    }
}

TEST(Csv, TellsWhatIsWrong) {
    for (const auto& [text, what] : {std::pair("\"a", "a quoted field has no end"),
                                     {"\"a\"b,c", "something follows a quoted field that is no comma"}}) {
        CsvReader reader(text);
        std::vector<std::string_view> fields;
        const auto row = reader.next(fields);
        ASSERT_FALSE(row);
        EXPECT_EQ(row.error().message, what);
    }
}

TEST(Csv, GivesBackWhatWasQuoted) {
    rc::check("quoted fields of any octets", [] {
        const auto rows = *rc::gen::nonEmpty(rc::gen::container<Rows>(rc::gen::nonEmpty<std::vector<std::string>>()));
        std::string text;
        for (const auto& row : rows) {
            for (std::size_t i = 0; i < row.size(); ++i) {
                text += i > 0 ? ",\"" : "\"";
                for (const char c : row[i]) text += c == '"' ? std::string("\"\"") : std::string(1, c);
                text += '"';
            }
            text += "\r\n";
        }
        RC_ASSERT(rows_of(text) == rows);
    });
}

}  // namespace
}  // namespace sluice::admin
