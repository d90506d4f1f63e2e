// A process that uses the store is killed at random moments: what it was told had completed is there, whole, and
// nothing is there in part.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/random.hpp"
#include "tests/storage/harness.hpp"

namespace sluice::storage {
namespace {

constexpr std::uint64_t rows_per_batch = 5;
constexpr std::uint64_t batches_kept = 10;  ///< rows and segments of older batches are erased and released

std::vector<std::uint8_t> segment_of(std::uint64_t number) {
    return std::vector<std::uint8_t>(1 + number * 977 % 20000, static_cast<std::uint8_t>(number));
}
std::vector<std::uint8_t> row_of(std::uint64_t number, std::uint64_t row) {
    return std::vector<std::uint8_t>(row == 0 ? 6000 : 200, static_cast<std::uint8_t>(number + row));
}

Batch batch_of(std::uint64_t number) {
    Batch batch;
    batch.number = number;
    batch.journal.append(segment_of(number));
    for (std::uint64_t row = 0; row < rows_per_batch; ++row) {
        batch.put(Table::message, {number, row}, row_of(number, row));
        if (number > batches_kept) batch.erase(Table::message, {number - batches_kept, row});
    }
    if (number > batches_kept) batch.release_before = number - batches_kept + 1;
    return batch;
}

/// Never returns: keeps the store full of work and writes the number of every completed batch to `pipe`.
[[noreturn]] void work(const std::string& path, int pipe) {
    auto store = LmdbStore::open({.path = path});
    SLUICE_CHECK(store.has_value());
    std::size_t under_way = 0;
    for (Completion completion;;) {
        for (; under_way < Store::max_in_flight; ++under_way) (*store)->submit(batch_of((*store)->next_batch()));
        while ((*store)->poll(completion)) {
            --under_way;
            const std::uint64_t number = completion.batch.number;
            SLUICE_CHECK(::write(pipe, &number, sizeof number) == sizeof number);
        }
    }
}

/// Runs a worker and kills it a while after its first completion. The last batch that it saw complete.
std::uint64_t run_and_kill(const std::string& path, microseconds delay) {
    int ends[2];
    SLUICE_CHECK(::pipe(ends) == 0);
    const pid_t child = ::fork();
    SLUICE_CHECK(child >= 0);
    if (child == 0) work(path, ends[1]);
    ::close(ends[1]);
    std::uint64_t last = 0;
    SLUICE_CHECK(::read(ends[0], &last, sizeof last) == sizeof last);
    ::usleep(static_cast<useconds_t>(delay.count()));
    ::kill(child, SIGKILL);
    while (::read(ends[0], &last, sizeof last) == sizeof last) {}
    ::close(ends[0]);
    int status = 0;
    SLUICE_CHECK(::waitpid(child, &status, 0) == child && WIFSIGNALED(status));
    return last;
}

TEST(Kill, CompletedBatchesSurviveWholeAndNothingIsThereInPart) {
    TemporaryDirectory directory;
    const std::string path = directory / "store";
    Random random(2);
    std::uint64_t previous = 0;
    for (int round = 0; round < 20; ++round) {
        const std::uint64_t completed = run_and_kill(path, microseconds(random.below(30'000)));
        auto store = LmdbStore::open({.path = path});
        ASSERT_TRUE(store) << store.error().message;
        const std::uint64_t last = (*store)->next_batch() - 1;
        ASSERT_GE(last, completed) << "a completed batch is gone";
        ASSERT_LE(last, completed + Store::max_in_flight + 1);
        ASSERT_GT(completed, previous);
        previous = completed;

        const std::uint64_t oldest = last > batches_kept ? last - batches_kept + 1 : 1;
        std::vector<Segment> segments;
        std::vector<Row> rows;
        for (std::uint64_t number = oldest; number <= last; ++number) {
            segments.push_back({number, segment_of(number)});
            for (std::uint64_t row = 0; row < rows_per_batch; ++row)
                rows.push_back({{number, row}, row_of(number, row)});
        }
        ASSERT_TRUE(journal_of(**store) == segments) << "round " << round;
        ASSERT_TRUE(rows_of((*store)->load_now(everything_of(Table::message))) == rows) << "round " << round;
    }
}

}  // namespace
}  // namespace sluice::storage
