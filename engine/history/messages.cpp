#include "engine/history/messages.hpp"

#include <algorithm>
#include <unordered_map>

namespace sluice::history {

namespace {

/// Messages that were accepted before what is being read, and whose later events are remembered: some 100 octets each.
/// For those beyond, the events are looked up.
constexpr std::size_t most_remembered = 500'000;

bool is_account(std::uint32_t party) { return (party & 1u) != 0; }  // as in engine/gateway/party.hpp

/// Takes up an event; a later one has been taken up already, or `first` says that none has.
void take(MessageSummary& its, const Record& record, bool first) {
    if (record.event >= TraceEvent::pdu_in && record.event <= TraceEvent::receipt_pdu) return;
    if (first || its.last_at == 0) {
        its.last = record.event;
        its.last_at = record.at;
    }
    switch (record.event) {
        case TraceEvent::final_state:
        case TraceEvent::report:
            if (!its.final()) {
                its.final_state = record.status;
                its.final_at = record.at;
            }
            break;
        case TraceEvent::response:
            if (its.provider_id.empty() && !is_account(record.party)) its.provider_id = as_text(record.tail);
            break;
        case TraceEvent::retry: its.failed_tries = std::max(its.failed_tries, record.status); break;
        case TraceEvent::send:
        case TraceEvent::rerouted:
            if (its.whom == 0 && !is_account(record.party)) its.whom = record.party;
            break;
        case TraceEvent::accepted: {
            const Addresses addresses = read_addresses(record.tail);
            its.id = record.id;
            its.accepted_at = record.at;
            its.by = record.party;
            if (its.whom == 0 || !is_account(its.by)) its.whom = record.status;
            its.source = addresses.source;
            its.destination = addresses.destination;
            break;
        }
        default: break;
    }
}

bool fits(std::string_view pattern, std::string_view address) {
    if (pattern.empty()) return true;
    if (pattern.ends_with('*')) return address.starts_with(pattern.substr(0, pattern.size() - 1));
    return address == pattern;
}

bool fits(const MessageQuery& query, const Record& accepted) {
    const Addresses addresses = read_addresses(accepted.tail);
    return fits(query.source, addresses.source) && fits(query.destination, addresses.destination);
}

}  // namespace

std::optional<MessageSummary> summarise(const std::vector<OwnedRecord>& events) {
    MessageSummary summary;
    for (auto event = events.rbegin(); event != events.rend(); ++event)
        take(summary, {event->id, event->at, event->party, event->status, event->event, event->tail},
             event == events.rbegin());
    return summary.id != 0 ? std::optional(std::move(summary)) : std::nullopt;
}

std::vector<OwnedRecord> find_life(const Files& files, std::uint64_t id) {
    std::vector<OwnedRecord> life = files.find(id);
    std::vector<OwnedRecord> receipts;
    for (const OwnedRecord& event : life) {
        if (event.event != TraceEvent::receipt) continue;
        const std::string_view named = read_receipt_facts(event.tail).message_id;
        const auto same = [&](const OwnedRecord& other) {
            return other.party == event.party && read_receipt_pdu(other.tail).message_id == named;
        };
        if (named.empty() || std::ranges::any_of(receipts, same)) continue;
        // An id may have been another message's before: its receipts came before this one was accepted.
        std::ranges::move(files.find(key_hash(Key::provider_id, as_bytes(named)), [&](const Record& record) {
            return record.event == TraceEvent::receipt_pdu && record.party == event.party &&
                   record.at >= life.front().at && read_receipt_pdu(record.tail).message_id == named;
        }, 100), std::back_inserter(receipts));
    }
    // Shards write side by side, and a receipt's PDU was there before what was made of it.
    receipts.insert(receipts.end(), std::make_move_iterator(life.begin()), std::make_move_iterator(life.end()));
    std::ranges::stable_sort(receipts, {}, &OwnedRecord::at);
    return receipts;
}

MessageList list_messages(const Files& files, const MessageQuery& query, WallTime now) {
    MessageList list;
    const auto take_up = [&](std::optional<MessageSummary> summary) {
        if (summary && (!query.wanted || query.wanted(*summary))) list.messages.push_back(std::move(*summary));
        return list.messages.size() < query.limit;
    };

    if (!query.destination.empty() && !query.destination.ends_with('*')) {
        const std::int64_t from = query.from.time_since_epoch().count(), to = query.to.time_since_epoch().count();
        auto accepted = files.find(key_hash(Key::destination, as_bytes(query.destination)), [&](const Record& record) {
            return record.event == TraceEvent::accepted && record.at >= from && record.at <= to && fits(query, record);
        });
        std::ranges::stable_sort(accepted, std::ranges::greater(), &OwnedRecord::at);
        list.reached = from;
        for (const OwnedRecord& record : accepted)
            if (!take_up(summarise(files.find(record.id)))) {
                list.all = false;
                list.reached = record.at;
                break;
            }
        return list;
    }

    // What was read on the way down to the time of a message tells how it went on, if that is all of it.
    const bool from_now = query.to >= now;
    std::unordered_map<std::uint64_t, MessageSummary> later;
    bool overflowed = false;
    const auto scan = files.scan_back(query.from, query.to, query.most_octets, [&](const Record& record) {
        const bool wanted = record.event == TraceEvent::accepted && fits(query, record);
        if (!from_now) return !wanted || take_up(summarise(files.find(record.id)));
        const auto found = later.find(record.id);
        if (record.event != TraceEvent::accepted) {
            if (found != later.end()) take(found->second, record, false);
            else if (later.size() < most_remembered) take(later[record.id], record, true);
            else overflowed = true;
            return true;
        }
        MessageSummary summary;
        if (found != later.end()) {
            summary = std::move(found->second);
            later.erase(found);
        } else if (overflowed) {
            return !wanted || take_up(summarise(files.find(record.id)));
        }
        if (!wanted) return true;
        take(summary, record, summary.last_at == 0);
        return take_up(std::move(summary));
    });
    list.all = scan.all && list.messages.size() < query.limit;
    list.reached = list.messages.size() >= query.limit ? list.messages.back().accepted_at : scan.reached;
    return list;
}

}  // namespace sluice::history
