// Prices by destination, and routes that follow them.
#include "engine/routing/price_table.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>

#include "engine/routing/price.hpp"

namespace sluice::routing {
namespace {

using Outcome = RouteDecision::Outcome;
using Row = PriceTable::Row;

Address number(std::string_view digits) { return Address::normalise(digits, 1); }
Row row(std::string_view prefix, std::int64_t price) { return {*NumberPattern::prefix(prefix), Money{price}}; }
std::shared_ptr<const PriceTable> table_of(std::vector<Row> rows) {
    auto table = PriceTable::compile(std::move(rows));
    EXPECT_TRUE(table) << table.error().message;
    return *table;
}

TEST(PriceTable, TheLongestPrefixHolds) {
    const auto table = table_of({row("44", 100), row("447", 200), row("447700", 100), row("49", 50), row("44", 100)});
    EXPECT_EQ(table->size(), 4u);
    EXPECT_EQ(table->find(number("447700900123"), {}), Money{100});
    EXPECT_EQ(table->find(number("447800900123"), {}), Money{200});
    EXPECT_EQ(table->find(number("442079460000"), {}), Money{100});
    EXPECT_EQ(table->find(number("33123456789"), {}), std::nullopt);
    EXPECT_EQ(table->find(Address::normalise("Sluice", 5), {}), std::nullopt);
}

TEST(PriceTable, APrefixHasOnePrice) {
    const auto table = PriceTable::compile({row("44", 100), row("44", 101)});
    ASSERT_FALSE(table);
    EXPECT_EQ(table.error().message, "prefix 44 has two prices at a time, 0.0001 and 0.000101");
}

TEST(PriceTable, BothLinesAreNamed) {
    Row one = row("44", 100), other = row("44", 101);
    one.line = 7;
    other.line = 3;
    const auto table = PriceTable::compile({one, row("4", 5), other});
    ASSERT_FALSE(table);
    EXPECT_EQ(table.error().message, "prefix 44 has two prices at a time, 0.0001 in line 7 and 0.000101 in line 3");
}

constexpr WallTime new_year{std::chrono::sys_days(std::chrono::year(2027) / 1 / 1)};
constexpr WallTime before = new_year - microseconds(1);
Row from(WallTime time, Row row) { return row.from = time, row; }
Row until(WallTime time, Row row) { return row.until = time, row; }

TEST(PriceTable, APriceHoldsInItsTime) {
    const auto table = table_of({until(new_year, row("44", 100)), from(new_year, row("44", 120)), row("4", 7)});
    EXPECT_EQ(table->size(), 2u);
    EXPECT_EQ(table->find(number("447700900123"), before), Money{100});
    EXPECT_EQ(table->find(number("447700900123"), new_year), Money{120});
    EXPECT_EQ(table->find(number("49151"), before), Money{7});
}

TEST(PriceTable, WhereALongPrefixHasNoneTheNextShorterOneHolds) {
    const auto table = table_of({from(new_year, row("447700", 100)), until(new_year, row("4477", 50)), row("44", 9)});
    EXPECT_EQ(table->find(number("447700900123"), before), Money{50});
    EXPECT_EQ(table->find(number("447700900123"), new_year), Money{100});
    EXPECT_EQ(table->find(number("447755900123"), new_year), Money{9});
    const auto ends = table_of({until(new_year, row("44", 1))});
    EXPECT_EQ(ends->find(number("447700900123"), new_year), std::nullopt);
}

TEST(PriceTable, PeriodsMayMeetAndNotOverlap) {
    const WallTime march = new_year + std::chrono::days(59), june = new_year + std::chrono::days(151);
    EXPECT_FALSE(PriceTable::compile({row("44", 1), from(march, row("44", 2))}));
    EXPECT_FALSE(PriceTable::compile({until(june, row("44", 1)), from(march, row("44", 2))}));
    // The longer one is not the last by its beginning.
    EXPECT_FALSE(PriceTable::compile({until(june, from(new_year, row("44", 1))),
                                      until(march, from(new_year, row("44", 1))), from(march, row("44", 2))}));
    const auto table =
        table_of({until(march, row("44", 1)), from(june, row("44", 1)), from(march, until(june, row("44", 2)))});
    EXPECT_EQ(table->find(number("44770"), march - seconds(1)), Money{1});
    EXPECT_EQ(table->find(number("44770"), march), Money{2});
    EXPECT_EQ(table->find(number("44770"), june), Money{1});
    EXPECT_EQ(Prices{table_of({until(march, row("44", 1)), from(march, row("44", 1))})},
              Prices{table_of({row("44", 1)})})
        << "it is the same price throughout";
    EXPECT_NE(Prices{table_of({until(march, row("44", 1))})}, Prices{table_of({row("44", 1)})});
}

TEST(PriceTable, TablesThatSayTheSameAreEqual) {
    const Prices one{table_of({row("44", 100), row("49", 7)})}, same{table_of({row("49", 7), row("44", 100)})};
    const Prices other{table_of({row("49", 8), row("44", 100)})};
    EXPECT_EQ(one, same);
    EXPECT_NE(one, other);
    EXPECT_NE(one, Prices());
    EXPECT_EQ(Prices(), Prices());
}

TEST(PriceTable, IsWhatASearchOfAllRowsFinds) {
    rc::check("the price of the longest prefix", [] {
        const auto digits = rc::gen::container<std::string>(rc::gen::elementOf(std::string("0123")));
        std::map<std::string, std::int64_t> rows;
        for (std::string& prefix : *rc::gen::container<std::vector<std::string>>(digits))
            rows[prefix.substr(0, 15)] = *rc::gen::inRange<std::int64_t>(0, 5);
        std::vector<Row> all;
        for (const auto& [prefix, price] : rows) all.push_back(row(prefix, price));
        const auto table = table_of(all);
        for (int i = 0; i < 20; ++i) {
            const std::string asked = "1" + (*digits).substr(0, 14);
            std::optional<Money> expected;
            for (std::size_t size = 0; size <= asked.size(); ++size)
                if (const auto found = rows.find(asked.substr(0, size)); found != rows.end())
                    expected = Money{found->second};
            RC_ASSERT(table->find(number(asked), {}) == expected);
        }
    });
}

TEST(PriceTable, IsWhatASearchOfAllPeriodsFinds) {
    rc::check("the price of the longest prefix that has one then", [] {
        const auto day = [](int n) { return new_year + std::chrono::days(n); };
        std::vector<Row> rows;
        for (const char* prefix : {"", "1", "11", "112", "12"}) {
            int begin = *rc::gen::inRange(0, 4);
            for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
                const int end = begin + *rc::gen::inRange(1, 4);
                rows.push_back(until(day(end), from(day(begin), row(prefix, *rc::gen::inRange<std::int64_t>(0, 3)))));
                begin = end + *rc::gen::inRange(0, 3);
            }
        }
        const auto table = table_of(rows);
        for (const char* asked : {"1123", "1133", "1233", "333"})
            for (int n = -1; n < 20; ++n) {
                const Row* best = nullptr;
                for (const Row& each : rows)
                    if (std::string_view(asked).starts_with(each.prefix.digits()) && each.from <= day(n) &&
                        day(n) < each.until && (best == nullptr || each.prefix.length() > best->prefix.length()))
                        best = &each;
                RC_ASSERT(table->find(number(asked), day(n)) == (best ? std::optional(best->price) : std::nullopt));
            }
    });
}

class PricedRoutes : public ::testing::Test {
protected:
    PricedRoutes() {
        // 0 is cheap in 44 and goes nowhere else; 1 is dearer and goes to 44 and 49; 2 has no table and costs 300.
        const std::vector<Prices> prices{
            {table_of({row("44", 100)})}, {table_of({row("44", 200), row("49", 150)})}, {}};
        RouteRule rule;
        rule.targets = {{2, 1, Money{300}}, {1}, {0}};
        rule.price = Money{250};
        auto compiled = RouteTable::compile({rule}, prices);
        EXPECT_TRUE(compiled);
        table_ = std::move(*compiled);
    }
    RouteDecision route(std::string_view to, const Charging* charging = nullptr, HealthView health = {}) const {
        return table_.route({0, number(to), {}, charging}, health, 0);
    }
    static std::vector<ProviderId> ids(const RouteDecision& decision) {
        return {decision.providers().begin(), decision.providers().end()};
    }

