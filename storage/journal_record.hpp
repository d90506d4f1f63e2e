#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "storage/store.hpp"

/// How batches lie in a journal file: a record is what one write brings to the disk, one batch or a few, in whole
/// blocks. Integers in native order: a store stays on its machine.
namespace sluice::storage {

/// What O_DIRECT asks of offsets, lengths and addresses; records begin at multiples of it.
inline constexpr std::size_t journal_block = 4096;

/// Stands at the beginning of a record's first block.
struct RecordHeader {
    std::uint64_t mark = 0;            ///< the same in every record
    std::uint64_t checksum = 0;        ///< xxh3 of all that follows, header and batches, with the store's seed
    std::uint64_t sequence = 0;        ///< one more than in the record before, never used again
    std::uint64_t first_batch = 0;     ///< number of the first batch
    std::uint64_t release_before = 0;  ///< the highest that any batch so far has asked for
    std::uint64_t payload = 0;         ///< octets of batches after the header
    std::uint64_t batches = 0;         ///< how many
};

struct JournalRecord {
    RecordHeader header;
    ByteView batches;

    std::uint64_t last_batch() const { return header.first_batch + header.batches - 1; }
    std::size_t size() const;  ///< in the file: whole blocks
};

/// The record that begins where `bytes` do. None when there is no whole one that was written with this seed: what
/// somebody else wrote, message texts among it, is not taken for a record.
std::optional<JournalRecord> read_record(ByteView bytes, std::uint64_t seed);

/// Takes the next batch off a record's batches; its number is the caller's to count, loads are not written. False when
/// it is damaged or nothing is left.
bool read_batch(ByteView& batches, Batch& batch);

/// Octets that a batch takes in a record.
std::size_t encoded_size(const Batch& batch);
/// Octets that a record with so many octets of batches takes in the file.
std::size_t record_size(std::size_t payload);

/// Writes a batch at `out`, where there is room for encoded_size(); returns the end of it.
std::uint8_t* encode_batch(const Batch& batch, std::uint8_t* out);

/// Fills in mark and checksum and writes the header at the beginning of `record`, which holds the batches behind the
/// room for it and is record_size() long; zeroes what is left of the last block.
void seal_record(RecordHeader header, std::uint64_t seed, MutableBytes record);

}  // namespace sluice::storage
