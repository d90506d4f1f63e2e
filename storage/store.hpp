#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "engine/base/bytes.hpp"
#include "engine/base/result.hpp"
#include "storage/segment_octets.hpp"

/// One shard's durable store, as the shard sees it: batches go in, completions come out, nothing blocks.
///
/// Two places hold data. The *journal* is a sequence of segments in arrival order, one per batch, released from the
/// oldest end; a message that lives for a few seconds lives and dies there, at one tree operation per batch. The
/// *tables* hold per-message rows for what outlives its journal segment. How records are laid out inside a segment or
/// a row is the gateway's business; the store sees octets.
namespace sluice::storage {

/// Rows are ordered by (high, low). Keys that grow with time keep every change at the end of the tree.
struct Key {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    friend auto operator<=>(const Key&, const Key&) = default;
};

enum class Table : std::uint8_t {
    message,  ///< (0, message id) -> the whole message
    queue,    ///< (queue, position) -> 8 octets: the low half of a `message` key (its id, native order)
    held,     ///< receipts waiting for their message, and those that matched nothing
    meta,     ///< a few small facts about the store itself
    receipt,  ///< the receipt index: sorted runs in pages, and a log
};
inline constexpr std::size_t table_count = 5;

struct TableOp {
    enum class Kind : std::uint8_t { put, erase };
    Kind kind = Kind::put;
    Table table = Table::message;
    Key key;
    std::uint32_t offset = 0;  ///< of the value in Batch::values
    std::uint32_t length = 0;
};

/// Asks for rows of [first, last] in key order, at most `limit`; the row that brings the values to `max_bytes` in all
/// is the last.
struct LoadRequest {
    std::uint64_t tag = 0;  ///< handed back with the result
    Table table = Table::message;
    Key first;
    Key last;
    std::uint32_t limit = 1;
    std::uint32_t max_bytes = 1 << 20;
    /// For Table::queue: each row is followed to its message, and `LoadedRow::value` is the message's value
    /// (empty if there is no such message).
    bool follow = false;
};

struct LoadedRow {
    Key key;
    std::uint32_t offset = 0;  ///< of the value in LoadResult::values
    std::uint32_t length = 0;
};

struct LoadResult {
    std::uint64_t tag = 0;
    std::vector<LoadedRow> rows;
    std::vector<std::uint8_t> values;
    bool more = false;  ///< `limit` or `max_bytes` was met before the end of the range

    ByteView value(const LoadedRow& row) const { return {values.data() + row.offset, row.length}; }
};

/// One unit of durability: all of it is on disk or none of it. Loads see the batch's own changes.
/// Move it in; the same object, with its buffers, comes back in the completion to be cleared and used again.
struct Batch {
    std::uint64_t number = 0;             ///< consecutive, from Store::next_batch(); names the journal segment
    SegmentOctets journal;                ///< this batch's segment; none is written when empty
    std::vector<TableOp> ops;             ///< applied in order
    std::vector<std::uint8_t> values;     ///< what the ops' values point into
    std::uint64_t release_before = 0;     ///< segments with a smaller number are erased
    std::vector<LoadRequest> loads;

    /// What it takes in a journal, within some octets each.
    std::size_t octets() const { return journal.size() + values.size() + ops.size() * sizeof(TableOp); }
    bool empty() const { return journal.empty() && ops.empty() && loads.empty(); }
    void put(Table table, Key key, ByteView value) {
        ops.push_back({TableOp::Kind::put, table, key, static_cast<std::uint32_t>(values.size()),
                       static_cast<std::uint32_t>(value.size())});
        values.insert(values.end(), value.begin(), value.end());
    }
    void erase(Table table, Key key) { ops.push_back({TableOp::Kind::erase, table, key, 0, 0}); }
    /// Empties it and keeps the buffers' capacity.
    void clear();
};

struct Completion {
    Batch batch;
    std::vector<LoadResult> loads;
};

struct StoreStats {
    std::uint64_t commits = 0;
    std::uint64_t failed_commits = 0;     ///< each was tried again until it succeeded
    std::uint64_t bytes_journaled = 0;
    std::uint64_t commit_nanoseconds = 0; ///< time inside commits, sync included
    std::uint64_t disk_bytes = 0;         ///< size of the store's files
    std::uint64_t used_bytes = 0;         ///< the part of `disk_bytes` that holds live data
    bool stalled = false;                 ///< the last commit failed and is being tried again (disk full, I/O error)
    bool scarce = false;                  ///< room is nearly used up: refuse intake, so that what is stored can finish
};

class Store {
public:
    virtual ~Store() = default;

    /// The number that the next submitted batch must carry. It goes on counting over restarts, also when the journal
    /// is empty.
    virtual std::uint64_t next_batch() const = 0;

    /// Hands a batch over. Batches commit in the order given, each with full sync. Never blocks. At most
    /// `max_in_flight` batches may be under way.
    virtual void submit(Batch batch) = 0;
    static constexpr std::size_t max_in_flight = 4;

    /// The next completion, in order, if there is one. A failing commit is never reported: it is repeated with
    /// back-off until it succeeds, and `stats().stalled` says so, so that intake can be refused meanwhile.
    virtual bool poll(Completion& completion) = 0;

    /// Called once before the first submit: visits the live journal segments, oldest first. A segment that `visit`
    /// sees is valid during that call only.
    virtual Result<void> replay(const std::function<void(std::uint64_t number, ByteView segment)>& visit) = 0;

    /// Only before the first submit: reads rows at once, on the caller's thread.
    virtual LoadResult load_now(const LoadRequest& request) = 0;

    /// May be called from any thread.
    virtual StoreStats stats() const = 0;
};

}  // namespace sluice::storage
