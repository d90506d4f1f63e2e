#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "codecs/smpp/values.hpp"
#include "engine/admin/utc_text.hpp"
#include "engine/app/admin_api.hpp"
#include "engine/app/admin_json.hpp"
#include "engine/app/admin_shards.hpp"
#include "engine/app/admin_views.hpp"
#include "engine/history/messages.hpp"

// Messages by what people know of them: from the history, and what the stores have of those that it names.
namespace sluice::app {

using gateway::MessageId;
using gateway::PartyId;
using history::MessageSummary;

namespace {

std::string_view state_of(const MessageSummary& m) {
    return smpp::name_of(smpp::MessageState{static_cast<std::uint8_t>(m.final() ? m.final_state : 1)});  // 1: ENROUTE
}

bool same_word(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) { return std::toupper(x) == std::toupper(y); });
}

Json as_json(const MessageSummary& m, const PartyNames& names) {
    Json row;
    row["id"] = std::to_string(m.id);
    row["accepted_at"] = admin::utc_text(WallTime(microseconds(m.accepted_at)));
    const bool originated = !gateway::is_account(m.by);
    row["kind"] = originated ? "mobile-originated" : "submitted";
    row["account"] = originated ? (m.whom != 0 ? names.of(m.whom) : "") : names.of(m.by);
    row["provider"] = originated ? names.of(m.by) : m.whom != 0 ? names.of(m.whom) : "";
    row["source_addr"] = m.source;
    row["destination_addr"] = m.destination;
    row["state"] = originated ? (m.last == history::TraceEvent::done ? "DELIVERED" : "ENROUTE") : state_of(m);
    row["last_event"] = history::to_string(m.last);
    row["last_event_at"] = admin::utc_text(WallTime(microseconds(m.last_at)));
    row["failed_tries"] = m.failed_tries;
    row["provider_message_id"] = m.provider_id;
    if (m.final()) row["final_at"] = admin::utc_text(WallTime(microseconds(m.final_at)));
    return row;
}

/// "2026-11-25T23:00:00Z", shorter ones too, or an age: "90s", "15m", "2h", "7d".
std::optional<WallTime> read_time(std::string_view text, WallTime now) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc{} && number >= 0 && number < 1'000'000 && end + 1 == text.data() + text.size()) {
        switch (*end) {
            case 's': return now - seconds(number);
            case 'm': return now - std::chrono::minutes(number);
            case 'h': return now - std::chrono::hours(number);
            case 'd': return now - std::chrono::days(number);
            default: return std::nullopt;
        }
    }
    return admin::parse_utc(text);
}

}  // namespace

HttpResponse AdminApi::messages(const HttpRequest& request) {
    history::History* const history = gateway_.history();
    if (history == nullptr)
        return json_error(409, "no history is kept: set history.enabled = true, and start again");
    const WallTime now = clock_.wall();
    const Privacy privacy = gateway_.privacy();
    history::MessageQuery query;
    const auto limit = limit_of(request);
    if (!limit) return limit.error();
    query.limit = *limit;
    query.to = now + seconds(60);  // shards read their clocks a little apart
    std::string_view state, account, provider;
    for (const auto& [name, text] : request.query) {
        if (text.empty() || name == "limit") continue;
        if (name == "from" || name == "to") {
            query.source = name == "from" ? privacy.masked_address(text) : query.source;
            query.destination = name == "to" ? privacy.masked_address(text) : query.destination;
        } else if (name == "since" || name == "until") {
            const auto at = read_time(text, now);
            if (!at) return json_error(400, name + " is a time in UTC, as 2026-11-25T23:00:00Z, "
                                                   "or an age, as 15m or 2d");
            (name == "since" ? query.from : query.to) = *at;
        } else if (name == "state") {
            state = text;
        } else if (name == "account") {
            account = text;
        } else if (name == "provider") {
            provider = text;
        } else {
            return json_error(400, "there is no filter " + name +
                                       ": state, account, provider, from, to, since, until and limit");
        }
    }
    const bool open = same_word(state, "open"), final = same_word(state, "final");
    if (!state.empty() && !open && !final) {
        const bool known = std::ranges::any_of(
            smpp::message_states, [&](const auto& row) { return same_word(row.name, state); });
        if (!known)
            return json_error(400, "state is open, final, or a message_state, as DELIVERED or UNDELIVERABLE");
    }
    const auto snapshot = gateway_.snapshot();
    PartyId account_party = 0, provider_party = 0;
    if (!account.empty()) {
        const auto its = gateway_.find_account(account);
        if (its == nullptr) return json_error(404, "there is no account " + std::string(account));
        account_party = gateway::party_of(*its);
    }
    if (!provider.empty()) {
        for (const routing::Provider& its : snapshot->providers())
            if (its.name == provider) provider_party = gateway::party_of(its);
        if (provider_party == 0) return json_error(404, "there is no provider " + std::string(provider));
    }
    query.wanted = [&](const MessageSummary& m) {
        if (account_party != 0 && m.by != account_party && m.whom != account_party) return false;
        if (provider_party != 0 && m.by != provider_party && m.whom != provider_party) return false;
        if (state.empty()) return true;
        const bool over = m.final() || m.last == history::TraceEvent::done;
        return open ? !over : final ? over : same_word(state_of(m), state);
    };

    history->flush();
    const history::MessageList list = history::list_messages(history->files(), query, now);
    const PartyNames names(gateway_);
    Json rows = Json::array();
    for (const MessageSummary& m : list.messages) rows.push_back(as_json(m, names));
    Json body;
    body["messages"] = std::move(rows);
    body["all"] = list.all;
    body["looked_back_to"] = admin::utc_text(WallTime(microseconds(list.reached)));
    const auto stats = history->files().stats();
    if (stats.since != 0) body["history_since"] = admin::utc_text(WallTime(microseconds(stats.since)));
    return json_reply(body);
}

}  // namespace sluice::app
