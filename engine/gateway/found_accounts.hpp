#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "engine/gateway/message.hpp"
#include "engine/routing/account.hpp"

namespace sluice::gateway {

/// The accounts that the directory has found, and whose numbers they have. One shard's; all go with one snapshot.
class FoundAccounts {
public:
    bool contains(PartyId id) const { return accounts_.contains(id); }
    void clear();
    /// In the place of what it was before. A number that another one has
    /// stays with that; the result names them, for people.
    std::string put(PartyId id, std::shared_ptr<const routing::Account> account);
    /// Whose number it is: the exact one's, else the longest prefix's; 0 for none of them.
    PartyId of_number(const routing::Address& number) const;
    template <class Visit>
    void for_each(Visit&& visit) const {
        for (const auto& [id, account] : accounts_) visit(*account);
    }

private:
    std::unordered_map<PartyId, std::shared_ptr<const routing::Account>> accounts_;
    std::unordered_map<routing::NumberKey, PartyId> numbers_;  ///< by NumberPattern::first, which no two patterns share
};

}  // namespace sluice::gateway
