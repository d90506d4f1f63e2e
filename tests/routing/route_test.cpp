#include "engine/routing/route.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <new>

#include "engine/base/random.hpp"

namespace {
std::atomic<std::uint64_t> allocations = 0;
}

[[gnu::noinline]] void* operator new(std::size_t size) {
    ++allocations;
    if (void* memory = std::malloc(size)) return memory;
    throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    ++allocations;
    return std::malloc(size);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }

namespace sluice::routing {
namespace {

using Outcome = RouteDecision::Outcome;
using Providers = std::vector<ProviderId>;

RouteRule rule(std::vector<const char*> prefixes, std::vector<RouteTarget> targets,
               std::vector<AccountId> accounts = {}, std::vector<SourcePattern> sources = {}) {
    RouteRule made;
    for (const char* prefix : prefixes) made.destinations.push_back(*NumberPattern::prefix(prefix));
    made.targets = std::move(targets);
    made.accounts = std::move(accounts);
    made.sources = std::move(sources);
    return made;
}

RouteRequest request(std::string_view destination, AccountId account = 0, std::string_view source = "Sluice") {
    return {account, Address::normalise(destination, 1), Address::normalise(source, 5)};
}

Providers providers_of(const RouteDecision& decision) {
    return {decision.providers().begin(), decision.providers().end()};
}

RouteTable table_of(std::vector<RouteRule> rules) {
    auto table = RouteTable::compile(std::move(rules));
    EXPECT_TRUE(table) << table.error().message;
    return std::move(*table);
}

TEST(RouteTable, TheLongestPrefixDecides) {
    const RouteTable table = table_of({rule({}, {{0}}), rule({"44"}, {{1}}), rule({"4477", "4478"}, {{2}})});
    EXPECT_EQ(table.route(request("447700900123"), {}, 0).rule, 2u);
    EXPECT_EQ(table.route(request("442079460000"), {}, 0).rule, 1u);
    EXPECT_EQ(table.route(request("4915112345678"), {}, 0).rule, 0u);
    EXPECT_EQ(table.route(request("+44 7700 900123"), {}, 0).rule, 2u);
}

TEST(RouteTable, NoRule) {
    const RouteTable table = table_of({rule({"44"}, {{0}})});
    const RouteDecision decision = table.route(request("49151"), {}, 0);
    EXPECT_EQ(decision.outcome, Outcome::no_route);
    EXPECT_EQ(decision.rule, no_rule);
    EXPECT_EQ(RouteTable().route(request("49151"), {}, 0).outcome, Outcome::no_route);
}

TEST(RouteTable, ConditionsFailOverToShorterPrefixes) {
    const RouteTable table = table_of({
        rule({"44"}, {{0}}),
        rule({"4477"}, {{1}}, {7}),
        rule({"4477"}, {{2}}, {8}, {{"Bank", false}}),
        rule({"4477"}, {{3}}, {}, {{"447", true}}),
    });
    EXPECT_EQ(table.route(request("447700900123", 7), {}, 0).rule, 1u);
    EXPECT_EQ(table.route(request("447700900123", 8, "Bank"), {}, 0).rule, 2u);
    EXPECT_EQ(table.route(request("447700900123", 8, "Banker"), {}, 0).rule, 0u);
    EXPECT_EQ(table.route(request("447700900123", 1, "447000"), {}, 0).rule, 3u);
    EXPECT_EQ(table.route(request("447700900123", 1, "448000"), {}, 0).rule, 0u);
}

TEST(RouteTable, TheFirstRuleOfAPrefixDecides) {
    const RouteTable table = table_of({rule({"44"}, {{0}}, {1}), rule({"44"}, {{1}}), rule({"44"}, {{2}})});
    EXPECT_EQ(table.route(request("4477", 1), {}, 0).rule, 0u);
    EXPECT_EQ(table.route(request("4477", 2), {}, 0).rule, 1u);
}

TEST(RouteTable, NamesAsDestinationsMatchTheEmptyPrefixAlone) {
    const RouteTable table = table_of({rule({"4"}, {{0}}), rule({}, {{1}})});
    EXPECT_EQ(table.route(request("4nobody"), {}, 0).rule, 1u);
}

TEST(RouteTable, Rejects) {
    RouteRule no = rule({"449"}, {});
    no.rejects = true;
    no.reject_status = smpp::CommandStatus::ESME_RINVDSTADR;
    const RouteTable table = table_of({no, rule({}, {{0}})});
    const RouteDecision decision = table.route(request("44900"), {}, 0);
    EXPECT_EQ(decision.outcome, Outcome::rejected);
    EXPECT_EQ(decision.reject_status, smpp::CommandStatus::ESME_RINVDSTADR);
    EXPECT_EQ(decision.count, 0);
}

TEST(RouteTable, PriorityThenCostThenHealth) {
    const RouteTable table =
        table_of({rule({}, {{0, 2, Money::of(1)}, {1, 1, Money::of(9)}, {2, 1, Money::of(5)}, {3, 3, {}}})});
    EXPECT_EQ(providers_of(table.route(request("44"), {}, 0)), (Providers{2, 1, 0, 3}));

    std::vector<Health> health(4, Health::up);
    health[2] = Health::down;
    health[1] = Health::throttled;
    EXPECT_EQ(providers_of(table.route(request("44"), health, 0)), (Providers{0, 3, 1, 2}));
    health[0] = Health::excluded;
    EXPECT_EQ(providers_of(table.route(request("44"), health, 0)), (Providers{3, 1, 2}));
}

TEST(RouteTable, WhenAllAreDownTheBestIsWaitedFor) {
    const RouteTable table = table_of({rule({}, {{0, 2}, {1, 1}})});
    const std::vector<Health> health(2, Health::down);
    EXPECT_EQ(providers_of(table.route(request("44"), health, 0)), (Providers{1, 0}));
}

TEST(RouteTable, WhenAllAreExcludedItIsUnavailable) {
    const RouteTable table = table_of({rule({}, {{0}})});
    const std::vector<Health> health(1, Health::excluded);
    EXPECT_EQ(table.route(request("44"), health, 0).outcome, Outcome::unavailable);
}

TEST(RouteTable, WeightsAreShares) {
    const RouteTable table = table_of({rule({}, {{0, 1, {}, 1}, {1, 1, {}, 3}, {2, 1, {}, 6}})});
    Random random(42);
    std::array<double, 3> first{}, second{};
    constexpr int rounds = 200'000;
    for (int i = 0; i < rounds; ++i) {
        const RouteDecision decision = table.route(request("44"), {}, random.next());
        ++first[decision.candidates[0]];
        ++second[decision.candidates[1]];
    }
    EXPECT_NEAR(first[0] / rounds, 0.1, 0.005);
    EXPECT_NEAR(first[1] / rounds, 0.3, 0.005);
    EXPECT_NEAR(first[2] / rounds, 0.6, 0.005);
    // Second of all, provider 0: after 1 (0.3 * 1/7) or after 2 (0.6 * 1/4).
    EXPECT_NEAR(second[0] / rounds, 0.3 / 7 + 0.6 / 4, 0.005);
}

TEST(RouteTable, LooksUpWithoutAllocating) {
    const RouteTable table = table_of({rule({"44"}, {{0}}, {3}, {{"a longer sender than fits", true}}),
                                       rule({}, {{0}, {1}, {2}, {3}, {4}, {5}, {6}, {7}})});
    const std::vector<Health> health(8, Health::up);
    const RouteRequest asked = request("447700900123", 3);
    const std::uint64_t before = allocations;
    const RouteDecision decision = table.route(asked, health, 99);
    EXPECT_EQ(allocations, before);
    EXPECT_EQ(decision.count, 8);
}

TEST(RouteTable, RefusesRulesThatCannotBe) {
    const auto error = [](RouteRule wrong) {
        wrong.name = "main";
        const auto table = RouteTable::compile({rule({}, {{0}}), std::move(wrong)});
        return table ? "" : table.error().message;
    };
    EXPECT_EQ(error(rule({}, {})), "route 2 (main): names no provider");
    EXPECT_EQ(error(rule({}, {{0}, {1}, {0}})), "route 2 (main): names a provider twice");
    EXPECT_EQ(error(rule({}, {{0, 1, {}, 0}})), "route 2 (main): gives a provider the weight 0");
    EXPECT_EQ(error(rule({}, std::vector<RouteTarget>(17))), "route 2 (main): has more than 16 providers");
}

TEST(RouteTable, ShadowedRules) {
    const RouteTable table = table_of({
        rule({"44", "49"}, {{0}}),
        rule({"44"}, {{1}}, {3}),               // 1 is behind 0
        rule({"44", "45"}, {{1}}, {3}),         // alive for 45
        rule({"46"}, {{1}}, {1, 2}),
        rule({"46"}, {{1}}, {2}),               // behind 3
        rule({"46"}, {{1}}, {2, 3}),            // alive for 3
        rule({"47"}, {{1}}, {}, {{"44", true}}),
        rule({"47"}, {{1}}, {}, {{"447", true}, {"4411", false}}),  // behind 6
        rule({"47"}, {{1}}, {}, {{"4", true}}),
    });
    const auto dead = table.shadowed();
    ASSERT_EQ(dead.size(), 3u);
    EXPECT_EQ(dead[0].rule, 1u);
    EXPECT_EQ(dead[0].by, 0u);
    EXPECT_EQ(dead[1].rule, 4u);
    EXPECT_EQ(dead[1].by, 3u);
    EXPECT_EQ(dead[2].rule, 7u);
    EXPECT_EQ(dead[2].by, 6u);
}

TEST(RouteTable, ExplainsItsDecision) {
    std::vector<RouteRule> rules{rule({"447"}, {{0, 1, Money::of(20)}, {1, 1, Money::of(30)}, {2, 2, Money::of(10)},
                                                {3, 1, Money::of(1)}}),
                                 rule({"4477"}, {{1}}, {1})};
    rules[0].name = "uk mobile";
    const RouteTable table = table_of(std::move(rules));
    std::vector<Provider> providers(4);
    for (std::size_t i = 0; i < 4; ++i) providers[i].name = std::string(1, static_cast<char>('a' + i));
    std::vector<Account> accounts(2);
    accounts[0].system_id = "acme";
    accounts[1].system_id = "vip";
    const std::vector<Health> health{Health::down, Health::up, Health::up, Health::excluded};
    EXPECT_EQ(table.explain(request("447700900123", 0), health, 0, providers, accounts),
              (std::vector<std::string>{
                  "destination '447700900123'",
                  "route 2, for prefix 4477, is passed over: it is for vip only, this is acme",
                  "route 1 (uk mobile), for prefix 447, decides",
                  "1. b: up, priority 1, cost 30, weight 1",
                  "2. c: up, priority 2, cost 10, weight 1; after b: a later priority",
                  "3. a: down, priority 1, cost 20, weight 1; after c: it has no bind; messages wait for it only if "
                  "nobody else takes them",
                  "left out: d: taken out of service",
              }));
    EXPECT_EQ(table.explain(request("49151", 0), health, 0, providers, accounts).back(), "no route matches");
}

TEST(RouteTable, ARuleAppliesInItsHours) {
    const auto utc = std::make_shared<const ZoneOffsets>("UTC", std::chrono::minutes(0));
    std::vector<RouteRule> rules{rule({"447"}, {{0}}), rule({"447"}, {{1}}), rule({}, {{2}}), rule({"447"}, {{3}})};
    rules[0].hours.of =
        std::make_shared<const ActiveHours>(std::vector<ActiveHours::Span>{{8 * 60, 20 * 60}}, 0x1F, utc);
    rules[1].hours.of = std::make_shared<const ActiveHours>(std::vector<ActiveHours::Span>{{20 * 60, 22 * 60}},
                                                            ActiveHours::every_day, utc);
    rules[3].hours.of = std::make_shared<const ActiveHours>(std::vector<ActiveHours::Span>{{9 * 60, 10 * 60}}, 1, utc);
    const RouteTable table = table_of(rules);
    RouteRequest asked = request("447700900123");
    const WallTime monday{std::chrono::sys_days(std::chrono::year(2026) / 11 / 23)};
    const auto first = [&](int hour) {
        asked.at = monday + std::chrono::hours(hour);
        return table.route(asked, {}, 0).candidates[0];
    };
    EXPECT_EQ(first(8), 0);
    EXPECT_EQ(first(20), 1);
    EXPECT_EQ(first(22), 2) << "the next shorter prefix is asked";
    EXPECT_EQ(first(5 * 24 + 9), 2) << "a Saturday";
    const auto dead = table.shadowed();
    ASSERT_EQ(dead.size(), 1u) << "an hour within the hours of another rule";
    EXPECT_EQ(dead[0].rule, 3u);
    EXPECT_EQ(dead[0].by, 0u);

    asked.at = monday + std::chrono::hours(20);
    std::vector<Provider> providers(4);
    for (std::size_t i = 0; i < 4; ++i) providers[i].name = std::string(1, static_cast<char>('a' + i));
    EXPECT_EQ(table.explain(asked, {}, 0, providers, {}),
              (std::vector<std::string>{
                  "destination '447700900123'",
                  "route 1, for prefix 447, is passed over: it is for mon, tue, wed, thu, fri 08:00-20:00 UTC only, "
                  "there it is mon 20:00",
                  "route 2, for prefix 447, in 20:00-22:00 UTC, decides",
                  "1. b: up, priority 1, cost 0, weight 1",
              }));
}

/// The law in its plainest form.
RuleId expected_rule(const std::vector<RouteRule>& rules, const RouteRequest& asked) {
    RuleId best = no_rule;
    int longest = -1;
    for (RuleId id = 0; id < rules.size(); ++id) {
        if (!rules[id].conditions_hold(asked.account, asked.source.text(), asked.at)) continue;
        int length = rules[id].destinations.empty() ? 0 : -1;
        for (const NumberPattern pattern : rules[id].destinations)
            if (asked.destination.text().starts_with(pattern.digits()))
                length = std::max(length, static_cast<int>(pattern.length()));
        if (length > longest) {
            longest = length;
            best = id;
        }
    }
    return best;
}

TEST(RouteTable, AgreesWithTheLawInItsPlainestForm) {
    EXPECT_TRUE(rc::check("the same rule as a search through all of them", [](std::uint64_t seed) {
        Random random(seed);
        const auto digits = [&](std::size_t most) {
            std::string text;
            for (std::size_t i = random.below(most + 1); i > 0; --i) text += static_cast<char>('1' + random.below(3));
            return text;
        };
        std::vector<RouteRule> rules(random.below(12));
        for (RouteRule& made : rules) {
            for (std::size_t i = random.below(5); i > 0; --i)
                made.destinations.push_back(*NumberPattern::prefix(digits(4)));
            for (std::size_t i = random.chance(0.4) ? random.below(3) : 0; i > 0; --i)
                made.accounts.push_back(static_cast<AccountId>(random.below(3)));
            for (std::size_t i = random.chance(0.4) ? random.below(3) : 0; i > 0; --i)
                made.sources.push_back({digits(2), random.chance(0.5)});
            made.targets = {{0}};
        }
        const RouteTable table = table_of(rules);
        for (int i = 0; i < 50; ++i) {
            const RouteRequest asked{static_cast<AccountId>(random.below(3)), Address::normalise("1" + digits(7), 1),
                                     Address::normalise("1" + digits(2), 1)};
            const RuleId expected = expected_rule(rules, asked);
            RC_ASSERT(table.route(asked, {}, random.next()).rule == expected);
        }
        for (const auto dead : table.shadowed()) {
            // A rule called dead must make no difference when it goes.
            std::vector<RouteRule> others = rules;
            others[dead.rule].accounts = {99};
            const RouteTable without = table_of(others);
            for (int i = 0; i < 50; ++i) {
                const RouteRequest asked{static_cast<AccountId>(random.below(3)),
                                         Address::normalise("1" + digits(7), 1),
                                         Address::normalise("1" + digits(2), 1)};
                RC_ASSERT(table.route(asked, {}, 0).rule == without.route(asked, {}, 0).rule);
            }
        }
    }));
}

}  // namespace
}  // namespace sluice::routing
