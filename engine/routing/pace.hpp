#pragma once

#include <cstdint>

#include "engine/base/time.hpp"
#include "engine/routing/status.hpp"
#include "engine/routing/throttle.hpp"

namespace sluice::routing {

/// How fast a provider can take messages, learnt from how it answers (interop S8), for the part of its traffic that one
/// shard sends. Only ever slows down: the configured rate and window are bounds that others enforce too.
///
/// - Rate: a second with throttled answers, or with more temporary errors than successes, sets a limit of 70 % of what
///   was sent or allowed before. Every good second raises the limit by 5 % of the rate at which it was set, and it is
///   lifted at the configured rate, or at twice that rate where none is configured.
/// - Window: while the mean time to an answer is far above the lowest mean of the last minutes, each second takes a
///   quarter of the window, down to a sixteenth; otherwise each second gives a sixteenth back.
///
/// Time is given, and everything follows from the calls.
class Pace {
public:
    /// What is configured, `rate.per_second` 0 for no limit and `window` per bind. What was learnt stays.
    void configure(const Rate& rate, std::uint32_t window, bool adapt);

    /// An answer of that class came `took` after its request.
    void answered(ErrorClass error_class, nanoseconds took, MonoTime now);

    /// One message may go. Costs nothing while there is no limit.
    bool take(MonoTime now) { return limit_ == 0 || bucket_.take(now); }
    void put_back() { bucket_.put_back(1); }
    MonoTime ready_at(MonoTime now) const { return bucket_.ready_at(now); }

    /// Messages a second that may go; 0: as configured.
    std::uint32_t limit() const { return limit_; }
    /// Requests that may be unanswered, per bind.
    std::uint32_t window() const { return window_; }

private:
    void look(MonoTime now);
    void look_at_rate(MonoTime now);
    void look_at_window();
    void set_limit(std::uint32_t limit, MonoTime now);

    Rate configured_;
    std::uint32_t full_window_ = 1;
    bool adapt_ = true;

    std::uint32_t limit_ = 0;
    std::uint32_t knee_ = 0;          ///< the rate at which the limit was last set
    TokenBucket bucket_;
    std::uint32_t window_ = 1;

    // The second under way, since `since_`.
    MonoTime since_{};
    bool slowed_ = false;             ///< in it, already
    std::uint32_t good_ = 0, throttled_ = 0, failed_ = 0;
    std::uint32_t last_good_ = 0;     ///< of the second before
    nanoseconds took_{};              ///< all its answers together
    // The lowest mean of a second: in the minute under way, and in the one before.
    MonoTime minute_since_{};
    nanoseconds lowest_ = nanoseconds::max(), lowest_before_ = nanoseconds::max();
};

}  // namespace sluice::routing
