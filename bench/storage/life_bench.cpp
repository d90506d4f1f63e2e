// What a message's whole durable life costs, by how its records are laid out and how many messages share a commit.
//
// Three lives of one message, each with the records accepted (300 octets), sent (40), receipt (40), done (16):
//   journal  all four records in journal segments, which are released some batches later
//   row      a row put when accepted, put again when sent and when receipted, erased when done
//   settle   accepted in the journal, then a message row and a queue row, loaded later by `follow`, then erased;
//            sent, receipt and done in the journal
//
// `depth` messages are settled in the store before and stay there; "among_holes" erases every other 32 of them first,
// so that free pages are scattered over the file. Depths above a million need SLUICE_BENCH_DEEP.
//
// Counters: cpu_ns a message, of the whole process with both threads; written, octets a message handed to the kernel;
// syncs, one a commit but for checkpoints; commit_us; file_MB; rss_anon_MB and rss_file_MB, the latter being pages of
// the store's file that the process has mapped, which the kernel takes back as it likes.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <semaphore>
#include <string>
#include <string_view>

#include "engine/base/check.hpp"
#include "storage/lmdb_store.hpp"

namespace sluice::storage {
namespace {

constexpr std::size_t accepted_bytes = 300, sent_bytes = 40, receipt_bytes = 40, done_bytes = 16;
constexpr std::size_t row_bytes = 360;
constexpr std::uint64_t segment_life = 4;  // batches between a record's commit and its segment's release

std::uint64_t cpu_nanoseconds() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

double proc_number(const char* file, std::string_view name) {
    std::ifstream in(file);
    for (std::string word; in >> word;) {
        double value = 0;
        if (word == name && in >> value) return value;
    }
    return 0;
}

/// Not write_bytes, which counts whole folios of the page cache for each page written.
double written_bytes() { return proc_number("/proc/self/io", "wchar:"); }

/// A store in the working directory (not in a temporary one, which may be memory), filled by a driver that keeps two
/// batches under way, as a busy shard does.
class Driver {
public:
    Driver() : path_("bench-storage-" + std::to_string(::getpid())) {
        std::filesystem::remove_all(path_);
        open();
    }
    ~Driver() {
        drain();
        store_.reset();
        std::filesystem::remove_all(path_);
    }

    Batch fresh() {
        Batch batch = std::move(spare_.batch);
        batch.clear();
        batch.number = store_->next_batch();
        return batch;
    }
    void submit(Batch batch) {
        store_->submit(std::move(batch));
        if (++under_way_ == 2) await_one();
    }
    void drain() {
        while (under_way_ > 0) await_one();
    }
    /// The completion of a batch that went to the store directly.
    void await() {
        while (!store_->poll(spare_)) wakes_.acquire();
    }
    Store& store() { return *store_; }
    void close() { store_.reset(); }
    void open() {
        auto opened = LmdbStore::open({.path = path_, .wake = [this] { wakes_.release(); }});
        SLUICE_CHECK(opened.has_value());
        store_ = std::move(*opened);
    }

    void settle(std::uint64_t count) {
        for (std::uint64_t first = 0; first < count; first += 4096) {
            Batch batch = fresh();
            for (std::uint64_t i = first; i < std::min(count, first + 4096); ++i) settle_one(batch);
            submit(std::move(batch));
        }
        drain();
    }
    void settle_one(Batch& batch) {
        batch.put(Table::message, {0, ++newest_}, ByteView(row_, row_bytes));
        batch.put(Table::queue, {1, newest_}, {reinterpret_cast<const std::uint8_t*>(&newest_), sizeof newest_});
    }
    void erase_oldest(Batch& batch) {
        batch.erase(Table::message, {0, ++oldest_});
        batch.erase(Table::queue, {1, oldest_});
    }
    LoadRequest oldest(std::uint32_t count) const {
        return {.table = Table::queue, .first = {1, oldest_ + 1}, .last = {1, UINT64_MAX},
                .limit = count, .max_bytes = UINT32_MAX, .follow = true};
    }
    /// Erases every other 32 settled messages: free pages all over the file, hardly two of them together.
    void perforate() {
        for (std::uint64_t first = 1; first < newest_;) {
            Batch batch = fresh();
            for (int hole = 0; hole < 32 && first < newest_; ++hole, first += 64)
                for (std::uint64_t id = first; id < std::min(first + 32, newest_); ++id)
                    batch.erase(Table::message, {0, id});
            submit(std::move(batch));
        }
        drain();
        oldest_ = newest_;
    }
    std::uint64_t newest_ = 0, oldest_ = 0;

private:
    void await_one() {
        await();
        --under_way_;
    }

