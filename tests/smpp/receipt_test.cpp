#include "codecs/smpp/receipt.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>

#include "codecs/smpp/time.hpp"

namespace sluice::smpp {
namespace {

using namespace std::string_literals;

TEST(ReceiptText, appendixB) {
    const auto text = parse_receipt_text(
        "id:0123456789 sub:001 dlvrd:001 submit date:1005232039 done date:1005242339 stat:DELIVRD err:012 "
        "text:This is a sample mes");
    EXPECT_EQ(text.id, "0123456789");
    EXPECT_EQ(text.sub, "001");
    EXPECT_EQ(text.dlvrd, "001");
    EXPECT_EQ(text.submit_date, "1005232039");
    EXPECT_EQ(text.done_date, "1005242339");
    EXPECT_EQ(text.stat, "DELIVRD");
    EXPECT_EQ(text.err, "012");
    EXPECT_EQ(text.text, "This is a sample mes");
}

TEST(ReceiptText, anyOrderCaseAndSelection) {
    const auto text = parse_receipt_text("ID:4 extra:1 done date:1006020051 Stat:DELIVRD foo Err:21b TEXT:");
    EXPECT_EQ(text.id, "4");
    EXPECT_EQ(text.done_date, "1006020051");
    EXPECT_EQ(text.stat, "DELIVRD");
    EXPECT_EQ(text.err, "21b");
    EXPECT_EQ(text.sub, "");
    EXPECT_EQ(parse_receipt_text("id:5   stat:REJECTD\n  err:ESME_RSUBMITFAIL").err, "ESME_RSUBMITFAIL");
    EXPECT_EQ(parse_receipt_text("id: 7").id, "7");
    EXPECT_EQ(parse_receipt_text("id:7 id:8").id, "7");
    EXPECT_EQ(parse_receipt_text("msgid:7").id, "") << "another key";
    EXPECT_EQ(parse_receipt_text("stat:DELIVRD err:000\0"s).err, "000");
}

TEST(ReceiptText, theMessageIsNotLookedAt) {
    const auto text = parse_receipt_text("id:7 stat:DELIVRD text:call me at 10:30 id:not-an-id err:1");
    EXPECT_EQ(text.id, "7");
    EXPECT_EQ(text.err, "");
    EXPECT_EQ(text.text, "call me at 10:30 id:not-an-id err:1");
    EXPECT_EQ(parse_receipt_text("text: stat:DELIVRD\0\0"s).text, " stat:DELIVRD");
}

TEST(ReceiptText, theUsualFormIsReadAsAnyOtherIs) {
    const std::string usual =
        "id:12345678 sub:001 dlvrd:001 submit date:1005232039 done date:1005242339 stat:DELIVRD err:012 text:Hello";
    const auto expect_same = [](const std::string& text) {
        const std::string unusual = "x " + text;  // what is no key is passed over
        const ReceiptText one = parse_receipt_text(text), other = parse_receipt_text(unusual);
        for (const auto member : {&ReceiptText::id, &ReceiptText::sub, &ReceiptText::dlvrd, &ReceiptText::submit_date,
                                  &ReceiptText::done_date, &ReceiptText::stat, &ReceiptText::err, &ReceiptText::text})
            EXPECT_EQ(one.*member, other.*member) << text;
    };
    for (std::size_t at = 0; at < usual.size(); ++at) {
        for (const char c : {' ', ':', ';', '!', '\0', 'x', '\xFF'}) {
            std::string text = usual;
            text[at] = c;
            expect_same(text);
        }
        expect_same(usual.substr(0, at));
        expect_same(std::string(usual).insert(at, 1, '0'));
    }
}

TEST(ReceiptText, emptyValues) {
    const auto text = parse_receipt_text("id: sub: dlvrd: submit date: done date: stat: err: text:");
    for (const std::string_view value :
         {text.id, text.sub, text.dlvrd, text.submit_date, text.done_date, text.stat, text.err})
        EXPECT_EQ(value, "");
    EXPECT_EQ(parse_receipt_text("").id, "");
    EXPECT_EQ(parse_receipt_text("id:").id, "");
}

TEST(Stat, wordsThatOccur) {
    const std::pair<const char*, MessageState> expected[] = {
        {"DELIVRD", MessageState::delivered}, {"delivered", MessageState::delivered},
        {"EXPIRED", MessageState::expired},   {"UNDELIV", MessageState::undeliverable},
        {"FAILED", MessageState::undeliverable}, {"BuFfErEd", MessageState::enroute},
        {"ACKED", MessageState::accepted},    {"ACCEPTD", MessageState::accepted},
        {"REJECTED", MessageState::rejected}, {"SKIPPED", MessageState::skipped},
        {"ENROUTE", MessageState::enroute},   {"UNKNOWN", MessageState::unknown},
        {"DELETED", MessageState::deleted},
    };
    for (const auto& [stat, state] : expected) EXPECT_EQ(state_of_stat(stat), state) << stat;
    EXPECT_FALSE(state_of_stat("BADSTAT"));
    EXPECT_FALSE(state_of_stat(""));
    EXPECT_FALSE(state_of_stat("D"));
    const StatName own[] = {{"DND_", MessageState::rejected}, {"FAIL", MessageState::expired}};
    EXPECT_EQ(state_of_stat("DND_REJECTED", own), MessageState::rejected);
    EXPECT_EQ(state_of_stat("FAILED", own), MessageState::expired);
    EXPECT_EQ(state_of_stat("DELIVRD", own), MessageState::delivered);
    for (const MessageStateRow& row : message_states) {
        EXPECT_EQ(state_of_stat(row.stat), row.value) << row.name;
        EXPECT_EQ(state_of_stat(row.name), row.value) << row.name;
    }
}

TEST(ReceiptKind, byEsmClassAlone) {
    for (const std::uint8_t value : {0x04, 0x24, 0x44, 0x07, 0x84})
        EXPECT_EQ(receipt_kind(value), ReceiptKind::receipt);
    EXPECT_EQ(receipt_kind(0x20), ReceiptKind::intermediate);
    for (const std::uint8_t value : {0x00, 0x03, 0x08, 0x10, 0x18, 0x40})
        EXPECT_EQ(receipt_kind(value), ReceiptKind::none);
}

class ReadReceipt : public testing::Test {
protected:
    DeliverSm deliver(std::string_view text) {
        DeliverSm body;
        body.esm_class = esm_class::delivery_receipt;
        body.short_message = as_bytes(text);
        body.tlvs = tlvs.view();
        return body;
    }
    std::uint8_t room[256];
    TlvWriter tlvs{room};
};

TEST_F(ReadReceipt, textAlone) {
    const Receipt receipt = read_receipt(deliver("id:1 stat:UNDELIV err:0x1"));
    EXPECT_EQ(receipt.kind, ReceiptKind::receipt);
    EXPECT_EQ(receipt.message_id, "1");
    EXPECT_EQ(receipt.state, MessageState::undeliverable);
    EXPECT_EQ(receipt.text.err, "0x1");
    EXPECT_FALSE(receipt.network_error);
}

TEST_F(ReadReceipt, tlvsComeFirst) {
    tlvs.text(Tag::receipted_message_id, "abc");
    tlvs.integer(Tag::message_state, 2);
    tlvs.octets(Tag::network_error_code, as_bytes("\3\0\x0B"s));
    const Receipt receipt = read_receipt(deliver("id:1 stat:UNDELIV err:000"));
    EXPECT_EQ(receipt.message_id, "abc");
    EXPECT_EQ(receipt.state, MessageState::delivered);
    EXPECT_EQ(receipt.network_error, (NetworkError{3, 11}));
    EXPECT_EQ(receipt.text.id, "1");
}

TEST_F(ReadReceipt, tlvsWithoutText) {
    tlvs.text(Tag::receipted_message_id, "abc");
    tlvs.integer(Tag::message_state, 5);
    const Receipt receipt = read_receipt(deliver(""));
    EXPECT_EQ(receipt.message_id, "abc");
    EXPECT_EQ(receipt.state, MessageState::undeliverable);
}

TEST_F(ReadReceipt, theTextFillsTheGaps) {
    tlvs.text(Tag::receipted_message_id, "");
    tlvs.integer(Tag::message_state, 77);
    const Receipt receipt = read_receipt(deliver("id:1 stat:EXPIRED"));
    EXPECT_EQ(receipt.message_id, "1");
    EXPECT_EQ(receipt.state, MessageState::expired);
}

TEST_F(ReadReceipt, stateZeroGivesWayToTheText) {
    tlvs.integer(Tag::message_state, 0);
    EXPECT_EQ(read_receipt(deliver("id:1 stat:UNDELIV")).state, MessageState::undeliverable);
    EXPECT_EQ(read_receipt(deliver("id:1")).state, MessageState::scheduled);
}

TEST_F(ReadReceipt, inMessagePayloadAndDataSm) {
    tlvs.octets(Tag::message_payload, as_bytes("id:1 stat:DELIVRD"s));
    EXPECT_EQ(read_receipt(deliver("")).message_id, "1");
    DataSm data;
    data.esm_class = esm_class::intermediate_notification;
    data.tlvs = tlvs.view();
    EXPECT_EQ(read_receipt(data).message_id, "1");
    EXPECT_EQ(read_receipt(data).kind, ReceiptKind::intermediate);
}

TEST_F(ReadReceipt, inUcs2) {
    std::string ucs2;
    for (const char c : "id:1 stat:DELIVRD text:"s) ucs2 += "\0"s + c;
    ucs2 += "\x04\x1F"s;
    DeliverSm body = deliver(ucs2);
    body.data_coding = 8;
    std::uint8_t scratch[128];
    const Receipt receipt = read_receipt(body, {.scratch = scratch});
    EXPECT_EQ(receipt.message_id, "1");
    EXPECT_EQ(receipt.state, MessageState::delivered);
    EXPECT_EQ(receipt.text.text, "?");
    EXPECT_EQ(read_receipt(body).message_id, "") << "no room to read it";
    std::uint8_t little[6];
    EXPECT_EQ(read_receipt(body, {.scratch = little}).message_id, "1");
    body.short_message = as_bytes(std::string_view("id:2 stat:DELIVRD"));
    EXPECT_EQ(read_receipt(body, {.scratch = scratch}).message_id, "2") << "says UCS-2 and is not";
}

TEST_F(ReadReceipt, withAndWithoutAUserDataHeader) {
    DeliverSm body = deliver("id:1 stat:DELIVRD");
    body.esm_class |= esm_class::udhi;
    EXPECT_EQ(read_receipt(body).message_id, "1") << "the bit lies";
    const std::string with_header = "\5\0\3\1\2\1id:2 stat:DELIVRD"s;
    body.short_message = as_bytes(with_header);
    EXPECT_EQ(read_receipt(body).message_id, "2");
}

TEST(NetworkErrorCode, octetsOrDigits) {
    EXPECT_EQ(parse_network_error(as_bytes("\3\x01\x02"s)), (NetworkError{3, 0x102}));
    EXPECT_EQ(parse_network_error(as_bytes("027"s)), (NetworkError{0, 27}));
    EXPECT_FALSE(parse_network_error(as_bytes("\3\1"s)));
    EXPECT_FALSE(parse_network_error({}));
}

TEST(WriteReceipt, appendixB) {
    ReceiptReport report;
    report.message_id = "0123456789";
    report.delivered = 1;
    report.submit_date = *parse_date("100523203959");
    report.done_date = *parse_date("1005242339");
    report.text = "This is a sample message";
    std::uint8_t room[receipt_text_max];
    const std::size_t size = write_receipt_text(report, room);
    EXPECT_EQ(as_text({room, size}),
              "id:0123456789 sub:001 dlvrd:001 submit date:1005232039 done date:1005242339 stat:DELIVRD err:000 "
              "text:This is a sample mes");
}

TEST(WriteReceipt, countsHaveThreeDigits) {
    std::uint8_t room[receipt_text_max];
    for (const auto& [count, digits] : {std::pair<std::uint16_t, const char*>(0, "000"), {1, "001"}, {2, "002"},
                                        {10, "010"}, {255, "255"}, {999, "999"}}) {
        const std::size_t size = write_receipt_text({.message_id = "1", .submitted = count, .delivered = count}, room);
        EXPECT_TRUE(as_text({room, size}).starts_with("id:1 sub:"s + digits + " dlvrd:" + digits + " submit date:"));
    }
}

TEST(WriteReceipt, isBounded) {
    const std::string long_text(500, 'x');
    const ReceiptReport report{.message_id = long_text, .submitted = 65535, .err = long_text,
                               .network_error = NetworkError{3, 1}, .text = long_text};
    std::uint8_t room[receipt_text_max];
    EXPECT_LE(write_receipt_text(report, room), receipt_text_max);
    std::uint8_t tlv_room[receipt_tlvs_max];
    TlvWriter exact(tlv_room);
    EXPECT_TRUE(write_receipt_tlvs(report, exact));
    TlvWriter small(MutableBytes(tlv_room).first(receipt_tlvs_max - 1));
    EXPECT_FALSE(write_receipt_tlvs(report, small));
}

TEST(WriteReceipt, readsBack) {
    EXPECT_TRUE(rc::check("what is written is read", [] {
        const auto word = rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange<char>('0', 'z')));
        const std::string id = (*word).substr(0, 64), err = (*word).substr(0, 16);
        const auto text = *rc::gen::container<std::string>(rc::gen::inRange<char>(' ', '~'));
        ReceiptReport report{.message_id = id, .err = err, .text = text};
        report.submitted = *rc::gen::inRange<std::uint16_t>(0, 1000);
        report.done_date = WallTime(std::chrono::minutes(*rc::gen::inRange(0, 35'000'000)));
        report.state = *message_state_from(*rc::gen::inRange<std::uint32_t>(0, 10));
        report.network_error =
            NetworkError{*rc::gen::inRange<std::uint8_t>(1, 9), *rc::gen::arbitrary<std::uint16_t>()};

        std::uint8_t room[receipt_text_max], tlv_room[receipt_tlvs_max];
        TlvWriter tlvs(tlv_room);
        DeliverSm body;
        body.short_message = {room, write_receipt_text(report, room)};
        // A key inside a value ("id:err:") cannot be told from a key.
        RC_PRE(id.find(':') == id.npos && err.find(':') == err.npos);
        const bool with_tlvs = *rc::gen::arbitrary<bool>();
        if (with_tlvs) RC_ASSERT(write_receipt_tlvs(report, tlvs));
        body.tlvs = tlvs.view();

        const Receipt receipt = read_receipt(body);
        RC_ASSERT(receipt.message_id == id);
        RC_ASSERT(receipt.state == report.state);
        RC_ASSERT(receipt.text.err == err);
        RC_ASSERT(receipt.text.text == std::string_view(text).substr(0, 20));
        RC_ASSERT(parse_date(receipt.text.done_date) == report.done_date);
        RC_ASSERT(receipt.network_error == (with_tlvs ? report.network_error : std::nullopt));
    }));
}

