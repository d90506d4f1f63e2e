#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "engine/base/bytes.hpp"
#include "engine/base/result.hpp"
#include "engine/base/time.hpp"
#include "storage/store.hpp"

namespace sluice::storage {

struct LmdbOptions {
    /// The store's own directory; made (mode 0700) when it is not there. Its parent must be.
    std::string path;

    /// The most the tables' file may grow to, the journal's files included in what is told of room. Only address space
    /// is taken for it in advance.
    std::uint64_t max_bytes = std::uint64_t{64} << 30;

    /// `StoreStats::scarce` is set when less than this is left, of `max_bytes` or of the file system.
    std::uint64_t reserve_bytes = std::uint64_t{256} << 20;

    /// Of each file of the journal, a multiple of 4096; 0 is 1/16 of `max_bytes`, 256 KiB to 16 MiB.
    std::uint64_t journal_file_bytes = 0;

    /// Called on the committer's thread after completions have become visible to `Store::poll`; once for all the
    /// batches of a commit. It must only wake the owner.
    std::function<void()> wake;

    /// Begins to write octets at an offset of a file, and returns without waiting; `done` is to be called on the
    /// owner's thread, not from within, with the number of octets written or a negated errno. False where that is not
    /// possible: then nothing happens. Called on the owner's thread, one write at a time; the store outlives the write.
    ///
    /// With it small batches that only have a journal segment are written without the committer's thread, which takes
    /// two changes of thread less.
    std::function<bool(int fd, std::uint64_t offset, ByteView octets, std::function<void(int)> done)> write_file;

    /// Called on the committer's thread with a text for people when commits begin to fail, and when they succeed again.
    std::function<void(const std::string&)> report;

    /// Of the committer's thread; 15 characters are kept.
    std::string thread_name = "committer";

    /// A store that is closed while commits fail goes on trying for this long. Batches that still have not been
    /// committed then are given up: nobody was told of them, since they never completed.
    milliseconds close_patience{5000};
};

/// A store on a journal and one LMDB environment, with a committer thread of its own which is the only one to touch
/// them after the first `submit`; but for the journal while that thread rests, see `LmdbOptions::write_file`.
///
/// Batches that wait while a commit is under way are committed together: one write to the journal, which returns when
/// they are on the disk, segments and operations alike. The operations are applied to LMDB in a transaction that stays
/// open over many batches, so that loads see them, and is committed now and then: a *checkpoint*, after which journal
/// files without live segments are used again. A start applies what the journal holds beyond the checkpoint.
///
/// `submit` and `poll` belong to one thread, the owner's; they take no lock and cost a system call only when the
/// committer sleeps.
///
/// Two processes cannot open the same directory. A copy must hold all of it, taken while the store is closed or at one
/// moment (a snapshot of the file system).
class LmdbStore {
public:
    /// Fails with a text for people when the directory is in use, not writable, or of a format that is not ours.
    static Result<std::unique_ptr<Store>> open(LmdbOptions options);
};

}  // namespace sluice::storage
