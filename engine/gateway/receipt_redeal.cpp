#include "engine/gateway/receipt_redeal.hpp"

#include <cstring>
#include <optional>

namespace sluice::gateway {

using storage::Key;
using storage::LoadRequest;
using storage::LoadResult;
using storage::Store;
using storage::Table;

namespace {

/// visit(row key, octets) for the rows of [first, last], a window at a time; false from `visit` ends it.
template <class Visit>
bool each_row(Store& store, Key first, Key last, Visit&& visit) {
    LoadRequest request;
    request.table = Table::receipt;
    request.first = first;
    request.last = last;
    request.limit = 256;
    request.max_bytes = UINT32_MAX;
    for (;;) {
        const LoadResult found = store.load_now(request);
        for (const storage::LoadedRow& row : found.rows)
            if (!visit(row.key, found.value(row))) return false;
        if (!found.more || found.rows.empty()) return true;
        request.first = {found.rows.back().key.high, found.rows.back().key.low + 1};
    }
}

std::vector<ReceiptEntry> entries_of(ByteView value) {
    std::vector<ReceiptEntry> entries(value.size() / sizeof(ReceiptEntry));
    std::memcpy(static_cast<void*>(entries.data()), value.data(), entries.size() * sizeof(ReceiptEntry));
    return entries;
}

}  // namespace

Result<void> ReceiptRedeal::take(Store& store) {
    std::vector<RunHeader> headers;
    std::uint64_t superseded = 0;
    const bool sound = each_row(store, {0, 0}, {0, UINT64_MAX}, [&](Key, ByteView value) {
        RunHeader header;
        if (value.size() != sizeof header) return false;
        std::memcpy(static_cast<void*>(&header), value.data(), sizeof header);
        if (header.state == RunHeader::State::building) return true;
        superseded = std::max(superseded, header.rank);
        if (header.state == RunHeader::State::whole && header.entries > 0) headers.push_back(header);
        return true;
    });
    if (!sound) return fail("the receipt index is damaged: the header of a run");
    std::ranges::sort(headers, {}, &RunHeader::rank);
    for (const RunHeader& header : headers)
        if (auto taken = take_run(store, header); !taken) return taken;
    return take_log(store, superseded);
}

Result<void> ReceiptRedeal::take_run(Store& store, const RunHeader& header) {
    const Result<void> damaged = fail("the receipt index is damaged: run " + std::to_string(header.number));
    ReceiptRun run;
    run.header = header;
    bool sound = each_row(store, {header.number, receipt_rows::filter}, {header.number, UINT64_MAX},
                          [&](Key key, ByteView value) { return run.restore(key, value); });
    if (!sound || !run.finish_restore()) return damaged;
    // Twice: filters are made for the number of entries.
    std::vector<std::uint64_t> counts(parts_.size());
    std::vector<std::optional<ReceiptRunWriter>> writers(parts_.size());
    for (const bool counting : {true, false}) {
        std::uint64_t position = 0;
        const Key last{header.number, receipt_rows::piece_mask};
        sound = each_row(store, {header.number, 0}, last, [&](Key, ByteView value) {
            for (const ReceiptEntry& entry : entries_of(value)) {
                const std::size_t shard = entry.key % parts_.size();
                if (run.is_dead(position++)) continue;
                if (counting) ++counts[shard];
                else writers[shard]->add(entry);
            }
            return true;
        });
        if (!sound || position != header.entries) return damaged;
        for (std::uint32_t shard = 0; counting && shard < parts_.size(); ++shard)
            if (counts[shard] > 0) writers[shard].emplace(begin_run(shard, counts[shard], header.until));
    }
    for (auto& writer : writers)
        if (writer) writer->finish();
    return {};
}

Result<void> ReceiptRedeal::take_log(Store& store, std::uint64_t superseded) {
    const Key first{receipt_rows::log | (superseded + 1), 0};
    const bool sound = each_row(store, first, {UINT64_MAX, UINT64_MAX}, [&](Key, ByteView value) {
        const std::vector<ReceiptEntry> entries = entries_of(value);
        if (entries.empty() || value.size() % sizeof(ReceiptEntry) != 0) return false;
        const std::int64_t until = std::bit_cast<receipt_rows::LogHead>(entries.front()).until;
        for (std::size_t i = 1; i < entries.size(); ++i)
            if (entries[i].key != 0) add(entries[i].key, entries[i].id, WallTime(seconds(until)));
        return true;
    });
    return sound ? Result<void>() : fail("the receipt index is damaged: its log");
}

void ReceiptRedeal::add(std::uint64_t key, MessageId id, WallTime until) {
    Part& its = part(key);
    its.young.put(key, id);
    its.until = std::max(its.until, std::chrono::ceil<seconds>(until.time_since_epoch()).count());
}

ReceiptRunWriter ReceiptRedeal::begin_run(std::uint32_t shard, std::uint64_t entries, std::int64_t until) {
    const std::uint64_t number = ++parts_[shard].runs;
    ReceiptRunWriter writer(number, number, entries,
                            [this, shard](Key key, ByteView value) { put_(shard, key, value); });
    writer.not_before(until);
    return writer;
}

void ReceiptRedeal::finish() {
    for (std::uint32_t shard = 0; shard < parts_.size(); ++shard) {
        Part& its = parts_[shard];
        if (its.young.empty()) continue;
        ReceiptRunWriter writer = begin_run(shard, its.young.size(), its.until);
        ReceiptTable::Reader reader(its.young);
        for (ReceiptEntry entry; reader.next(entry);) writer.add(entry);
        writer.finish();
    }
}

}  // namespace sluice::gateway
