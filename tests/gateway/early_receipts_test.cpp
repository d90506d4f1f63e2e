#include "engine/gateway/early_receipts.hpp"

#include <gtest/gtest.h>

namespace sluice::gateway {
namespace {

MonoTime at(int ms) { return MonoTime(milliseconds(ms)); }

wire::ReceiptNote note(std::uint64_t key, MessageId id) {
    wire::ReceiptNote its;
    its.key = key;
    its.id = id;
    return its;
}

std::vector<MessageId> ids(const std::vector<wire::ReceiptNote>& notes) {
    std::vector<MessageId> all;
    for (const wire::ReceiptNote& its : notes) all.push_back(its.id);
    return all;
}

using Ids = std::vector<MessageId>;

Ids take(EarlyReceipts& early, std::uint64_t key) {
    Ids taken;
    early.take(key, [&](const wire::ReceiptNote& its) { taken.push_back(its.id); });
    return taken;
}

TEST(EarlyReceipts, AreTakenByKeyInTheOrderInWhichTheyCame) {
    EarlyReceipts early;
    for (const auto& [key, id] : {std::pair{7u, 1u}, {8u, 2u}, {7u, 3u}, {7u, 4u}}) early.add(note(key, id), at(20));
    EXPECT_EQ(take(early, 9), Ids{});
    EXPECT_EQ(take(early, 7), (Ids{1, 3, 4}));
    EXPECT_EQ(take(early, 7), Ids{});
    EXPECT_EQ(early.size(), 1u);
    early.add(note(7, 5), at(20));
    EXPECT_EQ(take(early, 7), Ids{5});
}

TEST(EarlyReceipts, ExpireInTurnAndTogetherWithTheirKey) {
    EarlyReceipts early;
    EXPECT_FALSE(early.next_expiry());
    early.add(note(7, 1), at(20));
    early.add(note(8, 2), at(21));
    early.add(note(9, 3), at(22));
    early.add(note(8, 4), at(23));
    EXPECT_EQ(early.next_expiry(), at(20));
    EXPECT_EQ(take(early, 7), Ids{1});
    EXPECT_EQ(early.next_expiry(), at(21));
    EXPECT_EQ(ids(early.expire(at(20))), Ids{});
    EXPECT_EQ(ids(early.expire(at(21))), (Ids{2, 4}));
    EXPECT_EQ(early.next_expiry(), at(22));
    EXPECT_EQ(ids(early.take_all()), Ids{3});
    EXPECT_EQ(early.size(), 0u);
    EXPECT_FALSE(early.next_expiry());
}

TEST(EarlyReceipts, AreNobodyElsesWhileTheyAreVisited) {
    EarlyReceipts early;
    for (const auto& [key, id] : {std::pair{7u, 1u}, {7u, 2u}, {8u, 3u}}) early.add(note(key, id), at(20));
    Ids seen;
    early.take(7, [&](wire::ReceiptNote& its) {
        seen.push_back(its.id);
        if (its.id != 1) return;
        EXPECT_EQ(take(early, 7), Ids{});
        EXPECT_EQ(ids(early.take_all()), Ids{3});
        EXPECT_FALSE(early.next_expiry());
        for (MessageId more = 100; more < 400; ++more) early.add(note(7, more), at(21));  // memory that grows
    });
    EXPECT_EQ(seen, (Ids{1, 2}));
    EXPECT_EQ(take(early, 7).size(), 300u);
    EXPECT_EQ(early.size(), 0u);
}

}  // namespace
}  // namespace sluice::gateway
