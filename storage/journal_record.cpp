#include "storage/journal_record.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cstring>

#include "engine/base/check.hpp"

namespace sluice::storage {

namespace {

constexpr std::uint64_t record_mark = 0x314C4E4A43554C53;  // "SLUCJNL1"
constexpr std::size_t header_bytes = sizeof(RecordHeader);
constexpr std::size_t sealed_from = offsetof(RecordHeader, sequence);

struct BatchHeader {
    std::uint64_t journal;
    std::uint64_t ops;
    std::uint64_t values;
};

struct OpRecord {
    std::uint64_t high;
    std::uint64_t low;
    std::uint32_t offset;
    std::uint32_t length;
    std::uint32_t kind;
    std::uint32_t table;
};

std::uint64_t checksum_of(ByteView sealed, std::uint64_t seed) {
    return XXH3_64bits_withSeed(sealed.data(), sealed.size(), seed);
}

template <class Plain>
bool take(ByteView& from, Plain& value) {
    if (from.size() < sizeof value) return false;
    std::memcpy(&value, from.data(), sizeof value);
    from = from.subspan(sizeof value);
    return true;
}

std::uint8_t* append(std::uint8_t* out, const void* octets, std::size_t size) {
    if (size > 0) std::memcpy(out, octets, size);
    return out + size;
}

}  // namespace

std::size_t record_size(std::size_t payload) {
    return (header_bytes + payload + journal_block - 1) / journal_block * journal_block;
}

std::size_t JournalRecord::size() const { return record_size(batches.size()); }

std::optional<JournalRecord> read_record(ByteView bytes, std::uint64_t seed) {
    JournalRecord record;
    ByteView rest = bytes;
    if (!take(rest, record.header) || record.header.mark != record_mark) return std::nullopt;
    if (record.header.payload > rest.size() || record.header.batches == 0) return std::nullopt;
    const std::size_t size = header_bytes + record.header.payload;
    if (checksum_of(bytes.first(size).subspan(sealed_from), seed) != record.header.checksum) return std::nullopt;
    record.batches = rest.first(record.header.payload);
    return record;
}

bool read_batch(ByteView& batches, Batch& batch) {
    BatchHeader header{};
    if (!take(batches, header) || header.journal > batches.size()) return false;
    const ByteView journal = batches.first(header.journal);
    batches = batches.subspan(header.journal);
    if (header.ops > batches.size() / sizeof(OpRecord)) return false;
    batch.clear();
    batch.ops.reserve(header.ops);
    for (std::uint64_t i = 0; i < header.ops; ++i) {
        OpRecord op{};
        take(batches, op);
        if (op.kind > static_cast<std::uint32_t>(TableOp::Kind::erase) || op.table >= table_count ||
            std::uint64_t{op.offset} + op.length > header.values)
            return false;
        batch.ops.push_back({static_cast<TableOp::Kind>(op.kind), static_cast<Table>(op.table), {op.high, op.low},
                             op.offset, op.length});
    }
    if (header.values > batches.size()) return false;
    batch.journal.assign(journal.begin(), journal.end());
    const ByteView values = batches.first(header.values);
    batch.values.assign(values.begin(), values.end());
    batches = batches.subspan(header.values);
    return true;
}

std::size_t encoded_size(const Batch& batch) {
    return sizeof(BatchHeader) + batch.journal.size() + batch.ops.size() * sizeof(OpRecord) + batch.values.size();
}

std::uint8_t* encode_batch(const Batch& batch, std::uint8_t* out) {
    const BatchHeader header{batch.journal.size(), batch.ops.size(), batch.values.size()};
    out = append(out, &header, sizeof header);
    out = append(out, batch.journal.data(), batch.journal.size());
    for (const TableOp& op : batch.ops) {
        const OpRecord encoded{op.key.high, op.key.low, op.offset, op.length, static_cast<std::uint32_t>(op.kind),
                               static_cast<std::uint32_t>(op.table)};
        out = append(out, &encoded, sizeof encoded);
    }
    return append(out, batch.values.data(), batch.values.size());
}

void seal_record(RecordHeader header, std::uint64_t seed, MutableBytes record) {
    const std::size_t size = header_bytes + header.payload;
    SLUICE_CHECK(record.size() == record_size(header.payload));
    header.mark = record_mark;
    std::memcpy(record.data(), &header, sizeof header);
    std::fill(record.begin() + static_cast<std::ptrdiff_t>(size), record.end(), std::uint8_t{0});
    header.checksum = checksum_of(ByteView(record).first(size).subspan(sealed_from), seed);
    std::memcpy(record.data(), &header, sizeof header);
}

}  // namespace sluice::storage
