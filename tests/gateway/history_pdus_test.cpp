#include <gtest/gtest.h>

#include "tests/gateway/scene.hpp"

// Which PDUs the history keeps with a message, and how they are masked.
namespace sluice::gateway {
namespace {

using history::TraceEvent;

class HistoryPdus : public testing::TestWithParam<std::uint32_t> {
protected:
    std::unique_ptr<Scene> scene_with(const Privacy& privacy, bool pdus = true) {
        auto scene = std::make_unique<Scene>(gateway::Setup(GetParam()), nullptr, 1, [=](GatewayConfig& config) {
            config.history_pdus = pdus;
            config.privacy = privacy;
        });
        scene->bind();
        return scene;
    }
    /// All PDUs that were kept, each as one string of octets behind "event command ".
    static std::vector<std::string> kept(Scene& scene) {
        std::vector<std::string> all;
        for (const history::OwnedRecord& event : scene.traces()) {
            if (event.event < TraceEvent::pdu_in) continue;
            const bool receipt = event.event == TraceEvent::receipt_pdu;
            EXPECT_EQ(event.id == 0, receipt);
            const ByteView pdu = receipt ? history::read_receipt_pdu(event.tail).pdu : ByteView(event.tail);
            EXPECT_EQ(smpp::read_header(pdu.data()).length, pdu.size());
            EXPECT_EQ(static_cast<std::uint32_t>(smpp::read_header(pdu.data()).id), event.status);
            all.push_back(std::string(history::to_string(event.event)) + " " +
                          std::string(smpp::name_of(CommandId{event.status})) + " " + std::string(as_text(pdu)));
        }
        return all;
    }
    static std::size_t count(const std::vector<std::string>& pdus, const std::string& begin) {
        return static_cast<std::size_t>(
            std::ranges::count_if(pdus, [&](const std::string& pdu) { return pdu.starts_with(begin + " "); }));
    }
    static std::string all(const std::vector<std::string>& pdus) {
        std::string text;
        for (const std::string& pdu : pdus) text += pdu + "\n";
        return text;
    }
    /// A message and its receipt, a data_sm, and a submit_multi to two.
    static void live(Scene& scene) {
        scene.submit();
        scene.until([&] { return !scene.provider().requests.empty(); });
        scene.provider().send(CommandId::deliver_sm,
                              Scene::receipt("id:1 sub:001 dlvrd:001 submit date:2611250230 done date:2611250231 "
                                             "stat:DELIVRD err:000 text:Hello"));
        scene.until([&] { return !scene.customer->requests.empty(); });
        smpp::DataSm data;
        data.source_addr = "1000";
        data.destination_addr = "447700900123";
        std::array<std::uint8_t, 64> payload;
        smpp::TlvWriter tlvs(payload);
        tlvs.octets(smpp::Tag::message_payload, as_bytes("Hello"));
        data.tlvs = tlvs.view();
        scene.customer->send(CommandId::data_sm, data);
        smpp::SubmitMulti multi;
        multi.source_addr = "447700900999";
        std::array<std::uint8_t, 256> octets;
        smpp::ListWriter<smpp::Destination> to(octets);
        to.add({smpp::dest_flag_sme, 1, 1, "447700900124", {}});
        to.add({smpp::dest_flag_sme, 1, 1, "447700900125", {}});
        multi.dest_address = to.view();
        multi.short_message = as_bytes("Hello");
        scene.customer->send(CommandId::submit_multi, multi);
        scene.until([&] { return scene.provider().requests.size() == 4 && scene.customer->responses.size() == 3; });
        scene.run(seconds(1));
    }
};
INSTANTIATE_TEST_SUITE_P(Shards, HistoryPdus, ::testing::Values(1u, 3u),
                         [](const auto& its) { return std::to_string(its.param); });

TEST_P(HistoryPdus, AreThoseOfBothSides) {
    const auto scene = scene_with({});
    live(*scene);
    const std::vector<std::string> pdus = kept(*scene);
    for (const auto& [begin, wanted] : std::initializer_list<std::pair<const char*, std::size_t>>{
             {"PDU in submit_sm", 1u},
             {"PDU out submit_sm_resp", 1u},
             {"PDU in data_sm", 1u},
             {"PDU out data_sm_resp", 1u},
             {"PDU in submit_multi", 2u},  // with each of its messages
             {"PDU out submit_multi_resp", 1u},
             {"PDU out submit_sm", 4u},
             {"PDU in submit_sm_resp", 4u},
             {"receipt PDU deliver_sm", 1u},
             {"PDU out deliver_sm", 1u},
             {"PDU in deliver_sm_resp", 1u}})
        EXPECT_EQ(count(pdus, begin), wanted) << begin;
    // Between shards it may come before its message is known there: then it is answered under the id that it names.
    EXPECT_EQ(count(pdus, "PDU out deliver_sm_resp") + count(pdus, "receipt PDU deliver_sm_resp"), 1u);
    EXPECT_NE(all(pdus).find("447700900125"), std::string::npos);
    EXPECT_NE(all(pdus).find("text:Hello"), std::string::npos);
}

TEST_P(HistoryPdus, AreMasked) {
    const auto scene = scene_with({Privacy::Numbers::all, true});
    live(*scene);
    const std::vector<std::string> pdus = kept(*scene);
    EXPECT_EQ(pdus.size(), 19u);
    EXPECT_EQ(all(pdus).find("Hello"), std::string::npos);
    EXPECT_EQ(all(pdus).find("4477009001"), std::string::npos);
    EXPECT_EQ(all(pdus).find("900999"), std::string::npos);
    EXPECT_NE(all(pdus).find("************"), std::string::npos);
    // What is delivered is whole.
    EXPECT_EQ(as_text(scene->provider().requests[0].message().short_message), "Hello");
    EXPECT_EQ(scene->provider().requests[0].message().destination_addr, "447700900123");
}

TEST_P(HistoryPdus, AreNotKeptUnlessAsked) {
    const auto scene = scene_with({}, false);
    live(*scene);
    EXPECT_TRUE(kept(*scene).empty());
    EXPECT_FALSE(scene->traces().empty());
}

TEST_P(HistoryPdus, AReceiptBeforeItsResponseIsThereWithItsAnswer) {
    const auto scene = scene_with({});
    Scripted::Request submitted;
    scene->provider().script = [&](session::Session&, const Scripted::Request& request) { submitted = request; };
    scene->submit();
    scene->until([&] { return submitted.header.sequence != 0; });
    scene->provider().send(CommandId::deliver_sm, Scene::receipt("id:77 stat:DELIVRD err:000"));
    scene->until([&] { return !scene->provider().responses.empty(); });
    EXPECT_EQ(scene->kept(TraceEvent::receipt_pdu, CommandId::deliver_sm), 1u);
    EXPECT_EQ(scene->kept(TraceEvent::receipt_pdu, CommandId::deliver_sm_resp), 1u);
    scene->provider().answer(submitted, CommandStatus::ESME_ROK, "77");
    scene->until([&] { return !scene->customer->requests.empty(); });
    scene->run(seconds(1));
    EXPECT_EQ(scene->kept(TraceEvent::receipt_pdu, CommandId::deliver_sm_resp), 1u);
    EXPECT_EQ(scene->kept(TraceEvent::pdu_out, CommandId::deliver_sm_resp), 0u);
    for (const history::OwnedRecord& event : scene->traces()) {
        if (event.event != TraceEvent::receipt_pdu) continue;
        EXPECT_EQ(history::read_receipt_pdu(event.tail).message_id, "77");
    }
}

TEST_P(HistoryPdus, OfMessagesFromMobilesAreKept) {
    const auto scene = scene_with({});
    smpp::DeliverSm pdu;
    pdu.source_addr = "447700900123";
    pdu.destination_addr = "12345";
    pdu.short_message = as_bytes("Hi");
    scene->provider().send(CommandId::deliver_sm, pdu);
    scene->until([&] { return !scene->customer->requests.empty() && !scene->provider().responses.empty(); });
    scene->run(seconds(1));
    const std::vector<std::string> pdus = kept(*scene);
    EXPECT_EQ(count(pdus, "PDU in deliver_sm"), 1u);
    EXPECT_EQ(count(pdus, "PDU out deliver_sm_resp"), 1u);
    EXPECT_EQ(count(pdus, "PDU out deliver_sm"), 1u);
    EXPECT_EQ(count(pdus, "PDU in deliver_sm_resp"), 1u);
    EXPECT_EQ(pdus.size(), 4u);
}

}  // namespace
}  // namespace sluice::gateway
