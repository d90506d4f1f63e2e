#include "storage/lmdb_store.hpp"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <optional>
#include <span>
#include <thread>
#include <utility>

#include "engine/base/check.hpp"
#include "storage/directory_lock.hpp"
#include "storage/doorbell.hpp"
#include "storage/files.hpp"
#include "storage/journal.hpp"
#include "storage/lmdb_environment.hpp"

namespace sluice::storage {

namespace {

using SteadyClock = std::chrono::steady_clock;

// So much of the file may be read before its memory is given back: bounds what a store keeps resident, however long
// the backlog it works through.
constexpr std::uint64_t read_before_forgetting = std::uint64_t{16} << 20;

// A checkpoint is due when so many operations, or half a file of the journal, have come since the last. It bounds the
// memory of the open transaction (a few pages an operation at most) and what a start applies again.
constexpr std::uint64_t operations_between_checkpoints = 4096;

// How often the file system is asked for its room while nothing changes in the tables.
constexpr milliseconds between_looks_at_room{100};

// Of a file of the journal, where the options leave it open.
constexpr std::uint64_t least_file_bytes = std::uint64_t{256} << 10;
constexpr std::uint64_t most_file_bytes = std::uint64_t{16} << 20;

// A larger batch comes of a shard that is busy: it notices only a turn later that its own write has ended, and has
// better to do than to copy it and count its checksum.
constexpr std::size_t most_octets_by_owner = std::size_t{16} << 10;

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

/// The store and its thread. A batch stays in the slot it was submitted to until it is polled; counters say whose a
/// slot is: [polled, completed) are the owner's to poll, [completed, submitted) the committer's to commit, and
/// [submitted, taken) wait until a write of the owner's has ended.
///
/// The journal, and what else both threads use, is the committer's from each ring of the doorbell until it has answered
/// that ring. In between it sleeps, and all of it is the owner's.
class Committer final : public Store {
public:
    Committer(LmdbOptions options, DirectoryLock lock, std::unique_ptr<LmdbEnvironment> environment,
              std::unique_ptr<Journal> journal);
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
        JournalPiece piece;  ///< the batch, from its being submitted
        std::vector<LoadResult> loads;
    };
    Slot& slot(std::uint64_t position) { return slots_[position % max_in_flight]; }

    // On the owner's thread:
    void hand_over();
    bool write_as_owner();
    void owner_wrote(int result);

    // On the committer's thread:
    void run();
    std::uint64_t commit_patiently(std::uint64_t from, std::uint64_t to);
    int try_commit(std::uint64_t from, std::uint64_t to);
    void stage(Slot& current);
    int write(std::uint64_t from, std::uint64_t to);
    LmdbTransaction& transaction();
    void roll_back();
    void checkpoint();
    bool wait_to_retry(milliseconds delay) const;
    void report(const std::string& text) const;

    // On the thread that has the journal:
    bool checkpoint_due() const;
    bool look_at_room_due() const { return SteadyClock::now() - looked_at_room_ >= between_looks_at_room; }
    void count_commit(std::uint64_t octets, SteadyClock::time_point began);
    void note_space();

    const LmdbOptions options_;
    const DirectoryLock lock_;
    std::unique_ptr<LmdbEnvironment> environment_;  // null only while it could not be opened again
    std::unique_ptr<Journal> journal_;
    // Holds the operations of all staged batches since the checkpoint; made when first needed.
    std::optional<LmdbTransaction> transaction_;
    std::uint64_t checkpointed_batch_ = 0;
    std::uint64_t operations_ = 0;  // staged since the checkpoint
    std::uint64_t written_at_checkpoint_ = 0;
    bool lost_operations_ = false;  // of written batches, with a transaction that failed: the journal has them
    std::uint64_t staged_ = 0;        // slots whose operations and loads are done; the write may be to come
    std::uint64_t tables_bytes_ = 0;  // live pages
    std::uint64_t bytes_met_ = 0;     // since pages were last forgotten
    SteadyClock::time_point looked_at_room_{};

