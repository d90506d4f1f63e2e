#include "storage/generation.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "storage/files.hpp"
#include "storage/lmdb_store.hpp"
#include "tests/storage/temporary_directory.hpp"

namespace sluice::storage {
namespace {

namespace fs = std::filesystem;

DataDirectory opened(const std::string& path) {
    auto data = DataDirectory::open(path);
    SLUICE_CHECK(data.has_value());
    return std::move(*data);
}

std::string content_of(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

void write(const std::string& path, std::string_view content) {
    std::ofstream(path, std::ios::binary) << content;
}

class Generations : public ::testing::Test {
protected:
    TemporaryDirectory directory_;
    const std::string path_ = directory_ / "data";
};

TEST_F(Generations, ANewDirectoryHasNone) {
    EXPECT_FALSE(opened(path_).current());
    struct stat status {};
    ASSERT_EQ(::stat(path_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0700u);
}

TEST_F(Generations, TheFirstIsMadeOnceAndFoundAgain) {
    Generation first;
    {
        auto data = opened(path_);
        first = data.current_or_first(4, 7).value();
        EXPECT_EQ(first.number, 1u);
        EXPECT_EQ(first.shards, 4u);
        EXPECT_EQ(first.node, 7u);
        for (std::uint32_t shard = 0; shard < 4; ++shard) {
            EXPECT_EQ(first.shard_directory(shard), path_ + "/gen-1/shard-" + std::to_string(shard));
            EXPECT_TRUE(fs::is_directory(first.shard_directory(shard)));
        }
    }
    auto data = opened(path_);
    EXPECT_EQ(data.current(), first);
    EXPECT_EQ(data.current_or_first(9, 1).value(), first) << "settings do not change what is there";
    EXPECT_EQ(content_of(path_ + "/CURRENT"), "sluice-data 1\ngeneration 1\nshards 4\nnode 7\n");
}

TEST_F(Generations, AStoreOpensInAShardsDirectory) {
    auto data = opened(path_);
    const Generation first = data.current_or_first(2, 0).value();
    EXPECT_TRUE(LmdbStore::open({.path = first.shard_directory(1)}));
}

TEST_F(Generations, AChangeSwitchesAndRemovesTheOld) {
    auto data = opened(path_);
    const Generation first = data.current_or_first(1, 3).value();
    write(first.shard_directory(0) + "/data.mdb", "old");
    const Generation next = data.begin_generation(8, 3).value();
    EXPECT_EQ(next.number, 2u);
    EXPECT_EQ(data.current(), first) << "until it is finished";
    ASSERT_TRUE(data.finish_generation(next));
    EXPECT_EQ(data.current(), next);
    EXPECT_FALSE(fs::exists(first.directory));
    EXPECT_TRUE(fs::is_directory(next.shard_directory(7)));
}

TEST_F(Generations, AnInterruptedChangeLeavesTheOldOneAndIsBegunAnew) {
    Generation first;
    {
        auto data = opened(path_);
        first = data.current_or_first(1, 3).value();
        write(first.shard_directory(0) + "/data.mdb", "precious");
        const Generation half = data.begin_generation(2, 3).value();
        write(half.shard_directory(0) + "/data.mdb", "half");
        const Generation again = data.begin_generation(3, 3).value();
        EXPECT_EQ(again.number, half.number);
        EXPECT_FALSE(fs::exists(again.shard_directory(0) + "/data.mdb"));
        write(again.shard_directory(0) + "/data.mdb", "half again");
    }
    auto data = opened(path_);
    EXPECT_EQ(data.current(), first);
    EXPECT_FALSE(fs::exists(path_ + "/gen-2"));
    EXPECT_EQ(content_of(first.shard_directory(0) + "/data.mdb"), "precious");
}

TEST_F(Generations, AnInterruptedRemovalOfTheOldIsFinishedAtTheNextStart) {
    {
        auto data = opened(path_);
        ASSERT_TRUE(data.current_or_first(1, 0));
        ASSERT_TRUE(data.finish_generation(data.begin_generation(2, 0).value()));
    }
    fs::create_directories(path_ + "/gen-1/shard-0");
    write(path_ + "/gen-1/shard-0/data.mdb", "old");
    const auto data = opened(path_);
    EXPECT_EQ(data.current()->number, 2u);
    EXPECT_FALSE(fs::exists(path_ + "/gen-1"));
    EXPECT_TRUE(fs::is_directory(data.current()->shard_directory(1)));
}

TEST_F(Generations, AnInterruptedFirstOneIsMadeAnew) {
    fs::create_directories(path_ + "/gen-1/shard-0");
    auto data = opened(path_);
    EXPECT_EQ(data.current_or_first(2, 0).value().number, 1u);
}

TEST_F(Generations, DataIsNeverRemovedBecauseCurrentIsMissing) {
    ASSERT_TRUE(opened(path_).current_or_first(1, 0));
    write(path_ + "/gen-1/shard-0/data.mdb", "precious");
    fs::remove(path_ + "/CURRENT");
    const auto data = DataDirectory::open(path_);
    ASSERT_FALSE(data);
    EXPECT_NE(data.error().message.find("gen-1"), std::string::npos) << data.error().message;
    EXPECT_EQ(content_of(path_ + "/gen-1/shard-0/data.mdb"), "precious");
}

TEST_F(Generations, ADamagedCurrentIsRefusedAndNothingRemoved) {
    ASSERT_TRUE(opened(path_).current_or_first(2, 0));
    const std::string good = content_of(path_ + "/CURRENT");
    for (const std::string& bad :
         {std::string(), std::string("sluice-data 2\ngeneration 1\nshards 2\nnode 0\n"), good.substr(0, 30),
          std::string("sluice-data 1\ngeneration 0\nshards 2\nnode 0\n"),
          std::string("sluice-data 1\ngeneration 1\nshards 65\nnode 0\n"),
          std::string("sluice-data 1\ngeneration 1\nshards 2\nnode 256\n"),
          std::string("sluice-data 1\ngeneration 1x\nshards 2\nnode 0\n"),
          std::string("sluice-data 1\ngeneration 5\nshards 2\nnode 0\n")}) {
        write(path_ + "/CURRENT", bad);
        EXPECT_FALSE(DataDirectory::open(path_)) << bad;
    }
    EXPECT_TRUE(fs::is_directory(path_ + "/gen-1/shard-1"));
    write(path_ + "/CURRENT", good);
    EXPECT_TRUE(DataDirectory::open(path_));
}

TEST_F(Generations, OneProcessAtATime) {
    const auto data = opened(path_);
    const auto second = DataDirectory::open(path_);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().message, path_ + " is in use by process " + std::to_string(::getpid()));
}

TEST_F(Generations, ATrailingSlashChangesNothing) {
    ASSERT_TRUE(opened(path_ + "/").current_or_first(1, 0));
    EXPECT_TRUE(opened(path_ + "/").current());
    EXPECT_TRUE(fs::is_directory(path_ + "/gen-1/shard-0"));
    EXPECT_TRUE(opened(path_).current());
}

}  // namespace
}  // namespace sluice::storage