    std::string path_;
    std::counting_semaphore<> wakes_{0};
    std::unique_ptr<Store> store_;
    Completion spare_;
    int under_way_ = 0;
    std::uint8_t row_[row_bytes] = {1, 2, 3};
};

void append(Batch& batch, std::size_t octets) { std::memset(batch.journal.grow(octets), 0x5A, octets); }

void release_old(Batch& batch) {
    if (batch.number > segment_life) batch.release_before = batch.number - segment_life;
}

/// In the steady state each batch carries as many of each of the four records as it accepts messages.
void journal_life(Driver& driver, std::uint64_t messages) {
    Batch batch = driver.fresh();
    for (std::uint64_t i = 0; i < messages; ++i) {
        append(batch, accepted_bytes);
        append(batch, sent_bytes);
        append(batch, receipt_bytes);
        append(batch, done_bytes);
    }
    release_old(batch);
    driver.submit(std::move(batch));
}

void row_life(Driver& driver, std::uint64_t messages) {
    static const std::uint8_t row[row_bytes + receipt_bytes] = {9};
    const std::uint64_t newest = driver.newest_ + messages;
    Batch batch = driver.fresh();
    for (std::uint64_t id = driver.newest_ + 1; id <= newest; ++id) {
        batch.put(Table::message, {0, id}, ByteView(row, accepted_bytes));
        if (id > messages) batch.put(Table::message, {0, id - messages}, ByteView(row, accepted_bytes + sent_bytes));
        if (id > 2 * messages) batch.put(Table::message, {0, id - 2 * messages}, ByteView(row, sizeof row));
        if (id > 3 * messages) batch.erase(Table::message, {0, id - 3 * messages});
    }
    driver.newest_ = newest;
    driver.submit(std::move(batch));
}

void settle_life(Driver& driver, std::uint64_t messages) {
    Batch batch = driver.fresh();
    for (std::uint64_t i = 0; i < messages; ++i) {
        append(batch, accepted_bytes);
        append(batch, sent_bytes);
        append(batch, receipt_bytes);
        append(batch, done_bytes);
        driver.settle_one(batch);
    }
    for (std::uint64_t i = 0; i < messages; ++i) driver.erase_oldest(batch);
    batch.loads.push_back(driver.oldest(static_cast<std::uint32_t>(messages)));
    release_old(batch);
    driver.submit(std::move(batch));
}

enum class Backlog { stays, has_holes };

template <void (*life)(Driver&, std::uint64_t), Backlog backlog = Backlog::stays>
void whole_life(benchmark::State& state) {
    const auto messages = static_cast<std::uint64_t>(state.range(0));
    const auto depth = static_cast<std::uint64_t>(state.range(1));
    if (depth > 1'000'000 && !std::getenv("SLUICE_BENCH_DEEP")) {
        state.SkipWithError("set SLUICE_BENCH_DEEP for depths above a million");
        return;
    }
    Driver driver;
    driver.settle(depth);
    if (backlog == Backlog::has_holes) driver.perforate();
    driver.settle(2 * messages);
    for (int i = 0; i < 10; ++i) life(driver, messages);
    driver.drain();

    const StoreStats before = driver.store().stats();
    const std::uint64_t cpu = cpu_nanoseconds();
    const double written = written_bytes();
    for (auto _ : state) life(driver, messages);
    driver.drain();
    const StoreStats after = driver.store().stats();
    const double count = static_cast<double>(state.iterations()) * static_cast<double>(messages);
    const double commits = static_cast<double>(after.commits - before.commits);
    state.SetItemsProcessed(static_cast<std::int64_t>(count));
    state.counters["cpu_ns"] = static_cast<double>(cpu_nanoseconds() - cpu) / count;
    state.counters["written"] = (written_bytes() - written) / count;
    state.counters["syncs"] = commits;
    state.counters["commit_us"] =
        static_cast<double>(after.commit_nanoseconds - before.commit_nanoseconds) / 1e3 / commits;
    state.counters["file_MB"] = static_cast<double>(after.disk_bytes) / 1e6;
    state.counters["rss_anon_MB"] = proc_number("/proc/self/status", "RssAnon:") / 1e3;
    state.counters["rss_file_MB"] = proc_number("/proc/self/status", "RssFile:") / 1e3;
}

/// A start: opening, replaying 25 MB of journal, loading a window of 1000 queued messages.
void start(benchmark::State& state) {
    Driver driver;
    driver.settle(static_cast<std::uint64_t>(state.range(0)));
    for (int i = 0; i < 64; ++i) {
        Batch batch = driver.fresh();
        append(batch, 400'000);
        driver.submit(std::move(batch));
    }
    driver.drain();
    std::uint64_t replayed = 0;
    for (auto _ : state) {
        state.PauseTiming();
        driver.close();
        state.ResumeTiming();
        driver.open();
        SLUICE_CHECK(driver.store().replay([&](std::uint64_t, ByteView segment) { replayed += segment.size(); }));
        SLUICE_CHECK(driver.store().load_now(driver.oldest(1000)).rows.size() == 1000);
    }
    state.counters["replayed_MB"] = static_cast<double>(replayed) / 1e6 / static_cast<double>(state.iterations());
    state.counters["rss_file_MB"] = proc_number("/proc/self/status", "RssFile:") / 1e3;
}

/// What the owner's thread pays to hand a batch over (the committer sleeps and must be woken) and to take it back.
void hand_over(benchmark::State& state) {
    Driver driver;
    for (auto _ : state) {
        Batch batch = driver.fresh();
        append(batch, 16);
        const auto began = std::chrono::steady_clock::now();
        driver.store().submit(std::move(batch));
        state.SetIterationTime(std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
        driver.await();
    }
}

void sizes(benchmark::internal::Benchmark* bench) {
    bench->ArgNames({"batch", "depth"})->UseRealTime()->Unit(benchmark::kMicrosecond);
    for (const std::int64_t depth : {10'000, 1'000'000, 10'000'000})
        for (const std::int64_t batch : {16, 256, 4096}) bench->Args({batch, depth});
}

BENCHMARK(whole_life<journal_life>)->Name("journal")->Apply(sizes);
BENCHMARK(whole_life<journal_life, Backlog::has_holes>)->Name("journal_among_holes")->Apply(sizes);
BENCHMARK(whole_life<row_life>)->Name("row")->Apply(sizes);
BENCHMARK(whole_life<settle_life>)->Name("settle")->Apply(sizes);
BENCHMARK(hand_over)->UseManualTime();
BENCHMARK(start)->ArgName("depth")->Arg(10'000)->Arg(1'000'000)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sluice::storage

BENCHMARK_MAIN();
