#include "codecs/sms/charset.hpp"

#include <rapidcheck.h>

#include "codecs/sms/data_coding.hpp"
#include "codecs/sms/septets.hpp"
#include "codecs/sms/transliterate.hpp"
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

TEST(Ascii, IsBelow0x80) {
    EXPECT_EQ(encode_hex(Charset::ascii, "a~\x7f"), "617e7f");
    EXPECT_EQ(encode_hex(Charset::ascii, "\u00E9"), "none");
    EXPECT_EQ(decode_hex(Charset::ascii, "41e9"), "A\uFFFD");
}

TEST(Utf8, GoesThroughAsItIs) {
    EXPECT_EQ(encode_hex(Charset::utf8, "a\u00E9🌍"), "61c3a9f09f8c8d");
    EXPECT_EQ(decode_hex(Charset::utf8, "61c3a9f09f8c8d"), "a\u00E9🌍");
    EXPECT_EQ(decode_hex(Charset::utf8, "61c3"), "a\uFFFD");
}

TEST(Gsm7, NationalTables) {
    EXPECT_EQ(decode_gsm7(octets("041b67"), {1, 1}), "\u20AC\u011F") << "Turkish";
    EXPECT_EQ(decode_gsm7(octets("041b67"), {0, 1}), "\u00E8\u011F");
    EXPECT_EQ(decode_gsm7(octets("041b651b7a"), {0, 2}), "\u00E8\u20ACz") << "Spanish has no z there";
    EXPECT_EQ(decode_gsm7(octets("041b65"), {14, 200}), "\u00E8\u20AC") << "languages that are not known";
    EXPECT_EQ(decode_gsm7(octets("0c"), {4, 4}), "\u00F8") << "Bengali leaves the cell empty";
    EXPECT_EQ(decode_gsm7(octets("801b"), {13, 13}), "\uFFFD ");
}

TEST(Septets, FillBitsBehindAHeader) {
    EXPECT_EQ(fill_bits(0), 0u);
    EXPECT_EQ(fill_bits(6), 1u);
    EXPECT_EQ(fill_bits(7), 0u);
    EXPECT_EQ(fill_bits(4), 3u);
    EXPECT_EQ(smpp::to_hex(pack_septets(octets("6869"), fill_bits(6))), "d069");
    EXPECT_EQ(smpp::to_hex(unpack_septets(octets("d069"), fill_bits(6))), "6869");
}

TEST(Septets, AWholeSpareSeptetIsPadding) {
    EXPECT_EQ(smpp::to_hex(unpack_septets(pack_septets(octets("31323334353637")))), "31323334353637");
    EXPECT_EQ(smpp::to_hex(unpack_septets(pack_septets(octets("3132333435363700")))), "31323334353637");
    EXPECT_EQ(smpp::to_hex(unpack_septets(pack_septets(octets("3132333435363738")))), "3132333435363738");
    EXPECT_EQ(smpp::to_hex(unpack_septets(pack_septets(octets("313200")))), "313200");
    EXPECT_TRUE(unpack_septets({}, 6).empty());
}

TEST(Properties, SeptetsPackAndUnpack) {
    EXPECT_TRUE(rc::check([](Octets septets, std::uint8_t header) {
        for (std::uint8_t& septet : septets) septet &= 0x7F;
        if (septets.empty() || septets.back() == 0 || septets.back() == 0x0D) septets.push_back(0x41);
        const unsigned fill = fill_bits(header);
        const auto packed = pack_septets(septets, fill);
        RC_ASSERT(packed.size() == (septets.size() * 7 + fill + 7) / 8);
        RC_ASSERT(unpack_septets(packed, fill) == septets);
    }));
}

TEST(Transliterate, TakesWhatComesNearest) {
    EXPECT_EQ(transliterate("\u201Chow\u201D \u2013 \u00E7a va\u2026 Nguy\u1EC5n \u0141\u00F3d\u017A", Charset::gsm7),
              "\"how\" - ca va... Nguyen Lodz");
    EXPECT_EQ(transliterate("\u00E9\u20AC\u0416🌍\u200B", Charset::ascii), "eEUR??");
    EXPECT_EQ(transliterate("\u00E9\u20AC", Charset::gsm7), "\u00E9\u20AC") << "what is there stays";
    EXPECT_EQ(transliterate("\u00A6\u00AB", Charset::ascii), "|\"");
    EXPECT_EQ(transliterate("a\xC3", Charset::gsm7), "a?");
}

