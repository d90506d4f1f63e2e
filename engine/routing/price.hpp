#pragma once

#include "engine/routing/account.hpp"
#include "engine/routing/route.hpp"

namespace sluice::routing {

/// What a part costs where neither the account nor its route says: one credit.
inline constexpr Money standard_price = Money::of(1);

/// What each part of a message costs its account: the account's own price, else that of the rule which routes it. It holds
/// for the message's life, whichever provider carries it in the end.
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

}  // namespace sluice::routing
