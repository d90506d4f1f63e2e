#include "engine/routing/prefix_index.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>

#include "engine/base/random.hpp"
#include "engine/routing/prefix_sweep.hpp"

namespace sluice::routing {
namespace {

TEST(PrefixIndex, EmptyHasNoValue) {
    EXPECT_EQ(PrefixIndex().find(0), PrefixIndex::no_value);
    EXPECT_EQ(PrefixSweep().finish().find(~NumberKey{0} - 1), PrefixIndex::no_value);
}

TEST(PrefixIndex, FindsTheLastBoundaryNotAfterAKey) {
    // Sizes around the node size and its powers, where levels begin and end.
    for (const std::size_t size : {1, 7, 8, 9, 63, 64, 65, 511, 512, 513, 5000}) {
        std::vector<PrefixIndex::Boundary> boundaries;
        for (std::size_t i = 0; i < size; ++i)
            boundaries.push_back({10 + 10 * i, static_cast<std::uint32_t>(i)});
        const PrefixIndex index(boundaries);
        EXPECT_EQ(index.find(0), PrefixIndex::no_value);
        EXPECT_EQ(index.find(9), PrefixIndex::no_value);
        for (std::size_t i = 0; i < size; ++i) {
            EXPECT_EQ(index.find(10 + 10 * i), i);
            EXPECT_EQ(index.find(19 + 10 * i), i);
        }
        EXPECT_EQ(index.find(~NumberKey{0} - 1), size - 1);
    }
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
        PrefixSweep sweep;
        for (const auto& [pattern, value] : patterns) sweep.enter(pattern, value);
        const PrefixIndex index = sweep.finish();

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

TEST(PrefixIndex, NeighboursOfOneValueAreOneInterval) {
    PrefixSweep sweep;
    for (const char* prefix : {"440", "441", "442", "443"}) sweep.enter(*NumberPattern::prefix(prefix), 1);
    EXPECT_EQ(sweep.finish().size(), 3u);  // before, the four, after
}

}  // namespace
}  // namespace sluice::routing
