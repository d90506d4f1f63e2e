#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "engine/base/time.hpp"

namespace sluice::routing {

/// What became of the messages that a provider has taken, over the last hour. All shards count, without locks.
class DeliveryCount {
public:
    struct Sample {
        std::uint64_t delivered = 0;
        std::uint64_t ended = 0;  ///< delivered or not
    };

    void ended(bool delivered, MonoTime now) {
        std::atomic<std::uint64_t>& place = places_[period_of(now) % periods];
        const std::uint64_t period = tag_of(now);
        std::uint64_t seen = place.load(std::memory_order_relaxed);
        std::uint64_t next;
        do {
            const std::uint64_t before = seen >> tag_shift == period ? seen : period << tag_shift;
            if ((before & count_mask) == count_mask) return;  // enough are known of these minutes
            next = before + 1 + (delivered ? delivered_unit : 0);
        } while (!place.compare_exchange_weak(seen, next, std::memory_order_relaxed));
    }

    Sample sample(MonoTime now) const {
        Sample sum;
        MonoTime then = now;
        for (std::uint64_t back = 0; back < periods; ++back, then -= length) {
            const std::uint64_t seen = places_[period_of(then) % periods].load(std::memory_order_relaxed);
            if (seen >> tag_shift != tag_of(then)) continue;
            sum.ended += seen & count_mask;
            sum.delivered += seen >> delivered_shift & count_mask;
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
    static constexpr std::uint64_t periods = 12;  // an hour
    // A place: 16 bits of the period's number, 24 bits of the delivered, 24 bits of those that have ended.
    static constexpr unsigned delivered_shift = 24, tag_shift = 48;
    static constexpr std::uint64_t delivered_unit = std::uint64_t{1} << delivered_shift;
    static constexpr std::uint64_t count_mask = delivered_unit - 1;

    static std::uint64_t period_of(MonoTime at) {
        return static_cast<std::uint64_t>((at.time_since_epoch() + std::chrono::hours(1)) / length);
    }
    /// Never that of a place in which nothing was counted.
    static std::uint64_t tag_of(MonoTime at) { return period_of(at) % 0xFFFF + 1; }

    std::array<std::atomic<std::uint64_t>, periods> places_{};
};

}  // namespace sluice::routing
