#include "engine/admin/price_file.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace sluice::admin {
namespace {

std::map<std::string, std::string> prices(std::string_view text, const std::vector<NetworkPrefix>& networks = {}) {
    const auto rows = parse_prices(text, "p.csv", networks);
    EXPECT_TRUE(rows) << rows.error().message;
    std::map<std::string, std::string> found;
    if (rows)
        for (const auto& row : *rows) found[row.prefix.digits()] = to_string(row.price);
    return found;
}

std::string mistakes(std::string_view text, const std::vector<NetworkPrefix>& networks = {}) {
    const auto rows = parse_prices(text, "p.csv", networks);
    return rows ? "" : rows.error().message;
}

TEST(PriceFile, ByPrefix) {
    EXPECT_EQ(prices("Country,Prefix,Price\n\"Great Britain, mobile\",+447,0.035\nGermany,49,1\n"),
              (std::map<std::string, std::string>{{"447", "0.035"}, {"49", "1"}}));
}

TEST(PriceFile, AnEmptyCellIsNotEveryDestination) {
    EXPECT_EQ(prices("prefix,price\n44,1\n*,2\n"), (std::map<std::string, std::string>{{"", "2"}, {"44", "1"}}));
    for (const char* empty : {"", "+", "\"\""})
        EXPECT_TRUE(
            mistakes("prefix,price\n44,1\n" + std::string(empty) + ",2\n").starts_with("p.csv:3: column 1 (prefix): '"))
            << empty;
    EXPECT_FALSE(parse_networks("prefix,mccmnc\n,23415\n", "n.csv"));
}

TEST(PriceFile, ByNetwork) {
    const auto networks =
        parse_networks("prefix,mcc,mnc\n4477,234,15\n4478,234,30\n4915,262,01\n331,208,10\n", "n.csv");
    ASSERT_TRUE(networks) << networks.error().message;
    EXPECT_EQ(prices("mccmnc,price\n23415,0.03\n234,0.04\n26201,0.07\n", *networks),
              (std::map<std::string, std::string>{{"4477", "0.03"}, {"4478", "0.04"}, {"4915", "0.07"}}));
}

TEST(PriceFile, PricesHaveTheirTime) {
    const WallTime december{std::chrono::sys_days(std::chrono::year(2026) / 12 / 1)};
    const auto rows = parse_prices("prefix,price,Valid_From,valid_until\n44,1,,2026-11-30\n44,2,2026-12-01,\n"
                                   "49,3,2026-12-01T14:00Z,2026-12-01 18:30:15\n48,5,,\n",
                                   "p.csv", {});
    ASSERT_TRUE(rows) << rows.error().message;
    EXPECT_EQ((*rows)[0].from, WallTime::min());
    EXPECT_EQ((*rows)[0].until, december) << "to the end of that day";
    EXPECT_EQ((*rows)[1].from, december);
    EXPECT_EQ((*rows)[1].until, WallTime::max());
    EXPECT_EQ((*rows)[1].line, 3u);
    EXPECT_EQ((*rows)[2].from, december + std::chrono::hours(14));
    EXPECT_EQ((*rows)[2].until, december + std::chrono::hours(18) + std::chrono::minutes(30) + seconds(15));
    EXPECT_EQ((*rows)[3].until, WallTime::max());
    EXPECT_TRUE(routing::PriceTable::compile(*rows));
}

TEST(PriceFile, OverlapsNameBothLines) {
    const auto two = [](std::string_view text, const std::vector<NetworkPrefix>& networks = {}) {
        const auto rows = parse_prices(text, "p.csv", networks);
        EXPECT_TRUE(rows) << rows.error().message;
        const auto table = routing::PriceTable::compile(*rows);
        return table ? "" : table.error().message;
    };
    EXPECT_EQ(two("prefix,price,valid_until,valid_from\n44,1,2026-12-01,\n# a comment\n44,2,,2026-12-01\n"),
              "prefix 44 has two prices at a time, 1 in line 2 and 2 in line 4");
    EXPECT_EQ(two("mccmnc,price\n23415,1\n23430,1\n23415,2\n", {{*routing::NumberPattern::prefix("4477"), "23415"}}),
              "prefix 4477 has two prices at a time, 1 in line 2 and 2 in line 4");
    EXPECT_EQ(two("mccmnc,price,valid_from,valid_until\n23415,1,,2026-11-30\n23415,2,2026-12-01,\n",
                  {{*routing::NumberPattern::prefix("4477"), "23415"}}),
              "");
}

TEST(PriceFile, MistakesHaveTheirLineAndColumn) {
    EXPECT_EQ(mistakes("prefix,price\n44,0.03\nUK,0.04\n49,free\n33,-1\n31\n"),
              "p.csv:3: column 1 (prefix): 'UK' is not a prefix of 1 to 15 digits, as 4477, nor * for every number\n"
              "p.csv:4: column 2 (price): 'free' is no price from 0 to 1000000 with up to six decimals, as 0.0035\n"
              "p.csv:5: column 2 (price): '-1' is no price from 0 to 1000000 with up to six decimals, as 0.0035\n"
              "p.csv:6: 1 fields under 2 headings");
    EXPECT_EQ(mistakes("a,b\n"), "p.csv:1: the headings must be price and prefix, or price and mccmnc");
    EXPECT_EQ(mistakes(""), "p.csv:1: there is nothing in it, not even a line of headings");
    EXPECT_EQ(mistakes("mccmnc,price\n23415,1\n"),
              "p.csv:1: its prices are by network, which needs `networks` to say which numbers are of which");
    EXPECT_EQ(mistakes("mccmnc,price\n2341,1\n", {{*routing::NumberPattern::prefix("44"), "23415"}}),
              "p.csv:2: column 1 (mccmnc): '2341' is no MCC of three digits, alone or with an MNC of two or three");
    EXPECT_EQ(
        mistakes("price,prefix,valid_from,valid_until\n1,44,2026-13-01,\n1,44,soon,\n1,44,2026-12-02,2026-12-01\n"),
        "p.csv:2: column 3 (valid_from): '2026-13-01' is no time in UTC, as 2026-12-01 or 2026-12-01T14:00\n"
        "p.csv:3: column 3 (valid_from): 'soon' is no time in UTC, as 2026-12-01 or 2026-12-01T14:00\n"
        "p.csv:4: column 4 (valid_until): '2026-12-01' is not after valid_from, '2026-12-02'");
    EXPECT_EQ(mistakes("prefix,price\n44,\"1\n"), "p.csv:2: column 2 (price): a quoted field has no end");
    EXPECT_EQ(mistakes("prefix,price\n44,1,\"x\" y\n"),
              "p.csv:2: column 3: something follows a quoted field that is no comma");
    std::string many = "prefix,price\n";
    for (int i = 0; i < 100; ++i) many += "x,1\n";
    EXPECT_EQ(std::ranges::count(mistakes(many), '\n'), 9);
}

}  // namespace
}  // namespace sluice::admin
