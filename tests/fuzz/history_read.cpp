// Any octets as a segment of the history and as its index: nothing is read beyond, and what a block holds is what a
// writer makes of it again.

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
    const Block block{{}, octets};
    BlockWriter writer;
    std::size_t at = 0;
    while (const auto record = next_record(block, at)) {
        read_addresses(record->tail);
        read_receipt_facts(record->tail);
        read_receipt_pdu(record->tail);
        if (!writer.add(*record)) break;
    }
    if (!writer.empty()) SLUICE_CHECK(read_block(writer.finish().octets()).has_value());

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
