// What triggers make of mobile-originated messages.
#include "tests/gateway/triggers_scene.hpp"

namespace sluice::gateway {
namespace {

class TriggersHomeTest : public TriggersTest {};
INSTANTIATE_TEST_SUITE_P(Shards, TriggersHomeTest, ::testing::Values(1u, 2u),
                         [](const auto& its) { return std::to_string(its.param); });

/// The texts of what an account got, or nobody ("").
std::vector<std::string> waiting(Scene& scene, PartyId party) {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < scene.shards(); ++i)
        scene.shard(i).messages().for_each_in_memory([&](Message& m) {
            if (m.account != party || m.kind != Kind::originated) return;
            const auto pdu = smpp::decode<smpp::DeliverSm>(m.body.view(), {true, 255});
            texts.emplace_back(as_text(pdu->short_message));
        });
    std::ranges::sort(texts);
    return texts;
}

/// A scene with a second account, "second", and the owners that a script has chosen for "one", "two" and so on.
TEST_P(TriggersHomeTest, AnOriginatedMessageGoesToTheOwnersThatAScriptNames) {
    const auto scene = make({{Event::originated,
                              "local before = table.concat(it:owners(), ',') "
                              "if it.text == 'both' then it:set_owners{'second', 'shop'} "
                              "elseif it.text == 'second' then it:set_owners{'second'} "
                              "elseif it.text == 'keep' then it:keep('for now') "
                              "elseif it.text == 'drop' then it:drop('spam') "
                              "elseif it.text == 'some' then it:set_owners{'nowhere', 'second'} "
                              "elseif it.text == 'none' then it:set_owners{'nowhere'} "
                              "elseif it.text == 'twice' then it:set_owners{'second', 'second'} "
                              "elseif it.text == 'error' then it:set_owners{'second'} error('oops') "
                              "elseif before ~= 'shop' then it:drop('its owner is ' .. before) end"}});
    std::vector<routing::Account> accounts = scene->snapshot().accounts();
    routing::Account second;
    second.system_id = "second";
    accounts.push_back(second);
    const auto with_second = [&](std::vector<routing::HomeRule> homes) {
        auto made = routing::Snapshot::compile(accounts, scene->snapshot().providers(),
                                               scene->snapshot().routes().rules(), homes);
        ASSERT_TRUE(made.has_value());
        scene->reload(*made);
    };
    with_second({});
    scene->customer->cut();  // what is its own waits for it
    std::size_t answered = 0;
    for (const char* text : {"both", "second", "keep", "drop", "some", "none", "twice", "error", "own"}) {
        scene->provider().send(CommandId::deliver_sm, from_mobile(text));
        scene->until([&] { return scene->provider().responses.size() > answered; });
        EXPECT_EQ(scene->provider().responses[answered++].header.status, CommandStatus::ESME_ROK) << text;
    }
    scene->run(seconds(1));
    using Texts = std::vector<std::string>;
    EXPECT_EQ(waiting(*scene, party_of(scene->account())), (Texts{"both", "error", "none", "own", "twice"}));
    EXPECT_EQ(waiting(*scene, party_of_account("second")), (Texts{"both", "second", "some"}));
    EXPECT_EQ(waiting(*scene, nobody), Texts{"keep"});
    EXPECT_EQ(scene->count(&Counters::trigger_drops), 1u);
    EXPECT_EQ(scene->count(&Counters::originated_unowned), 1u);
    EXPECT_EQ(scene->count(&Counters::trigger_errors), 4u);
    EXPECT_NE(scene->log.find("'nowhere', which there is not"), std::string::npos);

    // What was kept is asked about again with the next configuration, without the script.
    with_second({});
    scene->until([&] { return waiting(*scene, nobody).empty(); });
    EXPECT_EQ(waiting(*scene, party_of(scene->account())), (Texts{"both", "error", "keep", "none", "own", "twice"}));
    EXPECT_EQ(scene->count(&Counters::originated_claimed), 1u);
}

TEST_P(TriggersHomeTest, AMobileMessageIsGivenToAnAccountAndAnswered) {
    const auto scene = make({{Event::originated, "it.account = 'shop' it.text = it.text:upper() "
                                                 "sluice.send{account = 'shop', source_addr = it.destination_addr, "
                                                 "destination_addr = it.source_addr, text = 'Thanks'}"}});
    smpp::DeliverSm pdu = from_mobile("hi");
    pdu.destination_addr = "999";  // nobody's
    scene->provider().send(CommandId::deliver_sm, pdu);
    scene->until([&] { return !scene->customer->requests.empty(); });
    EXPECT_EQ(as_text(scene->customer->requests[0].message().short_message), "HI");
    scene->until([&] { return !scene->provider().responses.empty(); });
    EXPECT_EQ(sent_text(*scene), "Thanks");
    const auto reply = scene->provider().requests[0].message();
    EXPECT_EQ(reply.destination_addr, "447700900123");
    EXPECT_EQ(reply.source_addr, "999");
    EXPECT_EQ(scene->count(&Counters::trigger_sends), 1u);
}

TEST_P(TriggersHomeTest, AMobileMessageIsDroppedOrRefused) {
    const auto scene =
        make({{Event::originated, "if it.text == 'drop' then it:drop('spam') else it:reject('ESME_RX_R_APPN') end"}});
    scene->provider().send(CommandId::deliver_sm, from_mobile("drop"));
    scene->until([&] { return scene->provider().responses.size() == 1; });
    EXPECT_EQ(scene->provider().responses[0].header.status, CommandStatus::ESME_ROK);
    scene->provider().send(CommandId::deliver_sm, from_mobile("x"));
    scene->until([&] { return scene->provider().responses.size() == 2; });
    EXPECT_EQ(scene->provider().responses[1].header.status, CommandStatus::ESME_RX_R_APPN);
    EXPECT_NE(scene->log.find("dropped a message of p0 for 12345: spam"), std::string::npos);
    scene->run(seconds(1));
    EXPECT_TRUE(scene->customer->requests.empty());
    EXPECT_TRUE(scene->empty());
}

TEST_P(TriggersHomeTest, AReplySurvivesACrashOnceTheProviderIsAnswered) {
    const auto scene = make({{Event::originated,
                              "sluice.send{account = 'shop', source_addr = 'Shop', "
                              "destination_addr = it.source_addr, text = 'Thanks'} it:drop('done')"}});
    scene->provider().script = [](session::Session&, const Scripted::Request&) {};  // never answers
    scene->provider().send(CommandId::deliver_sm, from_mobile("hi"));
    scene->until([&] { return !scene->provider().responses.empty(); });
    scene->provider().requests.clear();
    scene->crash();
    EXPECT_EQ(sent_text(*scene), "Thanks");
}

}  // namespace
}  // namespace sluice::gateway
