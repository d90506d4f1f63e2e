#pragma once

#include <cstdint>

#include "engine/base/check.hpp"
#include "engine/gateway/message.hpp"

namespace sluice::gateway {

struct Party;

/// Table::queue holds two kinds of rows, told apart by the top octet of the key's high half.
inline constexpr std::uint64_t lane_tag = 1;  ///< (lane key, position): what waits for a destination, in order
inline constexpr std::uint64_t time_tag = 2;  ///< (second, message id): what must be looked at when its time comes

constexpr std::uint64_t lane_key(PartyId destination, std::uint8_t priority) {
    return lane_tag << 56 | std::uint64_t{destination} << 8 | static_cast<std::uint8_t>(3 - priority);
}
constexpr PartyId destination_of(std::uint64_t lane_key) { return static_cast<PartyId>(lane_key >> 8); }
/// Place among the lanes of its destination, the highest priority first.
constexpr unsigned place_of(std::uint64_t lane_key) { return lane_key & 3; }
constexpr std::uint64_t time_key(WallTime when) {
    const std::int64_t s = std::chrono::ceil<std::chrono::seconds>(when.time_since_epoch()).count();
    return time_tag << 56 | static_cast<std::uint64_t>(s < 0 ? 0 : s);
}

/// What waits for one destination at one priority, first in first out: the front in memory, the rest on disk as
/// rows. Messages in memory are linked in order of position; rows not in memory are only counted.
class Lane {
public:
    explicit Lane(std::uint64_t key) : key_(key) {}

    std::uint64_t key() const { return key_; }
    /// Whose it is; null until that is known.
    Party* party() const { return party_; }
    void belongs_to(Party& party) { party_ = &party; }
    std::size_t in_memory() const { return in_memory_; }
    std::uint64_t size() const { return in_memory_ + unloaded_; }
    bool empty() const { return size() == 0; }

    /// The message whose turn it is; null when there is none, or when older ones must be read from disk first.
    Message* head() const {
        return first_ != nullptr && (unloaded_ == 0 || first_->position <= loaded_up_to_) ? first_ : nullptr;
    }
    Message* first_in_memory() const { return first_; }

    void insert(Message& m) {
        Message* after = last_;
        // A retried or a loaded one: its place is near the front.
        if (after != nullptr && after->position > m.position) {
            after = nullptr;
            for (Message* at = first_; at->position < m.position; at = at->lane_next) after = at;
        }
        m.lane_prev = after;
        m.lane_next = after != nullptr ? after->lane_next : first_;
        (m.lane_next != nullptr ? m.lane_next->lane_prev : last_) = &m;
        (after != nullptr ? after->lane_next : first_) = &m;
        ++in_memory_;
    }

    void remove(Message& m) {
        SLUICE_CHECK(in_memory_ > 0);
        (m.lane_prev != nullptr ? m.lane_prev->lane_next : first_) = m.lane_next;
        (m.lane_next != nullptr ? m.lane_next->lane_prev : last_) = m.lane_prev;
        m.lane_prev = m.lane_next = nullptr;
        --in_memory_;
    }

    // ---- the part on disk
    std::uint64_t rows() const { return rows_; }          ///< on disk, whether also in memory or not
    std::uint64_t unloaded() const { return unloaded_; }  ///< on disk only
    bool backlogged() const { return unloaded_ > 0; }
    bool loading() const { return loading_; }
    std::uint64_t loaded_up_to() const { return loaded_up_to_; }

    void restore_rows(std::uint64_t rows) { rows_ = unloaded_ = rows; }
    void row_added() { ++rows_; }
    void row_erased() {
        SLUICE_CHECK(rows_ > 0);
        --rows_;
    }
    /// A message with a row has left memory, or was written as a row only.
    void unload(std::uint64_t position) {
        ++unloaded_;
        if (loading_ && position < reload_from_) reload_from_ = position;
        if (position <= loaded_up_to_) loaded_up_to_ = position - 1;
    }
    /// A row that was on disk only is now in memory, or gone.
    void unloaded_less_one() {
        SLUICE_CHECK(unloaded_ > 0);
        --unloaded_;
    }
    void load_begins() {
        loading_ = true;
        reload_from_ = UINT64_MAX;
    }
    /// Everything up to `position` was read; `more` rows lie behind it.
    void load_ends(std::uint64_t position) {
        loading_ = false;
        loaded_up_to_ = reload_from_ <= position ? reload_from_ - 1 : position;
    }

private:
    std::uint64_t key_;
    Party* party_ = nullptr;
    Message* first_ = nullptr;
    Message* last_ = nullptr;
    std::size_t in_memory_ = 0;
    std::uint64_t rows_ = 0;
    std::uint64_t unloaded_ = 0;
    std::uint64_t loaded_up_to_ = 0;
    std::uint64_t reload_from_ = UINT64_MAX;
    bool loading_ = false;
};

}  // namespace sluice::gateway
