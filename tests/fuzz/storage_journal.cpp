// A journal file's octets: whatever they are, reading ends; what is read as a batch can be written and read again; what
// is sealed is read, and not with another seed.
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "storage/journal_record.hpp"

using namespace sluice;
using namespace sluice::storage;

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

void read_batches(ByteView bytes) {
    Batch batch, again;
    while (read_batch(bytes, batch)) {
        for (const TableOp& op : batch.ops) {
            require(static_cast<std::size_t>(op.table) < table_count);
            require(op.offset <= batch.values.size() && op.length <= batch.values.size() - op.offset);
        }
        std::vector<std::uint8_t> octets(encoded_size(batch));
        require(encode_batch(batch, octets.data()) == octets.data() + octets.size());
        ByteView rest = octets;
        require(read_batch(rest, again) && rest.empty());
        require(again.journal == batch.journal && again.values == batch.values && again.ops.size() == batch.ops.size());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView bytes(data, size);
    if (const auto record = read_record(bytes, 42)) read_batches(record->batches);
    read_batches(bytes);

    RecordHeader header{.sequence = 1, .first_batch = 1, .payload = size, .batches = 1};
    std::vector<std::uint8_t> sealed(record_size(size));
    if (size > 0) std::memcpy(sealed.data() + sizeof header, data, size);
    seal_record(header, 42, sealed);
    const auto record = read_record(sealed, 42);
    require(record && record->batches.size() == size && record->size() == sealed.size());
    require(!read_record(sealed, 43));
    read_batches(record->batches);
    return 0;
}
