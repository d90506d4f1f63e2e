#pragma once

#include <cstdint>
#include <unordered_map>
#include <unordered_set>

#include "engine/gateway/message.hpp"
#include "engine/routing/cap.hpp"
#include "storage/store.hpp"

namespace sluice::gateway {

/// What one shard has sent to providers with a cap, in the latest hour and day of each: a row a provider in
/// Table::meta, written by the next batch that has anything else in it. So the batch that knows a message to be sent
/// knows that it counts. A crash forgets what was sent and had no answer on disk: those messages are sent again, and
/// counted then.
class SentCounts {
public:
    struct Row {
        routing::HourNumber hour = 0;  ///< of the latest; its day is the latest day
        std::uint32_t reserved = 0;
        std::uint64_t in_hour = 0;
        std::uint64_t in_day = 0;
        /// Another shard's row of the same provider is added to this one.
        void join(const Row& other);
    };

    void add(PartyId provider, routing::HourNumber hour, std::uint64_t n);
    void take_back(PartyId provider, routing::HourNumber hour, std::uint64_t n);

    // ---- in Table::meta: (tag, provider)
    static constexpr std::uint64_t tag = 8;
    static bool read_row(ByteView value, Row& row);
    static void put_row(storage::Batch& batch, PartyId provider, const Row& row);
    void write_changes(storage::Batch& batch);
    /// What is of another day than `now` is forgotten, and erased with the next batch.
    void restore(storage::Key key, ByteView value, WallTime now);
    /// visit(provider, row)
    template <class Visit>
    void for_each(Visit&& visit) const {
        for (const auto& [provider, row] : rows_) visit(provider, row);
    }

private:
    std::unordered_map<PartyId, Row> rows_;
    std::unordered_set<PartyId> changed_;  ///< a row that is not in rows_ is to be erased
};

}  // namespace sluice::gateway
