#include "storage/doorbell.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace sluice::storage {
namespace {

/// A sleeper that does what it finds, as the committer does, until it finds -1.
class Sleeper {
public:
    Sleeper() : thread_([this] { run(); }) {}
    ~Sleeper() {
        give(-1);
        thread_.join();
    }
    void give(int work) {
        given_.store(work, std::memory_order_release);
        doorbell.ring();
    }

    Doorbell doorbell;
    std::uint64_t done = 0;  ///< no atomic: whose it is, the doorbell says
    std::uint64_t looks = 0;

private:
    void run() {
        for (;;) {
            const std::uint32_t heard = doorbell.heard();
            ++looks;
            const int work = given_.exchange(0, std::memory_order_acquire);
            if (work < 0) return;
            if (work > 0) done += static_cast<std::uint64_t>(work);
            else doorbell.wait(heard);
        }
    }

    std::atomic<int> given_{0};
    std::thread thread_;
};

void wait_for(const Doorbell& doorbell) {
    while (!doorbell.is_answered()) std::this_thread::yield();
}

TEST(Doorbell, every_ring_is_heard) {
    Sleeper sleeper;
    for (std::uint64_t ring = 1; ring <= 20'000; ++ring) {
        sleeper.give(1);
        wait_for(sleeper.doorbell);  // for ever, if one is lost
        ASSERT_EQ(sleeper.done, ring);
    }
}

TEST(Doorbell, what_both_use_is_the_ringers_until_the_next_ring) {
    Sleeper sleeper;
    wait_for(sleeper.doorbell);
    const std::uint64_t looks = sleeper.looks;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_EQ(sleeper.looks, looks);
    sleeper.done = 7;
    sleeper.give(1);
    wait_for(sleeper.doorbell);
    EXPECT_EQ(sleeper.done, 8u);
    EXPECT_GT(sleeper.looks, looks);
}

TEST(Doorbell, is_not_answered_before_the_sleeper_has_come_to_rest) {
    Doorbell doorbell;
    EXPECT_FALSE(doorbell.is_answered());
    std::thread sleeper([&] { doorbell.wait(doorbell.heard()); });
    wait_for(doorbell);
    doorbell.ring();
    EXPECT_FALSE(doorbell.is_answered());
    sleeper.join();
}

}  // namespace
}  // namespace sluice::storage
