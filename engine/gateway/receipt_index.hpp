#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/gateway/message_store.hpp"
#include "engine/gateway/receipt_run.hpp"

namespace sluice::gateway {

/// Whose message a provider's id is: one shard's part of the receipt index, bounded in memory however many receipts are
/// outstanding.
///
/// New entries go to a table in memory. When that is full it is written to disk as a *run*, in the order of keys, and
/// a new table is begun; of a run a filter, the first key of each page and a bit for each entry that is over stay in
/// memory, about an octet and a half an entry. Runs that have become many are merged two by two; one that is too old,
/// or the oldest when it has nothing left, is dropped. A look-up that the memory cannot answer reads one page of a
/// run, seldom two, through the committer.
///
/// An entry in memory is lost in a crash. Whoever needs it afterwards asks that it be *kept* first: it is then written
/// to a log on disk, unless it is in a run already. A start reads the log, the filters, and nothing else.
class ReceiptIndex {
public:
    struct Config {
        std::size_t max_in_memory = 500'000;  ///< entries, half of them while a full table is being written
        std::size_t max_runs = 12;            ///< above which two are merged
    };
    enum class Where { nowhere, here, on_disk };

    /// Writes and reads through `messages`, into its batches; that outlives this.
    ReceiptIndex(MessageStore& messages, const Config& config) : messages_(messages), config_(config) {}
    void configure(const Config& config) { config_ = config; }

    /// Before anything else, once.
    Result<void> recover(WallTime now);

    /// `until`: receipts for it may come until then. An id that a provider uses again is the newer message's.
    void put(std::uint64_t key, MessageId id, WallTime until);
    /// After the next commit the entry survives a crash (if it is still in the index at all).
    void keep(std::uint64_t key, MessageId id);
    /// Its receipt has come and is recorded, or it is not waited for any more.
    void erase(std::uint64_t key, MessageId id);

    /// What the memory says; `id` is set if it is `here`.
    Where find(std::uint64_t key, MessageId& id);
    /// For what is `on_disk`, most likely: `then` is called once with the id, 0 if there is none.
    void look_up(std::uint64_t key, std::function<void(MessageId)> then);

    /// Goes on with what is to be written, a little each turn. Before the turn's batch is closed.
    void work(WallTime now);

    std::size_t in_memory() const { return active_.table.size() + (spilling_ ? spilling_->layer.table.size() : 0); }
    std::uint64_t on_disk() const;
    std::size_t runs() const { return runs_.size(); }
    std::size_t memory() const;

private:
    /// A table, and the log of what is kept of it.
    struct Layer {
        ReceiptTable table;
        std::uint64_t generation = 1;        ///< of the log; the run that is made of the table has it as rank
        std::int64_t until = 0;              ///< as in RunHeader
        std::vector<ReceiptEntry> to_log;    ///< at the end of this turn
    };
    struct Spill {
        explicit Spill(Layer full) : layer(std::move(full)), reader(layer.table) {}
        Layer layer;
        ReceiptTable::Reader reader;
        std::unique_ptr<ReceiptRunWriter> writer;
    };
    struct Source {
        std::uint64_t run = 0;
        std::uint64_t next_page = 0;         ///< to be loaded
        std::uint64_t position = 0;          ///< in the run, of the next entry
        std::vector<ReceiptEntry> entries;   ///< loaded
        std::size_t given = 0;               ///< of `entries`
        bool loading = false;
    };
    struct Merge {
        Source older, newer;
        std::unique_ptr<ReceiptRunWriter> writer;
    };
    struct LogRows {
        std::uint64_t generation = 0;
        std::uint64_t rows = 0;
    };
    /// Rows that nobody needs any more, erased a few each turn.
    struct Garbage {
        std::uint64_t high = 0;
        std::vector<std::pair<std::uint64_t, std::uint64_t>> lows;  ///< [first, behind)
        bool run = false;                    ///< then its header, the last
    };
    struct OnDisk {
        std::uint64_t run = 0;
        std::uint64_t position = 0;
        MessageId id = 0;
    };
    struct LookUp;

    ReceiptRunWriter::Put putting();
    ReceiptRun* run(std::uint64_t number);
    bool run_may_have(std::uint64_t key) const;
    bool older_may_have(std::uint64_t number, std::uint64_t key) const;
    bool room() const { return messages_.open_values() < max_open_values; }
    void write_log(Layer& layer);
    void begin_spill();
    void go_on_spilling();
    void begin_merge();
    void go_on_merging();
    bool ready(Source& source);
    void loaded(Source& source, const storage::LoadResult& result);
    void end_merge();
    void look_through_runs(std::int64_t now);
    void discard(const ReceiptRun& run);
    void discard_logs(std::uint64_t up_to_generation);
    void clear_away();
    void answer(const std::shared_ptr<LookUp>& look_up);
    Result<std::uint64_t> recover_runs(std::vector<ReceiptRun>& over);
    Result<void> recover_log(std::uint64_t superseded);

    /// Octets of rows in the open batch above which the work waits for the next.
    static constexpr std::size_t max_open_values = 256 << 10;
    /// Entries handled a turn, and rows erased.
    static constexpr std::size_t entries_per_turn = 4096;
    static constexpr std::size_t erases_per_turn = 256;
    static constexpr std::uint64_t pages_per_load = 16;
    /// Look-ups remembered for their erase: those of receipts that their messages' homes are recording.
    static constexpr std::size_t max_found = 65'536;

    MessageStore& messages_;
    Config config_;
    Layer active_;
    std::unique_ptr<Spill> spilling_;
    std::unique_ptr<Merge> merging_;
    std::vector<ReceiptRun> runs_;           ///< by rank, oldest first
    std::uint64_t epoch_ = 0;                ///< goes up whenever `runs_` changes
    std::uint64_t next_number_ = 1;
    std::deque<LogRows> logs_;               ///< that exist, oldest first
    std::deque<Garbage> garbage_;            ///< front first: a log goes before the run that stands for it
    std::unordered_map<std::uint64_t, OnDisk> found_;
    std::int64_t looked_through_ = 0;
};

}  // namespace sluice::gateway