    RouteTable table_;
};

TEST_F(PricedRoutes, TheCheapestForTheDestinationGoesFirst) {
    EXPECT_EQ(ids(route("447700900123")), (std::vector<ProviderId>{0, 1, 2}));
    EXPECT_EQ(ids(route("4915112345678")), (std::vector<ProviderId>{1, 2}));
    EXPECT_EQ(ids(route("33123456789")), (std::vector<ProviderId>{2}));
    const std::vector<Health> health{Health::down, Health::up, Health::up};
    EXPECT_EQ(ids(route("447700900123", nullptr, health)), (std::vector<ProviderId>{1, 2, 0}));
}

TEST_F(PricedRoutes, AMarginKeepsDearProvidersOut) {
    Charging charging;
    charging.least_margin = Money{};  // of the route's 250
    EXPECT_EQ(ids(route("447700900123", &charging)), (std::vector<ProviderId>{0, 1}));
    charging.least_margin = Money{100};
    EXPECT_EQ(ids(route("447700900123", &charging)), (std::vector<ProviderId>{0}));
    EXPECT_EQ(route("33123456789", &charging).outcome, Outcome::unprofitable);
    charging.least_margin = Money{-50};  // a loss of 50 may be
    EXPECT_EQ(ids(route("33123456789", &charging)), (std::vector<ProviderId>{2}));
    charging.price = Money{100};         // the account's own price goes before the route's
    EXPECT_EQ(route("33123456789", &charging).outcome, Outcome::unprofitable);
    EXPECT_EQ(ids(route("4915112345678", &charging)), (std::vector<ProviderId>{1}));
}

TEST_F(PricedRoutes, WithoutAPriceThereIsNoWay) {
    RouteRule rule;
    rule.targets = {{0}};
    const RouteTable table = *RouteTable::compile({rule}, {{table_of({row("44", 100)})}});
    EXPECT_EQ(table.route({0, number("49151"), {}}, {}, 0).outcome, Outcome::unpriced);
    EXPECT_EQ(table.route({0, number("44770"), {}}, {}, 0).outcome, Outcome::routed);
}

TEST_F(PricedRoutes, AMarginIsOfWhatProvidersWithoutAListCostToo) {
    RouteRule rule;
    rule.targets = {{0, 1, Money{300}}, {1, 1, Money{200}}};
    rule.price = Money{250};
    const RouteTable table = *RouteTable::compile({rule});
    Charging charging;
    EXPECT_EQ(ids(table.route({0, number("447700900123"), {}, &charging}, {}, 0)), (std::vector<ProviderId>{1, 0}));
    charging.least_margin = Money{};
    EXPECT_EQ(ids(table.route({0, number("447700900123"), {}, &charging}, {}, 0)), (std::vector<ProviderId>{1}));
}

TEST(Quality, RaisesWhatAPartCosts) {
    EXPECT_EQ(effective_cost(Money{100}, 100, 100), Money{100});
    EXPECT_EQ(effective_cost(Money{100}, 50, 100), Money{200}) << "two are paid for one that arrives";
    EXPECT_EQ(effective_cost(Money{100}, 50, 50), Money{150});
    EXPECT_EQ(effective_cost(Money{100}, 50, 0), Money{100});
    EXPECT_EQ(effective_cost(Money{100}, 80, 100), Money{125});
    EXPECT_EQ(effective_cost(Money::of(1'000'000'000), 1, 100), Money::of(100'000'000'000));
}

TEST(Quality, DecidesBetweenPrices) {
    RouteRule rule;
    rule.targets = {{0, 1, Money{100}}, {1, 1, Money{110}}};
    rule.quality_weight = 100;
    RouteTable table = *RouteTable::compile({rule});
    EXPECT_TRUE(table.weighs_quality());
    const auto first = [&](std::vector<std::uint8_t> quality) {
        RouteRequest asked{0, number("447700900123"), {}};
        asked.quality = quality;
        return table.route(asked, {}, 0).candidates[0];
    };
    EXPECT_EQ(first({}), 0);
    EXPECT_EQ(first({95, 95}), 0);
    EXPECT_EQ(first({90, 100}), 1) << "111 against 110";
    EXPECT_EQ(first({91, 100}), 0);
    EXPECT_EQ(first({50, 40}), 0);
    rule.quality_weight = 10;
    table = *RouteTable::compile({rule});
    EXPECT_EQ(first({90, 100}), 0);
    EXPECT_EQ(first({40, 100}), 1);
    rule.quality_weight = 0;
    table = *RouteTable::compile({rule});
    EXPECT_FALSE(table.weighs_quality());
    EXPECT_EQ(first({1, 100}), 0);
}

TEST(Quality, AMarginIsOfThePriceItself) {
    RouteRule rule;
    rule.targets = {{0, 1, Money{100}}};
    rule.price = Money{110};
    rule.quality_weight = 100;
    const RouteTable table = *RouteTable::compile({rule});
    Charging charging;
    charging.least_margin = Money{};
    const std::vector<std::uint8_t> quality{10};
    RouteRequest asked{0, number("447700900123"), {}, &charging};
    asked.quality = quality;
    EXPECT_EQ(table.route(asked, {}, 0).outcome, Outcome::routed);
    std::vector<Provider> providers(1);
    providers[0].name = "a";
    EXPECT_EQ(table.explain(asked, {}, 0, providers, {}).back(),
              "1. a: up, priority 1, cost 0.0001, weight 1, delivers 10 %: as if it cost 0.001");
}

TEST_F(PricedRoutes, AreExplained) {
    std::vector<Provider> providers(3);
    for (std::size_t i = 0; i < 3; ++i) providers[i].name = std::string(1, static_cast<char>('a' + i));
    std::vector<Account> accounts(1);
    Charging charging;
    charging.least_margin = Money{};
    EXPECT_EQ(table_.explain({0, number("4915112345678"), {}, &charging}, {}, 0, providers, accounts),
              (std::vector<std::string>{
                  "destination '4915112345678'",
                  "route 1, for every destination, decides",
                  "a part may cost at most 0.00025: the account pays 0.00025, and 0 must be left",
                  "1. b: up, priority 1, cost 0.00015, weight 1",
                  "left out: a: its table has no price for this number now",
                  "left out: c: cost 0.0003, too dear",
              }));
}

}  // namespace
}  // namespace sluice::routing
