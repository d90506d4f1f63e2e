#include "engine/history/stretch.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

#include "engine/history/files.hpp"
#include "tests/history/records.hpp"

namespace sluice::history {
namespace {

Record as_record(const OwnedRecord& owned) {
    return {owned.id, owned.at, owned.party, owned.status, owned.event, owned.tail};
}

rc::Gen<std::uint32_t> numbers() {
    return rc::gen::weightedOneOf<std::uint32_t>(
        {{3, rc::gen::just(0u)},
         {3, rc::gen::inRange(1u, 300u)},
         {2, rc::gen::arbitrary<std::uint32_t>()},
         {1, rc::gen::just(std::numeric_limits<std::uint32_t>::max())}});
}

rc::Gen<OwnedRecord> records_at(std::int64_t at) {
    return rc::gen::exec([at] {
        const auto tail = *rc::gen::container<std::vector<std::uint8_t>>(rc::gen::arbitrary<std::uint8_t>());
        return OwnedRecord({*rc::gen::arbitrary<std::uint64_t>(), at, *numbers(), *numbers(),
                            TraceEvent{*rc::gen::inRange<std::uint8_t>(0, trace_events)}, tail});
    });
}

RC_GTEST_PROP(HistoryStretch, RecordsComeBackAsTheyWereNoted, ()) {
    std::vector<std::uint8_t> octets;
    std::vector<OwnedRecord> noted;
    const int stretches = *rc::gen::inRange(0, 4);
    for (int i = 0; i < stretches; ++i) {
        const auto at = *rc::gen::arbitrary<std::int64_t>();
        StretchWriter writer;
        writer.begin(at);
        for (const OwnedRecord& record : *rc::gen::container<std::vector<OwnedRecord>>(records_at(at))) {
            RC_ASSERT(writer.takes(record.at, record.tail.size()));
            add(writer, as_record(record));
            noted.push_back(record);
        }
        RC_ASSERT(writer.records() <= noted.size());
        const ByteView whole = writer.finish();
        octets.insert(octets.end(), whole.begin(), whole.end());
    }
    std::vector<OwnedRecord> read;
    for_each_record(octets, [&](const Record& record) { read.emplace_back(record); });
    RC_ASSERT(read.size() == noted.size());
    for (std::size_t i = 0; i < read.size(); ++i) {
        RC_ASSERT(read[i].id == noted[i].id);
        RC_ASSERT(read[i].at == noted[i].at);
        RC_ASSERT(read[i].event == noted[i].event);
        RC_ASSERT(read[i].party == noted[i].party);
        RC_ASSERT(read[i].status == noted[i].status);
        RC_ASSERT(read[i].tail == noted[i].tail);
    }
}

TEST(HistoryStretch, HasOneTimeAndItsSize) {
    StretchWriter writer;
    EXPECT_FALSE(writer.takes(5, 0));
    writer.begin(5);
    EXPECT_TRUE(writer.takes(5, max_tail));
    EXPECT_FALSE(writer.takes(6, 0));
    const std::vector<std::uint8_t> tail(max_tail, 1);
    add(writer, {UINT64_MAX, 5, UINT32_MAX, UINT32_MAX, TraceEvent::pdu_in, tail});
    EXPECT_TRUE(writer.takes(5, 0));
    EXPECT_FALSE(writer.takes(5, max_tail));
    while (writer.takes(5, 0)) add(writer, {1, 5, UINT32_MAX, 0, TraceEvent::send, {}});
    EXPECT_LE(writer.finish().size(), max_stretch);
    EXPECT_FALSE(writer.takes(5, 0));
    EXPECT_EQ(writer.records(), 0u);
}

TEST(HistoryStretch, WhatMostRecordsAreIsShort) {
    EXPECT_EQ(stretch_of({1, 0, 2, 0, TraceEvent::send, {}}).size(), sizeof(StretchHeader) + 12);
    EXPECT_EQ(stretch_of({1, 0, 2, 0, TraceEvent::response, as_bytes("1234")}).size(), sizeof(StretchHeader) + 18);
}

TEST(HistoryStretch, IsReadAsFarAsItIsThere) {
    const auto whole = stretch_of({7, 9, 300, 0x8000'0000, TraceEvent::response, as_bytes("abc")});
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_FALSE(RecordReader(ByteView(whole).first(size)).next()) << size;
    // Records that reach beyond their stretch are none either.
    for (std::uint32_t size = 0; size < whole.size() - sizeof(StretchHeader); ++size) {
        auto shorter = whole;
        StretchHeader header{9, size, 1};
        std::memcpy(shorter.data(), &header, sizeof header);
        EXPECT_FALSE(RecordReader(ByteView(shorter).first(sizeof header + size)).next()) << size;
    }
}

}  // namespace
}  // namespace sluice::history
