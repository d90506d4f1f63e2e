#include "storage/journal_record.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cstring>

#include "engine/base/check.hpp"

namespace sluice::storage {

namespace {

constexpr std::uint64_t record_mark = 0x324C4E4A43554C53;  // "SLUCJNL2"
constexpr std::size_t header_bytes = sizeof(RecordHeader);

struct BatchHeader {
    std::uint64_t journal;
    std::uint64_t ops;
    std::uint64_t values;
};
static_assert(header_bytes + sizeof(BatchHeader) == SegmentOctets::front);

struct OpRecord {
    std::uint64_t high;
    std::uint64_t low;
    std::uint32_t offset;
    std::uint32_t length;
    std::uint32_t kind;
    std::uint32_t table;
};

std::uint64_t checksum_of(ByteView octets, std::uint64_t seed) {
    return XXH3_64bits_withSeed(octets.data(), octets.size(), seed);
}

std::uint64_t checksum_of(const RecordHeader& header, std::uint64_t seed) {
    constexpr std::size_t from = offsetof(RecordHeader, sequence);
    return checksum_of(ByteView(reinterpret_cast<const std::uint8_t*>(&header) + from, header_bytes - from), seed);
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

void JournalPiece::encode(Batch& batch, std::uint64_t seed) {
    const BatchHeader header{batch.journal.size(), batch.ops.size(), batch.values.size()};
    const std::size_t behind = header.ops * sizeof(OpRecord) + header.values;
    number_ = batch.number;
    release_before_ = batch.release_before;
    journal_octets_ = header.journal;
    described_.size = SegmentOctets::front + header.journal + behind;

    const DirectBuffer& memory = batch.journal.with_room(behind);
    octets_ = memory.data();
    std::memset(octets_, 0, header_bytes);  // what was there may be a header
    append(octets_ + header_bytes, &header, sizeof header);
    std::uint8_t* out = octets_ + SegmentOctets::front + header.journal;
    for (const TableOp& op : batch.ops) {
        const OpRecord encoded{op.key.high, op.key.low, op.offset, op.length, static_cast<std::uint32_t>(op.kind),
                               static_cast<std::uint32_t>(op.table)};
        out = append(out, &encoded, sizeof encoded);
    }
    append(out, batch.values.data(), header.values);
    memory.filled(described_.size);
    described_.checksum = checksum_of(ByteView(octets_, described_.size).subspan(header_bytes), seed);
}

void JournalPiece::put_header(const RecordHeader& header) { std::memcpy(octets_, &header, sizeof header); }

void seal_record(RecordHeader header, std::uint64_t seed, std::span<JournalPiece* const> pieces) {
    SLUICE_CHECK(!pieces.empty() && pieces.size() <= header.pieces.size());
    header.mark = record_mark;
    header.batches = pieces.size();
    for (std::size_t i = 0; i < pieces.size(); ++i) header.pieces[i] = pieces[i]->described();
    header.checksum = checksum_of(header, seed);
    pieces.front()->put_header(header);
}

std::optional<JournalRecord> read_record(ByteView bytes, std::uint64_t seed) {
    JournalRecord record;
    ByteView rest = bytes;
    if (!take(rest, record.header) || record.header.mark != record_mark) return std::nullopt;
    const std::uint64_t batches = record.header.batches;
    if (batches == 0 || batches > record.pieces.size() ||
        checksum_of(record.header, seed) != record.header.checksum)
        return std::nullopt;
    for (std::size_t i = 0; i < batches; ++i) {
        const auto [size, checksum] = record.header.pieces[i];
        rest = bytes.subspan(std::min(record.size, bytes.size()));
        if (size < header_bytes || size > rest.size()) return std::nullopt;
        record.pieces[i] = rest.first(size).subspan(header_bytes);
        if (checksum_of(record.pieces[i], seed) != checksum) return std::nullopt;
        record.size += whole_disk_blocks(size);
    }
    return record;
}

bool read_batch(ByteView piece, Batch& batch) {
    BatchHeader header{};
    if (!take(piece, header) || header.journal > piece.size()) return false;
    const ByteView journal = piece.first(header.journal);
    piece = piece.subspan(header.journal);
    if (header.ops > piece.size() / sizeof(OpRecord)) return false;
    batch.clear();
    batch.ops.reserve(header.ops);
    for (std::uint64_t i = 0; i < header.ops; ++i) {
        OpRecord op{};
        take(piece, op);
        if (op.kind > static_cast<std::uint32_t>(TableOp::Kind::erase) || op.table >= table_count ||
            std::uint64_t{op.offset} + op.length > header.values)
            return false;
        batch.ops.push_back({static_cast<TableOp::Kind>(op.kind), static_cast<Table>(op.table), {op.high, op.low},
                             op.offset, op.length});
    }
    if (header.values != piece.size()) return false;
    batch.journal.append(journal);
    batch.values.assign(piece.begin(), piece.end());
    return true;
}

}  // namespace sluice::storage
