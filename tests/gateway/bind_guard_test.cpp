#include "engine/gateway/bind_guard.hpp"

#include <gtest/gtest.h>

namespace sluice::gateway {
namespace {

io::Endpoint at(const std::string& address) { return *io::Endpoint::parse(address + ":1"); }

class BindGuardTest : public testing::Test {
protected:
    /// Tries with wrong passwords for a while, each as soon as it may; how many were looked at.
    int guess(const std::string& address, const std::string& name, nanoseconds during) {
        int tried = 0;
        for (const MonoTime end = now + during; now < end;) {
            const auto wait = guard.enter(at(address), name, now);
            now += wait.value_or(milliseconds(100)) + milliseconds(1);
            if (!wait) continue;
            guard.failed(at(address), name, now);
            ++tried;
        }
        return tried;
    }
    BindGuard guard{42};
    MonoTime now{seconds(1000)};
    const io::Endpoint owner = at("192.0.2.1");
};

TEST_F(BindGuardTest, AFewMistakesAreFree) {
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(guard.enter(owner, "shop", now), nanoseconds(0));
        guard.failed(owner, "shop", now);
    }
    EXPECT_EQ(guard.enter(owner, "shop", now), nanoseconds(0));
    guard.failed(owner, "shop", now);
    EXPECT_EQ(guard.enter(owner, "shop", now), BindGuard::first);
}

TEST_F(BindGuardTest, GuessesFromOneAddressBecomeFew) {
    const int tried = guess("198.51.100.7", "shop", std::chrono::hours(1));
    EXPECT_LT(tried, 3600 / 4) << "one in more than four seconds";
    // Other names from there are slow too, for whoever tries one name after the other.
    int names = 0;
    for (const MonoTime end = now + std::chrono::minutes(10); now < end; ++names)
        guess("198.51.100.7", "name" + std::to_string(names), nanoseconds(1));
    EXPECT_LT(names, 600 / 2);
}

TEST_F(BindGuardTest, BindsInParallelWaitInARowAndThenAreRefused) {
    for (int i = 0; i < 30; ++i) guard.failed(owner, "shop", now);
    int waiting = 0;
    while (guard.enter(owner, "shop", now)) ASSERT_LT(++waiting, 100);
    EXPECT_GE(waiting, 1);
    EXPECT_LE(waiting, 2);
    now += BindGuard::longest_row;
    EXPECT_TRUE(guard.enter(owner, "shop", now).has_value()) << "never shut out for good";
}

TEST_F(BindGuardTest, WhoGuessesFromElsewhereDoesNotShutOutTheOwner) {
    guard.succeeded(owner, "shop", now);
    for (int i = 0; i < 200; ++i) guess("198.51." + std::to_string(i) + ".9", "shop", seconds(1));
    EXPECT_EQ(guard.enter(owner, "shop", now), nanoseconds(0)) << "he has bound from there before";
    const auto elsewhere = guard.enter(at("203.0.113.5"), "shop", now);
    ASSERT_TRUE(elsewhere.has_value()) << "nor is a new address of his refused";
    EXPECT_LE(*elsewhere, BindGuard::longest_elsewhere);
    EXPECT_GT(*elsewhere, nanoseconds(0));
    EXPECT_EQ(guard.enter(at("203.0.113.5"), "other", now), nanoseconds(0));
}

TEST_F(BindGuardTest, ASuccessMakesUpForItsOwnNameAloneAndTimeForAll) {
    for (int i = 0; i < 30; ++i) guard.failed(owner, "victim" + std::to_string(i), now);
    guard.succeeded(owner, "mine", now);
    EXPECT_GT(*guard.enter(owner, "victim99", now), nanoseconds(0)) << "an account of his own buys nothing";
    for (int i = 0; i < 5; ++i) guard.failed(at("203.0.113.5"), "shop", now);
    EXPECT_GT(*guard.enter(at("203.0.113.5"), "shop", now), nanoseconds(0));
    guard.succeeded(at("203.0.113.5"), "shop", now);
    EXPECT_EQ(guard.enter(at("203.0.113.5"), "shop", now), nanoseconds(0));
    now += 10 * BindGuard::half_life;
    EXPECT_EQ(guard.enter(owner, "victim99", now), nanoseconds(0));
}

TEST_F(BindGuardTest, OneNetworkOfIpv6IsOneAddress) {
    for (int i = 0; i < 10; ++i) guard.failed(at("[2001:db8::" + std::to_string(i + 1) + "]"), "shop", now);
    EXPECT_GT(*guard.enter(at("[2001:db8::ffff]"), "shop", now), nanoseconds(0));
    EXPECT_EQ(*guard.enter(at("[2001:db8:0:1::1]"), "shop", now), nanoseconds(0));
    for (int i = 0; i < 10; ++i) guard.failed(at("[::ffff:192.0.2.9]"), "till", now);
    EXPECT_GT(*guard.enter(at("192.0.2.9"), "till", now), nanoseconds(0));
}

TEST_F(BindGuardTest, AFloodOfNamesDoesNotMakeItForgetWhoIsAtIt) {
    for (int i = 0; i < 30; ++i) guard.failed(owner, "shop", now);
    for (int i = 0; i < 100'000; ++i)
        guard.failed(
            at("10." + std::to_string(i >> 16) + "." + std::to_string(i >> 8 & 255) + "." + std::to_string(i & 255)),
            "n" + std::to_string(i), now);
    EXPECT_GT(*guard.enter(owner, "shop", now), nanoseconds(0));
}

}  // namespace
}  // namespace sluice::gateway
