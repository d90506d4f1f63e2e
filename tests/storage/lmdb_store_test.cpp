// What is particular to the store on LMDB: its directory, its bounds and its thread.
#include "storage/lmdb_store.hpp"

#include <gtest/gtest.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <lmdb.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <mutex>

#include "tests/storage/harness.hpp"

namespace sluice::storage {
namespace {

Completion wait_for(Store& store) {
    Completion completion;
    while (!store.poll(completion)) ::usleep(200);
    return completion;
}

TEST(LmdbStore, MakesItsDirectoryForTheOwnerAlone) {
    TemporaryDirectory directory;
    const auto store = LmdbStore::open({.path = directory / "store"});
    ASSERT_TRUE(store) << store.error().message;
    struct stat status {};
    ASSERT_EQ(::stat((directory / "store").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0700u);
    ASSERT_EQ(::stat((directory / "store/data.mdb").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
    EXPECT_LT(status.st_blocks * 512, 1 << 20) << "max_bytes takes no room in advance";
}

TEST(LmdbStore, RefusesADirectoryInUseAndNamesItsOwner) {
    TemporaryDirectory directory;
    auto first = LmdbStore::open({.path = directory / "store"});
    ASSERT_TRUE(first);
    const auto second = LmdbStore::open({.path = directory / "store"});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().message,
              (directory / "store") + " is in use by process " + std::to_string(::getpid()));
    first->reset();
    EXPECT_TRUE(LmdbStore::open({.path = directory / "store"}));
}

TEST(LmdbStore, SaysWhatIsWrongWithADirectory) {
    TemporaryDirectory directory;
    const auto orphan = LmdbStore::open({.path = directory / "no/parent"});
    ASSERT_FALSE(orphan);
    EXPECT_EQ(orphan.error().message,
              "cannot make the directory " + (directory / "no/parent") + ": No such file or directory");
    ASSERT_EQ(::symlink("/dev/null", (directory / "device").c_str()), 0);
    const auto device = LmdbStore::open({.path = directory / "device"});
    ASSERT_FALSE(device);
    EXPECT_NE(device.error().message.find("Not a directory"), std::string::npos) << device.error().message;
}

/// Writes one row of LMDB's unnamed tree behind the store's back.
void put_own_row(const std::string& path, std::string name, std::uint32_t number) {
    MDB_env* environment = nullptr;
    MDB_txn* transaction = nullptr;
    MDB_dbi tree = 0;
    MDB_val key{name.size(), name.data()};
    MDB_val value{sizeof number, &number};
    ASSERT_EQ(mdb_env_create(&environment), 0);
    ASSERT_EQ(mdb_env_open(environment, path.c_str(), 0, 0600), 0);
    ASSERT_EQ(mdb_txn_begin(environment, nullptr, 0, &transaction), 0);
    ASSERT_EQ(mdb_dbi_open(transaction, nullptr, 0, &tree), 0);
    ASSERT_EQ(mdb_put(transaction, tree, &key, &value, 0), 0);
    ASSERT_EQ(mdb_txn_commit(transaction), 0);
    mdb_env_close(environment);
}

TEST(LmdbStore, RefusesAnotherFormatAndStrangers) {
    TemporaryDirectory directory;
    ASSERT_TRUE(LmdbStore::open({.path = directory.path()}));
    put_own_row(directory.path(), "sluice-format", 99);
    const auto newer = LmdbStore::open({.path = directory.path()});
    ASSERT_FALSE(newer);
    EXPECT_NE(newer.error().message.find("(expected format 8)"), std::string::npos) << newer.error().message;

    TemporaryDirectory strange;
    put_own_row(strange.path(), "somebody", 1);
    EXPECT_FALSE(LmdbStore::open({.path = strange.path()}));
}

TEST(LmdbStore, WakesItsOwnerOnTheCommittersNamedThread) {
    TemporaryDirectory directory;
    std::atomic<int> wakes{0};
    std::array<char, 16> name{};
    auto store = LmdbStore::open({.path = directory.path(),
                                  .wake =
                                      [&] {
                                          pthread_getname_np(pthread_self(), name.data(), name.size());
                                          wakes.fetch_add(1);
                                      },
                                  .thread_name = "a committer of a very long name"});
    ASSERT_TRUE(store);
    Batch batch = numbered(**store);
    batch.journal.append(octets("x"));
    (*store)->submit(std::move(batch));
    wait_for(**store);
    store->reset();
    EXPECT_EQ(wakes.load(), 1);
    EXPECT_STREQ(name.data(), "a committer of ");
}

/// Fills the store with rows until a commit stalls; says how many completed.
std::uint64_t fill(Store& store) {
    for (std::uint64_t rows = 0;; ++rows) {
        Batch batch = numbered(store);
        batch.put(Table::message, {0, rows}, std::vector<std::uint8_t>(100'000));
        store.submit(std::move(batch));
        Completion completion;
        while (!store.poll(completion)) {
            if (store.stats().stalled) return rows;
            ::usleep(200);
        }
    }
}

TEST(LmdbStore, SaysThatRoomIsScarceBeforeItIsUsedUp) {
    TemporaryDirectory directory;
    auto store = LmdbStore::open({.path = directory.path(), .max_bytes = 8 << 20, .reserve_bytes = 2 << 20});
    ASSERT_TRUE(store);
    EXPECT_FALSE((*store)->stats().scarce);
    std::uint64_t rows = 0;
    for (; !(*store)->stats().scarce; ++rows) {
        Batch batch = numbered(**store);
        batch.put(Table::message, {0, rows}, std::vector<std::uint8_t>(100'000));
        (*store)->submit(std::move(batch));
        wait_for(**store);
    }
    EXPECT_GT(rows, 40u);
    EXPECT_LT(rows, 70u);
    EXPECT_FALSE((*store)->stats().stalled);
    for (std::uint64_t row = 0; row < rows; ++row) {
        Batch batch = numbered(**store);
        batch.erase(Table::message, {0, row});
        (*store)->submit(std::move(batch));
        wait_for(**store);
    }
    EXPECT_FALSE((*store)->stats().scarce) << "room that was given back counts again";
}

TEST(LmdbStore, AFullStoreStallsKeepsTheBatchAndReports) {
    TemporaryDirectory directory;
    std::mutex mutex;
    std::vector<std::string> reports;
    std::uint64_t completed = 0;
    {
        auto store = LmdbStore::open({.path = directory.path(),
                                      .max_bytes = 4 << 20,
                                      .report =
                                          [&](const std::string& text) {
                                              const std::lock_guard lock(mutex);
                                              reports.push_back(text);
                                          },
                                      .close_patience = milliseconds(50)});
        ASSERT_TRUE(store);
        completed = fill(**store);
        EXPECT_GT(completed, 20u);
        while ((*store)->stats().failed_commits < 3) ::usleep(1000);
        Completion completion;
        EXPECT_FALSE((*store)->poll(completion)) << "a failing commit is never reported";
    }
    ASSERT_EQ(reports.size(), 1u) << "once a stall, not once a try";
    EXPECT_NE(reports[0].find("MDB_MAP_FULL"), std::string::npos) << reports[0];

    auto larger = LmdbStore::open({.path = directory.path(), .max_bytes = 64 << 20});
    ASSERT_TRUE(larger);
    EXPECT_EQ((*larger)->next_batch(), completed + 1) << "what was given up at closing had never completed";
    EXPECT_EQ((*larger)->load_now(everything_of(Table::message)).rows.size(), completed);
    Batch batch = numbered(**larger);
    batch.put(Table::message, {0, completed}, std::vector<std::uint8_t>(100'000));
    (*larger)->submit(std::move(batch));
    wait_for(**larger);
    EXPECT_FALSE((*larger)->stats().stalled);
}

TEST(LmdbStore, AReaderThatWasKilledDoesNotHoldItsPagesForEver) {
    TemporaryDirectory directory;
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    ASSERT_TRUE(LmdbStore::open({.path = directory.path()}));
    const pid_t reader = ::fork();
    if (reader == 0) {  // as mdb_copy does
        MDB_env* environment = nullptr;
        MDB_txn* transaction = nullptr;
        const bool reading = mdb_env_create(&environment) == 0 &&
                             mdb_env_open(environment, directory.path().c_str(), 0, 0600) == 0 &&
                             mdb_txn_begin(environment, nullptr, MDB_RDONLY, &transaction) == 0;
        if (::write(ends[1], reading ? "y" : "n", 1) == 1) ::pause();
        ::_exit(1);
    }
    char reading = 0;
    ASSERT_EQ(::read(ends[0], &reading, 1), 1);
    EXPECT_EQ(reading, 'y');
    auto store = LmdbStore::open({.path = directory.path(), .max_bytes = 4 << 20});
    ASSERT_TRUE(store);
    ::kill(reader, SIGKILL);
    ::waitpid(reader, nullptr, 0);
    for (int i = 0; i < 60; ++i) {  // each a new 100 kB in place of the last
        Batch batch = numbered(**store);
        batch.put(Table::message, {0, 0}, std::vector<std::uint8_t>(100'000));
        (*store)->submit(std::move(batch));
        wait_for(**store);
    }
    EXPECT_LE((*store)->stats().failed_commits, 1u);
    ::close(ends[0]);
    ::close(ends[1]);
}

std::uint64_t resident_file_pages() {
    std::uint64_t size = 0, resident = 0, from_files = 0;
    std::ifstream("/proc/self/statm") >> size >> resident >> from_files;
    return from_files;
}

/// Of a file, in the kernel's cache.
std::uint64_t cached_bytes(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    struct stat status {};
    EXPECT_EQ(::fstat(fd, &status), 0);
    const auto size = static_cast<std::size_t>(status.st_size);
    void* const map = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
    EXPECT_NE(map, MAP_FAILED);
    std::vector<unsigned char> pages((size + 4095) / 4096);
    EXPECT_EQ(::mincore(map, size, pages.data()), 0);
    ::munmap(map, size);
    ::close(fd);
    return 4096 * static_cast<std::uint64_t>(std::ranges::count_if(pages, [](unsigned char page) { return page & 1; }));
}

TEST(LmdbStore, AGrowingBacklogKeepsLittleOfItselfInMemory) {
    TemporaryDirectory directory;
    struct statfs system {};
    ASSERT_EQ(::statfs(directory.path().c_str(), &system), 0);
    if (system.f_type == TMPFS_MAGIC) GTEST_SKIP() << "files of a tmpfs are nowhere but in memory";
    auto store = LmdbStore::open({.path = directory.path()});
    ASSERT_TRUE(store);
    for (std::uint64_t i = 0; i < 100; ++i) {  // about 100 MB
        Batch batch = numbered(**store);
        for (std::uint64_t row = 0; row < 2000; ++row)
            batch.put(Table::message, {i, row}, std::vector<std::uint8_t>(450));
        (*store)->submit(std::move(batch));
        wait_for(**store);
    }
    EXPECT_GT((*store)->stats().used_bytes, 90u << 20);
    EXPECT_LT(cached_bytes(directory.path() + "/data.mdb"), 48u << 20);
}

TEST(LmdbStore, WorkingThroughALongBacklogKeepsLittleOfItResident) {
    TemporaryDirectory directory;
    auto store = LmdbStore::open({.path = directory.path()});
    ASSERT_TRUE(store);
    constexpr std::uint64_t batches = 50, rows = 2000;  // about 50 MB
    for (std::uint64_t i = 0; i < batches; ++i) {
        Batch batch = numbered(**store);
        for (std::uint64_t row = 0; row < rows; ++row)
            batch.put(Table::message, {i, row}, std::vector<std::uint8_t>(450));
        (*store)->submit(std::move(batch));
        wait_for(**store);
    }
    const std::uint64_t before = resident_file_pages();
    std::uint64_t loaded = 0, most = 0;
    for (std::uint64_t i = 0; i < batches; ++i) {
        Batch batch = numbered(**store);
        batch.loads = {{.table = Table::message, .first = {i, 0}, .last = {i, rows}, .limit = rows}};
        (*store)->submit(std::move(batch));
        loaded += wait_for(**store).loads.at(0).rows.size();
        most = std::max(most, resident_file_pages());
    }
    EXPECT_EQ(loaded, batches * rows);
    EXPECT_LT(most, before + (24u << 20) / 4096);
}

}  // namespace
}  // namespace sluice::storage
