#include <fmt/format.h>

#include <algorithm>

#include "codecs/smpp/status.hpp"
#include "engine/admin/utc_text.hpp"
#include "engine/app/admin_api.hpp"
#include "engine/app/admin_json.hpp"
#include "engine/app/admin_shards.hpp"
#include "engine/app/admin_views.hpp"
#include "engine/gateway/compose.hpp"
#include "engine/gateway/trace.hpp"

// One message's life: what is stored of it now, and what happened to it lately.
namespace sluice::app {

using gateway::MessageId;
using gateway::TraceEvent;

namespace {

/// As customers are shown it. A decimal id has 17 digits or more since the first month of the ids' epoch, a hexadecimal
/// one never more than 16.
MessageId parse_id(std::string_view text) {
    const bool marked = text.starts_with("0x");
    if (marked) text.remove_prefix(2);
    const bool decimal = !marked && text.size() > 16;
    return gateway::parse_shown_id(text, decimal ? routing::IdFormat::decimal : routing::IdFormat::hex);
}

std::string_view name_of(gateway::Kind kind) {
    switch (kind) {
        case gateway::Kind::submitted: return "submitted by the account";
        case gateway::Kind::originated: return "mobile-originated";
        case gateway::Kind::notice: return "intermediate notification";
    }
    return {};
}

std::string_view name_of(gateway::Stage stage) {
    switch (stage) {
        case gateway::Stage::committing: return "being written to disk";
        case gateway::Stage::queued: return "queued";
        case gateway::Stage::sending: return "sent, not answered";
        case gateway::Stage::waiting: return "waiting for its time";
        case gateway::Stage::awaiting: return "waiting for its receipt";
    }
    return {};
}

std::string status_name(std::uint32_t status) {
    const std::string_view name = smpp::name_of(smpp::CommandStatus{status});
    return name.empty() ? fmt::format("{:#010x}", status) : std::string(name);
}

Json as_json(const MessageView& m, const PartyNames& names) {
    Json body;
    body["kind"] = name_of(m.kind);
    body["account"] = names.of(m.account);
    body["provider"] = names.of(m.provider);
    const bool to_account = m.leg == gateway::Leg::report || m.kind != gateway::Kind::submitted;
    body["on_the_way_to"] = to_account ? "account" : "provider";
    body["carries"] = m.leg == gateway::Leg::report ? "receipt" : "message";
    body["stage"] = name_of(m.stage);
    body["state"] = smpp::name_of(m.final_state);
    body["failed_tries"] = m.attempts;
    body["priority"] = m.priority;
    body["registered_delivery"] = m.registered_delivery;
    if (!m.provider_id.empty()) body["provider_message_id"] = m.provider_id;
    if (!m.error.empty()) body["error"] = m.error;
    if (m.shown_id != m.id) body["shown_as"] = std::to_string(m.shown_id);
    const auto time = [&](const char* name, WallTime at) {
        if (at != WallTime{}) body[name] = admin::utc_text(at);
    };
    time("accepted_at", m.accepted_at);
    time("expires_at", m.expires_at);
    time("due_at", m.due_at);
    time("done_at", m.done_at);
    body["kept"] = m.in_memory ? "in memory and in the journal" : "on disk";
    return body;
}

Json as_json(const gateway::TraceEntry& entry, const PartyNames& names, const std::vector<std::string>& triggers) {
    Json event;
    event["time"] = admin::utc_text(WallTime(microseconds(entry.at)));
    event["event"] = gateway::to_string(entry.event);
    if (entry.event == TraceEvent::trigger) {
        event["trigger"] = entry.party < triggers.size() ? triggers[entry.party] : "";
        event["detail"] = fmt::format(
            "{}, {} instructions",
            gateway::to_string(gateway::TriggerResult(entry.status & ((1u << gateway::trigger_result_bits) - 1))),
            entry.status >> gateway::trigger_result_bits);
        return event;
    }
    if (entry.party != 0) event["party"] = names.of(entry.party);
    switch (entry.event) {
        case TraceEvent::response: event["detail"] = status_name(entry.status); break;
        case TraceEvent::receipt:
        case TraceEvent::final_state:
        case TraceEvent::report:
            event["detail"] = smpp::name_of(smpp::MessageState{static_cast<std::uint8_t>(entry.status)});
            break;
        case TraceEvent::send: event["detail"] = fmt::format("by a link of shard {}", entry.status); break;
        case TraceEvent::network: event["detail"] = fmt::format("MCC-MNC {}", entry.status); break;
        case TraceEvent::retry: event["detail"] = fmt::format("after {} failed", entry.status); break;
        default: break;
    }
    return event;
}

struct Found {
    std::optional<MessageView> stored;
    std::vector<gateway::TraceEntry> events;
    std::int64_t events_since = 0;
    std::vector<std::string> triggers;  ///< names by the numbers in the events
};

}  // namespace

HttpResponse AdminApi::message(std::string_view text) {
    const MessageId id = parse_id(text);
    if (id == 0)
        return json_error(400, std::string(text) + " is no message id: write it as the account was shown it");
    const auto home = gateway::home_shard(id, static_cast<std::uint32_t>(gateway_.shards()));
    const auto found = ask_slowly<Found>(gateway_, home, [id](gateway::Shard& shard, const auto& answer) {
        view_message(shard, id, [&shard, id, answer](std::optional<MessageView> stored) {
            const gateway::TraceRing& trace = shard.core().trace;
            Found its{std::move(stored), trace.find(id), trace.since(), {}};
            shard.triggers().for_each([&](const std::string& name, const auto&) { its.triggers.push_back(name); });
            answer(std::move(its));
        });
    });
    if (!found) return no_answer(home);

    const PartyNames names(gateway_);
    Json body;
    body["id"] = std::to_string(id);
    body["hex"] = fmt::format("{:x}", id);
    body["made_at"] = admin::utc_text(gateway::time_of(id));
    body["node"] = gateway::node_of(id);
    body["home_shard"] = home;
    body["stored"] = found->stored ? as_json(*found->stored, names) : Json();
    body["events"] = Json::array();
    for (const gateway::TraceEntry& entry : found->events) body["events"].push_back(as_json(entry, names, found->triggers));
    if (found->events_since != 0) body["events_since"] = admin::utc_text(WallTime(microseconds(found->events_since)));
    const bool ended = std::ranges::any_of(found->events, [](const auto& e) { return e.event == TraceEvent::done; });
    if (!found->stored) {
        body["note"] = ended ? "it is done: nothing is owed any more, and nothing of it is stored"
                       : found->events.empty()
                           ? "nothing is known of it: it is done and its events are overwritten, or it never was here"
                           : "nothing of it is stored";
        if (found->events.empty()) return json_reply(body, 404);
    }
    return json_reply(body);
}

}  // namespace sluice::app
