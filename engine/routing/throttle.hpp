#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "engine/base/time.hpp"
#include "engine/routing/account.hpp"

namespace sluice::routing {

/// Lets at most `per_second * t + burst` through in any stretch of time t, exactly: integers only, no drift.
/// Time is given; it may stand still and is never read.
class TokenBucket {
public:
    TokenBucket() = default;  ///< unlimited
    /// Starts full.
    TokenBucket(Rate rate, MonoTime now);

    /// Takes `n` tokens or none.
    bool take(MonoTime now, std::uint32_t n = 1);
    /// Takes up to `n` tokens and returns how many.
    std::uint32_t take_up_to(MonoTime now, std::uint32_t n);
    /// Gives tokens back that were taken and not used.
    void put_back(std::uint32_t n);
    /// The earliest time at which take(n) can succeed, if nobody else takes; MonoTime::max() if n exceeds the burst.
    MonoTime ready_at(MonoTime now, std::uint32_t n = 1) const;
    std::uint32_t available(MonoTime now) const;
    /// A changed rate applies from now on; tokens at hand stay, up to the new burst.
    void set_rate(Rate rate, MonoTime now);
    Rate rate() const { return rate_; }
    bool unlimited() const { return rate_.per_second == 0; }

private:
    void refill(MonoTime now);
    /// The level at which it is full.
    std::uint64_t limit() const { return rate_.burst * nanoseconds_per_token; }

    static constexpr std::uint64_t nanoseconds_per_token = 1'000'000'000;

    Rate rate_;
    std::uint64_t level_ = 0;     ///< in billionths of a token, so that a rate adds `per_second` each nanosecond
    MonoTime updated_{};
};

/// A rate that several threads share without asking each other: the time at which the bucket will be empty is one
/// atomic number (the generic cell rate algorithm), so that overspending is impossible however many take from it. It
/// obeys the same law as a TokenBucket: at most `per_second * t + burst` in any stretch of time t.
class SharedRate {
public:
    /// True if one more message is within the rate at `now`. Every caller passes the same `rate`.
    bool take(Rate rate, MonoTime now) {
        if (rate.per_second == 0) return true;
        const std::int64_t interval = (1'000'000'000 + rate.per_second - 1) / rate.per_second;
        const std::int64_t at = now.time_since_epoch().count();
        std::int64_t due = due_.load(std::memory_order_relaxed);
        for (;;) {
            const std::int64_t start = std::max(due, at);
            if (start - at > interval * (std::max<std::int64_t>(1, rate.burst) - 1)) return false;
            if (due_.compare_exchange_weak(due, start + interval, std::memory_order_relaxed)) return true;
        }
    }

    /// The earliest time at which take can succeed, if nobody else takes.
    MonoTime ready_at(Rate rate, MonoTime now) const {
        if (rate.per_second == 0) return now;
        const std::int64_t interval = (1'000'000'000 + rate.per_second - 1) / rate.per_second;
        const std::int64_t due = due_.load(std::memory_order_relaxed);
        if (due <= now.time_since_epoch().count()) return now;
        return std::max(now, MonoTime(nanoseconds(due - interval * (std::max<std::int64_t>(1, rate.burst) - 1))));
    }

private:
    std::atomic<std::int64_t> due_{INT64_MIN};
};

}  // namespace sluice::routing