/// The usual layout is read by code of its own; a blank in front makes it unusual and changes nothing else.
TEST(ReceiptText, theUsualLayoutIsReadLikeAnyOther) {
    ASSERT_TRUE(rc::check([] {
        // Of what matters to a reader, often enough to meet.
        const auto value = rc::gen::container<std::string>(
            rc::gen::element('0', '7', 'D', 'e', 'r', ':', ' ', '\t', '\0', '\x01', '!', '\x7F', '\x80', '\xFF'));
        std::string text;
        for (const char* key : {"id:", " sub:", " dlvrd:", " submit date:", " done date:", " stat:", " err:", " text:"})
            text += key + *rc::gen::oneOf(value, rc::gen::element<std::string>("001", "2603041200", "DELIVRD"));
        const std::string unusual = " " + text;
        const ReceiptText a = parse_receipt_text(text), b = parse_receipt_text(unusual);
        for (const auto member : {&ReceiptText::id, &ReceiptText::sub, &ReceiptText::dlvrd, &ReceiptText::submit_date,
                                  &ReceiptText::done_date, &ReceiptText::stat, &ReceiptText::err, &ReceiptText::text})
            RC_ASSERT((a.*member) == (b.*member));
    }));
}

}  // namespace
}  // namespace sluice::smpp
