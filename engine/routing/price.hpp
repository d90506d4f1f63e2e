#pragma once

#include "engine/routing/account.hpp"
#include "engine/routing/route.hpp"

namespace sluice::routing {

/// What a part costs where neither the account nor its route says: one credit.
inline constexpr Money standard_price = Money::of(1);

/// What each part of a message costs its account: the account's own price, else that of the rule which routes it. It holds
/// for the message's life, whichever provider carries it in the end.
inline Money price_of_part(const Account& account, const RouteTable& routes, const RouteDecision& decision) {
    if (account.charging.price) return *account.charging.price;
    if (decision.rule == no_rule) return standard_price;  // a trigger has chosen a provider, and no rule matches
    const std::optional<Money>& price = routes.rules()[decision.rule].price;
    return price ? *price : standard_price;
}

}  // namespace sluice::routing
