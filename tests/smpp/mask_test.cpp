#include "codecs/smpp/mask.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "codecs/smpp/layout.hpp"

namespace sluice::smpp {
namespace {

const Privacy all{Privacy::Numbers::all, true};

template <class Body>
std::vector<std::uint8_t> pdu_of(CommandId id, const Body& body) {
    std::vector<std::uint8_t> pdu(header_size + encoded_size(body));
    write_header(pdu.data(), {static_cast<std::uint32_t>(pdu.size()), id, {}, 7});
    encode(body, std::span(pdu).subspan(header_size));
    return pdu;
}
template <class Body>
Body body_of(ByteView pdu) {
    const auto body = decode<Body>(pdu.subspan(header_size));
    EXPECT_TRUE(body.has_value());
    return body.value_or(Body());
}
SubmitSm message() {
    SubmitSm pdu;
    pdu.source_addr = "Bank24";
    pdu.destination_addr = "447700900123";
    pdu.short_message = as_bytes("Hello 12");
    return pdu;
}

TEST(SmppMask, AddressesAndTexts) {
    const auto pdu = pdu_of(CommandId::submit_sm, message());
    auto masks = masked(pdu, all);
    auto body = body_of<SubmitSm>(masks);
    EXPECT_EQ(body.source_addr, "Bank**");
    EXPECT_EQ(body.destination_addr, "************");
    EXPECT_EQ(as_text(body.short_message), "********");
    masks = masked(pdu, {Privacy::Numbers::last4, false});
    body = body_of<SubmitSm>(masks);
    EXPECT_EQ(body.destination_addr, "********0123");
    EXPECT_EQ(as_text(body.short_message), "Hello 12");
    EXPECT_EQ(masked(pdu, {}), pdu);
}

TEST(SmppMask, UserDataHeadersAndUcs2StayReadable) {
    SubmitSm pdu = message();
    pdu.esm_class = esm_class::udhi;
    pdu.data_coding = static_cast<std::uint8_t>(DataCoding::ucs2);
    const std::array<std::uint8_t, 10> text{5, 0, 3, 7, 2, 1, 0x04, 0x1F, 0x04, 0x20};
    pdu.short_message = text;
    const auto masks = masked(pdu_of(CommandId::submit_sm, pdu), all);
    const ByteView left = body_of<SubmitSm>(masks).short_message;
    EXPECT_EQ((std::vector<std::uint8_t>(left.begin(), left.end())),
              (std::vector<std::uint8_t>{5, 0, 3, 7, 2, 1, 0, '*', 0, '*'}));
}

TEST(SmppMask, NumbersInTheTextOfAReceipt) {
    DeliverSm pdu = message();
    pdu.short_message = as_bytes("id:12 to:447700900123");
    const auto masks = masked(pdu_of(CommandId::deliver_sm, pdu), {Privacy::Numbers::all, false});
    EXPECT_EQ(as_text(body_of<DeliverSm>(masks).short_message), "id:12 to:************");
}

TEST(SmppMask, TlvsButNotIdsAndIntegers) {
    std::array<std::uint8_t, 128> octets;
    TlvWriter tlvs(octets);
    tlvs.octets(Tag::message_payload, as_bytes("secret"));
    tlvs.octets(Tag::receipted_message_id, as_bytes(std::string_view("123456789\0", 10)));
    tlvs.octets(Tag::callback_num, as_bytes("\x01\x01\x01" "4477"));
    tlvs.octets(Tag::sar_msg_ref_num, as_bytes("34"));
    tlvs.octets(Tag{0x1400}, as_bytes("4477x"));
    DataSm pdu;
    pdu.tlvs = tlvs.view();
    const auto masks = masked(pdu_of(CommandId::data_sm, pdu), all);
    const DataSm body = body_of<DataSm>(masks);
    EXPECT_EQ(as_text(*body.tlvs.find(Tag::message_payload)), "******");
    EXPECT_EQ(as_text(*body.tlvs.find(Tag::receipted_message_id)).substr(0, 9), "123456789");
    EXPECT_EQ(as_text(*body.tlvs.find(Tag::callback_num)).substr(3), "****");
    EXPECT_EQ(as_text(*body.tlvs.find(Tag::sar_msg_ref_num)), "34");
    EXPECT_EQ(as_text(*body.tlvs.find(Tag{0x1400})), "****x");
}

TEST(SmppMask, ListsOfDestinations) {
    std::array<std::uint8_t, 128> octets;
    ListWriter<Destination> to(octets);
    to.add({dest_flag_sme, 1, 1, "447700900124", {}});
    to.add({dest_flag_list, 0, 0, {}, "friends"});
    SubmitMulti pdu;
    pdu.dest_address = to.view();
    const auto masks = masked(pdu_of(CommandId::submit_multi, pdu), all);
    const SubmitMulti body = body_of<SubmitMulti>(masks);
    EXPECT_EQ((*body.dest_address.begin()).destination_addr, "************");

    ListWriter<UnsuccessSme> failed(octets);
    failed.add({1, 1, "447700900124", 11});
    SubmitMultiResp response;
    response.message_id = "123456789";
    response.unsuccess_sme = failed.view();
    const auto answer = masked(pdu_of(CommandId::submit_multi_resp, response), all);
    EXPECT_EQ(body_of<SubmitMultiResp>(answer).message_id, "123456789");
    EXPECT_EQ((*body_of<SubmitMultiResp>(answer).unsuccess_sme.begin()).destination_addr, "************");
}

TEST(SmppMask, OfWhatCannotBeReadTheHeaderIsLeft) {
    auto pdu = pdu_of(CommandId::submit_sm, message());
    pdu.resize(pdu.size() - 3);
    auto masks = masked(pdu, all);
    ASSERT_EQ(masks.size(), header_size);
    EXPECT_EQ(read_header(masks.data()).length, header_size);
    EXPECT_EQ(read_header(masks.data()).id, CommandId::submit_sm);
    EXPECT_EQ(read_header(masks.data()).sequence, 7u);
    masks = masked(pdu_of(CommandId{0x77}, message()), all);
    EXPECT_EQ(masks.size(), header_size);
    EXPECT_TRUE(masked(ByteView(pdu).first(15), all).empty());
}

RC_GTEST_PROP(SmppMask, AnyOctetsAreMaskedWithinTheirBounds, (std::vector<std::uint8_t> octets)) {
    const auto row = *rc::gen::inRange<std::size_t>(0, commands.size());
    std::vector<std::uint8_t> pdu(header_size);
    write_header(pdu.data(), {static_cast<std::uint32_t>(header_size + octets.size()), commands[row].value, {}, 1});
    pdu.insert(pdu.end(), octets.begin(), octets.end());
    const auto masks = masked(pdu, all);
    RC_ASSERT(masks.size() == pdu.size() || masks.size() == header_size);
}

}  // namespace
}  // namespace sluice::smpp
