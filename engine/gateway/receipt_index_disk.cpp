#include <cstring>

#include "engine/gateway/receipt_index.hpp"

// The part of the receipt index that is on disk: the log, tables that become runs, runs that are merged and dropped.
namespace sluice::gateway {

using storage::Key;
using storage::LoadRequest;
using storage::LoadResult;
using storage::Table;

ReceiptRunWriter::Put ReceiptIndex::putting() {
    return [this](Key key, ByteView value) { messages_.put_row(Table::receipt, key, value); };
}

void ReceiptIndex::work(WallTime now) {
    write_log(active_);
    if (spilling_) write_log(spilling_->layer);
    if (!room()) return;
    const std::size_t full = std::max<std::size_t>(config_.max_in_memory / 2, 1);
    if (!spilling_ && active_.table.size() >= full) begin_spill();
    if (spilling_) go_on_spilling();
    if (!merging_ && runs_.size() > config_.max_runs) begin_merge();
    if (merging_) go_on_merging();
    const std::int64_t second = std::chrono::floor<seconds>(now.time_since_epoch()).count();
    if (second != looked_through_) look_through_runs(second);
    clear_away();
}

// ---- the log

void ReceiptIndex::write_log(Layer& layer) {
    if (layer.to_log.empty()) return;
    auto rows = std::ranges::find(logs_, layer.generation, &LogRows::generation);
    if (rows == logs_.end()) {
        rows = std::ranges::find_if(logs_, [&](const LogRows& l) { return l.generation > layer.generation; });
        rows = logs_.insert(rows, {layer.generation, 0});
    }
    std::vector<ReceiptEntry> row;
    for (std::size_t at = 0; at < layer.to_log.size(); at += receipt_rows::entries_per_log_row) {
        const std::size_t count = std::min(receipt_rows::entries_per_log_row, layer.to_log.size() - at);
        row.assign(1, std::bit_cast<ReceiptEntry>(receipt_rows::LogHead{layer.until, 0}));
        row.insert(row.end(), layer.to_log.begin() + static_cast<std::ptrdiff_t>(at),
                   layer.to_log.begin() + static_cast<std::ptrdiff_t>(at + count));
        messages_.put_row(Table::receipt, {receipt_rows::log | layer.generation, rows->rows++},
                          octets_of_values(row.data(), row.size()));
    }
    layer.to_log.clear();
}

void ReceiptIndex::discard_logs(std::uint64_t up_to_generation) {
    for (; !logs_.empty() && logs_.front().generation <= up_to_generation; logs_.pop_front())
        garbage_.push_back({receipt_rows::log | logs_.front().generation, {{0, logs_.front().rows}}, false});
}

// ---- a table becomes a run

void ReceiptIndex::begin_spill() {
    Layer next;
    next.generation = active_.generation + 1;
    spilling_ = std::make_unique<Spill>(std::exchange(active_, std::move(next)));
    const Layer& layer = spilling_->layer;
    spilling_->writer =
        std::make_unique<ReceiptRunWriter>(next_number_++, layer.generation, layer.table.size(), putting());
    spilling_->writer->not_before(layer.until);
}

void ReceiptIndex::go_on_spilling() {
    for (std::size_t n = 0; n < entries_per_turn; ++n) {
        ReceiptEntry entry;
        if (!spilling_->reader.next(entry)) {
            ReceiptRun run = spilling_->writer->finish();
            if (run.header.entries > 0) runs_.push_back(std::move(run));
            else discard(run);
            ++epoch_;
            discard_logs(spilling_->layer.generation);
            spilling_.reset();
            return;
        }
        // The reader's copy may be old.
        entry.id = *spilling_->layer.table.find(entry.key);
        if (entry.id != 0 || run_may_have(entry.key)) spilling_->writer->add(entry);
    }
}

// ---- two runs become one

void ReceiptIndex::begin_merge() {
    std::size_t best = 0;
    for (std::size_t i = 1; i + 1 < runs_.size(); ++i)
        if (runs_[i].live() + runs_[i + 1].live() < runs_[best].live() + runs_[best + 1].live()) best = i;
    const ReceiptRun& older = runs_[best];
    const ReceiptRun& newer = runs_[best + 1];
    merging_ = std::make_unique<Merge>();
    merging_->older.run = older.header.number;
    merging_->newer.run = newer.header.number;
    merging_->writer = std::make_unique<ReceiptRunWriter>(next_number_++, newer.header.rank,
                                                          older.header.entries + newer.header.entries, putting());
    merging_->writer->not_before(std::max(older.header.until, newer.header.until));
}

/// Does a run that is older than this one have it, as far as memory knows?
bool ReceiptIndex::older_may_have(std::uint64_t number, std::uint64_t key) const {
    for (const ReceiptRun& run : runs_) {
        if (run.header.number == number) return false;
        if (run.may_have(key)) return true;
    }
    return false;
}

/// There is a next entry in memory, or none at all.
bool ReceiptIndex::ready(Source& source) {
    if (source.given < source.entries.size()) return true;
    if (source.loading) return false;
    const std::uint64_t pages = run(source.run)->pages();
    if (source.next_page == pages) return true;
    LoadRequest request;
    request.table = Table::receipt;
    request.first = {source.run, source.next_page};
    source.next_page = std::min(pages, source.next_page + pages_per_load);
    request.last = {source.run, source.next_page - 1};
    request.limit = pages_per_load;
    source.loading = true;
    messages_.load(request, [this, &source](const LoadResult& result) { loaded(source, result); });
    return false;
}

void ReceiptIndex::loaded(Source& source, const LoadResult& result) {
    source.entries.resize(result.values.size() / sizeof(ReceiptEntry));
    std::memcpy(static_cast<void*>(source.entries.data()), result.values.data(),
                source.entries.size() * sizeof(ReceiptEntry));
    source.given = 0;
    source.loading = false;
}

void ReceiptIndex::go_on_merging() {
    Source& older = merging_->older;
    Source& newer = merging_->newer;
    const auto take = [&](Source& source, bool shadowed) {
        const ReceiptEntry entry = source.entries[source.given++];
        const bool dead = run(source.run)->is_dead(source.position++);
        if (shadowed) return;
        // One that is over still hides those of older runs.
        if (!dead && entry.id != 0) merging_->writer->add(entry);
        else if (older_may_have(merging_->older.run, entry.key)) merging_->writer->add({entry.key, 0});
    };
    for (std::size_t n = 0; n < entries_per_turn; ++n) {
        if (!ready(older) || !ready(newer)) return;
        const bool has_older = older.given < older.entries.size(), has_newer = newer.given < newer.entries.size();
        if (!has_older && !has_newer) return end_merge();
        const std::uint64_t old_key = has_older ? older.entries[older.given].key : UINT64_MAX;
        const std::uint64_t new_key = has_newer ? newer.entries[newer.given].key : UINT64_MAX;
        if (has_older && old_key <= new_key) take(older, has_newer && old_key == new_key);
        else take(newer, false);
    }
}

void ReceiptIndex::end_merge() {
    ReceiptRun merged = merging_->writer->finish();
    const auto older = std::ranges::find_if(runs_, [this](const ReceiptRun& run) {
        return run.header.number == merging_->older.run;
    });
    discard(older[0]);
    discard(older[1]);
    older[1] = std::move(merged);
    runs_.erase(older);
    if (older[0].header.entries == 0) {
        discard(older[0]);
        runs_.erase(older);
    }
    ++epoch_;
    merging_.reset();
}

// ---- what is over

void ReceiptIndex::look_through_runs(std::int64_t now) {
    looked_through_ = now;
    const auto put = putting();
    for (ReceiptRun& run : runs_) run.write_dead(put);
    if (merging_) return;  // it needs them as they are
    const auto over = [&](const ReceiptRun& run) {
        // What is over hides what is older, so only the oldest goes for being empty.
        return run.header.until < now || (&run == &runs_.front() && run.live() == 0);
    };
    for (auto run = runs_.begin(); run != runs_.end();) {
        if (!over(*run)) {
            ++run;
            continue;
        }
        discard(*run);
        run = runs_.erase(run);
        ++epoch_;
    }
}

void ReceiptIndex::discard(const ReceiptRun& run) {
    RunHeader header = run.header;
    header.state = RunHeader::State::dropped;
    messages_.put_row(Table::receipt, {0, header.number}, octets_of_values(&header, 1));
    const std::uint64_t pages = run.header.entries / receipt_rows::entries_per_page + 1;
    const auto pieces = [](std::uint64_t kind, std::uint64_t octets) {  // a few too many do no harm
        return std::pair{kind, (kind | (octets / (receipt_rows::value_bytes - ReceiptFilter::block_bytes))) + 1};
    };
    garbage_.push_back({header.number,
                        {{0, pages},
                         pieces(receipt_rows::filter, run.filter.words().size() * sizeof(std::uint64_t)),
                         pieces(receipt_rows::first_keys, pages * sizeof(std::uint64_t)),
                         pieces(receipt_rows::dead, run.header.entries / 8)},
                        true});
}

void ReceiptIndex::clear_away() {
    for (std::size_t n = 0; n < erases_per_turn && !garbage_.empty();) {
        Garbage& front = garbage_.front();
        if (front.lows.empty()) {
            if (front.run) messages_.erase_row(Table::receipt, {0, front.high});
            garbage_.pop_front();
            continue;
        }
        auto& [first, behind] = front.lows.back();
        for (; first != behind && n < erases_per_turn; ++first, ++n)
            messages_.erase_row(Table::receipt, {front.high, first});
        if (first == behind) front.lows.pop_back();
    }
}

// ---- the start

Result<void> ReceiptIndex::recover(WallTime now) {
    looked_through_ = std::chrono::floor<seconds>(now.time_since_epoch()).count();
    std::vector<ReceiptRun> over;
    const auto superseded = recover_runs(over);
    if (!superseded) return std::unexpected(superseded.error());
    if (auto log = recover_log(*superseded); !log) return log;
    for (const ReceiptRun& run : over) discard(run);  // after the logs: it still says that they are not needed
    return {};
}

/// Returns the newest log generation that is not needed, because it is in a run that is, or was, whole.
Result<std::uint64_t> ReceiptIndex::recover_runs(std::vector<ReceiptRun>& over) {
    std::uint64_t superseded = 0;
    LoadRequest request;
    request.table = Table::receipt;
    request.first = {0, 0};
    request.last = {0, UINT64_MAX};
    request.limit = request.max_bytes = UINT32_MAX;
    const LoadResult headers = messages_.store().load_now(request);
    for (const storage::LoadedRow& row : headers.rows) {
        ReceiptRun run;
        if (row.length != sizeof run.header) return fail("the receipt index is damaged: the header of a run");
        std::memcpy(static_cast<void*>(&run.header), headers.value(row).data(), sizeof run.header);
        next_number_ = std::max(next_number_, run.header.number + 1);
        active_.generation = std::max(active_.generation, run.header.rank + 1);
        if (run.header.state == RunHeader::State::building) run.header.rank = 0;  // it stands for no log
        superseded = std::max(superseded, run.header.rank);
        if (run.header.state != RunHeader::State::whole || run.header.entries == 0) {
            run.filter = ReceiptFilter(run.header.entries);
            over.push_back(std::move(run));
            continue;
        }
        LoadRequest pieces;
        pieces.table = Table::receipt;
        pieces.first = {run.header.number, receipt_rows::filter};
        pieces.last = {run.header.number, UINT64_MAX};
        pieces.limit = pieces.max_bytes = UINT32_MAX;
        const LoadResult found = messages_.store().load_now(pieces);
        bool sound = true;
        for (const storage::LoadedRow& piece : found.rows) sound = run.restore(piece.key, found.value(piece)) && sound;
        if (!sound || !run.finish_restore())
            return fail("the receipt index is damaged: run " + std::to_string(run.header.number));
        runs_.push_back(std::move(run));
    }
    std::ranges::sort(runs_, {}, [](const ReceiptRun& run) { return run.header.rank; });
    return superseded;
}

/// Log generations up to `superseded` are in runs.
Result<void> ReceiptIndex::recover_log(std::uint64_t superseded) {
    LoadRequest request;
    request.table = Table::receipt;
    request.first = {receipt_rows::log, 0};
    request.last = {UINT64_MAX, UINT64_MAX};
    request.limit = 256;
    request.max_bytes = UINT32_MAX;
    for (;;) {
        const LoadResult found = messages_.store().load_now(request);
        for (const storage::LoadedRow& row : found.rows) {
            const std::uint64_t generation = row.key.high & ~receipt_rows::log;
            if (logs_.empty() || logs_.back().generation != generation) logs_.push_back({generation, 0});
            logs_.back().rows = row.key.low + 1;
            active_.generation = std::max(active_.generation, generation + 1);
            if (generation <= superseded) continue;
            std::vector<ReceiptEntry> entries(row.length / sizeof(ReceiptEntry));
            if (entries.empty() || row.length % sizeof(ReceiptEntry) != 0)
                return fail("the receipt index is damaged: its log");
            std::memcpy(static_cast<void*>(entries.data()), found.value(row).data(), row.length);
            active_.until = std::max(active_.until, std::bit_cast<receipt_rows::LogHead>(entries.front()).until);
            for (std::size_t i = 1; i < entries.size(); ++i)
                if (entries[i].key != 0) active_.table.put(entries[i].key, entries[i].id);
        }
        if (!found.more || found.rows.empty()) break;
        request.first = {found.rows.back().key.high, found.rows.back().key.low + 1};
    }
    discard_logs(superseded);
    return {};
}

}  // namespace sluice::gateway
