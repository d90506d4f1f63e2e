#pragma once

#include <lmdb.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "engine/base/result.hpp"
#include "storage/journal.hpp"
#include "storage/mapped_region.hpp"
#include "storage/store.hpp"

/// LMDB behind the store, without its thread. Only lmdb_store.cpp and benchmarks include this.
namespace sluice::storage {

/// What an LMDB call returned; thrown inside this layer only.
struct LmdbFailure {
    int code;
};

/// One open environment and its trees: one a table, and LMDB's unnamed one. Keys of the tables are 16 octets,
/// big-endian, so that LMDB's own comparison orders them.
class LmdbEnvironment {
public:
    /// Facts about the store itself. Every commit rewrites this tree anyway, because it holds the roots of the others:
    /// a row that changes with each commit costs no page here.
    static constexpr std::size_t unnamed_tree = table_count;
    static constexpr std::size_t tree_count = table_count + 1;

    /// Opens or makes the environment in a directory and checks its format.
    static Result<std::unique_ptr<LmdbEnvironment>> open(const std::string& path, std::uint64_t max_bytes);

    MDB_env* handle() const { return environment_.get(); }
    MDB_dbi tree(std::size_t index) const { return trees_[index]; }

    /// Size of the file as far as it was ever used.
    std::uint64_t disk_bytes() const;
    /// What a writer may still use before the map or the file system is full, given the file's live part.
    std::uint64_t room(std::uint64_t used_bytes) const;
    std::uint64_t page_bytes() const { return page_bytes_; }

    /// A reader that was killed, such as mdb_copy, keeps every page that was live then from being used again; this
    /// lets go of those.
    void release_dead_readers() const;

    /// LMDB reads its file through a mapping; this gives back the memory of what was read.
    void forget_pages() const { map_.forget_pages(0, max_bytes_); }

    /// A file that grows leaves pages behind which nobody needs before the backlog in them is worked through. This
    /// gives back their memory, the kernel's copy included, and keeps the newest. What is written next then uses that
    /// memory again: never touched memory costs a fault a page, on a virtual machine one of the host, several times
    /// what the copy itself costs. To be called after a commit.
    void forget_what_growth_left_behind();

private:
    struct Close {
        void operator()(MDB_env* environment) const { mdb_env_close(environment); }
    };
    LmdbEnvironment() = default;
    void prepare(const std::string& path, std::uint64_t max_bytes);

    std::unique_ptr<MDB_env, Close> environment_;
    std::array<MDB_dbi, tree_count> trees_{};
    std::uint64_t max_bytes_ = 0;
    std::uint64_t page_bytes_ = 0;
    std::uint64_t left_behind_ = 0;  // of the file: forgotten, or there at the start
    MappedRegion map_;
};

/// One transaction; aborted when destroyed without commit. Every call throws LmdbFailure.
class LmdbTransaction {
public:
    enum class Mode { read, write };
    LmdbTransaction(LmdbEnvironment& environment, Mode mode);
    ~LmdbTransaction();
    LmdbTransaction(const LmdbTransaction&) = delete;
    LmdbTransaction& operator=(const LmdbTransaction&) = delete;

    /// The batch's operations. Doing it again, and those of later batches, leaves the same state.
    void apply(const Batch& batch);
    /// `result` is overwritten; its buffers are used again.
    void load(const LoadRequest& request, LoadResult& result);

    /// An address in LMDB's mapping of the file.
    const void* address_in_map();

    /// What the tables hold of the journal's batches, and where the rest of them is.
    JournalMark journal_mark();
    void set_journal_mark(const JournalMark& mark);

    /// Live pages of all trees, in octets.
    std::uint64_t used_bytes();

    /// About how much of the file the rows cover that were met since this was asked last.
    std::uint64_t take_bytes_met() { return std::exchange(bytes_met_, 0); }

    /// Returns when everything is on the disk.
    void commit();

private:
    void close_cursors();
    bool meet(int code, const MDB_val& value);
    MDB_cursor* open_cursor(MDB_cursor*& slot, std::size_t tree);
    MDB_cursor* append_cursor(std::size_t tree) { return open_cursor(append_cursors_[tree], tree); }
    MDB_cursor* seek_cursor(std::size_t tree) { return open_cursor(seek_cursors_[tree], tree); }
    void put(std::size_t tree, Key key, ByteView value);
    void erase(std::size_t tree, Key key);
    ByteView message_of(ByteView queue_row);

    LmdbEnvironment& environment_;
    MDB_txn* transaction_ = nullptr;
    std::uint64_t bytes_met_ = 0;
    // Growing keys go through a cursor that stays at the end of its tree, everything else through one that stays where
    // it last worked: both then find the next key on the page they are at, without a search from the root.
    std::array<MDB_cursor*, LmdbEnvironment::tree_count> append_cursors_{};
    std::array<MDB_cursor*, LmdbEnvironment::tree_count> seek_cursors_{};
};

}  // namespace sluice::storage
