#include "codecs/sms/charset.hpp"

#include <rapidcheck.h>

#include "codecs/sms/utf8.hpp"
#include "tests/sms/vectors.hpp"

namespace sluice::sms::test {
namespace {

std::string decode_hex(Charset charset, std::string_view hex) { return decode(charset, octets(hex)); }
std::string encode_hex(Charset charset, std::string_view text) {
    const auto encoded = encode(charset, text);
    return encoded ? smpp::to_hex(*encoded) : "none";
}

TEST(Gsm7, EveryCharacterOfTheAlphabetGoesBothWays) {
    const std::string alphabet =
        "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
        "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
    const auto encoded = encode(Charset::gsm7, alphabet);
    ASSERT_TRUE(encoded);
    ASSERT_EQ(encoded->size(), 127u);
    std::uint8_t expected = 0;
    for (const std::uint8_t septet : *encoded) {
        if (expected == gsm7_escape) ++expected;
        EXPECT_EQ(septet, expected++);
    }
    EXPECT_EQ(decode(Charset::gsm7, *encoded), alphabet);
}

TEST(Gsm7, ExtensionCharactersTakeTwo) {
    EXPECT_EQ(encode_hex(Charset::gsm7, "{}[]~|^\\€\f"), "1b281b291b3c1b3e1b3d1b401b141b2f1b651b0a");
    EXPECT_EQ(decode_hex(Charset::gsm7, "1b65"), "€");
}

TEST(Gsm7, WhatIsNotThereIsRefused) {
    EXPECT_EQ(encode_hex(Charset::gsm7, "ç"), "none");
    EXPECT_EQ(encode_hex(Charset::gsm7, "🌍"), "none");
    EXPECT_EQ(encode_hex(Charset::gsm7, "\xC3"), "none");
}

TEST(Gsm7, OddOctetsAreShownSomehow) {
    EXPECT_EQ(decode_hex(Charset::gsm7, "1b41"), "A") << "an unknown extension is the character of the main table";
    EXPECT_EQ(decode_hex(Charset::gsm7, "1b1b"), " ");
    EXPECT_EQ(decode_hex(Charset::gsm7, "411b"), "A ");
    EXPECT_EQ(decode_hex(Charset::gsm7, "80"), "\uFFFD");
}

TEST(Latin1, IsTheFirst256CodePoints) {
    EXPECT_EQ(encode_hex(Charset::latin1, "áçÚÿ"), "e1e7daff");
    EXPECT_EQ(encode_hex(Charset::latin1, "Ā"), "none");
    EXPECT_EQ(decode_hex(Charset::latin1, "e1e7da"), "áçÚ");
}

TEST(Ucs2, UsesSurrogatePairs) {
    EXPECT_EQ(encode_hex(Charset::ucs2, "a🌍"), "0061d83cdf0d");
    EXPECT_EQ(decode_hex(Charset::ucs2, "0061d83cdf0d"), "a🌍");
}

TEST(Ucs2, ByteOrderMarksAreObeyed) {
    EXPECT_EQ(decode_hex(Charset::ucs2, "feff0041"), "A");
    EXPECT_EQ(decode_hex(Charset::ucs2, "fffe41003cd80ddf"), "A🌍");
}

TEST(Ucs2, BrokenOnesAreReplaced) {
    EXPECT_EQ(decode_hex(Charset::ucs2, "d83c0041"), "\uFFFDA");
    EXPECT_EQ(decode_hex(Charset::ucs2, "df0d"), "\uFFFD");
    EXPECT_EQ(decode_hex(Charset::ucs2, "d83c"), "\uFFFD");
    EXPECT_EQ(decode_hex(Charset::ucs2, "004100"), "A\uFFFD");
}

TEST(Utf8, RefusesWhatIsNone) {
    for (const std::string_view broken : {"\x80", "\xC0\x80", "\xC3", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                                          "\xF8\x88\x80\x80\x80", "\xFF"}) {
        std::string_view text = broken;
        EXPECT_EQ(take_code_point(text), replacement_character);
        EXPECT_EQ(text.size(), broken.size() - 1);
        EXPECT_FALSE(encode(Charset::ucs2, broken));
    }
    EXPECT_TRUE(encode(Charset::ucs2, "\uFFFD"));
}

TEST(Properties, WhatEncodesDecodesToTheSame) {
    EXPECT_TRUE(rc::check([](const std::vector<char32_t>& random) {
        std::string text;
        for (char32_t c : random) {
            c %= 0x110000;
            if ((c < 0xD800 || c > 0xDFFF) && c != 0xFEFF && c != 0xFFFE) append_utf8(c, text);
        }
        RC_ASSERT(decode(Charset::ucs2, *encode(Charset::ucs2, text)) == text);
        for (const Charset charset : {Charset::gsm7, Charset::latin1})
            if (const auto encoded = encode(charset, text)) RC_ASSERT(decode(charset, *encoded) == text);
    }));
}

TEST(Properties, AnyOctetsDecodeToUtf8) {
    EXPECT_TRUE(rc::check([](const Octets& any) {
        for (const Charset charset : {Charset::gsm7, Charset::latin1, Charset::ucs2})
            RC_ASSERT(encode(Charset::ucs2, decode(charset, any)).has_value());
    }));
}

TEST(Vectors, Charsets) {
    SLUICE_VECTORS_OR_SKIP(all, "charset.json");
    std::size_t tried = 0;
    for (const auto& vector : all) {
        const auto codec = vector.at("codec").get<std::string>();
        const bool little = codec == "ucs2_le";
        if (codec != "gsm7_unpacked" && codec != "latin1" && codec != "ucs2_be" && !little) continue;
        const Charset charset = codec == "latin1"          ? Charset::latin1
                                : codec == "gsm7_unpacked" ? Charset::gsm7
                                                           : Charset::ucs2;
        const auto hex = vector.at("hex").get<std::string>();
        const auto text = vector.at("text").get<std::string>();
        EXPECT_EQ(decode_hex(charset, (little && !hex.starts_with("fffe") ? "fffe" : "") + hex), text) << vector.dump();
        if (!little) {
            EXPECT_EQ(encode_hex(charset, text), hex) << vector.dump();
        }
        ++tried;
    }
    EXPECT_GE(tried, 50u);
}

}  // namespace
}  // namespace sluice::sms::test