    std::array<Slot, max_in_flight> slots_;
    std::uint64_t next_batch_ = 1;
    std::uint64_t polled_ = 0;
    std::uint64_t taken_ = 0;
    std::size_t owner_writes_ = 0;  ///< octets; 0: nothing is under way
    SteadyClock::time_point owner_began_{};
    std::atomic<std::uint64_t> completed_{0};
    std::atomic<std::uint64_t> submitted_{0};
    Doorbell doorbell_;
    SteadyClock::time_point give_up_at_{};  // published by closing_
    std::atomic<bool> closing_{false};
    Counters counters_;
    std::thread thread_;
};

Committer::Committer(LmdbOptions options, DirectoryLock lock, std::unique_ptr<LmdbEnvironment> environment,
                     std::unique_ptr<Journal> journal)
    : options_(std::move(options)), lock_(std::move(lock)), environment_(std::move(environment)),
      journal_(std::move(journal)), checkpointed_batch_(journal_->last_batch()),
      next_batch_(journal_->last_batch() + 1) {
    tables_bytes_ = LmdbTransaction(*environment_, LmdbTransaction::Mode::read).used_bytes();
    note_space();
    thread_ = std::thread([this] {
        run();
        transaction_.reset();  // belongs to this thread
    });
}

Committer::~Committer() {
    SLUICE_CHECK(owner_writes_ == 0);
    give_up_at_ = SteadyClock::now() + options_.close_patience;
    closing_.store(true, std::memory_order_release);
    doorbell_.ring();
    thread_.join();
}

void Committer::hand_over() {
    submitted_.store(taken_, std::memory_order_release);
    doorbell_.ring();
}

void Committer::submit(Batch batch) {
    SLUICE_CHECK(taken_ - polled_ < max_in_flight);
    SLUICE_CHECK(batch.number == next_batch_);
    ++next_batch_;
    Slot& taken = slot(taken_++);
    taken.batch = std::move(batch);
    taken.piece.encode(taken.batch, journal_->seed());  // here, where its octets are in the cache
    if (owner_writes_ == 0 && !write_as_owner()) hand_over();
}

/// Begins to write the batch that was taken last. False when that is for the committer.
bool Committer::write_as_owner() {
    Slot& taken = slot(taken_ - 1);
    const Batch& batch = taken.batch;
    if (!options_.write_file || !batch.ops.empty() || !batch.loads.empty() || batch.octets() > most_octets_by_owner)
        return false;
    if (!doorbell_.is_answered() || checkpoint_due()) return false;
    const auto write = journal_->plan(taken.piece);
    if (!write) return false;
    owner_writes_ = write->blocks.size();
    owner_began_ = SteadyClock::now();
    if (options_.write_file(write->fd, write->offset, write->blocks, [this](int result) { owner_wrote(result); }))
        return true;
    owner_writes_ = 0;
    return false;
}

void Committer::owner_wrote(int result) {
    const std::size_t wanted = std::exchange(owner_writes_, 0);
    const bool all = result >= 0 && static_cast<std::size_t>(result) == wanted;
    const std::uint64_t position = submitted_.load(std::memory_order_relaxed);
    if (all) {
        Slot& current = slot(position);
        journal_->written(std::array{&current.piece});
        count_commit(current.batch.journal.size(), owner_began_);
        current.loads.clear();
        ++staged_;
        // In this order: who sees it submitted sees it completed.
        completed_.store(position + 1, std::memory_order_release);
        submitted_.store(position + 1, std::memory_order_release);
    }
    // What failed is the committer's to try again, at the same place, and what has come since goes with it.
    if (taken_ > submitted_.load(std::memory_order_relaxed)) hand_over();
    else if (!journal_->is_prepared_ahead() || look_at_room_due()) doorbell_.ring();
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
    return journal_->read(journal_->release_before(), [&](const Batch& batch) {
        if (!batch.journal.empty()) visit(batch.number, batch.journal);
    });
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
        const std::uint32_t heard = doorbell_.heard();
        const std::uint64_t to = submitted_.load(std::memory_order_acquire);
        const std::uint64_t from = completed_.load(std::memory_order_relaxed);
        if (from == to) {
            if (closing_.load(std::memory_order_acquire)) return;
            if (journal_->prepare_ahead()) continue;
            if (look_at_room_due()) note_space();
            doorbell_.wait(heard);
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
        if (staged_ == from && checkpoint_due()) checkpoint();
        while (staged_ < to) {
            stage(slot(staged_));
            ++staged_;
        }
    } catch (const LmdbFailure& failure) {
        roll_back();
        staged_ = from;
        // After a failed write of its root page LMDB refuses everything until the environment is opened anew.
        if (failure.code == MDB_PANIC) environment_.reset();
        if (failure.code == MDB_MAP_FULL) environment_->release_dead_readers();
        return failure.code;
    }
    return write(from, to);
}

/// Everything about a batch but its write. Operations go to LMDB first, so that what finds no room there is never
/// written.
void Committer::stage(Slot& current) {
    const Batch& batch = current.batch;
    current.loads.resize(batch.loads.size());
    if (batch.ops.empty() && batch.loads.empty()) return;
    LmdbTransaction& tables = transaction();
    operations_ += batch.ops.size();
    tables.apply(batch);
    for (std::size_t i = 0; i < batch.loads.size(); ++i) tables.load(batch.loads[i], current.loads[i]);
    if (!batch.ops.empty()) {
        const std::uint64_t before = std::exchange(tables_bytes_, tables.used_bytes());
        if (tables_bytes_ != before) looked_at_room_ = {};
    }
    bytes_met_ += tables.take_bytes_met();
    if (bytes_met_ >= read_before_forgetting) {
        environment_->forget_pages();
        bytes_met_ = 0;
    }
}

int Committer::write(std::uint64_t from, std::uint64_t to) {
    std::array<JournalPiece*, max_in_flight> pieces{};
    std::uint64_t journaled = 0;
    for (std::uint64_t position = from; position < to; ++position) {
        pieces[position - from] = &slot(position).piece;
        journaled += slot(position).piece.journal_octets();
    }
    const auto began = SteadyClock::now();
    if (const int failed = journal_->write(std::span(pieces).first(to - from)); failed != 0) return failed;
    count_commit(journaled, began);
    if (look_at_room_due()) note_space();
    return 0;
}

void Committer::count_commit(std::uint64_t octets, SteadyClock::time_point began) {
    const nanoseconds took = SteadyClock::now() - began;
    counters_.commits.fetch_add(1, std::memory_order_relaxed);
    counters_.bytes_journaled.fetch_add(octets, std::memory_order_relaxed);
    counters_.commit_nanoseconds.fetch_add(static_cast<std::uint64_t>(took.count()), std::memory_order_relaxed);
}

/// The open transaction; a new one if there is none, with what a failed one held of batches that were written.
LmdbTransaction& Committer::transaction() {
    if (transaction_) return *transaction_;
    transaction_.emplace(*environment_, LmdbTransaction::Mode::write);
    if (!lost_operations_) return *transaction_;
    const auto applied =
        journal_->read(checkpointed_batch_ + 1, [&](const Batch& batch) { transaction_->apply(batch); });
    if (!applied) throw LmdbFailure{EIO};
    lost_operations_ = false;
    return *transaction_;
}

void Committer::roll_back() {
    transaction_.reset();
    lost_operations_ = lost_operations_ || operations_ > 0;
}

bool Committer::checkpoint_due() const {
    const std::uint64_t file_bytes = journal_->file_bytes();
    return operations_ >= operations_between_checkpoints ||
           journal_->octets_written() - written_at_checkpoint_ >= file_bytes / 2;
}

/// Everything written has been staged, and the other way about.
void Committer::checkpoint() {
    LmdbTransaction& tables = transaction();
    const JournalMark mark = journal_->mark();
    tables.set_journal_mark(mark);
    tables_bytes_ = tables.used_bytes();
    tables.commit();
    transaction_.reset();
    journal_->release(mark);
    checkpointed_batch_ = mark.last_batch;
    written_at_checkpoint_ = journal_->octets_written();
    operations_ = 0;
    environment_->release_dead_readers();
    environment_->forget_what_growth_left_behind();
    note_space();
}

void Committer::note_space() {
    looked_at_room_ = SteadyClock::now();
    const std::uint64_t journal_bytes = journal_->disk_bytes();
    const std::uint64_t room = environment_->room(tables_bytes_);
    counters_.used_bytes.store(tables_bytes_ + journal_->live_bytes(), std::memory_order_relaxed);
    counters_.disk_bytes.store(std::max(environment_->disk_bytes(), tables_bytes_) + journal_bytes,
                               std::memory_order_relaxed);
    counters_.scarce.store(room < options_.reserve_bytes + journal_bytes, std::memory_order_relaxed);
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

/// Opens the journal and brings the tables up to its end.
Result<std::unique_ptr<Journal>> recover(const LmdbOptions& options, LmdbEnvironment& environment) {
    const JournalMark mark = LmdbTransaction(environment, LmdbTransaction::Mode::read).journal_mark();
    const std::uint64_t file_bytes =
        options.journal_file_bytes != 0
            ? options.journal_file_bytes
            : std::clamp(options.max_bytes / 16 / disk_block * disk_block, least_file_bytes, most_file_bytes);
    auto journal = Journal::open(
        {.directory = options.path, .file_bytes = file_bytes, .max_bytes = options.max_bytes}, mark);
    if (!journal || (*journal)->last_batch() == mark.last_batch) return journal;

    LmdbTransaction tables(environment, LmdbTransaction::Mode::write);
    const auto applied =
        (*journal)->read(mark.last_batch + 1, [&](const Batch& batch) { tables.apply(batch); });
    if (!applied) return std::unexpected(applied.error());
    const JournalMark reached = (*journal)->mark();
    tables.set_journal_mark(reached);
    tables.commit();
    (*journal)->release(reached);
    return journal;
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
        auto journal = recover(options, **environment);
        if (!journal) return std::unexpected(journal.error());
        return std::make_unique<Committer>(std::move(options), std::move(*lock), std::move(*environment),
                                           std::move(*journal));
    } catch (const LmdbFailure& failure) {
        return fail("cannot read the store in " + options.path + ": " + mdb_strerror(failure.code));
    }
}

}  // namespace sluice::storage
