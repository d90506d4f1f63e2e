// What triggers make of a message's life.
#include "tests/gateway/triggers_scene.hpp"

namespace sluice::gateway {
namespace {

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
    const auto found = std::ranges::find(trace, TraceEvent::trigger, &history::OwnedRecord::event);
    ASSERT_NE(found, trace.end());
    EXPECT_EQ(history::trigger_result(found->status), history::TriggerResult::changed);
    EXPECT_GT(found->status >> history::trigger_result_bits, 0u);
}

TEST_P(TriggersTest, AnErrorTakesBackTheCandidatesToo) {
    const auto scene = make({{Event::route, "it:set_candidates{'p1'} error('oops')"}}, 2);
    EXPECT_EQ(submit(*scene), CommandStatus::ESME_ROK);
    EXPECT_EQ(sent_text(*scene, 0, 0), "Hello");
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
    const auto scene =
        make({{Event::submit, "if it.text == 'a' then it.destination_addr = '' else it.validity_period = 'soon' end"}});
    EXPECT_EQ(submit(*scene), CommandStatus::ESME_RINVEXPIRY);
    smpp::SubmitSm pdu = Scene::sample();
    pdu.short_message = as_bytes("a");
    EXPECT_EQ(submit(*scene, pdu), CommandStatus::ESME_RINVDSTADR);
}

TEST_P(TriggersTest, AnErrorFollowsItsFallback) {
    const auto scene =
        make({{Event::submit, "it.text = 'half' error('oops')"},
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
    const auto scene =
        make({{Event::submit, "local rows = sql.query('db', 'SELECT ?', it.destination_addr) it.text = rows[1].name"}});
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

TEST_P(TriggersTest, WhatAScriptHeldUpHasItsPdusInTheHistory) {
    gateway::Setup setup(GetParam());
    setup.look_ups = &answers;
    const auto program = program_of({{Event::submit, "sql.execute('db', 'x')"},
                                     {Event::route, "sql.execute('db', 'x')"},
                                     {Event::originated, "sql.execute('db', 'x')"}});
    Scene scene(setup, nullptr, 1, [&](GatewayConfig& c) {
        c.program = program;
        c.history_pdus = true;
    });
    scene.bind();
    scene.customer->send(CommandId::submit_sm, Scene::sample());
    scene.provider().send(CommandId::deliver_sm, from_mobile("Hi"));
    for (int i = 0; i < 3; ++i) {
        scene.until([&] { return !answers.waiting.empty(); });
        answers.answer();
    }
    scene.until([&] { return !scene.customer->responses.empty() && !scene.provider().responses.empty(); });
    EXPECT_EQ(scene.kept(TraceEvent::pdu_in, CommandId::submit_sm), 1u);
    EXPECT_EQ(scene.kept(TraceEvent::pdu_out, CommandId::submit_sm_resp), 1u);
    EXPECT_EQ(scene.kept(TraceEvent::pdu_in, CommandId::deliver_sm), 1u);
    EXPECT_EQ(scene.kept(TraceEvent::pdu_out, CommandId::deliver_sm_resp), 1u);
    const auto traces = scene.traces();
    const auto submitted = std::ranges::find_if(traces, [](const history::OwnedRecord& its) {
        return its.event == TraceEvent::pdu_in && its.status == static_cast<std::uint32_t>(CommandId::submit_sm);
    });
    ASSERT_NE(submitted, traces.end());
    EXPECT_NE(as_text(ByteView(submitted->tail)).find("447700900123"), std::string_view::npos);
}

TEST_P(TriggersTest, ABindIsRefusedOrWaitsForItsLookUp) {
    gateway::Setup setup(GetParam());
    setup.look_ups = &answers;
    Scene scene(setup, nullptr, 1, [program = program_of({{Event::bind,
        "if it.bind_type == 'bind_receiver' then it:reject('ESME_RINVSYSTYP') return end "
        "local n = sql.execute('db', 'x', it.account, it.address, it.tls, it.interface_version) "
        "if n == 0 then it:reject('ESME_RBINDFAIL') end"}})](GatewayConfig& c) { c.program = program; });
    scene.customer->connect(scene.address(), {CommandId::bind_receiver, "shop", "secret"});
    scene.until([&] { return scene.customer->refusals.size() == 1; });
    EXPECT_EQ(scene.customer->refusals[0], CommandStatus::ESME_RINVSYSTYP);
    scene.customer->connect(scene.address(), {CommandId::bind_transceiver, "shop", "secret"});
    scene.until([&] { return answers.asked.size() == 1; });
    ASSERT_EQ(answers.asked[0].parameters.size(), 4u);
    EXPECT_EQ(answers.asked[0].parameters[0].text, "shop");
    EXPECT_EQ(answers.asked[0].parameters[2].kind, script::ValueView::Kind::boolean);
    EXPECT_EQ(answers.asked[0].parameters[3].integer, 0x34);
    EXPECT_TRUE(scene.customer->bound().empty());
    answers.answer();
    scene.until([&] { return scene.customer->refusals.size() == 2; });
    scene.customer->connect(scene.address(), {CommandId::bind_transceiver, "shop", "secret"});
    scene.until([&] { return answers.asked.size() == 2; });
    script::LookUpResult one;
    one.changed = 1;
    answers.answer(one);
    scene.until([&] { return scene.customer->bound().size() == 1; });
    scene.customer->connect(scene.address(), {CommandId::bind_transceiver, "shop", "wrong"});
    scene.until([&] { return scene.customer->refusals.size() == 3; });
    EXPECT_EQ(answers.asked.size(), 2u);  // a wrong password is no trigger's business
}

TEST_P(TriggersTest, TheCandidatesOfARouteAreReordered) {
    const auto scene = make({{Event::route, "local c = it:candidates() it:set_candidates{c[2], c[1]}"}}, 2);
    EXPECT_EQ(submit(*scene), CommandStatus::ESME_ROK);
    EXPECT_EQ(sent_text(*scene, 0, 1), "Hello");
    EXPECT_TRUE(scene->provider(0).requests.empty());
}

TEST_P(TriggersTest, ARouteMayWaitForALookUp) {
    const auto scene =
        make({{Event::route, "local answer = http.get('http://prices/') it:set_candidates{'nobody', answer.body}"}}, 2);
    scene->customer->send(CommandId::submit_sm, Scene::sample());
    scene->until([&] { return !answers.asked.empty(); });
    script::LookUpResult body;
    body.status = 200;
    body.body = "p1";
    answers.answer(body);
    EXPECT_EQ(sent_text(*scene, 0, 1), "Hello");
    scene->until([&] { return !scene->customer->responses.empty(); });
    EXPECT_EQ(scene->customer->responses[0].header.status, CommandStatus::ESME_ROK);
}

TEST_P(TriggersTest, BeforeSendChangesHoldsAndFails) {
    const auto scene = make({{Event::before_send, "if it.text == 'hold' and it.attempts == 0 then it:hold(5) "
                                                  "elseif it.text == 'fail' then it:fail('042') "
                                                  "else it.text = it.text .. ' via ' .. it.provider end"}});
    EXPECT_EQ(submit(*scene), CommandStatus::ESME_ROK);
    EXPECT_EQ(sent_text(*scene), "Hello via p0");
    smpp::SubmitSm pdu = Scene::sample();
    pdu.short_message = as_bytes("fail");
    EXPECT_EQ(submit(*scene, pdu), CommandStatus::ESME_ROK);
    scene->until([&] { return !scene->customer->requests.empty(); });
    const std::string receipt(as_text(scene->customer->requests[0].message().short_message));
    EXPECT_NE(receipt.find("stat:UNDELIV err:042"), std::string::npos) << receipt;
    EXPECT_NE(receipt.find("text:fail"), std::string::npos) << receipt;
    EXPECT_EQ(scene->provider().requests.size(), 1u);
}

TEST_P(TriggersTest, WhatBeforeSendChangesIsForOneTry) {
    const auto scene = make({{Event::before_send, "it.text = it.text .. '+'"}});
    std::size_t tries = 0;
    scene->provider().script = [&](session::Session&, const Scripted::Request& request) {
        scene->provider().answer(request, ++tries < 3 ? CommandStatus::ESME_RMSGQFUL : CommandStatus::ESME_ROK, "1");
    };
    EXPECT_EQ(submit(*scene), CommandStatus::ESME_ROK);
    EXPECT_EQ(sent_text(*scene, 2), "Hello+");
}

TEST_P(TriggersTest, AResponseIsRetriedElsewhereOrEnds) {
    const auto scene = make({{Event::provider_response, "if it.status == 0x45 then it.provider = 'p1' "
                                                        "elseif it.status == 0x0B then it:fail('dst') end"}}, 2);
    scene->provider(0).script = [&](session::Session&, const Scripted::Request& request) {
        const bool first = as_text(request.message().short_message) == "Hello";
        scene->provider(0).answer(request, first ? CommandStatus::ESME_RSUBMITFAIL : CommandStatus::ESME_RINVDSTADR);
    };
    EXPECT_EQ(submit(*scene), CommandStatus::ESME_ROK);
    EXPECT_EQ(sent_text(*scene, 0, 1), "Hello");
    smpp::SubmitSm pdu = Scene::sample();
    pdu.short_message = as_bytes("end");
    EXPECT_EQ(submit(*scene, pdu), CommandStatus::ESME_ROK);
    scene->until([&] { return !scene->customer->requests.empty(); });
    EXPECT_NE(as_text(scene->customer->requests[0].message().short_message).find("stat:UNDELIV err:dst"),
              std::string_view::npos);
}

TEST_P(TriggersTest, TwoProvidersThatRefuseDoNotTossAMessageForEver) {
    const auto scene = make({{Event::provider_response, "it.provider = it.provider == 'p0' and 'p1' or 'p0'"}}, 2);
    for (auto& provider : scene->provider_peers)
        provider->script = [&scene = *scene, p = provider.get()](session::Session&, const Scripted::Request& request) {
            p->answer(request, CommandStatus::ESME_RINVDSTADR);
        };
    EXPECT_EQ(submit(*scene), CommandStatus::ESME_ROK);
    scene->until([&] { return !scene->customer->requests.empty(); });
    EXPECT_LE(scene->provider(0).requests.size() + scene->provider(1).requests.size(), 18u);
}

TEST_P(TriggersTest, AReceiptIsRewrittenAndTheProviderAnsweredAfterwards) {
    const auto scene = make({{Event::receipt, "sql.execute('db', 'x', it.id, it.state) "
                                              "if it.error == '007' then it.state = 'REJECTED' it.error = '100' end"}});
    EXPECT_EQ(submit(*scene), CommandStatus::ESME_ROK);
    scene->until([&] { return scene->count(&Counters::sent) == 1; });
    scene->provider().send(CommandId::deliver_sm, Scene::receipt("id:1 stat:UNDELIV err:007"));
    scene->until([&] { return !answers.asked.empty(); });
    scene->run(seconds(2));
    EXPECT_TRUE(scene->provider().responses.empty());
    EXPECT_EQ(answers.asked[0].parameters[0].text, scene->customer->responses.back().id());
    EXPECT_EQ(answers.asked[0].parameters[1].text, "UNDELIVERABLE");
    answers.answer();
    scene->until([&] { return !scene->customer->requests.empty(); });
    EXPECT_NE(as_text(scene->customer->requests[0].message().short_message).find("stat:REJECTD err:100"),
              std::string_view::npos);
    scene->until([&] { return !scene->provider().responses.empty(); });
    scene->run(seconds(2));
    EXPECT_TRUE(scene->empty());
}

TEST_P(TriggersTest, ACrashWhileAReceiptsScriptWaitsRepeatsTheReceipt) {
    const auto scene = make({{Event::receipt, "sql.execute('db', 'x')"}});
    EXPECT_EQ(submit(*scene), CommandStatus::ESME_ROK);
    scene->until([&] { return scene->count(&Counters::sent) == 1; });
    scene->run(seconds(1));
    scene->provider().send(CommandId::deliver_sm, Scene::receipt("id:1 stat:DELIVRD err:000"));
    scene->until([&] { return !answers.asked.empty(); });
    answers.waiting.clear();
    scene->crash();
    EXPECT_TRUE(scene->provider().responses.empty());
    scene->run(seconds(20));  // the binds of before are known to be dead
    scene->bind();
    scene->provider().send(CommandId::deliver_sm, Scene::receipt("id:1 stat:DELIVRD err:000"));
    scene->until([&] { return answers.asked.size() == 2; });
    answers.answer();
    scene->until([&] { return !scene->customer->requests.empty(); });
    EXPECT_NE(as_text(scene->customer->requests[0].message().short_message).find("stat:DELIVRD"),
              std::string_view::npos);
}

TEST_P(TriggersTest, StateChangesByWhatTheyAre) {
    const auto scene = make(
        {{Event::state_change, "sluice.log('good', it.id, it.state)", {}, {}, {}, {"delivered"}},
         {Event::state_change, "sluice.log('bad', it.state, it.error)", {}, {}, {}, {"undeliverable", "expired"}}});
    EXPECT_EQ(submit(*scene), CommandStatus::ESME_ROK);
    scene->until([&] { return scene->count(&Counters::sent) == 1; });
    const std::string id = scene->customer->responses.back().id();
    scene->provider().send(CommandId::deliver_sm, Scene::receipt("id:1 stat:DELIVRD err:000"));
    scene->until([&] { return !scene->customer->requests.empty(); });
    EXPECT_NE(scene->log.find("t0.lua: good " + id + " DELIVERED"), std::string::npos) << scene->log;
    EXPECT_EQ(submit(*scene), CommandStatus::ESME_ROK);
    scene->until([&] { return scene->count(&Counters::sent) == 2; });
    scene->provider().send(CommandId::deliver_sm, Scene::receipt("id:2 stat:UNDELIV err:007"));
    scene->until([&] { return scene->customer->requests.size() == 2; });
    EXPECT_NE(scene->log.find("t1.lua: bad UNDELIVERABLE 007"), std::string::npos) << scene->log;
}

TEST_P(TriggersTest, WhatNeverGetsAReportAndWhatExpires) {
    gateway::Setup setup(GetParam());
    const auto program = program_of({{Event::state_change, "sluice.log('over', it.state)", {}, {}, {}, {"no_report"}},
                                     {Event::state_change, "sluice.log('late', it.state)", {}, {}, {}, {"expired"}}});
    Scene scene(setup, nullptr, 1, [program](GatewayConfig& c) {
        c.program = program;
        c.default_validity = seconds(5);
        c.store.receipt_grace = seconds(5);
    });
    scene.bind();
    scene.until([&] { return scene.provider().bound().size() == 2; });
    EXPECT_EQ(submit(scene), CommandStatus::ESME_ROK);
    scene.run(seconds(30));
    EXPECT_NE(scene.log.find("t0.lua: over UNKNOWN"), std::string::npos) << scene.log;
    EXPECT_EQ(scene.log.find("t1.lua"), std::string::npos) << scene.log;
    scene.provider().script = [](session::Session&, const Scripted::Request&) {};
    scene.part();
    EXPECT_EQ(submit(scene), CommandStatus::ESME_ROK);
    scene.until([&] { return scene.count(&Counters::expired) == 1; });
    EXPECT_NE(scene.log.find("t1.lua: late EXPIRED"), std::string::npos) << scene.log;
}

TEST_P(TriggersTest, AReloadWhileAScriptWaitsLetsItEnd) {
    const auto scene = make({{Event::submit, "local rows = sql.query('db', 'x') it.text = 'old'"}});
    scene->customer->send(CommandId::submit_sm, Scene::sample());
    scene->until([&] { return answers.asked.size() == 1; });
    scene->run_program(program_of({{Event::submit, "it.text = 'new'"}}));
    EXPECT_EQ(submit(*scene), CommandStatus::ESME_ROK);
    EXPECT_EQ(sent_text(*scene, 0), "new");
    answers.answer();
    EXPECT_EQ(sent_text(*scene, 1), "old");
    scene->run_program(nullptr);
    EXPECT_EQ(submit(*scene), CommandStatus::ESME_ROK);
    EXPECT_EQ(sent_text(*scene, 2), "Hello");
}

TEST_P(TriggersTest, ADrainRefusesWhatStillWaits) {
    const auto scene = make({{Event::submit, "sql.execute('db', 'x')"}});
    scene->customer->send(CommandId::submit_sm, Scene::sample());
    scene->until([&] { return answers.asked.size() == 1; });
    scene->drain(seconds(3));
    answers.answer();
    scene->run(seconds(5));
    EXPECT_TRUE(scene->drained());
    EXPECT_TRUE(scene->provider().requests.empty());
    for (const auto& response : scene->customer->responses)
        EXPECT_NE(response.header.status, CommandStatus::ESME_ROK) << "it was not taken, and nobody may think so";
}

TEST_P(TriggersTest, AScriptThatLoopsOrAllocatesHurtsNobodyElse) {
    const auto scene =
        make({{Event::submit,
               "if it.text == 'loop' then while true do end end "
               "if it.text == 'eat' then local t = {} while true do t[#t + 1] = string.rep('x', 60000) .. #t end end "
               "if it.text == 'catch' then while true do pcall(function() while true do end end) end end",
               script::OnError::reject}});
    for (int i = 0; i < 10; ++i) {
        for (const char* text : {"loop", "eat", "catch"}) {
            smpp::SubmitSm pdu = Scene::sample();
            pdu.short_message = as_bytes(std::string_view(text));
            EXPECT_EQ(submit(*scene, pdu), CommandStatus::ESME_RSYSERR) << text;
        }
        EXPECT_EQ(submit(*scene), CommandStatus::ESME_ROK);
    }
    EXPECT_EQ(scene->count(&Counters::trigger_errors), 30u);
    scene->until([&] { return scene->provider().requests.size() == 10; });
}

TEST_P(TriggersTest, ASessionThatCloses) {
    const auto scene =
        make({{Event::session_closed, "sluice.warn(it.account, it.reason, it.address ~= nil, it.duration)"}});
    scene->run(seconds(7));
    scene->customer->session().unbind(scene->now());
    scene->run(seconds(1));
    EXPECT_NE(scene->log.find("t0.lua: shop"), std::string::npos) << scene->log;
    EXPECT_NE(scene->log.find(" true 7"), std::string::npos) << scene->log;
}

TEST_P(TriggersTest, AMemoryThatIsFullIsEmptied) {
    const auto scene = make({{Event::submit,
                              "kept = kept or {} for i = 1, 80 do kept[#kept + 1] = string.rep('x', 120000) .. i end "
                              "it.text = tostring(#kept)"}});
    for (int i = 0; i < 6; ++i) EXPECT_EQ(submit(*scene), CommandStatus::ESME_ROK);
    EXPECT_GE(scene->count(&Counters::trigger_errors), 1u);
}

TEST_P(TriggersTest, ForwardToAnotherAccountsQueue) {
    const auto scene = make({{Event::submit,
                              "if it.destination_addr == '12345' then sluice.deliver{account = 'shop', "
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
