#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/check.hpp"
#include "engine/base/limits.hpp"
#include "engine/base/time.hpp"

namespace sluice::gateway {

/// 32 bits of seconds since 2020-01-01, 16 bits of sequence (starting at the fraction of the second), 8 bits of logical
/// slot, 8 bits of node: unique across nodes and restarts, growing with time within a shard, below 2^63 until 2088.
using MessageId = std::uint64_t;

inline constexpr std::int64_t id_epoch_seconds = 1577836800;

constexpr std::uint32_t slot_of(MessageId id) { return (id >> 8) & 0xFF; }
constexpr std::uint32_t node_of(MessageId id) { return id & 0xFF; }
constexpr std::uint32_t home_shard(MessageId id, std::uint32_t shards) { return slot_of(id) % shards; }
constexpr WallTime time_of(MessageId id) {
    return WallTime(std::chrono::seconds(id_epoch_seconds + static_cast<std::int64_t>(id >> 32)));
}

/// Makes the ids of one shard. Ids never repeat and never go back, whatever the clock does while it runs;
/// `not_before` carries that across restarts.
class IdSource {
public:
    IdSource(std::uint8_t node, std::uint32_t shard, std::uint32_t shards) : node_(node) {
        SLUICE_CHECK(shard < shards && shards <= limits::slots);
        for (std::uint32_t slot = shard; slot < limits::slots; slot += shards)
            slots_.push_back(static_cast<std::uint8_t>(slot));
    }

    MessageId next(WallTime now) {
        const std::uint64_t tick = tick_of(now);
        if (tick > tick_) {
            tick_ = tick;
            turn_ = 0;
        } else if (++turn_ == slots_.size()) {
            ++tick_;
            turn_ = 0;
        }
        return (tick_ << 16) | (std::uint64_t{slots_[turn_]} << 8) | node_;
    }

    /// The one that follows an id of this shard where ids are made one after the other at one time.
    MessageId after(MessageId id) const {
        const std::size_t place = slots_.size() > 1 ? (slot_of(id) - slots_[0]) / (slots_[1] - slots_[0]) + 1u : 1;
        if (place < slots_.size()) return (id >> 16 << 16) | (std::uint64_t{slots_[place]} << 8) | (id & 0xFF);
        return ((id >> 16) + 1) << 16 | std::uint64_t{slots_[0]} << 8 | (id & 0xFF);
    }

    /// Ids for `count` messages (1 to 255) that must stay at one home: they have one slot, the next is 1 << 16 more.
    MessageId next_run(WallTime now, std::size_t count) {
        const MessageId first = next(now);
        tick_ += count - 1;
        turn_ = slots_.size() - 1;
        return first;
    }

    /// The next id will be greater than `id`.
    void not_before(MessageId id) {
        if ((id >> 16) >= tick_) {
            tick_ = (id >> 16) + 1;
            turn_ = 0;
        }
    }

private:
    static std::uint64_t tick_of(WallTime now) {
        const std::int64_t us = now.time_since_epoch().count() - id_epoch_seconds * 1'000'000;
        if (us <= 0) return 0;
        const auto since = static_cast<std::uint64_t>(us);
        return (since / 1'000'000) << 16 | ((since % 1'000'000) << 16) / 1'000'000;
    }

    std::vector<std::uint8_t> slots_;
    std::uint64_t tick_ = 0;
    std::size_t turn_ = 0;
    std::uint8_t node_;
};

}  // namespace sluice::gateway
