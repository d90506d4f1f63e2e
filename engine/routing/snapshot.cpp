#include "engine/routing/snapshot.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace sluice::routing {
namespace {

/// Gives each item its place as its id and its name's key; the error names a name that is there twice.
template <class Item, class Id>
Result<void> enumerate(std::vector<Item>& items, std::string Item::*name, const char* what,
                    std::unordered_map<std::uint64_t, Id>& keys) {
    if (items.size() >= UINT16_MAX) return fail("more than 65534 of " + std::string(what));
    for (std::size_t i = 0; i < items.size(); ++i) {
        items[i].id = static_cast<Id>(i);
        items[i].key = stable_key(items[i].*name);
        if (!keys.emplace(items[i].key, items[i].id).second)
            return fail(std::string(what) + " '" + items[i].*name + "' is there twice");
    }
    return {};
}

Result<void> check_references(const std::vector<RouteRule>& rules, std::size_t accounts, std::size_t providers) {
    for (RuleId id = 0; id < rules.size(); ++id) {
        const RouteRule& rule = rules[id];
        if (std::ranges::any_of(rule.accounts, [&](AccountId account) { return account >= accounts; }))
            return fail(rule.label(id) + ": names an account that does not exist");
        if (std::ranges::any_of(rule.targets, [&](const RouteTarget& t) { return t.provider >= providers; }))
            return fail(rule.label(id) + ": names a provider that does not exist");
    }
    return {};
}

/// By place in `peers`: does anybody among `others` have another alphabet, or does the peer want parts in its own form?
template <class Peer, class Other>
std::vector<bool> conversions(const std::vector<Peer>& peers, const std::vector<Other>& others) {
    std::set<Alphabet> theirs;
    for (const Other& other : others) theirs.insert(other.text.default_alphabet);
    std::vector<bool> result;
    for (const Peer& peer : peers)
        result.push_back(peer.text.segmentation != Segmentation::as_is ||
                         std::ranges::any_of(theirs, [&](Alphabet a) { return a != peer.text.default_alphabet; }));
    return result;
}

/// Each number and prefix has one owner.
Result<PrefixIndex> index_numbers(const std::vector<Account>& accounts) {
    std::map<NumberPattern, AccountId> owners;
    for (const Account& account : accounts)
        for (const NumberPattern pattern : account.numbers)
            if (const auto [owner, added] = owners.emplace(pattern, account.id); !added && owner->second != account.id)
                return fail("number " + pattern.digits() + (pattern.is_exact() ? "" : "*") + " belongs to both '" +
                            accounts[owner->second].system_id + "' and '" + account.system_id + "'");

    std::vector<PrefixIndex::Entry> entries;
    for (const auto& [pattern, owner] : owners) entries.push_back({pattern, owner});
    return PrefixIndex(entries);
}

}  // namespace

Result<std::shared_ptr<const Snapshot>> Snapshot::compile(std::vector<Account> accounts,
                                                          std::vector<Provider> providers,
                                                          std::vector<RouteRule> rules,
                                                          std::vector<HomeRule> home_rules) {
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->accounts_ = std::move(accounts);
    snapshot->providers_ = std::move(providers);
    if (auto done = enumerate(snapshot->accounts_, &Account::system_id, "account", snapshot->account_keys_); !done)
        return std::unexpected(done.error());
    if (auto done = enumerate(snapshot->providers_, &Provider::name, "provider", snapshot->provider_keys_); !done)
        return std::unexpected(done.error());
    snapshot->account_converts_ = conversions(snapshot->accounts_, snapshot->providers_);
    for (const Account& account : snapshot->accounts_)  // receipts must be packed for it
        if (account.text.default_alphabet == Alphabet::gsm7_packed) snapshot->account_converts_[account.id] = true;
    snapshot->provider_converts_ = conversions(snapshot->providers_, snapshot->accounts_);
    if (auto done = check_references(rules, snapshot->accounts_.size(), snapshot->providers_.size()); !done)
        return std::unexpected(done.error());
    auto numbers = index_numbers(snapshot->accounts_);
    if (!numbers) return std::unexpected(numbers.error());
    snapshot->numbers_ = std::move(*numbers);
    std::vector<Prices> prices;
    for (const Provider& provider : snapshot->providers_) prices.push_back(provider.prices);
    auto routes = RouteTable::compile(std::move(rules), std::move(prices));
    if (!routes) return std::unexpected(routes.error());
    snapshot->routes_ = std::move(*routes);
    auto homes = HomeTable::compile(std::move(home_rules), snapshot->accounts_.size(), snapshot->providers_.size());
    if (!homes) return std::unexpected(homes.error());
    snapshot->homes_ = std::move(*homes);
    return snapshot;
}

const Account* Snapshot::find_account(std::string_view system_id) const {
    const Account* found = account_by_key(stable_key(system_id));
    return found != nullptr && found->system_id == system_id ? found : nullptr;
}

const Provider* Snapshot::find_provider(std::string_view name) const {
    const Provider* found = provider_by_key(stable_key(name));
    return found != nullptr && found->name == name ? found : nullptr;
}

const Account* Snapshot::account_by_key(std::uint64_t key) const {
    const auto found = account_keys_.find(key);
    return found == account_keys_.end() ? nullptr : &accounts_[found->second];
}

const Provider* Snapshot::provider_by_key(std::uint64_t key) const {
    const auto found = provider_keys_.find(key);
    return found == provider_keys_.end() ? nullptr : &providers_[found->second];
}

const Account* Snapshot::account_of_number(const Address& number) const {
    const std::uint32_t owner = numbers_.find(number.key());
    return owner == PrefixIndex::no_value ? nullptr : &accounts_[owner];
}

HomeDecision Snapshot::home(const HomeRequest& request) const {
    if (const HomeRuleId rule = homes_.find(request); rule != no_home_rule) return homes_.decide(rule, request);
    if (const Account* owner = account_of_number(request.destination)) {
        HomeDecision decision;
        decision.by = HomeDecision::By::number;
        decision.accounts[decision.count++] = owner->id;
        return decision;
    }
    const HomeRuleId rule = homes_.find_for_the_rest(request);
    return rule != no_home_rule ? homes_.decide(rule, request) : HomeDecision();
}

}  // namespace sluice::routing
