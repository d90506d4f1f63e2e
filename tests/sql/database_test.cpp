#include "engine/sql/database.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>

#include "tests/sql/sqlite.hpp"

namespace sluice::sql {
namespace {

DatabaseConfig config(const SqliteFile& file, std::uint32_t connections = 1) {
    DatabaseConfig config;
    config.name = "customers";
    config.connection = file.connection();
    config.connections = connections;
    config.timeout = seconds(60);
    return config;
}

TEST(SqlDatabase, AnswersOnItsOwnThreads) {
    SqliteFile file;
    Database database(config(file, 3));
    ASSERT_TRUE(execute(database, {"CREATE TABLE t (n INT)"}));
    ASSERT_TRUE(execute(database, {"INSERT INTO t VALUES (?)", {std::int64_t{7}}}));
    std::atomic<int> right{0}, answered{0};
    const auto here = std::this_thread::get_id();
    for (int i = 0; i < 200; ++i) {
        const bool taken = database.query({"SELECT n + ? FROM t", {std::int64_t{i}}}, [&, i](Outcome<Answer> outcome) {
            right +=
                outcome && outcome->rows.at(0).at(0) == std::to_string(7 + i) && std::this_thread::get_id() != here;
            ++answered;
        });
        ASSERT_TRUE(taken);
    }
    ASSERT_TRUE(eventually([&] { return answered == 200; }));
    EXPECT_EQ(right, 200);
    EXPECT_EQ(database.stats().answered, 202u);
}

TEST(SqlDatabase, AffectedRowsAndTransactions) {
    SqliteFile file;
    Database database(config(file));
    ASSERT_TRUE(execute(database, {"CREATE TABLE u (id TEXT PRIMARY KEY, credits INT)"}));
    ASSERT_TRUE(execute(database, {"INSERT INTO u VALUES ('Test1', 1)"}));
    const Statement take{"UPDATE u SET credits = credits - 1 WHERE id = ? AND credits > 0", {std::string("Test1")}};
    EXPECT_EQ(execute(database, take)->affected, 1u);
    EXPECT_EQ(execute(database, take)->affected, 0u);
    const auto both = transaction(database, {{"UPDATE u SET credits = 5"}, {"SELECT credits FROM u"}});
    ASSERT_TRUE(both) << both.error().text;
    EXPECT_EQ(both->at(0).affected, 1u);
    EXPECT_EQ(both->at(1).rows[0][0], "5");
    const auto wrong = transaction(database, {{"UPDATE u SET credits = 6"}, {"INSERT INTO u VALUES ('Test1', 1)"}});
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().kind, Failure::Kind::refused);
    EXPECT_EQ(query(database, {"SELECT credits FROM u"})->rows[0][0], "5");
    EXPECT_EQ(database.stats().refused, 1u);
}

TEST(SqlDatabase, AStuckThreadIsReplacedAndItsCallerAnswered) {
    SqliteFile file;
    DatabaseConfig tight = config(file);
    tight.timeout = milliseconds(100);
    Database database(tight);
    ASSERT_TRUE(eventually([&] { return database.stats().connected == 1; }));
    const auto late = query(database, endless());
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().kind, Failure::Kind::away);
    EXPECT_EQ(database.stats().stuck, 1u);
    EXPECT_EQ(database.stats().late, 1u);
    // Its successor answers while it is still in the driver.
    EXPECT_TRUE(eventually([&] {
        const auto fresh = query(database, {"SELECT 1"});
        return fresh && database.stats().stuck == 1;
    }));
    const auto changed = execute(database, endless());
    ASSERT_FALSE(changed);
    EXPECT_EQ(changed.error().kind, Failure::Kind::uncertain) << "what changes something may still happen";
    // They end when the driver lets go of them.
    EXPECT_TRUE(eventually([&] { return database.stats().stuck == 0; }));
    EXPECT_TRUE(eventually([&] { return query(database, {"SELECT 1"}).has_value(); }));
}

TEST(SqlDatabase, ThreadsLeftBehindAreBoundedAndTheQueueIsToo) {
    SqliteFile file;
    DatabaseConfig tight = config(file);
    tight.timeout = milliseconds(100);
    tight.queue = 3;
    Database database(tight);
    ASSERT_TRUE(eventually([&] { return database.stats().connected == 1; }));
    std::atomic<int> answered{0};
    int taken = 0;
    // The first two become stuck, one replaced by the other; nobody is left for the third.
    for (int i = 0; i < 3; ++i) {
        taken += database.query(endless(), [&](Outcome<Answer> outcome) { answered += !outcome; });
        ASSERT_TRUE(eventually([&] { return database.stats().waiting == 0; }));
    }
    ASSERT_TRUE(eventually([&] { return answered == taken; }));
    EXPECT_LE(database.stats().stuck, 1u);
    EXPECT_TRUE(eventually([&] {
        const Database::Stats stats = database.stats();
        return stats.stuck == 0 && stats.running == 0;
    }));
    EXPECT_TRUE(eventually([&] { return query(database, {"SELECT 1"}).has_value(); }));
}

TEST(SqlDatabase, AFullQueueRefuses) {
    SqliteFile file;
    DatabaseConfig small = config(file);
    small.queue = 2;
    Database database(small);
    ASSERT_TRUE(eventually([&] { return database.stats().connected == 1; }));
    std::atomic<int> answered{0};
    const auto count = [&](Outcome<Answer>) { ++answered; };
    ASSERT_TRUE(database.query(endless(), count));
    ASSERT_TRUE(eventually([&] { return database.stats().running == 1; }));
    EXPECT_TRUE(database.query({"SELECT 1"}, count));
    EXPECT_TRUE(database.query({"SELECT 1"}, count));
    EXPECT_FALSE(database.query({"SELECT 1"}, count));
    EXPECT_EQ(database.stats().waiting, 2u);
    EXPECT_TRUE(eventually([&] { return answered == 3; }));
}

TEST(SqlDatabase, WhileItIsAwayCallersAreToldAtOnceAndItComesBack) {
    SqliteFile file;
    DatabaseConfig away = config(file);
    const std::string folder = std::filesystem::path(file.path()).parent_path().string();
    std::filesystem::remove_all(folder);  // SQLite cannot create the file then
    std::mutex mutex;
    std::string log;
    Database database(away, [&](char level, const std::string& text) {
        const std::lock_guard lock(mutex);
        log += std::string(1, level) + ' ' + text + '\n';
    });
    const auto refused = query(database, {"SELECT 1 FROM sqlite_master"});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, Failure::Kind::away) << refused.error().text;
    std::filesystem::create_directory(folder);
    EXPECT_TRUE(eventually([&] { return query(database, {"SELECT 1"}).has_value(); }));
    const std::lock_guard lock(mutex);
    EXPECT_NE(log.find("E database customers: cannot be reached: "), std::string::npos) << log;
    EXPECT_NE(log.find("W database customers: is there again"), std::string::npos) << log;
}

TEST(SqlDatabase, EndsWithStatementsUnanswered) {
    SqliteFile file;
    std::atomic<int> answered{0};
    {
        Database database(config(file));
        ASSERT_TRUE(eventually([&] { return database.stats().connected == 1; }));
        for (int i = 0; i < 10; ++i)
            ASSERT_TRUE(database.query({"SELECT 1"}, [&](Outcome<Answer>) { ++answered; }));
    }
    const int then = answered;
    std::this_thread::sleep_for(milliseconds(50));
    EXPECT_EQ(answered, then) << "a callback after the end";
}

}  // namespace
}  // namespace sluice::sql
