#pragma once

#include <algorithm>
#include <atomic>
#include <cstring>
#include <functional>
#include <utility>

#include "engine/base/check.hpp"
#include "engine/base/spsc_ring.hpp"
#include "engine/history/stretch.hpp"

namespace sluice::history {

/// Where one shard notes what happens to its messages: a bounded ring to the thread that writes the history. Noting
/// never waits and never fails anything: what a full ring does not take is counted and gone, as the history is for
/// people and nothing relies on it. What a turn notes goes to the ring at once, as a stretch.
class Recorder {
public:
    static constexpr std::size_t least_ring = 4 * max_stretch;

    /// `ring_octets`: a power of two, `least_ring` at least. `wake` gets the reader to look, when it said that it
    /// sleeps; called on the noting thread.
    explicit Recorder(std::size_t ring_octets, std::function<void()> wake = [] {})
        : ring_(ring_octets), wake_(std::move(wake)) {
        SLUICE_CHECK(ring_octets >= least_ring);
    }

    // ---- the noting thread
    /// The tail has `size` octets, at most `max_tail`: `fill(std::uint8_t* to)` writes them.
    template <class Fill>
    void note(std::uint64_t id, std::int64_t at, TraceEvent event, std::uint32_t party, std::uint32_t status,
              std::size_t size, Fill&& fill) {
        if (!stretch_.takes(at, size)) [[unlikely]] {
            hand_over();
            stretch_.begin(at);
        }
        stretch_.add(id, event, party, status, size, std::forward<Fill>(fill));
    }
    /// Of a longer tail the end is left out.
    void note(std::uint64_t id, std::int64_t at, TraceEvent event, std::uint32_t party, std::uint32_t status,
              ByteView tail) {
        tail = tail.first(std::min(tail.size(), max_tail));
        note(id, at, event, party, status, tail.size(),
             [&](std::uint8_t* to) { std::memcpy(to, tail.data(), tail.size()); });
    }
    /// Without a tail, which is most of them.
    void note(std::uint64_t id, std::int64_t at, TraceEvent event, std::uint32_t party, std::uint32_t status) {
        note(id, at, event, party, status, 0, [](std::uint8_t*) {});
    }
    /// Shows the reader what was noted. Once a turn.
    void publish() {
        hand_over();
        if (!ring_.publish()) return;
        std::atomic_thread_fence(std::memory_order_seq_cst);
        if (reader_sleeps.load(std::memory_order_relaxed)) wake_();
    }

    // ---- the reading thread
    /// Visits up to `most` stretches, oldest first: `visit(ByteView stretch)`; it is good until the visit returns.
    template <class Visit>
    std::size_t read(Visit&& visit, std::size_t most) {
        return ring_.read([&](std::uint32_t, ByteView stretch) { visit(stretch); }, most);
    }
    bool empty() { return ring_.empty(); }
    /// Set by the reader before it waits; it looks once more after that.
    std::atomic<bool> reader_sleeps{false};

    /// Records that found no room. From any thread.
    std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

private:
    void hand_over() {
        const std::uint32_t records = stretch_.records();
        if (records > 0 && !ring_.try_write(0, stretch_.finish())) [[unlikely]]
            dropped_.store(dropped_.load(std::memory_order_relaxed) + records, std::memory_order_relaxed);
    }

    StretchWriter stretch_;
    SpscRing ring_;
    std::function<void()> wake_;
    std::atomic<std::uint64_t> dropped_{0};
};

}  // namespace sluice::history
