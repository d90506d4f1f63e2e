#include "engine/base/pooled_octets.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <thread>
#include <vector>

namespace sluice {
namespace {

std::vector<std::uint8_t> filled(std::size_t size, std::uint8_t with) { return std::vector<std::uint8_t>(size, with); }

TEST(PooledOctets, HoldWhatTheyWereMadeOf) {
    const auto octets = filled(100, 7);
    PooledOctets a{ByteView(octets)};
    EXPECT_TRUE(std::ranges::equal(a.view(), octets));
    PooledOctets b = std::move(a);
    EXPECT_TRUE(a.empty());
    EXPECT_TRUE(std::ranges::equal(b.view(), octets));
    b = PooledOctets();
    EXPECT_TRUE(b.empty());
    EXPECT_TRUE(PooledOctets(ByteView()).empty());
}

TEST(PooledOctets, ABlockIsUsedAgain) {
    if (PooledOctets::kept == 0) GTEST_SKIP() << "AddressSanitizer is to see every end of use";
    const std::uint8_t* first = nullptr;
    {
        const PooledOctets a(200);
        first = a.data();
    }
    EXPECT_EQ(PooledOctets(193).data(), first);  // the same step
    EXPECT_EQ(PooledOctets(256).data(), first);
    EXPECT_NE(PooledOctets(257).data(), first);
}

TEST(PooledOctets, MayEndOnAnotherThread) {
    std::vector<PooledOctets> made;
    for (std::size_t i = 1; i < 2000; i += 7) made.emplace_back(i);
    std::thread([its = std::move(made)]() mutable { its.clear(); }).join();
}

/// Whatever comes and goes in whatever order: nobody's octets change under him.
RC_GTEST_PROP(PooledOctets, NobodySharesABlock, ()) {
    std::vector<std::pair<PooledOctets, std::uint8_t>> live;
    std::uint8_t next = 0;
    for (const auto size : *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, 1400))) {
        if (size % 3 == 0 && !live.empty()) {
            live.erase(live.begin() + static_cast<std::ptrdiff_t>(size % live.size()));
        } else {
            live.emplace_back(PooledOctets(ByteView(filled(size, ++next))), next);
        }
        for (const auto& [octets, with] : live)
            RC_ASSERT(std::ranges::all_of(octets.view(), [w = with](std::uint8_t octet) { return octet == w; }));
    }
}

}  // namespace
}  // namespace sluice
