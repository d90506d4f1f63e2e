#include "engine/history/files.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "tests/history/records.hpp"
#include "tests/storage/temporary_directory.hpp"

namespace sluice::history {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;
using std::chrono::minutes;

struct HistoryFiles : testing::Test {
    std::unique_ptr<Files> open(seconds keep = hours(24), std::uint64_t max_octets = 1u << 30) {
        auto files = Files::open({directory / "history", keep, max_octets});
        EXPECT_TRUE(files.has_value());
        (*files)->recover();
        return std::move(*files);
    }
    std::size_t on_disk() const {
        std::size_t count = 0;
        for ([[maybe_unused]] const auto& file : fs::directory_iterator(directory / "history")) ++count;
        return count;
    }
    static void life(Files& files, std::uint64_t id, WallTime at) {
        const auto tail = addresses("Bank", "4477009" + std::to_string(id));
        const std::string provider_id = "p" + std::to_string(id);
        for (const Record& record : {
                 Record{id, micros(at), 1, 2, TraceEvent::accepted, tail},
                 Record{id, micros(at) + 1, 2, 0, TraceEvent::send, {}},
                 Record{id, micros(at) + 2, 2, 0, TraceEvent::response, as_bytes(provider_id)},
                 Record{id, micros(at) + 3, 1, 0, TraceEvent::done, {}},
             })
            files.append(stretch_of(record));
    }

