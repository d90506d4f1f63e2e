#include "engine/routing/home.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::routing {

std::string_view to_string(HomeShare share) { return share == HomeShare::one ? "one" : "all"; }

std::string HomeRule::label(HomeRuleId id) const {
    return name.empty() ? fmt::format("home {}", id + 1) : fmt::format("home {} ({})", id + 1, name);
}

Result<HomeTable> HomeTable::compile(std::vector<HomeRule> rules, std::size_t accounts, std::size_t providers) {
    HomeTable table;
    table.rules_ = std::move(rules);
    for (HomeRuleId id = 0; id < table.rules_.size(); ++id) {
        HomeRule& rule = table.rules_[id];
        const auto wrong = [&](const std::string& what) { return fail(fmt::format("{}: {}", rule.label(id), what)); };
        if (rule.owners.empty() || rule.owners.size() > max_home_owners)
            return wrong(fmt::format("must name 1 to {} accounts", max_home_owners));
        for (std::size_t i = 0; i < rule.owners.size(); ++i) {
            if (rule.owners[i].account >= accounts) return wrong("names an account that does not exist");
            if (rule.owners[i].weight == 0) return wrong("gives an account the weight 0");
            for (std::size_t j = 0; j < i; ++j)
                if (rule.owners[i].account == rule.owners[j].account) return wrong("names an account twice");
        }
        if (std::ranges::any_of(rule.providers, [&](ProviderId provider) { return provider >= providers; }))
            return wrong("names a provider that does not exist");
        rule.to.finish();
        if (rule.for_the_rest()) table.for_the_rest_.push_back(id);
        else if (rule.keywords.empty()) table.by_number_.push_back(id);
        for (const std::string& keyword : rule.keywords) {
            std::vector<HomeRuleId>& its = table.by_keyword_[stable_key(keyword)];
            if (its.empty() || its.back() != id) its.push_back(id);
        }
    }
    return table;
}

bool HomeTable::matches(const HomeRule& rule, const HomeRequest& request) const {
    return (rule.providers.empty() || std::ranges::find(rule.providers, request.provider) != rule.providers.end()) &&
           (rule.to.empty() || rule.to.contains(request.destination));
}

HomeRuleId HomeTable::find(const HomeRequest& request) const {
    const auto first_of = [&](std::span<const HomeRuleId> ids, HomeRuleId before) {
        for (const HomeRuleId id : ids)
            if (id >= before) break;
            else if (matches(rules_[id], request)) return id;
        return before;
    };
    HomeRuleId found = no_home_rule;
    if (request.keyword != 0)
        if (const auto its = by_keyword_.find(request.keyword); its != by_keyword_.end())
            found = first_of(its->second, found);
    return first_of(by_number_, found);
}

HomeRuleId HomeTable::find_for_the_rest(const HomeRequest& request) const {
    for (const HomeRuleId id : for_the_rest_)
        if (matches(rules_[id], request)) return id;
    return no_home_rule;
}

HomeDecision HomeTable::decide(HomeRuleId id, const HomeRequest& request) const {
    const HomeRule& rule = rules_[id];
    HomeDecision decision;
    decision.by = HomeDecision::By::rule;
    decision.rule = id;
    if (rule.share == HomeShare::all) {
        for (const HomeOwner& owner : rule.owners) decision.accounts[decision.count++] = owner.account;
        return decision;
    }
    std::uint64_t total = 0;
    for (const HomeOwner& owner : rule.owners) total += owner.weight;
    auto lot =
        static_cast<std::uint64_t>((static_cast<unsigned __int128>(stable_key(request.source.text())) * total) >> 64);
    auto drawn = rule.owners.begin();
    while (lot >= drawn->weight) lot -= (drawn++)->weight;
    decision.accounts[decision.count++] = drawn->account;
    return decision;
}

}  // namespace sluice::routing
