#include "engine/routing/route.hpp"

#include <algorithm>
#include <tuple>

#include "engine/routing/price.hpp"
#include "engine/routing/ranking.hpp"

namespace sluice::routing {
namespace {

/// Whenever the conditions of `b` hold, those of `a` hold.
bool covers(const RouteRule& a, const RouteRule& b) {
    const bool accounts = a.accounts.empty() ||
                          (!b.accounts.empty() && std::ranges::all_of(b.accounts, [&](AccountId account) {
                              return std::ranges::find(a.accounts, account) != a.accounts.end();
                          }));
    const auto source_covered = [&](const SourcePattern& inner) {
        return std::ranges::any_of(a.sources, [&](const SourcePattern& outer) {
            return outer.prefix ? inner.text.starts_with(outer.text) : !inner.prefix && inner.text == outer.text;
        });
    };
    const bool sources = a.sources.empty() || (!b.sources.empty() && std::ranges::all_of(b.sources, source_covered));
    return accounts && sources && a.hours.cover(b.hours);
}

}  // namespace

std::string_view to_string(Health health) {
    switch (health) {
        case Health::up: return "up";
        case Health::throttled: return "throttled";
        case Health::capped: return "at its cap";
        case Health::down: return "down";
        case Health::excluded: return "excluded";
    }
    return "?";
}

std::string_view to_string(RouteDecision::Outcome outcome) {
    switch (outcome) {
        case RouteDecision::Outcome::routed: return "routed";
        case RouteDecision::Outcome::rejected: return "rejected";
        case RouteDecision::Outcome::no_route: return "no route";
        case RouteDecision::Outcome::unavailable: return "unavailable";
        case RouteDecision::Outcome::unpriced: return "unpriced";
        case RouteDecision::Outcome::unprofitable: return "unprofitable";
    }
    return "?";
}

bool RouteRule::conditions_hold(AccountId account, std::string_view source, WallTime at) const {
    if (!accounts.empty() && std::ranges::find(accounts, account) == accounts.end()) return false;
    if (!sources.empty() &&
        std::ranges::none_of(sources, [&](const SourcePattern& pattern) { return pattern.matches(source); }))
        return false;
    return hours.contain(at);
}

std::string RouteRule::label(RuleId id) const {
    return "route " + std::to_string(id + 1) + (name.empty() ? "" : " (" + name + ")");
}

RouteDecision RouteTable::route(const RouteRequest& request, HealthView health, std::uint64_t random) const {
    std::uint32_t at = index_.find(request.destination.key());
    while (at != PrefixIndex::no_value) {
        const Chain& chain = chains_[at];
        for (const RuleId id : rules_of(chain)) {
            const RouteRule& rule = rules_[id];
            if (rule.conditional && !rule.conditions_hold(request.account, request.source.text(), request.at)) continue;
            RouteDecision decision;
            decision.rule = id;
            if (rule.rejects) {
                decision.outcome = RouteDecision::Outcome::rejected;
                decision.reject_status = rule.reject_status;
                return decision;
            }
            if (rule.priced || rule.quality_weight != 0 ||
                (request.charging != nullptr && request.charging->least_margin)) {
                rank_affordable(rule, request, health, random, decision);
                return decision;
            }
            decision.count = rank(rule.targets, health, random, decision.candidates);
            decision.outcome =
                decision.count > 0 ? RouteDecision::Outcome::routed : RouteDecision::Outcome::unavailable;
            return decision;
        }
        at = chain.parent;
    }
    return {};
}

std::optional<Money> RouteTable::cost_of(const RouteTarget& target, const Address& destination, WallTime at) const {
    if (target.provider >= prices_.size() || !prices_[target.provider].table) return target.cost;
    return prices_[target.provider].table->find(destination, at);
}

void RouteTable::rank_affordable(const RouteRule& rule, const RouteRequest& request, HealthView health,
                                 std::uint64_t random, RouteDecision& decision) const {
    const std::optional<Money> most = request.charging != nullptr ? most_cost(*request.charging, rule) : std::nullopt;
    decision.outcome = RouteDecision::Outcome::unpriced;
    std::array<RouteTarget, max_candidates> targets;
    std::size_t count = 0;
    const auto key = [](const RouteTarget& target) {
        return std::tuple(target.priority, target.cost, target.provider);  // as in compile()
    };
    for (const RouteTarget& target : rule.targets) {
        const std::optional<Money> cost = cost_of(target, request.destination, request.at);
        if (!cost) continue;
        decision.outcome = RouteDecision::Outcome::unprofitable;
        if (most && *cost > *most) continue;
        RouteTarget priced = target;
        priced.cost = effective_cost(*cost, quality_of(request.quality, target.provider), rule.quality_weight);
        std::size_t at = count++;
        for (; at > 0 && key(priced) < key(targets[at - 1]); --at) targets[at] = targets[at - 1];
        targets[at] = priced;
    }
    if (count == 0) return;
    decision.count = rank({targets.data(), count}, health, random, decision.candidates);
    decision.outcome = decision.count > 0 ? RouteDecision::Outcome::routed : RouteDecision::Outcome::unavailable;
}

std::vector<RouteTable::Shadowed> RouteTable::shadowed() const {
    std::vector<Shadowed> verdicts(rules_.size());
    std::vector<bool> alive(rules_.size(), false);
    for (const Chain& chain : chains_) {
        const auto rules = rules_of(chain);
        for (std::size_t i = 0; i < rules.size(); ++i) {
            if (alive[rules[i]]) continue;
            const auto earlier = rules.first(i);
            const auto by = std::ranges::find_if(
                earlier, [&](RuleId other) { return covers(rules_[other], rules_[rules[i]]); });
            if (by == earlier.end()) alive[rules[i]] = true;
            else verdicts[rules[i]] = {rules[i], *by};
        }
    }
    std::vector<Shadowed> dead;
    for (RuleId id = 0; id < rules_.size(); ++id)
        if (!alive[id] && verdicts[id].rule != no_rule) dead.push_back(verdicts[id]);
    return dead;
}

std::size_t RouteTable::memory_bytes() const {
    return index_.memory_bytes() + chains_.capacity() * sizeof(Chain) + chain_rules_.capacity() * sizeof(RuleId);
}

}  // namespace sluice::routing
