#include <gtest/gtest.h>

#include "codecs/smpp/hex.hpp"
#include "codecs/sms/septets.hpp"
#include "codecs/sms/udh.hpp"
#include "scene.hpp"

// Interop T1 to T5 and what goes with them as peers see it, each with 1, 2 and 4 shards. The rules one by one are in
// convert_test.cpp.
namespace sluice::gateway {
namespace {

using namespace std::string_literals;
using routing::Alphabet;
using routing::Segmentation;
using routing::Unmappable;

class Text : public ::testing::TestWithParam<std::uint32_t> {
protected:
    void ready(Scene& scene) {
        scene.bind();
        for (auto& provider : scene.provider_peers) scene.until([&] { return provider->bound().size() == 2; });
    }
    static smpp::SubmitSm message(std::string_view text, std::uint8_t registered_delivery = 0) {
        smpp::SubmitSm pdu = Scene::sample();
        pdu.registered_delivery = registered_delivery;
        pdu.short_message = as_bytes(text);
        return pdu;
    }
    /// With its text in message_payload.
    std::string submit_long(Scene& scene, std::string_view text, std::uint8_t registered_delivery = 1) {
        std::vector<std::uint8_t> octets(text.size() + smpp::tlv_header_size);
        smpp::TlvWriter tlvs(octets);
        tlvs.octets(smpp::Tag::message_payload, as_bytes(text));
        smpp::SubmitSm pdu = message("", registered_delivery);
        pdu.tlvs = tlvs.view();
        return scene.submit(pdu);
    }
    static std::string out(Scene& scene, std::size_t i = 0, std::size_t provider = 0) {
        return smpp::to_hex(smpp::message_text(scene.provider(provider).requests.at(i).message()));
    }
    /// "part/total" of what a provider got.
    static std::string place(const Scripted::Request& request) {
        const auto pdu = request.message();
        const auto header = sms::UserDataHeader::parse(pdu.short_message);
        const auto part = header ? header->concatenation() : std::nullopt;
        return part ? std::to_string(part->part) + "/" + std::to_string(part->total) : "whole";
    }
    void report(Scene& scene, std::string_view id, std::string_view stat = "DELIVRD") {
        const std::string text = "id:" + std::string(id) + " stat:" + std::string(stat) + " err:007";
        const std::size_t before = scene.provider().responses.size();
        scene.provider().send(CommandId::deliver_sm, Scene::receipt(text), before % 2);
        scene.until([&] { return scene.provider().responses.size() > before; });
        EXPECT_EQ(scene.provider().responses.back().header.status, CommandStatus::ESME_ROK);
    }
    static smpp::Receipt home(Scene& scene, std::size_t i = 0) {
        static Scripted::Request kept;
        kept = scene.customer->requests.at(i);
        return smpp::read_receipt(kept.message());
    }
    CommandStatus last_status(Scene& scene) { return scene.customer->responses.back().header.status; }
};
INSTANTIATE_TEST_SUITE_P(Shards, Text, ::testing::Values(1u, 2u, 4u),
                         [](const auto& param) { return std::to_string(param.param); });

auto sides(Alphabet account, Alphabet provider, Unmappable unmappable = Unmappable::ucs2) {
    return [=](routing::Account& a, routing::Provider& p) {
        a.text.default_alphabet = account;
        p.text.default_alphabet = provider;
        p.text.unmappable = unmappable;
    };
}
auto parts(Segmentation segmentation) {
    return [=](routing::Account& a, routing::Provider& p) {
        a.text.segmentation = segmentation;
        p.text.segmentation = segmentation;
    };
}

TEST_P(Text, T1ToTheProviderAndBack) {
    Scene scene(GetParam(), sides(Alphabet::latin1, Alphabet::gsm7));
    ready(scene);
    scene.submit(message("caf\xE9"));
    scene.submit(message("\xE7"));
    scene.until([&] { return scene.provider().requests.size() == 2; });
    EXPECT_EQ(out(scene, 0), "63616605");
    EXPECT_EQ(scene.provider().requests[0].message().data_coding, 0);
    EXPECT_EQ(out(scene, 1), "00e7");
    EXPECT_EQ(scene.provider().requests[1].message().data_coding, 8);
    smpp::DeliverSm originated = Scene::receipt("\x05", 0);
    originated.destination_addr = "12345";
    scene.provider().send(CommandId::deliver_sm, originated, 1);
    scene.until([&] { return !scene.customer->requests.empty(); });
    EXPECT_EQ(as_text(scene.customer->requests[0].message().short_message), "\xE9");
}

TEST_P(Text, T1ReceiptsShowTheTextAsTheAccountHasIt) {
    Scene scene(GetParam(), sides(Alphabet::utf8, Alphabet::gsm7));
    ready(scene);
    scene.submit(message("caf\xC3\xA9", 1));
    scene.until([&] { return scene.count(&Counters::sent) == 1; });
    report(scene, "1");
    scene.until([&] { return !scene.customer->requests.empty(); });
    EXPECT_EQ(home(scene).text.text, "caf\xC3\xA9");
}

TEST_P(Text, T1RefusedAtTheDoor) {
    Scene scene(GetParam(), sides(Alphabet::latin1, Alphabet::gsm7, Unmappable::refuse));
    ready(scene);
    EXPECT_TRUE(scene.submit(message("\xE7")).empty());
    EXPECT_EQ(last_status(scene), CommandStatus::ESME_RINVDCS);
    EXPECT_FALSE(scene.submit(message("c")).empty());
    EXPECT_EQ(scene.count(&Counters::refused_text), 1u);
}

TEST_P(Text, T1RefusedByTheOnlyProviderLeft) {
    Scene scene(GetParam(), [n = 0](routing::Account& a, routing::Provider& p) mutable {
        a.text.default_alphabet = Alphabet::latin1;
        p.text = {n++ == 0 ? Alphabet::latin1 : Alphabet::gsm7, Segmentation::as_is, Unmappable::refuse};
    }, 2);
    ready(scene);
    scene.provider(0).script = [&](session::Session&, const Scripted::Request& request) {
        scene.provider(0).answer(request, CommandStatus::ESME_RSYSERR);
    };
    EXPECT_FALSE(scene.submit(message("\xE7", 1)).empty());
    scene.until([&] { return !scene.customer->requests.empty(); });
    EXPECT_EQ(home(scene).text.stat, "UNDELIV");
    EXPECT_TRUE(scene.provider(1).requests.empty());
    EXPECT_EQ(scene.count(&Counters::text_undeliverable), 1u);
    scene.run(seconds(2));
    EXPECT_TRUE(scene.empty());
}

TEST_P(Text, T2PackedOnBothWays) {
    Scene scene(GetParam(), sides(Alphabet::gsm7, Alphabet::gsm7_packed));
    ready(scene);
    scene.submit(message("hellohello", 1));
    scene.until([&] { return scene.count(&Counters::sent) == 1; });
    EXPECT_EQ(out(scene), "e8329bfd4697d9ec37");
    smpp::DeliverSm receipt = Scene::receipt("", 4);
    const auto text = sms::pack_septets(as_bytes("id:1 stat:UNDELIV err:027"));
    receipt.short_message = text;
    scene.provider().send(CommandId::deliver_sm, receipt);
    scene.until([&] { return !scene.customer->requests.empty(); });
    EXPECT_EQ(home(scene).text.stat, "UNDELIV");
    EXPECT_EQ(home(scene).text.err, "027");
}

TEST_P(Text, T2APackedAccountGetsPackedReceipts) {
    Scene scene(GetParam(), sides(Alphabet::gsm7_packed, Alphabet::gsm7_packed));
    ready(scene);
    const auto text = sms::pack_septets(as_bytes("hellohello"));
    scene.submit(message(as_text(text), 1));
    scene.until([&] { return scene.count(&Counters::sent) == 1; });
    EXPECT_EQ(out(scene), "e8329bfd4697d9ec37") << "the same on both sides: not touched";
    smpp::DeliverSm receipt = Scene::receipt("", 4);
    const auto packed = sms::pack_septets(as_bytes("id:1 stat:DELIVRD"));
    receipt.short_message = packed;
    scene.provider().send(CommandId::deliver_sm, receipt);
    scene.until([&] { return !scene.customer->requests.empty(); });
    const auto unpacked = sms::unpack_septets(scene.customer->requests[0].message().short_message);
    const auto read = smpp::parse_receipt_text(as_text(unpacked));
    EXPECT_EQ(read.stat, "DELIVRD");
    EXPECT_EQ(read.text, "hellohello");
}

TEST_P(Text, T2AZeroOctetAtTheEndOfSeptetsIsNoTrailingNul) {
    Scene scene(GetParam(), sides(Alphabet::gsm7_packed, Alphabet::gsm7));
    ready(scene);
    const auto text = sms::pack_septets(as_bytes("filler?"));
    ASSERT_EQ(text.back(), 0);
    scene.submit(message(as_text(text)));
    scene.until([&] { return !scene.provider().requests.empty(); });
    EXPECT_EQ(as_text(scene.provider().requests[0].message().short_message), "filler?");
}

TEST_P(Text, T3AndW4WhatDataCodingSaysIsLeftAlone) {
    Scene scene(GetParam(), sides(Alphabet::latin1, Alphabet::gsm7));
    ready(scene);
    for (const int data_coding : {0xF1, 0x11, 0x80, 0x01, 0x03, 0x05}) {
        smpp::SubmitSm pdu = message("\x1B\x65");  // W4: GSM 7 under data_coding 1
        pdu.data_coding = static_cast<std::uint8_t>(data_coding);
        scene.submit(pdu);
    }
    scene.until([&] { return scene.provider().requests.size() == 6; });
    for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(out(scene, i), "1b65") << i;
    EXPECT_EQ(scene.provider().requests[0].message().data_coding, 0xF1);
}

TEST_P(Text, T5SarBecomesHeadersAndBack) {
    Scene scene(GetParam(), [](routing::Account& a, routing::Provider& p) {
        a.text.segmentation = Segmentation::sar;
        p.text.segmentation = Segmentation::udh16;
    });
    ready(scene);
    std::array<std::uint8_t, 64> octets;
    smpp::TlvWriter tlvs(octets);
    tlvs.integer(smpp::Tag::sar_msg_ref_num, 0xBEEF);
    tlvs.integer(smpp::Tag::sar_total_segments, 2);
    tlvs.integer(smpp::Tag::sar_segment_seqnum, 1);
    smpp::SubmitSm pdu = message("part");
    pdu.tlvs = tlvs.view();
    scene.submit(pdu);
    scene.until([&] { return !scene.provider().requests.empty(); });
    EXPECT_EQ(out(scene), "060804beef0201" "70617274");
    EXPECT_FALSE(scene.provider().requests[0].message().tlvs.find(smpp::Tag::sar_msg_ref_num));
    smpp::DeliverSm originated = Scene::receipt(std::string_view("\x05\x00\x03\x07\x02\x02part", 10), 0x40);
    originated.destination_addr = "12345";
    scene.provider().send(CommandId::deliver_sm, originated);
    scene.until([&] { return !scene.customer->requests.empty(); });
    const auto home = scene.customer->requests[0].message();
    EXPECT_EQ(as_text(home.short_message), "part");
    EXPECT_EQ(home.esm_class, 0);
    EXPECT_EQ(home.tlvs.integer(smpp::Tag::sar_msg_ref_num), 7u);
    EXPECT_EQ(home.tlvs.integer(smpp::Tag::sar_segment_seqnum), 2u);
}

TEST_P(Text, T5SessionsWithoutTlvsGetHeaders) {
    Scene scene(GetParam());
    scene.bind(CommandId::bind_transceiver, 0x33);
    scene.until([&] { return scene.provider().bound().size() == 2; });
    std::array<std::uint8_t, 64> octets;
    smpp::TlvWriter tlvs(octets);
    tlvs.integer(smpp::Tag::sar_msg_ref_num, 7);
    tlvs.integer(smpp::Tag::sar_total_segments, 2);
    tlvs.integer(smpp::Tag::sar_segment_seqnum, 2);
    smpp::DeliverSm originated = Scene::receipt("part", 0);
    originated.destination_addr = "12345";
    originated.tlvs = tlvs.view();
    scene.provider().send(CommandId::deliver_sm, originated);
    scene.until([&] { return !scene.customer->requests.empty(); });
    const auto home = scene.customer->requests[0].message();
    EXPECT_EQ(smpp::to_hex(home.short_message), "05000307020270617274");
    EXPECT_TRUE(home.tlvs.empty());
}

TEST_P(Text, T5AWholeGoesInPartsAndOneReceiptComesHome) {
    for (const Segmentation form : {Segmentation::udh8, Segmentation::udh16, Segmentation::sar}) {
        Scene scene(GetParam(), parts(form));
        ready(scene);
        const std::string id = submit_long(scene, std::string(400, 'a'));
        ASSERT_FALSE(id.empty());
        scene.until([&] { return scene.count(&Counters::sent) == 3; });
        std::set<std::string> places, references;
        for (const auto& request : scene.provider().requests) {
            const auto pdu = request.message();
            EXPECT_EQ(pdu.registered_delivery, 1);
            if (form == Segmentation::sar) {
                places.insert(std::to_string(*pdu.tlvs.integer(smpp::Tag::sar_segment_seqnum)) + "/3");
                references.insert(std::to_string(*pdu.tlvs.integer(smpp::Tag::sar_msg_ref_num)));
                EXPECT_EQ(pdu.esm_class, 0);
            } else {
                places.insert(place(request));
                const auto header = sms::UserDataHeader::parse(pdu.short_message);
                references.insert(std::to_string(header->concatenation()->reference));
                EXPECT_EQ(header->concatenation()->wide, form == Segmentation::udh16);
            }
        }
        EXPECT_EQ(places, (std::set<std::string>{"1/3", "2/3", "3/3"}));
        EXPECT_EQ(references.size(), 1u);
        for (const char* part : {"2", "3"}) report(scene, part);
        scene.run(seconds(1));
        EXPECT_TRUE(scene.customer->requests.empty()) << "one is still to come";
        report(scene, "1");
        scene.until([&] { return !scene.customer->requests.empty(); });
        EXPECT_EQ(home(scene).message_id, id);
        EXPECT_EQ(home(scene).text.stat, "DELIVRD");
        EXPECT_EQ(home(scene).text.text, std::string(20, 'a'));
        scene.run(seconds(2));
        EXPECT_EQ(scene.customer->requests.size(), 1u);
        EXPECT_TRUE(scene.empty());
        EXPECT_EQ(scene.count(&Counters::accepted), 1u);
        EXPECT_EQ(scene.count(&Counters::split), 1u);
    }
}

TEST_P(Text, T5OneFailedPartFailsTheMessage) {
    for (const char* failing : {"1", "2", "3"}) {
        Scene scene(GetParam(), parts(Segmentation::udh8));
        ready(scene);
        const std::string id = submit_long(scene, std::string(400, 'a'));
        scene.until([&] { return scene.count(&Counters::sent) == 3; });
        report(scene, failing, "UNDELIV");
        scene.until([&] { return !scene.customer->requests.empty(); });
        EXPECT_EQ(home(scene).message_id, id);
        EXPECT_EQ(home(scene).text.stat, "UNDELIV");
        EXPECT_EQ(home(scene).text.err, "007");
        for (const char* part : {"1", "2", "3"}) report(scene, part);
        scene.run(seconds(2));
        EXPECT_EQ(scene.customer->requests.size(), 1u) << "one receipt, whatever else comes";
        EXPECT_TRUE(scene.empty()) << failing;
    }
}

TEST_P(Text, T5ARefusedPartEndsTheOthersThatWait) {
    Scene scene(GetParam(), parts(Segmentation::udh8));
    ready(scene);
    scene.provider().script = [&](session::Session&, const Scripted::Request& request) {
        const bool second = place(request) == "2/3";
        scene.provider().answer(request, second ? CommandStatus::ESME_RINVDSTADR : CommandStatus::ESME_RTHROTTLED);
    };
    const std::string id = submit_long(scene, std::string(400, 'a'));
    scene.until([&] { return !scene.customer->requests.empty(); });
    EXPECT_EQ(home(scene).message_id, id);
    EXPECT_EQ(home(scene).text.stat, "UNDELIV");
    scene.run(seconds(3));
    EXPECT_EQ(scene.customer->requests.size(), 1u);
    EXPECT_TRUE(scene.empty());
}

TEST_P(Text, T5WithoutAReceiptItEndsWithTheResponses) {
    Scene scene(GetParam(), parts(Segmentation::udh8));
    ready(scene);
    submit_long(scene, std::string(400, 'a'), 0);
    scene.until([&] { return scene.count(&Counters::sent) == 3; });
    scene.run(seconds(2));
    EXPECT_TRUE(scene.empty());
    EXPECT_TRUE(scene.customer->requests.empty());
    for (const auto& request : scene.provider().requests) EXPECT_EQ(request.message().registered_delivery, 0);
}

TEST_P(Text, T5ACrashSendsOnlyWhatWasNotKnownToBeSent) {
    Scene scene(GetParam(), parts(Segmentation::udh8));
    ready(scene);
    std::map<std::string, int> got;
    bool mute = true;
    scene.provider().script = [&](session::Session&, const Scripted::Request& request) {
        const std::string part = place(request);
        ++got[part];
        if (part == "3/3" && mute) return;  // no answer before the crash
        scene.provider().answer(request, CommandStatus::ESME_ROK, "id" + part);
    };
    const std::string id = submit_long(scene, std::string(400, 'a'));
    scene.until([&] { return scene.count(&Counters::sent) == 2 && got.size() == 3; });
    report(scene, "id1/3");
    scene.run(seconds(1));
    mute = false;
    scene.crash();
    scene.until([&] { return scene.count(&Counters::sent) == 1; });
    scene.run(seconds(1));
    EXPECT_EQ(got, (std::map<std::string, int>{{"1/3", 1}, {"2/3", 1}, {"3/3", 2}}));
    scene.until([&] { return scene.provider().bound().size() == 2; });
    scene.provider().responses.clear();
    report(scene, "id2/3");
    scene.crash();
    scene.bind();
    scene.until([&] { return scene.provider().bound().size() == 2; });
    scene.provider().responses.clear();
    report(scene, "id3/3");
    scene.until([&] { return !scene.customer->requests.empty(); });
    EXPECT_EQ(home(scene).message_id, id);
    EXPECT_EQ(home(scene).text.stat, "DELIVRD");
    scene.run(seconds(2));
    EXPECT_TRUE(scene.empty());
}

TEST_P(Text, T5QueryCancelAndReplace) {
    Scene scene(GetParam(), parts(Segmentation::udh8));
    ready(scene);
    scene.provider().script = [&](session::Session&, const Scripted::Request& request) {
        scene.provider().answer(request, CommandStatus::ESME_RTHROTTLED);  // everything waits
    };
    const std::string id = submit_long(scene, std::string(400, 'a'));
    scene.run(milliseconds(100));
    const auto ask = [&](CommandId command, const auto& pdu) {
        const std::size_t before = scene.customer->responses.size();
        scene.customer->send(command, pdu);
        scene.until([&] { return scene.customer->responses.size() > before; });
        return last_status(scene);
    };
    smpp::QuerySm query;
    query.message_id = id;
    EXPECT_EQ(ask(CommandId::query_sm, query), CommandStatus::ESME_ROK);
    const auto answer = scene.customer->responses.back().body;
    EXPECT_EQ(smpp::decode<smpp::QuerySmResp>(answer)->message_state, 1);
    smpp::ReplaceSm replace;
    replace.message_id = id;
    replace.short_message = as_bytes("other");
    EXPECT_EQ(ask(CommandId::replace_sm, replace), CommandStatus::ESME_RREPLACEFAIL);
    smpp::CancelSm cancel;
    cancel.message_id = id;
    EXPECT_EQ(ask(CommandId::cancel_sm, cancel), CommandStatus::ESME_ROK);
    scene.until([&] { return !scene.customer->requests.empty(); });
    EXPECT_EQ(home(scene).text.stat, "DELETED");
    scene.run(seconds(3));
    EXPECT_TRUE(scene.empty());
}

TEST_P(Text, T5EveryDestinationOfSubmitMultiHasItsParts) {
    Scene scene(GetParam(), parts(Segmentation::udh8));
    ready(scene);
    std::vector<std::uint8_t> octets(400 + smpp::tlv_header_size);
    smpp::TlvWriter tlvs(octets);
    tlvs.octets(smpp::Tag::message_payload, std::vector<std::uint8_t>(400, 'a'));
    std::array<std::uint8_t, 64> list;
    smpp::ListWriter<smpp::Destination> destinations(list);
    for (const char* number : {"4477009001", "4477009002"}) destinations.add({smpp::dest_flag_sme, 1, 1, number, {}});
    smpp::SubmitMulti pdu;
    pdu.source_addr = "1000";
    pdu.registered_delivery = 1;
    pdu.dest_address = destinations.view();
    pdu.tlvs = tlvs.view();
    scene.customer->send(CommandId::submit_multi, pdu);
    scene.until([&] { return scene.count(&Counters::sent) == 6; });
    for (int i = 1; i <= 6; ++i) report(scene, std::to_string(i));
    scene.until([&] { return scene.customer->requests.size() == 2; });
    EXPECT_EQ(smpp::read_receipt(scene.customer->requests[0].message()).message_id, scene.customer->responses[0].id());
    scene.run(seconds(2));
    EXPECT_TRUE(scene.empty());
}

TEST_P(Text, T5AMobileOriginatedPayloadGoesInParts) {
    Scene scene(GetParam(), parts(Segmentation::udh8));
    ready(scene);
    std::vector<std::uint8_t> octets(200 + smpp::tlv_header_size);
    smpp::TlvWriter tlvs(octets);
    tlvs.octets(smpp::Tag::message_payload, std::vector<std::uint8_t>(200, 'a'));
    smpp::DeliverSm originated = Scene::receipt("", 0);
    originated.destination_addr = "12345";
    originated.tlvs = tlvs.view();
    scene.provider().send(CommandId::deliver_sm, originated);
    scene.until([&] { return scene.customer->requests.size() == 2; });
    EXPECT_EQ(place(scene.customer->requests[0]), "1/2");
    EXPECT_EQ(place(scene.customer->requests[1]), "2/2");
    scene.run(seconds(1));
    EXPECT_EQ(scene.provider().responses.size(), 1u);
    EXPECT_TRUE(scene.empty());
}

TEST_P(Text, T4PartsInAnyOrderAndTwiceGoOnAsTheyCame) {
    Scene scene(GetParam());
    ready(scene);
    scene.bind();  // a second session
    const std::vector<std::string> sent{"\x05\x03three"s, "\x05\x01one"s, "\x05\x01one"s, "\x05\x02two"s,
                                        "\x05\x01new"s};
    std::set<std::string> ids;
    for (std::size_t i = 0; i < sent.size(); ++i) {
        // Reference 5 of three parts, the last one of another message that has taken the reference again.
        const std::string text = "\x05\x00\x03"s + sent[i][0] + "\x03" + sent[i].substr(1);
        smpp::SubmitSm pdu = message(text, 1);
        pdu.esm_class = smpp::esm_class::udhi;
        scene.customer->send(CommandId::submit_sm, pdu, i % 2);
        scene.until([&] { return scene.customer->responses.size() == i + 1; });
        ids.insert(scene.customer->responses.back().id());
        scene.until([&] { return scene.provider().requests.size() == i + 1; });
        EXPECT_EQ(as_text(scene.provider().requests[i].message().short_message), text);
    }
    EXPECT_EQ(ids.size(), sent.size()) << "each is answered for itself";
    for (int i = 1; i <= 5; ++i) report(scene, std::to_string(i));
    scene.until([&] { return scene.customer->requests.size() == 5; });
}

TEST_P(Text, W1AStrayNulBeforeTheSarTlvs) {
    Scene scene(GetParam(), parts(Segmentation::udh8));
    ready(scene);
    std::array<std::uint8_t, 64> octets;
    smpp::TlvWriter tlvs(octets);
    tlvs.integer(smpp::Tag::sar_msg_ref_num, 9);
    tlvs.integer(smpp::Tag::sar_total_segments, 2);
    tlvs.integer(smpp::Tag::sar_segment_seqnum, 1);
    // The NUL stands between the text and the TLVs, and sm_length does not count it.
    std::vector<std::uint8_t> shifted{0};
    shifted.insert(shifted.end(), tlvs.view().raw().begin(), tlvs.view().raw().end());
    smpp::SubmitSm pdu = message("part");
    pdu.tlvs = smpp::TlvView(shifted);
    EXPECT_FALSE(scene.submit(pdu).empty());
    scene.until([&] { return !scene.provider().requests.empty(); });
    EXPECT_EQ(out(scene), "05000309020170617274");
}

TEST_P(Text, W8AReceiptForTheLastPartAlone) {
    Scene scene(GetParam());
    ready(scene);
    std::string last;
    for (const auto& [text, wanted] : {std::pair{std::string_view("\x05\x00\x03\x07\x02\x01one", 9), 0},
                                       std::pair{std::string_view("\x05\x00\x03\x07\x02\x02two", 9), 1}}) {
        smpp::SubmitSm pdu = message(text, static_cast<std::uint8_t>(wanted));
        pdu.esm_class = smpp::esm_class::udhi;
        last = scene.submit(pdu);
    }
    scene.until([&] { return scene.count(&Counters::sent) == 2; });
    for (const auto& request : scene.provider().requests)
        EXPECT_EQ(request.message().registered_delivery, place(request) == "2/2" ? 1 : 0);
    const std::size_t second = place(scene.provider().requests[1]) == "2/2" ? 2 : 1;
    report(scene, std::to_string(second));
    scene.until([&] { return !scene.customer->requests.empty(); });
    EXPECT_EQ(home(scene).message_id, last);
    scene.run(seconds(1));
    EXPECT_EQ(scene.customer->requests.size(), 1u);
    EXPECT_TRUE(scene.empty());
}

TEST_P(Text, R15UnknownTlvsGoBothWays) {
    Scene scene(GetParam(), sides(Alphabet::latin1, Alphabet::gsm7));  // also where the text is converted
    ready(scene);
    std::array<std::uint8_t, 64> octets;
    smpp::TlvWriter tlvs(octets);
    tlvs.octets(smpp::Tag{0x1454}, as_bytes(std::string_view("a\0b", 3)));
    tlvs.octets(smpp::Tag{0x3FFF}, {});
    tlvs.octets(smpp::Tag{0x1454}, as_bytes("again"));
    smpp::SubmitSm pdu = message("caf\xE9");
    pdu.tlvs = tlvs.view();
    scene.submit(pdu);
    scene.until([&] { return !scene.provider().requests.empty(); });
    EXPECT_EQ(smpp::to_hex(scene.provider().requests[0].message().tlvs.raw()), smpp::to_hex(tlvs.view().raw()));
    smpp::DeliverSm originated = Scene::receipt("\x05", 0);
    originated.destination_addr = "12345";
    originated.tlvs = tlvs.view();
    scene.provider().send(CommandId::deliver_sm, originated);
    scene.until([&] { return !scene.customer->requests.empty(); });
    EXPECT_EQ(smpp::to_hex(scene.customer->requests[0].message().tlvs.raw()), smpp::to_hex(tlvs.view().raw()));
}

}  // namespace
}  // namespace sluice::gateway
