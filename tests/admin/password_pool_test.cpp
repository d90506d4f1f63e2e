#include "engine/admin/password_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "engine/admin/password.hpp"

namespace sluice::admin {
namespace {

class HandClock final : public Clock {
public:
    MonoTime mono() const override { return MonoTime(nanoseconds(now_.load())); }
    WallTime wall() const override { return {}; }
    void advance(nanoseconds by) { now_ += by.count(); }

private:
    std::atomic<std::int64_t> now_ = 0;
};

const std::string& stored_hash() {
    static const std::string made = *hash_password("secret", {10, 1, 1});
    return made;
}

/// Waits for the one answer it is asked for.
class Answer {
public:
    VerifierPool::Callback callback() {
        return [this](bool right) {
            const std::lock_guard lock(mutex_);
            right_ = right;
            thread_ = std::this_thread::get_id();
            there_.notify_all();
        };
    }
    bool wait() {
        std::unique_lock lock(mutex_);
        there_.wait(lock, [this] { return right_.has_value(); });
        return *right_;
    }
    std::thread::id thread() const { return thread_; }

private:
    std::mutex mutex_;
    std::condition_variable there_;
    std::optional<bool> right_;
    std::thread::id thread_;
};

bool ask(VerifierPool& pool, std::string_view account, std::string_view stored, std::string_view clear) {
    Answer answer;
    EXPECT_TRUE(pool.submit(account, stored, clear, answer.callback()));
    return answer.wait();
}

/// Blocks the pool's only thread inside a callback until it is let go.
class Block {
public:
    explicit Block(VerifierPool& pool) {
        EXPECT_TRUE(pool.submit("blocker", stored_hash(), "wrong", [this](bool) {
            reached_ = true;
            reached_.notify_all();
            released_.wait(false);
        }));
        reached_.wait(false);
    }
    void release() {
        released_ = true;
        released_.notify_all();
    }

private:
    std::atomic<bool> reached_ = false;
    std::atomic<bool> released_ = false;
};

TEST(VerifierPool, AnswersOnItsOwnThread) {
    HandClock clock;
    VerifierPool pool({}, clock);
    Answer answer;
    ASSERT_TRUE(pool.submit("acme", stored_hash(), "secret", answer.callback()));
    EXPECT_TRUE(answer.wait());
    EXPECT_NE(answer.thread(), std::this_thread::get_id());
    EXPECT_FALSE(ask(pool, "acme", stored_hash(), "wrong"));
}

TEST(VerifierPool, RemembersWhatWasRightForAWhile) {
    HandClock clock;
    VerifierPool pool({.cache_lifetime = seconds(60)}, clock);
    EXPECT_TRUE(ask(pool, "acme", stored_hash(), "secret"));
    EXPECT_TRUE(ask(pool, "acme", stored_hash(), "secret"));
    EXPECT_EQ(pool.stats().verified, 1u);
    EXPECT_EQ(pool.stats().cache_hits, 1u);
    clock.advance(seconds(60));
    EXPECT_TRUE(ask(pool, "acme", stored_hash(), "secret"));
    EXPECT_EQ(pool.stats().verified, 2u);
}

TEST(VerifierPool, RemembersNothingElse) {
    HandClock clock;
    VerifierPool pool({}, clock);
    EXPECT_TRUE(ask(pool, "acme", stored_hash(), "secret"));
    EXPECT_FALSE(ask(pool, "acme", stored_hash(), "secre"));
    EXPECT_FALSE(ask(pool, "acme", stored_hash(), "secre"));
    // A changed stored hash makes what was right before worthless.
    EXPECT_FALSE(ask(pool, "acme", *hash_password("changed", {10, 1, 1}), "secret"));
    EXPECT_TRUE(ask(pool, "other", stored_hash(), "secret"));
    EXPECT_EQ(pool.stats().verified, 5u);
    EXPECT_EQ(pool.stats().cache_hits, 0u);
}

TEST(VerifierPool, ItsCacheIsBounded) {
    HandClock clock;
    VerifierPool pool({.cache_entries = 2}, clock);
    for (const char* account : {"a", "b", "c"}) EXPECT_TRUE(ask(pool, account, stored_hash(), "secret"));
    EXPECT_TRUE(ask(pool, "c", stored_hash(), "secret"));
    EXPECT_EQ(pool.stats().cache_hits, 1u);
    EXPECT_TRUE(ask(pool, "a", stored_hash(), "secret"));
    EXPECT_EQ(pool.stats().verified, 4u);
}

TEST(VerifierPool, WithoutACacheEachIsVerified) {
    HandClock clock;
    VerifierPool pool({.cache_entries = 0}, clock);
    EXPECT_TRUE(ask(pool, "acme", stored_hash(), "secret"));
    EXPECT_TRUE(ask(pool, "acme", stored_hash(), "secret"));
    EXPECT_EQ(pool.stats().verified, 2u);
}

TEST(VerifierPool, RefusesWhenItsQueueIsFull) {
    HandClock clock;
    std::vector<Answer> answers(3);
    VerifierPool pool({.queue = 3}, clock);
    Block block(pool);
    for (Answer& answer : answers) EXPECT_TRUE(pool.submit("acme", stored_hash(), "secret", answer.callback()));
    EXPECT_FALSE(pool.submit("acme", stored_hash(), "secret", [](bool) { FAIL() << "called though refused"; }));
    EXPECT_EQ(pool.stats().refused, 1u);
    EXPECT_EQ(pool.stats().waiting, 3u);
    block.release();
    for (Answer& answer : answers) EXPECT_TRUE(answer.wait());
    // Of those that waited together one paid.
    EXPECT_EQ(pool.stats().verified, 2u);
    EXPECT_EQ(pool.stats().cache_hits, 2u);
}

TEST(VerifierPool, EndsWithJobsWaiting) {
    HandClock clock;
    std::atomic<int> called = 0;
    auto pool = std::make_unique<VerifierPool>(VerifierConfig{}, clock);
    auto block = std::make_unique<Block>(*pool);
    for (int i = 0; i < 10; ++i)
        EXPECT_TRUE(pool->submit("acme", stored_hash(), "wrong" + std::to_string(i), [&](bool) { ++called; }));
    std::thread releaser([&] { block->release(); });
    pool.reset();
    releaser.join();
    EXPECT_LE(called, 10);
}

TEST(VerifierPool, ManyThreadsAskAtOnce) {
    HandClock clock;
    VerifierPool pool({.threads = 3, .queue = 10'000}, clock);
    std::atomic<int> right = 0, wrong = 0;
    std::vector<std::thread> askers;
    for (int t = 0; t < 4; ++t)
        askers.emplace_back([&, t] {
            for (int i = 0; i < 50; ++i)
                EXPECT_TRUE(pool.submit("acme" + std::to_string(t), stored_hash(), i % 5 == 0 ? "wrong" : "secret",
                                        [&](bool answer) { ++(answer ? right : wrong); }));
        });
    for (std::thread& asker : askers) asker.join();
    while (right + wrong < 200) std::this_thread::yield();
    EXPECT_EQ(right, 160);
    EXPECT_EQ(wrong, 40);
}

}  // namespace
}  // namespace sluice::admin
