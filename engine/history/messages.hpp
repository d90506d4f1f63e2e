#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/history/files.hpp"

namespace sluice::history {

/// What the history knows of one message, for a list.
struct MessageSummary {
    std::uint64_t id = 0;
    std::int64_t accepted_at = 0;      ///< microseconds since 1970, as all times here
    std::uint32_t by = 0, whom = 0;    ///< parties: who brought it; whom it is for, after all reroutes
    std::string source, destination;   ///< as far as they were kept
    TraceEvent last = TraceEvent::accepted;  ///< what happened to it last
    std::int64_t last_at = 0;
    std::uint32_t final_state = 0;     ///< message_state; 0: it has none yet
    std::int64_t final_at = 0;
    std::uint32_t failed_tries = 0;
    std::string provider_id;           ///< as the provider gave it last

    bool final() const { return final_state != 0; }
};

struct MessageQuery {
    WallTime from{}, to{};             ///< when it was accepted
    std::string source, destination;   ///< empty: any; with `*` at the end: what it begins with
    /// The rest of what is wanted; nothing: everything.
    std::function<bool(const MessageSummary&)> wanted;
    std::size_t limit = 100;
    std::uint64_t most_octets = 1ull << 30;  ///< to be read
};

struct MessageList {
    std::vector<MessageSummary> messages;  ///< latest accepted first
    bool all = true;            ///< nothing else in the range fits
    std::int64_t reached = 0;   ///< everything accepted after that was looked at
};

/// Reads the history backwards from now. A number that is given whole is looked up in the index instead.
MessageList list_messages(const Files& files, const MessageQuery& query, WallTime now);

/// All that happened to a message, in the order of time, with the PDUs of its receipts.
std::vector<OwnedRecord> find_life(const Files& files, std::uint64_t id);

/// What its events come to; nothing when they do not tell how it was accepted.
std::optional<MessageSummary> summarise(const std::vector<OwnedRecord>& events);

}  // namespace sluice::history
