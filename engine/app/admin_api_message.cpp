#include <fmt/format.h>

#include <algorithm>

#include "codecs/smpp/status.hpp"
#include "engine/admin/utc_text.hpp"
#include "engine/app/admin_api.hpp"
#include "engine/app/admin_json.hpp"
#include "engine/app/admin_shards.hpp"
#include "engine/app/admin_views.hpp"
#include "engine/history/messages.hpp"
#include "engine/gateway/compose.hpp"
#include "engine/history/writer.hpp"

// One message's life: what is stored of it now, and what happened to it.
namespace sluice::app {

using gateway::MessageId;
using history::TraceEvent;

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

Json as_json(const history::OwnedRecord& entry, const PartyNames& names) {
    Json event;
    event["time"] = admin::utc_text(WallTime(microseconds(entry.at)));
    event["event"] = history::to_string(entry.event);
    if (entry.party != 0) event["party"] = names.of(entry.party);
    switch (entry.event) {
        case TraceEvent::accepted: {
            const auto [source, destination] = history::read_addresses(entry.tail);
            if (entry.status != 0) event["for"] = names.of(entry.status);
            event["source_addr"] = source;
            event["destination_addr"] = destination;
            event["detail"] = fmt::format("from {} to {}", source, destination);
            break;
        }
        case TraceEvent::response:
            event["command_status"] = status_name(entry.status);
            event["detail"] = status_name(entry.status);
            if (!entry.tail.empty()) {
                event["message_id"] = as_text(entry.tail);
                event["detail"] = fmt::format("{}, id {}", status_name(entry.status), as_text(entry.tail));
            }
            break;
        case TraceEvent::receipt: {
            const auto [done_at, error, named] = history::read_receipt_facts(entry.tail);
            std::string detail(smpp::name_of(smpp::MessageState{static_cast<std::uint8_t>(entry.status)}));
            if (!error.empty()) {
                event["err"] = error;
                detail += fmt::format(", err {}", error);
            }
            if (done_at != 0) {
                event["done_date"] = admin::utc_text(WallTime(microseconds(done_at)));
                detail += fmt::format(", done {}", admin::utc_text(WallTime(microseconds(done_at))));
            }
            event["message_state"] = smpp::name_of(smpp::MessageState{static_cast<std::uint8_t>(entry.status)});
            event["detail"] = detail;
            break;
        }
        case TraceEvent::trigger: {
            const std::string_view result = history::to_string(history::trigger_result(entry.status));
            const std::uint32_t instructions = entry.status >> history::trigger_result_bits;
            event["trigger"] = as_text(entry.tail);
            event["result"] = result;
            event["instructions"] = instructions;
            event["detail"] = fmt::format("{}: {}, {} instructions", as_text(entry.tail), result, instructions);
            break;
        }
        case TraceEvent::pdu_in:
        case TraceEvent::pdu_out:
        case TraceEvent::receipt_pdu: {
            event["command"] = smpp::name_of(smpp::CommandId{entry.status});
            event["detail"] = smpp::name_of(smpp::CommandId{entry.status});
            const bool receipt = entry.event == TraceEvent::receipt_pdu;
            std::string hex;
            for (const std::uint8_t octet : receipt ? history::read_receipt_pdu(entry.tail).pdu : ByteView(entry.tail))
                fmt::format_to(std::back_inserter(hex), "{:02x}", octet);
            event["pdu"] = std::move(hex);
            break;
        }
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

/// The latest message that a provider gave this id.
MessageId of_provider(const history::Files& files, std::string_view provider_id) {
    const auto found = files.find(history::key_hash(history::Key::provider_id, as_bytes(provider_id)),
                                  [&](const history::Record& record) {
        return record.event == TraceEvent::response && as_text(record.tail) == provider_id;
    }, 1);
    return found.empty() ? 0 : found.back().id;
}

struct Found {
    std::optional<MessageView> stored;
    std::vector<history::OwnedRecord> events;
    bool nothing() const { return !stored && events.empty(); }
};

/// Nothing: its shard does not answer.
std::optional<Found> find_message(Gateway& gateway, MessageId id) {
    Found found;
    const auto home = gateway::home_shard(id, static_cast<std::uint32_t>(gateway.shards()));
    auto stored = ask_slowly<std::optional<MessageView>>(
        gateway, home, [id](gateway::Shard& shard, const auto& answer) { view_message(shard, id, answer); });
    if (!stored) return std::nullopt;
    found.stored = std::move(*stored);
    if (gateway.history() != nullptr) found.events = history::find_life(gateway.history()->files(), id);
    return found;
}

}  // namespace

HttpResponse AdminApi::message(std::string_view text) {
    history::History* const history = gateway_.history();
    if (history != nullptr) history->flush();
    MessageId id = parse_id(text);
    std::optional<Found> found = Found{};
    if (id != 0) found = find_message(gateway_, id);
    bool by_provider = false;
    if (found && found->nothing() && history != nullptr)
        if (const MessageId other = of_provider(history->files(), text); other != 0) {
            id = other;
            by_provider = true;
            found = find_message(gateway_, id);
        }
    if (id == 0)
        return json_error(400, std::string(text) + " is no message id: write it as the account was shown it, or as the "
                                                   "provider gave it");
    const auto home = gateway::home_shard(id, static_cast<std::uint32_t>(gateway_.shards()));
    if (!found) return no_answer(home);

    const PartyNames names(gateway_);
    Json body;
    body["id"] = std::to_string(id);
    body["hex"] = fmt::format("{:x}", id);
    if (by_provider) body["found_by"] = "the provider's id";
    body["made_at"] = admin::utc_text(gateway::time_of(id));
    body["node"] = gateway::node_of(id);
    body["home_shard"] = home;
    body["stored"] = found->stored ? as_json(*found->stored, names) : Json();
    body["events"] = Json::array();
    for (const history::OwnedRecord& entry : found->events) body["events"].push_back(as_json(entry, names));
    body["history"] = history != nullptr;
    if (history != nullptr)
        if (const std::int64_t since = history->files().stats().since; since != 0)
            body["events_since"] = admin::utc_text(WallTime(microseconds(since)));
    const bool ended = std::ranges::any_of(found->events, [](const auto& e) { return e.event == TraceEvent::done; });
    if (!found->stored) {
        body["note"] = ended ? "it is done: nothing is owed any more, and nothing of it is stored"
                       : !found->events.empty() ? "nothing of it is stored"
                       : history == nullptr ? "nothing is stored of it, and no history is kept (history.enabled)"
                                            : "nothing is known of it: it is done and older than the history, or it "
                                              "never was here";
        if (found->events.empty()) return json_reply(body, 404);
    }
    return json_reply(body);
}

}  // namespace sluice::app
