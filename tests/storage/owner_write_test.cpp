// The store's owner writes small batches to the journal itself, when the committer rests.
#include <gtest/gtest.h>

#include "tests/storage/harness.hpp"

namespace sluice::storage {
namespace {

class OwnerWrites : public ::testing::Test {
protected:
    void submit(std::size_t size) {
        Batch batch = numbered(store());
        batch.journal.append(repeated(size, static_cast<std::uint8_t>(batch.number)));
        written_.push_back({batch.number, copy_of(batch.journal)});
        store().submit(std::move(batch));
    }
    /// Small batches until the owner has written `more` of them: at first the committer may not rest yet.
    void commit_by_owner(int more) {
        const int goal = harness_.owner_wrote() + more;
        for (int i = 0; i < 100'000 && harness_.owner_wrote() < goal; ++i) {
            submit(100);
            ASSERT_EQ(harness_.wait().batch.number, written_.back().number);
        }
        ASSERT_EQ(harness_.owner_wrote(), goal);
    }
    void expect_all() {
        harness_.reopen();
        EXPECT_EQ(journal_of(store()), written_);
    }
    Store& store() { return harness_.store(); }

    OwnerWritingHarness harness_;
    std::vector<Segment> written_;
};

TEST_F(OwnerWrites, AreThereAfterAStart) {
    commit_by_owner(20);  // more than a file of the harness holds
    EXPECT_EQ(store().stats().commits, written_.size());
    EXPECT_GT(store().stats().bytes_journaled, 20u * 100u - 1);
    expect_all();
}

TEST_F(OwnerWrites, LeaveLargeBatchesAndRowsToTheCommitter) {
    commit_by_owner(1);
    const int before = harness_.owner_wrote();
    for (int i = 0; i < 5; ++i) {
        submit(200'000);
        harness_.wait();
    }
    for (int i = 0; i < 5; ++i) {
        Batch batch = numbered(store());
        batch.put(Table::meta, {0, 1}, as_bytes("row"));
        store().submit(std::move(batch));
        harness_.wait();
    }
    EXPECT_EQ(harness_.owner_wrote(), before);
    expect_all();
}

TEST_F(OwnerWrites, ThatFailAreWrittenByTheCommitter) {
    for (const bool short_of : {false, true}) {
        commit_by_owner(2);
        harness_.strike_ = [=](std::size_t size) { return short_of ? static_cast<int>(size) - 512 : -EIO; };
        commit_by_owner(1);
        harness_.strike_ = [](std::size_t) { return std::nullopt; };
    }
    commit_by_owner(1);
    EXPECT_EQ(store().stats().commits, written_.size());
    EXPECT_FALSE(store().stats().stalled);
    expect_all();
}

TEST_F(OwnerWrites, HoldWhatIsSubmittedMeanwhile) {
    commit_by_owner(1);
    const int before = harness_.owner_wrote();
    for (int round = 0; round < 1000 && harness_.owner_wrote() == before; ++round) {
        submit(10);
        submit(100'000);
        submit(10);
        for (std::size_t i = 3; i > 0; --i)
            EXPECT_EQ(harness_.wait().batch.number, written_[written_.size() - i].number);
    }
    EXPECT_GT(harness_.owner_wrote(), before);
    expect_all();
}

}  // namespace
}  // namespace sluice::storage
