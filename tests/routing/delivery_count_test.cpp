#include "engine/routing/delivery_count.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace sluice::routing {
namespace {

using std::chrono::minutes;

WallTime at(int minute) { return WallTime(minutes(1'000'000 + minute)); }
void end(DeliveryCount& count, int delivered, int failed, WallTime now) {
    for (int i = 0; i < delivered; ++i) count.ended(true, now);
    for (int i = 0; i < failed; ++i) count.ended(false, now);
}
std::uint8_t percent(const DeliveryCount& count, WallTime now) { return DeliveryCount::percent(count.sample(now)); }

TEST(DeliveryCount, IsTheShareOfTheLastHour) {
    DeliveryCount count;
    end(count, 150, 50, at(1));
    EXPECT_EQ(count.sample(at(1)).ended, 200u);
    EXPECT_EQ(percent(count, at(1)), 75);
    end(count, 0, 200, at(30));
    EXPECT_EQ(percent(count, at(30)), 38) << "in whole percent";
    EXPECT_EQ(count.sample(at(62)).ended, 200u) << "the first five minutes are too old";
    EXPECT_EQ(percent(count, at(62)), 1) << "never nothing, since prices are divided by it";
    EXPECT_EQ(count.sample(at(95)).ended, 0u);
    EXPECT_EQ(percent(count, at(95)), 100) << "and is tried again";
    end(count, 100, 0, at(90));
    EXPECT_EQ(count.sample(at(90)).ended, 100u) << "in the place of what was there an hour before";
}

TEST(DeliveryCount, FewSayNothing) {
    DeliveryCount count;
    end(count, 0, 99, at(1));
    EXPECT_EQ(percent(count, at(1)), 100);
    end(count, 0, 1, at(1));
    EXPECT_EQ(percent(count, at(1)), 1);
}

TEST(DeliveryCount, GoesOnAfterARestartWithWhatIsNotTooOld) {
    DeliveryCount before;
    end(before, 100, 100, at(1));
    end(before, 300, 100, at(31));
    const DeliveryCount::Periods kept = before.periods(at(40));
    const auto restarted = [&](int minute) {
        DeliveryCount count;
        end(count, 10, 0, at(minute));
        for (const DeliveryCount::Period& period : kept) count.add(period, at(minute));
        return count.sample(at(minute));
    };
    EXPECT_EQ(restarted(41).ended, 610u);
    EXPECT_EQ(restarted(41).delivered, 410u);
    EXPECT_EQ(restarted(32).ended, 610u) << "and to what was counted meanwhile";
    EXPECT_EQ(restarted(70).ended, 410u) << "the older part is over";
    EXPECT_EQ(restarted(100).ended, 10u);
    EXPECT_EQ(restarted(0).ended, 210u) << "a clock that was set back: what is to come is not known";
    EXPECT_EQ(restarted(100 * 24 * 60).ended, 10u);
    EXPECT_EQ(restarted(0xFFFF * 5 + 31).ended, 10u) << "its mark in memory comes again then";
}

TEST(DeliveryCount, WhatADiskSaysIsBounded) {
    DeliveryCount count;
    const std::uint32_t now = static_cast<std::uint32_t>(at(0).time_since_epoch() / minutes(5));
    for (const DeliveryCount::Period& wrong :
         {DeliveryCount::Period{now, 2, 1}, {now, 0, 0xFFFFFFFF}, {now + 1, 1, 1}, {0, 1, 1}, {}})
        count.add(wrong, at(0));
    EXPECT_EQ(count.sample(at(0)).ended, 0u);
    EXPECT_EQ(count.periods(at(0)), DeliveryCount::Periods());
}

TEST(DeliveryCount, NoneIsLostBetweenShards) {
    DeliveryCount count;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            for (int n = 0; n < 10'000; ++n) count.ended(n % 4 != 0, at(n / 500));
        });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(count.sample(at(20)).ended, 40'000u);
    EXPECT_EQ(count.sample(at(20)).delivered, 30'000u);
}

}  // namespace
}  // namespace sluice::routing
