#pragma once

#include "engine/routing/account.hpp"
#include "engine/routing/route.hpp"

namespace sluice::routing {

/// What a part costs where neither the account nor its route says: one credit.
inline constexpr Money standard_price = Money::of(1);

/// What each part of a message costs its account: the account's own price, else that of the rule which routes it. It
/// holds for the message's life, whichever provider carries it in the end.
inline Money price_of_part(const Charging& charging, const RouteRule* rule) {
    if (charging.price) return *charging.price;
    return rule != nullptr && rule->price ? *rule->price : standard_price;
}
inline Money price_of_part(const Account& account, const RouteTable& routes, const RouteDecision& decision) {
    // No rule: a trigger has chosen a provider, and none matches.
    return price_of_part(account.charging, decision.rule == no_rule ? nullptr : &routes.rules()[decision.rule]);
}

/// The most that a provider may ask for a part; nothing where anything will do.
inline std::optional<Money> most_cost(const Charging& charging, const RouteRule& rule) {
    if (!charging.least_margin) return std::nullopt;
    return price_of_part(charging, &rule) - *charging.least_margin;
}

/// What a part costs for the order of providers: with failures weighed in. Who delivers `percent` of a hundred parts
/// costs cost * 100 / percent for each that arrives; `weight` percent of the difference counts.
inline Money effective_cost(Money cost, unsigned percent, unsigned weight) {
    if (weight == 0 || percent >= 100) return cost;
    const auto failures = static_cast<__int128>(cost.micros) * (100 - percent) * weight / (percent * 100);
    return {cost.micros + static_cast<std::int64_t>(failures)};
}
inline unsigned quality_of(QualityView quality, ProviderId provider) {
    return provider < quality.size() ? quality[provider] : 100;
}

}  // namespace sluice::routing
