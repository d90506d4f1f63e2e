#include <gtest/gtest.h>

#include <string>

#include "tests/session/driver.hpp"

/// Session init, enquire_link, inactivity and response timers (v3.4 §7.2, v5.0 §2.7), in virtual time.
namespace sluice::session::test {
namespace {

SessionConfig with(Role role, const Timers& timers) {
    SessionConfig config;
    config.role = role;
    config.timers = timers;
    return config;
}

constexpr Timers timers = {
    .session_init = seconds(7), .enquire_link = seconds(60), .response = seconds(5), .inactivity = {}};

TEST(SessionInit, NoBindInTime) {
    for (const Role role : {Role::message_centre, Role::esme}) {
        for (const State state : {State::open, State::outbound}) {
            Driver driver(with(role, timers));
            driver.enter(state);
            driver.pass(seconds(7) - nanoseconds(1));
            EXPECT_EQ(driver.told(), "");
            driver.receive(CommandId::enquire_link, 1);  // no activity, but an answer (interop S4)
            EXPECT_EQ(driver.said(), "enquire_link_resp ESME_ROK 1");
            driver.pass(nanoseconds(1));
            EXPECT_EQ(driver.told(), "end: session init timeout");
            EXPECT_EQ(driver.session.deadline(), MonoTime::max());
        }
    }
}

TEST(SessionInit, NoAnswerToOurBind) {
    Driver driver(with(Role::esme, timers));
    driver.pass(seconds(6));
    driver.session.bind({.system_id = "me"}, driver.now);
    driver.pass(seconds(5) - nanoseconds(1));
    EXPECT_EQ(driver.told(), "");
    driver.pass(nanoseconds(1));
    EXPECT_EQ(driver.told(), "end: session init timeout");
}

TEST(Probe, AsksAtOnceAndWaitsBriefly) {
    Driver driver(with(Role::message_centre, timers));
    driver.enter(State::bound_trx);
    driver.pass(seconds(10));
    EXPECT_EQ(driver.session.silence(driver.now), seconds(10));
    driver.session.probe(seconds(2), driver.now);
    EXPECT_EQ(driver.said(), "enquire_link 1");
    driver.pass(seconds(2) - nanoseconds(1));
    EXPECT_EQ(driver.told(), "");
    driver.pass(nanoseconds(1));
    EXPECT_EQ(driver.told(), "end: enquire_link timeout");
}

TEST(Probe, AnAnswerKeepsTheSession) {
    Driver driver(with(Role::message_centre, timers));
    driver.enter(State::bound_trx);
    driver.session.probe(seconds(2), driver.now);
    driver.pass(seconds(1));
    driver.receive(CommandId::enquire_link_resp, 1);
    driver.pass(seconds(59));
    EXPECT_EQ(driver.told(), "");
    driver.said();
    driver.pass(seconds(1) + seconds(5) - nanoseconds(1));  // the usual enquire_link has its usual time again
    EXPECT_EQ(driver.said(), "enquire_link 2");
    EXPECT_EQ(driver.told(), "");
}

TEST(Probe, AnyOtherPduGivesTheAnswerItsUsualTime) {
    Driver driver(with(Role::message_centre, timers));
    driver.enter(State::bound_trx);
    driver.session.probe(seconds(2), driver.now);
    driver.pass(seconds(1));
    driver.receive(CommandId::submit_sm, 1);
    driver.pass(seconds(5) - nanoseconds(1));
    EXPECT_EQ(driver.told(), "submit_sm 1");
    driver.pass(nanoseconds(1));
    EXPECT_EQ(driver.told(), "end: enquire_link timeout");
}

TEST(Probe, ShortensTheWaitForAnEnquireLinkUnderWay) {
    Driver driver(with(Role::message_centre, timers));
    driver.enter(State::bound_trx);
    driver.pass(seconds(61));
    EXPECT_EQ(driver.said(), "enquire_link 1");
    driver.session.probe(seconds(2), driver.now);
    EXPECT_EQ(driver.said(), "") << "one is enough";
    driver.pass(seconds(2) - nanoseconds(1));
    EXPECT_EQ(driver.told(), "");
    driver.pass(nanoseconds(1));
    EXPECT_EQ(driver.told(), "end: enquire_link timeout");
}

TEST(Probe, NeverLengthensIt) {
    Driver driver(with(Role::message_centre, timers));
    driver.enter(State::bound_trx);
    driver.pass(seconds(64));
    driver.session.probe(seconds(30), driver.now);
    driver.pass(seconds(1));
    EXPECT_EQ(driver.told(), "end: enquire_link timeout");
}

TEST(Probe, DoesNothingWhereNothingIsBoundOrNothingIsRead) {
    Driver open(with(Role::message_centre, timers));
    open.session.probe(seconds(2), open.now);
    EXPECT_EQ(open.said(), "");

    SessionConfig config = with(Role::message_centre, timers);
    config.peer_window = 1;
    Driver driver(config);
    driver.enter(State::bound_trx);
    driver.receive(pdu(CommandId::submit_sm, 1) + pdu(CommandId::submit_sm, 2));
    driver.said();
    driver.session.probe(seconds(2), driver.now);
    EXPECT_EQ(driver.said(), "");
    driver.pass(seconds(20));
    EXPECT_EQ(driver.told(), "submit_sm 1");
}

TEST(EnquireLink, IsSentAfterSilence) {
    Driver driver(with(Role::message_centre, timers));
    driver.enter(State::bound_trx);
    driver.pass(seconds(59));
    driver.receive(CommandId::submit_sm, 1);
    driver.pass(seconds(60) - nanoseconds(1));
    EXPECT_EQ(driver.said(), "");
    driver.pass(nanoseconds(1));
    EXPECT_EQ(driver.said(), "enquire_link 1");
    driver.receive(CommandId::enquire_link_resp, 1);
    driver.pass(seconds(60));
    EXPECT_EQ(driver.said(), "enquire_link 2");
    EXPECT_EQ(driver.told(), "submit_sm 1");
}

TEST(EnquireLink, UnansweredEndsTheSession) {
    Driver driver(with(Role::esme, timers));
    driver.enter(State::bound_trx);
    driver.pass(seconds(64));
    driver.receive(Octets{0, 0, 0});  // octets are no PDU
    driver.pass(seconds(1) - nanoseconds(1));
    EXPECT_EQ(driver.told(), "");
    driver.send(CommandId::submit_sm, 8);
    driver.pass(nanoseconds(1));
    EXPECT_EQ(driver.told(), "unanswered #8, end: enquire_link timeout");
}

TEST(EnquireLink, APeerThatSendsIsAlive) {
    Driver driver(with(Role::message_centre, timers));
    driver.enter(State::bound_trx);
    driver.pass(seconds(60));
    for (std::uint32_t i = 0; i < 10; ++i) {
        driver.pass(seconds(4));
        driver.receive(CommandId::submit_sm, i);
    }
    driver.told();
    driver.pass(seconds(5) - nanoseconds(1));
    EXPECT_EQ(driver.told(), "") << "its answer may be behind all that";
    driver.pass(nanoseconds(1));
    EXPECT_EQ(driver.told(), "end: enquire_link timeout");
}

TEST(EnquireLink, AnsweredByGenericNackIsAnswered) {
    Driver driver(with(Role::message_centre, timers));
    driver.enter(State::bound_trx);
    driver.pass(seconds(60));
    driver.receive(CommandId::generic_nack, 1, {}, CommandStatus::ESME_RINVCMDID);
    driver.pass(seconds(59));
    EXPECT_EQ(driver.told(), "");
    EXPECT_EQ(driver.session.counters().unknown_responses, 0u);
}

TEST(EnquireLink, CanBeSwitchedOff) {
    Timers off = timers;
    off.enquire_link = {};
    Driver driver(with(Role::message_centre, off));
    driver.enter(State::bound_trx);
    EXPECT_EQ(driver.session.deadline(), MonoTime::max());
    driver.pass(std::chrono::hours(1000));
    EXPECT_EQ(driver.said() + driver.told(), "");
}

TEST(Response, OverdueRequestsAreToldOneByOne) {
    Driver driver(with(Role::esme, timers));
    driver.enter(State::bound_trx);
    driver.send(CommandId::submit_sm, 1);
    driver.pass(seconds(1));
    driver.send(CommandId::submit_sm, 2);
    driver.send(CommandId::submit_sm, 3);
    driver.pass(seconds(4) - nanoseconds(1));
    EXPECT_EQ(driver.told(), "");
    driver.pass(nanoseconds(1));
    EXPECT_EQ(driver.told(), "unanswered #1");
    driver.receive(CommandId::submit_sm_resp, 3);
    driver.pass(seconds(1));
    EXPECT_EQ(driver.told(), "submit_sm_resp ESME_ROK 3 for #2, unanswered #3");
    EXPECT_EQ(driver.session.counters().response_timeouts, 2u);
    driver.receive(CommandId::submit_sm_resp, 2);
    EXPECT_EQ(driver.told(), "") << "too late";
    EXPECT_EQ(driver.session.counters().unknown_responses, 1u);
    EXPECT_TRUE(driver.session.bound());
}

TEST(Response, ATimeoutOpensTheWindow) {
    SessionConfig config = with(Role::esme, timers);
    config.window = 1;
    Driver driver(config);
    driver.enter(State::bound_trx);
    driver.send(CommandId::submit_sm, 1);
    driver.pass(seconds(5));
    EXPECT_EQ(driver.told(), "unanswered #1, window open");
}

TEST(Response, ResendingInsideOnUnansweredWaitsForItsOwnTime) {
    Driver driver(with(Role::esme, timers));
    driver.enter(State::bound_trx);
    int times = 0;
    driver.when_unanswered = [&] {
        if (++times < 3) driver.send(CommandId::submit_sm, 1);
    };
    driver.send(CommandId::submit_sm, 1);
    driver.pass(seconds(5));
    EXPECT_EQ(driver.told(), "unanswered #1");
    driver.pass(seconds(10));
    EXPECT_EQ(driver.told(), "unanswered #1, unanswered #1");
}

TEST(Response, OurUnbindUnansweredEndsAllTheSame) {
    Driver driver(with(Role::esme, timers));
    driver.enter(State::bound_trx);
    driver.send(CommandId::submit_sm, 1);
    driver.pass(seconds(1));
    driver.session.unbind(driver.now);
    driver.pass(seconds(4));
    EXPECT_EQ(driver.told(), "unanswered #1");
    driver.pass(seconds(1));
    EXPECT_EQ(driver.told(), "end: unbound");
}

TEST(Inactivity, UnbindsWhenOnlyEnquireLinksGoByAndWaitsForRequests) {
    Timers inactivity = timers;
    inactivity.inactivity = seconds(100);
    Driver driver(with(Role::message_centre, inactivity));
    driver.enter(State::bound_trx);
    driver.when_request = [&](const smpp::Header& header, ByteView) {
        driver.session.respond(header.id, header.sequence, CommandStatus::ESME_ROK);
    };
    driver.pass(seconds(50));
    driver.receive(CommandId::submit_sm, 1);
    driver.pass(seconds(50));
    driver.send(CommandId::deliver_sm, 1);
    driver.receive(CommandId::deliver_sm_resp, 1);
    driver.told();
    driver.said();
    for (std::uint32_t i = 1; i < 10; ++i) {
        driver.pass(seconds(10));
        driver.receive(CommandId::enquire_link, i);
    }
    driver.send(CommandId::enquire_link, 2);
    EXPECT_EQ(driver.told(), "");
    driver.said();
    driver.pass(seconds(10));
    EXPECT_EQ(driver.said(), "unbind 3");
    driver.receive(CommandId::unbind_resp, 3);
    EXPECT_EQ(driver.told(), "unanswered #2, end: inactive");
}

TEST(Stopped, WhatWeDoNotReadIsNotHeldAgainstThePeer) {
    SessionConfig config = with(Role::message_centre, timers);
    config.peer_window = 1;
    Driver driver(config);
    driver.enter(State::bound_trx);
    driver.send(CommandId::deliver_sm, 1);
    driver.pass(seconds(2));
    const Octets rest = pdu(CommandId::submit_sm, 2);
    driver.receive(pdu(CommandId::submit_sm, 1) + rest);
    driver.told();
    driver.said();
    EXPECT_EQ(driver.session.deadline(), MonoTime::max());
    driver.pass(std::chrono::hours(1));
    EXPECT_EQ(driver.told() + driver.said(), "");

    driver.session.respond(CommandId::submit_sm, 1, CommandStatus::ESME_ROK);
    driver.receive(rest);
    driver.told();
    driver.pass(seconds(3) - nanoseconds(1));
    EXPECT_EQ(driver.told(), "");
    driver.pass(nanoseconds(1));
    EXPECT_EQ(driver.told(), "unanswered #1") << "two seconds before and three after";
    driver.said();
    driver.pass(seconds(57));
    EXPECT_EQ(driver.said(), "enquire_link 2");
}

TEST(Stopped, TicksChangeNothing) {
    SessionConfig config = with(Role::message_centre, timers);
    config.peer_window = 1;
    Driver driver(config);
    driver.enter(State::bound_trx);
    driver.send(CommandId::deliver_sm, 1);
    driver.receive(pdu(CommandId::submit_sm, 1) + pdu(CommandId::submit_sm, 2));
    driver.told();
    driver.said();
    driver.now += std::chrono::hours(1);
    driver.session.tick(driver.now);
    EXPECT_EQ(driver.told() + driver.said(), "");
}

TEST(Stopped, RequestsSentMeanwhileGetTheirWholeTime) {
    SessionConfig config = with(Role::message_centre, timers);
    config.peer_window = 1;
    Driver driver(config);
    driver.enter(State::bound_trx);
    const Octets rest = pdu(CommandId::submit_sm, 2);
    driver.receive(pdu(CommandId::submit_sm, 1) + rest);
    driver.pass(std::chrono::hours(1));
    driver.send(CommandId::deliver_sm, 1);
    driver.pass(std::chrono::hours(1));
    driver.session.respond(CommandId::submit_sm, 1, CommandStatus::ESME_ROK);
    driver.receive(rest);
    driver.told();
    driver.pass(seconds(5) - nanoseconds(1));
    EXPECT_EQ(driver.told(), "");
    driver.pass(nanoseconds(1));
    EXPECT_EQ(driver.told(), "unanswered #1");
}

TEST(Deadline, TicksThatComeEarlyDoNothing) {
    Driver driver(with(Role::message_centre, timers));
    driver.enter(State::bound_trx);
    driver.send(CommandId::deliver_sm, 1);
    driver.said();
    for (int i = 0; i < 49; ++i) {
        driver.now += milliseconds(100);
        driver.session.tick(driver.now);
    }
    EXPECT_EQ(driver.told() + driver.said(), "");
    EXPECT_EQ(driver.session.deadline(), driver.now + milliseconds(100));
}

TEST(Deadline, ALateTickCatchesUp) {
    Driver driver(with(Role::message_centre, timers));
    driver.enter(State::bound_trx);
    driver.send(CommandId::deliver_sm, 1);
    driver.said();
    driver.now += seconds(300);
    driver.session.tick(driver.now);
    EXPECT_EQ(driver.told(), "unanswered #1");
    EXPECT_EQ(driver.said(), "enquire_link 2") << "the peer gets its time to answer";
    EXPECT_EQ(driver.session.deadline(), driver.now + seconds(5));
}

TEST(Deadline, AnOwnerMayUnbindInsideALateTick) {
    Driver driver(with(Role::message_centre, timers));
    driver.enter(State::bound_trx);
    driver.send(CommandId::deliver_sm, 1);
    driver.said();
    driver.when_unanswered = [&] { driver.session.unbind(driver.now); };
    driver.now += seconds(300);
    driver.session.tick(driver.now);
    EXPECT_EQ(driver.said(), "unbind 2") << "and no enquire_link after it";
    driver.pass(seconds(5));
    EXPECT_EQ(driver.told(), "unanswered #1, end: unbound");
}

}  // namespace
}  // namespace sluice::session::test
