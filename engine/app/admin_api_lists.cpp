#include <fmt/format.h>

#include <algorithm>

#include "engine/admin/utc_text.hpp"
#include "engine/app/admin_api.hpp"
#include "engine/app/admin_json.hpp"
#include "engine/app/admin_shards.hpp"
#include "engine/app/admin_views.hpp"

namespace sluice::app {

using gateway::PartyId;

namespace {

std::string_view bind_name(session::State state) {
    switch (state) {
        case session::State::bound_tx: return "transmitter";
        case session::State::bound_rx: return "receiver";
        case session::State::bound_trx: return "transceiver";
        case session::State::unbound: return "unbinding";
        case session::State::closed: return "closed";
        default: return "not bound";
    }
}

Json as_json(const SessionView& view, const PartyNames& names) {
    Json row;
    row["id"] = fmt::format("{}.{}.{}", view.shard, view.link.index, view.link.generation);
    row["peer"] = view.peer.to_string();
    row["role"] = view.party == 0 ? "" : gateway::is_account(view.party) ? "account" : "provider";
    row["name"] = view.party == 0 ? "" : names.of(view.party);
    row["bind"] = bind_name(view.state);
    row["tls"] = view.tls_version;
    row["cipher"] = view.tls_cipher;
    row["certificate"] = view.certificate;
    row["interface_version"] = fmt::format("{:#04x}", view.interface_version);
    row["in_flight"] = view.in_flight;
    row["window"] = view.window;
    row["pdus_in_per_second"] = view.rates.in;
    row["pdus_out_per_second"] = view.rates.out;
    row["silent_seconds"] = std::chrono::duration_cast<seconds>(view.silence).count();
    row["unsent_bytes"] = view.unsent_bytes;
    row["age_seconds"] = std::chrono::duration_cast<seconds>(view.age).count();
    row["pdus_in"] = view.counters.pdus_in;
    row["pdus_out"] = view.counters.pdus_out;
    row["malformed"] = view.counters.malformed;
    row["out_of_state"] = view.counters.out_of_state;
    row["unknown_responses"] = view.counters.unknown_responses;
    row["response_timeouts"] = view.counters.response_timeouts;
    return row;
}

/// What each shard says of its own part, by party.
std::unordered_map<PartyId, Json> rows_of_shards(const std::vector<std::optional<ShardView>>& shards) {
    std::unordered_map<PartyId, Json> rows;
    for (std::size_t shard = 0; shard < shards.size(); ++shard)
        for (const PartyView& party : shards[shard]->parties)
            rows[party.party].push_back({{"shard", shard},
                                         {"bound", party.bound},
                                         {"in_flight", party.in_flight},
                                         {"queued", party.queued},
                                         {"held", party.held},
                                         {"rate_limit", party.rate_limit},
                                         {"window_limit", party.window_limit}});
    return rows;
}

std::optional<std::size_t> silent_shard(const auto& answers) {
    for (std::size_t shard = 0; shard < answers.size(); ++shard)
        if (!answers[shard]) return shard;
    return std::nullopt;
}

/// Filters that a list knows and that the request does not misspell; the error names the one that it does.
std::optional<HttpResponse> unknown_filter(const HttpRequest& request, std::initializer_list<std::string_view> known) {
    for (const auto& [name, value] : request.query)
        if (std::ranges::find(known, name) == known.end()) return json_error(400, "there is no filter " + name);
    return std::nullopt;
}

bool passes(std::string_view wanted, std::string_view value) { return wanted.empty() || wanted == value; }

}  // namespace

HttpResponse AdminApi::sessions(const HttpRequest& request) {
    if (auto wrong = unknown_filter(request, {"account", "provider", "address"})) return *wrong;
    const std::string address(request.parameter("address"));
    const auto range = routing::Cidr::parse(address);
    if (!address.empty() && !range) return json_error(400, address + " is no address and no range, as 192.0.2.0/24");
    const auto shards = ask_all<std::vector<SessionView>>(gateway_, view_sessions);
    if (const auto silent = silent_shard(shards)) return no_answer(*silent);
    const PartyNames names(gateway_);
    Json rows = Json::array();
    for (const auto& views : shards)
        for (const SessionView& view : *views) {
            Json row = as_json(view, names);
            const std::string_view account = request.parameter("account"), provider = request.parameter("provider");
            const std::string& name = row["name"].get_ref<const std::string&>();
            const bool ours = (account.empty() && provider.empty()) || (row["role"] == "account" && account == name) ||
                              (row["role"] == "provider" && provider == name);
            const bool there = address.empty() || range->contains({view.peer.address, view.peer.ipv6 ? 16u : 4u});
            if (ours && there) rows.push_back(std::move(row));
        }
    return json_reply({{"sessions", std::move(rows)}});
}

HttpResponse AdminApi::providers(const HttpRequest& request) {
    if (auto wrong = unknown_filter(request, {"name"})) return *wrong;
    const auto shards = ask_all<ShardView>(gateway_, view_shard);
    if (const auto silent = silent_shard(shards)) return no_answer(*silent);
    auto totals = totals_of(shards);
    auto shard_rows = rows_of_shards(shards);
    const auto snapshot = gateway_.snapshot();
    Json rows = Json::array();
    for (const routing::Provider& provider : snapshot->providers()) {
        if (!passes(request.parameter("name"), provider.name)) continue;
        const PartyId party = gateway::party_of(provider);
        const PartyView& total = totals[party];
        const unsigned sessions_a_bind = provider.bind == routing::ProviderBind::pair ? 2 : 1;
        Json row;
        row["name"] = provider.name;
        row["enabled"] = provider.enabled;
        row["health"] = routing::to_string(total.health);
        row["held"] = total.held;
        row["bind"] = routing::to_string(provider.bind);
        row["binds_up"] = total.bound;
        row["binds_wanted"] = provider.enabled ? provider.binds * sessions_a_bind : 0;
        row["queued"] = total.queued;
        row["max_queued"] = provider.max_queued;
        row["in_flight"] = total.in_flight;
        row["rate"] = provider.rate.per_second;
        row["rate_limit"] = total.rate_limit;
        row["window"] = provider.window;
        row["window_limit"] = total.window_limit == 0 ? provider.window : std::min(total.window_limit, provider.window);
        const auto cap = [&row](std::string_view key, std::uint64_t most, std::uint64_t used, WallTime ends) {
            if (most != 0) row[key] = {{"used", used}, {"max", most}, {"resets_at", admin::utc_text(ends)}};
        };
        cap("hour", provider.caps.per_hour, total.sent.in_hour, total.sent.hour_ends);
        cap("day", provider.caps.per_day, total.sent.in_day, total.sent.day_ends);
        if (const auto& its = total.deliveries)
            row["quality"] = {{"delivered", its->delivered}, {"ended", its->ended},
                              {"percent", routing::DeliveryCount::percent(*its)},
                              {"known", its->ended >= routing::DeliveryCount::least_sample}};
        row["shards"] = std::move(shard_rows.try_emplace(party, Json::array()).first->second);
        rows.push_back(std::move(row));
    }
    return json_reply({{"providers", std::move(rows)}});
}

HttpResponse AdminApi::accounts(const HttpRequest& request) {
    if (auto wrong = unknown_filter(request, {"name"})) return *wrong;
    const auto shards = ask_all<ShardView>(gateway_, view_shard);
    if (const auto silent = silent_shard(shards)) return no_answer(*silent);
    auto totals = totals_of(shards);
    auto shard_rows = rows_of_shards(shards);
    const auto snapshot = gateway_.snapshot();
    Json rows = Json::array();
    const auto add = [&](const routing::Account& account) {
        if (!passes(request.parameter("name"), account.system_id)) return;
        const PartyId party = gateway::party_of(account);
        const PartyView& total = totals[party];
        Json row;
        row["system_id"] = account.system_id;
        row["source"] = account.id < snapshot->accounts().size() && snapshot->accounts()[account.id].is_source
                            ? snapshot->accounts()[account.id].system_id
                            : "";
        row["enabled"] = account.enabled;
        row["sessions"] = total.bound;
        row["max_sessions"] = account.max_sessions;
        row["rate"] = account.rate.per_second;
        row["max_queued"] = account.max_queued;
        row["in_flight"] = total.in_flight;
        row["unfinished"] = total.unfinished;
        row["to_deliver"] = total.queued;
        row["charging"] = routing::to_string(account.charging.mode);
        if (account.charging.on()) {
            const bool elsewhere = account.charging.mode == routing::ChargingMode::database;
            if (!elsewhere) row["available"] = to_string(total.available);
            row["reserved"] = to_string(total.balance.reserved);
            row["spent"] = to_string(total.balance.spent);
            if (!elsewhere) row["credited"] = to_string(total.balance.credited);
        }
        row["shards"] = std::move(shard_rows.try_emplace(party, Json::array()).first->second);
        rows.push_back(std::move(row));
    };
    for (const routing::Account& account : snapshot->accounts())
        if (!account.is_source) add(account);
    for (const auto& found : gateway_.directory().all()) add(*found.account);
    return json_reply({{"accounts", std::move(rows)}});
}

HttpResponse AdminApi::queues(const HttpRequest& request) {
    if (auto wrong = unknown_filter(request, {"name"})) return *wrong;
    const auto shards = ask_all<std::vector<LaneView>>(gateway_, view_lanes);
    if (const auto silent = silent_shard(shards)) return no_answer(*silent);
    const PartyNames names(gateway_);
    Json rows = Json::array();
    std::uint64_t total = 0;
    for (const auto& views : shards)
        for (const LaneView& lane : *views) {
            if (!passes(request.parameter("name"), names.of(lane.party))) continue;
            Json row;
            row["kind"] = gateway::is_account(lane.party) ? "account" : "provider";
            row["name"] = names.of(lane.party);
            row["shard"] = lane.shard;
            row["priority"] = lane.priority;
            row["in_memory"] = lane.in_memory;
            row["on_disk"] = lane.on_disk;
            row["messages"] = lane.in_memory + lane.on_disk;
            total += lane.in_memory + lane.on_disk;
            rows.push_back(std::move(row));
        }
    return json_reply({{"queues", std::move(rows)}, {"total", total}});
}

}  // namespace sluice::app
