// A journal file's octets: whatever they are, reading ends; what is read as a batch can be written and read again; what
// is sealed is read, and not with another seed.
#include <cstdint>
#include <cstdlib>

#include "storage/journal_record.hpp"

using namespace sluice;
using namespace sluice::storage;

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

/// As one record, read again.
void write_and_read(Batch& batch) {
    JournalPiece piece;
    piece.encode(batch, 42);
    JournalPiece* pieces[] = {&piece};
    seal_record({.sequence = 1, .first_batch = 1}, 42, pieces);
    const auto record = read_record(piece.blocks(), 42);
    require(record && record->batches().size() == 1 && record->size == piece.size());
    require(!read_record(piece.blocks(), 43));
    Batch again;
    require(read_batch(record->batches()[0], again));
    require(as_text(again.journal) == as_text(batch.journal) && again.values == batch.values);
    require(again.ops.size() == batch.ops.size());
}

void read(ByteView piece) {
    Batch batch;
    if (!read_batch(piece, batch)) return;
    for (const TableOp& op : batch.ops) {
        require(static_cast<std::size_t>(op.table) < table_count);
        require(op.offset <= batch.values.size() && op.length <= batch.values.size() - op.offset);
    }
    write_and_read(batch);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView bytes(data, size);
    if (const auto record = read_record(bytes, 42))
        for (const ByteView piece : record->batches()) read(piece);
    read(bytes);

    Batch batch;
    batch.journal.append(bytes);
    write_and_read(batch);
    return 0;
}
