#include "engine/routing/pace.hpp"

#include <algorithm>
#include <utility>

namespace sluice::routing {

namespace {

constexpr seconds period{1};
constexpr seconds floor_lifetime{60};
/// Fewer answers in a second say nothing about the time they take, or about errors.
constexpr std::uint32_t enough = 8;
/// The time to an answer is far above its floor when it is both so many times as long and so much longer.
constexpr int far_times = 4;
constexpr milliseconds far_more{200};

constexpr std::uint32_t below(std::uint32_t rate) { return std::max(rate - std::max(rate * 3 / 10, 1u), 1u); }

}  // namespace

void Pace::configure(const Rate& rate, std::uint32_t window, bool adapt) {
    const bool same_window = window == full_window_ && adapt == adapt_;
    configured_ = rate;
    full_window_ = window;
    adapt_ = adapt;
    if (!same_window) window_ = window;
    if (!adapt || (rate.per_second > 0 && limit_ >= rate.per_second)) limit_ = 0;
}

void Pace::answered(ErrorClass error_class, nanoseconds took, MonoTime now) {
    if (!adapt_) return;
    if (now >= since_ + period) look(now);
    took_ += took;
    switch (error_class) {
        case ErrorClass::throttled:
            ++throttled_;
            // At once, but once a second: what was under way meanwhile says the same again.
            if (!std::exchange(slowed_, true)) {
                const std::uint32_t before = limit_ > 0 ? limit_ : std::max({last_good_, good_, 1u});
                knee_ = configured_.per_second > 0 ? std::min(before, configured_.per_second) : before;
                set_limit(below(knee_), now);
            }
            return;
        case ErrorClass::temporary:
        case ErrorClass::unknown: ++failed_; return;
        // A permanent error is the message's fault, and costs the provider as much as a success.
        default: ++good_; return;
    }
}

void Pace::look(MonoTime now) {
    if (now - since_ < 2 * period) {
        look_at_rate(now);
        look_at_window();
        last_good_ = good_;
    } else {  // it was quiet in between, or this is the beginning
        if (throttled_ == 0 && limit_ > 0) look_at_rate(now);
        last_good_ = 0;
    }
    if (now >= minute_since_ + floor_lifetime) {
        lowest_before_ = now < minute_since_ + 2 * floor_lifetime ? lowest_ : nanoseconds::max();
        lowest_ = nanoseconds::max();
        minute_since_ = now;
    }
    since_ = now;
    slowed_ = false;
    good_ = throttled_ = failed_ = 0;
    took_ = {};
}

void Pace::look_at_rate(MonoTime now) {
    if (throttled_ > 0) return;
    if (failed_ >= enough && failed_ > good_) {
        knee_ = limit_ > 0 ? limit_ : std::max(good_ + failed_, 1u);
        if (configured_.per_second > 0) knee_ = std::min(knee_, configured_.per_second);
        return set_limit(below(knee_), now);
    }
    if (limit_ == 0) return;
    const std::uint32_t raised = limit_ + std::max(knee_ / 20, 1u);
    const std::uint32_t enough_at = configured_.per_second > 0 ? configured_.per_second : 2 * knee_;
    set_limit(raised >= enough_at ? 0 : raised, now);
}

void Pace::look_at_window() {
    const std::uint32_t answers = good_ + throttled_ + failed_;
    if (answers < enough) return;
    const nanoseconds mean = took_ / answers;
    lowest_ = std::min(lowest_, mean);
    const nanoseconds floor = std::min(lowest_, lowest_before_);
    const std::uint32_t least = std::max(full_window_ / 16, 1u);
    if (mean > far_times * floor && mean > floor + far_more)
        window_ = std::max(window_ - std::max(window_ / 4, 1u), least);
    else
        window_ = std::min(window_ + least, full_window_);
}

void Pace::set_limit(std::uint32_t limit, MonoTime now) {
    const bool began = limit_ == 0 && limit > 0;
    limit_ = limit;
    if (limit == 0) return;
    const Rate rate{limit, std::max(limit / 10, 1u)};
    if (!began) return bucket_.set_rate(rate, now);
    bucket_ = TokenBucket(rate, now);
    bucket_.take_up_to(now, rate.burst);  // it has just had more than enough
}

}  // namespace sluice::routing
