#include <algorithm>

#include "codecs/smpp/values.hpp"
#include "engine/admin/utc_text.hpp"
#include "engine/app/admin_api.hpp"
#include "engine/app/admin_json.hpp"
#include "engine/app/admin_shards.hpp"
#include "engine/app/admin_views.hpp"
#include "engine/routing/keyword.hpp"

namespace sluice::app {

namespace {

struct Unowned {
    std::uint64_t count = 0;
    std::vector<gateway::Unowned::Item> list;
};

}  // namespace

HttpResponse AdminApi::unowned(const HttpRequest& request) {
    const auto limit = limit_of(request);
    if (!limit) return limit.error();
    Unowned all;
    for (std::size_t shard = 0; shard < gateway_.shards(); ++shard) {
        auto view = ask_slowly<Unowned>(gateway_, shard, [limit = *limit](gateway::Shard& its, const auto& answer) {
            gateway::Unowned& unowned = its.unowned();
            unowned.list(limit, [answer, count = unowned.count()](auto list) {
                answer(Unowned{count, std::move(list)});
            });
        });
        if (!view) return no_answer(shard);
        all.count += view->count;
        std::ranges::move(view->list, std::back_inserter(all.list));
    }
    std::ranges::sort(all.list, {}, &gateway::Unowned::Item::accepted_at);
    if (all.list.size() > *limit) all.list.resize(*limit);
    const PartyNames names(gateway_);
    const Privacy privacy = gateway_.privacy();
    Json rows = Json::array();
    for (const gateway::Unowned::Item& item : all.list)
        rows.push_back({{"id", std::to_string(item.id)},
                        {"from", privacy.masked_address(item.source)},
                        {"to", privacy.masked_address(item.destination)},
                        {"provider", names.of(item.provider)},
                        {"accepted_at", admin::utc_text(item.accepted_at)},
                        {"expires_at", admin::utc_text(item.expires_at)}});
    return json_reply({{"count", all.count}, {"messages", std::move(rows)}});
}

HttpResponse AdminApi::explain_home(const HttpRequest& request) {
    const auto snapshot = gateway_.snapshot();
    const std::string_view name = request.parameter("provider"), to = request.parameter("to"),
                           from = request.parameter("from");
    if (name.empty() || to.empty()) return json_error(400, "provider and to are needed");
    const routing::Provider* const provider = snapshot->find_provider(name);
    if (provider == nullptr) return json_error(404, "there is no provider " + std::string(name));

    const auto ton = [](std::string_view number) {
        return static_cast<std::uint8_t>(number.starts_with('+') ? smpp::Ton::international : smpp::Ton::unknown);
    };
    routing::HomeRequest asked;
    asked.provider = provider->id;
    asked.destination = routing::Address::normalise(to, ton(to), provider->country_code);
    asked.source = routing::Address::normalise(from, ton(from), provider->country_code);
    const std::string keyword = routing::keyword_of(request.parameter("text"));
    if (!keyword.empty()) asked.keyword = routing::stable_key(keyword);
    Json body;
    const Privacy privacy = gateway_.privacy();
    body["to"] = privacy.masked_address(std::string(asked.destination.text()));
    body["keyword"] = keyword;
    body["accounts"] = Json::array();
    for (const routing::AccountId id : snapshot->home(asked).owners())
        body["accounts"].push_back(snapshot->accounts()[id].system_id);
    auto explanation = snapshot->explain_home(asked, keyword);
    for (std::string& line : explanation) privacy.mask_numbers(line);
    body["explanation"] = std::move(explanation);
    return json_reply(body);
}

}  // namespace sluice::app
