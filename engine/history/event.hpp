#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "engine/base/bytes.hpp"

namespace sluice::history {

/// What can happen to a message, in the order in which it mostly does. The numbers are on disk: new ones go to the end.
enum class TraceEvent : std::uint8_t {
    /// The party's message passed every check and is being written (status: whom it is for; tail: Addresses).
    accepted,
    send,        ///< given to a link of the party (status: the shard that has the link)
    response,    ///< the party answered (status: command_status; tail: its message_id)
    unanswered,  ///< it did not; the outcome is not known
    not_sent,    ///< the link had no room after all, or went away
    retry,       ///< it will be tried again later (status: failed tries)
    rerouted,    ///< moved to the party's queue
    receipt,     ///< the party reported a state (status: message_state; tail: ReceiptFacts)
    final_state, ///< it has reached its final state (status: message_state; tail: `err` of the receipt)
    report,      ///< its receipt for the party is being written (status: message_state)
    done,        ///< nothing is owed any more: it is forgotten
    network,     ///< the party named the network it went to (status: MCC and MNC as one number)
    trigger,     ///< a trigger ran for it (status: see `trigger_status`; tail: its name)
    pdu_in,      ///< a PDU about it came from the party (status: command_id; tail: the PDU)
    pdu_out,     ///< a PDU about it went to the party (likewise)
    receipt_pdu, ///< the party's receipt as it came, of no message yet (status: command_id; tail: ReceiptPdu)
};
inline constexpr std::size_t trace_events = 16;
inline std::string_view to_string(TraceEvent event) {
    static constexpr std::array<std::string_view, trace_events> names{
        "accepted", "send",  "response", "unanswered", "not sent", "retry",  "rerouted", "receipt",
        "final",    "report", "done",    "network",    "trigger",  "PDU in", "PDU out", "receipt PDU"};
    return names[static_cast<std::size_t>(event)];
}

/// What a trigger came to: the lowest bits of its event's status; the others are the instructions that it took. The
/// numbers are on disk.
enum class TriggerResult : std::uint8_t { passed, changed, rejected, dropped, held, failed, error };
inline constexpr unsigned trigger_result_bits = 3;
inline std::uint32_t trigger_status(TriggerResult result, std::uint64_t instructions) {
    const auto counted =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(instructions, UINT32_MAX >> trigger_result_bits));
    return counted << trigger_result_bits | static_cast<std::uint32_t>(result);
}
inline TriggerResult trigger_result(std::uint32_t status) {
    return TriggerResult(status & ((1u << trigger_result_bits) - 1));
}
inline std::string_view to_string(TriggerResult result) {
    static constexpr std::array<std::string_view, 1u << trigger_result_bits> names{
        "passed", "changed", "rejected", "dropped", "held", "undeliverable", "script error", ""};
    return names[static_cast<std::size_t>(result)];
}

/// One thing that happened to one message. The tail is somebody else's.
struct Record {
    std::uint64_t id = 0;      ///< of the message
    std::int64_t at = 0;       ///< microseconds since 1970
    std::uint32_t party = 0;   ///< who did it, or to whom it was done; 0: does not matter
    std::uint32_t status = 0;  ///< see TraceEvent
    TraceEvent event{};
    ByteView tail;             ///< at most `max_tail` octets
};
inline constexpr std::size_t max_tail = 60'000;

/// The tail of `accepted`: how many octets the sender's address has, both addresses.
struct Addresses {
    std::string_view source, destination;
};
inline Addresses read_addresses(ByteView tail) {
    if (tail.empty() || tail[0] >= tail.size()) return {};
    const std::string_view both = as_text(tail.subspan(1));
    return {both.substr(0, tail[0]), both.substr(tail[0])};
}

/// The tail of `receipt`: done date in microseconds since 1970 (0: it had none), the length of `err`, `err`, and the
/// message id that it names, as it is written there (empty where PDUs are not kept).
struct ReceiptFacts {
    std::int64_t done_at = 0;
    std::string_view error, message_id;
};
inline ReceiptFacts read_receipt_facts(ByteView tail) {
    ReceiptFacts facts;
    if (tail.size() <= sizeof facts.done_at) return facts;
    std::memcpy(&facts.done_at, tail.data(), sizeof facts.done_at);
    const std::string_view texts = as_text(tail.subspan(sizeof facts.done_at + 1));
    const std::size_t error = std::min<std::size_t>(tail[sizeof facts.done_at], texts.size());
    facts.error = texts.substr(0, error);
    facts.message_id = texts.substr(error);
    return facts;
}

/// The tail of `receipt_pdu`: the length of the message id that it names, that id as it is written there, the PDU.
struct ReceiptPdu {
    std::string_view message_id;
    ByteView pdu;
};
inline ReceiptPdu read_receipt_pdu(ByteView tail) {
    if (tail.empty() || tail[0] >= tail.size()) return {};
    return {as_text(tail.subspan(1, tail[0])), tail.subspan(1 + std::size_t{tail[0]})};
}

}  // namespace sluice::history
