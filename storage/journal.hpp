#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/result.hpp"
#include "storage/journal_record.hpp"

namespace sluice::storage {

/// What a checkpoint says about the journal: the part of the store's state in LMDB that finds the rest.
struct JournalMark {
    std::uint64_t seed = 0;             ///< of all checksums; drawn at random when the store is made
    std::uint64_t oldest_sequence = 1;  ///< of the oldest record that is still needed
    std::uint64_t next_sequence = 1;    ///< at the checkpoint: the journal must reach as far
    std::uint64_t release_before = 0;
    std::uint64_t last_batch = 0;       ///< everything up to it is in the tables
};

/// The journal of a store: files `journal-N` of one size in the store's directory, written in turn from the beginning,
/// each write one record with one system call that returns when it is on the disk. A file whose records are all
/// released is written anew. Where a record was written in part it ends the journal; one that is missing in the
/// middle is damage, and told.
///
/// One thread at a time.
class Journal {
public:
    struct Options {
        std::string directory;
        /// Of each file. A record that is longer gets a file of its own length.
        std::uint64_t file_bytes = std::uint64_t{16} << 20;
        /// Of all files together; a write that needs one more fails with ENOSPC.
        std::uint64_t max_bytes = UINT64_MAX;
    };

    /// Finds the records from `mark` on. Fails when some are missing that `mark` knows of, or damaged in the middle.
    static Result<std::unique_ptr<Journal>> open(Options options, const JournalMark& mark);
    ~Journal();

    /// Visits every batch from this one on that a needed record has, oldest first. Its loads are gone; `batch` is valid
    /// during that call only.
    Result<void> read(std::uint64_t first_batch, const std::function<void(const Batch& batch)>& visit) const;

    /// What pieces are encoded with. From any thread.
    std::uint64_t seed() const { return seed_; }

    /// Writes batches with consecutive numbers as one record, `max_in_flight` of them at most. 0, or errno: then
    /// nothing is changed, and the next write goes to the same place.
    int write(std::span<JournalPiece* const> pieces);

    /// Whole blocks and their place in a file that writes past the page cache and returns when they are on the disk.
    struct PlainWrite {
        int fd = -1;
        std::uint64_t offset = 0;
        ByteView blocks;  ///< the piece's
    };
    /// The same record of one batch for somebody else to write, to blocks that were written before;
    /// nothing when it takes more than that, so that `write` must do it. `written` says that it is
    /// on the disk, and until then nothing has changed.
    std::optional<PlainWrite> plan(JournalPiece& piece);
    void written(std::span<JournalPiece* const> pieces);

    /// Makes a stretch of a new file ready for the writes to come, where little of it is; false when there is nothing
    /// to do. For a moment when nobody waits: the write that comes to its end has to do it otherwise.
    bool prepare_ahead();
    bool is_prepared_ahead() const { return files_.empty() || files_.back().prepared >= wanted(files_.back()); }

    /// What a checkpoint is to say once everything written has been applied.
    JournalMark mark() const;
    /// To be called when a checkpoint with this mark is on the disk: files before it may be used again.
    void release(const JournalMark& mark);

    std::uint64_t last_batch() const { return last_batch_; }
    std::uint64_t release_before() const { return release_before_; }
    std::uint64_t octets_written() const { return octets_written_; }  ///< since it was opened, whole blocks
    std::uint64_t file_bytes() const { return options_.file_bytes; }
    std::uint64_t disk_bytes() const;
    std::uint64_t live_bytes() const { return live_bytes_; }  ///< of segments that are not released

private:
    struct File {
        std::uint32_t number = 0;
        int fd = -1;
        bool direct = false;
        std::uint64_t size = 0;
        std::uint64_t prepared = 0;  ///< up to here its blocks were written before
        std::uint64_t first_sequence = 0;
        std::uint64_t last_batch = 0;
        std::uint64_t last_segment = 0;  ///< number of its last batch with a segment; 0 if none
    };
    struct Live {
        std::uint64_t batch;
        std::uint64_t bytes;
    };

    Journal(Options options, const JournalMark& mark);
    std::string path_of(const File& file) const;
    Result<void> find_files();
    Result<void> find_records();
    std::unexpected<Error> damaged(const std::string& how) const;
    void add_live(File& file, std::uint64_t batch, std::size_t journal_octets);
    void drop_released();
    void set_free(const File& file);
    void seal(std::span<JournalPiece* const> pieces) const;
    std::uint64_t wanted(const File& file) const;
    int open_file(File& file, int flags) const;
    int begin_file(std::uint64_t size);
    int prepare(File& file, std::uint64_t end);
    int write_at(File& file, std::uint64_t offset, std::span<iovec> parts);

    const Options options_;
    const std::uint64_t seed_;
    std::uint64_t oldest_sequence_;
    std::uint64_t next_sequence_;
    std::uint64_t release_before_;
    std::uint64_t last_batch_ = 0;
    std::uint64_t octets_written_ = 0;
    std::uint64_t live_bytes_ = 0;
    std::uint64_t end_ = 0;  ///< of the last record, in the last of `files_`
    std::deque<File> files_;  ///< in use, oldest first
    std::vector<File> spare_;
    std::deque<Live> live_;
};

}  // namespace sluice::storage
