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
        EXPECT_TRUE(mistakes("prefix,price\n44,1\n" + std::string(empty) + ",2\n").starts_with("p.csv:3: '"))
            << empty;
    EXPECT_FALSE(parse_networks("prefix,mccmnc\n,23415\n", "n.csv"));
}

TEST(PriceFile, ByNetwork) {
    const auto networks = parse_networks("prefix,mcc,mnc\n4477,234,15\n4478,234,30\n4915,262,01\n331,208,10\n", "n.csv");
    ASSERT_TRUE(networks) << networks.error().message;
    EXPECT_EQ(prices("mccmnc,price\n23415,0.03\n234,0.04\n26201,0.07\n", *networks),
              (std::map<std::string, std::string>{{"4477", "0.03"}, {"4478", "0.04"}, {"4915", "0.07"}}));
}

TEST(PriceFile, MistakesHaveTheirLine) {
    EXPECT_EQ(mistakes("prefix,price\n44,0.03\nUK,0.04\n49,free\n33,-1\n31\n"),
              "p.csv:3: 'UK' is not a prefix of 1 to 15 digits, as 4477, nor * for every number\n"
              "p.csv:4: 'free' is no price from 0 to 1000000 with up to six decimals, as 0.0035\n"
              "p.csv:5: '-1' is no price from 0 to 1000000 with up to six decimals, as 0.0035\n"
              "p.csv:6: 1 fields under 2 headings");
    EXPECT_EQ(mistakes("a,b\n"), "p.csv:1: the headings must be price and prefix, or price and mccmnc");
    EXPECT_EQ(mistakes(""), "p.csv:1: there is nothing in it, not even a line of headings");
    EXPECT_EQ(mistakes("mccmnc,price\n23415,1\n"),
              "p.csv:1: its prices are by network, which needs `networks` to say which numbers are of which");
    EXPECT_EQ(mistakes("mccmnc,price\n2341,1\n", {{*routing::NumberPattern::prefix("44"), "23415"}}),
              "p.csv:2: '2341' is no MCC of three digits, alone or with an MNC of two or three");
    std::string many = "prefix,price\n";
    for (int i = 0; i < 100; ++i) many += "x,1\n";
    EXPECT_EQ(std::ranges::count(mistakes(many), '\n'), 9);
}

}  // namespace
}  // namespace sluice::admin
