#include "engine/reactor/timer_wheel.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>

#include "engine/base/random.hpp"

namespace sluice::reactor {
namespace {

constexpr MonoTime origin{seconds(12345)};
constexpr std::size_t plenty = SIZE_MAX;

TEST(TimerWheel, FiresOnceAndNeverEarly) {
    TimerWheel wheel(origin);
    int fired = 0;
    const TimerId id = wheel.arm(origin + microseconds(2500), [&] { ++fired; });
    EXPECT_EQ(wheel.advance(origin + microseconds(2499), plenty), 0u);
    EXPECT_EQ(wheel.advance(origin + microseconds(2999), plenty), 0u);
    EXPECT_EQ(wheel.advance(origin + milliseconds(3), plenty), 1u);
    EXPECT_EQ(wheel.advance(origin + seconds(3), plenty), 0u);
    EXPECT_EQ(fired, 1);
    EXPECT_FALSE(wheel.cancel(id));
    EXPECT_FALSE(wheel.rearm(id, origin));
    EXPECT_EQ(wheel.size(), 0u);
    EXPECT_FALSE(wheel.next_deadline());
}

TEST(TimerWheel, CancelAndRearm) {
    TimerWheel wheel(origin);
    std::string fired;
    const TimerId a = wheel.arm(origin + seconds(1), [&] { fired += 'a'; });
    const TimerId b = wheel.arm(origin + seconds(2), [&] { fired += 'b'; });
    EXPECT_TRUE(wheel.cancel(a));
    EXPECT_FALSE(wheel.cancel(a));
    EXPECT_TRUE(wheel.rearm(b, origin + seconds(100)));
    wheel.advance(origin + seconds(99), plenty);
    EXPECT_EQ(fired, "");
    EXPECT_TRUE(wheel.rearm(b, origin));  // in the past
    wheel.advance(origin + seconds(99) + milliseconds(1), plenty);
    EXPECT_EQ(fired, "b");
}

TEST(TimerWheel, ActionsMayArmAndCancel) {
    TimerWheel wheel(origin);
    int ticks = 0, never = 0;
    const TimerId victim = wheel.arm(origin + milliseconds(5), [&] { ++never; });
    std::function<void()> again = [&] {
        ++ticks;
        wheel.cancel(victim);
        wheel.arm(origin, again);  // for the past: in a later call, so no call is endless
    };
    wheel.arm(origin + milliseconds(5) - nanoseconds(1), again);
    wheel.rearm(victim, origin + milliseconds(5));
    EXPECT_EQ(wheel.advance(origin + milliseconds(5), plenty), 1u);
    EXPECT_EQ(ticks, 1);
    EXPECT_EQ(wheel.advance(origin + milliseconds(6), plenty), 1u);
    EXPECT_EQ(ticks, 2);
    EXPECT_EQ(never, 0);
}

TEST(TimerWheel, TwoThatRearmThemselvesForThePastDoNotHoldUpACall) {
    TimerWheel wheel(origin);
    int ticks = 0;
    std::function<void()> again = [&] {
        ++ticks;
        wheel.arm(origin, again);
    };
    wheel.arm(origin, again);
    wheel.arm(origin, again);
    wheel.advance(origin, plenty);
    EXPECT_EQ(ticks, 2);
}

TEST(TimerWheel, WorkOfACallIsBounded) {
    TimerWheel wheel(origin);
    std::size_t fired = 0;
    for (int i = 0; i < 1000; ++i) wheel.arm(origin + seconds(60) + milliseconds(i % 10), [&] { ++fired; });
    const MonoTime late = origin + seconds(61);
    std::size_t calls = 0;
    while (wheel.size() > 0) {
        const std::size_t before = fired;
        const std::size_t told = wheel.advance(late, 50);
        ASSERT_EQ(told, fired - before);
        ASSERT_LE(told, 50u);
        ASSERT_LE(++calls, 200u);
        if (wheel.size() > 0) { ASSERT_LE(*wheel.next_deadline(), late); }
    }
    EXPECT_EQ(fired, 1000u);
}

TEST(TimerWheel, TheFarthestTimeIsFine) {
    TimerWheel wheel(origin);
    int fired = 0;
    wheel.arm(MonoTime::max(), [&] { ++fired; });
    wheel.arm(origin + std::chrono::hours(24 * 400), [&] { ++fired; });
    wheel.advance(origin + std::chrono::hours(24 * 400) - milliseconds(1), plenty);
    EXPECT_EQ(fired, 0);
    wheel.advance(origin + std::chrono::hours(24 * 400), plenty);
    EXPECT_EQ(fired, 1);
    EXPECT_EQ(wheel.size(), 1u);
}

/// Arms, moves, cancels and advances at random beside a model that keeps every deadline in a sorted map.
void run_against_model(std::uint64_t seed) {
    Random random(seed);
    TimerWheel wheel(origin);
    MonoTime now = origin;
    struct Entry {
        TimerId id;
        MonoTime at;
    };
    std::map<int, Entry> model;
    std::vector<int> fired;
    const auto some_time = [&] {
        const auto reach = std::uint64_t{1} << random.below(40);
        return now + nanoseconds(static_cast<std::int64_t>(random.below(reach * 64))) - milliseconds(2);
    };
    for (int step = 0; step < 400; ++step) {
        const auto choice = random.below(10);
        if (choice < 5) {
            const MonoTime at = some_time();
            model[step] = {wheel.arm(at, [&fired, step] { fired.push_back(step); }), std::max(at, now)};
        } else if (choice < 6 && !model.empty()) {
            const auto it = std::next(model.begin(), static_cast<std::ptrdiff_t>(random.below(model.size())));
            RC_ASSERT(wheel.cancel(it->second.id));
            model.erase(it);
        } else if (choice < 7 && !model.empty()) {
            const auto it = std::next(model.begin(), static_cast<std::ptrdiff_t>(random.below(model.size())));
            const MonoTime at = some_time();
            RC_ASSERT(wheel.rearm(it->second.id, at));
            it->second.at = std::max(at, now);
        } else {
            now += nanoseconds(static_cast<std::int64_t>(random.below(std::uint64_t{1} << random.below(42))));
            const std::size_t budget = random.chance(0.3) ? 1 + random.below(5) : plenty;
            fired.clear();
            const std::size_t count = wheel.advance(now, budget);
            RC_ASSERT(count == fired.size());
            for (const int which : fired) {
                RC_ASSERT(model.contains(which));
                RC_ASSERT(model[which].at <= now);
                model.erase(which);
            }
            // With work enough nothing stays that is due for more than the resolution.
            if (budget == plenty)
                for (const auto& [which, entry] : model) RC_ASSERT(entry.at > now - milliseconds(1));
        }
        RC_ASSERT(wheel.size() == model.size());
        const auto next = wheel.next_deadline();
        RC_ASSERT(next.has_value() == !model.empty());
        for (const auto& [which, entry] : model) RC_ASSERT(*next <= std::max(entry.at, now) + milliseconds(2));
    }
}

TEST(TimerWheel, AgreesWithAModel) {
    EXPECT_TRUE(rc::check("wheel and sorted map fire the same", [](std::uint64_t seed) { run_against_model(seed); }));
}

TEST(TimerWheel, ATimerArmedForThePastWhileASlotIsHalfTakenApart) {
    TimerWheel wheel(origin);
    std::vector<int> fired;
    wheel.arm(origin + milliseconds(64), [&] { fired.push_back(64); });
    wheel.arm(origin + milliseconds(65), [&] { fired.push_back(65); });
    wheel.advance(origin + milliseconds(64), 1);  // moves one of the two and stops
    wheel.arm(origin, [&] { fired.push_back(0); });
    wheel.arm(origin + milliseconds(70), [&] { fired.push_back(70); });
    wheel.advance(origin + milliseconds(64), plenty);
    EXPECT_EQ(fired, (std::vector<int>{64, 0}));
    wheel.advance(origin + milliseconds(69), plenty);
    EXPECT_EQ(fired, (std::vector<int>{64, 0, 65}));
}

TEST(TimerWheel, NextDeadlineLeadsThereInFewSteps) {
    TimerWheel wheel(origin);
    int fired = 0;
    wheel.arm(origin + seconds(3600) + milliseconds(777), [&] { ++fired; });
    int steps = 0;
    while (const auto next = wheel.next_deadline()) {
        wheel.advance(*next, plenty);
        ASSERT_LE(++steps, 8);
    }
    EXPECT_EQ(fired, 1);
}

}  // namespace
}  // namespace sluice::reactor