TEST(Properties, WhatIsTransliteratedEncodes) {
    EXPECT_TRUE(rc::check([](const std::string& any) {
        for (const Charset charset : {Charset::gsm7, Charset::latin1, Charset::ascii})
            RC_ASSERT(encode(charset, transliterate(any, charset)).has_value());
    }));
}

TEST(DataCoding, TellsTheAlphabet) {
    const std::pair<int, Alphabet> cases[] = {
        {0x00, Alphabet::peer_default}, {0x01, Alphabet::ascii}, {0x02, Alphabet::other}, {0x03, Alphabet::latin1},
        {0x04, Alphabet::other}, {0x06, Alphabet::other}, {0x08, Alphabet::ucs2}, {0x0F, Alphabet::other},
        {0x10, Alphabet::gsm7}, {0x11, Alphabet::gsm7}, {0x14, Alphabet::other}, {0x18, Alphabet::ucs2},
        {0x1C, Alphabet::other}, {0x20, Alphabet::other}, {0x31, Alphabet::other}, {0x40, Alphabet::gsm7},
        {0x48, Alphabet::ucs2}, {0x80, Alphabet::other}, {0xBF, Alphabet::other}, {0xC8, Alphabet::gsm7},
        {0xD0, Alphabet::gsm7}, {0xE8, Alphabet::ucs2}, {0xF1, Alphabet::gsm7}, {0xF5, Alphabet::other}};
    for (const auto& [value, alphabet] : cases)
        EXPECT_EQ(alphabet_of(static_cast<std::uint8_t>(value)), alphabet) << value;
}

TEST(DataCoding, UCS2KeepsClassAndIndication) {
    for (const auto& [value, ucs2] : {std::pair{0x00, 0x08}, {0x01, 0x08}, {0x10, 0x18}, {0x11, 0x19}, {0xF1, 0x19},
                                      {0xF0, 0x18}, {0xC8, 0xE8}, {0xD1, 0xE1}, {0x41, 0x49}, {0x08, 0x08}}) {
        EXPECT_EQ(in_ucs2(static_cast<std::uint8_t>(value)), ucs2) << value;
        EXPECT_EQ(alphabet_of(in_ucs2(static_cast<std::uint8_t>(value))), Alphabet::ucs2);
    }
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
    for (const std::string_view broken : {"\x80", "\xC0\x80", "\xC3", "\xE0\x80\x80", "\xED\xA0\x80",
                                          "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80", "\xFF"}) {
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

/// "gsm7_packed", "gsm7_packed_cr_pad", and either with the language tables that it names.
void expect_septets(const nlohmann::json& vector, const std::string& codec) {
    NationalLanguage language;
    int locking = 0, single = 0;
    if (const auto at = codec.find("_nli_"); at != codec.npos) {
        ASSERT_EQ(std::sscanf(codec.c_str() + at, "_nli_lock%d_shift%d", &locking, &single), 2) << codec;
    }
    language = {static_cast<std::uint8_t>(locking), static_cast<std::uint8_t>(single)};
    const Octets given = octets(vector.at("hex").get<std::string>());
    const auto text = vector.at("text").get<std::string>();
    const bool packed = codec.starts_with("gsm7_packed");
    EXPECT_EQ(decode_gsm7(packed ? unpack_septets(given) : given, language), text) << vector.dump();
    if (codec == "gsm7_packed") {
        EXPECT_EQ(smpp::to_hex(pack_septets(*encode(Charset::gsm7, text))), smpp::to_hex(given)) << vector.dump();
    }
}

TEST(Vectors, Charsets) {
    SLUICE_VECTORS_OR_SKIP(all, "charset.json");
    std::size_t tried = 0;
    for (const auto& vector : all) {
        const auto codec = vector.at("codec").get<std::string>();
        if (codec.starts_with("gsm7_packed") || codec.find("_nli_") != codec.npos) {
            expect_septets(vector, codec);
            ++tried;
            continue;
        }
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
    EXPECT_GE(tried, 155u);
}

}  // namespace
}  // namespace sluice::sms::test
