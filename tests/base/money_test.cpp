#include "engine/base/money.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace sluice {
namespace {

TEST(Money, IsWrittenAsPeopleDo) {
    EXPECT_EQ(to_string(Money{}), "0");
    EXPECT_EQ(to_string(Money::of(12)), "12");
    EXPECT_EQ(to_string(Money{35'000}), "0.035");
    EXPECT_EQ(to_string(Money{-1'500'000}), "-1.5");
    EXPECT_EQ(to_string(Money{INT64_MIN}), "-9223372036854.775808");
}

TEST(Money, OnlyNumbersThatFitAreRead) {
    EXPECT_EQ(parse_money("0.035"), Money{35'000});
    EXPECT_EQ(parse_money("+7.50"), Money{7'500'000});
    EXPECT_EQ(parse_money("-0.000001"), Money{-1});
    for (const char* wrong : {"", "-", ".", "1.", ".5", "1.0000001", "1,5", " 1", "1 ", "1e3", "0x1", "--1",
                              "9223372036855", "99999999999999999999"})
        EXPECT_FALSE(parse_money(wrong)) << wrong;
}

RC_GTEST_PROP(Money, ReadsWhatItWrites, (std::int64_t micros)) {
    const Money money{micros};
    // The outermost unit is given up, so that reading needs no wider arithmetic.
    RC_PRE(micros / Money::unit < INT64_MAX / Money::unit - 1 && micros / Money::unit > -(INT64_MAX / Money::unit - 1));
    RC_ASSERT(parse_money(to_string(money)) == money);
}

}  // namespace
}  // namespace sluice
