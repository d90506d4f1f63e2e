#include <algorithm>
#include <tuple>
#include <unordered_map>

#include "engine/routing/route.hpp"

namespace sluice::routing {
namespace {

Result<void> check(const RouteRule& rule, RuleId id) {
    const auto wrong = [&](const std::string& what) { return fail(rule.label(id) + ": " + what); };
    if (rule.rejects) return {};
    if (rule.targets.empty()) return wrong("names no provider");
    if (rule.targets.size() > max_candidates)
        return wrong("has more than " + std::to_string(max_candidates) + " providers");
    for (std::size_t i = 0; i < rule.targets.size(); ++i) {
        if (rule.targets[i].weight == 0) return wrong("gives a provider the weight 0");
        for (std::size_t j = 0; j < i; ++j)
            if (rule.targets[i].provider == rule.targets[j].provider) return wrong("names a provider twice");
    }
    return {};
}

}  // namespace

/// Finds, for every prefix that some rule has, the chain of rules to be asked there.
class RouteTable::Compiler {
public:
    explicit Compiler(RouteTable& table) : table_(table) {}

    void run() {
        const std::vector<Entry> entries = sorted_entries();
        std::vector<PrefixIndex::Entry> prefixes;
        std::vector<PrefixIndex::Entry> enclosing;  // the prefixes around the current one, each within the one before
        ChainText wanted;
        for (std::size_t i = 0; i < entries.size();) {
            const NumberPattern pattern = entries[i].pattern;
            wanted.rules.clear();
            for (; i < entries.size() && entries[i].pattern == pattern; ++i) wanted.rules.push_back(entries[i].rule);
            while (!enclosing.empty() && enclosing.back().pattern.last() < pattern.first()) enclosing.pop_back();
            wanted.parent = enclosing.empty() ? PrefixIndex::no_value : enclosing.back().value;
            wanted.length = pattern.length();
            enclosing.push_back({pattern, intern(wanted)});
            prefixes.push_back(enclosing.back());
        }
        table_.index_ = PrefixIndex(prefixes);
    }

private:
    struct Entry {
        NumberPattern pattern;
        RuleId rule;
        friend auto operator<=>(const Entry&, const Entry&) = default;
    };
    struct ChainText {
        std::uint32_t parent = PrefixIndex::no_value;
        std::uint32_t length = 0;
        std::vector<RuleId> rules;
        friend bool operator==(const ChainText&, const ChainText&) = default;
    };
    struct ChainHash {
        std::size_t operator()(const ChainText& chain) const {
            std::uint64_t hash = (std::uint64_t{chain.parent} << 8) ^ chain.length;
            for (const RuleId rule : chain.rules) hash = (hash ^ rule) * 0x9E3779B97F4A7C15u;
            return hash ^ (hash >> 32);
        }
    };

    std::vector<Entry> sorted_entries() {
        std::vector<Entry> entries;
        for (RuleId id = 0; id < table_.rules_.size(); ++id) {
            std::vector<NumberPattern>& destinations = table_.rules_[id].destinations;
            if (destinations.empty()) entries.push_back({NumberPattern(), id});
            for (const NumberPattern pattern : destinations) entries.push_back({pattern, id});
            destinations = {};
        }
        std::ranges::sort(entries);
        entries.erase(std::ranges::unique(entries).begin(), entries.end());
        return entries;
    }

    /// The number of a chain, which is stored if it is new.
    std::uint32_t intern(const ChainText& chain) {
        const auto [known, added] = known_.try_emplace(chain, static_cast<std::uint32_t>(table_.chains_.size()));
        if (added) {
            table_.chains_.push_back({static_cast<std::uint32_t>(table_.chain_rules_.size()),
                                      static_cast<std::uint32_t>(chain.rules.size()), chain.parent, chain.length});
            table_.chain_rules_.insert(table_.chain_rules_.end(), chain.rules.begin(), chain.rules.end());
        }
        return known->second;
    }

    RouteTable& table_;
    std::unordered_map<ChainText, std::uint32_t, ChainHash> known_;
};

Result<RouteTable> RouteTable::compile(std::vector<RouteRule> rules, std::vector<Prices> prices) {
    RouteTable table;
    table.rules_ = std::move(rules);
    table.prices_ = std::move(prices);
    for (RuleId id = 0; id < table.rules_.size(); ++id) {
        RouteRule& rule = table.rules_[id];
        if (auto checked = check(rule, id); !checked) return std::unexpected(checked.error());
        std::ranges::sort(rule.targets, {}, [](const RouteTarget& target) {
            return std::tuple(target.priority, target.cost, target.provider);
        });
        table.weighs_quality_ = table.weighs_quality_ || rule.quality_weight != 0;
        table.asks_source_ = table.asks_source_ || !rule.sources.empty();
        rule.conditional = !rule.accounts.empty() || !rule.sources.empty() || rule.hours.of;
        rule.priced = std::ranges::any_of(rule.targets, [&](const RouteTarget& target) {
            return target.provider < table.prices_.size() && table.prices_[target.provider].table;
        });
    }
    Compiler(table).run();
    return table;
}

}  // namespace sluice::routing
