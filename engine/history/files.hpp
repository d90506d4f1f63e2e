#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/base/time.hpp"
#include "engine/history/format.hpp"

namespace sluice::history {

/// A record with a tail of its own.
struct OwnedRecord {
    std::uint64_t id = 0;
    std::int64_t at = 0;
    std::uint32_t party = 0, status = 0;
    TraceEvent event{};
    std::vector<std::uint8_t> tail;

    explicit OwnedRecord(const Record& r)
        : id(r.id), at(r.at), party(r.party), status(r.status), event(r.event), tail(r.tail.begin(), r.tail.end()) {}
};

/// The files of the history, in a directory of their own: segments that are appended to, each with its index once it is
/// complete, the oldest removed by age and by size. One thread writes; any may read meanwhile. Nothing is synced: after
/// a power cut the last seconds may be missing, and a block that is damaged is passed over.
class Files {
public:
    struct Config {
        std::string directory;                       ///< made when it is not there; its parent must be
        seconds keep{7 * 24 * 3600};                 ///< records older than that go, a segment at a time
        std::uint64_t max_octets = 1ull << 30;       ///< of all files together
    };
    /// Looks what is there; reads no records.
    static Result<std::unique_ptr<Files>> open(Config config);
    ~Files();
    Files(const Files&) = delete;
    Files& operator=(const Files&) = delete;

    // ---- the writing thread
    /// Indexes what a crash left without an index, and cuts off what of it is damaged. Returns what there is to tell
    /// about that, a sentence each.
    std::vector<std::string> recover();
    /// A whole stretch.
    void append(ByteView stretch);
    /// What was appended can be read from now on.
    void flush();
    /// Begins a new segment when this one is old, and removes what is too old or too much. Once a second or so.
    void maintain(WallTime now);
    /// Flushes, and completes the segment.
    void finish();

    // ---- any thread
    void set_retention(seconds keep, std::uint64_t max_octets);
    struct Stats {
        std::uint64_t octets = 0;     ///< of all files
        std::uint64_t segments = 0;
        std::int64_t since = 0;       ///< the earliest record that is there; microseconds since 1970, 0: none
        std::uint64_t unwritten = 0;  ///< records that could not be written, since the start
        std::string trouble;          ///< why not, while that lasts
    };
    Stats stats() const;

    /// Everything under a key, in the order in which it was written; the key's hash may bring others' records too.
    /// At most `most`, the latest.
    std::vector<OwnedRecord> find(std::uint32_t key, const std::function<bool(const Record&)>& wanted,
                                  std::size_t most = 10'000) const;
    std::vector<OwnedRecord> find(std::uint64_t id, std::size_t most = 10'000) const {
        return find(key_of_message(id), [id](const Record& record) { return record.id == id; }, most);
    }

    struct Scan {
        bool all = true;           ///< it came to the end of the range, or `visit` ended it
        std::int64_t reached = 0;  ///< everything later than that was visited; microseconds since 1970
    };
    /// Visits the records of [from, to] from the latest written to the earliest, until `visit` returns false or so many
    /// octets were read. A record's tail is good during its visit.
    Scan scan_back(WallTime from, WallTime to, std::uint64_t most_octets,
                   const std::function<bool(const Record&)>& visit) const;

private:
    struct Segment {
        std::uint64_t number = 0;
        std::uint64_t octets = 0;        ///< of the segment's file
        std::uint64_t index_octets = 0;  ///< of its index; 0: it has none yet
        std::int64_t first = INT64_MAX, last = INT64_MIN;
    };
    struct Place {
        std::string file;
        std::vector<std::uint32_t> offsets;
    };

    explicit Files(Config config) : config_(std::move(config)) {}
    std::string name(std::uint64_t number, const char* suffix) const;
    std::uint64_t segment_octets() const;
    bool begin_segment();
    void lose(std::uint32_t records, const char* what, int error);
    void complete_segment();
    bool write_index(Segment& segment, Index& index);
    /// The oldest that are altogether earlier, or too much, with room kept for the one that is written.
    void remove_old(std::int64_t before);
    void remove(const Segment& segment);
    /// Where blocks are that may know the key, newest segment last; without a key, all blocks that may be in the range.
    std::vector<Place> places(const std::uint32_t* key, std::int64_t from, std::int64_t to) const;

    Config config_;                      ///< retention: under the mutex
    mutable std::mutex mutex_;           ///< of what follows, as far as readers look at it
    std::deque<Segment> segments_;       ///< complete ones, oldest first
    Segment open_;                       ///< while fd_ is
    Index index_;                        ///< of it
    std::string trouble_;

    std::vector<Segment> unindexed_;
    BlockWriter block_;
    std::uint64_t next_number_ = 1;
    int fd_ = -1;
    std::atomic<std::uint64_t> unwritten_{0};
};

}  // namespace sluice::history
