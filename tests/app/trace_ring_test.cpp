#include "engine/gateway/trace.hpp"

#include <gtest/gtest.h>

namespace sluice::gateway {
namespace {

TraceEntry entry(MessageId id, std::int64_t at, TraceEvent event = TraceEvent::send) {
    return {id, at, 7, 0, event};
}

TEST(TraceRing, AnEmptyOneKnowsNothing) {
    const TraceRing ring;
    EXPECT_TRUE(ring.find(1).empty());
    EXPECT_EQ(ring.since(), 0);
}

TEST(TraceRing, FindsAMessagesEventsInOrder) {
    TraceRing ring;
    ring.note(entry(1, 10, TraceEvent::accepted));
    ring.note(entry(2, 11, TraceEvent::accepted));
    ring.note(entry(1, 12, TraceEvent::done));
    const auto found = ring.find(1);
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found[0].event, TraceEvent::accepted);
    EXPECT_EQ(found[1].event, TraceEvent::done);
    EXPECT_EQ(found[1].at, 12);
    EXPECT_EQ(ring.since(), 10);
}

TEST(TraceRing, OverwritesTheOldest) {
    TraceRing ring;
    for (std::size_t i = 0; i < TraceRing::capacity; ++i) ring.note(entry(i + 1, static_cast<std::int64_t>(i)));
    EXPECT_EQ(ring.find(1).size(), 1u);
    EXPECT_EQ(ring.since(), 0);
    ring.note(entry(1, 100'000));
    const auto found = ring.find(1);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].at, 100'000);
    EXPECT_EQ(ring.find(2).size(), 1u);
    EXPECT_EQ(ring.since(), 1);
}

TEST(TraceRing, EveryEventHasAName) {
    for (auto event = static_cast<int>(TraceEvent::accepted); event <= static_cast<int>(TraceEvent::done); ++event)
        EXPECT_FALSE(to_string(TraceEvent{static_cast<std::uint8_t>(event)}).empty());
    EXPECT_EQ(to_string(TraceEvent::done), "done");
    EXPECT_EQ(sizeof(TraceEntry), 32u);
}

}  // namespace
}  // namespace sluice::gateway
