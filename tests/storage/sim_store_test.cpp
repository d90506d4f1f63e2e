// What is particular to the simulated store: its time, its faults and its crashes.
#include "storage/sim_store.hpp"

#include <gtest/gtest.h>

#include "tests/storage/harness.hpp"

namespace sluice::storage {
namespace {

using namespace std::chrono_literals;

Batch with_journal(Store& store, std::string_view text) {
    Batch batch = numbered(store);
    batch.journal.append(octets(text));
    return batch;
}

TEST(SimStore, CompletesAlongTheSimulatedTime) {
    SimDisk disk;
    StoppedClock clock;
    SimStore store(disk, clock, {.min_latency = 1ms, .max_latency = 1ms});
    EXPECT_FALSE(store.next_due());
    store.submit(with_journal(store, "one"));
    EXPECT_EQ(store.next_due(), MonoTime(1ms));
    EXPECT_FALSE(store.commit_due(MonoTime(999us)));
    Completion completion;
    EXPECT_FALSE(store.poll(completion));
    EXPECT_TRUE(store.commit_due(MonoTime(1ms)));
    EXPECT_TRUE(store.poll(completion));
    EXPECT_EQ(store.stats().commit_nanoseconds, 1'000'000u);
    EXPECT_FALSE(store.next_due());
}

TEST(SimStore, TakesAllThatWaitsIntoTheNextTransaction) {
    SimDisk disk;
    StoppedClock clock;
    SimStore store(disk, clock, {.min_latency = 1ms, .max_latency = 1ms});
    for (const char* text : {"one", "two", "three"}) store.submit(with_journal(store, text));
    EXPECT_TRUE(store.step());
    EXPECT_EQ(disk.journal().size(), 1u);
    EXPECT_TRUE(store.step());
    EXPECT_EQ(disk.journal().size(), 3u);
    EXPECT_FALSE(store.step());
    EXPECT_EQ(store.stats().commits, 2u);
}

TEST(SimStore, DrawsLatenciesFromItsSeed) {
    const auto dues = [](std::uint64_t seed) {
        SimDisk disk;
        StoppedClock clock;
        SimStore store(disk, clock, {.seed = seed, .min_latency = 1ms, .max_latency = 9ms});
        std::vector<MonoTime> result;
        for (int i = 0; i < 50; ++i) {
            store.submit(with_journal(store, "x"));
            result.push_back(*store.next_due());
            EXPECT_TRUE(result.back() >= clock.now + 1ms && result.back() <= clock.now + 9ms);
            clock.now = result.back();
            store.commit_due(clock.now);
            Completion completion;
            store.poll(completion);
        }
        return result;
    };
    EXPECT_EQ(dues(1), dues(1));
    EXPECT_NE(dues(1), dues(2));
}

TEST(SimStore, StallsUntilToldOtherwise) {
    SimDisk disk;
    StoppedClock clock;
    SimStore store(disk, clock, {.min_latency = 1ms, .max_latency = 1ms, .retry_delay = 10ms});
    store.submit(with_journal(store, "one"));
    store.set_stalled(true);
    EXPECT_FALSE(store.step());
    EXPECT_FALSE(store.commit_due(MonoTime(15ms)));
    EXPECT_EQ(store.stats().failed_commits, 2u);
    EXPECT_TRUE(store.stats().stalled);
    store.set_stalled(false);
    EXPECT_TRUE(store.stats().stalled) << "until a commit succeeds";
    EXPECT_TRUE(store.commit_due(*store.next_due()));
    EXPECT_FALSE(store.stats().stalled);
    EXPECT_EQ(disk.journal().size(), 1u);
}

TEST(SimStore, FailedCommitsAreRepeatedUntilTheySucceed) {
    SimDisk disk;
    StoppedClock clock;
    SimStore store(disk, clock, {.failure_rate = 0.7});
    for (int i = 0; i < 30; ++i) {
        store.submit(with_journal(store, "x"));
        Completion completion;
        while (!store.poll(completion)) store.commit_due(*store.next_due());
        EXPECT_FALSE(store.stats().stalled);
    }
    EXPECT_GT(store.stats().failed_commits, 10u);
    EXPECT_EQ(disk.journal().size(), 30u);
}

TEST(SimStore, SaysWhenRoomIsScarce) {
    SimDisk disk;
    StoppedClock clock;
    SimStore store(disk, clock, {.scarce_above = 4});
    store.submit(with_journal(store, "1234"));
    store.step();
    EXPECT_FALSE(store.stats().scarce);
    store.submit(with_journal(store, "5"));
    store.step();
    EXPECT_TRUE(store.stats().scarce);
}

TEST(SimStore, ACrashKeepsTheTransactionUnderWayWholeOrNotAtAll) {
    int kept = 0;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        SimDisk disk;
        StoppedClock clock;
        SimStore store(disk, clock, {.seed = seed});
        store.submit(with_journal(store, "committed"));
        store.step();
        store.submit(with_journal(store, "under way, journal"));
        Batch waiting = with_journal(store, "waiting");
        waiting.put(Table::message, {0, 1}, octets("waiting"));
        store.submit(std::move(waiting));
        store.crash();
        Completion completion;
        EXPECT_FALSE(store.poll(completion));

        SimStore after(disk, clock, {.seed = seed});
        const auto segments = journal_of(after);
        ASSERT_GE(segments.size(), 1u);
        ASSERT_LE(segments.size(), 2u);
        EXPECT_EQ(after.next_batch(), segments.size() + 1);
        EXPECT_TRUE(disk.table(Table::message).empty());
        kept += segments.size() == 2;
    }
    EXPECT_GT(kept, 20);
    EXPECT_LT(kept, 80);
}

}  // namespace
}  // namespace sluice::storage
