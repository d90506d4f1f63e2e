// What every Store promises, asked of each of them.
#include <gtest/gtest.h>

#include "engine/base/random.hpp"
#include "tests/storage/harness.hpp"

namespace sluice::storage {
namespace {

template <class Harness>
class Contract : public ::testing::Test {
protected:
    Store& store() { return harness_.store(); }
    void reopen() { harness_.reopen(); }
    Completion wait() { return harness_.wait(); }
    Completion commit(Batch batch) {
        store().submit(std::move(batch));
        return wait();
    }
    std::vector<Row> all_rows(Table table) { return rows_of(store().load_now(everything_of(table))); }

    Harness harness_;
};

using Harnesses = ::testing::Types<LmdbHarness, OwnerWritingHarness, SimHarness>;
TYPED_TEST_SUITE(Contract, Harnesses);

TYPED_TEST(Contract, StartsEmptyWithNumberOne) {
    EXPECT_EQ(this->store().next_batch(), 1u);
    EXPECT_TRUE(journal_of(this->store()).empty());
    for (const Table table : {Table::message, Table::queue, Table::held, Table::meta})
        EXPECT_TRUE(this->all_rows(table).empty());
    Completion completion;
    EXPECT_FALSE(this->store().poll(completion));
}

TYPED_TEST(Contract, CompletesInTheOrderGiven) {
    for (std::size_t i = 0; i < Store::max_in_flight; ++i) {
        Batch batch = numbered(this->store());
        batch.journal.append(repeated(10, static_cast<std::uint8_t>(i)));
        this->store().submit(std::move(batch));
    }
    for (std::uint64_t number = 1; number <= Store::max_in_flight; ++number)
        EXPECT_EQ(this->wait().batch.number, number);
    EXPECT_EQ(this->store().next_batch(), Store::max_in_flight + 1);
}

TYPED_TEST(Contract, HandsTheSameBuffersBack) {
    Batch batch = numbered(this->store());
    batch.journal.append(octets("segment"));
    const std::uint8_t* buffer = ByteView(batch.journal).data();
    Completion completion = this->commit(std::move(batch));
    EXPECT_EQ(ByteView(completion.batch.journal).data(), buffer);
    completion.batch.clear();
    EXPECT_TRUE(completion.batch.empty());
    EXPECT_EQ(completion.batch.number, 0u);
    EXPECT_EQ(completion.batch.journal.grow(7), buffer);
}

TYPED_TEST(Contract, ReplaysTheJournalInOrderAfterReopening) {
    std::vector<Segment> expected;
    for (int i = 0; i < 20; ++i) {
        Batch batch = numbered(this->store());
        if (i % 3 != 2) {
            batch.journal.append(repeated(1 + 700 * i, static_cast<std::uint8_t>(i)));
            expected.push_back({batch.number, copy_of(batch.journal)});
        }
        this->commit(std::move(batch));
    }
    this->reopen();
    EXPECT_EQ(journal_of(this->store()), expected);
    EXPECT_EQ(this->store().next_batch(), 21u);
}

TYPED_TEST(Contract, ReleasesOldSegmentsAndNoOthers) {
    for (int i = 0; i < 10; ++i) {
        Batch batch = numbered(this->store());
        batch.journal.append(repeated(9000, static_cast<std::uint8_t>(i)));
        if (i == 9) batch.release_before = 8;
        this->commit(std::move(batch));
    }
    this->reopen();
    const auto segments = journal_of(this->store());
    ASSERT_EQ(segments.size(), 3u);
    EXPECT_EQ(segments.front().number, 8u);
    EXPECT_EQ(segments.back().number, 10u);
    EXPECT_EQ(segments.back().octets, std::vector<std::uint8_t>(9000, 9));
}

TYPED_TEST(Contract, NumbersGoOnWhenTheJournalIsEmpty) {
    for (int i = 0; i < 3; ++i) {
        Batch batch = numbered(this->store());
        batch.journal.append(octets("x"));
        this->commit(std::move(batch));
    }
    Batch last = numbered(this->store());
    last.release_before = last.number;
    this->commit(std::move(last));
    this->reopen();
    EXPECT_TRUE(journal_of(this->store()).empty());
    EXPECT_EQ(this->store().next_batch(), 5u);
}

TYPED_TEST(Contract, ABatchMayReleaseItsOwnSegment) {
    Batch batch = numbered(this->store());
    batch.journal.append(octets("gone at once"));
    batch.release_before = batch.number + 1;
    this->commit(std::move(batch));
    this->reopen();
    EXPECT_TRUE(journal_of(this->store()).empty());
}

TYPED_TEST(Contract, KeepsSegmentsOfEverySizeUpToAMegabyteAndMore) {
    std::vector<Segment> expected;
    Random random(7);
    for (const std::size_t size : {1, 2000, 2040, 4079, 4080, 4081, 8160, 8161, 65536, 1 << 20, (3 << 20) + 17}) {
        Batch batch = numbered(this->store());
        std::vector<std::uint8_t> segment(size);
        for (auto& octet : segment) octet = static_cast<std::uint8_t>(random.next());
        batch.journal.append(segment);
        expected.push_back({batch.number, segment});
        this->commit(std::move(batch));
    }
    this->reopen();
    EXPECT_TRUE(journal_of(this->store()) == expected);
}

TYPED_TEST(Contract, PutsReplacesAndErasesInOrder) {
    Batch first = numbered(this->store());
    first.put(Table::held, {1, 5}, octets("five"));
    first.put(Table::held, {1, 3}, octets("three"));
    first.put(Table::held, {0, 9}, octets("nine"));
    first.put(Table::held, {1, 3}, octets("three again, longer"));
    first.put(Table::held, {2, 0}, octets("short-lived"));
    first.erase(Table::held, {2, 0});
    first.erase(Table::held, {7, 7});  // never there
    first.put(Table::message, {1, 3}, octets("another table"));
    this->commit(std::move(first));
    Batch second = numbered(this->store());
    second.erase(Table::held, {1, 5});
    second.put(Table::held, {1, 5}, octets("five is back"));
    second.erase(Table::held, {0, 9});
    second.put(Table::held, {1, 4}, {});
    this->commit(std::move(second));
    this->reopen();
    const std::vector<Row> expected{
        {{1, 3}, octets("three again, longer")}, {{1, 4}, {}}, {{1, 5}, octets("five is back")}};
    EXPECT_EQ(this->all_rows(Table::held), expected);
    EXPECT_EQ(this->all_rows(Table::message).size(), 1u);
}

TYPED_TEST(Contract, OrdersKeysByHighThenLow) {
    Batch batch = numbered(this->store());
    const std::vector<Key> ascending{{0, 0},           {0, 1},  {0, 255}, {0, 256}, {0, UINT64_MAX}, {1, 0},
                                     {256, 1ull << 63}, {257, 0}, {UINT64_MAX, 0}, {UINT64_MAX, UINT64_MAX}};
    for (auto key = ascending.rbegin(); key != ascending.rend(); ++key) batch.put(Table::meta, *key, octets("v"));
    this->commit(std::move(batch));
    this->reopen();
    std::vector<Key> stored;
    for (const Row& row : this->all_rows(Table::meta)) stored.push_back(row.key);
    EXPECT_EQ(stored, ascending);
}

TYPED_TEST(Contract, LoadsSeeTheirOwnBatchAndNotLaterOnes) {
    Batch first = numbered(this->store());
    first.put(Table::message, {0, 1}, octets("one"));
    first.put(Table::message, {0, 2}, octets("two"));
    first.erase(Table::message, {0, 1});
    first.loads.push_back(everything_of(Table::message));
    first.loads.back().tag = 77;
    Batch second;
    second.number = first.number + 1;
    second.put(Table::message, {0, 3}, octets("three"));
    second.loads.push_back(everything_of(Table::message));
    this->store().submit(std::move(first));
    this->store().submit(std::move(second));

    const Completion one = this->wait();
    ASSERT_EQ(one.loads.size(), 1u);
    EXPECT_EQ(one.loads[0].tag, 77u);
    EXPECT_EQ(rows_of(one.loads[0]), (std::vector<Row>{{{0, 2}, octets("two")}}));
    const Completion two = this->wait();
    ASSERT_EQ(two.loads.size(), 1u);
    EXPECT_EQ(two.loads[0].rows.size(), 2u);
}

TYPED_TEST(Contract, LoadsARangeWithALimit) {
    Batch batch = numbered(this->store());
    for (std::uint64_t i = 0; i < 100; ++i) batch.put(Table::queue, {i / 50, i}, octets("row" + std::to_string(i)));
    this->commit(std::move(batch));
    this->reopen();

    LoadRequest request{.table = Table::queue, .first = {0, 10}, .last = {0, UINT64_MAX}, .limit = 15};
    LoadResult result = this->store().load_now(request);
    ASSERT_EQ(result.rows.size(), 15u);
    EXPECT_EQ(result.rows.front().key, (Key{0, 10}));
    EXPECT_EQ(result.rows.back().key, (Key{0, 24}));
    EXPECT_EQ(as_text(result.value(result.rows.back())), "row24");
    EXPECT_TRUE(result.more);

    request.first = {0, 25};
    request.limit = 25;  // exactly what there is
    result = this->store().load_now(request);
    EXPECT_EQ(result.rows.size(), 25u);
    EXPECT_FALSE(result.more);

    request.limit = 0;
    EXPECT_TRUE(this->store().load_now(request).more);
    request.first = {0, 50};
    EXPECT_FALSE(this->store().load_now(request).more);
}

TYPED_TEST(Contract, LoadsAboutAsManyBytesAsAsked) {
    Batch batch = numbered(this->store());
    for (std::uint64_t i = 0; i < 20; ++i) batch.put(Table::message, {0, i}, std::vector<std::uint8_t>(1000));
    this->commit(std::move(batch));
    this->reopen();
    LoadRequest request = everything_of(Table::message);
    request.max_bytes = 2500;
    const LoadResult result = this->store().load_now(request);
    EXPECT_EQ(result.rows.size(), 3u);
    EXPECT_TRUE(result.more);
    request.max_bytes = 1;  // one row always comes
    EXPECT_EQ(this->store().load_now(request).rows.size(), 1u);
    request.max_bytes = 20000;
    EXPECT_FALSE(this->store().load_now(request).more);
}

TYPED_TEST(Contract, FollowsQueueRowsToTheirMessages) {
    Batch batch = numbered(this->store());
    const std::uint64_t ids[] = {300, 100, 200};
    batch.put(Table::message, {0, 100}, octets("message 100"));
    batch.put(Table::message, {0, 300}, octets("message 300"));
    for (std::uint64_t position = 0; position < 3; ++position)
        batch.put(Table::queue, {8, position}, id_octets(ids[position]));
    LoadRequest request{.table = Table::queue, .first = {8, 0}, .last = {8, 9}, .limit = 10, .follow = true};
    batch.loads.push_back(request);
    const Completion completion = this->commit(std::move(batch));
    const std::vector<Row> expected{{{8, 0}, octets("message 300")}, {{8, 1}, octets("message 100")}, {{8, 2}, {}}};
    ASSERT_EQ(completion.loads.size(), 1u);
    EXPECT_EQ(rows_of(completion.loads[0]), expected);

    Batch next = numbered(this->store());
    next.put(Table::message, {0, 400}, octets("m"));
    next.loads = {{.table = Table::message, .first = {0, 400}, .last = {0, 400}, .limit = 9, .follow = true}};
    EXPECT_EQ(as_text(this->commit(std::move(next)).loads[0].values), "m") << "only queue rows are followed";
}

TYPED_TEST(Contract, AQueueRowThatIsNoIdLeadsNowhere) {
    Batch batch = numbered(this->store());
    batch.put(Table::message, {0, 0}, octets("message 0"));
    batch.put(Table::queue, {8, 0}, octets("ninebytes"));
    batch.put(Table::queue, {8, 1}, {});
    batch.loads = {{.table = Table::queue, .first = {8, 0}, .last = {8, 9}, .limit = 10, .follow = true}};
    const std::vector<Row> expected{{{8, 0}, {}}, {{8, 1}, {}}};
    EXPECT_EQ(rows_of(this->commit(std::move(batch)).loads[0]), expected);
}

TYPED_TEST(Contract, LoadsValuesLargerThanAPage) {
    Batch batch = numbered(this->store());
    batch.put(Table::message, {0, 1}, std::vector<std::uint8_t>(70000, 0xA5));
    batch.put(Table::message, {0, 2}, octets("small"));
    batch.loads.push_back(everything_of(Table::message));
    const Completion completion = this->commit(std::move(batch));
    const auto rows = rows_of(completion.loads.at(0));
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[0].value, std::vector<std::uint8_t>(70000, 0xA5));
    EXPECT_EQ(rows[1].value, octets("small"));
}

TYPED_TEST(Contract, FinishesWhatWasSubmittedWhenClosed) {
    for (std::uint64_t i = 1; i <= Store::max_in_flight; ++i) {
        Batch batch = numbered(this->store());
        batch.journal.append(repeated(100000, static_cast<std::uint8_t>(i)));
        this->store().submit(std::move(batch));
    }
    this->reopen();
    EXPECT_EQ(journal_of(this->store()).size(), Store::max_in_flight);
}

TYPED_TEST(Contract, BatchesThatWaitAreCommittedTogether) {
    for (int round = 0; round < 50; ++round) {
        for (std::size_t i = 0; i < Store::max_in_flight; ++i) {
            Batch batch = numbered(this->store());
            batch.journal.append(repeated(200, static_cast<std::uint8_t>(i)));
            batch.put(Table::meta, {0, 0}, id_octets(batch.number));
            batch.loads.push_back(everything_of(Table::meta));
            this->store().submit(std::move(batch));
        }
        for (std::size_t i = 0; i < Store::max_in_flight; ++i) {
            const Completion completion = this->wait();
            const auto rows = rows_of(completion.loads.at(0));
            ASSERT_EQ(rows.size(), 1u);
            const ByteView expected = id_octets(completion.batch.number);
            EXPECT_EQ(rows[0].value, std::vector<std::uint8_t>(expected.begin(), expected.end()));
        }
    }
    EXPECT_LT(this->store().stats().commits, 50 * Store::max_in_flight);
}

TYPED_TEST(Contract, CountsWhatItDid) {
    Batch batch = numbered(this->store());
    batch.journal.append(repeated(5000, 1));
    this->commit(std::move(batch));
    const StoreStats stats = this->store().stats();
    EXPECT_EQ(stats.commits, 1u);
    EXPECT_EQ(stats.failed_commits, 0u);
    EXPECT_EQ(stats.bytes_journaled, 5000u);
    EXPECT_GE(stats.used_bytes, 5000u);
    EXPECT_GE(stats.disk_bytes, stats.used_bytes);
    EXPECT_FALSE(stats.stalled);
    EXPECT_FALSE(stats.scarce);
}

TYPED_TEST(Contract, SpaceOfReleasedSegmentsIsUsedAgain) {
    std::uint64_t after_warm_up = 0;
    for (int i = 0; i < 300; ++i) {
        Batch batch = numbered(this->store());
        batch.journal.append(repeated(50000 + 977 * (i % 17), 1));
        if (batch.number > 5) batch.release_before = batch.number - 5;
        this->commit(std::move(batch));
        if (i == 100) after_warm_up = this->store().stats().disk_bytes;
    }
    EXPECT_LE(this->store().stats().disk_bytes, 2 * after_warm_up);
    EXPECT_LE(this->store().stats().used_bytes, std::uint64_t{1} << 20);
}

}  // namespace
}  // namespace sluice::storage
