#include "engine/gateway/party.hpp"

namespace sluice::gateway {

Result<void> check_parties(const routing::Snapshot& snapshot) {
    std::unordered_map<PartyId, std::string> names;
    const auto add = [&](PartyId id, const std::string& name) -> Result<void> {
        const auto [found, added] = names.emplace(id, name);
        if (!added) return fail("the names " + found->second + " and " + name + " cannot be told apart; rename one");
        return {};
    };
    if (auto added = add(nobody, "of nobody"); !added) return added;
    for (const routing::Account& account : snapshot.accounts())
        if (auto added = add(party_of(account), "account " + account.system_id); !added) return added;
    for (const routing::Provider& provider : snapshot.providers())
        if (auto added = add(party_of(provider), "provider " + provider.name); !added) return added;
    return {};
}

AccountShared& AccountsShared::of(PartyId account) {
    const std::lock_guard lock(mutex_);
    auto& slot = accounts_[account];
    if (!slot) slot = std::make_unique<AccountShared>();
    return *slot;
}

}  // namespace sluice::gateway
