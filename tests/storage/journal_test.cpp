// The journal's files: what a write that was cut short, a lap over old records, a lost file leave behind.
#include "storage/journal.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>

#include "tests/storage/harness.hpp"

namespace sluice::storage {
namespace {

constexpr std::uint64_t file_bytes = 16 * disk_block;
constexpr JournalMark made{.seed = 42};

/// In the memory that the batch has.
void fill(Batch& batch, std::uint64_t number, std::size_t size, std::uint64_t release_before = 0) {
    batch.clear();
    batch.number = number;
    batch.journal.append(repeated(size, static_cast<std::uint8_t>(number)));
    batch.put(Table::message, {7, number}, octets("row " + std::to_string(number)));
    batch.erase(Table::queue, {number, 9});
    batch.release_before = release_before;
}

Batch batch_of(std::uint64_t number, std::size_t size, std::uint64_t release_before = 0) {
    Batch batch;
    fill(batch, number, size, release_before);
    return batch;
}

/// Writes them as one record.
int write(Journal& journal, std::span<Batch> batches) {
    std::vector<JournalPiece> pieces(batches.size());
    std::vector<JournalPiece*> all;
    for (std::size_t i = 0; i < batches.size(); ++i) {
        pieces[i].encode(batches[i], journal.seed());
        all.push_back(&pieces[i]);
    }
    return journal.write(all);
}

class Journals : public ::testing::Test {
protected:
    Result<std::unique_ptr<Journal>> try_open(const JournalMark& mark) const {
        return Journal::open({.directory = directory_.path(), .file_bytes = file_bytes}, mark);
    }
    std::unique_ptr<Journal> open(const JournalMark& mark = made) const {
        auto opened = try_open(mark);
        if (!opened) ADD_FAILURE() << opened.error().message;
        return opened ? std::move(*opened) : nullptr;
    }
    void write(Journal& journal, std::size_t size, std::uint64_t release_before = 0) {
        Batch batch = batch_of(journal.last_batch() + 1, size, release_before);
        ASSERT_EQ(storage::write(journal, std::span(&batch, 1)), 0);
    }
    static std::vector<std::uint64_t> numbers(const Journal& journal, std::uint64_t first = 1) {
        std::vector<std::uint64_t> found;
        EXPECT_TRUE(journal.read(first, [&](const Batch& batch) {
            found.push_back(batch.number);
            EXPECT_EQ(copy_of(batch.journal), repeated(batch.journal.size(), static_cast<std::uint8_t>(batch.number)));
            EXPECT_EQ(batch.ops.size(), 2u);
        }));
        return found;
    }
    static std::vector<std::uint64_t> from_to(std::uint64_t first, std::uint64_t last) {
        std::vector<std::uint64_t> all;
        for (std::uint64_t number = first; number <= last; ++number) all.push_back(number);
        return all;
    }
    /// Overwrites octets of a file, as a write that did not come to its end leaves them.
    void spoil(int file, std::uint64_t offset, std::size_t size) const {
        std::fstream out(path(file), std::ios::in | std::ios::out | std::ios::binary);
        out.seekp(static_cast<std::streamoff>(offset));
        out << std::string(size, '\x5c');
        ASSERT_TRUE(out.flush());
    }
    std::string path(int file) const { return directory_ / ("journal-" + std::to_string(file)); }

