#include "engine/routing/pace.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

// How sending adapts to a provider (interop S8), in virtual time.
namespace sluice::routing {
namespace {

constexpr nanoseconds quick = milliseconds(10);

/// A provider that answers, and one who sends to it as fast as its pace allows.
struct Course {
    Pace pace;
    MonoTime now{seconds(100)};

    Course(std::uint32_t rate, std::uint32_t window) { pace.configure({rate, std::max(rate / 10, 1u)}, window, true); }
    /// `count` answers, spread evenly over a second.
    void second(std::uint32_t count, ErrorClass error_class = ErrorClass::ok, nanoseconds took = quick) {
        for (std::uint32_t i = 0; i < count; ++i)
            pace.answered(error_class, took, now + nanoseconds(seconds(1)) * i / std::max(count, 1u));
        now += seconds(1);
    }
    /// A second at a provider that throttles above `capacity`; returns how many it was sent.
    std::uint32_t second_at(std::uint32_t capacity, std::uint32_t offered) {
        std::uint32_t sent = 0;
        for (std::uint32_t i = 0; i < offered; ++i) {
            const MonoTime at = now + nanoseconds(seconds(1)) * i / offered;
            if (!pace.take(at)) continue;
            ++sent;
            pace.answered(sent > capacity ? ErrorClass::throttled : ErrorClass::ok, quick, at);
        }
        now += seconds(1);
        return sent;
    }
};

TEST(Pace, NothingHappensWhileAllIsWell) {
    Course course(0, 100);
    for (int i = 0; i < 100; ++i) course.second(1000);
    EXPECT_EQ(course.pace.limit(), 0u);
    EXPECT_EQ(course.pace.window(), 100u);
    EXPECT_TRUE(course.pace.take(course.now));
}

TEST(Pace, AThrottledAnswerTakesThirtyPercentOnceASecond) {
    Course course(0, 100);
    course.second(1000);
    course.pace.answered(ErrorClass::throttled, quick, course.now);
    EXPECT_EQ(course.pace.limit(), 700u);
    for (int i = 0; i < 50; ++i) course.pace.answered(ErrorClass::throttled, quick, course.now);
    EXPECT_EQ(course.pace.limit(), 700u);
    course.now += seconds(1);
    course.pace.answered(ErrorClass::throttled, quick, course.now);
    EXPECT_EQ(course.pace.limit(), 490u);
}

TEST(Pace, RecoversToTheConfiguredRate) {
    Course course(1000, 100);
    course.second(1000);
    course.second(1, ErrorClass::throttled);
    EXPECT_EQ(course.pace.limit(), 700u);
    course.second(700);
    course.second(700);
    EXPECT_EQ(course.pace.limit(), 750u);
    for (int i = 0; i < 6; ++i) course.second(700);
    EXPECT_EQ(course.pace.limit(), 0u) << "as configured again";
}

TEST(Pace, WithoutAConfiguredRateTheLimitIsLiftedAtTwiceTheKnee) {
    Course course(0, 100);
    course.second(100);
    course.second(1, ErrorClass::throttled);
    int seconds_limited = 0;
    while (course.pace.limit() > 0 && seconds_limited < 1000) {
        EXPECT_LT(course.pace.limit(), 200u);
        course.second(50);
        ++seconds_limited;
    }
    EXPECT_EQ(seconds_limited, 27);
}

TEST(Pace, FindsWhatAProviderCanTake) {
    Course course(0, 100);
    std::uint32_t sent = 0, most = 0;
    for (int i = 0; i < 120; ++i) {
        const std::uint32_t now = course.second_at(500, 2000);
        if (i >= 20) sent += now, most = std::max(most, now);
    }
    EXPECT_GT(sent / 100, 350u) << "not far below";
    EXPECT_LT(sent / 100, 520u) << "nor above";
    EXPECT_LT(most, 620u);
}

TEST(Pace, MoreErrorsThanSuccessesCountAsThrottling) {
    Course course(0, 100);
    course.second(100);
    for (int i = 0; i < 40; ++i) course.pace.answered(ErrorClass::ok, quick, course.now);
    course.second(60, ErrorClass::temporary);
    EXPECT_EQ(course.pace.limit(), 0u);
    course.second(1);
    EXPECT_EQ(course.pace.limit(), 70u);

    Course few(0, 100);
    few.second(100);
    for (int i = 0; i < 60; ++i) few.pace.answered(ErrorClass::ok, quick, few.now);
    few.second(40, ErrorClass::temporary);
    few.second(1);
    EXPECT_EQ(few.pace.limit(), 0u);
}

TEST(Pace, PermanentErrorsAreNotTheProvidersTrouble) {
    Course course(0, 100);
    for (int i = 0; i < 5; ++i) course.second(100, ErrorClass::permanent);
    EXPECT_EQ(course.pace.limit(), 0u);
}

TEST(Pace, SlownessShrinksTheWindowAndQuicknessRestoresIt) {
    Course course(0, 160);
    for (int i = 0; i < 5; ++i) course.second(100, ErrorClass::ok, milliseconds(50));
    course.second(100, ErrorClass::ok, milliseconds(900));
    course.second(100, ErrorClass::ok, milliseconds(900));
    EXPECT_EQ(course.pace.window(), 120u);
    for (int i = 0; i < 30; ++i) course.second(100, ErrorClass::ok, milliseconds(900));
    EXPECT_EQ(course.pace.window(), 10u) << "a sixteenth is left";
    for (int i = 0; i < 16; ++i) course.second(100, ErrorClass::ok, milliseconds(60));
    EXPECT_EQ(course.pace.window(), 160u);
}

TEST(Pace, ALittleSlowerOrAlwaysSlowIsNoTrouble) {
    Course little(0, 100);
    for (int i = 0; i < 50; ++i) little.second(100, ErrorClass::ok, milliseconds(i % 2 == 0 ? 2 : 150));
    EXPECT_EQ(little.pace.window(), 100u) << "many times its floor, but not much in time";
    Course slow(0, 100);
    for (int i = 0; i < 50; ++i) slow.second(100, ErrorClass::ok, milliseconds(i % 2 == 0 ? 1000 : 3000));
    EXPECT_EQ(slow.pace.window(), 100u) << "much in time, but not many times its floor";
}

TEST(Pace, ANewFloorIsAcceptedAfterAWhile) {
    Course course(0, 160);
    for (int i = 0; i < 5; ++i) course.second(100, ErrorClass::ok, milliseconds(20));
    for (int i = 0; i < 180; ++i) course.second(100, ErrorClass::ok, seconds(1));
    EXPECT_EQ(course.pace.window(), 160u);
}

TEST(Pace, SwitchedOffItDoesNothing) {
    Course course(0, 100);
    course.second(1000);
    course.pace.answered(ErrorClass::throttled, quick, course.now);
    course.pace.configure({}, 100, false);
    EXPECT_EQ(course.pace.limit(), 0u);
    for (int i = 0; i < 5; ++i) course.second(100, ErrorClass::throttled, seconds(9));
    EXPECT_EQ(course.pace.limit(), 0u);
    EXPECT_EQ(course.pace.window(), 100u);
}

RC_GTEST_PROP(Pace, IsNeverAboveWhatIsConfigured, ()) {
    const auto rate = *rc::gen::inRange<std::uint32_t>(1, 5000);
    const auto window = *rc::gen::inRange<std::uint32_t>(1, 1000);
    Course course(rate, window);
    for (int i = 0; i < 200; ++i) {
        const auto error_class = *rc::gen::element(ErrorClass::ok, ErrorClass::throttled, ErrorClass::temporary);
        course.pace.answered(error_class, milliseconds(*rc::gen::inRange(0, 5000)), course.now);
        course.now += milliseconds(*rc::gen::inRange(0, 1500));
        RC_ASSERT(course.pace.limit() < std::max(rate, 2u));
        RC_ASSERT(course.pace.window() >= 1u && course.pace.window() <= window);
    }
}

}  // namespace
}  // namespace sluice::routing
