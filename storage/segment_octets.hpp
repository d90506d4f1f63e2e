#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "engine/base/bytes.hpp"
#include "storage/direct_buffer.hpp"

namespace sluice::storage {

/// The octets of a batch's journal segment, gathered in the memory from which they are written: there is room before
/// them for what a record says of the batch, and behind them for the rest of it, so that nothing is copied. Grows as a
/// vector does, but octets are not initialised. What one great batch took is given back when a small one is cleared.
class SegmentOctets {
public:
    /// Octets before the segment, for the journal.
    static constexpr std::size_t front = 136;

    SegmentOctets() = default;
    SegmentOctets(SegmentOctets&& other) noexcept
        : memory_(std::move(other.memory_)), size_(std::exchange(other.size_, 0)) {}
    SegmentOctets& operator=(SegmentOctets&& other) noexcept {
        memory_ = std::move(other.memory_);
        size_ = std::exchange(other.size_, 0);
        return *this;
    }

    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    operator ByteView() const { return empty() ? ByteView() : ByteView(memory_.data() + front, size_); }

    /// So many octets more, for the caller to fill before the next call.
    std::uint8_t* grow(std::size_t octets) {
        std::uint8_t* const at = with_room(octets).data() + front + size_;
        size_ += octets;
        return at;
    }
    void append(ByteView octets) {
        if (!octets.empty()) std::memcpy(grow(octets.size()), octets.data(), octets.size());
    }
    void clear() {
        if (memory_.size() > room_kept && front + size_ <= room_kept) memory_ = {};
        size_ = 0;
    }

    /// The memory, which has room for `octets` behind the segment.
    const DirectBuffer& with_room(std::size_t octets) {
        if (memory_.size() < front + size_ + octets) enlarge(front + size_ + octets);
        return memory_;
    }

private:
    static constexpr std::size_t room_kept = std::size_t{1} << 20;

    void enlarge(std::size_t octets) {
        DirectBuffer larger(std::max(octets, 2 * memory_.size()));
        if (!empty()) std::memcpy(larger.data() + front, memory_.data() + front, size_);
        memory_ = std::move(larger);
    }

    DirectBuffer memory_;
    std::size_t size_ = 0;
};

}  // namespace sluice::storage
