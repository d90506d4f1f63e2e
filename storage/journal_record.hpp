#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "storage/store.hpp"

/// How batches lie in a journal file: a record is what one write brings to the disk, one batch or a few. Each batch is
/// a *piece* of whole blocks, made by the thread that has the batch, so that who writes them need not touch their
/// octets: these would come from another core's cache. Integers in native order: a store stays on its machine.
namespace sluice::storage {

/// Stands at the beginning of a record's first piece; the others have zeroes there.
struct RecordHeader {
    struct Piece {
        std::uint64_t size = 0;      ///< octets, with the room for this header, without what fills the last block
        std::uint64_t checksum = 0;  ///< xxh3 of all behind that room, with the store's seed
    };
    std::uint64_t mark = 0;            ///< the same in every record
    std::uint64_t checksum = 0;        ///< xxh3 of all that follows in the header, with the store's seed
    std::uint64_t sequence = 0;        ///< one more than in the record before, never used again
    std::uint64_t first_batch = 0;     ///< number of the first batch
    std::uint64_t release_before = 0;  ///< the highest that any batch so far has asked for
    std::uint64_t batches = 0;         ///< how many, and as many pieces
    std::array<Piece, Store::max_in_flight> pieces{};
};
static_assert(sizeof(RecordHeader) == 112);

/// One batch as a record has it, in the memory of the batch's segment.
class JournalPiece {
public:
    /// Good while the batch is not changed; it may be moved.
    void encode(Batch& batch, std::uint64_t seed);

    std::uint64_t number() const { return number_; }
    std::uint64_t release_before() const { return release_before_; }
    std::size_t journal_octets() const { return journal_octets_; }  ///< of the batch's segment
    RecordHeader::Piece described() const { return described_; }
    std::size_t size() const { return whole_disk_blocks(described_.size); }  ///< on the disk
    /// Whole blocks.
    ByteView blocks() const { return {octets_, size()}; }
    /// Into the room for it.
    void put_header(const RecordHeader& header);

private:
    std::uint8_t* octets_ = nullptr;
    std::uint64_t number_ = 0, release_before_ = 0;
    std::size_t journal_octets_ = 0;
    RecordHeader::Piece described_;
};

/// Makes the pieces one record, by filling in the header's mark, batches, pieces and checksum and putting it into the
/// first. At most `max_in_flight` of them, with consecutive batches.
void seal_record(RecordHeader header, std::uint64_t seed, std::span<JournalPiece* const> pieces);

struct JournalRecord {
    RecordHeader header;
    std::array<ByteView, Store::max_in_flight> pieces;  ///< of each the batch; as many as the header says
    std::size_t size = 0;                               ///< in the file: whole blocks

    std::uint64_t last_batch() const { return header.first_batch + header.batches - 1; }
    std::span<const ByteView> batches() const { return std::span(pieces).first(header.batches); }
};

/// The record that begins where `bytes` do. None when there is no whole one that was written with this seed: what
/// somebody else wrote, message texts among it, is not taken for a record.
std::optional<JournalRecord> read_record(ByteView bytes, std::uint64_t seed);

/// Reads the batch of a piece; its number is the caller's to count, loads are not written. False when it is damaged.
bool read_batch(ByteView piece, Batch& batch);

}  // namespace sluice::storage
