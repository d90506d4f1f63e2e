#include "engine/base/out_buffer.hpp"

#include <gtest/gtest.h>

#include <string>

#include "engine/base/random.hpp"

namespace sluice {
namespace {

TEST(OutBuffer, IsAQueueOfOctetsInOnePiece) {
    Random random(5);
    OutBuffer buffer;
    std::string model;
    for (int step = 0; step < 2000; ++step) {
        if (random.chance(0.5)) {
            const std::string text(random.below(3000), static_cast<char>('a' + step % 26));
            buffer.append(as_bytes(text));
            model += text;
        } else {
            const std::size_t n = random.below(buffer.size() + 1);
            buffer.consume(n);
            model.erase(0, n);
        }
        ASSERT_EQ(buffer.size(), model.size());
        ASSERT_TRUE(as_text(buffer.view()) == model);
    }
    buffer.shrink();
    EXPECT_EQ(buffer.size(), model.size());
    buffer.clear();
    buffer.shrink();
    EXPECT_EQ(buffer.capacity(), 0u);
}

}  // namespace
}  // namespace sluice
