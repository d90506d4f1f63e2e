#include "engine/routing/delivery_count.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace sluice::routing {
namespace {

using std::chrono::minutes;

MonoTime at(int minute) { return MonoTime(minutes(minute)); }
void end(DeliveryCount& count, int delivered, int failed, MonoTime now) {
    for (int i = 0; i < delivered; ++i) count.ended(true, now);
    for (int i = 0; i < failed; ++i) count.ended(false, now);
}
std::uint8_t percent(const DeliveryCount& count, MonoTime now) { return DeliveryCount::percent(count.sample(now)); }

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
