#include <algorithm>

#include "codecs/smpp/values.hpp"
#include "engine/admin/utc_text.hpp"
#include "engine/app/admin_api.hpp"
#include "engine/app/admin_json.hpp"
#include "engine/app/admin_shards.hpp"
#include "engine/app/admin_views.hpp"

namespace sluice::app {

namespace {

struct UnmatchedView {
    std::size_t held = 0, quarantined = 0;
    std::vector<gateway::Receipts::Unmatched> list;
};

Json as_json(const gateway::Receipts::Unmatched& receipt, std::size_t shard, const PartyNames& names) {
    const gateway::wire::ReceiptNote& note = receipt.note;
    Json row;
    row["place"] = receipt.quarantined ? "quarantine" : "held";
    row["provider"] = names.of(note.provider);
    row["message_id"] = note.provider_id();
    row["message_state"] = smpp::row_of(note.state).name;
    row["final"] = note.final_state;
    row["err"] = std::string_view(note.error, note.error_size);
    row["since"] = admin::utc_text(receipt.since);
    row["reading"] = gateway::Receipts::reading_text(note.reading);
    row["shard"] = shard;
    return row;
}

}  // namespace

HttpResponse AdminApi::receipts(const HttpRequest& request) {
    const auto limit = limit_of(request);
    if (!limit) return limit.error();
    std::vector<std::pair<std::size_t, gateway::Receipts::Unmatched>> all;
    std::size_t held = 0, quarantined = 0;
    for (std::size_t shard = 0; shard < gateway_.shards(); ++shard) {
        auto view =
            ask_slowly<UnmatchedView>(gateway_, shard, [limit = *limit](gateway::Shard& its, const auto& answer) {
                gateway::Receipts& receipts = its.receipts();
                // Counted now: more may have come when the list is there.
                receipts.list(limit, [answer, held = receipts.held(), quarantined = receipts.quarantined()](auto list) {
                    answer(UnmatchedView{held, quarantined, std::move(list)});
                });
            });
        if (!view) return no_answer(shard);
        held += view->held;
        quarantined += view->quarantined;
        for (auto& receipt : view->list) all.emplace_back(shard, std::move(receipt));
    }
    std::ranges::stable_sort(all, std::ranges::greater(), [](const auto& row) { return row.second.since; });
    if (all.size() > *limit) all.resize(*limit);
    const PartyNames names(gateway_);
    Json rows = Json::array();
    for (const auto& [shard, receipt] : all) rows.push_back(as_json(receipt, shard, names));
    return json_reply({{"held", held}, {"quarantined", quarantined}, {"limit", *limit}, {"receipts", std::move(rows)}});
}

}  // namespace sluice::app
