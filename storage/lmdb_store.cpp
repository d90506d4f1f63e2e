#include "storage/lmdb_store.hpp"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <thread>
#include <utility>

#include "engine/base/check.hpp"
#include "storage/directory_lock.hpp"
#include "storage/files.hpp"
#include "storage/lmdb_environment.hpp"

namespace sluice::storage {

namespace {

using SteadyClock = std::chrono::steady_clock;

// So much of the file may be read before its memory is given back: bounds what a store keeps resident, however long
// the backlog it works through.
constexpr std::uint64_t read_before_forgetting = std::uint64_t{16} << 20;

constexpr std::uint64_t commits_between_reader_checks = 1024;

constexpr milliseconds first_retry{5};
constexpr milliseconds longest_retry{1000};
constexpr milliseconds retry_slice{10};  // how soon a waiting committer notices that the store is being closed

/// Written by the committer's thread, read by any.
struct Counters {
    std::atomic<std::uint64_t> commits{0};
    std::atomic<std::uint64_t> failed_commits{0};
    std::atomic<std::uint64_t> bytes_journaled{0};
    std::atomic<std::uint64_t> commit_nanoseconds{0};
    std::atomic<std::uint64_t> disk_bytes{0};
    std::atomic<std::uint64_t> used_bytes{0};
    std::atomic<bool> stalled{false};
    std::atomic<bool> scarce{false};
};

/// The store and its thread. A batch stays in the slot it was submitted to until it is polled; three counters say
/// whose a slot is: [polled, completed) are the owner's to poll, [completed, submitted) the committer's to commit.
class Committer final : public Store {
public:
    Committer(LmdbOptions options, DirectoryLock lock, std::unique_ptr<LmdbEnvironment> environment);
    ~Committer() override;

    std::uint64_t next_batch() const override { return next_batch_; }
    void submit(Batch batch) override;
    bool poll(Completion& completion) override;
    Result<void> replay(const std::function<void(std::uint64_t number, ByteView segment)>& visit) override;
    LoadResult load_now(const LoadRequest& request) override;
    StoreStats stats() const override;

private:
    struct Slot {
        Batch batch;
        std::vector<LoadResult> loads;
    };
    Slot& slot(std::uint64_t position) { return slots_[position % max_in_flight]; }

    // On the committer's thread:
    void run();
    std::uint64_t commit_patiently(std::uint64_t from, std::uint64_t to);
    int try_commit(std::uint64_t from, std::uint64_t to);
    void commit(std::uint64_t from, std::uint64_t to);
    bool wait_to_retry(milliseconds delay) const;
    void report(const std::string& text) const;
    void note_space(std::uint64_t used_bytes);

    const LmdbOptions options_;
    const DirectoryLock lock_;
    std::unique_ptr<LmdbEnvironment> environment_;  // null only while it could not be opened again
    std::uint64_t bytes_met_ = 0;                   // since pages were last forgotten

