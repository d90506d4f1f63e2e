#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "engine/admin/log_queue.hpp"
#include "engine/base/limits.hpp"
#include "engine/base/result.hpp"
#include "engine/base/time.hpp"
#include "engine/gateway/movement.hpp"

namespace sluice::app {

/// The charging records: one JSON object a line, in files of one directory. docs/charging.md has the format and what is
/// guaranteed. `current.jsonl` grows; it is renamed to charging-TIME.jsonl when
/// it is large or old enough, and never touched again.
///
/// Shards hand movements over and never wait; one thread writes, and says what is safe on the disk. What the disk does
/// not take is tried again for as long as it takes, while shards are told that there is no room.
class ChargingLog final : public gateway::ChargingRecords {
public:
    struct Config {
        std::filesystem::path directory;      ///< made (mode 0700) where it is not there; its parent must be
        std::uint64_t max_file_bytes = 64u << 20;
        seconds max_file_age{3600};
        milliseconds retry{200};              ///< after a failed write
    };
    /// Names of accounts and providers; those that are not in it are written as numbers.
    using Names = std::unordered_map<gateway::PartyId, std::string>;
    using Report = std::function<void(char level, std::string text)>;

    /// Takes a file that a crash has left up again, without a line that was not finished. `clock` outlives the log;
    /// `report` is called on its thread.
    static Result<std::unique_ptr<ChargingLog>> open(const Config& config, const Clock& clock, Report report);
    /// Writes what was taken, unless the disk does not take it now.
    ~ChargingLog() override;

    void set_names(Names names);
    /// One more.
    void add_name(gateway::PartyId party, const std::string& name);

    bool take(std::uint32_t shard, std::uint64_t batch, const gateway::Movements& movements) override;
    std::uint64_t written(std::uint32_t shard) const override {
        return written_[shard].load(std::memory_order_acquire);
    }

    /// Lines written since the start.
    std::uint64_t lines() const { return lines_.load(std::memory_order_relaxed); }
    /// Writes that have failed since the start.
    std::uint64_t failures() const { return failures_.load(std::memory_order_relaxed); }

private:
    struct Taken {
        std::uint32_t shard = 0;
        std::uint64_t batch = 0;
        gateway::Movements movements;
    };

    ChargingLog(const Config& config, const Clock& clock, Report report);
    Result<void> open_current();
    void run();
    bool gather();
    void format(const Taken& taken);
    Result<void> write();
    Result<void> close_current();

    const Config config_;
    const Clock& clock_;
    const Report report_;
    admin::LogQueue<Taken> queue_{1024};
    std::mutex names_mutex_;
    Names names_;
    std::array<std::atomic<std::uint64_t>, limits::max_shards> written_{};
    std::atomic<std::uint64_t> lines_{0}, failures_{0};

    // The thread's own.
    int file_ = -1;
    std::uint64_t size_ = 0;                 ///< of the file: everything up to there is whole lines, on the disk
    WallTime begun_{};
    std::string text_;                       ///< to be written
    std::uint64_t text_lines_ = 0;
    std::array<std::uint64_t, limits::max_shards> gathered_{};  ///< by shard, the last batch in `text_`; 0: none
    bool failing_ = false;

    std::mutex wake_mutex_;
    std::condition_variable wake_;
    std::atomic<std::uint32_t> signals_{0};
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

}  // namespace sluice::app
