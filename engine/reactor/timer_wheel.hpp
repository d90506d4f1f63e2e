#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>

#include "engine/base/slab.hpp"
#include "engine/base/time.hpp"

namespace sluice::reactor {

using TimerId = Handle;

/// Timers of one thread, in a hierarchy of wheels with a resolution of one millisecond: arming, moving and cancelling
/// cost the same however many timers there are. A timer never fires early, and at most a millisecond plus the length
/// of a turn late. The order in which timers fire depends only on the calls made, never on addresses or hashes.
class TimerWheel {
public:
    using Action = std::function<void()>;  ///< a captured pointer and a handle fit without allocation

    explicit TimerWheel(MonoTime origin) : origin_(origin) {}

    /// Runs `action` once, in the first `advance` at or after `at`; a time in the past means the next `advance`.
    TimerId arm(MonoTime at, Action action);
    /// Moves a timer that has not fired. False when it has, or was cancelled.
    bool rearm(TimerId timer, MonoTime at);
    /// False when it has fired already, or was cancelled. Stale ids are harmless.
    bool cancel(TimerId timer);

    /// Fires what is due at `now`, at most `max_work` steps (a firing, or a move to a finer wheel, is a step); the
    /// rest follows in the next call. Actions may arm and cancel timers; what they arm fires a millisecond later at
    /// the earliest. Returns how many fired.
    std::size_t advance(MonoTime now, std::size_t max_work);

    /// When `advance` has something to do next: at or before the earliest timer. Empty when there are no timers.
    std::optional<MonoTime> next_deadline() const;

    std::size_t size() const { return timers_.size(); }

private:
    static constexpr unsigned bits = 6;
    static constexpr unsigned slots = 1u << bits;
    static constexpr unsigned levels = 8;  // 2^48 ms: more than MonoTime holds
    using Tick = std::uint64_t;  // milliseconds since origin_

    struct Timer {
        Action action;
        Tick tick = 0;
        TimerId self;
        TimerId previous, next;
        std::uint16_t list = 0;  // level * slots + slot
    };
    struct List {
        TimerId first, last;
    };

    Tick tick_at_or_after(MonoTime time) const;
    void link(Timer& timer);
    void unlink(Timer& timer);
    struct Due {
        Tick tick;  // where the slot begins
        unsigned level, slot;
    };
    std::optional<Due> next_due() const;

    MonoTime origin_;
    Tick current_ = 0;   // every timer with an earlier tick has fired
    Tick earliest_ = 0;  // the first tick that a timer armed now may have
    Slab<Timer> timers_;
    std::array<List, levels * slots> lists_{};
    std::array<std::uint64_t, levels> occupied_{};  // a bit for each slot that is not empty
};

}  // namespace sluice::reactor
