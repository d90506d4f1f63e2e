#include "engine/history/format.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstring>

#include "tests/history/records.hpp"

namespace sluice::history {
namespace {

ReadAt reader_of(const std::vector<std::uint8_t>& octets) {
    return [&octets](std::uint64_t offset, std::uint8_t* to, std::size_t size) {
        if (offset > octets.size() || octets.size() - offset < size) return false;
        if (size > 0) std::memcpy(to, octets.data() + offset, size);
        return true;
    };
}

std::vector<Record> records_of(const Block& block) {
    std::vector<Record> records;
    for_each_record(block.stretches, [&](const Record& record) { records.push_back(record); });
    return records;
}

TEST(HistoryFormat, ABlockComesBackAsItWas) {
    BlockWriter writer;
    const auto tail = addresses("Bank", "447700900123");
    ASSERT_TRUE(writer.add(stretch_of({7, 1000, 3, 4, TraceEvent::accepted, tail})));
    // Another shard's clock was read earlier.
    ASSERT_TRUE(writer.add(stretch_of({8, 400, 0, 0, TraceEvent::done, {}})));
    const auto block = read_block(whole(writer));
    ASSERT_TRUE(block);
    EXPECT_EQ(block->header.first, 400);
    EXPECT_EQ(block->header.last, 1000);
    const auto records = records_of(*block);
    ASSERT_EQ(records.size(), 2u);
    EXPECT_EQ(records[0].id, 7u);
    EXPECT_EQ(records[0].party, 3u);
    EXPECT_EQ(records[0].status, 4u);
    EXPECT_EQ(read_addresses(records[0].tail).source, "Bank");
    EXPECT_EQ(read_addresses(records[0].tail).destination, "447700900123");
    EXPECT_EQ(records[1].at, 400);
    EXPECT_EQ(records[1].event, TraceEvent::done);
}

TEST(HistoryFormat, ABlockIsFullAtItsSize) {
    BlockWriter writer;
    const std::vector<std::uint8_t> tail(max_tail, 7);
    const auto stretch = stretch_of({1, 0, 0, 0, TraceEvent::pdu_in, tail});
    for (std::size_t i = 0; i < block_octets / stretch.size(); ++i) ASSERT_TRUE(writer.add(stretch));
    EXPECT_FALSE(writer.add(stretch));
    const auto block = read_block(whole(writer));
    ASSERT_TRUE(block);
    EXPECT_LE(block->size(), max_block);
    EXPECT_EQ(block->header.records, block_octets / stretch.size());
    EXPECT_EQ(records_of(*block).back().tail.size(), max_tail);
    writer.clear();
    EXPECT_TRUE(writer.add(stretch));
}

TEST(HistoryFormat, EveryFlippedBitIsSeen) {
    BlockWriter writer;
    writer.add(stretch_of({7, 1000, 3, 4, TraceEvent::send, {}}));
    const ByteView octets = whole(writer).first(writer.finish().size());
    for (std::size_t bit = 0; bit < octets.size() * 8; ++bit) {
        std::vector<std::uint8_t> damaged(octets.begin(), octets.end());
        damaged[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
        EXPECT_FALSE(read_block(damaged)) << bit;
    }
    for (std::size_t size = 0; size < octets.size(); ++size) EXPECT_FALSE(read_block(octets.first(size))) << size;
}

TEST(HistoryFormat, EveryEventHasAName) {
    for (std::size_t event = 0; event < trace_events; ++event)
        EXPECT_FALSE(to_string(TraceEvent{static_cast<std::uint8_t>(event)}).empty());
}

TEST(HistoryFormat, TailsOfAnyOctetsAreReadWithinTheirBounds) {
    EXPECT_EQ(read_addresses({}).source, "");
    const std::vector<std::uint8_t> too_long{9, 'a'};
    EXPECT_EQ(read_addresses(too_long).destination, "");
    EXPECT_EQ(read_receipt_facts(too_long).done_at, 0);
    EXPECT_EQ(read_receipt_pdu(too_long).message_id, "");
    EXPECT_TRUE(read_receipt_pdu({}).pdu.empty());
    std::vector<std::uint8_t> error_too_long(9, 0);
    error_too_long[8] = 20;
    error_too_long.push_back('7');
    EXPECT_EQ(read_receipt_facts(error_too_long).error, "7");
    EXPECT_EQ(read_receipt_facts(error_too_long).message_id, "");
}

RC_GTEST_PROP(HistoryFormat, AnIndexFindsEveryBlockOfEveryKey, ()) {
    const auto ids = *rc::gen::container<std::vector<std::vector<std::uint8_t>>>(
        rc::gen::nonEmpty(rc::gen::container<std::vector<std::uint8_t>>(rc::gen::arbitrary<std::uint8_t>())));
    Index index;
    for (std::size_t i = 0; i < ids.size(); ++i) {
        BlockWriter writer;
        for (const std::uint8_t id : ids[i]) writer.add(stretch_of({(id + 1u) << 8, 0, 0, 0, TraceEvent::send, {}}));
        index.add(*read_block(whole(writer)), static_cast<std::uint32_t>(1000 * i));
    }
    if (ids.empty()) index.first = index.last = 0;
    const auto octets = whole(index);
    const auto header = read_index_header(octets.size(), reader_of(octets));
    RC_ASSERT(header.has_value());
    RC_ASSERT(block_offsets(*header, reader_of(octets)).size() == ids.size());
    for (unsigned id = 0; id < 256; ++id) {
        std::vector<std::uint32_t> wanted;
        for (std::size_t i = 0; i < ids.size(); ++i)
            if (std::ranges::count(ids[i], id) > 0) wanted.push_back(static_cast<std::uint32_t>(1000 * i));
        RC_ASSERT(look_up(*header, key_of_message((id + 1u) << 8), reader_of(octets)) == wanted);
    }
}

TEST(HistoryFormat, ALookUpReadsAFewPagesOfALargeIndex) {
    Index index;
    index.first = index.last = 0;
    constexpr std::uint32_t blocks = 1000, ids = 300;
    for (std::uint32_t block = 0; block < blocks; ++block) {
        index.offsets.push_back(block * 100);
        for (std::uint32_t i = 0; i < ids; ++i) index.entries.push_back({key_of_message(block * ids + i), block});
    }
    const auto octets = whole(index);
    std::size_t read = 0;
    const ReadAt counting = [&](std::uint64_t offset, std::uint8_t* to, std::size_t size) {
        read += size;
        return reader_of(octets)(offset, to, size);
    };
    const auto header = read_index_header(octets.size(), counting);
    ASSERT_TRUE(header);
    for (std::uint32_t id = 0; id < blocks * ids; id += 997) {
        const auto found = look_up(*header, key_of_message(id), counting);
        ASSERT_TRUE(std::ranges::count(found, id / ids * 100) == 1) << id;
    }
    EXPECT_LT(read / (blocks * ids / 997), 20'000u);
    EXPECT_TRUE(look_up(*header, key_of_message(blocks * ids + 5), counting).empty());
}

}  // namespace
}  // namespace sluice::history
