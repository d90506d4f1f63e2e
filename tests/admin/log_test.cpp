#include "engine/admin/log.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "engine/admin/log_queue.hpp"

namespace sluice::admin {
namespace {

namespace fs = std::filesystem;

/// Stands still, so that lines are the same every time.
class StoppedClock final : public Clock {
public:
    MonoTime mono() const override { return {}; }
    WallTime wall() const override { return WallTime(seconds(1795300407) + microseconds(42)); }
};

class LogTest : public testing::Test {
protected:
    void SetUp() override {
        std::string name = (fs::temp_directory_path() / "sluice-log-XXXXXX").string();
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        folder_ = name;
    }
    void TearDown() override { fs::remove_all(folder_); }

    Logger::Config config() const {
        Logger::Config config;
        config.file = folder_ / "sluice.log";
        return config;
    }
    std::vector<std::string> lines(const std::string& name = "sluice.log") const {
        std::ifstream file(folder_ / name);
        std::vector<std::string> all;
        for (std::string line; std::getline(file, line);) all.push_back(line);
        return all;
    }

    fs::path folder_;
    StoppedClock clock_;
};

TEST(LogLine, TextIsOneLineWithTimeLevelWhereAndMessage) {
    const StoppedClock clock;
    LogRecord record{clock.wall(), LogLevel::warning, 3, "gateway", "acme bound"};
    EXPECT_EQ(format_line(record, LogFormat::text), "2026-11-21T22:33:27.000042Z W gateway/3 acme bound");
    record.shard = LogRecord::no_shard;
    EXPECT_EQ(format_line(record, LogFormat::text), "2026-11-21T22:33:27.000042Z W gateway acme bound");
}

TEST(LogLine, APeerCannotForgeALine) {
    const LogRecord record{{}, LogLevel::info, 0, "gateway", "no such account: a\n2026 E gateway/0 \x1b[31mowned\x7f"};
    EXPECT_EQ(format_line(record, LogFormat::text),
              "1970-01-01T00:00:00.000000Z I gateway/0 no such account: a\\x0a2026 E gateway/0 \\x1b[31mowned\\x7f");
    const std::string json = format_line(record, LogFormat::json);
    EXPECT_EQ(json.find('\n'), std::string::npos);
    EXPECT_EQ(nlohmann::json::parse(json)["message"], record.text);
}

TEST(LogLine, JsonHasEveryFieldAndSurvivesOctetsThatAreNoUtf8) {
    const StoppedClock clock;
    LogRecord record{clock.wall(), LogLevel::error, 1, "gateway", "odd \xff octet"};
    const auto line = nlohmann::json::parse(format_line(record, LogFormat::json));
    EXPECT_EQ(line["time"], "2026-11-21T22:33:27.000042Z");
    EXPECT_EQ(line["level"], "error");
    EXPECT_EQ(line["subsystem"], "gateway");
    EXPECT_EQ(line["shard"], 1);
    EXPECT_EQ(line["message"], "odd \xef\xbf\xbd octet");
    record.shard = LogRecord::no_shard;
    EXPECT_FALSE(nlohmann::json::parse(format_line(record, LogFormat::json)).contains("shard"));
}

TEST(LogLevels, NamesGoBothWays) {
    for (const LogLevel level : {LogLevel::trace, LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error,
                                 LogLevel::off})
        EXPECT_EQ(parse_log_level(to_string(level)), level);
    EXPECT_EQ(parse_log_level("loud"), std::nullopt);
}

TEST_F(LogTest, WritesWhatIsAtOrAboveTheLevel) {
    const auto logger = *Logger::open(config(), clock_);
    const auto log = logger->line("gateway", 0);
    log('D', "hidden");
    log('I', "shown");
    logger->set_level(LogLevel::error);
    log('W', "hidden");
    log('E', "shown too");
    logger->set_level(LogLevel::off);
    log('E', "hidden");
    logger->flush();
    ASSERT_EQ(lines().size(), 2u);
    EXPECT_TRUE(lines()[0].ends_with("I gateway/0 shown"));
    EXPECT_TRUE(lines()[1].ends_with("E gateway/0 shown too"));
}

TEST_F(LogTest, ASubsystemMayHaveALevelOfItsOwn) {
    const auto logger = *Logger::open(config(), clock_);
    const auto gateway = logger->line("gateway", 0);
    const auto admin = logger->line("admin");
    EXPECT_TRUE(logger->set_level("gateway", LogLevel::debug));
    EXPECT_FALSE(logger->set_level("nobody", LogLevel::debug));
    gateway('D', "one");
    admin('D', "hidden");
    const auto again = logger->line("gateway", 1);  // the same subsystem, on another shard
    again('D', "two");
    ASSERT_EQ(logger->subsystems().size(), 2u);
    EXPECT_EQ(logger->subsystems()[0].level, LogLevel::debug);
    EXPECT_EQ(logger->subsystems()[1].level, std::nullopt);
    EXPECT_TRUE(logger->set_level("gateway", std::nullopt));
    gateway('D', "hidden");
    logger->flush();
    ASSERT_EQ(lines().size(), 2u);
    EXPECT_TRUE(lines()[1].ends_with("D gateway/1 two"));
}

TEST_F(LogTest, TheEndOfTheLoggerWritesWhatIsLeft) {
    {
        const auto logger = *Logger::open(config(), clock_);
        const auto log = logger->line("gateway");
        for (int i = 0; i < 1000; ++i) log('I', std::to_string(i));
    }
    EXPECT_EQ(lines().size(), 1000u);
}

TEST_F(LogTest, LinesThatDoNotFitAreCountedAndTold) {
    Logger::Config small = config();
    small.queue = 2;
    std::uint64_t lost = 0;
    {
        const auto logger = *Logger::open(small, clock_);
        const auto log = logger->line("gateway");
        while (logger->lost() == 0) log('I', "much");
        logger->flush();
        log('I', "last");
        logger->flush();
        lost = logger->lost();
    }
    std::uint64_t told = 0;
    for (const std::string& line : lines()) {
        const std::size_t at = line.find("W log ");
        if (at != std::string::npos) told += std::stoull(line.substr(at + 6));
    }
    EXPECT_EQ(told, lost);
    EXPECT_TRUE(lines().back().ends_with("last") || lines().back().find("lines were lost") != std::string::npos);
}

TEST_F(LogTest, ThreadsKeepTheirOrder) {
    constexpr int threads = 4, each = 2000;
    {
        const auto logger = *Logger::open(config(), clock_);
        std::vector<std::thread> writers;
        for (int t = 0; t < threads; ++t)
            writers.emplace_back([log = logger->line("gateway", t)] {
                for (int i = 0; i < each; ++i) log('I', std::to_string(i));
            });
        std::thread changer([&] {
            for (int i = 0; i < 100; ++i) {
                logger->set_level(i % 2 == 0 ? LogLevel::debug : LogLevel::info);
                static_cast<void>(logger->subsystems());
            }
        });
        for (std::thread& writer : writers) writer.join();
        changer.join();
        EXPECT_EQ(logger->lost(), 0u) << "the queue holds what these threads write: 4 * 2000 < 8192";
    }
    std::map<std::string, int> next;
    for (const std::string& line : lines()) {
        std::istringstream words(line);
        std::string time, level, where;
        int number = 0;
        words >> time >> level >> where >> number;
        EXPECT_EQ(number, next[where]++) << line;
    }
    EXPECT_EQ(next.size(), static_cast<std::size_t>(threads));
}

TEST_F(LogTest, FilesRotateWhenTheyAreFull) {
    Logger::Config rotating = config();
    rotating.max_file_bytes = 4096;
    rotating.max_old_files = 2;
    const auto logger = *Logger::open(rotating, clock_);
    const auto log = logger->line("gateway");
    for (int i = 0; i < 1000; ++i) log('I', "a line of some length, to fill the file");
    logger->flush();
    std::size_t files = 0;
    for (const auto& file : fs::directory_iterator(folder_)) {
        EXPECT_LE(fs::file_size(file), 4096u);
        ++files;
    }
    EXPECT_EQ(files, 3u);
}

TEST_F(LogTest, AFileThatCannotBeWrittenIsAnErrorWithItsName) {
    Logger::Config bad = config();
    bad.file = folder_ / "sluice.log" / "below-a-file";
    std::ofstream(folder_ / "sluice.log") << "in the way";
    const auto logger = Logger::open(bad, clock_);
    ASSERT_FALSE(logger.has_value());
    EXPECT_NE(logger.error().message.find("below-a-file"), std::string::npos);
}

TEST_F(LogTest, AFullDiskLosesLinesAndNothingElse) {
    if (!fs::exists("/dev/full")) GTEST_SKIP() << "this system has no /dev/full";
    Logger::Config full = config();
    full.file = "/dev/full";
    const auto logger = Logger::open(full, clock_);
    if (!logger) GTEST_SKIP() << logger.error().message;
    const auto log = (*logger)->line("gateway");
    for (int i = 0; i < 3000; ++i) log('I', "a line of some length, so that a buffer fills and must be written");
    (*logger)->flush();
    EXPECT_GT((*logger)->lost(), 0u);
}

TEST(LogQueue, RefusesWhenFullAndKeepsWhatItRefused) {
    LogQueue<std::string> queue(4);
    for (int i = 0; i < 4; ++i) {
        std::string value = std::to_string(i);
        EXPECT_TRUE(queue.push(value));
    }
    std::string more = "more", out;
    EXPECT_FALSE(queue.push(more));
    EXPECT_EQ(more, "more");
    ASSERT_TRUE(queue.pop(out));
    EXPECT_EQ(out, "0");
    EXPECT_TRUE(queue.push(more));
    for (const char* const expected : {"1", "2", "3", "more"}) {
        ASSERT_TRUE(queue.pop(out));
        EXPECT_EQ(out, expected);
    }
    EXPECT_FALSE(queue.pop(out));
    EXPECT_EQ(queue.pushed(), 5u);
}

TEST(LogQueue, ManyThreadsLoseNothingThatWasAccepted) {
    LogQueue<std::uint64_t> queue(16);
    constexpr std::uint64_t threads = 3, each = 20'000;
    std::atomic<std::uint64_t> accepted{0}, writers_left{threads};
    std::vector<std::thread> writers;
    for (std::uint64_t t = 0; t < threads; ++t)
        writers.emplace_back([&, t] {
            for (std::uint64_t i = 0; i < each; ++i) {
                std::uint64_t value = t << 32 | i;
                if (queue.push(value)) accepted.fetch_add(1);
            }
            writers_left.fetch_sub(1);
        });
    std::uint64_t got = 0, value = 0;
    std::array<std::uint64_t, threads> next{};
    for (bool last = false;;) {
        if (queue.pop(value)) {
            ++got;
            std::uint64_t& expected = next[value >> 32];
            EXPECT_GE(value & 0xFFFFFFFF, expected);
            expected = (value & 0xFFFFFFFF) + 1;
        } else if (last) {
            break;
        } else {
            last = writers_left.load() == 0;
        }
    }
    for (std::thread& writer : writers) writer.join();
    EXPECT_EQ(got, accepted.load());
}

}  // namespace
}  // namespace sluice::admin
