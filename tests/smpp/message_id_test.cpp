#include "codecs/smpp/message_id.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cinttypes>
#include <cstdio>
#include <string>

namespace sluice::smpp {
namespace {

using enum MessageIdFormat;

std::string canonical(std::string_view id, MessageIdFormat format) {
    const std::string found(canonical_message_id(id, format).view());
    if (is_canonical_message_id(id, format)) { EXPECT_EQ(found, id); }
    return found;
}

TEST(CanonicalId, dropsWhatDoesNotCount) {
    EXPECT_EQ(canonical("  0000ABC ", as_is), "abc");
    EXPECT_EQ(canonical(std::string_view("abc\0\0", 5), as_is), "abc");
    EXPECT_EQ(canonical("74E02EE1-4E2F-4A6E-A78B-4B247D756A22", as_is), "74e02ee14e2f4a6ea78b4b247d756a22");
    EXPECT_EQ(canonical("0000436949", as_is), canonical("436949", as_is));
    EXPECT_EQ(canonical("0", as_is), "0");
    EXPECT_EQ(canonical("0000", as_is), "0");
    EXPECT_EQ(canonical("", as_is), "");
    EXPECT_EQ(canonical(" - ", as_is), "");
    EXPECT_EQ(canonical(std::string_view("-\0 12\n34", 8), as_is), "1234") << "inside as well";
    EXPECT_EQ(canonical("1479978899.393701000100", as_is), "1479978899.393701000100");
}

TEST(CanonicalId, isSeenAtOnceOfMostDigits) {
    EXPECT_TRUE(is_canonical_message_id("1000000000", as_is));
    EXPECT_TRUE(is_canonical_message_id(std::string(CanonicalId::max_size, '9'), as_is));
    EXPECT_FALSE(is_canonical_message_id("1000000000", decimal));
    EXPECT_FALSE(is_canonical_message_id("0100000000", as_is));
}

TEST(CanonicalId, ofDigitsAloneIsNoOther) {
    for (std::size_t size = 1; size <= 70; ++size) {
        const std::string digits =
            std::string("1234567890").substr(0, size) + std::string(size > 10 ? size - 10 : 0, '9');
        EXPECT_EQ(canonical(digits, as_is), digits.substr(0, CanonicalId::max_size));
        EXPECT_EQ(canonical("0" + digits, as_is), digits.substr(0, CanonicalId::max_size));
        for (std::size_t at = 0; at < size; ++at) {
            for (const auto& [other, as] : {std::pair("A", "a"), {"-", ""}, {"/", "/"}, {":", ":"}, {"\xb5", "\xb5"}}) {
                std::string odd = digits, expected = digits;
                odd.replace(at, 1, other);
                expected.replace(at, 1, as);
                expected.erase(0, expected.find_first_not_of('0'));
                EXPECT_EQ(canonical(odd, as_is), expected.substr(0, CanonicalId::max_size)) << odd;
            }
        }
    }
}

TEST(CanonicalId, decimalAndHexOfOneNumberMeet) {
    EXPECT_EQ(canonical("1891273321", decimal), canonical("70BA8A69", hex));
    EXPECT_EQ(canonical("0000000255", decimal), "#ff");
    EXPECT_EQ(canonical("ff", hex), "#ff");
    EXPECT_EQ(canonical("0", decimal), canonical("000", hex));
    EXPECT_EQ(canonical("18446744073709551615", decimal), canonical("FFFFFFFFFFFFFFFF", hex));
}

TEST(CanonicalId, whatIsNoSuchNumberStaysAText) {
    EXPECT_EQ(canonical("abc", decimal), "abc") << "not the number 2748, which is #abc";
    EXPECT_EQ(canonical("18446744073709551616", decimal), "18446744073709551616");
    EXPECT_EQ(canonical("10000000000000000", hex), "10000000000000000");
    EXPECT_EQ(canonical("Smsc2013", hex), "smsc2013");
    EXPECT_EQ(canonical("+5", decimal), "+5");
}

TEST(CanonicalId, isBounded) {
    const std::string longest(64, 'f');
    EXPECT_EQ(canonical(longest, as_is), longest);
    EXPECT_EQ(canonical(longest + "tail", hex), longest);
}

TEST(CanonicalId, everyNumberMeetsItself) {
    EXPECT_TRUE(rc::check("hex, decimal and padded forms meet", [] {
        const auto value = *rc::gen::arbitrary<std::uint64_t>();
        char padded[32], lower[32], upper[32];
        std::snprintf(padded, sizeof padded, "%020" PRIu64, value);
        std::snprintf(lower, sizeof lower, "%" PRIx64, value);
        std::snprintf(upper, sizeof upper, "%016" PRIX64, value);
        RC_ASSERT(canonical(padded, decimal) == canonical(lower, hex));
        RC_ASSERT(canonical(std::to_string(value), decimal) == canonical(upper, hex));
        RC_ASSERT(canonical(lower, as_is) == canonical(upper, as_is));
    }));
}

}  // namespace
}  // namespace sluice::smpp
