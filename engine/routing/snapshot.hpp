#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/routing/account.hpp"
#include "engine/routing/home.hpp"
#include "engine/routing/prefix_index.hpp"
#include "engine/routing/provider.hpp"
#include "engine/routing/route.hpp"

namespace sluice::routing {

/// Everything the configuration says about peers and routes, compiled once, handed to every shard, immutable until the
/// next one replaces it.
class Snapshot {
public:
    /// Gives ids and keys to accounts and providers (their places in the vectors). Errors name what is wrong: a name
    /// twice, a number that two accounts have, a rule with a provider or account that does not exist.
    static Result<std::shared_ptr<const Snapshot>> compile(std::vector<Account> accounts,
                                                           std::vector<Provider> providers,
                                                           std::vector<RouteRule> rules,
                                                           std::vector<HomeRule> homes = {});

    const std::vector<Account>& accounts() const { return accounts_; }
    const std::vector<Provider>& providers() const { return providers_; }
    const RouteTable& routes() const { return routes_; }
    const HomeTable& homes() const { return homes_; }

    const Account* find_account(std::string_view system_id) const;
    const Provider* find_provider(std::string_view name) const;
    /// By what is on disk; null when the configuration has lost it.
    const Account* account_by_key(std::uint64_t key) const;
    const Provider* provider_by_key(std::uint64_t key) const;
    /// Whether a message to this peer may need its text converted: some peer on the other side has another default
    /// alphabet, or this one wants long messages in a form of its own. Where not, nobody need look at text.
    bool converts_for(const Account& account) const { return account_converts_[account.id]; }
    bool converts_for(const Provider& provider) const { return provider_converts_[provider.id]; }
    /// Whose number this is: the account with the exact number, else the one with the longest prefix; null for nobody.
    const Account* account_of_number(const Address& number) const;
    /// Whose a mobile-originated message is.
    HomeDecision home(const HomeRequest& request) const;
    /// The same in words, a line each: which rules were passed over and why, and which decided. `keyword` is the text
    /// that `request.keyword` is the key of.
    std::vector<std::string> explain_home(const HomeRequest& request, std::string_view keyword) const;

private:
    std::vector<Account> accounts_;
    std::vector<Provider> providers_;
    std::vector<bool> account_converts_;
    std::vector<bool> provider_converts_;
    RouteTable routes_;
    HomeTable homes_;
    PrefixIndex numbers_;
    std::unordered_map<std::uint64_t, AccountId> account_keys_;
    std::unordered_map<std::uint64_t, ProviderId> provider_keys_;
};

}  // namespace sluice::routing
