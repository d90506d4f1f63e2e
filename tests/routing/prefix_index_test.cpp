#include "engine/routing/prefix_index.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>
#include <vector>

#include "engine/base/random.hpp"

namespace sluice::routing {
namespace {

NumberKey key_of(std::string_view number) { return Address::normalise(number, 3).key(); }

TEST(PrefixIndex, EmptyHasNoValue) {
    EXPECT_EQ(PrefixIndex().find(key_of("447700900123")), PrefixIndex::no_value);
    EXPECT_EQ(PrefixIndex(std::span<const PrefixIndex::Entry>()).find(key_of("447700900123")), PrefixIndex::no_value);
}

TEST(PrefixIndex, FindsTheLongest) {
    const std::vector<PrefixIndex::Entry> entries{{NumberPattern(), 0},
                                                  {*NumberPattern::prefix("4"), 1},
                                                  {*NumberPattern::prefix("44770"), 2},
                                                  {*NumberPattern::exact("44770"), 3},
                                                  {*NumberPattern::prefix("447700900123456"), 4}};
    const PrefixIndex index(entries);
    EXPECT_EQ(index.find(key_of("1")), 0u);
    EXPECT_EQ(index.find(key_of("Sluice")), 0u);
    EXPECT_EQ(index.find(key_of("4")), 1u);
    EXPECT_EQ(index.find(key_of("4477")), 1u);
    EXPECT_EQ(index.find(key_of("44770")), 3u);
    EXPECT_EQ(index.find(key_of("447701")), 2u);
    EXPECT_EQ(index.find(key_of("447700900123456")), 4u);
    EXPECT_EQ(index.find(key_of("44770090012345678901")), 4u);
}

TEST(PrefixIndex, FindsEachOfMany) {
    // Neighbouring numbers, which a poor hash would heap up.
    std::vector<PrefixIndex::Entry> entries;
    for (std::uint32_t i = 0; i < 50'000; ++i)
        entries.push_back({*NumberPattern::prefix(std::to_string(447'700'900'000 + i)), i});
    const PrefixIndex index(entries);
    for (const auto& [pattern, value] : entries) ASSERT_EQ(index.find(key_of(pattern.digits())), value);
    EXPECT_EQ(index.find(key_of("447700950000")), PrefixIndex::no_value);
    EXPECT_LT(index.memory_bytes(), 50'000 * 25 + 20'000u);
}

TEST(PrefixIndex, IsTheLongestPrefixMatch) {
    EXPECT_TRUE(rc::check("as the plain search over all prefixes says", [] {
        const auto seed = *rc::gen::arbitrary<std::uint64_t>();
        Random random(seed);
        // Few distinct digits, so that prefixes nest and neighbour each other.
        const auto digits = [&](std::size_t most) {
            std::string text;
            for (std::size_t i = random.below(most + 1); i > 0; --i)
                text += static_cast<char>('0' + 3 * random.below(4));
            return text;
        };
        std::map<NumberPattern, std::uint32_t> patterns;
        for (std::size_t i = random.below(80); i > 0; --i) {
            const auto text = digits(6);
            const auto pattern = random.chance(0.3) && !text.empty() ? NumberPattern::exact(text)
                                                                     : NumberPattern::prefix(text);
            patterns.emplace(*pattern, static_cast<std::uint32_t>(random.below(4)));
        }
        std::vector<PrefixIndex::Entry> entries;
        for (const auto& [pattern, value] : patterns) entries.push_back({pattern, value});
        const PrefixIndex index(entries);

        for (int i = 0; i < 100; ++i) {
            const Address number = Address::normalise("9" + digits(9), 3);
            const Address other = Address::normalise(digits(9) + "0", 3);
            for (const Address& address : {number, other}) {
                std::uint32_t expected = PrefixIndex::no_value;
                unsigned longest = 0;
                for (const auto& [pattern, value] : patterns)
                    if (pattern.first() <= address.key() && address.key() <= pattern.last() &&
                        (expected == PrefixIndex::no_value || pattern.length() > longest)) {
                        expected = value;
                        longest = pattern.length();
                    }
                RC_ASSERT(index.find(address.key()) == expected);
            }
        }
    }));
}

}  // namespace
}  // namespace sluice::routing