    TemporaryDirectory directory_;
};

TEST_F(Journals, GivesBackWhatWasWritten) {
    {
        const auto journal = open();
        Batch together[] = {batch_of(1, 5000), batch_of(2, 0), batch_of(3, 100)};
        ASSERT_EQ(storage::write(*journal, together), 0);
        write(*journal, 1);
        EXPECT_EQ(journal->live_bytes(), 5101u);
    }
    const auto journal = open();
    EXPECT_EQ(numbers(*journal), from_to(1, 4));
    EXPECT_EQ(journal->last_batch(), 4u);
    EXPECT_EQ(journal->live_bytes(), 5101u);
    std::vector<std::vector<std::uint8_t>> rows;
    ASSERT_TRUE(journal->read(1, [&](const Batch& batch) {
        const TableOp& put = batch.ops.at(0);
        EXPECT_EQ(put.table, Table::message);
        EXPECT_EQ(put.key, (Key{7, batch.number}));
        const ByteView value = ByteView(batch.values).subspan(put.offset, put.length);
        rows.emplace_back(value.begin(), value.end());
        EXPECT_EQ(batch.ops.at(1).kind, TableOp::Kind::erase);
        EXPECT_EQ(batch.ops.at(1).key, (Key{batch.number, 9}));
    }));
    EXPECT_EQ(rows.at(3), octets("row 4"));
}

TEST_F(Journals, PreparesAheadOfTheWritesOnce) {
    constexpr std::uint64_t large = std::uint64_t{4} << 20;
    const Journal::Options options{.directory = directory_.path(), .file_bytes = large};
    {
        const auto journal = *Journal::open(options, made);
        EXPECT_FALSE(journal->prepare_ahead()) << "there is no file";
        write(*journal, 100);
        EXPECT_TRUE(journal->prepare_ahead());
        EXPECT_FALSE(journal->prepare_ahead());
        for (int i = 0; i < 300; ++i) write(*journal, 5000);  // over the end of what was ready
        while (journal->prepare_ahead()) {}
        write(*journal, 1'000'000);
        while (journal->prepare_ahead()) {}
        EXPECT_EQ(journal->disk_bytes(), large);
    }
    EXPECT_EQ(numbers(**Journal::open(options, made)), from_to(1, 302));
}

TEST_F(Journals, AWriteCutShortAnywhereEndsIt) {
    // Three records of two blocks; the last one lacks its first, its second or a piece of either.
    for (const auto& [offset, size] : std::map<std::uint64_t, std::size_t>{{0, 4096}, {20, 8}, {70, 1}, {4096, 200}}) {
        std::filesystem::remove(path(0));
        {
            const auto journal = open();
            for (int i = 0; i < 3; ++i) write(*journal, 5000);
        }
        spoil(0, 4 * disk_block + offset, size);
        auto journal = open();
        ASSERT_EQ(numbers(*journal), from_to(1, 2)) << "spoilt at " << offset;
        write(*journal, 100);
        write(*journal, 9000);
        journal = open();
        ASSERT_EQ(numbers(*journal), from_to(1, 4)) << "written again after it";
    }
}

TEST_F(Journals, AWriteOfSeveralBatchesIsThereOrNot) {
    // Three pieces, of two blocks, one and two, behind a record of two; any block of it may be all that is missing.
    for (std::uint64_t block = 2; block < 7; ++block) {
        std::filesystem::remove(path(0));
        {
            const auto journal = open();
            write(*journal, 5000);
            Batch together[] = {batch_of(2, 5000), batch_of(3, 10), batch_of(4, 6000)};
            ASSERT_EQ(storage::write(*journal, together), 0);
            EXPECT_EQ(journal->octets_written(), 7 * disk_block);
        }
        spoil(0, block * disk_block, disk_block);
        auto journal = open();
        ASSERT_EQ(numbers(*journal), from_to(1, 1)) << "block " << block;
        write(*journal, 5000);  // the same place and size as the first of them
        journal = open();
        ASSERT_EQ(numbers(*journal), from_to(1, 2)) << "block " << block;
    }
}

TEST_F(Journals, AFileCutShortEndsIt) {
    {
        const auto journal = open();
        for (int i = 0; i < 3; ++i) write(*journal, 5000);
    }
    std::filesystem::resize_file(path(0), 5 * disk_block);
    auto journal = open();
    EXPECT_EQ(numbers(*journal), from_to(1, 2));
    write(*journal, 20'000);
    journal = open();
    EXPECT_EQ(numbers(*journal), from_to(1, 3));
}

TEST_F(Journals, DamageBeforeTheEndIsTold) {
    {
        const auto journal = open();
        for (int i = 0; i < 20; ++i) write(*journal, 5000);  // 8 records a file
    }
    for (const int file : {0, 1, 2}) {
        spoil(file, 2 * disk_block + 200, 1);
        const auto opened = try_open(made);
        ASSERT_FALSE(opened) << "file " << file;
        EXPECT_NE(opened.error().message.find("is damaged: record "), std::string::npos) << opened.error().message;
        std::fstream out(path(file), std::ios::in | std::ios::out | std::ios::binary);
        out.seekp(2 * disk_block + 200);
        out << static_cast<char>(8 * file + 2);  // what was there: the record's number
    }
    EXPECT_EQ(numbers(*open()), from_to(1, 20)) << "mended";
}

TEST_F(Journals, DamageOfTheLastFilesFirstRecordIsTold) {
    {
        const auto journal = open();
        for (int i = 0; i < 20; ++i) write(*journal, 5000);
    }
    spoil(2, 100, 1);
    const auto opened = try_open(made);
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().message.find("the first record of "), std::string::npos) << opened.error().message;
}

TEST_F(Journals, AFileThatIsMissingIsTold) {
    JournalMark mark;
    {
        const auto journal = open();
        for (int i = 0; i < 20; ++i) write(*journal, 5000);
        mark = journal->mark();
    }
    EXPECT_TRUE(try_open(mark));
    std::filesystem::rename(path(2), directory_ / "aside");
    const auto opened = try_open(mark);
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().message.find("ends at record 16, but 20 were written"), std::string::npos)
        << opened.error().message;
    std::filesystem::rename(directory_ / "aside", path(2));
    std::filesystem::remove(path(0));
    EXPECT_FALSE(try_open(mark));
}

TEST_F(Journals, FilesAreWrittenAgainOnlyAfterACheckpoint) {
    auto journal = open();
    JournalMark mark = made;
    for (int i = 0; i < 100; ++i) write(*journal, 5000, journal->last_batch());
    EXPECT_EQ(journal->disk_bytes(), 13 * file_bytes) << "released, but no checkpoint says so";
    mark = journal->mark();
    journal->release(mark);
    EXPECT_LE(journal->disk_bytes(), 3 * file_bytes);
    for (int i = 0; i < 300; ++i) {
        write(*journal, 5000, journal->last_batch());
        if (i % 10 == 9) journal->release(mark = journal->mark());
        ASSERT_LE(journal->disk_bytes(), 4 * file_bytes);
    }
    EXPECT_LE(journal->live_bytes(), 10'000u);
    journal = open(mark);
    EXPECT_EQ(journal->last_batch(), 400u);
    EXPECT_EQ(numbers(*journal).back(), 400u);
}

TEST_F(Journals, RecordsOfAnEarlierLapAreNotTaken) {
    auto journal = open();
    JournalMark mark = made;
    for (int i = 0; i < 97; ++i) {
        write(*journal, 5000, journal->last_batch() + 1);  // all but itself
        journal->release(mark = journal->mark());
    }
    // The last file holds one new record, and behind it those of a lap ago at the very places of the next ones.
    journal = open(mark);
    EXPECT_EQ(numbers(*journal), from_to(97, 97));
    EXPECT_EQ(journal->last_batch(), 97u);
}

TEST_F(Journals, FilesWithoutSegmentsNeedNoRelease) {
    const auto journal = open();
    for (int i = 0; i < 100; ++i) {
        write(*journal, 0);
        journal->release(journal->mark());
    }
    EXPECT_LE(journal->disk_bytes(), 3 * file_bytes);
}

TEST_F(Journals, AStrangersRecordIsNone) {
    {
        const auto journal = open();
        write(*journal, 5000);
    }
    JournalMark other = made;
    other.seed = 43;
    EXPECT_TRUE(numbers(*open(other)).empty());
}

TEST_F(Journals, IsReadFromAnyBatchOn) {
    {
        const auto journal = open();
        for (int i = 0; i < 20; ++i) write(*journal, 3 * disk_block);
        Batch together[] = {batch_of(21, 10), batch_of(22, 10), batch_of(23, 10)};
        ASSERT_EQ(storage::write(*journal, together), 0);
        EXPECT_EQ(numbers(*journal, 22), from_to(22, 23)) << "just written";
        write(*journal, 10);
    }
    const auto journal = open();
    for (std::uint64_t first = 1; first <= 25; ++first) EXPECT_EQ(numbers(*journal, first), from_to(first, 24));
}

TEST_F(Journals, AFirstRecordMayBeLong) {
    const Journal::Options options{.directory = directory_.path(), .file_bytes = std::uint64_t{4} << 20};
    {
        const auto journal = *Journal::open(options, made);
        write(*journal, 3'000'000);
        write(*journal, 10);
    }
    EXPECT_EQ(numbers(**Journal::open(options, made)), from_to(1, 2));
}

TEST_F(Journals, ARecordLongerThanAFileGetsItsOwn) {
    auto journal = open();
    JournalMark mark = made;
    write(*journal, 10);
    write(*journal, 3 * file_bytes);
    write(*journal, 10);
    journal = open();
    EXPECT_EQ(numbers(*journal), from_to(1, 3));
    write(*journal, 10, 4);
    write(*journal, file_bytes - 500);
    journal->release(mark = journal->mark());
    EXPECT_LE(journal->disk_bytes(), 4 * file_bytes) << "files of their own are not kept";
    journal = open(mark);
    EXPECT_EQ(numbers(*journal).back(), 5u);
}

/// A record as the file has it.
std::vector<std::uint8_t> record_of(std::span<Batch> batches, RecordHeader header) {
    std::vector<JournalPiece> pieces(batches.size());
    std::vector<JournalPiece*> all;
    for (std::size_t i = 0; i < batches.size(); ++i) {
        pieces[i].encode(batches[i], 42);
        all.push_back(&pieces[i]);
    }
    seal_record(header, 42, all);
    std::vector<std::uint8_t> octets;
    for (const JournalPiece& piece : pieces) {
        const ByteView blocks = piece.blocks();
        octets.insert(octets.end(), blocks.begin(), blocks.end());
    }
    return octets;
}

TEST(JournalRecords, NoFlippedBitIsOverlooked) {
    Batch batches[] = {batch_of(5, 300), batch_of(6, 5000)};
    std::vector<std::uint8_t> octets = record_of(batches, {.sequence = 9, .first_batch = 5});
    ASSERT_EQ(octets.size(), 3 * disk_block);
    const auto whole = read_record(octets, 42);
    ASSERT_TRUE(whole);
    EXPECT_EQ(whole->size, octets.size());
    EXPECT_FALSE(read_record(octets, 41));
    const std::size_t first = whole->header.pieces[0].size, second = whole->header.pieces[1].size;
    for (std::size_t octet = 0; octet < octets.size(); ++octet) {
        // What fills a block, and the room for a header in the second piece, say nothing.
        const std::size_t in_second = octet - disk_block;
        const bool counts =
            octet < disk_block ? octet < first : in_second >= sizeof(RecordHeader) && in_second < second;
        octets[octet] ^= static_cast<std::uint8_t>(1u << octet % 8);
        ASSERT_EQ(read_record(octets, 42).has_value(), !counts) << octet;
        octets[octet] ^= static_cast<std::uint8_t>(1u << octet % 8);
    }
    for (std::size_t size = 0; size < disk_block + second; ++size)
        ASSERT_FALSE(read_record(ByteView(octets).first(size), 42)) << size;
}

TEST(JournalRecords, APieceThatWasFirstLeavesNoHeaderBehind) {
    JournalPiece one, two;
    Batch reused = batch_of(1, 100), other = batch_of(2, 100);
    one.encode(reused, 42);
    JournalPiece* alone[] = {&one};
    seal_record({.sequence = 1, .first_batch = 1}, 42, alone);
    ASSERT_TRUE(read_record(one.blocks(), 42));
    const std::uint8_t* const alone_at = one.blocks().data();
    two.encode(other, 42);
    fill(reused, 3, 100);
    one.encode(reused, 42);
    ASSERT_EQ(one.blocks().data(), alone_at) << "the same memory";
    JournalPiece* both[] = {&two, &one};
    seal_record({.sequence = 2, .first_batch = 2}, 42, both);
    EXPECT_FALSE(read_record(one.blocks(), 42));
}

TEST(JournalRecords, ABatchOfAnySizeIsEncodedInTheMemoryOfTheLast) {
    JournalPiece piece;
    Batch batch;
    for (const std::size_t size : {100u, 8u << 20, 100u, 70'000u, 2u << 20, 3u << 20, 0u}) {
        fill(batch, 7, size);
        piece.encode(batch, 42);
        JournalPiece* alone[] = {&piece};
        seal_record({.sequence = 1, .first_batch = 7}, 42, alone);
        const auto record = read_record(piece.blocks(), 42);
        ASSERT_TRUE(record) << size;
        Batch read;
        ASSERT_TRUE(read_batch(record->batches()[0], read)) << size;
        EXPECT_EQ(copy_of(read.journal), copy_of(batch.journal)) << size;
        EXPECT_EQ(read.values, batch.values) << size;
        EXPECT_EQ(read.ops.size(), batch.ops.size()) << size;
    }
}

TEST(JournalRecords, WhatOneGreatBatchTookIsGivenBack) {
    Batch batch;
    const auto memory = [&] { return batch.journal.with_room(0).size(); };
    fill(batch, 1, 8 << 20);
    EXPECT_GE(memory(), 8u << 20);
    fill(batch, 2, 2 << 20);
    EXPECT_GE(memory(), 8u << 20) << "the next may be as great";
    fill(batch, 3, 100);
    batch.clear();
    EXPECT_LE(memory(), disk_block);
}

TEST(JournalRecords, ASegmentGrowsAndIsMovedWhole) {
    SegmentOctets segment;
    EXPECT_TRUE(ByteView(segment).empty());
    std::vector<std::uint8_t> expected;
    for (std::size_t size = 0; size < 400; ++size) {
        expected.insert(expected.end(), size, static_cast<std::uint8_t>(size));
        segment.append(repeated(size, static_cast<std::uint8_t>(size)));
    }
    EXPECT_EQ(copy_of(segment), expected);
    SegmentOctets other = std::move(segment);
    EXPECT_TRUE(segment.empty());
    EXPECT_EQ(copy_of(other), expected);
    segment.append(octets("x"));
    EXPECT_EQ(copy_of(segment), octets("x"));
    segment = std::move(other);
    EXPECT_EQ(copy_of(segment), expected);
    EXPECT_TRUE(ByteView(other).empty());
}

}  // namespace
}  // namespace sluice::storage
