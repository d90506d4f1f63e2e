#include "engine/base/spsc_ring.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <deque>
#include <string>
#include <thread>

#include "engine/base/random.hpp"

namespace sluice {
namespace {

/// Writes `size` octets that follow from `tag`.
bool write_patterned(SpscRing& ring, std::uint32_t tag, std::size_t size) {
    return ring.try_write(tag, size, [&](std::uint8_t* to) {
        for (std::size_t i = 0; i < size; ++i) to[i] = static_cast<std::uint8_t>(tag + i);
    });
}
bool is_patterned(std::uint32_t tag, ByteView record) {
    for (std::size_t i = 0; i < record.size(); ++i)
        if (record[i] != static_cast<std::uint8_t>(tag + i)) return false;
    return true;
}

TEST(SpscRing, NothingIsVisibleBeforePublish) {
    SpscRing ring(64);
    EXPECT_TRUE(ring.try_write(1, as_bytes("a")));
    EXPECT_TRUE(ring.empty());
    EXPECT_TRUE(ring.publish());
    EXPECT_FALSE(ring.publish());
    EXPECT_FALSE(ring.empty());
    std::string seen;
    const auto note = [&](std::uint32_t tag, ByteView record) {
        seen += std::to_string(tag) + std::string(as_text(record));
    };
    EXPECT_EQ(ring.read(note, 9), 1u);
    EXPECT_EQ(seen, "1a");
    EXPECT_TRUE(ring.empty());
}

TEST(SpscRing, TheLargestRecordFitsWhereverTheIndicesStand) {
    SpscRing ring(256);
    for (std::uint32_t round = 0; round < 100; ++round) {
        ASSERT_TRUE(write_patterned(ring, round, round % 17));
        ring.publish();
        ASSERT_EQ(ring.read([](auto, auto) {}, 1), 1u);
        ASSERT_TRUE(write_patterned(ring, round, ring.max_record()));
        ring.publish();
        ASSERT_EQ(ring.read([&](std::uint32_t tag, ByteView record) {
            EXPECT_EQ(record.size(), ring.max_record());
            EXPECT_TRUE(is_patterned(tag, record));
            EXPECT_EQ(reinterpret_cast<std::uintptr_t>(record.data()) % 8, 0u);
        }, 1), 1u);
    }
}

TEST(SpscRing, FullMeansFalseUntilTheReaderHasRead) {
    SpscRing ring(64);
    std::uint32_t written = 0;
    while (write_patterned(ring, written, 8)) ++written;
    EXPECT_EQ(written, 4u);
    EXPECT_EQ(ring.read([](auto, auto) {}, 9), 0u);
    EXPECT_FALSE(write_patterned(ring, written, 0));
    ring.publish();
    EXPECT_EQ(ring.read([](auto, auto) {}, 1), 1u);
    EXPECT_TRUE(write_patterned(ring, written, 8));
    EXPECT_FALSE(write_patterned(ring, written, 8));
}

TEST(SpscRing, BehavesLikeAQueue) {
    EXPECT_TRUE(rc::check("a model queue sees the same records", [](std::uint64_t seed) {
        Random random(seed);
        SpscRing ring(std::size_t{64} << random.below(5));
        std::deque<std::pair<std::uint32_t, std::size_t>> written, visible;
        for (std::uint32_t step = 0; step < 300; ++step) {
            switch (random.below(4)) {
                case 0:
                case 1: {
                    const std::size_t size = random.below(ring.max_record() + 1);
                    if (write_patterned(ring, step, size))
                        written.emplace_back(step, size);
                    else
                        RC_ASSERT(!written.empty() || !visible.empty());
                    break;
                }
                case 2:
                    RC_ASSERT(ring.publish() == !written.empty());
                    visible.insert(visible.end(), written.begin(), written.end());
                    written.clear();
                    break;
                default: {
                    const std::size_t max = random.below(5);
                    const std::size_t expected = std::min(max, visible.size());
                    const std::size_t got = ring.read([&](std::uint32_t tag, ByteView record) {
                        RC_ASSERT(tag == visible.front().first);
                        RC_ASSERT(record.size() == visible.front().second);
                        RC_ASSERT(is_patterned(tag, record));
                        visible.pop_front();
                    }, max);
                    RC_ASSERT(got == expected);
                }
            }
        }
    }));
}

TEST(SpscRing, CarriesEverythingBetweenTwoThreads) {
    constexpr std::uint32_t count = 200'000;
    SpscRing ring(8192);
    std::thread writer([&] {
        Random random(1);
        for (std::uint32_t tag = 0; tag < count;) {
            for (std::uint64_t batch = 1 + random.below(64); batch > 0 && tag < count; --batch) {
                if (!write_patterned(ring, tag, tag % 200)) break;
                ++tag;
            }
            if (!ring.publish()) std::this_thread::yield();
        }
    });
    std::uint32_t next = 0;
    bool intact = true;
    while (next < count) {
        const std::size_t got = ring.read([&](std::uint32_t tag, ByteView record) {
            intact = intact && tag == next && record.size() == tag % 200 && is_patterned(tag, record);
            ++next;
        }, 100);
        if (got == 0) std::this_thread::yield();
    }
    writer.join();
    EXPECT_TRUE(intact);
    EXPECT_TRUE(ring.empty());
}

}  // namespace
}  // namespace sluice
