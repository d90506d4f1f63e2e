#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/gateway/message.hpp"

namespace sluice::gateway {

/// What can happen to a message, in the order in which it mostly does.
enum class TraceEvent : std::uint8_t {
    accepted,    ///< the party's message passed every check and is being written
    committed,   ///< what was written last is on disk: now whoever waits for it is told, and it is queued
    send,        ///< given to a link of the party (status: the shard that has the link)
    response,    ///< the party answered (status: command_status)
    unanswered,  ///< it did not; the outcome is not known
    not_sent,    ///< the link had no room after all, or went away
    retry,       ///< it will be tried again later (status: failed tries)
    rerouted,    ///< moved to the party's queue
    receipt,     ///< the party reported a state (status: message_state)
    final_state, ///< it has reached its final state (status: message_state)
    report,      ///< its receipt for the party is being written (status: message_state)
    done,        ///< nothing is owed any more: it is forgotten
    network,     ///< the party named the network it went to (status: MCC and MNC as one number)
    trigger,     ///< a trigger ran (party: its number, see Triggers; status: instructions and a TriggerResult)
};
inline std::string_view to_string(TraceEvent event) {
    static constexpr std::array<std::string_view, 14> names{"accepted", "committed", "send",    "response",
                                                            "unanswered", "not sent", "retry",  "rerouted",
                                                            "receipt",  "final",     "report",  "done", "network",
                                                            "trigger"};
    return names[static_cast<std::size_t>(event)];
}

/// What a trigger came to: the lowest bits of its entry's status.
enum class TriggerResult : std::uint8_t { passed, changed, rejected, dropped, held, failed, error };
inline constexpr unsigned trigger_result_bits = 3;
inline std::string_view to_string(TriggerResult result) {
    static constexpr std::array<std::string_view, 8> names{"passed", "changed", "rejected", "dropped", "held",
                                                           "undeliverable", "script error", ""};
    return names[static_cast<std::size_t>(result)];
}

struct TraceEntry {
    MessageId id;
    std::int64_t at;       ///< microseconds since 1970
    PartyId party;         ///< who did it, or to whom it was done; 0: does not matter
    std::uint32_t status;  ///< see TraceEvent
    TraceEvent event;
};

/// The last events of one shard's messages, to tell afterwards what became of one: a fixed array that is written round
/// and round. Noting an event costs a write of 32 octets; finding a message's looks at all of them.
class TraceRing {
public:
    static constexpr std::size_t capacity = 1u << 16;

    TraceRing() : entries_(std::make_unique_for_overwrite<TraceEntry[]>(capacity)) {}  // pages come as they are used

    void note(const TraceEntry& entry) { entries_[noted_++ & (capacity - 1)] = entry; }

    /// Oldest first.
    std::vector<TraceEntry> find(MessageId id) const {
        std::vector<TraceEntry> found;
        for (std::uint64_t i = noted_ > capacity ? noted_ - capacity : 0; i < noted_; ++i)
            if (const TraceEntry& entry = entries_[i & (capacity - 1)]; entry.id == id) found.push_back(entry);
        return found;
    }
    /// Since when nothing was overwritten; microseconds since 1970, 0 while nothing was noted.
    std::int64_t since() const {
        return noted_ == 0 ? 0 : entries_[noted_ > capacity ? noted_ & (capacity - 1) : 0].at;
    }

private:
    std::unique_ptr<TraceEntry[]> entries_;
    std::uint64_t noted_ = 0;
};

}  // namespace sluice::gateway
