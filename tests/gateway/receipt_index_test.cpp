#include "engine/gateway/receipt_index.hpp"

#include <gtest/gtest.h>

#include <map>

#include "engine/base/random.hpp"
#include "engine/gateway/receipt_redeal.hpp"
#include "storage/sim_store.hpp"
#include "tests/gateway/test_clock.hpp"

namespace sluice::gateway {
namespace {

// ---- the table

TEST(ReceiptTable, IsAMapThatReadsInOrder) {
    for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
        Random random(seed);
        ReceiptTable table;
        std::map<std::uint64_t, MessageId> model;
        for (std::uint64_t n = random.below(200); n > 0; --n) {
            // Keys that crowd at both ends, so that cells wrap.
            std::uint64_t key = random.next() | 1;
            if (random.chance(0.3)) key = 1 + random.below(200);
            else if (random.chance(0.4)) key = UINT64_MAX - random.below(200);
            if (random.chance(0.25) && !model.empty()) {
                const auto at = model.lower_bound(key);
                const std::uint64_t gone = at == model.end() ? model.begin()->first : at->first;
                table.erase(gone);
                model.erase(gone);
                EXPECT_EQ(table.find(gone), nullptr);
            }
            table.put(key, key * 3);
            model[key] = key * 3;
        }
        ASSERT_EQ(table.size(), model.size());
        ReceiptTable::Reader reader(table);
        ReceiptEntry entry;
        for (const auto& [key, id] : model) {
            ASSERT_NE(table.find(key), nullptr) << "seed " << seed;
            EXPECT_EQ(*table.find(key), id);
            ASSERT_TRUE(reader.next(entry)) << "seed " << seed;
            ASSERT_EQ(entry.key, key) << "seed " << seed;
            EXPECT_EQ(entry.id, id);
        }
        EXPECT_FALSE(reader.next(entry));
    }
}

TEST(ReceiptFilter, KnowsItsOwnAndFewOthers) {
    Random random(5);
    ReceiptFilter filter(20'000);
    std::vector<std::uint64_t> keys(20'000);
    for (std::uint64_t& key : keys) filter.add(key = random.next());
    for (const std::uint64_t key : keys) EXPECT_TRUE(filter.may_have(key));
    int wrong = 0;
    for (int i = 0; i < 100'000; ++i) wrong += filter.may_have(random.next());
    EXPECT_LT(wrong, 3'000);
    EXPECT_GT(wrong, 0);  // or the filter would be larger than it is
}

// ---- the index

/// An index on a simulated disk, and what it should know.
class IndexWorld {
public:
    struct Fact {
        MessageId id = 0;
        WallTime until{};
        bool live = false;
        bool kept = false;
        bool crashed = false;  ///< since it was last put or erased
    };
    using Facts = std::map<std::uint64_t, Fact>;

    IndexWorld(std::uint64_t seed, std::size_t max_in_memory, std::size_t max_runs = 3)
        : random_(seed), config_{max_in_memory, max_runs} {
        open();
    }
    /// On what others have written.
    IndexWorld(storage::SimDisk disk, Facts facts) : disk_(std::move(disk)), random_(1), facts_(std::move(facts)) {
        open();
    }

    void open() {
        storage::SimOptions options;
        options.seed = random_.next();
        store_ = std::make_unique<storage::SimStore>(disk_, clock_, options);
        messages_ = std::make_unique<MessageStore>(
            *store_, IdSource(0, 0, 1), MessageStoreConfig{},
            MessageStore::Callbacks{[this](const AfterCommit& then) { kept(then.message); }, [](Lane&) {},
                                    [](Message&) {}, [](Message&) {}, [](Message&) {}});
        index_ = std::make_unique<ReceiptIndex>(*messages_, config_);
        ASSERT_TRUE(index_->recover(clock_.wall()));
        // A message whose entry nobody was told to be kept is announced again by its home.
        for (const auto& [key, fact] : facts_)
            if (fact.live && !fact.kept) index_->put(key, fact.id, fact.until);
    }
    void stop() {
        store_->crash();
        index_.reset();
        messages_.reset();
        store_.reset();
    }
    void crash() {
        stop();
        for (auto& [key, fact] : facts_) fact.crashed = true;
        open();
    }

    void turn() {
        clock_.advance(microseconds(500));
        store_->commit_due(clock_.mono());
        messages_->poll(clock_.now());
        index_->work(clock_.wall());
        messages_->end_of_turn();
        most_runs_ = std::max(most_runs_, index_->runs());
    }
    void idle(nanoseconds time) {
        for (const MonoTime end = clock_.mono() + time; clock_.mono() < end;) turn();
    }

    void put(std::uint64_t key, seconds lifetime = seconds(1'000'000)) {
        Fact& fact = facts_[key];
        fact.id = ++next_id_;
        fact.until = clock_.wall() + lifetime;
        fact.live = true;
        fact.kept = fact.crashed = false;
        index_->put(key, fact.id, fact.until);
    }
    void keep(std::uint64_t key) {
        const Fact& fact = facts_.at(key);
        if (!fact.live) return;
        index_->keep(key, fact.id);
        AfterCommit then;
        then.what = AfterCommit::What::kept;
        then.message = fact.id;
        messages_->after_commit(then);
        key_of_[fact.id] = key;
    }
    MessageId look_up(std::uint64_t key) {
        MessageId id = 0;
        switch (index_->find(key, id)) {
            case ReceiptIndex::Where::here: return id;
            case ReceiptIndex::Where::nowhere: return 0;
            case ReceiptIndex::Where::on_disk: break;
        }
        ++on_disk_;
        bool done = false;
        index_->look_up(key, [&](MessageId found) {
            id = found;
            done = true;
        });
        for (int i = 0; i < 1000 && !done; ++i) turn();
        EXPECT_TRUE(done);
        return id;
    }
    void check(std::uint64_t key) {
        const auto found = facts_.find(key);
        const MessageId id = look_up(key);
        if (found == facts_.end()) {
            EXPECT_EQ(id, 0u) << key;
            return;
        }
        const Fact& fact = found->second;
        if (fact.live) {
            EXPECT_EQ(id, fact.id) << key;
        } else if (!fact.crashed) {
            // It may have been missed that this one is over, but no older one may come to light.
            EXPECT_TRUE(id == 0 || id == fact.id) << key << " gives " << id << ", the last was " << fact.id;
            stale_ += id != 0;
        }
    }
    void erase(std::uint64_t key) {
        Fact& fact = facts_.at(key);
        if (!fact.live) return;
        EXPECT_EQ(look_up(key), fact.id);
        index_->erase(key, fact.id);
        fact.live = false;
        fact.crashed = false;
    }

    Random& random() { return random_; }
    ReceiptIndex& index() { return *index_; }
    const Facts& facts() const { return facts_; }
    storage::SimDisk& disk() { return disk_; }
    const storage::SimDisk::Rows& rows() const { return disk_.table(storage::Table::receipt); }
    std::vector<std::uint64_t> keys() const {
        std::vector<std::uint64_t> all;
        for (const auto& [key, fact] : facts_) all.push_back(key);
        return all;
    }
    std::size_t looked_up_on_disk() const { return on_disk_; }
    std::size_t stale() const { return stale_; }
    std::size_t most_runs() const { return most_runs_; }

private:
    void kept(MessageId id) {
        Fact& fact = facts_.at(key_of_.at(id));
        if (fact.id == id) fact.kept = true;
    }

    TestClock clock_;
    storage::SimDisk disk_;
    Random random_;
    ReceiptIndex::Config config_;
    std::unique_ptr<storage::SimStore> store_;
    std::unique_ptr<MessageStore> messages_;
    std::unique_ptr<ReceiptIndex> index_;
    Facts facts_;
    std::map<MessageId, std::uint64_t> key_of_;
    MessageId next_id_ = 0;
    std::size_t on_disk_ = 0;
    std::size_t stale_ = 0;
    std::size_t most_runs_ = 0;
};

std::uint64_t key_of(std::uint64_t n) {
    Random random(n + 1);
    return random.next() | 1;
}

void live(IndexWorld& world, int steps, double crash_chance) {
    Random& random = world.random();
    for (int i = 0; i < steps; ++i) {
        const std::uint64_t key = key_of(random.below(400));
        const auto known = world.keys();
        const std::uint64_t some = known.empty() ? key : known[random.below(known.size())];
        switch (known.empty() ? 0 : random.below(7)) {
            case 0: case 1: case 2: world.put(key); break;
            case 3: world.keep(some); break;
            case 4: case 5: world.erase(some); break;
            default: world.check(key);
        }
        if (random.chance(0.3)) world.turn();
        if (random.chance(crash_chance)) world.crash();
    }
    for (std::uint64_t n = 0; n < 400; ++n) world.check(key_of(n));
}

TEST(ReceiptIndex, FindsTheNewestWhereverItIs) {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        IndexWorld world(seed, 40);
        live(world, 3000, 0);
        EXPECT_GT(world.looked_up_on_disk(), 200u);
        EXPECT_LT(world.stale(), 400u);
        EXPECT_LE(world.most_runs(), 8u);
        if (::testing::Test::HasFailure()) FAIL() << "seed " << seed;
    }
}

TEST(ReceiptIndex, WhatIsKeptSurvivesCrashes) {
    for (std::uint64_t seed = 1; seed <= 16; ++seed) {
        IndexWorld world(seed * 104729, 40);
        live(world, 3000, 0.01);
        EXPECT_GT(world.looked_up_on_disk(), 100u);
        if (::testing::Test::HasFailure()) FAIL() << "seed " << seed;
    }
}

TEST(ReceiptIndex, MemoryIsBoundedHoweverManyAreOutstanding) {
    constexpr std::size_t bound = 4'000, all = 60'000;
    IndexWorld world(3, bound, 12);
    for (std::uint64_t n = 0; n < all; ++n) {
        world.put(key_of(n));
        if (n % 100 == 0) world.turn();
        ASSERT_LE(world.index().in_memory(), bound + 100);
    }
    world.idle(seconds(2));
    EXPECT_LT(world.index().in_memory(), bound / 2 + 1);
    EXPECT_EQ(world.index().in_memory() + world.index().on_disk(), all);
    EXPECT_LE(world.index().runs(), 12u);
    EXPECT_LT(world.index().memory(), 43 * bound + 3 * all);
    for (std::uint64_t n = 0; n < all; n += 97) world.check(key_of(n));
    EXPECT_GT(world.looked_up_on_disk(), all / 97 * 9 / 10);
    world.crash();  // none was kept, but runs are on disk
    for (std::uint64_t n = 0; n < all; n += 997) world.check(key_of(n));
}

TEST(ReceiptIndex, RunsGoWhenTheyAreOldOrEmpty) {
    IndexWorld world(4, 100);
    for (std::uint64_t n = 0; n < 1000; ++n) {
        world.put(key_of(n), seconds(50));
        world.turn();
    }
    world.idle(seconds(3));
    EXPECT_GT(world.index().on_disk(), 900u);
    for (std::uint64_t n = 0; n < 1000; ++n) world.erase(key_of(n));
    world.idle(seconds(3));
    EXPECT_LT(world.index().on_disk(), 300u);  // all but what was erased while runs were merged
    world.idle(seconds(60));
    EXPECT_EQ(world.index().runs(), 0u);
    world.idle(seconds(3));
    EXPECT_LE(world.rows().size(), 1u) << "rows are left behind";
}

// ---- another number of shards

TEST(ReceiptRedeal, EveryEntryIsFoundAtItsNewShard) {
    for (const std::uint32_t shards : {1u, 3u}) {
        TestClock clock;
        std::vector<storage::Batch> batches(shards);
        ReceiptRedeal redeal(shards, [&](std::uint32_t shard, storage::Key key, ByteView value) {
            batches[shard].put(storage::Table::receipt, key, value);
        });
        std::vector<IndexWorld::Facts> facts(shards);
        std::size_t in_runs = 0, logged = 0;
        for (const std::uint64_t old : {0u, 1u}) {
            IndexWorld world(old + 11, 200);
            for (std::uint64_t n = 0; n < 2000; ++n) {
                const std::uint64_t key = key_of(n);
                if (key / 2 % 2 != old) continue;
                world.put(key);
                if (n % 3 == 0) world.keep(key);
                if (n % 5 == 0) world.turn();
                if (n % 7 == 0) world.erase(key);
            }
            world.idle(seconds(1));
            in_runs += world.index().on_disk();
            logged += world.index().in_memory();
            world.stop();
            storage::SimStore store(world.disk(), clock);
            ASSERT_TRUE(redeal.take(store));
            for (auto [key, fact] : world.facts()) {
                if (fact.live && !fact.kept) redeal.add(key, fact.id, fact.until);  // as its message's home says
                fact.kept = true;
                facts[key % shards].emplace(key, fact);
            }
        }
        EXPECT_GT(in_runs, 500u);
        EXPECT_GT(logged, 10u);
        redeal.finish();
        for (std::uint32_t shard = 0; shard < shards; ++shard) {
            storage::SimDisk disk;
            std::vector<storage::LoadResult> nobody_reads;
            batches[shard].number = 1;
            disk.apply(batches[shard], nobody_reads);
            IndexWorld world(std::move(disk), facts[shard]);
            EXPECT_EQ(world.index().in_memory(), 0u);
            for (const std::uint64_t key : world.keys()) world.check(key);
            EXPECT_GT(world.looked_up_on_disk(), 300u);
        }
    }
}

}  // namespace
}  // namespace sluice::gateway
