#include <gtest/gtest.h>

#include "engine/gateway/compose.hpp"
#include "engine/script/program.hpp"
#include "scene.hpp"

// What triggers make of a message's life, with 1 and 2 shards.
namespace sluice::gateway {
namespace {

using script::Event;

/// Answers look-ups when the test says so.
class Answers final : public script::LookUps {
public:
    bool start(const script::LookUp& wanted, Done done) override {
        if (refuse) return false;
        asked.push_back(wanted);
        waiting.push_back(std::move(done));
        return true;
    }
    void answer(script::LookUpResult result = {}) {
        const Done done = std::move(waiting.front());
        waiting.pop_front();
        done(std::move(result));
    }
    bool refuse = false;
    std::vector<script::LookUp> asked;
    std::deque<Done> waiting;
};

struct One {
    Event event;
    std::string code;
    script::OnError on_error = script::OnError::carry_on;
    std::vector<std::string> accounts = {}, providers = {}, states = {};
};

std::shared_ptr<script::Program> program_of(const std::vector<One>& all) {
    auto program = std::make_shared<script::Program>();
    for (const One& one : all) {
        script::Trigger trigger;
        trigger.name = "t" + std::to_string(program->triggers.size());
        trigger.event = one.event;
        trigger.script = program->scripts.size();
        trigger.on_error = one.on_error;
        trigger.accounts = one.accounts;
        trigger.providers = one.providers;
        trigger.states = one.states;
        program->triggers.push_back(trigger);
        program->scripts.push_back({trigger.name + ".lua", "function on_" + std::string(script::name_of(one.event)) +
                                                               "(it) " + one.code + " end"});
        const auto good = script::check(program->scripts.back(), program->limits, one.event);
        SLUICE_CHECK(good.has_value());
    }
    return program;
}

class TriggersTest : public ::testing::TestWithParam<std::uint32_t> {
protected:
    std::unique_ptr<Scene> make(const std::vector<One>& triggers, std::size_t providers = 1) {
        gateway::Setup setup(GetParam());
        setup.look_ups = &answers;
        auto scene = std::make_unique<Scene>(setup, nullptr, providers,
                                             [program = program_of(triggers)](GatewayConfig& c) { c.program = program; });
        scene->bind();
        for (auto& provider : scene->provider_peers) scene->until([&] { return provider->bound().size() == 2; });
        return scene;
    }
    static CommandStatus submit(Scene& scene, smpp::SubmitSm pdu = Scene::sample()) {
        scene.submit(pdu);
        return scene.customer->responses.back().header.status;
    }
    static smpp::DeliverSm from_mobile(std::string_view text) {
        smpp::DeliverSm pdu;
        pdu.source_addr = "447700900123";
        pdu.source_addr_ton = 1;
        pdu.destination_addr = "12345";
        pdu.short_message = as_bytes(text);
        return pdu;
    }
    static std::string sent_text(Scene& scene, std::size_t i = 0, std::size_t provider = 0) {
        scene.until([&] { return scene.provider(provider).requests.size() > i; });
        return std::string(as_text(scene.provider(provider).requests[i].message().short_message));
    }
    Answers answers;
};
INSTANTIATE_TEST_SUITE_P(Shards, TriggersTest, ::testing::Values(1u, 2u),
                         [](const auto& its) { return std::to_string(its.param); });

TEST_P(TriggersTest, ASubmitIsChanged) {
    const auto scene = make({{Event::submit, "it.source_addr = 'Shop' it.source_addr_ton = 5 it.text = it.text .. '!' "
                                             "it:set_tlv(0x1400, it.account)"}});
    EXPECT_EQ(submit(*scene), CommandStatus::ESME_ROK);
    EXPECT_EQ(sent_text(*scene), "Hello!");
    const auto out = scene->provider().requests[0].message();
    EXPECT_EQ(out.source_addr, "Shop");
    EXPECT_EQ(out.source_addr_ton, 5);
    EXPECT_EQ(as_text(*out.tlvs.find(smpp::Tag{0x1400})), "shop");
    const MessageId id = parse_shown_id(scene->customer->responses.back().id(), routing::IdFormat::decimal);
    const auto trace = scene->trace(id);
    const auto found = std::ranges::find(trace, TraceEvent::trigger, &TraceEntry::event);
    ASSERT_NE(found, trace.end());
    EXPECT_EQ(found->status & 7, static_cast<std::uint32_t>(TriggerResult::changed));
}

TEST_P(TriggersTest, ASubmitIsRejectedAndFiltersHold) {
    const auto scene = make({{Event::submit, "it:reject('ESME_RINVSRCADR')", script::OnError::reject, {"other"}},
                             {Event::submit, "if it.text == 'no' then it:reject(0x401) end"},
                             {Event::submit, "it.text = 'seen'"}});
    smpp::SubmitSm pdu = Scene::sample();
    pdu.short_message = as_bytes("no");
    EXPECT_EQ(submit(*scene, pdu), CommandStatus{0x401});
    EXPECT_EQ(submit(*scene), CommandStatus::ESME_ROK);
    EXPECT_EQ(sent_text(*scene), "seen");
    EXPECT_EQ(scene->count(&Counters::trigger_rejects), 1u);
    EXPECT_EQ(scene->provider().requests.size(), 1u);
}

TEST_P(TriggersTest, ASubmitChoosesItsProvider) {
    const auto scene = make({{Event::submit, "it.provider = it.text == 'bad' and 'p9' or 'p1'"}}, 2);
    EXPECT_EQ(submit(*scene), CommandStatus::ESME_ROK);
    EXPECT_EQ(sent_text(*scene, 0, 1), "Hello");
    EXPECT_TRUE(scene->provider(0).requests.empty());
    smpp::SubmitSm pdu = Scene::sample();
    pdu.short_message = as_bytes("bad");
    EXPECT_EQ(submit(*scene, pdu), CommandStatus::ESME_RSYSERR);
}

TEST_P(TriggersTest, WhatAScriptMakesIsCheckedAsWhatComes) {
    const auto scene = make({{Event::submit, "if it.text == 'a' then it.destination_addr = '' else it.validity_period = 'soon' end"}});
    EXPECT_EQ(submit(*scene), CommandStatus::ESME_RINVEXPIRY);
    smpp::SubmitSm pdu = Scene::sample();
    pdu.short_message = as_bytes("a");
    EXPECT_EQ(submit(*scene, pdu), CommandStatus::ESME_RINVDSTADR);
}

TEST_P(TriggersTest, AnErrorFollowsItsFallback) {
    const auto scene = make({{Event::submit, "it.text = 'half' error('oops')"},
                             {Event::submit, "if it.destination_addr == '1' then while true do end end", script::OnError::reject}});
    EXPECT_EQ(submit(*scene), CommandStatus::ESME_ROK);
    EXPECT_EQ(sent_text(*scene), "Hello");  // what it had changed is as it was
    EXPECT_NE(scene->log.find("trigger 't0' failed: t0.lua:1: oops"), std::string::npos) << scene->log;
    smpp::SubmitSm pdu = Scene::sample();
    pdu.destination_addr = "1";
    scene->run(seconds(2));
    EXPECT_EQ(submit(*scene, pdu), CommandStatus::ESME_RSYSERR);
    EXPECT_EQ(scene->count(&Counters::trigger_errors), 3u);
    // Errors are logged once a second, the others counted.
    scene->run(seconds(2));
    for (int i = 0; i < 5; ++i) submit(*scene);
    std::size_t lines = 0;
    for (std::size_t at = 0; (at = scene->log.find("' failed: ", at)) != std::string::npos; ++at) ++lines;
    EXPECT_EQ(lines, 3u) << scene->log;
}

TEST_P(TriggersTest, ASuspendedSubmitIsAnsweredWhenItsScriptIsThrough) {
    const auto scene = make({{Event::submit, "local rows = sql.query('db', 'SELECT ?', it.destination_addr) it.text = rows[1].name"}});
    scene->customer->send(CommandId::submit_sm, Scene::sample());
    scene->until([&] { return !answers.asked.empty(); });
    scene->run(seconds(3));
    EXPECT_TRUE(scene->customer->responses.empty());
    EXPECT_TRUE(scene->provider().requests.empty());
    EXPECT_EQ(answers.asked[0].parameters[0].text, "447700900123");
    script::LookUpResult rows;
    rows.columns = {"name"};
    rows.rows = {{script::Value(script::ValueView::of(std::string_view("Ann")))}};
    answers.answer(rows);
    scene->until([&] { return !scene->customer->responses.empty(); });
    EXPECT_EQ(scene->customer->responses[0].header.status, CommandStatus::ESME_ROK);
    EXPECT_EQ(sent_text(*scene), "Ann");
}

TEST_P(TriggersTest, OthersAreServedWhileOneWaits) {
    const auto scene = make({{Event::submit, "if it.text == 'wait' then sql.execute('db', 'x') end"}});
    smpp::SubmitSm waiting = Scene::sample();
    waiting.short_message = as_bytes("wait");
    scene->customer->send(CommandId::submit_sm, waiting);
    scene->until([&] { return !answers.asked.empty(); });
    EXPECT_EQ(submit(*scene), CommandStatus::ESME_ROK);
    answers.answer();
    scene->until([&] { return scene->customer->responses.size() == 2; });
    scene->until([&] { return scene->provider().requests.size() == 2; });
}

TEST_P(TriggersTest, ALookUpThatNeverAnswersIsGivenUp) {
    const auto scene = make({{Event::submit, "local status, why = http.get('http://x/') it.text = why"}});
    scene->customer->send(CommandId::submit_sm, Scene::sample());
    scene->until([&] { return !scene->customer->responses.empty(); });
    EXPECT_EQ(sent_text(*scene), "no answer in time");
    answers.answer();  // too late: it is nobody's
    scene->run(seconds(1));
    EXPECT_EQ(submit(*scene), CommandStatus::ESME_ROK);
}

TEST_P(TriggersTest, TooManyLookUpsAreAnErrorOfTheLookUp) {
    const auto scene = make({{Event::submit, "local rows, why = sql.query('db', 'x') it.text = why"}});
    answers.refuse = true;
    EXPECT_EQ(submit(*scene), CommandStatus::ESME_ROK);
    EXPECT_EQ(sent_text(*scene), "too many look-ups are waiting");
}

TEST_P(TriggersTest, ASubmitMultiCannotWait) {
    const auto scene = make({{Event::submit, "local ok, why = pcall(sql.query, 'db', 'x') it.text = tostring(ok)"}});
    smpp::SubmitMulti multi;
    std::array<std::uint8_t, 64> octets;
    smpp::ListWriter<smpp::Destination> list(octets);
    smpp::Destination to;
    to.dest_flag = smpp::dest_flag_sme;
    to.destination_addr = "447700900123";
    list.add(to);
    multi.dest_address = list.view();
    multi.short_message = as_bytes("Hello");
    scene->customer->send(CommandId::submit_multi, multi);
    scene->until([&] { return !scene->customer->responses.empty(); });
    EXPECT_EQ(sent_text(*scene), "false");
    EXPECT_TRUE(answers.asked.empty());
}

TEST_P(TriggersTest, ACrashForgetsASuspendedSubmitAndNobodyWasToldOfIt) {
    const auto scene = make({{Event::submit, "sql.execute('db', 'x')"}});
    scene->customer->send(CommandId::submit_sm, Scene::sample());
    scene->until([&] { return !answers.asked.empty(); });
    answers.waiting.clear();
    scene->crash();
    scene->run(seconds(5));
    EXPECT_TRUE(scene->customer->responses.empty());
    EXPECT_TRUE(scene->empty());
    EXPECT_TRUE(scene->provider().requests.empty());
}

TEST_P(TriggersTest, AMobileMessageIsGivenToAnAccountAndAnswered) {
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

TEST_P(TriggersTest, AMobileMessageIsDroppedOrRefused) {
    const auto scene = make({{Event::originated, "if it.text == 'drop' then it:drop('spam') else it:reject('ESME_RX_R_APPN') end"}});
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

TEST_P(TriggersTest, AReplySurvivesACrashOnceTheProviderIsAnswered) {
    const auto scene = make({{Event::originated, "sluice.send{account = 'shop', source_addr = 'Shop', "
                                                 "destination_addr = it.source_addr, text = 'Thanks'} it:drop('done')"}});
    scene->provider().script = [](session::Session&, const Scripted::Request&) {};  // never answers
    scene->provider().send(CommandId::deliver_sm, from_mobile("hi"));
    scene->until([&] { return !scene->provider().responses.empty(); });
    scene->provider().requests.clear();
    scene->crash();
    EXPECT_EQ(sent_text(*scene), "Thanks");
}

TEST_P(TriggersTest, ForwardToAnotherAccountsQueue) {
    const auto scene = make({{Event::submit, "if it.destination_addr == '12345' then sluice.deliver{account = 'shop', "
                                             "source_addr = it.source_addr, destination_addr = '12345', text = it.text} end"}});
    smpp::SubmitSm pdu = Scene::sample();
    pdu.destination_addr = "12345";
    EXPECT_EQ(submit(*scene, pdu), CommandStatus::ESME_ROK);
    scene->until([&] { return !scene->customer->requests.empty(); });
    EXPECT_EQ(scene->customer->requests[0].header.id, CommandId::deliver_sm);
    EXPECT_EQ(as_text(scene->customer->requests[0].message().short_message), "Hello");
}

}  // namespace
}  // namespace sluice::gateway
