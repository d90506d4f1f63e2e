#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

namespace sluice::storage {

/// Wakes one thread, the sleeper, from one other, the ringer; and tells the ringer when the sleeper is at rest, so that
/// what both use is the ringer's until the next ring. Every ring is heard.
///
/// std::atomic::wait would do, but it looks and yields some times before it sleeps: where threads are more than cores,
/// a yield gives away a whole slice of the scheduler's, milliseconds in which nobody hears.
class Doorbell {
public:
    // ---- the ringer
    void ring() {
        const std::uint32_t before = rings_.fetch_add(1, std::memory_order_seq_cst);
        // Who has not said that it rests looks at the rings once more before it sleeps.
        if (answered_.load(std::memory_order_seq_cst) == before) futex(FUTEX_WAKE_PRIVATE, 1);
    }
    /// Whether the sleeper has answered every ring: what it did before is seen, and it does nothing until the next one.
    bool is_answered() const {
        return answered_.load(std::memory_order_acquire) == rings_.load(std::memory_order_relaxed);
    }

    // ---- the sleeper
    /// The rings so far. To be read before looking at what they may be for.
    std::uint32_t heard() const { return rings_.load(std::memory_order_acquire); }
    /// Answers the rings that were heard, and sleeps until there is another.
    void wait(std::uint32_t heard) {
        answered_.store(heard, std::memory_order_seq_cst);
        while (rings_.load(std::memory_order_acquire) == heard) futex(FUTEX_WAIT_PRIVATE, heard);
    }

private:
    void futex(int operation, std::uint32_t value) {
        static_assert(sizeof rings_ == sizeof value && std::atomic<std::uint32_t>::is_always_lock_free);
        ::syscall(SYS_futex, &rings_, operation, value, nullptr, nullptr, 0);
    }

    std::atomic<std::uint32_t> rings_{1};
    std::atomic<std::uint32_t> answered_{0};
};

}  // namespace sluice::storage
