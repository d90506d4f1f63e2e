#include <gtest/gtest.h>

#include <deque>
#include <map>

#include "engine/base/random.hpp"
#include "engine/session/window.hpp"

namespace sluice::session {
namespace {

using smpp::CommandId;

MonoTime at(std::int64_t milliseconds) { return MonoTime(std::chrono::milliseconds(milliseconds)); }

TEST(Window, AnswersInAnyOrder) {
    Window window(3);
    const auto a = window.add(CommandId::submit_sm, 10, at(1));
    const auto b = window.add(CommandId::query_sm, 20, at(2));
    const auto c = window.add(CommandId::submit_sm, 30, at(3));
    EXPECT_TRUE(window.full());
    EXPECT_EQ(window.find(b)->command, CommandId::query_sm);
    EXPECT_EQ(window.take(b)->cookie, 20u);
    EXPECT_FALSE(window.take(b)) << "answered twice";
    EXPECT_EQ(window.oldest()->sequence, a);
    EXPECT_EQ(window.take(a)->cookie, 10u);
    EXPECT_EQ(window.oldest()->sequence, c);
    EXPECT_EQ(window.oldest()->sent, at(3));
    EXPECT_EQ(window.take(c)->cookie, 30u);
    EXPECT_EQ(window.oldest(), nullptr);
    EXPECT_TRUE(window.empty());
}

TEST(Window, AStuckRequestBlocksNobody) {
    Window window(2);
    const auto stuck = window.add(CommandId::submit_sm, 1, at(0));
    for (int i = 0; i < 1000; ++i) {
        const auto sequence = window.add(CommandId::submit_sm, 2, at(i));
        EXPECT_NE(sequence, stuck);
        EXPECT_TRUE(window.take(sequence));
    }
    EXPECT_EQ(window.oldest()->sequence, stuck);
    EXPECT_EQ(window.capacity(), 16u) << "a stuck request must not make the ring grow";
}

TEST(Window, HoldsNothingBeforeTheFirstRequestAndGivesItsMemoryBack) {
    Window window(1000);
    EXPECT_EQ(window.capacity(), 0u);
    EXPECT_FALSE(window.take(1));
    std::deque<std::uint32_t> sent;
    while (!window.full()) sent.push_back(window.add(CommandId::submit_sm, 0, at(0)));
    EXPECT_EQ(window.capacity(), 2048u);
    window.release_memory();
    EXPECT_EQ(window.capacity(), 2048u) << "requests are in flight";
    for (const auto sequence : sent) EXPECT_TRUE(window.take(sequence));
    window.release_memory();
    EXPECT_EQ(window.capacity(), 0u);
    EXPECT_EQ(window.add(CommandId::submit_sm, 0, at(0)), sent.back() + 1) << "sequence numbers go on";
}

TEST(Window, SequenceNumbersWrapBelow0x80000000) {
    Window window(1);
    EXPECT_EQ(window.draw_sequence(), 1u);
    EXPECT_EQ(window.draw_sequence(), 2u);
    Window wrapping(4, 0x7FFFFFFD);
    EXPECT_EQ(wrapping.draw_sequence(), 0x7FFFFFFEu);
    EXPECT_EQ(wrapping.add(CommandId::submit_sm, 1, at(0)), 0x7FFFFFFFu);
    EXPECT_EQ(wrapping.add(CommandId::submit_sm, 2, at(0)), 1u);
    EXPECT_EQ(wrapping.take(0x7FFFFFFF)->cookie, 1u);
    EXPECT_EQ(wrapping.take(1)->cookie, 2u);
}

TEST(Window, BehavesLikeAMapWithAQueue) {
    Random random(7);
    for (const std::uint32_t limit : {1u, 2u, 16u, 100u, 65535u}) {
        Window window(limit, 0x7FFFFFFF - 5000);
        std::map<std::uint32_t, std::uint64_t> cookies;
        std::deque<std::uint32_t> order;
        for (int step = 0; step < 20000; ++step) {
            // Long stretches of filling and of draining, so that growth, fullness and stuck slots all occur.
            const bool filling = step / 700 % 2 == 0;
            if (!window.full() && random.chance(filling ? 0.9 : 0.2)) {
                const auto sequence = window.add(CommandId::submit_sm, random.next(), at(step));
                ASSERT_TRUE(cookies.emplace(sequence, 0).second) << "number in use";
                order.push_back(sequence);
            } else if (!order.empty()) {
                const auto pick = order.begin() + static_cast<std::ptrdiff_t>(
                                      random.chance(0.5) ? 0 : random.below(order.size()));
                ASSERT_TRUE(window.take(*pick));
                cookies.erase(*pick);
                order.erase(pick);
            }
            ASSERT_EQ(window.size(), order.size());
            ASSERT_EQ(window.oldest() == nullptr ? 0 : window.oldest()->sequence, order.empty() ? 0 : order.front());
            ASSERT_LE(2 * window.size(), window.capacity());
        }
    }
}

}  // namespace
}  // namespace sluice::session
