#include <fmt/format.h>

#include <algorithm>

#include "engine/routing/price.hpp"
#include "engine/routing/ranking.hpp"
#include "engine/routing/route.hpp"

namespace sluice::routing {
namespace {

std::string why_passed_over(const RouteRule& rule, const RouteRequest& request, std::span<const Account> accounts) {
    const auto name = [&](AccountId id) {
        return id < accounts.size() ? accounts[id].system_id : fmt::format("account {}", id);
    };
    if (!rule.accounts.empty() && std::ranges::find(rule.accounts, request.account) == rule.accounts.end()) {
        std::string names;
        for (const AccountId id : rule.accounts) names += (names.empty() ? "" : ", ") + name(id);
        return fmt::format("it is for {} only, this is {}", names, name(request.account));
    }
    if (rule.sources.empty() || std::ranges::any_of(rule.sources, [&](const SourcePattern& pattern) {
            return pattern.matches(request.source.text());
        }))
        return fmt::format("it is for {} only, there it is {}", rule.hours.of->text(),
                           rule.hours.of->local(request.at));
    std::string sources;
    for (const SourcePattern& source : rule.sources)
        sources += (sources.empty() ? "" : ", ") + source.text + (source.prefix ? "*" : "");
    return fmt::format("it is for messages from {} only, this is from '{}'", sources, request.source.text());
}

/// Why `target` comes after `before`, the one just ahead of it.
std::string why_after(const RouteTarget& target, Health health, const RouteTarget& before, Health health_before) {
    if (health != health_before) {
        if (health == Health::down) return "it has no bind; messages wait for it only if nobody else takes them";
        if (health == Health::capped) return "it has been sent all that it may be for now";
        return "it is throttled and those that are not go first";
    }
    if (target.priority != before.priority) return "a later priority";
    if (target.cost != before.cost) return "dearer";
    return "by lot, in proportion to the weights";
}

}  // namespace

std::vector<std::string> RouteTable::explain(const RouteRequest& request, HealthView health, std::uint64_t random,
                                             std::span<const Provider> providers,
                                             std::span<const Account> accounts) const {
    std::vector<std::string> lines;
    const RouteDecision decision = route(request, health, random);
    const std::string_view destination = request.destination.text();
    const std::string_view note =
        request.destination.numeric() ? "" : ", which is no number: only routes without a prefix can match";
    lines.push_back(fmt::format("destination '{}'{}", destination, note));

    for (std::uint32_t at = index_.find(request.destination.key()); at != PrefixIndex::no_value;) {
        const Chain& chain = chains_[at];
        const std::string where =
            chain.prefix_length == 0
                ? "for every destination"
                : fmt::format("for prefix {}", destination.substr(0, chain.prefix_length));
        for (const RuleId id : rules_of(chain)) {
            const RouteRule& rule = rules_[id];
            if (id == decision.rule) {
                lines.push_back(fmt::format("{}, {}{}, decides", rule.label(id), where,
                                            rule.hours.of ? ", in " + rule.hours.of->text() : ""));
                break;
            }
            lines.push_back(fmt::format("{}, {}, is passed over: {}", rule.label(id), where,
                                        why_passed_over(rule, request, accounts)));
        }
        if (decision.rule != no_rule && std::ranges::find(rules_of(chain), decision.rule) != rules_of(chain).end())
            break;
        at = chain.parent;
    }
    if (decision.outcome == RouteDecision::Outcome::no_route) {
        lines.push_back("no route matches");
        return lines;
    }
    const RouteRule& rule = rules_[decision.rule];
    if (decision.outcome == RouteDecision::Outcome::rejected) {
        const auto status = static_cast<std::uint32_t>(decision.reject_status);
        lines.push_back(fmt::format("it rejects the message with {} (0x{:08X})", smpp::name_of(decision.reject_status),
                                    status));
        return lines;
    }

    const auto name = [&](ProviderId id) {
        return id < providers.size() ? providers[id].name : fmt::format("provider {}", id);
    };
    const auto target_of = [&](ProviderId id) -> const RouteTarget& {
        return *std::ranges::find(rule.targets, id, &RouteTarget::provider);
    };
    /// As it stands among the others.
    const auto in_order = [&](ProviderId id) {
        RouteTarget target = target_of(id);
        target.cost = effective_cost(*cost_of(target, request.destination, request.at), quality_of(request.quality, id),
                                     rule.quality_weight);
        return target;
    };
    const std::optional<Money> most =
        request.charging != nullptr ? most_cost(*request.charging, rule) : std::nullopt;
    if (most)
        lines.push_back(fmt::format("a part may cost at most {}: the account pays {}, and {} must be left",
                                    to_string(*most), to_string(price_of_part(*request.charging, &rule)),
                                    to_string(*request.charging->least_margin)));
    for (std::size_t i = 0; i < decision.count; ++i) {
        const Money cost = *cost_of(target_of(decision.candidates[i]), request.destination, request.at);
        const RouteTarget target = in_order(decision.candidates[i]);
        const Health now = health_of(health, target.provider);
        std::string line = fmt::format("{}. {}: {}, priority {}, cost {}, weight {}", i + 1, name(target.provider),
                                       to_string(now), target.priority, to_string(cost), target.weight);
        if (rule.quality_weight != 0)
            line += fmt::format(", delivers {} %: as if it cost {}", quality_of(request.quality, target.provider),
                                to_string(target.cost));
        if (i > 0) {
            const RouteTarget before = in_order(decision.candidates[i - 1]);
            line += fmt::format("; after {}: {}", name(before.provider),
                                why_after(target, now, before, health_of(health, before.provider)));
        }
        lines.push_back(std::move(line));
    }
    for (const RouteTarget& target : rule.targets) {
        const std::optional<Money> cost = cost_of(target, request.destination, request.at);
        if (!cost)
            lines.push_back(
                fmt::format("left out: {}: its table has no price for this number now", name(target.provider)));
        else if (most && *cost > *most)
            lines.push_back(fmt::format("left out: {}: cost {}, too dear", name(target.provider), to_string(*cost)));
        else if (health_of(health, target.provider) == Health::excluded)
            lines.push_back(fmt::format("left out: {}: taken out of service", name(target.provider)));
    }
    if (decision.count == 0) lines.push_back("no provider is left");
    return lines;
}

}  // namespace sluice::routing
