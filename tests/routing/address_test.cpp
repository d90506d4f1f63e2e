#include "engine/routing/address.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "codecs/smpp/values.hpp"

namespace sluice::routing {
namespace {

using smpp::Ton;

std::string normal(std::string_view raw, Ton ton, std::string_view country = {}) {
    return std::string(Address::normalise(raw, static_cast<std::uint8_t>(ton), country).text());
}

TEST(Address, InternationalFormsAreOne) {
    EXPECT_EQ(normal("447700900123", Ton::international), "447700900123");
    EXPECT_EQ(normal("+447700900123", Ton::international), "447700900123");
    EXPECT_EQ(normal("00447700900123", Ton::unknown), "447700900123");
    EXPECT_EQ(normal("+44 (7700) 900-123", Ton::unknown), "447700900123");
    EXPECT_EQ(normal("  447700900123 ", Ton::international), "447700900123");
}

TEST(Address, SurvivesATonThatLies) {
    EXPECT_EQ(normal("+447700900123", Ton::national, "49"), "447700900123");
    EXPECT_EQ(normal("00447700900123", Ton::international), "447700900123");
    EXPECT_EQ(normal("00447700900123", Ton::national, "49"), "447700900123");
    EXPECT_EQ(Address::normalise("447700900123", 0xFF).text(), "447700900123");
}

TEST(Address, CompletesNationalNumbers) {
    EXPECT_EQ(normal("07700900123", Ton::national, "44"), "447700900123");
    EXPECT_EQ(normal("7700900123", Ton::national, "44"), "447700900123");
    EXPECT_EQ(normal("07700900123", Ton::unknown, "44"), "447700900123");
    EXPECT_EQ(normal("447700900123", Ton::unknown, "44"), "447700900123");
    EXPECT_EQ(normal("07700900123", Ton::national), "07700900123");
}

TEST(Address, ShortCodesKeepTheirZeros) {
    EXPECT_EQ(normal("00123", Ton::network_specific, "44"), "00123");
    EXPECT_EQ(normal("00123", Ton::abbreviated, "44"), "00123");
    EXPECT_EQ(normal("12345", Ton::unknown, "44"), "12345");
}

TEST(Address, NamesStayAsTheyAre) {
    const Address name = Address::normalise(" Sluice 24 ", 5);
    EXPECT_EQ(name.text(), "Sluice 24");
    EXPECT_FALSE(name.numeric());
    EXPECT_FALSE(Address::normalise("", 1).numeric());
    EXPECT_FALSE(Address::normalise("+", 1).numeric());
    EXPECT_FALSE(Address::normalise("4477x", 1).numeric());
    EXPECT_TRUE(Address::normalise("12345", 5).numeric());
}

RC_GTEST_PROP(Address, DigitsAreReadAlikeWithPunctuationAndWithout, ()) {
    auto digits = *rc::gen::container<std::string>(rc::gen::inRange('0', ':'));
    digits.resize(std::min<std::size_t>(digits.size(), 25));
    const auto ton = *rc::gen::inRange<std::uint8_t>(0, 8);
    const std::string country = *rc::gen::element<std::string>("", "44");
    const Address plain = Address::normalise(digits, ton, country);
    const Address punctuated = Address::normalise("(" + digits + ")", ton, country);
    RC_PRE(!digits.empty());
    RC_ASSERT(plain.text() == punctuated.text());
    RC_ASSERT(plain.numeric() && punctuated.numeric());
}

TEST(Address, IsBounded) {
    const std::string digits(500, '7');
    EXPECT_EQ(Address::normalise(digits, 1).text(), std::string(20, '7'));
    EXPECT_EQ(Address::normalise(std::string(500, 'x'), 5).text(), std::string(20, 'x'));
    EXPECT_EQ(Address::normalise("0" + digits, 2, "445566").text().size(), 20u);
}

TEST(NumberPattern, ReadsDigitsOnly) {
    EXPECT_EQ(NumberPattern::prefix("+4477")->digits(), "4477");
    EXPECT_EQ(NumberPattern::prefix("")->length(), 0u);
    EXPECT_EQ(NumberPattern::prefix(""), NumberPattern());
    EXPECT_TRUE(NumberPattern::prefix("123456789012345"));
    EXPECT_FALSE(NumberPattern::prefix("1234567890123456"));
    EXPECT_FALSE(NumberPattern::prefix("44x"));
    EXPECT_FALSE(NumberPattern::exact(""));
    EXPECT_TRUE(NumberPattern::exact("123456789012345")->is_exact());
    EXPECT_FALSE(NumberPattern::prefix("123456789012345")->is_exact());
    EXPECT_FALSE(NumberPattern().is_exact());
}

std::string any_digits(int least, int most) {
    std::string digits;
    for (int i = *rc::gen::inRange(least, most + 1); i > 0; --i) digits += *rc::gen::inRange('0', ':');
    return digits;
}

bool within(NumberPattern pattern, NumberKey key) { return pattern.first() <= key && key <= pattern.last(); }

TEST(NumberPattern, KeysAgreeWithText) {
    EXPECT_TRUE(rc::check("a prefix's interval holds the numbers that begin with it, and no others", [] {
        const std::string prefix = any_digits(0, 15);
        const std::string number = *rc::gen::inRange(0, 2) == 0 ? prefix + any_digits(0, 20 - int(prefix.size()))
                                                                : any_digits(1, 20);
        RC_PRE(!number.empty());
        const auto pattern = NumberPattern::prefix(prefix);
        RC_ASSERT(pattern->digits() == prefix);
        RC_ASSERT(pattern->length() == prefix.size());
        // A TON that leaves leading zeros alone.
        const Address address = Address::normalise(number, 3);
        RC_ASSERT(address.text() == number);
        RC_ASSERT(within(*pattern, address.key()) == number.starts_with(prefix));
    }));
    EXPECT_TRUE(rc::check("an exact pattern holds its number alone", [] {
        const std::string wanted = any_digits(1, 15);
        const std::string number = *rc::gen::inRange(0, 2) == 0 ? wanted : wanted + any_digits(1, 5);
        const auto pattern = NumberPattern::exact(wanted);
        RC_ASSERT(pattern->digits() == wanted);
        RC_ASSERT(pattern->length() == wanted.size() + 1);
        RC_ASSERT(within(*pattern, Address::normalise(number, 3).key()) == (number == wanted));
    }));
}

TEST(NumberPattern, NamesMatchTheEmptyPrefixAlone) {
    const NumberKey key = Address::normalise("Sluice", 5).key();
    EXPECT_TRUE(within(NumberPattern(), key));
    for (const char* digit : {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"})
        EXPECT_FALSE(within(*NumberPattern::prefix(digit), key));
}

}  // namespace
}  // namespace sluice::routing
