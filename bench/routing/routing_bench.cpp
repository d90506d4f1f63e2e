// What it costs to find a message's route: the search for the longest prefix alone, by PrefixIndex and by what it was
// chosen over; the whole RouteTable::route with normalisation; and compiling a table.
//
// Prefixes: `plan` are 2 to 9 digits, nested, as in a price list; `ported` are whole numbers in a few mobile ranges,
// as in a list of ported numbers. Destinations: `random` over everything, `skewed` where one in a thousand of the
// prefixes gets nine tenths of the traffic.

#include <benchmark/benchmark.h>

#include <map>
#include <string>

#include "bench/routing/alternatives.hpp"
#include "engine/base/random.hpp"
#include "engine/routing/route.hpp"

namespace sluice::routing {
namespace {

enum class Kind { plan, ported };
enum class Traffic { random, skewed };

std::string digits(Random& random, std::size_t count) {
    std::string text;
    while (count-- > 0) text += static_cast<char>('0' + random.below(10));
    return text;
}

using Prefixes = std::vector<std::pair<NumberPattern, std::uint32_t>>;

/// Made once for each kind and count, since the framework calls a benchmark several times to find its iterations.
const Prefixes& make_prefixes(Kind kind, std::size_t count) {
    static std::map<std::pair<Kind, std::size_t>, Prefixes> made;
    Prefixes& prefixes = made[{kind, count}];
    if (!prefixes.empty()) return prefixes;
    Random random(1);
    std::map<NumberPattern, std::uint32_t> distinct;
    while (distinct.size() < count) {
        const std::string text =
            kind == Kind::ported ? "4477" + digits(random, 8) : digits(random, 2 + random.below(8));
        distinct.emplace(*NumberPattern::prefix(text), static_cast<std::uint32_t>(random.below(50)));
    }
    prefixes.assign(distinct.begin(), distinct.end());
    return prefixes;
}

std::vector<std::string> make_numbers(const Prefixes& prefixes, Traffic traffic) {
    Random random(2);
    std::vector<std::string> numbers(1 << 16);
    const std::size_t hot = std::max<std::size_t>(1, prefixes.size() / 1000);
    for (std::string& number : numbers) {
        const bool often = traffic == Traffic::skewed && random.chance(0.9);
        const std::size_t choice = often ? random.below(hot) * (prefixes.size() / hot) : random.below(prefixes.size());
        number = prefixes[choice].first.digits();
        if (number.size() < 12) number += digits(random, 12 - number.size());
    }
    return numbers;
}

class Index {
public:
    explicit Index(const Prefixes& prefixes) {
        std::vector<PrefixIndex::Entry> entries;
        for (const auto& [pattern, value] : prefixes) entries.push_back({pattern, value});
        index_ = PrefixIndex(entries);
    }
    std::uint32_t find(NumberKey key) const { return index_.find(key); }
    std::size_t memory_bytes() const { return index_.memory_bytes(); }

private:
    PrefixIndex index_;
};

template <class Structure>
void search(benchmark::State& state, Kind kind, Traffic traffic) {
    const Prefixes& prefixes = make_prefixes(kind, static_cast<std::size_t>(state.range(0)));
    const Structure structure{prefixes};
    std::vector<NumberKey> keys;
    for (const std::string& number : make_numbers(prefixes, traffic))
        keys.push_back(Address::normalise(number, 1).key());
    std::size_t i = 0;
    std::uint32_t last = 0;
    for (auto _ : state) {
        // The next search waits for the last one's result, as one message's does: latency, not throughput.
        last = structure.find(keys[(i++ + (last & 1)) & (keys.size() - 1)]);
        benchmark::DoNotOptimize(last);
    }
    state.counters["bytes/prefix"] =
        static_cast<double>(structure.memory_bytes()) / static_cast<double>(prefixes.size());
}

std::vector<RouteRule> make_rules(const Prefixes& prefixes) {
    std::vector<RouteRule> rules(50);
    for (std::size_t i = 0; i < rules.size(); ++i) {
        rules[i].targets = {{static_cast<ProviderId>(i % 8)}, {static_cast<ProviderId>((i + 1) % 8), 2}};
    }
    for (const auto& [pattern, value] : prefixes) rules[value].destinations.push_back(pattern);
    return rules;
}

void route(benchmark::State& state, Kind kind, Traffic traffic) {
    const Prefixes& prefixes = make_prefixes(kind, static_cast<std::size_t>(state.range(0)));
    const RouteTable table = *RouteTable::compile(make_rules(prefixes));
    const std::vector<std::string> numbers = make_numbers(prefixes, traffic);
    const std::vector<Health> health(8, Health::up);
    Random random(3);
    std::size_t i = 0;
    for (auto _ : state) {
        const RouteRequest request{0, Address::normalise(numbers[i++ & (numbers.size() - 1)], 1),
                                   Address::normalise("Sluice", 5)};
        benchmark::DoNotOptimize(table.route(request, health, random.next()));
    }
}

constexpr std::size_t priced_providers = 10, price_list = 100'000;

/// One route to ten providers with a price list each; what `charging` and `weight` ask for on top.
void least_cost(benchmark::State& state, Traffic traffic, bool margin, std::uint8_t weight) {
    const Prefixes& prefixes = make_prefixes(Kind::plan, price_list);
    Random random(4);
    std::vector<Prices> prices;
    RouteRule rule;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < priced_providers; ++i) {
        std::vector<PriceTable::Row> rows;
        for (const auto& [pattern, value] : prefixes)
            rows.push_back({pattern, Money{static_cast<std::int64_t>(10'000 + random.below(50) * 500)}});
        prices.push_back({*PriceTable::compile(std::move(rows))});
        bytes += prices.back().table->memory_bytes();
        rule.targets.push_back({static_cast<ProviderId>(i)});
    }
    rule.price = Money{30'000};
    rule.quality_weight = weight;
    const RouteTable table = *RouteTable::compile({rule}, prices);
    const std::vector<std::string> numbers = make_numbers(prefixes, traffic);
    const std::vector<Health> health(priced_providers, Health::up);
    const std::vector<std::uint8_t> quality{97, 95, 80, 99, 100, 91, 98, 60, 96, 100};
    Charging charging;
    if (margin) charging.least_margin = Money{2000};
    std::size_t i = 0;
    for (auto _ : state) {
        RouteRequest request{0, Address::normalise(numbers[i++ & (numbers.size() - 1)], 1),
                             Address::normalise("Sluice", 5)};
        request.charging = &charging;
        request.quality = quality;
        benchmark::DoNotOptimize(table.route(request, health, random.next()));
    }
    state.counters["MiB"] = static_cast<double>(bytes) / (1 << 20);
}

void compile(benchmark::State& state, Kind kind) {
    const std::vector<RouteRule> rules = make_rules(make_prefixes(kind, static_cast<std::size_t>(state.range(0))));
    std::size_t bytes = 0;
    for (auto _ : state) {
        const auto table = RouteTable::compile(rules);
        bytes = table->memory_bytes();
        benchmark::DoNotOptimize(bytes);
    }
    state.counters["MiB"] = static_cast<double>(bytes) / (1 << 20);
}

void counts(benchmark::internal::Benchmark* bench) {
    for (const std::int64_t count : {10, 10'000, 1'000'000}) bench->Arg(count);
}

#define SLUICE_BENCH(function) \
    BENCHMARK_CAPTURE(function, plan/random, Kind::plan, Traffic::random)->Apply(counts); \
    BENCHMARK_CAPTURE(function, plan/skewed, Kind::plan, Traffic::skewed)->Apply(counts); \
    BENCHMARK_CAPTURE(function, ported/random, Kind::ported, Traffic::random)->Apply(counts); \
    BENCHMARK_CAPTURE(function, ported/skewed, Kind::ported, Traffic::skewed)->Apply(counts)

constexpr auto& prefix_index = search<Index>;
constexpr auto& sorted_array = search<alternatives::SortedArray>;
constexpr auto& bitmap_trie = search<alternatives::BitmapTrie>;
constexpr auto& interval_tree = search<alternatives::IntervalTree>;
SLUICE_BENCH(prefix_index);
SLUICE_BENCH(sorted_array);
SLUICE_BENCH(bitmap_trie);
SLUICE_BENCH(interval_tree);
SLUICE_BENCH(route);
BENCHMARK_CAPTURE(least_cost, prices/random, Traffic::random, false, 0);
BENCHMARK_CAPTURE(least_cost, prices/skewed, Traffic::skewed, false, 0);
BENCHMARK_CAPTURE(least_cost, prices_margin_quality/random, Traffic::random, true, 100);
BENCHMARK_CAPTURE(compile, plan, Kind::plan)->Arg(1'000'000)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(compile, ported, Kind::ported)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sluice::routing

BENCHMARK_MAIN();
