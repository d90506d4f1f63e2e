#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/money.hpp"
#include "engine/base/result.hpp"
#include "engine/base/time.hpp"
#include "engine/routing/active_hours.hpp"
#include "engine/routing/address.hpp"
#include "engine/routing/prefix_index.hpp"
#include "engine/routing/provider.hpp"
#include "engine/routing/source_pattern.hpp"

/// Which providers may carry a message, best first.
///
/// The rules of the longest destination prefix are asked first, in the order they were written; the first whose
/// account, source and hours fit decides. When none holds, the next shorter prefix is asked, down to the empty one.
namespace sluice::routing {

using RuleId = std::uint32_t;
inline constexpr RuleId no_rule = UINT32_MAX;
inline constexpr std::size_t max_candidates = 16;

struct RouteTarget {
    ProviderId provider = no_provider;
    std::uint16_t priority = 1;      ///< the lowest that is up is used first
    Money cost;                      ///< the cheapest first among equal priorities; that of the provider's table,
                                     ///< where it has one, comes before it
    std::uint32_t weight = 1;        ///< share of the messages among equal priorities and costs; 1 to 1'000'000
    friend bool operator==(const RouteTarget&, const RouteTarget&) = default;
};

struct RouteRule {
    std::string name;                        ///< for people; may be empty
    std::vector<NumberPattern> destinations; ///< empty: every destination
    std::vector<SourcePattern> sources;      ///< empty: every source
    std::vector<AccountId> accounts;         ///< empty: every account
    Hours hours;                             ///< when it applies
    std::vector<RouteTarget> targets;        ///< 1 to max_candidates, unless `rejects`
    bool rejects = false;
    smpp::CommandStatus reject_status{};     ///< what the customer is told where `rejects`
    std::optional<Money> price;              ///< what a part costs the account; see price.hpp
    std::uint8_t quality_weight = 0;         ///< in percent: how much failures count in the order, see price.hpp
    bool priced = false;                     ///< some provider has a price table; set by RouteTable::compile
    bool conditional = false;                ///< has accounts, sources or hours; likewise

    bool conditions_hold(AccountId account, std::string_view source, WallTime at) const;
    std::string label(RuleId id) const;      ///< "route 3 (name)", counted from 1 as people do

    friend bool operator==(const RouteRule&, const RouteRule&) = default;
};

/// How a provider is now, as the shards see it.
enum class Health : std::uint8_t {
    up,
    throttled,  ///< bound, but its queue is not moving as it should: others first
    capped,     ///< it has had all that it may have in this hour or day: messages wait for the next one, or for others
    down,       ///< no bind: it comes last, so that messages wait for it when nobody else can take them
    excluded,   ///< taken out of service by the operator
};
std::string_view to_string(Health health);

/// Indexed by ProviderId; a provider beyond its end counts as up.
using HealthView = std::span<const Health>;
/// Indexed by ProviderId: of the messages that it took lately, the share that was delivered, in percent, 1 to 100; of a
/// provider beyond its end 100. See DeliveryCount.
using QualityView = std::span<const std::uint8_t>;

struct RouteRequest {
    AccountId account = no_account;
    Address destination;
    Address source;                      ///< may be left empty where no rule asks for it: RouteTable::asks_source
    const Charging* charging = nullptr;  ///< of the account: what must be left of its price; none: nothing
    WallTime at{};                       ///< when it would leave
    QualityView quality;                 ///< for rules that weigh it
};

struct RouteDecision {
    enum class Outcome : std::uint8_t {
        routed,        ///< at least one candidate
        rejected,      ///< a rule says no, with `reject_status`
        no_route,      ///< no rule matches
        unavailable,   ///< a rule matches, but all its providers are excluded
        unpriced,      ///< a rule matches, but no provider of it has a price for the destination
        unprofitable,  ///< a rule matches, but all providers that have one are too dear for what the account pays
    };
    Outcome outcome = Outcome::no_route;
    std::uint8_t count = 0;
    std::array<ProviderId, max_candidates> candidates{};  ///< best first
    RuleId rule = no_rule;
    smpp::CommandStatus reject_status{};

    std::span<const ProviderId> providers() const { return {candidates.data(), count}; }
};
std::string_view to_string(RouteDecision::Outcome outcome);

/// Immutable once compiled; any number of threads may ask it.
class RouteTable {
public:
    RouteTable() = default;
    /// Rules in the order they were written. Errors name the rule. The table keeps the rules without their
    /// destinations, which are in its index.
    /// `prices` by ProviderId; a provider beyond its end has no table.
    static Result<RouteTable> compile(std::vector<RouteRule> rules, std::vector<Prices> prices = {});

    /// Allocates nothing. `random`: 64 fresh random bits, which decide among equal candidates by weight.
    RouteDecision route(const RouteRequest& request, HealthView health, std::uint64_t random) const;

    /// The same decision in words, a line each: what matched, which rules were passed over and why, the candidates and
    /// why each stands where it stands. For people; slow.
    std::vector<std::string> explain(const RouteRequest& request, HealthView health, std::uint64_t random,
                                     std::span<const Provider> providers, std::span<const Account> accounts) const;

    const std::vector<RouteRule>& rules() const { return rules_; }
    /// Some rule asks how well providers deliver.
    bool weighs_quality() const { return weighs_quality_; }
    /// Some rule asks where messages come from.
    bool asks_source() const { return asks_source_; }
    /// What a part to `destination` costs by this target at that time; nothing where the provider's table has no price
    /// for it.
    std::optional<Money> cost_of(const RouteTarget& target, const Address& destination, WallTime at) const;
    /// Rules that can never decide, each with an earlier rule that decides in its place.
    struct Shadowed {
        RuleId rule = no_rule;
        RuleId by = no_rule;
    };
    std::vector<Shadowed> shadowed() const;
    std::size_t memory_bytes() const;  ///< of the look-up structure, without the rules themselves

private:
    /// The rules to be asked for one place among the prefixes, in order: those of its longest prefix, then the chain of
    /// the next shorter one. Equal chains are stored once, so a million prefixes of one rule cost one chain.
    struct Chain {
        std::uint32_t first_rule = 0;  ///< in chain_rules_
        std::uint32_t rule_count = 0;
        std::uint32_t parent = PrefixIndex::no_value;
        std::uint32_t prefix_length = 0;
    };
    class Compiler;

    std::span<const RuleId> rules_of(const Chain& chain) const {
        return {chain_rules_.data() + chain.first_rule, chain.rule_count};
    }

    /// Candidates where prices depend on the destination, where there is a margin to be kept, or where quality counts:
    /// those that have a price and are not too dear, the cheapest first among equal priorities.
    void rank_affordable(const RouteRule& rule, const RouteRequest& request, HealthView health, std::uint64_t random,
                         RouteDecision& decision) const;

    std::vector<RouteRule> rules_;
    std::vector<Prices> prices_;  ///< by ProviderId
    std::vector<Chain> chains_;
    std::vector<RuleId> chain_rules_;
    PrefixIndex index_;
    bool weighs_quality_ = false;
    bool asks_source_ = false;
};

}  // namespace sluice::routing
