#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "engine/base/random.hpp"
#include "engine/base/time.hpp"
#include "storage/store.hpp"

namespace sluice::storage {

/// What survives a crash: the committed state. Outlives the stores opened on it, one at a time.
class SimDisk {
public:
    using Rows = std::map<Key, std::vector<std::uint8_t>>;

    /// Applies one batch as a commit would, and reads its loads.
    void apply(const Batch& batch, std::vector<LoadResult>& loads);
    LoadResult load(const LoadRequest& request) const;

    const std::map<std::uint64_t, std::vector<std::uint8_t>>& journal() const { return journal_; }
    const Rows& table(Table table) const { return tables_[static_cast<std::size_t>(table)]; }
    std::uint64_t next_batch() const { return next_batch_; }
    std::uint64_t used_bytes() const { return used_bytes_; }

private:
    ByteView message_of(ByteView queue_row) const;

    std::map<std::uint64_t, std::vector<std::uint8_t>> journal_;
    std::array<Rows, table_count> tables_;
    std::uint64_t next_batch_ = 1;
    std::uint64_t used_bytes_ = 0;
};

struct SimOptions {
    std::uint64_t seed = 1;
    /// Each commit takes a time drawn evenly from [min_latency, max_latency].
    nanoseconds min_latency{200'000};
    nanoseconds max_latency{2'000'000};
    /// The part of commits (0.0 to 1.0) that fail once and are tried again after `retry_delay`.
    double failure_rate = 0.0;
    nanoseconds retry_delay{10'000'000};
    /// `StoreStats::scarce` is set when the disk holds more than this.
    std::uint64_t scarce_above = UINT64_MAX;
};

/// A store in memory for simulations: one thread, no waiting, everything decided by a seed and the simulated clock.
///
/// Like the real one it has one transaction under way at a time, which takes all batches that wait when it begins; the
/// owner says when it ends, by `commit_due` along the simulated time or by `step` at once.
class SimStore final : public Store {
public:
    /// `disk` and `clock` are the caller's and must outlive the store.
    SimStore(SimDisk& disk, const Clock& clock, SimOptions options = {});

    std::uint64_t next_batch() const override { return next_batch_; }
    void submit(Batch batch) override;
    bool poll(Completion& completion) override;
    Result<void> replay(const std::function<void(std::uint64_t number, ByteView segment)>& visit) override;
    LoadResult load_now(const LoadRequest& request) override;
    StoreStats stats() const override;

    /// Ends the transaction under way, whatever the time. False if there is none, or while stalled.
    bool step();

    /// Ends every transaction that is due by `now`; true if any completed.
    bool commit_due(MonoTime now);

    /// When `commit_due` next has something to do.
    std::optional<MonoTime> next_due() const;

    /// While stalled every commit fails, as on a full disk. `StoreStats::stalled` ends with the next commit after it.
    void set_stalled(bool stalled);

    /// `StoreStats::scarce` is set from now on when the disk holds more than this.
    void set_scarce_above(std::uint64_t bytes) { options_.scarce_above = bytes; }

    /// The machine stops: the transaction under way is on the disk whole or not at all, as the seed decides; batches
    /// behind it, and completions not polled, are lost. Nothing but destruction may follow.
    void crash();

private:
    void begin(MonoTime now);
    void end(MonoTime now);

    SimDisk& disk_;
    const Clock& clock_;
    SimOptions options_;
    Random random_;
    std::deque<Batch> waiting_;
    std::vector<Batch> under_way_;
    std::deque<Completion> completed_;
    MonoTime began_{};
    MonoTime due_{};
    std::uint64_t next_batch_;
    std::size_t in_flight_ = 0;
    StoreStats stats_;
    bool stalled_ = false;
    bool started_ = false;
};

}  // namespace sluice::storage