    std::array<Slot, max_in_flight> slots_;
    std::uint64_t next_batch_ = 1;
    std::uint64_t polled_ = 0;
    std::atomic<std::uint64_t> completed_{0};
    std::atomic<std::uint64_t> submitted_{0};
    std::atomic<std::uint32_t> doorbell_{0};
    SteadyClock::time_point give_up_at_{};  // published by closing_
    std::atomic<bool> closing_{false};
    Counters counters_;
    std::thread thread_;
};

Committer::Committer(LmdbOptions options, DirectoryLock lock, std::unique_ptr<LmdbEnvironment> environment)
    : options_(std::move(options)), lock_(std::move(lock)), environment_(std::move(environment)) {
    LmdbTransaction transaction(*environment_, LmdbTransaction::Mode::read);
    next_batch_ = transaction.last_batch() + 1;
    note_space(transaction.used_bytes());
    thread_ = std::thread([this] { run(); });
}

Committer::~Committer() {
    give_up_at_ = SteadyClock::now() + options_.close_patience;
    closing_.store(true, std::memory_order_release);
    doorbell_.fetch_add(1, std::memory_order_release);
    doorbell_.notify_one();
    thread_.join();
}

void Committer::submit(Batch batch) {
    const std::uint64_t position = submitted_.load(std::memory_order_relaxed);
    SLUICE_CHECK(position - polled_ < max_in_flight);
    SLUICE_CHECK(batch.number == next_batch_);
    ++next_batch_;
    slot(position).batch = std::move(batch);
    submitted_.store(position + 1, std::memory_order_release);
    doorbell_.fetch_add(1, std::memory_order_release);
    doorbell_.notify_one();
}

bool Committer::poll(Completion& completion) {
    if (polled_ == completed_.load(std::memory_order_acquire)) return false;
    Slot& done = slot(polled_);
    completion.batch = std::move(done.batch);
    std::swap(completion.loads, done.loads);  // the committer fills the old results' buffers anew
    ++polled_;
    return true;
}

Result<void> Committer::replay(const std::function<void(std::uint64_t number, ByteView segment)>& visit) {
    SLUICE_CHECK(submitted_.load(std::memory_order_relaxed) == 0);
    try {
        LmdbTransaction(*environment_, LmdbTransaction::Mode::read).replay(visit);
    } catch (const LmdbFailure& failure) {
        return fail("cannot read the journal in " + options_.path + ": " + mdb_strerror(failure.code));
    }
    environment_->forget_pages();
    return {};
}

LoadResult Committer::load_now(const LoadRequest& request) {
    SLUICE_CHECK(submitted_.load(std::memory_order_relaxed) == 0);
    LoadResult result;
    LmdbTransaction(*environment_, LmdbTransaction::Mode::read).load(request, result);
    return result;
}

StoreStats Committer::stats() const {
    constexpr auto relaxed = std::memory_order_relaxed;
    return {.commits = counters_.commits.load(relaxed),
            .failed_commits = counters_.failed_commits.load(relaxed),
            .bytes_journaled = counters_.bytes_journaled.load(relaxed),
            .commit_nanoseconds = counters_.commit_nanoseconds.load(relaxed),
            .disk_bytes = counters_.disk_bytes.load(relaxed),
            .used_bytes = counters_.used_bytes.load(relaxed),
            .stalled = counters_.stalled.load(relaxed),
            .scarce = counters_.scarce.load(relaxed)};
}

void Committer::run() {
    pthread_setname_np(pthread_self(), options_.thread_name.substr(0, 15).c_str());
    for (;;) {
        const std::uint32_t rung = doorbell_.load(std::memory_order_acquire);
        const std::uint64_t from = completed_.load(std::memory_order_relaxed);
        const std::uint64_t to = submitted_.load(std::memory_order_acquire);
        if (from == to) {
            if (closing_.load(std::memory_order_acquire)) return;
            doorbell_.wait(rung, std::memory_order_acquire);
            continue;
        }
        const std::uint64_t done = commit_patiently(from, to);
        if (done == from) return;
        completed_.store(done, std::memory_order_release);
        if (options_.wake) options_.wake();
    }
}

/// Commits slots from `from` on, `to` at most; says how far it came: `from` itself only when it gave up at closing.
std::uint64_t Committer::commit_patiently(std::uint64_t from, std::uint64_t to) {
    for (milliseconds delay = first_retry;; delay = std::min(2 * delay, longest_retry)) {
        const int failure = try_commit(from, to);
        if (failure == MDB_SUCCESS) {
            if (counters_.stalled.exchange(false)) report("commits to " + options_.path + " succeed again");
            return to;
        }
        counters_.failed_commits.fetch_add(1, std::memory_order_relaxed);
        if (!counters_.stalled.exchange(true))
            report("cannot commit to " + options_.path + ", trying again: " + mdb_strerror(failure));
        to = from + 1;  // the oldest batch alone may still fit
        if (!wait_to_retry(delay)) return from;
    }
}

int Committer::try_commit(std::uint64_t from, std::uint64_t to) {
    try {
        if (!environment_) {
            auto opened = LmdbEnvironment::open(options_.path, options_.max_bytes);
            if (!opened) return MDB_PANIC;
            environment_ = std::move(*opened);
        }
        commit(from, to);
        return MDB_SUCCESS;
    } catch (const LmdbFailure& failure) {
        // After a failed write of its root page LMDB refuses everything until the environment is opened anew.
        if (failure.code == MDB_PANIC) environment_.reset();
        if (failure.code == MDB_MAP_FULL) environment_->release_dead_readers();
        return failure.code;
    }
}

void Committer::commit(std::uint64_t from, std::uint64_t to) {
    std::uint64_t journaled = 0;
    LmdbTransaction transaction(*environment_, LmdbTransaction::Mode::write);
    for (std::uint64_t position = from; position < to; ++position) {
        Slot& current = slot(position);
        transaction.apply(current.batch);
        current.loads.resize(current.batch.loads.size());
        for (std::size_t i = 0; i < current.loads.size(); ++i)
            transaction.load(current.batch.loads[i], current.loads[i]);
        journaled += current.batch.journal.size();
    }
    transaction.set_last_batch(slot(to - 1).batch.number);
    const std::uint64_t used_bytes = transaction.used_bytes();
    bytes_met_ += transaction.bytes_met();

    const auto began = SteadyClock::now();
    transaction.commit();
    const nanoseconds took = SteadyClock::now() - began;

    const std::uint64_t commits = counters_.commits.fetch_add(1, std::memory_order_relaxed) + 1;
    if (commits % commits_between_reader_checks == 0) environment_->release_dead_readers();
    counters_.bytes_journaled.fetch_add(journaled, std::memory_order_relaxed);
    counters_.commit_nanoseconds.fetch_add(static_cast<std::uint64_t>(took.count()), std::memory_order_relaxed);
    note_space(used_bytes);
    if (bytes_met_ >= read_before_forgetting) {
        environment_->forget_pages();
        bytes_met_ = 0;
    }
}

void Committer::note_space(std::uint64_t used_bytes) {
    counters_.used_bytes.store(used_bytes, std::memory_order_relaxed);
    counters_.disk_bytes.store(environment_->disk_bytes(), std::memory_order_relaxed);
    counters_.scarce.store(environment_->room(used_bytes) < options_.reserve_bytes, std::memory_order_relaxed);
}

/// False when the store is being closed and has been patient enough.
bool Committer::wait_to_retry(milliseconds delay) const {
    const auto until = SteadyClock::now() + delay;
    while (SteadyClock::now() < until) {
        std::this_thread::sleep_for(retry_slice);
        if (closing_.load(std::memory_order_acquire)) return SteadyClock::now() < give_up_at_;
    }
    return true;
}

void Committer::report(const std::string& text) const {
    if (options_.report) options_.report(text);
}

}  // namespace

Result<std::unique_ptr<Store>> LmdbStore::open(LmdbOptions options) {
    if (auto made = make_directory(options.path); !made) return std::unexpected(made.error());
    auto lock = DirectoryLock::take(options.path);
    if (!lock) return std::unexpected(lock.error());
    auto environment = LmdbEnvironment::open(options.path, options.max_bytes);
    if (!environment) return std::unexpected(environment.error());
    if (auto synced = sync_directory(options.path); !synced) return std::unexpected(synced.error());
    try {
        return std::make_unique<Committer>(std::move(options), std::move(*lock), std::move(*environment));
    } catch (const LmdbFailure& failure) {
        return fail("cannot read the store: " + std::string(mdb_strerror(failure.code)));
    }
}

}  // namespace sluice::storage
