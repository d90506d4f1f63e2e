#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/routing/account.hpp"
#include "engine/routing/number_set.hpp"
#include "engine/routing/provider.hpp"

/// Whose a mobile-originated message is. Rules with numbers or keywords are asked first, in the
/// order they were written; then the numbers of the accounts (Snapshot::account_of_number); then
/// the rules without either, which are for what is left.
namespace sluice::routing {

using HomeRuleId = std::uint32_t;
inline constexpr HomeRuleId no_home_rule = UINT32_MAX;
inline constexpr std::size_t max_home_owners = 8;

struct HomeOwner {
    AccountId account = no_account;
    std::uint32_t weight = 1;  ///< 1 to 1'000'000
    friend bool operator==(const HomeOwner&, const HomeOwner&) = default;
};

/// What several owners get.
enum class HomeShare : std::uint8_t {
    all,  ///< a copy each
    /// One of them gets it, by the sender's number and the weights: a sender always reaches the same one, so that the
    /// parts of a long message and the turns of a conversation stay together.
    one,
};
std::string_view to_string(HomeShare share);

struct HomeRule {
    std::string name;                    ///< for people; may be empty
    NumberSet to;                        ///< empty: every number
    std::vector<ProviderId> providers;   ///< that bring it; empty: every provider
    std::vector<std::string> keywords;   ///< as `keyword_of` has them; empty: every text
    std::vector<HomeOwner> owners;       ///< 1 to max_home_owners, all different
    HomeShare share = HomeShare::all;

    bool for_the_rest() const { return to.empty() && keywords.empty(); }
    std::string label(HomeRuleId id) const;  ///< "home 3 (name)", counted from 1
    friend bool operator==(const HomeRule&, const HomeRule&) = default;
};

struct HomeRequest {
    ProviderId provider = no_provider;  ///< no_provider: the configuration has lost it
    Address destination;
    Address source;
    std::string word;                   ///< `keyword_of` its text; empty: there is none, or nobody asks
    std::uint64_t keyword = 0;          ///< stable_key of that; 0: there is none
};

struct HomeDecision {
    enum class By : std::uint8_t { nobody, rule, number };
    By by = By::nobody;
    HomeRuleId rule = no_home_rule;
    std::uint8_t count = 0;
    std::array<AccountId, max_home_owners> accounts{};

    std::span<const AccountId> owners() const { return {accounts.data(), count}; }
};

/// Immutable once compiled. Rules with keywords are found by hash; those with numbers alone are asked one by one, so
/// that the owners of very many numbers belong into `Account::numbers`.
class HomeTable {
public:
    HomeTable() = default;
    /// Errors name the rule.
    static Result<HomeTable> compile(std::vector<HomeRule> rules, std::size_t accounts, std::size_t providers);

    /// Some rule wants to know the keyword.
    bool wants_keyword() const { return !by_keyword_.empty(); }
    /// The first rule with numbers or keywords that matches, or no_home_rule.
    HomeRuleId find(const HomeRequest& request) const;
    /// The first of the rules for what is left.
    HomeRuleId find_for_the_rest(const HomeRequest& request) const;
    /// Those that get it by that rule.
    HomeDecision decide(HomeRuleId rule, const HomeRequest& request) const;

    const std::vector<HomeRule>& rules() const { return rules_; }

private:
    bool matches(const HomeRule& rule, const HomeRequest& request) const;

    std::vector<HomeRule> rules_;
    std::unordered_map<std::uint64_t, std::vector<HomeRuleId>> by_keyword_;
    std::vector<HomeRuleId> by_number_;  ///< those without keywords
    std::vector<HomeRuleId> for_the_rest_;
};

}  // namespace sluice::routing
