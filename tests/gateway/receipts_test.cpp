#include <gtest/gtest.h>

#include "engine/gateway/compose.hpp"
#include "scene.hpp"

// docs/interop.md R1 to R16 as scripted peers, each with 1, 2 and 4
// shards: receipts come in on any bind, and so on any shard.
namespace sluice::gateway {
namespace {

using namespace std::string_view_literals;

class Receipt : public ::testing::TestWithParam<Setup> {
protected:
    /// One message through the gateway: the provider answers with `response_id`, then sends `text` on its bind `bind`.
    /// Returns the receipt that the customer got.
    smpp::Receipt bring_home(Scene& scene, std::string response_id, const std::string& text, std::size_t bind = 0) {
        scene.provider().script = [&scene, response_id](session::Session&, const Scripted::Request& request) {
            scene.provider().answer(request, CommandStatus::ESME_ROK, response_id);
        };
        const std::string id = scene.submit();
        EXPECT_FALSE(id.empty());
        scene.until([&] { return scene.count(&Counters::sent) == 1; });
        scene.provider().send(CommandId::deliver_sm, Scene::receipt(text), bind);
        scene.until([&] { return !scene.customer->requests.empty(); });
        text_ = scene.customer->requests.front();
        const smpp::Receipt receipt = smpp::read_receipt(text_.message());
        EXPECT_EQ(receipt.message_id, id);
        EXPECT_EQ(receipt.text.id, id);
        scene.run(seconds(2));
        EXPECT_EQ(scene.customer->requests.size(), 1u);
        EXPECT_EQ(scene.provider().responses.back().header.status, CommandStatus::ESME_ROK);
        EXPECT_TRUE(scene.empty());
        return receipt;
    }
    void ready(Scene& scene) {
        scene.bind();
        scene.until([&] { return scene.provider().bound().size() == 2; });
    }
    Scripted::Request text_;
};
INSTANTIATE_TEST_SUITE_P(Shards, Receipt,
                         ::testing::Values(Setup(1), Setup(2), Setup(4), Setup(1, 1), Setup(2, 1), Setup(4, 1)),
                         [](const auto& its) {
                             return std::to_string(its.param.shards) +
                                    (its.param.receipts_in_memory == 1 ? "_on_disk" : "_in_memory");
                         });

TEST_P(Receipt, WhatSluiceEmitsIsTheFullText) {
    Scene scene(GetParam());
    ready(scene);
    bring_home(scene, "77",
               "id:77 sub:001 dlvrd:001 submit date:2603040000 done date:2603040001 stat:DELIVRD err:000 text:Hel");
    const auto pdu = text_.message();
    EXPECT_EQ(pdu.esm_class, 4);
    EXPECT_EQ(pdu.source_addr, "447700900123");
    EXPECT_EQ(pdu.destination_addr, "1000");
    const std::string_view text = as_text(pdu.short_message);
    EXPECT_NE(text.find(" sub:001 dlvrd:001 submit date:2603040"), std::string_view::npos) << text;
    EXPECT_NE(text.find(" stat:DELIVRD err:000 text:Hello"), std::string_view::npos) << text;
    EXPECT_EQ(pdu.tlvs.integer(smpp::Tag::message_state), 2u);
    EXPECT_TRUE(pdu.tlvs.text(smpp::Tag::receipted_message_id));
}

TEST_P(Receipt, R1HexInTheResponseDecimalInTheReceipt) {
    Scene scene(GetParam(), [](routing::Account&, routing::Provider& p) {
        p.response_id_format = routing::IdFormat::hex;
        p.receipt_id_format = routing::IdFormat::decimal;
    });
    ready(scene);
    bring_home(scene, "1A2B", "id:6699 stat:DELIVRD");
}

TEST_P(Receipt, R1TheFormIsLearnt) {
    for (const auto& [response, receipt] : {std::pair{"BEEF", "48879"}, std::pair{"48879", "BEEF"}}) {
        Scene scene(GetParam());
        ready(scene);
        bring_home(scene, response, std::string("id:") + receipt + " stat:DELIVRD");
        EXPECT_EQ(scene.count(&Counters::receipts_other_format), 1u);
    }
}

TEST_P(Receipt, R1TheFormIsLearntWhileManyAreUnderWay) {
    Scene scene(GetParam());
    ready(scene);
    constexpr int count = 60;
    std::uint64_t number = 0x0A0B0C0D;
    scene.provider().script = [&](session::Session&, const Scripted::Request& request) {
        char hex[17];
        std::snprintf(hex, sizeof hex, "%08lX", ++number);
        // Every other receipt goes out before its response.
        const auto report = [&, now = number] {
            const std::string text = "id:" + std::to_string(now) + " stat:DELIVRD";
            scene.provider().send(CommandId::deliver_sm, Scene::receipt(text), now % 2);
        };
        if (number % 2 == 0) report();
        scene.provider().answer(request, CommandStatus::ESME_ROK, hex);
        if (number % 2 == 1) report();
    };
    for (int i = 0; i < count; ++i) scene.customer->send(CommandId::submit_sm, Scene::sample());
    scene.until([&] { return scene.customer->requests.size() == count; });
    scene.run(seconds(2));
    EXPECT_TRUE(scene.empty());
}

TEST_P(Receipt, R2PaddingCaseAndHyphensDoNotCount) {
    for (const auto& [response, receipt] :
         {std::pair{"0000001234", "1234"}, std::pair{"abc-DEF", "ABCdef"},
          std::pair{"123456789012345678901234567890", "123456789012345678901234567890"}}) {
        Scene scene(GetParam());
        ready(scene);
        bring_home(scene, response, std::string("id:") + receipt + " stat:DELIVRD");
    }
}

TEST_P(Receipt, R3TheNewerMessageHasTheId) {
    Scene scene(GetParam());
    ready(scene);
    scene.provider().script = [&](session::Session&, const Scripted::Request& request) {
        scene.provider().answer(request, CommandStatus::ESME_ROK, "same");
    };
    scene.submit();
    scene.until([&] { return scene.count(&Counters::sent) == 1; });
    scene.run(seconds(1));
    const std::string newer = scene.submit();
    scene.until([&] { return scene.count(&Counters::sent) == 2; });
    scene.run(seconds(1));
    scene.provider().send(CommandId::deliver_sm, Scene::receipt("id:same stat:DELIVRD"));
    scene.until([&] { return !scene.customer->requests.empty(); });
    EXPECT_EQ(smpp::read_receipt(scene.customer->requests.front().message()).message_id, newer);
}

/// A message that the provider has, as `held`, and has not answered; its id.
std::string submit_unanswered(Scene& scene, Scripted::Request& held) {
    scene.provider().script = [&held](session::Session&, const Scripted::Request& request) { held = request; };
    const std::string id = scene.submit();
    scene.until([&] { return held.link.valid(); });
    return id;
}

TEST_P(Receipt, R4BeforeTheResponse) {
    Scene scene(GetParam());
    ready(scene);
    Scripted::Request held;
    const std::string id = submit_unanswered(scene, held);
    scene.provider().send(CommandId::deliver_sm, Scene::receipt("id:early stat:DELIVRD"), 1);
    scene.until([&] { return !scene.provider().responses.empty(); });  // held durably, so answered
    EXPECT_EQ(scene.provider().responses.front().header.status, CommandStatus::ESME_ROK);
    EXPECT_TRUE(scene.customer->requests.empty());
    scene.provider().answer(held, CommandStatus::ESME_ROK, "early");
    scene.until([&] { return !scene.customer->requests.empty(); });
    EXPECT_EQ(smpp::read_receipt(scene.customer->requests.front().message()).message_id, id);
    EXPECT_EQ(scene.count(&Counters::receipts_early), 1u);
}

TEST_P(Receipt, R4AMomentBeforeTheResponseNothingIsWrittenForIt) {
    Scene scene(GetParam());
    ready(scene);
    Scripted::Request held;
    const std::string id = submit_unanswered(scene, held);
    const auto rows = [&] {
        std::size_t sum = 0;
        for (std::size_t i = 0; i < scene.shards(); ++i) sum += scene.disk(i).table(storage::Table::held).size();
        return sum;
    };
    // An intermediate one before the final one, on the other bind.
    for (const char* text : {"id:early stat:ENROUTE", "id:early stat:DELIVRD"})
        scene.provider().send(CommandId::deliver_sm, Scene::receipt(text), 1);
    scene.run(milliseconds(10));
    EXPECT_TRUE(scene.provider().responses.empty());
    scene.provider().answer(held, CommandStatus::ESME_ROK, "early");
    scene.until([&] { return !scene.customer->requests.empty() && scene.provider().responses.size() == 2; });
    for (const auto& response : scene.provider().responses) EXPECT_EQ(response.header.status, CommandStatus::ESME_ROK);
    EXPECT_EQ(smpp::read_receipt(scene.customer->requests.front().message()).message_id, id);
    EXPECT_EQ(scene.count(&Counters::receipts_early), 0u);
    EXPECT_EQ(scene.count(&Counters::receipts_intermediate), 1u);
    EXPECT_EQ(rows(), 0u);
    scene.run(seconds(1));
    EXPECT_TRUE(scene.empty());
    EXPECT_EQ(rows(), 0u);
}

TEST_P(Receipt, R4SurvivesACrash) {
    Scene scene(GetParam());
    ready(scene);
    std::vector<Scripted::Request> got;
    scene.provider().script = [&](session::Session&, const Scripted::Request& request) { got.push_back(request); };
    const std::string id = scene.submit();
    scene.until([&] { return got.size() == 1; });
    scene.provider().send(CommandId::deliver_sm, Scene::receipt("id:early stat:DELIVRD"), 1);
    scene.until([&] { return !scene.provider().responses.empty(); });
    scene.crash();
    scene.until([&] { return got.size() == 2; });  // in flight when it crashed: sent again
    scene.provider().answer(got[1], CommandStatus::ESME_ROK, "early");
    scene.bind();
    scene.until([&] { return !scene.customer->requests.empty(); });
    EXPECT_EQ(smpp::read_receipt(scene.customer->requests.front().message()).message_id, id);
}

TEST_P(Receipt, R5OnAnotherBind) {
    Scene scene(GetParam());
    ready(scene);
    bring_home(scene, "5", "id:5 stat:DELIVRD", 1);
}

TEST_P(Receipt, R6TlvsWithoutText) {
    Scene scene(GetParam());
    ready(scene);
    scene.provider().script = [&](session::Session&, const Scripted::Request& request) {
        scene.provider().answer(request, CommandStatus::ESME_ROK, "t1");
    };
    scene.submit();
    scene.until([&] { return scene.count(&Counters::sent) == 1; });
    std::array<std::uint8_t, 64> octets;
    smpp::TlvWriter tlvs(octets);
    tlvs.text(smpp::Tag::receipted_message_id, "t1");
    tlvs.integer(smpp::Tag::message_state, 5);
    smpp::DeliverSm pdu = Scene::receipt("");
    pdu.tlvs = tlvs.view();
    scene.provider().send(CommandId::deliver_sm, pdu);
    scene.until([&] { return !scene.customer->requests.empty(); });
    EXPECT_EQ(smpp::read_receipt(scene.customer->requests.front().message()).text.stat, "UNDELIV");
}

TEST_P(Receipt, R7R8R9R10FieldsInAnyForm) {
    struct Case {
        const char* text;
        const char* stat;
        const char* err;
    };
    for (const Case& c : {Case{"stat:FAILED err:12A id:9 Text:id:8", "UNDELIV", "12A"},
                          Case{"ID:9 STAT:DELIVERED done date:20260304000102", "DELIVRD", "000"},
                          Case{"id:9 done date:0000000000 stat:REJECTED err:1045 sub:1", "REJECTD", "1045"},
                          Case{"id:9 stat:EXPIRED err:", "EXPIRED", "000"}}) {
        Scene scene(GetParam());
        ready(scene);
        const smpp::Receipt receipt = bring_home(scene, "9", c.text);
        EXPECT_EQ(receipt.text.stat, c.stat) << c.text;
        EXPECT_EQ(receipt.text.err, c.err) << c.text;
    }
}

TEST_P(Receipt, R11AsDataSm) {
    Scene scene(GetParam());
    ready(scene);
    const std::string id = scene.submit();
    scene.until([&] { return scene.count(&Counters::sent) == 1; });
    std::array<std::uint8_t, 128> octets;
    smpp::TlvWriter tlvs(octets);
    tlvs.octets(smpp::Tag::message_payload, as_bytes("id:1 stat:DELIVRD"));
    smpp::DataSm pdu;
    pdu.source_addr = "447700900123";
    pdu.destination_addr = "1000";
    pdu.esm_class = 4;
    pdu.tlvs = tlvs.view();
    scene.provider().send(CommandId::data_sm, pdu);
    scene.until([&] { return !scene.customer->requests.empty(); });
    EXPECT_EQ(smpp::read_receipt(scene.customer->requests.front().message()).message_id, id);
}

TEST_P(Receipt, R12ATextAloneIsASubscribersMessage) {
    Scene scene(GetParam());
    ready(scene);
    scene.submit();
    scene.until([&] { return scene.count(&Counters::sent) == 1; });
    smpp::DeliverSm forged = Scene::receipt("id:1 stat:DELIVRD", 0);
    forged.destination_addr = "12345";
    scene.provider().send(CommandId::deliver_sm, forged);
    scene.until([&] { return !scene.customer->requests.empty(); });
    EXPECT_EQ(scene.customer->requests.front().message().esm_class, 0);
    EXPECT_EQ(scene.count(&Counters::receipts_in), 0u);
    EXPECT_EQ(scene.count(&Counters::originated), 1u);
}

TEST_P(Receipt, R12TextCountsWhereTheProfileSaysSo) {
    Scene scene(GetParam(), [](routing::Account&, routing::Provider& p) { p.receipts_by_text = true; });
    ready(scene);
    const std::string id = scene.submit();
    scene.until([&] { return scene.count(&Counters::sent) == 1; });
    scene.provider().send(CommandId::deliver_sm, Scene::receipt("id:1 stat:DELIVRD", 0));
    scene.until([&] { return !scene.customer->requests.empty(); });
    EXPECT_EQ(smpp::read_receipt(scene.customer->requests.front().message()).message_id, id);
}

TEST_P(Receipt, R13FinalTwiceAndIntermediateAfterwards) {
    Scene scene(GetParam());
    ready(scene);
    scene.submit();
    scene.until([&] { return scene.count(&Counters::sent) == 1; });
    for (const char* text : {"id:1 stat:ENROUTE", "id:1 stat:DELIVRD", "id:1 stat:DELIVRD", "id:1 stat:ENROUTE"}) {
        scene.provider().send(CommandId::deliver_sm, Scene::receipt(text));
        scene.run(seconds(1));
    }
    scene.until([&] { return scene.provider().responses.size() == 4; });
    for (const auto& response : scene.provider().responses) EXPECT_EQ(response.header.status, CommandStatus::ESME_ROK);
    EXPECT_EQ(scene.customer->requests.size(), 1u);
    EXPECT_TRUE(scene.empty());
}

TEST_P(Receipt, R14WhatMatchesNothingIsAcknowledgedAndQuarantined) {
    Scene scene(GetParam());
    ready(scene);
    scene.provider().send(CommandId::deliver_sm, Scene::receipt("id:nobody stat:DELIVRD"));
    scene.until([&] { return !scene.provider().responses.empty(); });
    EXPECT_EQ(scene.provider().responses.front().header.status, CommandStatus::ESME_ROK);
    const auto list = [&] {
        std::vector<Receipts::Unmatched> all;
        std::size_t answers = 0;
        for (std::uint32_t i = 0; i < GetParam().shards; ++i)
            scene.shard(i).receipts().list(5, [&](std::vector<Receipts::Unmatched> its) {
                all.insert(all.end(), its.begin(), its.end());
                ++answers;
            });
        scene.until([&] { return answers == GetParam().shards; });
        return all;
    };
    ASSERT_EQ(list().size(), 1u);
    EXPECT_FALSE(list().front().quarantined);
    scene.until([&] { return scene.count(&Counters::receipts_quarantined) == 1; });
    ASSERT_EQ(list().size(), 1u);
    EXPECT_TRUE(list().front().quarantined);
    EXPECT_EQ(list().front().note.provider_id(), "nobody");
    EXPECT_TRUE(scene.customer->requests.empty());
}

TEST_P(Receipt, R15TypedVendorTlvsSayEverything) {
    using routing::TlvMeaning;
    using smpp::NamedTlvType;
    Scene scene(GetParam(), [](routing::Account&, routing::Provider& p) {
        p.tlvs = {{{smpp::Tag{0x1418}, "id", NamedTlvType::integer}, TlvMeaning::message_id},
                  {{smpp::Tag{0x1419}, "state", NamedTlvType::decimal}, TlvMeaning::message_state},
                  {{smpp::Tag{0x141A}, "why", NamedTlvType::c_octet_string}, TlvMeaning::error},
                  {{smpp::Tag{0x1454}, "network", NamedTlvType::c_octet_string}, TlvMeaning::mcc_mnc},
                  {{smpp::Tag{0x1455}, "when", NamedTlvType::decimal}, TlvMeaning::done_date},
                  {{smpp::Tag{0x1456}, "price", NamedTlvType::octet_string}, TlvMeaning::none}};
    });
    ready(scene);
    scene.provider().script = [&](session::Session&, const Scripted::Request& request) {
        scene.provider().answer(request, CommandStatus::ESME_ROK, "5000000000");
    };
    const std::string id = scene.submit();
    scene.until([&] { return scene.count(&Counters::sent) == 1; });
    std::array<std::uint8_t, 128> octets;
    smpp::TlvWriter tlvs(octets);
    tlvs.octets(smpp::Tag{0x1418}, ByteView(std::array<std::uint8_t, 8>{0, 0, 0, 1, 0x2A, 0x05, 0xF2, 0x00}));
    tlvs.octets(smpp::Tag{0x1419}, as_bytes("5"));
    tlvs.octets(smpp::Tag{0x141A}, as_bytes("E12"));  // without its NUL
    tlvs.text(smpp::Tag{0x1454}, "24001");
    tlvs.text(smpp::Tag{0x1455}, "2603040102");
    tlvs.octets(smpp::Tag{0x1456}, as_bytes("\x01\x02"));
    smpp::DeliverSm pdu = Scene::receipt("id:77 stat:DELIVRD err:000 done date:2603050000");
    pdu.tlvs = tlvs.view();
    scene.provider().send(CommandId::deliver_sm, pdu, 1);
    scene.until([&] { return !scene.customer->requests.empty(); });
    const auto home = scene.customer->requests.front().message();
    const auto receipt = smpp::read_receipt(home);
    EXPECT_EQ(receipt.message_id, id);
    EXPECT_EQ(receipt.state, smpp::MessageState::undeliverable);
    EXPECT_EQ(receipt.text.stat, "UNDELIV");
    EXPECT_EQ(receipt.text.err, "E12");
    EXPECT_EQ(receipt.text.done_date, "2603040102");
    // They go to the account as they came, all but what would not fit.
    EXPECT_EQ(as_text(*home.tlvs.find(smpp::Tag{0x1456})), "\x01\x02");
    EXPECT_EQ(as_text(*home.tlvs.find(smpp::Tag{0x1454})), "24001\0"sv);
    const auto events = scene.trace(parse_shown_id(id, routing::IdFormat::decimal));
    const auto network = std::ranges::find(events, TraceEvent::network, &history::OwnedRecord::event);
    ASSERT_NE(network, events.end());
    EXPECT_EQ(network->status, 24001u);
    EXPECT_NE(scene.log.find("p0 receipt 5000000000: id=5000000000 state=5 why=E12 network=24001 when=2603040102 "
                             "price=0102"), std::string::npos) << scene.log;
}

TEST_P(Receipt, R15UnknownTlvsOfAReceiptSurviveACrash) {
    Scene scene(GetParam());
    ready(scene);
    scene.submit();
    scene.until([&] { return scene.count(&Counters::sent) == 1; });
    scene.customer->cut();
    std::array<std::uint8_t, 256> octets;
    smpp::TlvWriter tlvs(octets);
    tlvs.octets(smpp::Tag{0x2000}, std::vector<std::uint8_t>(100, 7));  // too large to keep
    tlvs.octets(smpp::Tag{0x1454}, as_bytes("24001"));
    tlvs.integer(smpp::Tag::source_port, 5);  // not for the account
    smpp::DeliverSm pdu = Scene::receipt("id:1 stat:DELIVRD");
    pdu.tlvs = tlvs.view();
    scene.provider().send(CommandId::deliver_sm, pdu);
    scene.until([&] { return scene.provider().responses.size() == 1; });
    scene.crash();
    scene.bind();
    scene.until([&] { return !scene.customer->requests.empty(); });
    const auto home = scene.customer->requests.front().message();
    EXPECT_EQ(as_text(home.tlvs.find(smpp::Tag{0x1454}).value_or(ByteView())), "24001");
    EXPECT_FALSE(home.tlvs.find(smpp::Tag{0x2000}));
    EXPECT_FALSE(home.tlvs.find(smpp::Tag::source_port));
}

TEST_P(Receipt, R15WhatIsNotOfItsTypeSaysNothing) {
    Scene scene(GetParam(), [](routing::Account&, routing::Provider& p) {
        p.tlvs = {{{smpp::Tag{0x1418}, "id", smpp::NamedTlvType::decimal}, routing::TlvMeaning::message_id},
                  {{smpp::Tag{0x1419}, "state", smpp::NamedTlvType::integer}, routing::TlvMeaning::message_state},
                  {{smpp::Tag{0x1455}, "when", smpp::NamedTlvType::integer}, routing::TlvMeaning::done_date}};
    });
    ready(scene);
    scene.submit();
    scene.until([&] { return scene.count(&Counters::sent) == 1; });
    std::array<std::uint8_t, 128> octets;
    smpp::TlvWriter tlvs(octets);
    tlvs.octets(smpp::Tag{0x1418}, as_bytes("no number"));
    tlvs.octets(smpp::Tag{0x1419}, {});
    tlvs.octets(smpp::Tag{0x1455}, ByteView(std::array<std::uint8_t, 9>{}));
    smpp::DeliverSm pdu = Scene::receipt("id:1 stat:EXPIRED err:000 done date:2603050000");
    pdu.tlvs = tlvs.view();
    scene.provider().send(CommandId::deliver_sm, pdu);
    scene.until([&] { return !scene.customer->requests.empty(); });
    const auto receipt = smpp::read_receipt(scene.customer->requests.front().message());
    EXPECT_EQ(receipt.text.stat, "EXPIRED");
    EXPECT_EQ(receipt.text.done_date, "2603050000");
}

TEST_P(Receipt, W9MessageStateZeroGivesWayToTheText) {
    Scene scene(GetParam());
    ready(scene);
    scene.submit();
    scene.until([&] { return scene.count(&Counters::sent) == 1; });
    std::array<std::uint8_t, 64> octets;
    smpp::TlvWriter tlvs(octets);
    tlvs.text(smpp::Tag::receipted_message_id, "1");
    tlvs.integer(smpp::Tag::message_state, 0);
    tlvs.octets(smpp::Tag{0x1454}, as_bytes("24001"));
    tlvs.octets(smpp::Tag{0x1418}, as_bytes("\x01"));
    tlvs.integer(smpp::Tag::congestion_state, 50);  // of 5.0, in a session of 3.4
    smpp::DeliverSm pdu = Scene::receipt("id:1 stat:UNDELIV err:001");
    pdu.tlvs = tlvs.view();
    scene.provider().send(CommandId::deliver_sm, pdu);
    scene.until([&] { return !scene.customer->requests.empty(); });
    EXPECT_EQ(smpp::read_receipt(scene.customer->requests.front().message()).text.stat, "UNDELIV");
}

TEST_P(Receipt, R15R16UnknownTlvsAndAsciiErrors) {
    Scene scene(GetParam());
    ready(scene);
    const std::string id = scene.submit();
    scene.until([&] { return scene.count(&Counters::sent) == 1; });
    std::array<std::uint8_t, 128> octets;
    smpp::TlvWriter tlvs(octets);
    tlvs.octets(smpp::Tag{0x1454}, as_bytes("24001"));
    tlvs.octets(smpp::Tag::network_error_code, as_bytes("027"));
    smpp::DeliverSm pdu = Scene::receipt("id:1 stat:UNDELIV err:027");
    pdu.tlvs = tlvs.view();
    scene.provider().send(CommandId::deliver_sm, pdu);
    scene.until([&] { return !scene.customer->requests.empty(); });
    const auto receipt = smpp::read_receipt(scene.customer->requests.front().message());
    EXPECT_EQ(receipt.message_id, id);
    EXPECT_EQ(receipt.text.err, "027");
}

}  // namespace
}  // namespace sluice::gateway
