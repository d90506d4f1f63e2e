#include "engine/reactor/timer_wheel.hpp"

#include <bit>

namespace sluice::reactor {

namespace {
constexpr nanoseconds resolution = milliseconds(1);
}

// A timer lies at the level of the highest group of six bits in which its tick differs from the current one, in the
// slot that this group names. So everything at a level lies within the current slot of the level above, and a slot is
// taken apart into finer ones when the current tick reaches its beginning.

TimerWheel::Tick TimerWheel::tick_at_or_after(MonoTime time) const {
    if (time <= origin_) return 0;
    const nanoseconds since = time - origin_;
    return static_cast<Tick>(since / resolution) + (since % resolution != nanoseconds::zero() ? 1 : 0);
}

TimerId TimerWheel::arm(MonoTime at, Action action) {
    const TimerId id = timers_.emplace();
    Timer& timer = timers_.at(id);
    timer.action = std::move(action);
    timer.tick = std::max(tick_at_or_after(at), earliest_);
    timer.self = id;
    link(timer);
    return id;
}

bool TimerWheel::rearm(TimerId id, MonoTime at) {
    Timer* timer = timers_.find(id);
    if (!timer) return false;
    unlink(*timer);
    timer->tick = std::max(tick_at_or_after(at), earliest_);
    link(*timer);
    return true;
}

bool TimerWheel::cancel(TimerId id) {
    Timer* timer = timers_.find(id);
    if (!timer) return false;
    unlink(*timer);
    timers_.erase(id);
    return true;
}

void TimerWheel::link(Timer& timer) {
    const auto differing = static_cast<unsigned>(std::bit_width(timer.tick ^ current_));
    const unsigned level = differing == 0 ? 0 : (differing - 1) / bits;
    const unsigned slot = (timer.tick >> (level * bits)) % slots;

    timer.list = static_cast<std::uint16_t>(level * slots + slot);
    List& list = lists_[timer.list];
    timer.previous = list.last;
    timer.next = {};
    (list.last.valid() ? timers_.at(list.last).next : list.first) = timer.self;
    list.last = timer.self;
    occupied_[level] |= std::uint64_t{1} << slot;
}

void TimerWheel::unlink(Timer& timer) {
    List& list = lists_[timer.list];
    (timer.previous.valid() ? timers_.at(timer.previous).next : list.first) = timer.next;
    (timer.next.valid() ? timers_.at(timer.next).previous : list.last) = timer.previous;
    if (!list.first.valid()) occupied_[timer.list / slots] &= ~(std::uint64_t{1} << timer.list % slots);
}

std::optional<TimerWheel::Due> TimerWheel::next_due() const {
    std::optional<Due> earliest;
    for (unsigned level = 0; level < levels; ++level) {
        if (occupied_[level] == 0) continue;
        const auto slot = static_cast<unsigned>(std::countr_zero(occupied_[level]));
        const unsigned above = (level + 1) * bits;
        const Tick tick = (current_ >> above << above) | (Tick{slot} << (level * bits));
        // Of two that begin together the coarser comes first: it may hold timers for that very tick.
        if (!earliest || tick <= earliest->tick) earliest = Due{tick, level, slot};
    }
    return earliest;
}

std::optional<MonoTime> TimerWheel::next_deadline() const {
    const auto due = next_due();
    if (!due) return std::nullopt;
    return origin_ + resolution * static_cast<std::int64_t>(due->tick);
}

std::size_t TimerWheel::advance(MonoTime now, std::size_t max_work) {
    const Tick target = now <= origin_ ? 0 : static_cast<Tick>((now - origin_) / resolution);
    std::size_t fired = 0;
    for (std::size_t work = 0; work < max_work; ++work) {
        const auto due = next_due();
        if (!due || due->tick > target) {
            current_ = std::max(current_, target);
            earliest_ = std::max(earliest_, current_);
            break;
        }
        Timer& timer = timers_.at(lists_[due->level * slots + due->slot].first);
        unlink(timer);
        current_ = due->tick;
        earliest_ = std::max(earliest_, current_);
        if (due->level > 0) {
            link(timer);
            continue;
        }
        earliest_ = due->tick + 1;  // else actions that arm timers for the past could keep us here for ever
        const Action action = std::move(timer.action);
        timers_.erase(timer.self);
        action();
        ++fired;
    }
    return fired;
}

}  // namespace sluice::reactor
