#pragma once

#include <algorithm>
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
    /// Keeps room for `n` tokens that are out on lease: the bucket fills up to burst - n only.
    void set_reserved(std::uint32_t n, MonoTime now);

private:
    void refill(MonoTime now);
    /// The level at which it is full.
    std::uint64_t limit() const { return (rate_.burst - std::min(rate_.burst, reserved_)) * nanoseconds_per_token; }

    static constexpr std::uint64_t nanoseconds_per_token = 1'000'000'000;

    Rate rate_;
    std::uint64_t level_ = 0;     ///< in billionths of a token, so that a rate adds `per_second` each nanosecond
    std::uint32_t reserved_ = 0;
    MonoTime updated_{};
};

/// The owner's side of a rate that several shards share (one owner shard per account or provider). Tokens on lease and
/// not yet reported as spent count against the burst, so the total through all shards obeys the same law as one bucket.
class LeaseOwner {
public:
    LeaseOwner() = default;
    LeaseOwner(Rate rate, std::uint32_t shards, MonoTime now);

    /// Tokens for a shard that asks for `wanted`; fewer, or 0, when they are short.
    std::uint32_t grant(MonoTime now, std::uint32_t wanted);
    /// What a shard says about tokens granted before: used, and given back unused.
    void settle(MonoTime now, std::uint32_t spent, std::uint32_t returned);
    /// When it makes sense to ask again after a grant of 0.
    MonoTime ready_at(MonoTime now) const;
    std::uint32_t outstanding() const { return outstanding_; }
    void set_rate(Rate rate, MonoTime now);
    bool unlimited() const { return bucket_.unlimited(); }

private:
    TokenBucket bucket_;
    std::uint32_t shards_ = 1;
    std::uint32_t outstanding_ = 0;
};

/// A shard's side: takes from its lease; says when it wants more and what it has used.
class LeaseHolder {
public:
    LeaseHolder() = default;
    explicit LeaseHolder(bool unlimited) : unlimited_(unlimited) {}

    bool take(std::uint32_t n = 1);
    void granted(std::uint32_t n) { available_ += n; }
    std::uint32_t available() const { return available_; }
    void set_unlimited(bool unlimited) { unlimited_ = unlimited; }

    struct Report {
        std::uint32_t spent = 0;
        std::uint32_t returned = 0;
    };
    /// What to tell the owner; counts are reset. With `give_back` the rest of the lease goes back too, for a shard
    /// that has had nothing to send for a while.
    Report report(bool give_back);

private:
    bool unlimited_ = false;
    std::uint32_t available_ = 0;
    std::uint32_t spent_ = 0;
};

}  // namespace sluice::routing
