#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/base/time.hpp"
#include "engine/history/files.hpp"
#include "engine/history/recorder.hpp"

namespace sluice::history {

/// What happened to messages, kept for people: a ring from each shard, and one thread that writes what they note to
/// files.
class History {
public:
    struct Options {
        Files::Config files;
        std::size_t recorders = 1;
        std::size_t ring_octets = 4u << 20;  ///< of each, as Recorder wants it
        const Clock* clock = nullptr;        ///< outlives the history
        std::function<void(char level, std::string text)> report;  ///< for the log; called on the thread
    };
    static Result<std::unique_ptr<History>> start(Options options);
    /// Writes what was noted. The recorders must not be used any more.
    ~History();
    History(const History&) = delete;
    History& operator=(const History&) = delete;

    Recorder& recorder(std::size_t i) { return *recorders_[i]; }
    /// Waits until everything that was published before can be read. For threads that may wait for a disk.
    void flush();
    const Files& files() const { return *files_; }
    void set_retention(seconds keep, std::uint64_t max_octets) { files_->set_retention(keep, max_octets); }
    /// Records that are missing: rings were full, or the disk was.
    std::uint64_t lost() const;

private:
    explicit History(Options options) : options_(std::move(options)) {}
    void run();
    bool drain();
    void tell();
    void wake() const;
    void wait(int milliseconds);

    Options options_;
    std::unique_ptr<Files> files_;
    std::vector<std::unique_ptr<Recorder>> recorders_;
    int event_ = -1;
    std::atomic<bool> stopping_{false};
    std::atomic<std::uint64_t> flush_wanted_{0}, flush_done_{0};
    std::uint64_t lost_told_ = 0;
    bool trouble_told_ = false;
    std::thread thread_;
};

}  // namespace sluice::history
