#include "engine/gateway/convert.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "codecs/smpp/hex.hpp"
#include "codecs/sms/charset.hpp"
#include "codecs/sms/septets.hpp"
#include "codecs/sms/udh.hpp"

// Interop T1 to T3 and T5 as functions of one body; with peers in text_test.cpp.
namespace sluice::gateway {
namespace {

using routing::Alphabet;
using routing::Segmentation;
using routing::TextProfile;
using routing::Unmappable;
using Octets = std::vector<std::uint8_t>;

/// A message that owns what it points into.
struct Made {
    Octets text, tlvs, body;
    smpp::MessageBody pdu() const { return *smpp::decode<smpp::MessageBody>(body, {true, 255}); }
    std::string hex() const { return smpp::to_hex(smpp::message_text(pdu())); }
};

Made made(ByteView text, std::uint8_t data_coding = 0, std::uint8_t esm_class = 0, ByteView tlvs = {}) {
    Made m;
    m.text.assign(text.begin(), text.end());
    m.tlvs.assign(tlvs.begin(), tlvs.end());
    smpp::MessageBody pdu;
    pdu.source_addr = "1000";
    pdu.destination_addr = "447700900123";
    pdu.data_coding = data_coding;
    pdu.esm_class = esm_class;
    if (m.text.size() <= 254) {
        pdu.short_message = m.text;
    } else {
        const std::size_t at = m.tlvs.size();
        m.tlvs.resize(at + smpp::tlv_header_size + m.text.size());
        smpp::TlvWriter(MutableBytes(m.tlvs).subspan(at)).octets(smpp::Tag::message_payload, m.text);
    }
    pdu.tlvs = smpp::TlvView(m.tlvs);
    m.body.resize(smpp::encoded_size(pdu));
    smpp::encode(pdu, m.body);
    return m;
}
Made made(std::string_view text, std::uint8_t data_coding = 0) { return made(as_bytes(text), data_coding); }
Made made_hex(std::string_view hex, std::uint8_t data_coding = 0, std::uint8_t esm_class = 0,
              std::string_view tlvs = "") {
    return made(*smpp::parse_hex(hex), data_coding, esm_class, *smpp::parse_hex(tlvs));
}

TextProfile profile(Alphabet alphabet, Unmappable unmappable = Unmappable::ucs2,
                    Segmentation segmentation = Segmentation::as_is) {
    return {alphabet, segmentation, unmappable};
}
TextProfile form(Segmentation segmentation, Alphabet alphabet = Alphabet::gsm7) {
    return {alphabet, segmentation, Unmappable::ucs2};
}

/// "as it is", "refused", or data_coding, esm_class and the text in hex.
std::string converted(const Made& m, const TextProfile& from, const TextProfile& to, bool tlvs = true) {
    Made result;
    switch (convert(m.body, from, to, tlvs, result.body)) {
        case Conversion::as_it_is: return "as it is";
        case Conversion::refused: return "refused";
        case Conversion::converted: break;
    }
    const auto pdu = result.pdu();
    EXPECT_EQ(pdu.destination_addr, "447700900123");
    std::string out = smpp::to_hex(Octets{pdu.data_coding, pdu.esm_class}) + " " + result.hex();
    const auto other = pdu.tlvs;
    for (const smpp::Tlv tlv : other)
        if (tlv.tag != smpp::Tag::message_payload)
            out += " " + smpp::to_hex(Octets{static_cast<std::uint8_t>(static_cast<unsigned>(tlv.tag) >> 8),
                                             static_cast<std::uint8_t>(tlv.tag)}) + "=" + smpp::to_hex(tlv.value);
    return out;
}

const TextProfile gsm7 = profile(Alphabet::gsm7), packed = profile(Alphabet::gsm7_packed),
                  latin1 = profile(Alphabet::latin1), ascii = profile(Alphabet::ascii), utf8 = profile(Alphabet::utf8);

TEST(Convert, T1WhatMeansTheSameIsNotTouched) {
    for (const TextProfile& side : {gsm7, packed, latin1, ascii, utf8})
        EXPECT_EQ(converted(made("any\xFF"), side, side), "as it is");
    // data_coding says what these are, whatever the default is.
    for (const int data_coding : {0x01, 0x02, 0x03, 0x04, 0x05, 0x08, 0x0E, 0x14, 0x18, 0x80, 0xBF, 0xE0, 0xF5})
        EXPECT_EQ(converted(made("any", static_cast<std::uint8_t>(data_coding)), latin1, gsm7), "as it is")
            << data_coding;
}

TEST(Convert, T1BetweenDefaultAlphabets) {
    EXPECT_EQ(converted(made_hex("40e9"), latin1, gsm7), "0000 0005");
    EXPECT_EQ(converted(made_hex("0005"), gsm7, latin1), "0000 40e9");
    EXPECT_EQ(converted(made_hex("0005"), gsm7, utf8), "0000 40c3a9");
    EXPECT_EQ(converted(made_hex("40c3a9"), utf8, gsm7), "0000 0005");
    EXPECT_EQ(converted(made_hex("1b65"), gsm7, utf8), "0000 e282ac");
    EXPECT_EQ(converted(made("a~"), ascii, gsm7), "0000 611b3d");
    EXPECT_EQ(converted(made_hex("e9"), latin1, utf8), "0000 c3a9");
    EXPECT_EQ(converted(made(""), latin1, gsm7), "0000 ");
}

TEST(Convert, T1WhatTheOtherLacksGoesAsTheProfileSays) {
    const Made c_cedilla = made_hex("e761");
    EXPECT_EQ(converted(c_cedilla, latin1, gsm7), "0800 00e70061");
    EXPECT_EQ(converted(c_cedilla, latin1, profile(Alphabet::gsm7, Unmappable::transliterate)), "0000 6361");
    EXPECT_EQ(converted(c_cedilla, latin1, profile(Alphabet::gsm7, Unmappable::refuse)), "refused");
    EXPECT_EQ(converted(made_hex("10"), gsm7, latin1), "0800 0394") << "a capital delta";
    EXPECT_EQ(converted(made_hex("f09f8c8d"), utf8, gsm7), "0800 d83cdf0d");
}

TEST(Convert, WhatIsNotInItsAlphabetGoesAsItCame) {
    EXPECT_EQ(converted(made_hex("41e9"), ascii, gsm7), "as it is");
    EXPECT_EQ(converted(made_hex("c3"), utf8, gsm7), "as it is");
    EXPECT_EQ(converted(made_hex("80"), gsm7, latin1), "as it is");
    EXPECT_EQ(converted(made_hex("80"), gsm7, packed), "as it is");
}

TEST(Convert, T2PackedSeptets) {
    EXPECT_EQ(converted(made("hellohello"), gsm7, packed), "0000 e8329bfd4697d9ec37");
    EXPECT_EQ(converted(made_hex("e8329bfd4697d9ec37"), packed, gsm7), "0000 68656c6c6f68656c6c6f");
    EXPECT_EQ(converted(made_hex("e8329bfd4697d9ec37"), packed, utf8), "0000 68656c6c6f68656c6c6f");
    EXPECT_EQ(converted(made_hex("e8329bfd4697d9ec37", 0xF1), packed, latin1), "f100 68656c6c6f68656c6c6f")
        << "GSM 7 by its data_coding, so only unpacked";
}

TEST(Convert, T2FillBitsBehindAHeader) {
    const Made part = made_hex("050003070201" "6869", 0, 0x40);
    EXPECT_EQ(converted(part, gsm7, packed), "0040 050003070201d069");
    EXPECT_EQ(converted(made_hex("050003070201d069", 0, 0x40), packed, gsm7), "0040 0500030702016869");
    // A header of another length moves the septets.
    EXPECT_EQ(converted(made_hex("050003070201d069", 0, 0x40), packed, form(Segmentation::sar, Alphabet::gsm7_packed)),
              "0000 e834 020c=0007 020e=02 020f=01");
}

TEST(Convert, T3ClassesAndIndicationsStay) {
    for (const int data_coding : {0xF1, 0x11, 0x10, 0xC8, 0xD1, 0x41})
        EXPECT_EQ(converted(made("hi", static_cast<std::uint8_t>(data_coding)), gsm7, latin1), "as it is")
            << data_coding;
    EXPECT_EQ(converted(made("hi", 0x11), gsm7, packed), "1100 e834");
    EXPECT_EQ(converted(made("hi", 0xF1), gsm7, packed), "f100 e834");
}

TEST(Convert, NationalTablesAreReadAndTheirNamesGoWithThem) {
    const Made turkish = made_hex("06" "240101" "250101" "04" "1b67", 0, 0x40);
    EXPECT_EQ(converted(turkish, gsm7, utf8), "0000 e282acc49f");
    EXPECT_EQ(converted(turkish, gsm7, latin1), "0800 20ac011f");
    EXPECT_EQ(converted(turkish, gsm7, packed), "0040 06240101250101" + smpp::to_hex(sms::pack_septets(
                                                    *smpp::parse_hex("041b67"), sms::fill_bits(7))));
}

TEST(Convert, P13AHeaderThatIsNoneIsNotTouched) {
    EXPECT_EQ(converted(made_hex("ff00", 0, 0x40), gsm7, latin1), "as it is");
    EXPECT_EQ(converted(made_hex("0b05040b84c0020003f0030141", 0, 0x40), gsm7, form(Segmentation::sar)),
              "0040 0605040b84c00241 020c=00f0 020e=03 020f=01") << "a port element before the concatenation";
}

TEST(Convert, T5PartByPart) {
    const Made udh8 = made_hex("050003f00301" "41", 0, 0x40), udh16 = made_hex("060804beef0301" "41", 0, 0x40),
               sar = made_hex("41", 0, 0, "020c0002beef" "020e000103" "020f000101" "14000001ff");
    EXPECT_EQ(converted(udh8, gsm7, form(Segmentation::sar)), "0000 41 020c=00f0 020e=03 020f=01");
    EXPECT_EQ(converted(udh16, gsm7, form(Segmentation::sar)), "0000 41 020c=beef 020e=03 020f=01");
    EXPECT_EQ(converted(udh16, gsm7, form(Segmentation::udh8)), "0040 050003ef030141");
    EXPECT_EQ(converted(sar, gsm7, form(Segmentation::udh8)), "0040 050003ef030141 1400=ff");
    EXPECT_EQ(converted(sar, gsm7, form(Segmentation::udh16)), "0040 060804beef030141 1400=ff");
    EXPECT_EQ(converted(udh8, gsm7, form(Segmentation::udh16)), "as it is") << "a full part has no room for it";
    EXPECT_EQ(converted(udh8, gsm7, form(Segmentation::udh8)), "as it is");
    EXPECT_EQ(converted(sar, gsm7, form(Segmentation::sar)), "as it is");
    EXPECT_EQ(converted(sar, gsm7, gsm7), "as it is");
    EXPECT_EQ(converted(made("whole"), gsm7, form(Segmentation::sar)), "as it is");
    const Made impossible = made_hex("41", 0, 0, "020c0002beef" "020e000103" "020f000104");
    EXPECT_EQ(converted(impossible, gsm7, form(Segmentation::udh8)), "as it is") << "part 4 of 3";
}

TEST(Convert, SessionsWithoutTlvs) {
    const Made sar = made_hex("41", 0, 0, "020c000200ef" "020e000103" "020f000101");
    EXPECT_EQ(converted(sar, gsm7, gsm7, false), "0040 050003ef030141");
    EXPECT_EQ(converted(sar, gsm7, form(Segmentation::sar), false), "0040 050003ef030141");
    const Made payload = made_hex("", 0, 0, "042400024142" "14000001ff");
    EXPECT_EQ(converted(payload, gsm7, gsm7, false), "0000 4142");
    EXPECT_EQ(converted(made(std::string(255, 'a')), gsm7, gsm7, false), "as it is") << "it does not fit";
}

TEST(Convert, APayloadStaysOneAndALongTextBecomesOne) {
    const Made payload = made(std::string(300, '@'));
    Made result;
    ASSERT_EQ(convert(payload.body, latin1, gsm7, true, result.body), Conversion::converted);
    EXPECT_TRUE(result.pdu().short_message.empty());
    EXPECT_EQ(result.hex(), smpp::to_hex(Octets(300, 0)));
    const Made part = made(*smpp::parse_hex("050003070201" + smpp::to_hex(Octets(153, 0x10))), 0, 0x40);
    ASSERT_EQ(convert(part.body, gsm7, latin1, true, result.body), Conversion::converted);
    EXPECT_EQ(smpp::message_text(result.pdu()).size(), 6u + 2 * 153) << "153 capital deltas in UCS-2";
    EXPECT_TRUE(result.pdu().short_message.empty());
    EXPECT_EQ(converted(part, gsm7, latin1, false), "as it is");
}

// ---- splitting

std::vector<std::string> texts(const Split& split) {
    std::vector<std::string> all;
    for (const Octets& body : split.parts) {
        const auto pdu = *smpp::decode<smpp::MessageBody>(body, {true, 255});
        const auto header = sms::UserDataHeader::parse(pdu.short_message);
        const ByteView text = pdu.short_message.subspan(header->size());
        all.push_back(sms::decode(pdu.data_coding == 8 ? sms::Charset::ucs2 : sms::Charset::gsm7, text));
    }
    return all;
}

TEST(SplitMessage, T5OnlyWhereItIsWantedAndNeeded) {
    EXPECT_TRUE(split(made(std::string(300, 'a')).body, gsm7, gsm7, 1).parts.empty());
    EXPECT_TRUE(split(made(std::string(160, 'a')).body, gsm7, form(Segmentation::udh8), 1).parts.empty());
    EXPECT_EQ(split(made(std::string(161, 'a')).body, gsm7, form(Segmentation::udh8), 1).parts.size(), 2u);
    EXPECT_EQ(split(made(std::string(300, 'a')).body, gsm7, form(Segmentation::sar), 1).parts.size(), 2u);
    const Made part = made(*smpp::parse_hex("050003070201" + smpp::to_hex(Octets(200, 'a'))), 0, 0x40);
    EXPECT_TRUE(split(part.body, gsm7, form(Segmentation::udh8), 1).parts.empty()) << "it is a part already";
}

TEST(SplitMessage, T5PartsOfAPayload) {
    const Made payload = made(Octets(400, 'a'), 0xF1, 0, *smpp::parse_hex("14000001ff"));
    const Split eight = split(payload.body, gsm7, form(Segmentation::udh8), 0x0123);
    ASSERT_EQ(eight.parts.size(), 3u);
    for (std::size_t i = 0; i < 3; ++i) {
        const auto pdu = *smpp::decode<smpp::MessageBody>(eight.parts[i], {true, 255});
        EXPECT_EQ(pdu.esm_class, smpp::esm_class::udhi);
        EXPECT_EQ(pdu.data_coding, 0xF1);
        EXPECT_FALSE(pdu.tlvs.find(smpp::Tag::message_payload));
        EXPECT_TRUE(pdu.tlvs.find(smpp::Tag{0x1400})) << "other TLVs stay with every part";
        const auto header = sms::UserDataHeader::parse(pdu.short_message);
        EXPECT_EQ(header->concatenation(), (sms::Concatenation{0x23, 3, static_cast<std::uint8_t>(i + 1), false}));
        EXPECT_EQ(pdu.short_message.size(), i < 2 ? 159u : 100u);
    }
    const Split sixteen = split(payload.body, gsm7, form(Segmentation::udh16), 0x0123);
    const auto pdu = *smpp::decode<smpp::MessageBody>(sixteen.parts.at(0), {true, 255});
    EXPECT_EQ(sms::UserDataHeader::parse(pdu.short_message)->concatenation(), (sms::Concatenation{0x123, 3, 1, true}));
    EXPECT_EQ(pdu.short_message.size(), 7u + 152);
}

TEST(SplitMessage, OctetsAndHeadersGoWithEveryPart) {
    const Made ports = made(*smpp::parse_hex("0605040b84c002" + smpp::to_hex(Octets(200, 0xEE))), 4, 0x40);
    const Split split = gateway::split(ports.body, gsm7, form(Segmentation::udh8), 1);
    ASSERT_EQ(split.parts.size(), 2u);
    const auto pdu = *smpp::decode<smpp::MessageBody>(split.parts[1], {true, 255});
    EXPECT_EQ(smpp::to_hex(pdu.short_message.first(12)), "0b000301020205040b84c002");
    EXPECT_EQ(pdu.short_message.size(), 12u + 200 - 128);
}

TEST(SplitMessage, T1WhatNoLongerFitsInUcs2) {
    std::string text(150, 'a');
    text += "\xE7";  // of Latin-1, not in GSM 7
    const Split split = gateway::split(made(text).body, latin1, gsm7, 1);
    EXPECT_TRUE(split.parts.empty()) << "in UCS-2 it did not fit before either: the provider takes it long";
    const Split fitted = gateway::split(made(std::string(150, '\x10')).body, gsm7, latin1, 1);
    ASSERT_EQ(fitted.parts.size(), 3u) << "150 capital deltas are one message in GSM 7, and three in UCS-2";
    std::string joined;
    for (const std::string& part : texts(fitted)) joined += part;
    EXPECT_EQ(joined, sms::decode(sms::Charset::gsm7, Octets(150, 0x10)));
}

TEST(SplitMessage, RefusesAndTransliterates) {
    const Made text = made(std::string(200, '\xE7'));
    EXPECT_TRUE(split(text.body, latin1, profile(Alphabet::gsm7, Unmappable::refuse, Segmentation::udh8), 1).refused);
    const Split plain =
        split(text.body, latin1, profile(Alphabet::gsm7, Unmappable::transliterate, Segmentation::udh8), 1);
    ASSERT_EQ(plain.parts.size(), 2u);
    EXPECT_EQ(texts(plain)[1], std::string(47, 'c'));
    EXPECT_TRUE(split(made(std::string(255 * 153 + 1, 'a')).body, gsm7, form(Segmentation::udh8), 1).too_long);
    EXPECT_EQ(split(made(std::string(255 * 153, 'a')).body, gsm7, form(Segmentation::udh8), 1).parts.size(), 255u);
}

TEST(SplitMessage, W10TheByteOrderMarkIsObeyed) {
    Octets little{0xFF, 0xFE};
    for (int i = 0; i < 100; ++i) little.insert(little.end(), {0x41, 0x00});
    const Split split = gateway::split(made(little, 8).body, gsm7, form(Segmentation::udh8), 1);
    ASSERT_EQ(split.parts.size(), 2u);
    EXPECT_EQ(texts(split)[0] + texts(split)[1], std::string(100, 'A'));
}

TEST(SplitMessage, PartsHoldTheWholeText) {
    EXPECT_TRUE(rc::check([](const std::string& seed, bool wide) {
        std::string text;
        for (const char c : seed) text += std::string(7, static_cast<char>(c & 0x7F));
        const Made m = made(as_bytes(text));
        const TextProfile to = form(wide ? Segmentation::udh16 : Segmentation::udh8);
        const Split split = gateway::split(m.body, gsm7, to, 77);
        if (split.parts.empty()) RC_ASSERT(text.size() <= 160u);
        std::string joined;
        for (const std::string& part : texts(split)) joined += part;
        if (!split.parts.empty()) RC_ASSERT(joined == sms::decode(sms::Charset::gsm7, as_bytes(text)));
    }));
}

TEST(Properties, AnyBodyConvertsToAWellFormedOne) {
    EXPECT_TRUE(rc::check([](const Octets& text, std::uint8_t data_coding, bool udhi, std::uint8_t a, std::uint8_t b,
                             std::uint8_t s, bool tlvs) {
        const Made m = made(text, data_coding, udhi ? 0x40 : 0);
        const auto alphabet = [](std::uint8_t n) { return static_cast<Alphabet>(n % 5); };
        const TextProfile from = profile(alphabet(a));
        const TextProfile to = profile(alphabet(b), static_cast<Unmappable>(s % 3),
                                       static_cast<Segmentation>(s / 3 % 4));
        Octets out;
        if (convert(m.body, from, to, tlvs, out) == Conversion::converted)
            RC_ASSERT(smpp::decode<smpp::MessageBody>(out, {true, 255}).has_value());
        for (const Octets& part : split(m.body, from, to, 3).parts)
            RC_ASSERT(smpp::decode<smpp::MessageBody>(part, {true, 255}).has_value());
    }));
}

// ---- receipts

TEST(ReceiptText, T1InTheAlphabetOfTheAccount) {
    const auto shown = [](const Made& m, const TextProfile& its, Alphabet receipt) {
        return smpp::to_hex(as_bytes(text_for_receipt(m.pdu(), its, receipt)));
    };
    EXPECT_EQ(shown(made("Hello"), gsm7, Alphabet::gsm7), "48656c6c6f");
    EXPECT_EQ(shown(made_hex("0005"), gsm7, Alphabet::utf8), "40c3a9");
    EXPECT_EQ(shown(made_hex("e8329bfd06"), packed, Alphabet::gsm7_packed), "68656c6c6f");
    EXPECT_EQ(shown(made_hex("00480416", 8), gsm7, Alphabet::gsm7), "483f");
    EXPECT_EQ(shown(made_hex("e9", 3), gsm7, Alphabet::gsm7), "05");
    EXPECT_EQ(shown(made_hex("05000307020148", 0, 0x40), gsm7, Alphabet::gsm7), "48");
    EXPECT_EQ(shown(made_hex("ff", 4), gsm7, Alphabet::gsm7), "") << "octets cannot be shown";
    EXPECT_EQ(shown(made_hex("ff48", 0, 0x40), gsm7, Alphabet::gsm7), "");
    EXPECT_EQ(text_for_receipt(made(std::string(19, 'a') + "\xC3\xA9").pdu(), utf8, Alphabet::utf8),
              std::string(19, 'a'))
        << "no half of a character";
}

TEST(ReceiptText, T2PackedOnesAreRead) {
    const Made m = made_hex(smpp::to_hex(sms::pack_septets(as_bytes("id:7 stat:DELIVRD"))));
    EXPECT_EQ(as_text(*unpacked_receipt(m.pdu(), packed)), "id:7 stat:DELIVRD");
    EXPECT_FALSE(unpacked_receipt(m.pdu(), gsm7));
    EXPECT_FALSE(unpacked_receipt(made("id:7", 8).pdu(), packed));
    EXPECT_FALSE(unpacked_receipt(made("id:7 stat:DELIVRD").pdu(), packed)) << "not packed after all";
}

}  // namespace
}  // namespace sluice::gateway
