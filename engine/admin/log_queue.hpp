#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "engine/base/check.hpp"

namespace sluice::admin {

/// A bounded queue from any number of threads to one. Nobody ever waits: a full queue refuses, an empty one says so.
///
/// Each slot carries the number of the push or pop that it is ready for, so that a pusher which was interrupted between
/// taking a slot and filling it delays what is behind it, and nothing else.
template <class T>
class LogQueue {
public:
    /// `capacity`: a power of two.
    explicit LogQueue(std::size_t capacity) : mask_(capacity - 1), slots_(std::make_unique<Slot[]>(capacity)) {
        SLUICE_CHECK(capacity >= 2 && std::has_single_bit(capacity));
        for (std::size_t i = 0; i < capacity; ++i) slots_[i].turn.store(i, std::memory_order_relaxed);
    }

    /// Moves from `value` and returns true, or leaves it alone and returns false when the queue is full.
    bool push(T& value) {
        std::uint64_t at = pushed_.load(std::memory_order_relaxed);
        for (;;) {
            Slot& slot = slots_[at & mask_];
            const auto ahead = static_cast<std::int64_t>(slot.turn.load(std::memory_order_acquire) - at);
            if (ahead < 0) return false;  // still holds what was pushed a round ago
            if (ahead > 0) {
                at = pushed_.load(std::memory_order_relaxed);
            } else if (pushed_.compare_exchange_weak(at, at + 1, std::memory_order_relaxed)) {
                slot.value = std::move(value);
                slot.turn.store(at + 1, std::memory_order_release);
                return true;
            }
        }
    }

    /// For the one reader.
    bool pop(T& value) {
        Slot& slot = slots_[popped_ & mask_];
        if (slot.turn.load(std::memory_order_acquire) != popped_ + 1) return false;
        value = std::move(slot.value);
        slot.turn.store(popped_ + mask_ + 1, std::memory_order_release);
        ++popped_;
        return true;
    }

    /// How many there ever were, those included that are being pushed.
    std::uint64_t pushed() const { return pushed_.load(std::memory_order_acquire); }

private:
    struct Slot {
        std::atomic<std::uint64_t> turn{0};
        T value{};
    };

    const std::uint64_t mask_;
    const std::unique_ptr<Slot[]> slots_;
    alignas(64) std::atomic<std::uint64_t> pushed_{0};
    alignas(64) std::uint64_t popped_ = 0;
};

}  // namespace sluice::admin
