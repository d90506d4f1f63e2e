// Interop P9: TLVs of lengths that SMPP forbids, from customers and from providers.
#include <gtest/gtest.h>

#include "codecs/smpp/hex.hpp"
#include "codecs/smpp/tlv_length.hpp"
#include "tests/gateway/scene.hpp"

namespace sluice::gateway {
namespace {

class TlvLengths : public testing::TestWithParam<std::uint32_t> {
protected:
    void SetUp() override {
        scene.bind();
        scene.until([&] { return scene.provider().bound().size() == 2; });
    }
    smpp::TlvView chain(std::initializer_list<std::pair<smpp::Tag, std::string_view>> tlvs) {
        smpp::TlvWriter writer(octets_);
        for (const auto& [tag, value] : tlvs) EXPECT_TRUE(writer.octets(tag, as_bytes(value)));
        return writer.view();
    }
    /// What a provider that brings it is told.
    CommandStatus bring(CommandId command, const auto& pdu) {
        const std::size_t before = scene.provider().responses.size();
        scene.provider().send(command, pdu);
        scene.until([&] { return scene.provider().responses.size() > before; });
        return scene.provider().responses.back().header.status;
    }
    static std::string tlvs_of(const Scripted::Request& request) {
        std::string all;
        for (const smpp::Tlv tlv : request.message().tlvs)
            all += std::to_string(int(tlv.tag)) + "=" + smpp::to_hex(tlv.value) + " ";
        return all;
    }
    Scene scene{gateway::Setup(GetParam())};

private:
    std::array<std::uint8_t, 256> octets_{};
};
INSTANTIATE_TEST_SUITE_P(Shards, TlvLengths, testing::Values(1u, 2u));

TEST_P(TlvLengths, ASubmitWithAWrongOneIsRefusedAndTheBindStays) {
    smpp::SubmitSm pdu = Scene::sample();
    for (const std::string_view number : {"", "1", "12", "123", "12345678901234567890"}) {
        pdu.tlvs = chain({{smpp::Tag{0x1400}, ""}, {smpp::Tag::callback_num, number}});
        EXPECT_EQ(scene.submit(pdu), "") << number;
        EXPECT_EQ(scene.customer->responses.back().header.status, CommandStatus::ESME_RINVTLVLEN);
    }
    EXPECT_EQ(scene.customer->responses.size(), 5u) << "one answer each";
    pdu.tlvs = chain({{smpp::Tag{0x1400}, ""}, {smpp::Tag::callback_num, "\1\1\1" "447700"}});
    EXPECT_NE(scene.submit(pdu), "");
    scene.until([&] { return scene.provider().requests.size() == 1; });
    EXPECT_EQ(tlvs_of(scene.provider().requests.front()), "5120= 897=010101343437373030 ");
    EXPECT_EQ(scene.customer->bound().size(), 1u);
    EXPECT_EQ(scene.count(&Counters::refused_tlv_length), 5u);
    EXPECT_EQ(scene.count(&Counters::submits), 6u);
    scene.run(seconds(1));
    EXPECT_EQ(scene.provider().requests.size(), 1u);
}

TEST_P(TlvLengths, OtherWidthsGoOnAsSmppHasThem) {
    smpp::SubmitSm pdu = Scene::sample();
    pdu.tlvs = chain({{smpp::Tag::user_message_reference, "\7"},
                      {smpp::Tag{0x1400}, "vendor"},
                      {smpp::Tag::source_network_id, "network"},
                      {smpp::Tag::privacy_indicator, std::string_view("\0\0\0\2", 4)}});
    EXPECT_NE(scene.submit(pdu), "");
    scene.until([&] { return scene.provider().requests.size() == 1; });
    EXPECT_EQ(tlvs_of(scene.provider().requests.front()), "516=0007 5120=76656e646f72 1549=6e6574776f726b00 513=02 ");
    EXPECT_EQ(scene.count(&Counters::tlvs_mended), 3u);
    EXPECT_EQ(scene.count(&Counters::refused_tlv_length), 0u);
}

TEST_P(TlvLengths, DataSmAndSubmitMultiAreTreatedAlike) {
    smpp::DataSm data;
    data.source_addr = "1000";
    data.destination_addr = "447700900123";
    data.tlvs = chain({{smpp::Tag::message_payload, "text"}, {smpp::Tag::dest_port, ""}});
    scene.customer->send(CommandId::data_sm, data);
    scene.until([&] { return scene.customer->responses.size() == 1; });
    EXPECT_EQ(scene.customer->responses.back().header.status, CommandStatus::ESME_RINVTLVLEN);
    EXPECT_EQ(scene.customer->responses.back().header.id, CommandId::data_sm_resp);

    std::array<std::uint8_t, 100> octets;
    smpp::ListWriter<smpp::Destination> to(octets);
    for (const char* number : {"447700900001", "447700900002"}) {
        smpp::Destination each;
        each.dest_flag = smpp::dest_flag_sme;
        each.destination_addr = number;
        ASSERT_TRUE(to.add(each));
    }
    smpp::SubmitMulti multi;
    multi.source_addr = "1000";
    multi.dest_address = to.view();
    multi.short_message = as_bytes("for both");
    multi.tlvs = chain({{smpp::Tag::dest_port, "\1\2\3"}});
    scene.customer->send(CommandId::submit_multi, multi);
    scene.until([&] { return scene.customer->responses.size() == 2; });
    EXPECT_EQ(scene.customer->responses.back().header.status, CommandStatus::ESME_RINVTLVLEN);
    multi.tlvs = chain({{smpp::Tag::dest_port, "\7"}});
    scene.customer->send(CommandId::submit_multi, multi);
    scene.until([&] { return scene.provider().requests.size() == 2; });
    for (const auto& request : scene.provider().requests) EXPECT_EQ(tlvs_of(request), "523=0007 ");
    EXPECT_EQ(scene.count(&Counters::refused_tlv_length), 3u);
}

TEST_P(TlvLengths, AMobilesMessageGoesHomeWithoutTheWrongOnes) {
    smpp::DeliverSm pdu;
    pdu.source_addr = "447700900123";
    pdu.destination_addr = "12345";
    pdu.short_message = as_bytes("home");
    pdu.tlvs = chain({{smpp::Tag::callback_num, "1"}, {smpp::Tag{0x1400}, ""}, {smpp::Tag::source_port, "\5"},
                      {smpp::Tag::network_error_code, "12"}});
    EXPECT_EQ(bring(CommandId::deliver_sm, pdu), CommandStatus::ESME_ROK);
    smpp::DataSm data;
    data.source_addr = pdu.source_addr;
    data.destination_addr = pdu.destination_addr;
    data.tlvs = chain({{smpp::Tag::callback_num, ""}, {smpp::Tag::message_payload, "home"}});
    EXPECT_EQ(bring(CommandId::data_sm, data), CommandStatus::ESME_ROK);
    scene.until([&] { return scene.customer->requests.size() == 2; });
    std::vector<std::string> tlvs;
    for (const auto& request : scene.customer->requests) tlvs.push_back(tlvs_of(request));
    std::ranges::sort(tlvs);
    EXPECT_EQ(tlvs, (std::vector<std::string>{"1060=686f6d65 ", "5120= 522=0005 "}));
    EXPECT_EQ(scene.count(&Counters::tlvs_left_out), 3u);
    EXPECT_EQ(scene.count(&Counters::tlvs_mended), 1u);
}

TEST_P(TlvLengths, NoReceiptIsLostForThem) {
    const std::string id = scene.submit();
    scene.until([&] { return scene.count(&Counters::sent) == 1; });
    smpp::DeliverSm receipt = Scene::receipt("id:1 stat:DELIVRD err:000");
    receipt.tlvs = chain({{smpp::Tag::callback_num, "1"}, {smpp::Tag::network_error_code, "12"},
                          {smpp::Tag::message_state, std::string_view("\0\2", 2)},
                          {smpp::Tag::receipted_message_id, "1"}});
    EXPECT_EQ(bring(CommandId::deliver_sm, receipt), CommandStatus::ESME_ROK);
    scene.until([&] { return scene.customer->requests.size() == 1; });
    const auto its = smpp::read_receipt(scene.customer->requests.front().message());
    EXPECT_EQ(its.message_id, id);
    EXPECT_EQ(its.state, smpp::MessageState::delivered);
    for (const smpp::Tlv tlv : scene.customer->requests.front().message().tlvs)
        EXPECT_EQ(smpp::tlv_length(tlv), smpp::TlvLength::right) << smpp::name_of(tlv.tag);
}

}  // namespace
}  // namespace sluice::gateway
