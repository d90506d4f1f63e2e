#include "codecs/smpp/tlv_length.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/smpp/generators.hpp"

namespace sluice::smpp {
namespace {

using namespace std::string_literals;

TlvLength length_of(Tag tag, std::string_view value) { return tlv_length({tag, as_bytes(value)}); }

/// What becomes of one TLV, or "left out".
std::string mended(Tag tag, std::string_view value) {
    std::array<std::uint8_t, 600> octets;
    TlvWriter writer(octets);
    EXPECT_TRUE(writer.octets(tag, as_bytes(value)));
    const auto chain = mend_tlvs(writer.view());
    const auto found = TlvView(chain).find(tag);
    return found ? std::string(as_text(*found)) : "left out";
}

TEST(TlvLength, OctetsHaveThoseOfTheTable) {
    for (const std::size_t length : {0u, 1u, 3u, 20u})
        EXPECT_EQ(length_of(Tag::callback_num, std::string(length, 1)), TlvLength::wrong) << length;
    for (const std::size_t length : {4u, 19u})
        EXPECT_EQ(length_of(Tag::callback_num, std::string(length, 1)), TlvLength::right) << length;
    EXPECT_EQ(length_of(Tag::message_payload, ""), TlvLength::right);
    EXPECT_EQ(mended(Tag::callback_num, "12"), "left out");
    EXPECT_EQ(mended(Tag::callback_num, "1234"), "1234");
}

TEST(TlvLength, IntegersMayHaveAnotherWidth) {
    EXPECT_EQ(length_of(Tag::user_message_reference, "\1\2"s), TlvLength::right);
    EXPECT_EQ(mended(Tag::user_message_reference, "\7"s), "\0\7"s);
    EXPECT_EQ(mended(Tag::user_message_reference, "\0\0\1\2"s), "\1\2"s);
    EXPECT_EQ(length_of(Tag::user_message_reference, "\1\0\0"s), TlvLength::wrong) << "it does not fit";
    EXPECT_EQ(length_of(Tag::user_message_reference, ""), TlvLength::wrong);
    EXPECT_EQ(length_of(Tag::qos_time_to_live, std::string(9, '\0')), TlvLength::wrong);
    EXPECT_EQ(mended(Tag::qos_time_to_live, "\0\0\0\0\xFF\0\0\1"s), "\xFF\0\0\1"s);
    EXPECT_EQ(length_of(Tag::alert_on_message_delivery, ""), TlvLength::right);
}

TEST(TlvLength, TextsMayLackTheirNul) {
    EXPECT_EQ(length_of(Tag::receipted_message_id, "abc\0"s), TlvLength::right);
    EXPECT_EQ(mended(Tag::receipted_message_id, "abc"), "abc\0"s);
    EXPECT_EQ(mended(Tag::receipted_message_id, ""), "\0"s);
    EXPECT_EQ(length_of(Tag::receipted_message_id, std::string(65, 'a')), TlvLength::wrong);
    EXPECT_EQ(mended(Tag::receipted_message_id, std::string(64, 'a')), std::string(64, 'a') + '\0');
    EXPECT_EQ(length_of(Tag::source_network_id, "short\0"s), TlvLength::wrong);
}

TEST(TlvLength, WhatSmppDoesNotDefineIsLeftAlone) {
    for (const Tag tag : {Tag{0x1400}, Tag{0x3FFF}, Tag{0x0001}, Tag{0xFFFF}}) {
        EXPECT_EQ(length_of(tag, ""), TlvLength::right);
        EXPECT_EQ(mended(tag, std::string(300, 'x')), std::string(300, 'x'));
    }
}

TEST(TlvLength, AChainSaysWhatIsWrongWithIt) {
    std::array<std::uint8_t, 100> octets;
    TlvWriter writer(octets);
    writer.octets(Tag{0x1400}, {});
    writer.octets(Tag::source_port, as_bytes("\1"));
    writer.octets(Tag::callback_num, as_bytes("1"));
    writer.octets(Tag::dest_port, {});
    writer.octets(Tag{0x1400}, as_bytes("again"));
    const TlvLengths lengths = tlv_lengths(writer.view());
    EXPECT_EQ(lengths.mendable, 1u);
    EXPECT_EQ(lengths.wrong, 2u);
    EXPECT_EQ(lengths.first_wrong.tag, Tag::callback_num);
    EXPECT_TRUE(tlv_lengths(TlvView()).all_right());
    const auto mended = mend_tlvs(writer.view());
    EXPECT_EQ(as_text(mended), "\x14\0\0\0" "\x02\x0A\0\2\0\1" "\x14\0\0\5" "again"s);
}

RC_GTEST_PROP(TlvLength, MendedChainsHaveNothingToMendAndLoseNothing, ()) {
    std::array<std::uint8_t, 4096> octets;
    TlvWriter writer(octets);
    for (int i = *rc::gen::inRange(0, 12); i > 0; --i) {
        const TlvRow& row = *rc::gen::elementOf(tlv_rows);
        const Tag tag = *rc::gen::element(row.value, Tag{0x1400});
        RC_ASSERT(writer.octets(tag, test::any_octets(0, *rc::gen::element<std::size_t>(1, 10, 120))));
    }
    const TlvLengths before = tlv_lengths(writer.view());
    const auto chain = mend_tlvs(writer.view());
    RC_ASSERT(tlv_lengths(TlvView(chain)).all_right());
    if (before.all_right()) RC_ASSERT(ByteView(chain).size() == writer.view().raw().size());
    auto now = TlvView(chain).begin();
    std::size_t left_out = 0;
    for (const Tlv tlv : writer.view()) {
        if (tlv_length(tlv) == TlvLength::wrong) {
            ++left_out;
            continue;
        }
        RC_ASSERT(now != std::default_sentinel);
        RC_ASSERT((*now).tag == tlv.tag);
        const TlvRow* const row = find_tlv(tlv.tag);
        if (row != nullptr && row->kind == TlvKind::text) RC_ASSERT(tlv_text((*now).value) == tlv_text(tlv.value));
        else if (tlv_length(tlv) == TlvLength::mendable) RC_ASSERT(tlv_integer((*now).value) == tlv_integer(tlv.value));
        else RC_ASSERT(std::ranges::equal((*now).value, tlv.value));
        ++now;
    }
    RC_ASSERT(now == std::default_sentinel);
    RC_ASSERT(left_out == before.wrong);
}

}  // namespace
}  // namespace sluice::smpp
