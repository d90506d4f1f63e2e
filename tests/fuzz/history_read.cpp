// Any octets as a segment of the history and as its index: nothing is read beyond, and what a block holds is what a
// writer makes of it again.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "engine/base/check.hpp"
#include "engine/history/format.hpp"

using namespace sluice;
using namespace sluice::history;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView octets{data, size};
    if (const auto block = read_block(octets)) {
        Index index;
        index.add(*block, 0);
    }
    // The checksum keeps the fuzzer out: the records are read without it too.
    RecordReader reader(octets);
    StretchWriter stretch;
    stretch.begin(0);
    while (const auto record = reader.next()) {
        read_addresses(record->tail);
        read_receipt_facts(record->tail);
        read_receipt_pdu(record->tail);
        if (record->tail.size() > max_tail || !stretch.takes(0, record->tail.size())) continue;
        stretch.add(record->id, record->event, record->party, record->status, record->tail.size(),
                    [&](std::uint8_t* to) { std::ranges::copy(record->tail, to); });
    }
    if (const std::uint32_t records = stretch.records(); records > 0) {
        BlockWriter writer;
        SLUICE_CHECK(writer.add(stretch.finish()));
        writer.finish();
        const auto block = read_block(writer.on_disk());
        SLUICE_CHECK(block.has_value());
        std::uint32_t read = 0;
        RecordReader again(block->stretches);
        while (again.next()) ++read;
        SLUICE_CHECK(read == records);
    }

    const ReadAt read = [&](std::uint64_t offset, std::uint8_t* to, std::size_t wanted) {
        if (offset > size || size - offset < wanted) return false;
        if (wanted > 0) std::memcpy(to, data + offset, wanted);
        return true;
    };
    if (const auto header = read_index_header(size, read)) {
        block_offsets(*header, read);
        for (const std::uint32_t key : {0u, 1u, 0x8000'0000u, 0xFFFF'FFFFu}) look_up(*header, key, read);
    }
    return 0;
}
