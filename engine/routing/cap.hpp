#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <optional>

#include "engine/base/time.hpp"

namespace sluice::routing {

/// How many parts a provider may be sent in each hour and each day of UTC. 0: any number.
struct Caps {
    std::uint64_t per_hour = 0;
    std::uint64_t per_day = 0;

    bool any() const { return per_hour != 0 || per_day != 0; }
    /// What a message of so many parts counts: one that is longer than a window has room for takes all of that.
    std::uint64_t counted(std::uint64_t parts) const {
        if (per_hour != 0) parts = std::min(parts, per_hour);
        return per_day != 0 ? std::min(parts, per_day) : parts;
    }
    friend bool operator==(const Caps&, const Caps&) = default;
};

/// Hours since 1970, in UTC; a day has 24 of them, and begins with a multiple.
using HourNumber = std::uint32_t;
inline constexpr HourNumber hours_per_day = 24;
constexpr HourNumber hour_of(WallTime at) {
    return static_cast<HourNumber>(std::chrono::floor<std::chrono::hours>(at.time_since_epoch()).count());
}
constexpr WallTime begin_of(HourNumber hour) { return WallTime(std::chrono::hours(hour)); }

/// What was used up in the present window, hours or days by number: one atomic number for all shards.
class WindowCount {
public:
    /// Adds `n` unless that comes to more than `most`, with 0 for no limit. False: nothing is added. Where the time has
    /// been set back to an earlier window, what was used goes with it.
    bool take(std::uint32_t window, std::uint64_t most, std::uint64_t n) {
        std::uint64_t seen = state_.load(std::memory_order_relaxed);
        for (;;) {
            const std::uint64_t used = window_of(seen) < window ? 0 : used_of(seen);
            if (most != 0 && used + n > most) return false;
            if (state_.compare_exchange_weak(seen, packed(window, used + n), std::memory_order_relaxed)) return true;
        }
    }
    /// Not used after all; nothing when that window is over.
    void put_back(std::uint32_t window, std::uint64_t n) {
        std::uint64_t seen = state_.load(std::memory_order_relaxed);
        while (window_of(seen) == window &&
               !state_.compare_exchange_weak(seen, packed(window, used_of(seen) - std::min(n, used_of(seen))),
                                             std::memory_order_relaxed)) {}
    }
    std::uint32_t window() const { return window_of(state_.load(std::memory_order_relaxed)); }
    std::uint64_t used(std::uint32_t window) const {
        const std::uint64_t seen = state_.load(std::memory_order_relaxed);
        return window_of(seen) < window ? 0 : used_of(seen);
    }

private:
    static constexpr unsigned used_bits = 40;
    static constexpr std::uint32_t window_of(std::uint64_t state) {
        return static_cast<std::uint32_t>(state >> used_bits);
    }
    static constexpr std::uint64_t used_of(std::uint64_t state) {
        return state & ((std::uint64_t{1} << used_bits) - 1);
    }
    static constexpr std::uint64_t packed(std::uint32_t window, std::uint64_t used) {
        return std::uint64_t{window} << used_bits | used;
    }

    std::atomic<std::uint64_t> state_{0};
};

/// The largest cap; sums of it stay within what a WindowCount holds.
inline constexpr std::uint64_t largest_cap = 100'000'000'000;

/// What a provider has been sent in this hour and this day. All shards take from it, without locks, so that a cap is
/// never exceeded however many they are.
class CapCount {
public:
    /// Counts `n` (see Caps::counted) and returns the hour that they count in; nothing when a cap does not have so much
    /// left.
    std::optional<HourNumber> take(const Caps& caps, WallTime now, std::uint64_t n) {
        const HourNumber hour = hour_at(now);
        if (!hour_.take(hour, caps.per_hour, n)) return std::nullopt;
        if (day_.take(hour / hours_per_day, caps.per_day, n)) return hour;
        hour_.put_back(hour, n);
        return std::nullopt;
    }
    /// What `take` counted in `hour`.
    void put_back(HourNumber hour, std::uint64_t n) {
        hour_.put_back(hour, n);
        day_.put_back(hour / hours_per_day, n);
    }
    /// Found on disk at the start, of one shard.
    void restore(HourNumber hour, std::uint64_t in_hour, std::uint64_t in_day) {
        if (hour >= hour_.window()) hour_.take(hour, 0, in_hour);
        if (hour / hours_per_day >= day_.window()) day_.take(hour / hours_per_day, 0, in_day);
    }

    struct Used {
        std::uint64_t in_hour = 0, in_day = 0;
        WallTime hour_ends{}, day_ends{};
    };
    Used used(WallTime now) const {
        const HourNumber hour = hour_at(now);
        const std::uint32_t day = hour / hours_per_day;
        return {hour_.used(hour), day_.used(day), begin_of(hour + 1), begin_of((day + 1) * hours_per_day)};
    }
    /// One part more is within both caps.
    bool open(const Caps& caps, WallTime now) const {
        const Used its = used(now);
        return (caps.per_hour == 0 || its.in_hour < caps.per_hour) && (caps.per_day == 0 || its.in_day < caps.per_day);
    }

private:
    /// Shards read the time once a turn: one that is a moment behind counts in the hour that another one has begun.
    HourNumber hour_at(WallTime now) const {
        const HourNumber hour = hour_of(now);
        return hour_.window() == hour + 1 ? hour + 1 : hour;
    }

    WindowCount hour_, day_;
};

}  // namespace sluice::routing
