#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "engine/base/time.hpp"

namespace sluice::routing {

/// What became of the messages that a provider has taken, over the last hour of the system's time, so that a restart
/// can go on with it. All shards count, without locks.
class DeliveryCount {
public:
    struct Sample {
        std::uint64_t delivered = 0;
        std::uint64_t ended = 0;  ///< delivered or not
    };

    /// Five minutes of the system's time, counted since 1970, and what is known of them. As a row on disk has it.
    struct Period {
        std::uint32_t number = 0;
        std::uint32_t delivered = 0;
        std::uint32_t ended = 0;
        friend bool operator==(const Period&, const Period&) = default;
    };
    static constexpr std::uint32_t period_count = 12;  ///< an hour
    using Periods = std::array<Period, period_count>;

    void ended(bool delivered, WallTime now) { add({number_of(now), delivered, 1}, now); }
    /// What was known before a restart; nothing where it is older than an hour, or of a time to come.
    void add(const Period& period, WallTime now) {
        const std::uint32_t age = number_of(now) - period.number;
        if (age >= period_count || period.ended == 0) return;
        std::atomic<std::uint64_t>& place = places_[period.number % period_count];
        const std::uint64_t tag = tag_of(period.number);
        std::uint64_t seen = place.load(std::memory_order_relaxed);
        std::uint64_t next;
        do {
            const std::uint64_t before = seen >> tag_shift == tag ? seen : tag << tag_shift;
            // Where so many are known of these minutes, more change nothing.
            if ((before & count_mask) + period.ended > count_mask || period.delivered > period.ended) return;
            next = before + period.ended + period.delivered * delivered_unit;
        } while (!place.compare_exchange_weak(seen, next, std::memory_order_relaxed));
    }

    /// What is known of the last hour, by its number modulo `period_count`; zeros for a period of which nothing is.
    Periods periods(WallTime now) const {
        Periods known;
        const std::uint32_t latest = number_of(now);
        for (std::uint32_t age = 0; age < period_count; ++age) {
            const std::uint32_t number = latest - age;
            const std::uint64_t seen = places_[number % period_count].load(std::memory_order_relaxed);
            if (seen >> tag_shift != tag_of(number)) continue;
            known[number % period_count] = {number, static_cast<std::uint32_t>(seen >> delivered_shift & count_mask),
                                            static_cast<std::uint32_t>(seen & count_mask)};
        }
        return known;
    }

    Sample sample(WallTime now) const {
        Sample sum;
        for (const Period& period : periods(now)) {
            sum.delivered += period.delivered;
            sum.ended += period.ended;
        }
        return sum;
    }

    /// The share of the delivered in percent, 1 to 100; 100 while fewer than `least_sample` have ended, so that chance
    /// does not decide.
    static constexpr std::uint64_t least_sample = 100;
    static std::uint8_t percent(const Sample& sample) {
        if (sample.ended < least_sample) return 100;
        const std::uint64_t share = (sample.delivered * 100 + sample.ended / 2) / sample.ended;
        return static_cast<std::uint8_t>(share < 1 ? 1 : share);
    }

private:
    static constexpr std::chrono::minutes length{5};  // of a period
    // A place: 16 bits of the period's number, 24 bits of the delivered, 24 bits of those that have ended.
    static constexpr unsigned delivered_shift = 24, tag_shift = 48;
    static constexpr std::uint64_t delivered_unit = std::uint64_t{1} << delivered_shift;
    static constexpr std::uint64_t count_mask = delivered_unit - 1;

    static std::uint32_t number_of(WallTime at) { return static_cast<std::uint32_t>(at.time_since_epoch() / length); }
    /// Never that of a place in which nothing was counted.
    static std::uint64_t tag_of(std::uint32_t number) { return number % 0xFFFF + 1; }

    std::array<std::atomic<std::uint64_t>, period_count> places_{};
};

}  // namespace sluice::routing
