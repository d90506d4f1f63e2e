#include <gtest/gtest.h>

#include "scene.hpp"

// cancel_sm, query_sm and replace_sm on several messages, distribution lists, and what is not served; each with 1, 2
// and 4 shards.
namespace sluice::gateway {
namespace {

class Operation : public ::testing::TestWithParam<std::uint32_t> {
protected:
    void ready(Scene& scene) {
        scene.bind();
        for (auto& provider : scene.provider_peers) scene.until([&] { return provider->bound().size() == 2; });
    }
    template <class Body>
    Scripted::Response ask(Scene& scene, CommandId command, const Body& body, std::size_t on = 0) {
        const std::size_t before = scene.customer->responses.size();
        scene.customer->send(command, body, on);
        scene.until([&] { return scene.customer->responses.size() > before; });
        return scene.customer->responses.back();
    }
    /// Waits for a minute before it goes out.
    static smpp::SubmitSm later(std::string_view to, std::string_view service_type = {}) {
        smpp::SubmitSm pdu = Scene::sample();
        pdu.registered_delivery = 0;
        pdu.destination_addr = to;
        pdu.service_type = service_type;
        pdu.schedule_delivery_time = "000000000100000R";
        return pdu;
    }
    static smpp::CancelSm cancel(std::string_view to, std::string_view service_type = {}) {
        smpp::CancelSm pdu;
        pdu.source_addr = "1000";
        pdu.destination_addr = to;
        pdu.service_type = service_type;
        return pdu;
    }
    static std::vector<std::string> destinations(Scripted& provider) {
        std::vector<std::string> all;
        for (const auto& request : provider.requests) all.emplace_back(request.message().destination_addr);
        std::ranges::sort(all);
        return all;
    }
    static constexpr std::string_view a = "447700900001", b = "447700900002", c = "447700900003";
};
INSTANTIATE_TEST_SUITE_P(Shards, Operation, ::testing::Values(1u, 2u, 4u),
                         [](const auto& instance) { return std::to_string(instance.param); });

TEST_P(Operation, CancelByAddressesTakesAllInMemoryAndOnDisk) {
    Scene scene(GetParam());
    ready(scene);
    for (int i = 0; i < 4; ++i) scene.bind();  // sessions on other shards too
    const auto submit_on_all = [&](const smpp::SubmitSm& pdu) {
        for (std::size_t i = 0; i < 5; ++i)
            EXPECT_EQ(ask(scene, CommandId::submit_sm, pdu, i).header.status, CommandStatus::ESME_ROK);
    };
    submit_on_all(later(a));
    submit_on_all(later(b));
    scene.run(seconds(20));  // those are on disk only
    submit_on_all(later(a));
    EXPECT_EQ(ask(scene, CommandId::cancel_sm, cancel(a)).header.status, CommandStatus::ESME_ROK);
    EXPECT_EQ(ask(scene, CommandId::cancel_sm, cancel(a)).header.status, CommandStatus::ESME_RCANCELFAIL);
    scene.crash();  // what was answered is on disk
    scene.until([&] { return scene.provider().requests.size() == 5; });
    scene.run(seconds(120));
    EXPECT_EQ(destinations(scene.provider()), std::vector<std::string>(5, std::string(b)));
    EXPECT_TRUE(scene.empty());
}

TEST_P(Operation, CancelByAddressesNeedsBothAndHeedsTheService) {
    Scene scene(GetParam());
    ready(scene);
    for (const std::string_view service : {"CMT", "VMN", ""}) scene.submit(later(a, service));
    EXPECT_EQ(ask(scene, CommandId::cancel_sm, cancel("")).header.status, CommandStatus::ESME_RINVDSTADR);
    smpp::CancelSm other = cancel(a);
    other.source_addr = "1001";
    EXPECT_EQ(ask(scene, CommandId::cancel_sm, other).header.status, CommandStatus::ESME_RCANCELFAIL);
    EXPECT_EQ(ask(scene, CommandId::cancel_sm, cancel(a, "WAP")).header.status, CommandStatus::ESME_RCANCELFAIL);
    EXPECT_EQ(ask(scene, CommandId::cancel_sm, cancel(a, "VMN")).header.status, CommandStatus::ESME_ROK);
    scene.until([&] { return scene.provider().requests.size() == 2; });
    scene.run(seconds(60));
    EXPECT_EQ(scene.provider().requests.size(), 2u);
    for (const auto& request : scene.provider().requests) EXPECT_NE(request.message().service_type, "VMN");
}

TEST_P(Operation, CancelledMessagesHaveTheirReceipts) {
    Scene scene(GetParam());
    ready(scene);
    smpp::SubmitSm pdu = later(a);
    pdu.registered_delivery = 1;
    for (int i = 0; i < 3; ++i) scene.submit(pdu);
    EXPECT_EQ(ask(scene, CommandId::cancel_sm, cancel(a)).header.status, CommandStatus::ESME_ROK);
    scene.until([&] { return scene.customer->requests.size() == 3; });
    for (const auto& request : scene.customer->requests)
        EXPECT_EQ(smpp::read_receipt(request.message()).text.stat, "DELETED");
}

TEST_P(Operation, ManyCancelsAtOnceAreAnsweredOrThrottled) {
    Scene scene(GetParam());
    ready(scene);
    scene.submit(later(a));
    for (int i = 0; i < 40; ++i) scene.customer->send(CommandId::cancel_sm, cancel(a));
    scene.until([&] { return scene.customer->responses.size() == 41; });
    std::map<CommandStatus, int> counts;
    for (const auto& response : scene.customer->responses) ++counts[response.header.status];
    EXPECT_EQ(counts[CommandStatus::ESME_ROK], 2);  // the submit and one cancel
    EXPECT_GT(counts[CommandStatus::ESME_RCANCELFAIL], 0);
    EXPECT_EQ(counts[CommandStatus::ESME_ROK] + counts[CommandStatus::ESME_RCANCELFAIL] +
                  counts[CommandStatus::ESME_RTHROTTLED], 41);
}

TEST_P(Operation, AnIdOfSubmitMultiStandsForAllItsMessages) {
    for (const bool on_disk : {false, true}) {
        Scene scene(GetParam());
        ready(scene);
        std::array<std::uint8_t, 256> octets;
        smpp::ListWriter<smpp::Destination> list(octets);
        for (const std::string_view to : {a, b, c}) list.add({smpp::dest_flag_sme, 1, 1, to, {}});
        smpp::SubmitMulti multi;
        multi.source_addr = "1000";
        multi.dest_address = list.view();
        multi.short_message = as_bytes("to many");
        multi.schedule_delivery_time = "000000000100000R";
        const auto response = ask(scene, CommandId::submit_multi, multi);
        const std::string id(smpp::decode<smpp::SubmitMultiResp>(response.body)->message_id);
        scene.submit(later(c));  // not one of them
        if (on_disk) scene.run(seconds(20));

        smpp::QuerySm query;
        query.message_id = id;
        query.source_addr = "1000";
        const auto state = ask(scene, CommandId::query_sm, query);
        EXPECT_EQ(state.header.status, CommandStatus::ESME_ROK);
        EXPECT_EQ(smpp::decode<smpp::QuerySmResp>(state.body)->message_state, 1);
        EXPECT_EQ(smpp::decode<smpp::QuerySmResp>(state.body)->message_id, id);

        smpp::CancelSm one = cancel(b);
        one.message_id = id;
        EXPECT_EQ(ask(scene, CommandId::cancel_sm, one).header.status, CommandStatus::ESME_ROK);
        EXPECT_EQ(ask(scene, CommandId::cancel_sm, one).header.status, CommandStatus::ESME_RCANCELFAIL);
        one.destination_addr = "447700900009";
        EXPECT_EQ(ask(scene, CommandId::cancel_sm, one).header.status, CommandStatus::ESME_RCANCELFAIL);

        smpp::ReplaceSm replace;
        replace.message_id = id;
        replace.source_addr = "1000";
        replace.short_message = as_bytes("Better");
        EXPECT_EQ(ask(scene, CommandId::replace_sm, replace).header.status, CommandStatus::ESME_ROK);
        scene.until([&] { return scene.provider().requests.size() == 3; });
        scene.run(seconds(60));
        EXPECT_EQ(destinations(scene.provider()),
                  (std::vector<std::string>{std::string(a), std::string(c), std::string(c)}));
        int better = 0;
        for (const auto& request : scene.provider().requests)
            better += as_text(request.message().short_message) == "Better";
        EXPECT_EQ(better, 2);

        one = cancel("");
        one.message_id = id;
        EXPECT_EQ(ask(scene, CommandId::cancel_sm, one).header.status, CommandStatus::ESME_RCANCELFAIL) << "gone";
    }
}

TEST_P(Operation, DistributionListsGoToTheirMembers) {
    Scene scene(GetParam(), [](routing::Account& account, routing::Provider&) {
        account.lists = {{"staff", {std::string(a), std::string(b)}}};
    });
    ready(scene);
    std::array<std::uint8_t, 256> octets;
    smpp::ListWriter<smpp::Destination> list(octets);
    list.add({smpp::dest_flag_list, 0, 0, {}, "staff"});
    list.add({smpp::dest_flag_list, 0, 0, {}, "nobody"});
    list.add({smpp::dest_flag_sme, 1, 1, c, {}});
    smpp::SubmitMulti multi;
    multi.source_addr = "1000";
    multi.dest_address = list.view();
    multi.short_message = as_bytes("to all");
    const auto answer = ask(scene, CommandId::submit_multi, multi);
    ASSERT_EQ(answer.header.status, CommandStatus::ESME_ROK);
    const auto response = smpp::decode<smpp::SubmitMultiResp>(answer.body);
    ASSERT_TRUE(response);
    ASSERT_EQ(response->unsuccess_sme.size(), 1u);
    const smpp::UnsuccessSme failed = *response->unsuccess_sme.begin();
    EXPECT_EQ(failed.error_status_code, static_cast<std::uint32_t>(CommandStatus::ESME_RINVDLNAME));
    EXPECT_EQ(failed.destination_addr, "nobody");
    scene.until([&] { return scene.provider().requests.size() == 3; });
    EXPECT_EQ(destinations(scene.provider()),
              (std::vector<std::string>{std::string(a), std::string(b), std::string(c)}));
    EXPECT_EQ(scene.provider().requests.front().message().dest_addr_ton, 1);
}

TEST_P(Operation, ListsTogetherHaveABound) {
    Scene scene(GetParam(), [](routing::Account& account, routing::Provider&) {
        account.lists = {{"big", std::vector<std::string>(600, std::string(a))}};
    });
    ready(scene);
    std::array<std::uint8_t, 256> octets;
    smpp::ListWriter<smpp::Destination> list(octets);
    for (int i = 0; i < 2; ++i) list.add({smpp::dest_flag_list, 0, 0, {}, "big"});
    smpp::SubmitMulti multi;
    multi.source_addr = "1000";
    multi.dest_address = list.view();
    EXPECT_EQ(ask(scene, CommandId::submit_multi, multi).header.status, CommandStatus::ESME_RINVNUMDESTS);
    scene.run(seconds(5));
    EXPECT_TRUE(scene.empty());
}

TEST_P(Operation, TheBroadcastFamilyHasItsOwnAnswers) {
    Scene scene(GetParam());
    scene.bind(CommandId::bind_transceiver, 0x50);
    std::array<std::uint8_t, 128> octets;
    smpp::TlvWriter tlvs(octets);
    const std::uint8_t area[] = {0, 'x'}, content[] = {0, 0, 1}, repeat[] = {0, 1}, interval[] = {8, 0, 1};
    tlvs.octets(smpp::Tag::broadcast_area_identifier, area);
    tlvs.octets(smpp::Tag::broadcast_content_type, content);
    tlvs.octets(smpp::Tag::broadcast_rep_num, repeat);
    tlvs.octets(smpp::Tag::broadcast_frequency_interval, interval);
    smpp::BroadcastSm broadcast;
    broadcast.source_addr = "1000";
    broadcast.tlvs = tlvs.view();
    auto answer = ask(scene, CommandId::broadcast_sm, broadcast);
    EXPECT_EQ(answer.header.id, CommandId::broadcast_sm_resp);
    EXPECT_EQ(answer.header.status, CommandStatus::ESME_RBCASTFAIL);
    smpp::QuerySm query;
    query.message_id = "1";
    answer = ask(scene, CommandId::query_broadcast_sm, query);
    EXPECT_EQ(answer.header.id, CommandId::query_broadcast_sm_resp);
    EXPECT_EQ(answer.header.status, CommandStatus::ESME_RBCASTQUERYFAIL);
    smpp::CancelBroadcastSm cancel_broadcast;
    cancel_broadcast.message_id = "1";
    answer = ask(scene, CommandId::cancel_broadcast_sm, cancel_broadcast);
    EXPECT_EQ(answer.header.id, CommandId::cancel_broadcast_sm_resp);
    EXPECT_EQ(answer.header.status, CommandStatus::ESME_RBCASTCANCELFAIL);
    EXPECT_EQ(scene.customer->bound().size(), 1u);
}

}  // namespace
}  // namespace sluice::gateway
