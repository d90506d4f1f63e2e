#include <algorithm>

#include "engine/admin/utc_text.hpp"
#include "engine/app/admin_api.hpp"
#include "engine/app/admin_json.hpp"
#include "engine/app/admin_shards.hpp"
#include "engine/app/admin_views.hpp"

namespace sluice::app {
namespace {

double microseconds_of(nanoseconds time) { return 1e-3 * static_cast<double>(time.count()); }

/// All shards together, in the order of the configuration.
std::vector<TriggerView> total_of(const std::vector<std::optional<TriggersView>>& shards) {
    std::vector<TriggerView> totals;
    for (const auto& shard : shards) {
        if (!shard) continue;
        for (const TriggerView& its : shard->triggers) {
            if (!its.configured) continue;
            const auto known = std::ranges::find(totals, its.name, &TriggerView::name);
            if (known == totals.end()) {
                totals.push_back(its);
                continue;
            }
            known->stats.runs += its.stats.runs;
            known->stats.errors += its.stats.errors;
            known->stats.look_ups += its.stats.look_ups;
            known->stats.instructions += its.stats.instructions;
            known->stats.time += its.stats.time;
            known->stats.longest = std::max(known->stats.longest, its.stats.longest);
            if (its.stats.last_error_at > known->stats.last_error_at) {
                known->stats.last_error = its.stats.last_error;
                known->stats.last_error_at = its.stats.last_error_at;
            }
        }
    }
    std::ranges::sort(totals, {}, &TriggerView::place);
    return totals;
}

}  // namespace

HttpResponse AdminApi::triggers() {
    const auto shards = ask_all<TriggersView>(gateway_, view_triggers);
    Json body;
    body["triggers"] = Json::array();
    for (const TriggerView& its : total_of(shards)) {
        Json row;
        row["name"] = its.name;
        row["event"] = its.event;
        row["script"] = its.script;
        row["calls"] = its.stats.runs;
        row["errors"] = its.stats.errors;
        row["look_ups"] = its.stats.look_ups;
        row["instructions"] = its.stats.instructions;
        row["instructions_a_call"] = its.stats.runs == 0 ? 0 : its.stats.instructions / its.stats.runs;
        row["microseconds_a_call"] =
            its.stats.runs == 0 ? 0 : microseconds_of(its.stats.time) / static_cast<double>(its.stats.runs);
        row["longest_microseconds"] = microseconds_of(its.stats.longest);
        row["last_error"] = its.stats.last_error.empty() ? Json() : Json(its.stats.last_error);
        row["last_error_at"] = its.stats.last_error.empty() ? Json() : Json(admin::utc_text(its.stats.last_error_at));
        body["triggers"].push_back(std::move(row));
    }
    body["shards"] = Json::array();
    for (std::size_t shard = 0; shard < shards.size(); ++shard) {
        Json row{{"shard", shard}, {"answers", shards[shard].has_value()}};
        if (shards[shard]) {
            row["waiting"] = shards[shard]->waiting;
            row["memory_bytes"] = shards[shard]->memory;
        }
        body["shards"].push_back(std::move(row));
    }
    return json_reply(body);
}

}  // namespace sluice::app
