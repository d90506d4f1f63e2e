#include "engine/routing/throttle.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <atomic>
#include <thread>
#include <vector>

#include "engine/base/random.hpp"

namespace sluice::routing {
namespace {

constexpr MonoTime start{seconds(1000)};

TEST(TokenBucket, StartsFullAndRefillsExactly) {
    TokenBucket bucket({3, 2}, start);
    EXPECT_TRUE(bucket.take(start, 2));
    EXPECT_FALSE(bucket.take(start));
    const MonoTime ready = bucket.ready_at(start);
    EXPECT_EQ(ready, start + nanoseconds(333'333'334));
    EXPECT_FALSE(bucket.take(ready - nanoseconds(1)));
    EXPECT_TRUE(bucket.take(ready));
}

TEST(TokenBucket, DoesNotDriftWhateverTheSteps) {
    // A rate that does not divide a second, in steps that do not divide anything.
    TokenBucket bucket({7, 2}, start);
    ASSERT_TRUE(bucket.take(start, 2));
    std::uint64_t taken = 0;
    MonoTime now = start;
    for (int i = 0; i < 1'000'000; ++i) {
        now += nanoseconds(1'000'003);
        taken += bucket.take(now);
    }
    EXPECT_EQ(taken, static_cast<std::uint64_t>((now - start).count()) * 7 / 1'000'000'000);
}

TEST(TokenBucket, HoldsNoMoreThanTheBurst) {
    TokenBucket bucket({1'000'000, 4'000'000'000}, start);
    EXPECT_EQ(bucket.take_up_to(start, UINT32_MAX), 4'000'000'000u);
    EXPECT_EQ(bucket.available(start + std::chrono::hours(24 * 365 * 100)), 4'000'000'000u);
    EXPECT_EQ(bucket.ready_at(start, 4'000'000'001u), MonoTime::max());
}

TEST(TokenBucket, UnlimitedLetsEverythingThrough) {
    TokenBucket bucket;
    EXPECT_TRUE(bucket.take(start, UINT32_MAX));
    EXPECT_EQ(bucket.take_up_to(start, 12), 12u);
    EXPECT_EQ(bucket.ready_at(start), start);
    bucket.set_rate({10, 5}, start);
    EXPECT_EQ(bucket.take_up_to(start, 12), 5u);
}

TEST(TokenBucket, TimeThatGoesBackGivesNothing) {
    TokenBucket bucket({10, 1}, start);
    EXPECT_TRUE(bucket.take(start));
    EXPECT_FALSE(bucket.take(start - seconds(10)));
    EXPECT_FALSE(bucket.take(start + milliseconds(99)));
    EXPECT_TRUE(bucket.take(start + milliseconds(100)));
}

TEST(TokenBucket, WhatIsPutBackIsThereAgain) {
    TokenBucket bucket({10, 5}, start);
    EXPECT_TRUE(bucket.take(start, 5));
    bucket.put_back(2);
    EXPECT_EQ(bucket.available(start), 2u);
    bucket.put_back(100);
    EXPECT_EQ(bucket.available(start), 5u);
}

TEST(TokenBucket, ALowerRateCutsWhatIsAtHand) {
    TokenBucket bucket({100, 100}, start);
    bucket.set_rate({10, 10}, start);
    EXPECT_EQ(bucket.available(start), 10u);
}

/// What was used, when: checks every stretch of time against the law.
class Record {
public:
    void use(MonoTime now, std::uint64_t n) {
        if (n > 0) uses_.push_back({now, n});
    }
    bool obeys(Rate rate) const {
        for (std::size_t i = 0; i < uses_.size(); ++i) {
            unsigned __int128 sum = 0;
            for (std::size_t j = i; j < uses_.size(); ++j) {
                sum += uses_[j].second;
                const auto t = static_cast<std::uint64_t>((uses_[j].first - uses_[i].first).count());
                const auto law = static_cast<unsigned __int128>(t) * rate.per_second +
                                 static_cast<unsigned __int128>(rate.burst) * 1'000'000'000;
                if (sum * 1'000'000'000 > law) return false;
            }
        }
        return true;
    }
    std::uint64_t total() const {
        std::uint64_t sum = 0;
        for (const auto& use : uses_) sum += use.second;
        return sum;
    }

private:
    std::vector<std::pair<MonoTime, std::uint64_t>> uses_;
};

Rate any_rate(Random& random) {
    return {static_cast<std::uint32_t>(1 + random.below(random.chance(0.5) ? 20 : 100'000)),
            static_cast<std::uint32_t>(1 + random.below(random.chance(0.5) ? 5 : 1000))};
}

nanoseconds any_pause(Random& random) {
    return nanoseconds(static_cast<std::int64_t>(random.below(random.chance(0.2) ? 3'000'000'000 : 20'000'000)));
}

TEST(TokenBucket, NeverLetsMoreThroughThanItsLaw) {
    EXPECT_TRUE(rc::check("at most rate * t + burst in every stretch of time", [](std::uint64_t seed) {
        Random random(seed);
        const Rate rate = any_rate(random);
        TokenBucket bucket(rate, start);
        Record record;
        MonoTime now = start;
        for (int i = 0; i < 200; ++i) {
            if (random.chance(0.7)) now += any_pause(random);
            const auto wanted = static_cast<std::uint32_t>(1 + random.below(rate.burst));
            if (random.chance(0.5)) {
                record.use(now, bucket.take_up_to(now, wanted));
            } else if (bucket.take(now, wanted)) {
                record.use(now, wanted);
            } else {
                const MonoTime ready = bucket.ready_at(now, wanted);
                RC_ASSERT(ready > now);
                RC_ASSERT(!TokenBucket(bucket).take(ready - nanoseconds(1), wanted));
                RC_ASSERT(TokenBucket(bucket).take(ready, wanted));
            }
        }
        RC_ASSERT(record.obeys(rate));
    }));
}

TEST(SharedRate, ObeysTheLawWhoeverTakes) {
    Random random(5);
    for (int round = 0; round < 50; ++round) {
        const Rate rate{static_cast<std::uint32_t>(1 + random.below(5000)),
                        static_cast<std::uint32_t>(1 + random.below(50))};
        SharedRate shared;
        std::vector<MonoTime> taken;
        MonoTime now = start;
        for (int i = 0; i < 2000; ++i) {
            now += microseconds(random.below(2'000'000 / rate.per_second + 1));
            if (shared.take(rate, now)) taken.push_back(now);
        }
        ASSERT_GT(taken.size(), 100u);
        for (std::size_t from = 0; from < taken.size(); from += 17) {
            for (std::size_t to = from; to < std::min(taken.size(), from + 300); ++to) {
                const double stretch = std::chrono::duration<double>(taken[to] - taken[from]).count();
                ASSERT_LE(static_cast<double>(to - from + 1), rate.per_second * stretch + rate.burst + 1e-6);
            }
        }
    }
}

TEST(SharedRate, IsExactBetweenThreads) {
    SharedRate shared;
    std::atomic<int> taken{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < 10'000; ++i) taken += shared.take({1000, 50}, start);
        });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(taken, 50);
}

TEST(SharedRate, ZeroIsUnlimited) {
    SharedRate shared;
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(shared.take({}, start));
}

TEST(SharedRate, SaysWhenItIsReady) {
    SharedRate shared;
    const Rate rate{10, 3};
    EXPECT_EQ(shared.ready_at(rate, start), start);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(shared.take(rate, start));
    EXPECT_FALSE(shared.take(rate, start));
    const MonoTime ready = shared.ready_at(rate, start);
    EXPECT_EQ(ready, start + milliseconds(100));
    EXPECT_FALSE(shared.take(rate, ready - nanoseconds(1)));
    EXPECT_TRUE(shared.take(rate, ready));
    EXPECT_EQ(shared.ready_at({}, start), start) << "unlimited";
}

}  // namespace
}  // namespace sluice::routing
