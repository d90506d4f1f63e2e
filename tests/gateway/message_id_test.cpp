#include "engine/gateway/message_id.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "engine/gateway/compose.hpp"

namespace sluice::gateway {
namespace {

const WallTime noon{std::chrono::sys_days(std::chrono::year(2026) / 3 / 4) + std::chrono::hours(12)};

TEST(MessageId, TellsItsTimeSlotAndNode) {
    IdSource ids(7, 3, 8);
    const MessageId id = ids.next(noon);
    EXPECT_EQ(time_of(id), noon);
    EXPECT_EQ(slot_of(id) % 8, 3u);
    EXPECT_EQ(node_of(id), 7u);
    EXPECT_EQ(home_shard(id, 8), 3u);
    EXPECT_LT(id, 1ull << 63);
}

TEST(MessageId, GrowsWhateverTheClockDoes) {
    IdSource ids(0, 0, 4);
    MessageId last = 0;
    WallTime now = noon;
    for (int i = 0; i < 100'000; ++i) {
        if (i % 1000 == 0) now -= std::chrono::seconds(3);
        if (i % 7 == 0) now += microseconds(5);
        const MessageId id = ids.next(now);
        ASSERT_GT(id, last);
        last = id;
    }
}

TEST(MessageId, ShardsNeverMeet) {
    std::set<MessageId> seen;
    for (std::uint32_t shard = 0; shard < 3; ++shard) {
        IdSource ids(0, shard, 3);
        for (int i = 0; i < 5000; ++i) {
            const MessageId id = ids.next(noon);
            ASSERT_TRUE(seen.insert(id).second);
            ASSERT_EQ(home_shard(id, 3), shard);
        }
    }
}

TEST(MessageId, ARunHasOneHomeWhateverTheShards) {
    std::set<MessageId> seen;
    for (std::uint32_t shard = 0; shard < 3; ++shard) {
        IdSource ids(5, shard, 3);
        MessageId last = 0;
        for (const std::size_t count : {1u, 255u, 2u, 3u, 255u}) {
            for (int i = 0; i < 200; ++i) {
                const MessageId single = ids.next(noon);
                ASSERT_GT(single, last);
                ASSERT_TRUE(seen.insert(single).second);
                const MessageId first = ids.next_run(noon, count);
                ASSERT_GT(first, single);
                for (std::uint64_t k = 0; k < count; ++k) {
                    last = first + (k << 16);
                    ASSERT_TRUE(seen.insert(last).second);
                    ASSERT_EQ(slot_of(last), slot_of(first));
                    ASSERT_EQ(node_of(last), 5u);
                    ASSERT_EQ(home_shard(last, 3), shard);
                }
            }
        }
    }
}

TEST(MessageId, GoesOnBehindWhatWasUsedBefore) {
    IdSource before(0, 1, 2);
    MessageId last = 0;
    for (int i = 0; i < 100'000; ++i) last = before.next(noon);  // ahead of the clock by now
    IdSource after(0, 1, 2);
    after.not_before(last);
    EXPECT_GT(after.next(noon), last);
}

TEST(MessageId, AfterIsWhatIsMadeNextAtOneTime) {
    const WallTime now(std::chrono::sys_days(std::chrono::year(2026) / 3 / 4));
    for (const std::uint32_t shards : {1u, 2u, 3u, 64u}) {
        IdSource ids(9, shards - 1, shards);
        MessageId id = ids.next(now);
        for (int i = 0; i < 1000; ++i) {
            const MessageId next = ids.next(now);
            ASSERT_EQ(ids.after(id), next);
            id = next;
        }
    }
}

TEST(MessageId, IsShownWithoutZerosBeforeIt) {
    for (MessageId power = 1; power <= UINT64_MAX / 10; power *= 10)
        for (const MessageId id : {power - 1, power, power + 1, UINT64_MAX})
            EXPECT_EQ(shown_id(id, routing::IdFormat::decimal), std::to_string(id));
}

RC_GTEST_PROP(MessageId, IsShownAsItsNumberAndReadBack, ()) {
    const auto bits = *rc::gen::inRange(0, 64);
    const MessageId id = *rc::gen::arbitrary<MessageId>() >> bits;
    RC_ASSERT(shown_id(id, routing::IdFormat::decimal) == std::to_string(id));
    for (const auto format : {routing::IdFormat::decimal, routing::IdFormat::hex})
        RC_ASSERT(parse_shown_id(shown_id(id, format), format) == id);
}

}  // namespace
}  // namespace sluice::gateway