    storage::TemporaryDirectory directory;
};

TEST_F(HistoryFiles, WhatIsFlushedIsFoundByIdInOrder) {
    const auto files = open();
    for (std::uint64_t id = 1; id <= 100; ++id) life(*files, id, noon);
    EXPECT_TRUE(files->find(7).empty());
    files->flush();
    const auto found = files->find(7);
    ASSERT_EQ(found.size(), 4u);
    EXPECT_EQ(found[0].event, TraceEvent::accepted);
    EXPECT_EQ(read_addresses(found[0].tail).destination, "44770097");
    EXPECT_EQ(found[3].event, TraceEvent::done);
    EXPECT_TRUE(files->find(101).empty());
    EXPECT_EQ(files->stats().since, micros(noon));
}

TEST_F(HistoryFiles, IsFoundByTheProvidersIdAndTheDestination) {
    const auto files = open();
    for (std::uint64_t id = 1; id <= 100; ++id) life(*files, id, noon);
    files->finish();
    const auto text = as_bytes("p42");
    const auto by_provider = files->find(key_hash(Key::provider_id, text), [&](const Record& record) {
        return record.event == TraceEvent::response && as_text(record.tail) == "p42";
    });
    ASSERT_EQ(by_provider.size(), 1u);
    EXPECT_EQ(by_provider[0].id, 42u);
    const auto by_destination =
        files->find(key_hash(Key::destination, as_bytes("447700943")), [](const Record& record) {
            return record.event == TraceEvent::accepted && read_addresses(record.tail).destination == "447700943";
        });
    ASSERT_EQ(by_destination.size(), 1u);
    EXPECT_EQ(by_destination[0].id, 43u);
}

TEST_F(HistoryFiles, SurvivesARestartAndACrash) {
    {
        const auto files = open();
        life(*files, 1, noon);
        files->finish();
        life(*files, 2, noon);
        files->flush();
        life(*files, 3, noon);  // lost: nobody wrote it
    }
    const auto files = open();
    EXPECT_EQ(files->find(1).size(), 4u);
    EXPECT_EQ(files->find(2).size(), 4u);
    EXPECT_TRUE(files->find(3).empty());
    life(*files, 2, noon);
    files->flush();
    EXPECT_EQ(files->find(2).size(), 8u);
    EXPECT_EQ(files->stats().segments, 3u);
}

TEST_F(HistoryFiles, ADamagedEndIsCutOffAndTold) {
    {
        const auto files = open();
        life(*files, 1, noon);
        files->flush();
    }
    const fs::path segment = directory / "history/00000001.segment";
    const auto whole = fs::file_size(segment);
    std::ofstream(segment, std::ios::app | std::ios::binary) << std::string(100, 'x');
    {
        const auto files = Files::open({directory / "history", hours(24), 1u << 30});
        ASSERT_TRUE(files.has_value());
        const std::vector<std::string> told = (*files)->recover();
        ASSERT_EQ(told.size(), 1u);
        EXPECT_NE(told[0].find("the last 100 octets of "), std::string::npos) << told[0];
        EXPECT_EQ((*files)->find(1).size(), 4u);
        EXPECT_EQ(fs::file_size(segment), whole);
    }
    const auto again = Files::open({directory / "history", hours(24), 1u << 30});
    EXPECT_TRUE((*again)->recover().empty());
    EXPECT_EQ((*again)->find(1).size(), 4u);
}

TEST_F(HistoryFiles, AnEndCutAnywhereLeavesWhatWasWholeBefore) {
    {
        const auto files = open();
        for (std::uint64_t id : {1, 2}) {
            life(*files, id, noon);
            files->flush();
        }
    }
    // Each block takes a block of the disk, of which it fills less than 200 octets; the rest may be missing.
    const fs::path segment = directory / "history/00000001.segment";
    ASSERT_EQ(fs::file_size(segment), 2 * storage::disk_block);
    bool second_was_whole = true;
    for (std::uint64_t size = storage::disk_block + 200; size-- > storage::disk_block;) {
        fs::resize_file(segment, size);
        const auto files = open();
        EXPECT_EQ(files->find(1).size(), 4u) << size;
        const bool second = !files->find(2).empty();
        EXPECT_LE(second, second_was_whole) << size;
        second_was_whole = second;
        fs::remove(directory / "history/00000001.index");
    }
    EXPECT_FALSE(second_was_whole);
    fs::resize_file(segment, 50);
    EXPECT_TRUE(open()->find(1).empty());
    EXPECT_EQ(on_disk(), 0u);
}

TEST_F(HistoryFiles, ATornBlockEndsItsSegmentAndNothingElse) {
    {
        const auto files = open();
        life(*files, 1, noon);
        files->flush();
        life(*files, 2, noon);
        files->flush();
    }
    const fs::path segment = directory / "history/00000001.segment";
    fs::resize_file(segment, storage::disk_block + 100);
    {
        const auto files = open();
        EXPECT_EQ(files->find(1).size(), 4u);
        EXPECT_TRUE(files->find(2).empty());
    }
    // An index that is cut short is made anew.
    const fs::path index = directory / "history/00000001.index";
    fs::resize_file(index, fs::file_size(index) - 1);
    EXPECT_EQ(open()->find(1).size(), 4u);
    // Without a whole block there is nothing to keep.
    fs::remove(index);
    fs::resize_file(segment, 10);
    EXPECT_EQ(open()->stats().segments, 0u);
    EXPECT_EQ(on_disk(), 0u);
}

TEST_F(HistoryFiles, WhatABlockHasUnderAKeyTwiceIsFoundOnce) {
    const auto files = open();
    const auto tail = addresses("Bank", "447700900123");
    for (std::uint64_t id = 1; id <= 2; ++id)
        files->append(stretch_of({id << 8, micros(noon), 1, 2, TraceEvent::accepted, tail}));
    const auto find = [&] {
        return files->find(key_hash(Key::destination, as_bytes(std::string_view("447700900123"))),
                           [](const Record&) { return true; });
    };
    files->flush();
    EXPECT_EQ(find().size(), 2u);
    files->finish();
    EXPECT_EQ(find().size(), 2u);
}

TEST_F(HistoryFiles, AnIndexLongerThanItsBufferFindsEverything) {
    const auto files = open();
    constexpr std::uint64_t lives = 15'000;  // three entries of eight octets each
    for (std::uint64_t id = 1; id <= lives; ++id) life(*files, id << 8, noon);
    files->finish();
    EXPECT_GT(fs::file_size(directory / "history/00000001.index"), 256u * 1024);
    for (std::uint64_t id = 1; id <= lives; id += 101) {
        ASSERT_EQ(files->find(id << 8).size(), 4u) << id;
        const std::string provider_id = "p" + std::to_string(id << 8);
        ASSERT_FALSE(files->find(key_hash(Key::provider_id, as_bytes(provider_id)), [&](const Record& record) {
            return as_text(record.tail) == provider_id;
        }).empty()) << id;
    }
    EXPECT_TRUE(files->find((lives + 1) << 8).empty());
}

TEST_F(HistoryFiles, AnIndexOfAnotherFormatIsMadeAnew) {
    {
        const auto files = open();
        life(*files, 1, noon);
        files->finish();
    }
    const fs::path index = directory / "history/00000001.index";
    std::fstream(index, std::ios::in | std::ios::out | std::ios::binary) << "1ulsidx2";
    EXPECT_EQ(open()->find(1).size(), 4u);
}

TEST_F(HistoryFiles, WhatIsTooOldIsRemovedWhileItRuns) {
    const auto files = open(hours(16));
    WallTime now = noon;
    for (std::uint64_t id = 1; id <= 40; ++id, now += hours(1)) {
        life(*files, id, now);
        files->flush();
        files->maintain(now);
    }
    now -= hours(1);
    EXPECT_TRUE(files->find(1).empty());
    EXPECT_TRUE(files->find(22).empty());   // 18 h ago
    EXPECT_EQ(files->find(25).size(), 4u);  // 15 h ago
    EXPECT_EQ(files->find(40).size(), 4u);
    EXPECT_GE(files->stats().since, micros(now - hours(17)));
    EXPECT_LE(on_disk(), 36u);
    // Time passes and nothing happens: it goes all the same.
    files->maintain(now + hours(17));
    files->maintain(now + hours(17));
    EXPECT_EQ(files->stats().segments, 0u);
    EXPECT_EQ(on_disk(), 0u);
}

TEST_F(HistoryFiles, AShorterTimeIsAppliedAtOnce) {
    const auto files = open(hours(16));
    life(*files, 1, noon);
    files->finish();
    files->maintain(noon + hours(2));
    EXPECT_EQ(files->find(1).size(), 4u);
    files->set_retention(hours(1), 1u << 30);
    files->maintain(noon + hours(2));
    EXPECT_TRUE(files->find(1).empty());
}

TEST_F(HistoryFiles, NeverTakesMoreThanItMayAndDropsTheOldest) {
    constexpr std::uint64_t most = 2u << 20;
    std::int64_t since = 0;
    const auto files = open(hours(24), most);
    for (std::uint64_t id = 1; id <= 60'000; ++id) {
        life(*files, id, noon + microseconds(id * 10));
        if (id % 100 != 0) continue;
        ASSERT_LE(files->stats().octets, most) << id;
        ASSERT_GE(files->stats().since, since);  // what goes is the oldest
        since = files->stats().since;
    }
    files->maintain(noon);
    files->flush();
    std::uintmax_t sum = 0;
    for (const auto& file : fs::directory_iterator(directory / "history")) sum += file.file_size();
    EXPECT_EQ(sum, files->stats().octets);
    EXPECT_LE(sum, most);
    EXPECT_GE(sum, most / 2);
    // What is there has no gaps: some are gone, all after them are there.
    EXPECT_TRUE(files->find(1).empty());
    const auto oldest = static_cast<std::uint64_t>((files->stats().since - micros(noon)) / 10);
    for (std::uint64_t id = oldest + 1; id <= 60'000; id += 100) ASSERT_EQ(files->find(id).size(), 4u) << id;
    EXPECT_EQ(files->find(60'000).size(), 4u);
}

TEST_F(HistoryFiles, IsReadBackwardsWithinARangeAndABudget) {
    const auto files = open();
    for (std::uint64_t id = 1; id <= 10'000; ++id) life(*files, id, noon + milliseconds(id));
    files->finish();
    for (std::uint64_t id = 10'001; id <= 10'100; ++id) life(*files, id, noon + milliseconds(id));
    files->flush();

    std::uint64_t last = UINT64_MAX;
    std::size_t count = 0;
    const auto down = [&](const Record& record) {
        EXPECT_LE(record.id, last);
        last = record.id;
        ++count;
        return true;
    };
    auto scan = files->scan_back(noon, noon + hours(1), UINT64_MAX, down);
    EXPECT_TRUE(scan.all);
    EXPECT_EQ(count, 4 * 10'100u);
    EXPECT_EQ(scan.reached, micros(noon));

    count = 0;
    last = UINT64_MAX;
    scan = files->scan_back(noon + milliseconds(501), noon + milliseconds(600), UINT64_MAX, down);
    EXPECT_EQ(count, 4 * 99 + 1u);

    count = 0;
    last = UINT64_MAX;
    scan = files->scan_back(noon, noon + hours(1), 200'000, down);
    EXPECT_FALSE(scan.all);
    EXPECT_GT(count, 1000u);
    EXPECT_LT(count, 20'000u);
    EXPECT_NEAR(static_cast<double>(scan.reached), static_cast<double>(micros(noon + milliseconds(last))), 1000);

    count = 0;
    files->scan_back(noon, noon + hours(1), UINT64_MAX, [&](const Record&) { return ++count < 5; });
    EXPECT_EQ(count, 5u);
}

TEST_F(HistoryFiles, ADiskThatTakesNothingIsToldAndCounted) {
    const auto files = open();
    life(*files, 1, noon);
    files->finish();
    fs::rename(directory / "history", directory / "away");
    life(*files, 2, noon);
    files->flush();
    EXPECT_EQ(files->stats().unwritten, 4u);
    EXPECT_NE(files->stats().trouble, "");
    fs::rename(directory / "away", directory / "history");
    life(*files, 3, noon);
    files->flush();
    EXPECT_EQ(files->stats().trouble, "");
    EXPECT_EQ(files->find(3).size(), 4u);
    EXPECT_EQ(files->stats().unwritten, 4u);
}

/// A write that comes to an end in the middle, as on a full disk.
TEST_F(HistoryFiles, AFullDiskTakesNoPartOfABlockAndRecovers) {
    const auto files = open();
    life(*files, 1, noon);
    files->flush();
    const std::uint64_t before = files->stats().octets;
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit free{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &free), 0);
    rlimit full = free;
    full.rlim_cur = before + 10;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &full), 0);
    for (std::uint64_t id = 2; id <= 5; ++id) {
        life(*files, id, noon);
        files->flush();
    }
    files->maintain(noon);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &free), 0);
    EXPECT_EQ(files->stats().unwritten, 16u);
    EXPECT_NE(files->stats().trouble, "");
    EXPECT_EQ(files->stats().octets, before);
    EXPECT_EQ(fs::file_size(directory / "history/00000001.segment"), before);
    life(*files, 6, noon);
    files->flush();
    EXPECT_EQ(files->stats().trouble, "");
    EXPECT_EQ(files->find(1).size(), 4u);
    EXPECT_EQ(files->find(6).size(), 4u);
    EXPECT_TRUE(files->find(3).empty());
}

TEST_F(HistoryFiles, FilesOfOthersAreLeftAlone) {
    open();
    std::ofstream(directory / "history/README") << "mine";
    const auto files = open();
    life(*files, 1, noon);
    files->finish();
    files->maintain(noon + hours(100));
    EXPECT_EQ(on_disk(), 1u);
}

}  // namespace
}  // namespace sluice::history
