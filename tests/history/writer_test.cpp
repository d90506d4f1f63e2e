#include "engine/history/writer.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "tests/history/records.hpp"
#include "tests/storage/temporary_directory.hpp"

namespace sluice::history {
namespace {

struct HistoryWriter : testing::Test {
    std::unique_ptr<History> start(std::size_t recorders = 1, std::size_t ring = 1u << 20) {
        History::Options options;
        options.files.directory = directory / "history";
        options.recorders = recorders;
        options.ring_octets = ring;
        options.clock = &clock;
        options.report = [this](char, std::string text) {
            const std::lock_guard lock(mutex);
            told += text + "\n";
        };
        auto history = History::start(std::move(options));
        EXPECT_TRUE(history.has_value());
        return std::move(*history);
    }

    storage::TemporaryDirectory directory;
    SystemClock clock;
    std::mutex mutex;
    std::string told;
};

TEST_F(HistoryWriter, WhatShardsNoteIsReadableAfterAFlush) {
    const auto history = start(2);
    std::vector<std::thread> shards;
    const std::int64_t now = micros(clock.wall());
    for (std::size_t shard = 0; shard < 2; ++shard)
        shards.emplace_back([&, shard] {
            Recorder& recorder = history->recorder(shard);
            for (std::uint64_t i = 0; i < 5000; ++i) {
                recorder.note(2 * i + shard + 1, now, TraceEvent::accepted, 1, 2, as_bytes("\x01" "a447700900123"));
                recorder.note(2 * i + shard + 1, now, TraceEvent::done, 1, 0);
                if (i % 100 == 99) recorder.publish();
            }
        });
    for (std::thread& shard : shards) shard.join();
    history->flush();
    EXPECT_EQ(history->lost(), 0u);
    for (std::uint64_t id = 1; id <= 10'000; id += 333) {
        const auto found = history->files().find(id);
        ASSERT_EQ(found.size(), 2u) << id;
        EXPECT_EQ(found[1].event, TraceEvent::done);
        EXPECT_EQ(read_addresses(found[0].tail).destination, "447700900123");
    }
}

TEST_F(HistoryWriter, AnEndWritesWhatWasNoted) {
    {
        const auto history = start();
        history->recorder(0).note(7, micros(clock.wall()), TraceEvent::done, 0, 0);
        history->recorder(0).publish();
    }
    EXPECT_EQ(start()->files().find(7).size(), 1u);
}

TEST(HistoryRecorder, AFullRingDropsAndCountsAndNeverWaits) {
    Recorder recorder(Recorder::least_ring);
    constexpr std::int64_t noted = Recorder::least_ring / 8;
    for (int i = 0; i < noted; ++i) recorder.note(1, i, TraceEvent::send, 0, 0);  // a stretch each
    recorder.publish();
    const std::uint64_t dropped = recorder.dropped();
    EXPECT_GT(dropped, 0u);
    std::int64_t next = 0;
    const auto in_order = [&](ByteView stretch) {
        for_each_record(stretch, [&](const Record& record) { EXPECT_EQ(record.at, next++); });
    };
    recorder.read(in_order, SIZE_MAX);
    EXPECT_EQ(static_cast<std::uint64_t>(next), noted - dropped);
    recorder.note(1, next, TraceEvent::send, 0, 0);
    recorder.publish();
    recorder.read(in_order, SIZE_MAX);
    EXPECT_EQ(static_cast<std::uint64_t>(next), noted - dropped + 1);
    EXPECT_EQ(recorder.dropped(), dropped);
}

TEST(HistoryRecorder, WhatATurnNotesIsOneStretchAndATailIsCutToItsBound) {
    Recorder recorder(Recorder::least_ring);
    const std::vector<std::uint8_t> tail(max_tail + 1, 7);
    for (int i = 0; i < 3; ++i) recorder.note(1, 5, TraceEvent::send, 2, 0);
    recorder.publish();
    recorder.note(1, 6, TraceEvent::pdu_in, 2, 0, tail);
    recorder.note(1, 6, TraceEvent::pdu_out, 2, 0, tail);
    recorder.publish();
    std::vector<std::vector<std::size_t>> stretches;
    recorder.read([&](ByteView stretch) {
        auto& tails = stretches.emplace_back();
        for_each_record(stretch, [&](const Record& record) { tails.push_back(record.tail.size()); });
    }, SIZE_MAX);
    EXPECT_EQ(stretches, (std::vector<std::vector<std::size_t>>{{0, 0, 0}, {max_tail}, {max_tail}}));
}

TEST(HistoryRecorder, WakesAReaderThatSleepsAndNoOther) {
    int woken = 0;
    Recorder recorder(Recorder::least_ring, [&] { ++woken; });
    recorder.note(1, 0, TraceEvent::send, 0, 0);
    recorder.publish();
    EXPECT_EQ(woken, 0);
    recorder.reader_sleeps = true;
    recorder.publish();  // nothing new
    EXPECT_EQ(woken, 0);
    recorder.note(1, 0, TraceEvent::send, 0, 0);
    recorder.publish();
    EXPECT_EQ(woken, 1);
}

}  // namespace
}  // namespace sluice::history
