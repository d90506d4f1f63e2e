#pragma once

#include <atomic>
#include <cstring>
#include <functional>

#include "engine/base/spsc_ring.hpp"
#include "engine/history/event.hpp"

namespace sluice::history {

/// Where one shard notes what happens to its messages: a bounded ring to the thread that writes the history. Noting
/// never waits and never fails anything: what a full ring does not take is counted and gone, as the history is for
/// people and nothing relies on it.
class Recorder {
public:
    /// `wake` gets the reader to look, when it said that it sleeps; called on the noting thread.
    explicit Recorder(std::size_t ring_octets, std::function<void()> wake = [] {})
        : ring_(ring_octets), wake_(std::move(wake)) {}

    // ---- the noting thread
    /// The tail has `size` octets: `fill(std::uint8_t* to)` writes them.
    template <class Fill>
    void note(std::uint64_t id, std::int64_t at, TraceEvent event, std::uint32_t party, std::uint32_t status,
              std::size_t size, Fill&& fill) {
        const Head head{id, at, party, status};
        const bool taken =
            ring_.try_write(static_cast<std::uint32_t>(event), sizeof head + size, [&](std::uint8_t* to) {
                std::memcpy(to, &head, sizeof head);
                fill(to + sizeof head);
            });
        if (!taken) [[unlikely]]
            drop();
    }
    void note(std::uint64_t id, std::int64_t at, TraceEvent event, std::uint32_t party, std::uint32_t status,
              ByteView tail) {
        note(id, at, event, party, status, tail.size(), [&](std::uint8_t* to) {
            if (!tail.empty()) std::memcpy(to, tail.data(), tail.size());
        });
    }
    /// Without a tail, which is most of them.
    void note(std::uint64_t id, std::int64_t at, TraceEvent event, std::uint32_t party, std::uint32_t status) {
        note(id, at, event, party, status, 0, [](std::uint8_t*) {});
    }
    /// Shows the reader what was noted. Once a turn.
    void publish() {
        if (!ring_.publish()) return;
        std::atomic_thread_fence(std::memory_order_seq_cst);
        if (reader_sleeps.load(std::memory_order_relaxed)) wake_();
    }

    // ---- the reading thread
    /// Visits up to `most` records, oldest first; a record's tail is good until the visit returns.
    template <class Visit>
    std::size_t read(Visit&& visit, std::size_t most) {
        return ring_.read([&](std::uint32_t event, ByteView octets) {
            Head head;
            std::memcpy(&head, octets.data(), sizeof head);
            visit(Record{head.id, head.at, head.party, head.status, TraceEvent{static_cast<std::uint8_t>(event)},
                         octets.subspan(sizeof head)});
        }, most);
    }
    bool empty() { return ring_.empty(); }
    /// Set by the reader before it waits; it looks once more after that.
    std::atomic<bool> reader_sleeps{false};

    /// Records that found no room. From any thread.
    std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

private:
    struct Head {
        std::uint64_t id;
        std::int64_t at;
        std::uint32_t party, status;
    };

    void drop() { dropped_.store(dropped_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed); }

    SpscRing ring_;
    std::function<void()> wake_;
    std::atomic<std::uint64_t> dropped_{0};
};

}  // namespace sluice::history
