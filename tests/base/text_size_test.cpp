#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstring>
#include <memory>

#include "engine/base/text_size.hpp"

namespace sluice {
namespace {

/// In memory of its own, so that AddressSanitizer sees what is read behind the end.
std::size_t size_in(std::string_view octets, std::size_t limit) {
    const auto exact = std::make_unique_for_overwrite<std::uint8_t[]>(octets.size());
    std::copy(octets.begin(), octets.end(), exact.get());
    return text_size(exact.get(), limit, exact.get() + octets.size());
}

TEST(TextSize, Examples) {
    using namespace std::string_view_literals;
    EXPECT_EQ(size_in("\0"sv, 1), 0u);
    EXPECT_EQ(size_in("abc\0"sv, 4), 3u);
    EXPECT_EQ(size_in("abc\0"sv, 3), 3u);
    EXPECT_EQ(size_in("abc\0defghijklmnopqrst\0"sv, 20), 3u);
    EXPECT_EQ(size_in("abcdefghijklmnopqrst\0"sv, 21), 20u);
    EXPECT_EQ(size_in("abcdefghijklmnopqrst\0uvwxyz0123456789"sv, 5), 5u);
    EXPECT_EQ(size_in("abcdefghijklmnopqrst"sv, 20), 20u);
    EXPECT_EQ(size_in("", 0), 0u);
}

RC_GTEST_PROP(TextSize, IsWhatALoopFinds, ()) {
    auto octets = *rc::gen::container<std::string>(rc::gen::weightedElement<char>({{20, 'a'}, {1, '\0'}}));
    const auto limit = *rc::gen::inRange<std::size_t>(0, octets.size() + 1);
    std::size_t expected = 0;
    while (expected < limit && octets[expected] != 0) ++expected;
    RC_ASSERT(size_in(octets, limit) == expected);
}

}  // namespace
}  // namespace sluice
