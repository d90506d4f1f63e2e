#include "engine/routing/throttle.hpp"

#include <utility>

namespace sluice::routing {

// The largest burst, 2^32 tokens, is 4.3e18 billionths: it fits.
TokenBucket::TokenBucket(Rate rate, MonoTime now) : rate_(rate), updated_(now) {
    rate_.burst = std::max<std::uint32_t>(rate_.burst, 1);
    level_ = limit();
}

void TokenBucket::refill(MonoTime now) {
    if (now <= updated_) return;
    const auto elapsed = static_cast<std::uint64_t>((now - updated_).count());
    updated_ = now;
    const std::uint64_t missing = limit() - std::min(level_, limit());
    // Comparing before multiplying keeps a long pause from overflowing.
    if (elapsed > missing / rate_.per_second) level_ += missing;
    else level_ += elapsed * rate_.per_second;
}

bool TokenBucket::take(MonoTime now, std::uint32_t n) {
    if (unlimited()) return true;
    refill(now);
    if (level_ < n * nanoseconds_per_token) return false;
    level_ -= n * nanoseconds_per_token;
    return true;
}

std::uint32_t TokenBucket::take_up_to(MonoTime now, std::uint32_t n) {
    if (unlimited()) return n;
    refill(now);
    const auto taken = static_cast<std::uint32_t>(std::min<std::uint64_t>(n, level_ / nanoseconds_per_token));
    level_ -= taken * nanoseconds_per_token;
    return taken;
}

void TokenBucket::put_back(std::uint32_t n) {
    if (!unlimited()) level_ = std::min(level_ + n * nanoseconds_per_token, limit());
}

MonoTime TokenBucket::ready_at(MonoTime now, std::uint32_t n) const {
    if (unlimited()) return now;
    if (n * nanoseconds_per_token > limit()) return MonoTime::max();
    TokenBucket later = *this;
    later.refill(now);
    if (later.level_ >= n * nanoseconds_per_token) return now;
    const std::uint64_t missing = n * nanoseconds_per_token - later.level_;
    return std::max(now, later.updated_) +
           nanoseconds(static_cast<std::int64_t>((missing + rate_.per_second - 1) / rate_.per_second));
}

std::uint32_t TokenBucket::available(MonoTime now) const {
    if (unlimited()) return UINT32_MAX;
    TokenBucket later = *this;
    later.refill(now);
    return static_cast<std::uint32_t>(later.level_ / nanoseconds_per_token);
}

void TokenBucket::set_rate(Rate rate, MonoTime now) {
    if (unlimited()) {
        *this = TokenBucket(rate, now);
        return;
    }
    refill(now);
    rate_ = {rate.per_second, std::max<std::uint32_t>(rate.burst, 1)};
    level_ = std::min(level_, limit());
}

}  // namespace sluice::routing
