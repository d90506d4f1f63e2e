#include "engine/base/counters.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace sluice {
namespace {

TEST(Counters, OneWriterAnyReaders) {
    Counter counter;
    Gauge gauge;
    std::thread writer([&] {
        for (int i = 0; i < 100'000; ++i) {
            counter.add();
            gauge.add(i % 2 ? 1 : -1);
        }
    });
    std::uint64_t last = 0;
    while (last < 100'000) {
        const std::uint64_t value = counter.value();
        ASSERT_GE(value, last);
        last = value;
        const std::int64_t level = gauge.value();
        ASSERT_TRUE(level == 0 || level == -1);
        std::this_thread::yield();
    }
    writer.join();
    EXPECT_EQ(counter.value(), 100'000u);
    EXPECT_EQ(gauge.value(), 0);
}

}  // namespace
}  // namespace sluice
