#include "engine/gateway/found_accounts.hpp"

#include <algorithm>

namespace sluice::gateway {

using routing::NumberPattern;

void FoundAccounts::clear() {
    accounts_.clear();
    numbers_.clear();
}

std::string FoundAccounts::put(PartyId id, std::shared_ptr<const routing::Account> account) {
    auto& known = accounts_[id];
    if (known)
        for (const NumberPattern number : known->numbers)
            if (const auto at = numbers_.find(number.first()); at != numbers_.end() && at->second == id)
                numbers_.erase(at);
    known = std::move(account);
    std::string taken;
    for (const NumberPattern number : known->numbers) {
        const PartyId owner = numbers_.emplace(number.first(), id).first->second;
        if (owner != id)
            taken += (taken.empty() ? "" : ", ") + number.digits() + " of " + accounts_.find(owner)->second->system_id;
    }
    return taken;
}

PartyId FoundAccounts::of_number(const routing::Address& number) const {
    if (numbers_.empty() || !number.numeric()) return 0;
    const auto find = [this](std::optional<NumberPattern> pattern) -> PartyId {
        const auto at = pattern ? numbers_.find(pattern->first()) : numbers_.end();
        return at != numbers_.end() ? at->second : 0;
    };
    if (const PartyId exact = find(NumberPattern::exact(number.text()))) return exact;
    for (std::size_t digits = std::min(number.text().size(), NumberPattern::max_digits); digits > 0; --digits)
        if (const PartyId by_prefix = find(NumberPattern::prefix(number.text().substr(0, digits)))) return by_prefix;
    return 0;
}

}  // namespace sluice::gateway
