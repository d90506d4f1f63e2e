#include <gtest/gtest.h>

#include "codecs/smpp/time.hpp"
#include "scene.hpp"

// A message's life as peers see it, each with 1, 2 and 4 shards.
namespace sluice::gateway {
namespace {

class Life : public ::testing::TestWithParam<std::uint32_t> {
protected:
    void ready(Scene& scene) {
        scene.bind();
        for (auto& provider : scene.provider_peers) scene.until([&] { return provider->bound().size() == 2; });
    }
    static std::vector<std::string> texts(Scripted& provider) {
        std::vector<std::string> all;
        for (const auto& request : provider.requests) all.emplace_back(as_text(request.message().short_message));
        return all;
    }
    static smpp::SubmitSm text(std::string_view words) {
        smpp::SubmitSm pdu = Scene::sample();
        pdu.registered_delivery = 0;
        pdu.short_message = as_bytes(words);
        return pdu;
    }
    CommandStatus last_status(Scene& scene) { return scene.customer->responses.back().header.status; }
};
INSTANTIATE_TEST_SUITE_P(Shards, Life, ::testing::Values(1u, 2u, 4u),
                         [](const auto& its) { return std::to_string(its.param); });

TEST_P(Life, WithoutAReceiptItEndsWithTheResponse) {
    Scene scene(GetParam());
    ready(scene);
    EXPECT_FALSE(scene.submit(text("one")).empty());
    scene.until([&] { return scene.count(&Counters::sent) == 1; });
    scene.run(seconds(2));
    EXPECT_TRUE(scene.empty());
    EXPECT_EQ(scene.provider().requests.front().message().registered_delivery, 0);
}

TEST_P(Life, WhatIsForwardedIsWhatCame) {
    Scene scene(GetParam());
    ready(scene);
    std::array<std::uint8_t, 64> octets;
    smpp::TlvWriter tlvs(octets);
    tlvs.octets(smpp::Tag{0x1400}, as_bytes("vendor"));
    smpp::SubmitSm pdu = text("as it was");
    pdu.service_type = "CMT";
    pdu.source_addr = "Sluice";
    pdu.source_addr_ton = 5;
    pdu.esm_class = 3;
    pdu.protocol_id = 0x41;
    pdu.priority_flag = 2;
    pdu.data_coding = 3;
    pdu.tlvs = tlvs.view();
    scene.submit(pdu);
    scene.until([&] { return !scene.provider().requests.empty(); });
    const auto out = scene.provider().requests.front().message();
    EXPECT_EQ(out.service_type, "CMT");
    EXPECT_EQ(out.source_addr, "Sluice");
    EXPECT_EQ(out.source_addr_ton, 5);
    EXPECT_EQ(out.destination_addr, "447700900123");
    EXPECT_EQ(out.esm_class, 3);
    EXPECT_EQ(out.protocol_id, 0x41);
    EXPECT_EQ(out.priority_flag, 2);
    EXPECT_EQ(out.data_coding, 3);
    EXPECT_EQ(as_text(out.short_message), "as it was");
    ASSERT_TRUE(out.tlvs.find(smpp::Tag{0x1400}));
}

TEST_P(Life, P2AnEmptyIdIsSentWithoutReceipt) {
    Scene scene(GetParam());
    ready(scene);
    scene.provider().script = [&](session::Session&, const Scripted::Request& request) {
        scene.provider().answer(request, CommandStatus::ESME_ROK, "");
    };
    scene.submit();
    scene.until([&] { return !scene.customer->requests.empty(); });
    EXPECT_EQ(smpp::read_receipt(scene.customer->requests.front().message()).text.stat, "ACCEPTD");
    EXPECT_EQ(scene.count(&Counters::sent_without_id), 1u);
}

TEST_P(Life, P6OneTrailingNulGoes) {
    Scene scene(GetParam());
    ready(scene);
    scene.submit(text(std::string_view("php\0", 4)));
    scene.until([&] { return !scene.provider().requests.empty(); });
    EXPECT_EQ(texts(scene.provider()).front(), "php");
}

TEST_P(Life, P11TextAndPayloadTogetherAreRefused) {
    Scene scene(GetParam());
    ready(scene);
    std::array<std::uint8_t, 64> octets;
    smpp::TlvWriter tlvs(octets);
    tlvs.octets(smpp::Tag::message_payload, as_bytes("payload"));
    smpp::SubmitSm pdu = text("text");
    pdu.tlvs = tlvs.view();
    EXPECT_TRUE(scene.submit(pdu).empty());
    EXPECT_EQ(last_status(scene), CommandStatus::ESME_RTLVNOTALLWD);
    pdu.short_message = {};
    EXPECT_FALSE(scene.submit(pdu).empty());
    scene.until([&] { return !scene.provider().requests.empty(); });
    EXPECT_EQ(as_text(smpp::message_text(scene.provider().requests.front().message())), "payload");
}

TEST_P(Life, P12TheUserDataHeaderWins) {
    Scene scene(GetParam());
    ready(scene);
    std::array<std::uint8_t, 64> octets;
    smpp::TlvWriter tlvs(octets);
    tlvs.integer(smpp::Tag::sar_msg_ref_num, 7);
    tlvs.integer(smpp::Tag::sar_total_segments, 2);
    tlvs.integer(smpp::Tag::sar_segment_seqnum, 1);
    smpp::SubmitSm pdu = text(std::string_view("\x05\x00\x03\x07\x02\x01text", 10));
    pdu.esm_class = smpp::esm_class::udhi;
    pdu.tlvs = tlvs.view();
    scene.submit(pdu);
    scene.until([&] { return !scene.provider().requests.empty(); });
    const auto out = scene.provider().requests.front().message();
    EXPECT_FALSE(out.tlvs.find(smpp::Tag::sar_msg_ref_num));
    EXPECT_EQ(out.short_message.size(), 10u);
    EXPECT_EQ(scene.count(&Counters::udh_and_sar), 1u);
}

TEST_P(Life, TimesAreCheckedAndKept) {
    Scene scene(GetParam());
    ready(scene);
    smpp::SubmitSm pdu = text("later");
    pdu.schedule_delivery_time = "nonsense";
    EXPECT_TRUE(scene.submit(pdu).empty());
    EXPECT_EQ(last_status(scene), CommandStatus::ESME_RINVSCHED);
    pdu.schedule_delivery_time = {};
    pdu.validity_period = "000000000000000+";
    EXPECT_TRUE(scene.submit(pdu).empty());
    EXPECT_EQ(last_status(scene), CommandStatus::ESME_RINVEXPIRY);
    pdu.validity_period = {};
    pdu.schedule_delivery_time = "000000000030000R";  // in thirty seconds
    EXPECT_FALSE(scene.submit(pdu).empty());
    scene.run(seconds(25));
    EXPECT_TRUE(scene.provider().requests.empty());
    scene.run(seconds(10));
    ASSERT_EQ(scene.provider().requests.size(), 1u);
    EXPECT_TRUE(scene.provider().requests.front().message().schedule_delivery_time.empty());
}

TEST_P(Life, AScheduledMessageSurvivesACrash) {
    Scene scene(GetParam());
    ready(scene);
    smpp::SubmitSm pdu = text("later");
    pdu.schedule_delivery_time = "000000000100000R";
    EXPECT_FALSE(scene.submit(pdu).empty());
    scene.run(seconds(20));  // settled by now
    scene.crash();
    scene.run(seconds(20));
    EXPECT_TRUE(scene.provider().requests.empty());
    scene.until([&] { return scene.provider().requests.size() == 1; });
    scene.run(seconds(2));
    EXPECT_TRUE(scene.empty());
}

TEST_P(Life, WhatExpiresIsReported) {
    Scene scene(GetParam());
    ready(scene);
    scene.provider().script = [&](session::Session&, const Scripted::Request& request) {
        scene.provider().answer(request, CommandStatus::ESME_RSYSERR);
    };
    smpp::SubmitSm pdu = Scene::sample();
    pdu.validity_period = "000000000020000R";
    const std::string id = scene.submit(pdu);
    scene.until([&] { return !scene.customer->requests.empty(); });
    const auto receipt = smpp::read_receipt(scene.customer->requests.front().message());
    EXPECT_EQ(receipt.message_id, id);
    EXPECT_EQ(receipt.text.stat, "EXPIRED");
    scene.run(seconds(2));
    EXPECT_TRUE(scene.empty());
}

TEST_P(Life, APermanentErrorIsReported) {
    Scene scene(GetParam());
    ready(scene);
    scene.provider().script = [&](session::Session&, const Scripted::Request& request) {
        scene.provider().answer(request, CommandStatus::ESME_RINVDSTADR);
    };
    scene.submit();
    scene.until([&] { return !scene.customer->requests.empty(); });
    const auto receipt = smpp::read_receipt(scene.customer->requests.front().message());
    EXPECT_EQ(receipt.text.stat, "UNDELIV");
    EXPECT_EQ(receipt.text.err, "011");
    EXPECT_EQ(scene.provider().requests.size(), 1u);
}

TEST_P(Life, S7NoAnswerIsTriedAgain) {
    Scene scene(GetParam());
    ready(scene);
    scene.provider().script = [&](session::Session&, const Scripted::Request& request) {
        if (scene.provider().requests.size() > 1) scene.provider().answer(request, CommandStatus::ESME_ROK, "1");
    };
    scene.submit(text("once more"));
    scene.until([&] { return scene.provider().requests.size() == 2; });
    EXPECT_EQ(texts(scene.provider()), (std::vector<std::string>{"once more", "once more"}));
    EXPECT_EQ(scene.count(&Counters::unanswered), 1u);
}

TEST_P(Life, S8ThrottlingKeepsTheOrder) {
    Scene scene(GetParam(), [](routing::Account&, routing::Provider& p) { p.binds = 1, p.window = 1; });
    scene.bind();
    scene.until([&] { return scene.provider().bound().size() == 1; });
    int refused = 0;
    std::vector<std::string> taken;
    scene.provider().script = [&](session::Session&, const Scripted::Request& request) {
        if (++refused % 3 == 1) return scene.provider().answer(request, CommandStatus::ESME_RTHROTTLED);
        taken.emplace_back(as_text(request.message().short_message));
        scene.provider().answer(request, CommandStatus::ESME_ROK, "x" + std::to_string(refused));
    };
    std::vector<std::string> sent;
    for (int i = 0; i < 12; ++i) {
        sent.push_back("text " + std::to_string(i));
        ASSERT_FALSE(scene.submit(text(sent.back())).empty());
    }
    scene.until([&] { return taken.size() == sent.size(); });
    EXPECT_EQ(taken, sent);
    EXPECT_GT(scene.count(&Counters::throttled_by_provider), 3u);
}

TEST_P(Life, S8TheRateFollowsTheProvider) {
    Scene scene(GetParam(), [](routing::Account&, routing::Provider& p) {
        p.binds = 1;
        p.retry.throttled = {{milliseconds(100)}, true};
    });
    scene.bind();
    scene.until([&] { return scene.provider().bound().size() == 1; });
    const auto limit = [&] {
        std::uint32_t sum = 0;
        for (std::uint32_t i = 0; i < GetParam(); ++i) {
            Core& core = scene.shard(i).core();
            sum += core.party(party_of(core.snapshot->providers()[0])).pace.limit();
        }
        return sum;
    };
    bool throttle = false;
    std::uint64_t ids = 0;
    scene.provider().script = [&](session::Session&, const Scripted::Request& request) {
        if (throttle) return scene.provider().answer(request, CommandStatus::ESME_RTHROTTLED);
        scene.provider().answer(request, CommandStatus::ESME_ROK, std::to_string(++ids));
    };
    const auto submit_for = [&](seconds time) {
        const MonoTime end = scene.now() + time;
        while (scene.now() < end) {
            ASSERT_FALSE(scene.submit(text("more")).empty());
            scene.run(milliseconds(10));
        }
    };
    submit_for(seconds(3));
    EXPECT_EQ(limit(), 0u);
    throttle = true;
    scene.submit(text("too many"));
    scene.until([&] { return limit() > 0; });
    const std::uint32_t first = limit();
    EXPECT_GT(first, 10u);
    EXPECT_LT(first, 100u);
    throttle = false;
    submit_for(seconds(60));
    EXPECT_EQ(limit(), 0u) << "it has recovered";
    scene.until([&] { return scene.empty(); });
}

TEST_P(Life, AProvidersRateIsOfAllShardsTogether) {
    Scene scene(GetParam(), [](routing::Account&, routing::Provider& p) { p.binds = 4, p.rate = {20, 2}; });
    scene.bind();
    scene.until([&] { return scene.provider().bound().size() == 4; });
    std::vector<MonoTime> arrivals;
    scene.provider().script = [&](session::Session&, const Scripted::Request& request) {
        arrivals.push_back(scene.now());
        scene.provider().answer(request, CommandStatus::ESME_ROK, std::to_string(arrivals.size()));
    };
    for (int i = 0; i < 60; ++i) ASSERT_FALSE(scene.submit(text("one of many")).empty());
    scene.until([&] { return arrivals.size() == 60; });
    for (std::size_t i = 0; i < arrivals.size(); ++i)
        for (std::size_t j = i; j < arrivals.size(); ++j) {
            const nanoseconds within = arrivals[j] - arrivals[i] + milliseconds(10);  // latencies differ
            ASSERT_LE(static_cast<std::int64_t>(j - i + 1), 2 + 1 + 20 * within / seconds(1)) << i << " to " << j;
        }
}

TEST_P(Life, S9WhatWasInFlightGoesAgain) {
    Scene scene(GetParam());
    ready(scene);
    scene.provider().script = [&](session::Session&, const Scripted::Request&) {};
    scene.submit(text("in flight"));
    scene.until([&] { return scene.provider().requests.size() == 1; });
    scene.provider().script = {};
    scene.provider().cut(0);
    if (scene.provider().requests.size() == 1 && !scene.provider().bound().empty()) scene.provider().cut(0);
    scene.until([&] { return scene.provider().requests.size() == 2; });
    scene.run(seconds(2));
    EXPECT_TRUE(scene.empty());
}

TEST_P(Life, AnotherProviderTakesOver) {
    Scene scene(GetParam(), {}, 2);
    ready(scene);
    scene.provider(0).script = [&](session::Session&, const Scripted::Request& request) {
        scene.provider(0).answer(request, CommandStatus::ESME_RSYSERR);
    };
    scene.submit(text("over there"));
    scene.until([&] { return scene.provider(1).requests.size() == 1; });
    EXPECT_EQ(scene.provider(0).requests.size(), 1u);
    EXPECT_EQ(scene.count(&Counters::rerouted), 1u);
}

TEST_P(Life, ItWaitsForACustomerWhoIsAway) {
    Scene scene(GetParam());
    ready(scene);
    const std::string id = scene.submit();
    scene.until([&] { return scene.count(&Counters::sent) == 1; });
    scene.customer->cut();
    scene.provider().send(CommandId::deliver_sm, Scene::receipt("id:1 stat:DELIVRD"));
    scene.run(seconds(40));  // long enough to be settled
    scene.crash();
    scene.run(seconds(3));
    EXPECT_TRUE(scene.customer->requests.empty());
    scene.bind(CommandId::bind_receiver);
    scene.until([&] { return !scene.customer->requests.empty(); });
    EXPECT_EQ(smpp::read_receipt(scene.customer->requests.front().message()).message_id, id);
    scene.run(seconds(2));
    EXPECT_TRUE(scene.empty());
}

TEST_P(Life, MobileOriginatedGoesToTheOwner) {
    Scene scene(GetParam());
    ready(scene);
    smpp::DeliverSm pdu = Scene::receipt("hi there", 0);
    pdu.destination_addr = "12345";
    scene.provider().send(CommandId::deliver_sm, pdu);
    scene.until([&] { return !scene.customer->requests.empty(); });
    EXPECT_EQ(as_text(scene.customer->requests.front().message().short_message), "hi there");
    pdu.destination_addr = "999";  // nobody's: kept, and counted
    scene.provider().send(CommandId::deliver_sm, pdu);
    scene.until([&] { return scene.count(&Counters::originated_unowned) == 1; });
    scene.run(seconds(2));
    EXPECT_EQ(scene.customer->requests.size(), 1u);
    EXPECT_FALSE(scene.empty());
}

TEST_P(Life, HigherPriorityFirst) {
    Scene scene(GetParam(), [](routing::Account&, routing::Provider& p) { p.window = 1, p.binds = 1; });
    scene.bind();
    scene.until([&] { return scene.provider().bound().size() == 1; });
    std::vector<Scripted::Request> held;
    scene.provider().script = [&](session::Session&, const Scripted::Request& request) { held.push_back(request); };
    scene.submit(text("first"));
    scene.until([&] { return held.size() == 1; });
    smpp::SubmitSm urgent = text("urgent");
    urgent.priority_flag = 3;
    for (int i = 0; i < 4; ++i) scene.submit(text("normal"));
    for (int i = 0; i < 4; ++i) scene.submit(urgent);
    scene.provider().script = {};
    scene.provider().answer(held[0], CommandStatus::ESME_ROK, "f");
    scene.until([&] { return scene.provider().requests.size() == 9; });
    if (GetParam() == 1) {
        EXPECT_EQ(texts(scene.provider()), (std::vector<std::string>{"first", "urgent", "urgent", "urgent", "urgent",
                                                                      "normal", "normal", "normal", "normal"}));
    }
}

TEST_P(Life, QueryCancelReplace) {
    Scene scene(GetParam());
    ready(scene);
    smpp::SubmitSm pdu = Scene::sample();
    pdu.schedule_delivery_time = "000000000100000R";
    const std::string id = scene.submit(pdu), other = scene.submit(pdu);
    const auto ask = [&](CommandId command, const auto& body) {
        const std::size_t before = scene.customer->responses.size();
        scene.customer->send(command, body);
        scene.until([&] { return scene.customer->responses.size() > before; });
        return scene.customer->responses.back();
    };
    smpp::QuerySm query;
    query.message_id = id;
    query.source_addr = "1000";
    const auto state_of = [&](const std::string& which) {
        query.message_id = which;
        const auto response = ask(CommandId::query_sm, query);
        EXPECT_EQ(response.header.status, CommandStatus::ESME_ROK);
        return smpp::decode<smpp::QuerySmResp>(response.body)->message_state;
    };
    EXPECT_EQ(state_of(id), 1);
    scene.run(seconds(20));  // on disk only by now
    EXPECT_EQ(state_of(id), 1);
    query.source_addr = "somebody else";
    EXPECT_EQ(ask(CommandId::query_sm, query).header.status, CommandStatus::ESME_RQUERYFAIL);

    smpp::CancelSm cancel;
    cancel.message_id = id;
    cancel.source_addr = "1000";
    EXPECT_EQ(ask(CommandId::cancel_sm, cancel).header.status, CommandStatus::ESME_ROK);
    EXPECT_EQ(ask(CommandId::cancel_sm, cancel).header.status, CommandStatus::ESME_RCANCELFAIL);
    scene.until([&] { return !scene.customer->requests.empty(); });
    EXPECT_EQ(smpp::read_receipt(scene.customer->requests.front().message()).text.stat, "DELETED");

    smpp::ReplaceSm replace;
    replace.message_id = other;
    replace.source_addr = "1000";
    replace.short_message = as_bytes("Better");
    EXPECT_EQ(ask(CommandId::replace_sm, replace).header.status, CommandStatus::ESME_ROK);
    replace.message_id = "12345";
    EXPECT_EQ(ask(CommandId::replace_sm, replace).header.status, CommandStatus::ESME_RREPLACEFAIL);
    scene.crash();
    scene.until([&] { return scene.provider().requests.size() == 1; });
    EXPECT_EQ(texts(scene.provider()).front(), "Better");
}

TEST_P(Life, SubmitMultiAndDataSm) {
    Scene scene(GetParam());
    ready(scene);
    std::array<std::uint8_t, 256> octets;
    smpp::ListWriter<smpp::Destination> list(octets);
    list.add({smpp::dest_flag_sme, 1, 1, "447700900001", {}});
    list.add({smpp::dest_flag_list, 0, 0, {}, "friends"});
    list.add({smpp::dest_flag_sme, 1, 1, "447700900002", {}});
    smpp::SubmitMulti multi;
    multi.source_addr = "1000";
    multi.dest_address = list.view();
    multi.short_message = as_bytes("to many");
    scene.customer->send(CommandId::submit_multi, multi);
    scene.until([&] { return !scene.customer->responses.empty(); });
    const auto response = smpp::decode<smpp::SubmitMultiResp>(scene.customer->responses.back().body);
    ASSERT_TRUE(response);
    EXPECT_FALSE(response->message_id.empty());
    ASSERT_EQ(response->unsuccess_sme.size(), 1u);
    EXPECT_EQ((*response->unsuccess_sme.begin()).error_status_code,
              static_cast<std::uint32_t>(CommandStatus::ESME_RINVDLNAME));
    scene.until([&] { return scene.provider().requests.size() == 2; });

    std::array<std::uint8_t, 64> payload;
    smpp::TlvWriter tlvs(payload);
    tlvs.octets(smpp::Tag::message_payload, as_bytes("as data_sm"));
    smpp::DataSm data;
    data.source_addr = "1000";
    data.destination_addr = "447700900003";
    data.tlvs = tlvs.view();
    scene.customer->send(CommandId::data_sm, data);
    scene.until([&] { return scene.provider().requests.size() == 3; });
    EXPECT_EQ(as_text(smpp::message_text(scene.provider().requests.back().message())), "as data_sm");
}

TEST_P(Life, TheAccountsRateHolds) {
    Scene scene(GetParam(), [](routing::Account& a, routing::Provider&) { a.rate = {10, 5}; });
    ready(scene);
    int accepted = 0;
    for (int i = 0; i < 20; ++i) accepted += !scene.submit(text("fast")).empty();
    EXPECT_GE(accepted, 5);
    EXPECT_LT(accepted, 12);
    EXPECT_EQ(last_status(scene), CommandStatus::ESME_RTHROTTLED);
    scene.run(seconds(1));
    EXPECT_FALSE(scene.submit(text("slow")).empty());
}

TEST_P(Life, BindsAreCheckedAndCounted) {
    Scene scene(GetParam(), [](routing::Account& a, routing::Provider&) {
        a.max_sessions = 2;
        a.bind_types.receiver = false;
    });
    scene.bind();
    scene.bind();
    scene.customer->connect(scene.address(), {CommandId::bind_transceiver, "shop", "secret"});
    scene.until([&] { return scene.count(&Counters::binds_refused) == 1; });  // the third
    scene.customer->cut();
    scene.run(seconds(1));
    scene.bind();
    for (const auto& [type, name, password] : {std::tuple{CommandId::bind_transceiver, "shop", "wrong"},
                                               std::tuple{CommandId::bind_transceiver, "nobody", "secret"},
                                               std::tuple{CommandId::bind_receiver, "shop", "secret"}}) {
        const auto before = scene.count(&Counters::binds_refused);
        scene.customer->connect(scene.address(), {type, name, password});
        scene.until([&] { return scene.count(&Counters::binds_refused) == before + 1; });
    }
    EXPECT_EQ(scene.customer->bound().size(), 2u);
}

TEST_P(Life, S1NoTlvsToAnOldPeer) {
    Scene scene(GetParam());
    scene.bind(CommandId::bind_transceiver, 0x33);
    scene.until([&] { return scene.provider().bound().size() == 2; });
    scene.submit();
    scene.until([&] { return scene.count(&Counters::sent) == 1; });
    scene.provider().send(CommandId::deliver_sm, Scene::receipt("id:1 stat:DELIVRD"));
    scene.until([&] { return !scene.customer->requests.empty(); });
    EXPECT_TRUE(scene.customer->requests.front().message().tlvs.empty());
}

}  // namespace
}  // namespace sluice::gateway
