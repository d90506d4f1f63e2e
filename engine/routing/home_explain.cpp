#include <fmt/format.h>

#include <algorithm>

#include "engine/routing/snapshot.hpp"

namespace sluice::routing {
namespace {

std::string why_passed_over(const HomeRule& rule, const HomeRequest& request, std::string_view keyword,
                            const std::vector<Provider>& providers) {
    if (!rule.providers.empty() && std::ranges::find(rule.providers, request.provider) == rule.providers.end()) {
        std::string names;
        for (const ProviderId id : rule.providers) names += (names.empty() ? "" : ", ") + providers[id].name;
        return fmt::format("it is for messages that come from {} only", names);
    }
    if (!rule.to.empty() && !rule.to.contains(request.destination))
        return fmt::format("'{}' is not among its numbers", request.destination.text());
    return keyword.empty() ? "the text has no first word" : fmt::format("'{}' is none of its keywords", keyword);
}

}  // namespace

std::vector<std::string> Snapshot::explain_home(const HomeRequest& request, std::string_view keyword) const {
    const HomeDecision decision = home(request);
    std::vector<std::string> lines{fmt::format("to '{}', keyword '{}'", request.destination.text(), keyword)};
    const auto owners = [&] {
        std::string names;
        for (const AccountId id : decision.owners()) names += (names.empty() ? "" : ", ") + accounts_[id].system_id;
        return names;
    };
    const auto pass = [&](bool for_the_rest) {
        for (HomeRuleId id = 0; id < homes_.rules().size(); ++id) {
            const HomeRule& rule = homes_.rules()[id];
            if (rule.for_the_rest() != for_the_rest) continue;
            if (id == decision.rule) {
                lines.push_back(fmt::format("{} decides: {}{}", rule.label(id), owners(),
                                            rule.share == HomeShare::all ? "" : ", by the sender's number"));
                return true;
            }
            lines.push_back(fmt::format("{} is passed over: {}", rule.label(id),
                                        why_passed_over(rule, request, keyword, providers_)));
        }
        return false;
    };
    if (pass(false)) return lines;
    if (decision.by == HomeDecision::By::number) {
        lines.push_back(fmt::format("the numbers of account {} decide", owners()));
        return lines;
    }
    lines.emplace_back("no account has the number");
    if (!pass(true)) lines.emplace_back("it is nobody's: it is kept until somebody has a claim to it");
    return lines;
}

}  // namespace sluice::routing
