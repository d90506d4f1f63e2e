#include "engine/routing/cap.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace sluice::routing {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr WallTime midnight{std::chrono::sys_days(std::chrono::year(2026) / 3 / 4)};

TEST(Cap, TheHourAndTheDayAreThoseOfUtc) {
    CapCount count;
    const Caps caps{10, 25};
    const auto fill = [&](WallTime at) {
        int taken = 0;
        while (count.take(caps, at, 1)) ++taken;
        return taken;
    };
    EXPECT_EQ(fill(midnight + minutes(59)), 10);
    EXPECT_FALSE(count.open(caps, midnight + minutes(59) + seconds(59)));
    EXPECT_TRUE(count.open(caps, midnight + minutes(60)));
    EXPECT_EQ(fill(midnight + hours(1)), 10);
    EXPECT_EQ(fill(midnight + hours(5)), 5) << "that is all for the day";
    EXPECT_EQ(fill(midnight + hours(23)), 0);
    EXPECT_EQ(fill(midnight + hours(24)), 10);

    const CapCount::Used used = count.used(midnight + hours(24) + minutes(30));
    EXPECT_EQ(used.in_hour, 10u);
    EXPECT_EQ(used.in_day, 10u);
    EXPECT_EQ(used.hour_ends, midnight + hours(25));
    EXPECT_EQ(used.day_ends, midnight + hours(48));
}

TEST(Cap, WhatIsRefusedIsNotCounted) {
    CapCount count;
    const Caps caps{10, 12};
    ASSERT_TRUE(count.take(caps, midnight, 8));
    EXPECT_FALSE(count.take(caps, midnight, 3)) << "the hour has two left";
    EXPECT_TRUE(count.take(caps, midnight, 2));
    EXPECT_FALSE(count.take(caps, midnight + hours(1), 3)) << "the day has two left";
    EXPECT_EQ(count.used(midnight + hours(1)).in_hour, 0u);
    EXPECT_TRUE(count.take(caps, midnight + hours(1), 2));
}

TEST(Cap, WhatIsPutBackCountsInItsOwnWindowsOnly) {
    CapCount count;
    const Caps caps{5, 0};
    const auto hour = count.take(caps, midnight, 5);
    ASSERT_TRUE(hour);
    count.put_back(*hour, 2);
    EXPECT_EQ(count.used(midnight).in_hour, 3u);
    ASSERT_TRUE(count.take(caps, midnight + hours(1), 4));
    count.put_back(*hour, 3);
    EXPECT_EQ(count.used(midnight + hours(1)).in_hour, 4u) << "that hour is over";
    EXPECT_EQ(count.used(midnight + hours(1)).in_day, 4u) << "the day is the same one";
}

TEST(Cap, AMessageLongerThanTheWindowTakesAllOfIt) {
    EXPECT_EQ((Caps{3, 0}).counted(5), 3u);
    EXPECT_EQ((Caps{10, 4}).counted(5), 4u);
    EXPECT_EQ((Caps{10, 20}).counted(5), 5u);
    EXPECT_EQ(Caps{}.counted(5), 5u);
}

TEST(Cap, AShardThatIsAMomentBehindCountsInTheNewHour) {
    CapCount count;
    const Caps caps{2, 0};
    ASSERT_TRUE(count.take(caps, midnight + hours(1), 1));
    const auto hour = count.take(caps, midnight + hours(1) - microseconds(1), 1);
    ASSERT_TRUE(hour);
    EXPECT_EQ(*hour, hour_of(midnight + hours(1)));
    EXPECT_FALSE(count.take(caps, midnight + hours(1), 1));
}

TEST(Cap, WhenTheTimeIsSetBackWhatWasUsedGoesWithIt) {
    CapCount count;
    const Caps caps{3, 4};
    ASSERT_TRUE(count.take(caps, midnight + hours(10), 3));
    EXPECT_FALSE(count.open(caps, midnight + hours(2)));
    EXPECT_FALSE(count.take(caps, midnight + hours(2), 1));
    ASSERT_TRUE(count.take(caps, midnight + hours(11), 1));
    ASSERT_TRUE(count.take({9, 9}, midnight + hours(2), 1)) << "counted at two o'clock now";
    EXPECT_TRUE(count.open({3, 9}, midnight + hours(3))) << "and an hour is not longer than an hour";
    EXPECT_FALSE(count.open({3, 5}, midnight + hours(3)));
}

TEST(Cap, ShardsFindTheirSumAgain) {
    CapCount count;
    const HourNumber hour = hour_of(midnight + hours(7));
    count.restore(hour - 1, 40, 100);
    count.restore(hour, 5, 30);
    count.restore(hour, 6, 6);
    count.restore(hour - 2, 50, 50);
    const CapCount::Used used = count.used(midnight + hours(7));
    EXPECT_EQ(used.in_hour, 11u);
    EXPECT_EQ(used.in_day, 186u);
    EXPECT_EQ(count.used(midnight + hours(8)).in_hour, 0u);
}

TEST(Cap, IsNeverExceededByManyAtOnce) {
    CapCount count;
    const Caps caps{50'000, 60'000};
    std::atomic<std::uint64_t> taken{0};
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 4; ++i)
        threads.emplace_back([&, i] {
            for (int n = 0; n < 40'000; ++n) {
                const auto hour = count.take(caps, midnight, 1 + i % 2);
                if (!hour) continue;
                taken += 1 + i % 2;
                if (n % 7 == 0) count.put_back(*hour, 1 + i % 2), taken -= 1 + i % 2;
            }
        });
    for (std::thread& thread : threads) thread.join();
    EXPECT_LE(taken.load(), caps.per_hour);
    EXPECT_EQ(count.used(midnight).in_hour, taken.load());
    EXPECT_EQ(count.used(midnight).in_day, taken.load());
}

}  // namespace
}  // namespace sluice::routing
