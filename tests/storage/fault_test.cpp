// The disk fails under the journal and under LMDB: this program's own write and sync
// functions stand before the C library's and fail when told to. Whatever fails, batches
// complete once the disk recovers, and what completed is there.
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "tests/storage/harness.hpp"

namespace {

struct Fault {
    std::atomic<int> calls{0};  ///< that still fail
    std::atomic<int> error{0};

    void arm(int count, int number) {
        error = number;
        calls = count;
    }
    bool strikes() {
        int left = calls.load();
        while (left > 0 && !calls.compare_exchange_weak(left, left - 1)) {}
        if (left <= 0) return false;
        errno = error;
        return true;
    }
};

Fault journal_writes, data_writes, root_writes, syncs;
constexpr std::size_t page_bytes = 4096;
constexpr std::size_t segment_bytes = 50'000;

}  // namespace

// The journal writes with pwritev. LMDB writes single pages and its root (less than a page) with pwrite, runs of pages
// with writev. The symbols are named outright, because the headers may give pwrite the name of its 64-bit sibling.
extern "C" {
ssize_t failing_pwritev(int fd, const iovec* pieces, int count, off_t offset) __asm__("pwritev");
ssize_t failing_pwritev(int fd, const iovec* pieces, int count, off_t offset) {
    if (journal_writes.strikes()) return -1;
    return syscall(SYS_pwritev, fd, pieces, count, offset, 0L);
}
ssize_t failing_pwritev64(int fd, const iovec* pieces, int count, off_t offset) __asm__("pwritev64");
ssize_t failing_pwritev64(int fd, const iovec* pieces, int count, off_t offset) {
    return failing_pwritev(fd, pieces, count, offset);
}
ssize_t failing_pwrite(int fd, const void* octets, size_t size, off_t offset) __asm__("pwrite");
ssize_t failing_pwrite(int fd, const void* octets, size_t size, off_t offset) {
    if ((size < page_bytes ? root_writes : data_writes).strikes()) return -1;
    return syscall(SYS_pwrite64, fd, octets, size, offset);
}
ssize_t failing_pwrite64(int fd, const void* octets, size_t size, off_t offset) __asm__("pwrite64");
ssize_t failing_pwrite64(int fd, const void* octets, size_t size, off_t offset) {
    return failing_pwrite(fd, octets, size, offset);
}
ssize_t failing_writev(int fd, const iovec* pieces, int count) __asm__("writev");
ssize_t failing_writev(int fd, const iovec* pieces, int count) {
    if (data_writes.strikes()) return -1;
    return syscall(SYS_writev, fd, pieces, count);
}
int failing_fdatasync(int fd) __asm__("fdatasync");
int failing_fdatasync(int fd) {
    if (syncs.strikes()) return -1;
    return static_cast<int>(syscall(SYS_fdatasync, fd));
}
}

namespace sluice::storage {
namespace {

class Faults : public ::testing::Test {
protected:
    Completion commit(std::uint8_t octet) {
        Batch batch = numbered(harness_.store());
        batch.journal.append(repeated(segment_bytes, octet));
        batch.put(Table::message, {0, batch.number}, octets("row"));
        batch.loads.push_back(everything_of(Table::message));
        harness_.store().submit(std::move(batch));
        return harness_.wait();
    }

    /// A few good commits, some that fail, a few good ones; then everything must be there.
    void survives(Fault& fault, int calls, int error) {
        for (std::uint8_t i = 1; i <= 3; ++i) commit(i);
        fault.arm(calls, error);
        const Completion struck = commit(4);
        EXPECT_EQ(fault.calls.load(), 0) << "the fault was met";
        EXPECT_EQ(struck.loads.at(0).rows.size(), 4u);
        EXPECT_GE(harness_.store().stats().failed_commits, 1u);
        EXPECT_FALSE(harness_.store().stats().stalled);
        commit(5);
        harness_.reopen();
        const auto segments = journal_of(harness_.store());
        ASSERT_EQ(segments.size(), 5u);
        for (std::uint8_t i = 1; i <= 5; ++i)
            EXPECT_EQ(segments[i - 1u], (Segment{i, std::vector<std::uint8_t>(segment_bytes, i)}));
        EXPECT_EQ(harness_.store().load_now(everything_of(Table::message)).rows.size(), 5u);
    }

    LmdbHarness harness_;
};

TEST_F(Faults, NoSpaceForTheJournal) { survives(journal_writes, 3, ENOSPC); }
TEST_F(Faults, AJournalThatCannotBeWritten) { survives(journal_writes, 1, EIO); }
// The files are so small that every commit here is preceded by a checkpoint.
TEST_F(Faults, NoSpaceForPages) { survives(data_writes, 3, ENOSPC); }
TEST_F(Faults, PagesThatCannotBeWritten) { survives(data_writes, 1, EIO); }
TEST_F(Faults, ASyncThatFails) { survives(syncs, 2, EIO); }
TEST_F(Faults, ARootPageThatCannotBeWritten) { survives(root_writes, 1, EIO); }
TEST_F(Faults, ARootPageThatCannotEvenBeWrittenBack) { survives(root_writes, 4, EIO); }

}  // namespace
}  // namespace sluice::storage
