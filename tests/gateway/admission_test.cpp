#include "engine/gateway/admission.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <thread>
#include <vector>

namespace sluice::gateway {
namespace {

io::Endpoint from(std::string_view address) { return *io::Endpoint::parse(std::string(address) + ":40000"); }

/// One of 65 536 IPv4 addresses.
io::Endpoint numbered(std::uint32_t n) {
    io::Endpoint e;
    e.address[0] = 10;
    e.address[2] = static_cast<std::uint8_t>(n >> 8);
    e.address[3] = static_cast<std::uint8_t>(n);
    return e;
}

TEST(Admission, EachLimitRefusesWithItsName) {
    Admission admission(1, {4, 2, 3});
    std::vector<Admission::Place> places;
    for (int i = 0; i < 2; ++i) places.push_back(std::move(*admission.enter(from("192.0.2.1"))));
    EXPECT_EQ(admission.enter(from("192.0.2.1")).error(), Admission::Refusal::address);
    places.push_back(std::move(*admission.enter(from("192.0.2.2"))));
    EXPECT_EQ(admission.enter(from("192.0.2.3")).error(), Admission::Refusal::unbound);
    places.front().bound();
    places.front().bound();  // twice is once
    EXPECT_EQ(admission.unbound(), 2u);
    places.push_back(std::move(*admission.enter(from("192.0.2.3"))));
    EXPECT_EQ(admission.enter(from("192.0.2.4")).error(), Admission::Refusal::sessions);
    EXPECT_EQ(admission.connections(), 4u);
    places.clear();
    EXPECT_EQ(admission.connections(), 0u);
    EXPECT_EQ(admission.unbound(), 0u);
    EXPECT_TRUE(admission.enter(from("192.0.2.1")).has_value());
}

TEST(Admission, RefusingLeavesNothingBehind) {
    Admission admission(1, {10, 1, 10});
    const auto held = admission.enter(from("192.0.2.1"));
    for (int i = 0; i < 1000; ++i) EXPECT_FALSE(admission.enter(from("192.0.2.1")).has_value());
    EXPECT_EQ(admission.connections(), 1u);
    EXPECT_EQ(admission.unbound(), 1u);
}

TEST(Admission, AnIpv6NetworkIsOneAddress) {
    Admission admission(1, {10, 1, 10});
    const auto held = admission.enter(from("[2001:db8:1:2::1]"));
    EXPECT_EQ(admission.enter(from("[2001:db8:1:2:ffff::7]")).error(), Admission::Refusal::address);
    EXPECT_TRUE(admission.enter(from("[2001:db8:1:3::1]")).has_value());
}

TEST(Admission, AMappedIpv4AddressIsTheIpv4Address) {
    Admission admission(1, {10, 1, 10});
    const auto held = admission.enter(from("192.0.2.1"));
    EXPECT_EQ(admission.enter(from("[::ffff:192.0.2.1]")).error(), Admission::Refusal::address);
    EXPECT_TRUE(admission.enter(from("[::ffff:192.0.2.2]")).has_value());
}

TEST(Admission, LimitsThatChangeCountForTheNextOnes) {
    Admission admission(1, {2, 2, 2});
    const auto first = admission.enter(from("192.0.2.1"));
    const auto second = admission.enter(from("192.0.2.2"));
    admission.set_limits({1, 1, 1});
    EXPECT_FALSE(admission.enter(from("192.0.2.3")).has_value());
    EXPECT_EQ(admission.connections(), 2u);
    admission.set_limits({3, 1, 3});
    EXPECT_TRUE(admission.enter(from("192.0.2.3")).has_value());
}

TEST(Admission, ManyAddressesAtOnceAreToldApart) {
    constexpr std::uint32_t count = 65'536;
    Admission admission(99, {count, 1, count});
    std::vector<Admission::Place> places;
    for (std::uint32_t i = 0; i < count; ++i) {
        auto place = admission.enter(numbered(i));
        ASSERT_TRUE(place.has_value()) << i;
        places.push_back(std::move(*place));
    }
    for (std::uint32_t i = 0; i < count; i += 97) EXPECT_FALSE(admission.enter(numbered(i)).has_value());
}

TEST(Admission, ShardsTogetherNeverExceedALimit) {
    constexpr std::uint32_t limit = 5, threads = 4, rounds = 20'000;
    Admission admission(3, {1000, limit, 1000});
    std::atomic<std::uint32_t> held{0}, admitted{0};
    std::atomic<bool> exceeded{false};
    std::vector<std::thread> running;
    for (std::uint32_t t = 0; t < threads; ++t)
        running.emplace_back([&] {
            std::vector<Admission::Place> mine;
            for (std::uint32_t i = 0; i < rounds; ++i) {
                if (auto place = admission.enter(from("192.0.2.1"))) {
                    ++admitted;
                    if (held.fetch_add(1) >= limit) exceeded = true;
                    mine.push_back(std::move(*place));
                }
                if (mine.size() > i % 4) {
                    held.fetch_sub(1);
                    mine.pop_back();
                }
            }
            held.fetch_sub(static_cast<std::uint32_t>(mine.size()));
            mine.clear();
        });
    for (auto& thread : running) thread.join();
    EXPECT_FALSE(exceeded);
    EXPECT_GT(admitted, 0u);
    EXPECT_EQ(admission.connections(), 0u);
    std::vector<Admission::Place> all;  // nothing of it is left in the table
    for (std::uint32_t i = 0; i < limit; ++i) all.push_back(std::move(*admission.enter(from("192.0.2.1"))));
    EXPECT_FALSE(admission.enter(from("192.0.2.1")).has_value());
}

}  // namespace
}  // namespace sluice::gateway
