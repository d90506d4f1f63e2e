#include <gtest/gtest.h>

#include <string>

#include "tests/session/driver.hpp"

/// Requests and answers both ways: the window, peer_window, and what owners may do inside events.
namespace sluice::session::test {
namespace {

using namespace std::string_literals;

SessionConfig small(Role role, std::uint32_t window, std::uint32_t peer_window) {
    SessionConfig config;
    config.role = role;
    config.window = window;
    config.peer_window = peer_window;
    return config;
}

TEST(Requests, AreNumberedAndAnsweredInAnyOrder) {
    Driver driver(Role::esme, State::bound_trx);
    EXPECT_EQ(driver.send(CommandId::submit_sm, 10), 2u);
    EXPECT_EQ(driver.send(CommandId::query_sm, 20), 3u);
    EXPECT_EQ(driver.send(CommandId::submit_sm, 30), 4u);
    EXPECT_EQ(driver.said(), "submit_sm 2, query_sm 3, submit_sm 4");
    EXPECT_EQ(driver.session.in_flight(), 3u);
    driver.receive(CommandId::submit_sm_resp, 4);
    driver.receive(CommandId::query_sm_resp, 3);
    driver.receive(CommandId::submit_sm_resp, 2, {}, CommandStatus::ESME_RTHROTTLED);
    EXPECT_EQ(driver.told(),
              "submit_sm_resp ESME_ROK 4 for #30, query_sm_resp ESME_ROK 3 for #20, "
              "submit_sm_resp ESME_RTHROTTLED 2 for #10");
    EXPECT_EQ(driver.session.in_flight(), 0u);
}

TEST(Requests, CarryTheBodyThatTheOwnerWrites) {
    Driver driver(Role::esme, State::bound_trx);
    const std::uint8_t body[] = {'b', 'o', 'd', 'y'};
    const auto write = [&](std::uint8_t* to) {
        std::copy(std::begin(body), std::end(body), to);
        return std::size(body);
    };
    EXPECT_EQ(driver.session.send(CommandId::submit_sm, 1000, write, 1, driver.now), 2u);
    EXPECT_EQ(driver.written(), pdu(CommandId::submit_sm, 2, octets("body")));
    EXPECT_EQ(driver.session.send(CommandId::query_sm, smpp::QuerySm{.message_id = "ab"}, 2, driver.now), 3u);
    EXPECT_EQ(driver.written(), pdu(CommandId::query_sm, 3, octets("ab\0\0\0\0"s)));
}

TEST(Requests, AnswersHaveWhateverBodyThePeerGaveThem) {
    for (const Octets& body :
         {Octets{}, Octets{0}, octets("\0\x04\x27\0\x01\x02"s), octets("id\0"s), octets("no end")}) {
        Driver driver(Role::esme, State::bound_trx);
        driver.send(CommandId::submit_sm, 1);
        Octets got;
        driver.when_response = [&](const smpp::Header&, ByteView view) { got.assign(view.begin(), view.end()); };
        driver.receive(CommandId::submit_sm_resp, 2, body, CommandStatus::ESME_RSYSERR);
        EXPECT_EQ(driver.told(), "submit_sm_resp ESME_RSYSERR 2 for #1");
        EXPECT_EQ(got, body);
    }
}

TEST(Requests, AnswersToNothingAreIgnoredAndCounted) {
    Driver driver(Role::esme, State::bound_trx);
    driver.send(CommandId::submit_sm, 1);
    driver.said();
    driver.receive(CommandId::submit_sm_resp, 1);           // the bind had that number
    driver.receive(CommandId::submit_sm_resp, 3);           // not sent yet
    driver.receive(CommandId::submit_sm_resp, 0x80000002);  // its low bits are right
    driver.receive(CommandId::submit_sm_resp, 0);
    driver.receive(CommandId::query_sm_resp, 2);            // not the answer to that
    driver.receive(CommandId::enquire_link_resp, 0);
    driver.receive(CommandId::unbind_resp, 0);
    driver.receive(CommandId::generic_nack, 17);
    EXPECT_EQ(driver.told() + driver.said(), "");
    EXPECT_EQ(driver.session.counters().unknown_responses, 8u);
    driver.receive(CommandId::submit_sm_resp, 2);
    EXPECT_EQ(driver.told(), "submit_sm_resp ESME_ROK 2 for #1");
    driver.receive(CommandId::submit_sm_resp, 2);
    EXPECT_EQ(driver.told(), "") << "answered twice";
}

TEST(Requests, AGenericNackThatNamesOneAnswersIt) {
    Driver driver(Role::message_centre, State::bound_trx);
    driver.send(CommandId::deliver_sm, 1);
    driver.receive(CommandId::generic_nack, 1, {}, CommandStatus::ESME_RINVCMDID);
    EXPECT_EQ(driver.told(), "generic_nack ESME_RINVCMDID 1 for #1");
    EXPECT_EQ(driver.session.in_flight(), 0u);
}

TEST(Requests, WithoutAnAnswerTakeNoRoomInTheWindow) {
    Driver driver(small(Role::message_centre, 1, 1));
    driver.enter(State::bound_rx);
    EXPECT_NE(driver.send(CommandId::deliver_sm, 1), 0u);
    EXPECT_FALSE(driver.session.window_open());
    EXPECT_NE(driver.send(CommandId::alert_notification, 2), 0u);
    EXPECT_EQ(driver.said(), "deliver_sm 1, alert_notification 2");
    driver.session.connection_lost(driver.now);
    EXPECT_EQ(driver.told(), "unanswered #1, end: peer closed");
}

TEST(Requests, BindsAreNotSentAsRequests) {
    Driver driver(Role::esme);
    EXPECT_EQ(driver.send(CommandId::bind_transceiver, 1), 0u);
    EXPECT_EQ(driver.said(), "");
}

TEST(Requests, AnEnquireLinkOfTheOwnersOwn) {
    Driver driver(Role::esme, State::bound_trx);
    EXPECT_NE(driver.send(CommandId::enquire_link, 5), 0u);
    driver.receive(CommandId::enquire_link_resp, 2);
    EXPECT_EQ(driver.told(), "enquire_link_resp ESME_ROK 2 for #5");
}

TEST(Window, ClosesAndOpens) {
    Driver driver(small(Role::esme, 2, 10));
    driver.enter(State::bound_tx);
    EXPECT_TRUE(driver.session.window_open());
    driver.send(CommandId::submit_sm, 1);
    driver.send(CommandId::submit_sm, 2);
    EXPECT_FALSE(driver.session.window_open());
    EXPECT_EQ(driver.send(CommandId::submit_sm, 3), 0u);
    driver.said();
    driver.receive(CommandId::submit_sm_resp, 3);
    EXPECT_EQ(driver.told(), "submit_sm_resp ESME_ROK 3 for #2, window open");
    driver.receive(CommandId::submit_sm_resp, 2);
    EXPECT_EQ(driver.told(), "submit_sm_resp ESME_ROK 2 for #1") << "it was open already";
}

TEST(Window, IsSaidToOpenOnceABurst) {
    Driver driver(small(Role::esme, 3, 10));
    driver.enter(State::bound_tx);
    for (int i = 0; i < 3; ++i) driver.send(CommandId::submit_sm, 0);
    driver.receive(pdu(CommandId::submit_sm_resp, 2) + pdu(CommandId::submit_sm_resp, 3) +
                   pdu(CommandId::submit_sm_resp, 4));
    EXPECT_EQ(driver.told(),
              "submit_sm_resp ESME_ROK 2 for #0, submit_sm_resp ESME_ROK 3 for #0, submit_sm_resp ESME_ROK 4 for #0, "
              "window open");
}

TEST(Window, FilledAgainInsideTheEventSaysNothing) {
    Driver driver(small(Role::esme, 1, 10));
    driver.enter(State::bound_tx);
    driver.when_response = [&](const smpp::Header&, ByteView) { driver.send(CommandId::submit_sm, 2); };
    driver.send(CommandId::submit_sm, 1);
    driver.receive(CommandId::submit_sm_resp, 2);
    EXPECT_EQ(driver.told(), "submit_sm_resp ESME_ROK 2 for #1");
    EXPECT_FALSE(driver.session.window_open());
}

TEST(Answers, GoOutWithTheBodyThatTheOwnerWrites) {
    Driver driver(Role::message_centre, State::bound_trx);
    driver.receive(pdu(CommandId::submit_sm, 5) + pdu(CommandId::submit_sm, 6) + pdu(CommandId::query_sm, 7) +
                   pdu(CommandId::submit_sm, 8));
    driver.session.respond(CommandId::submit_sm, 6, CommandStatus::ESME_ROK, smpp::SubmitSmResp{.message_id = "id"});
    EXPECT_EQ(driver.written(), pdu(CommandId::submit_sm_resp, 6, octets("id\0"s)));
    driver.session.respond(CommandId::submit_sm, 5, CommandStatus::ESME_RTHROTTLED,
                           smpp::SubmitSmResp{.message_id = "id"});
    EXPECT_EQ(driver.written(), pdu(CommandId::submit_sm_resp, 5, {}, CommandStatus::ESME_RTHROTTLED));
    driver.session.respond(CommandId::query_sm, 7, CommandStatus::ESME_RQUERYFAIL,
                           smpp::QuerySmResp{.message_id = "x"});
    EXPECT_EQ(driver.written(),
              pdu(CommandId::query_sm_resp, 7, octets("x\0\0\0\0"s), CommandStatus::ESME_RQUERYFAIL));
    driver.session.respond(CommandId::submit_sm, 8, CommandStatus::ESME_ROK, 100, [](std::uint8_t* to) {
        *to = 0;
        return std::size_t{1};
    });
    EXPECT_EQ(driver.written(), pdu(CommandId::submit_sm_resp, 8, {0}));
}

TEST(Answers, ToMalformedAndUnsupportedRequestsAreCounted) {
    Driver centre(Role::message_centre, State::bound_trx);
    centre.receive(pdu(CommandId::submit_sm, 1) + pdu(CommandId::query_last_msgs, 2));
    centre.session.respond_error(CommandId::submit_sm, 1, CommandStatus::ESME_RINVDSTADR);
    centre.session.respond_unsupported(CommandId::query_last_msgs, 2);
    EXPECT_EQ(centre.said(), "submit_sm_resp ESME_RINVDSTADR 1, generic_nack ESME_RINVCMDID 2");
    EXPECT_EQ(centre.session.counters().malformed, 2u);
    EXPECT_TRUE(centre.session.bound());

    Driver esme(Role::esme, State::bound_trx);
    esme.receive(CommandId::alert_notification, 1);
    esme.session.respond_error(CommandId::alert_notification, 1, CommandStatus::ESME_RINVSRCADR);
    EXPECT_EQ(esme.said(), "") << "there is no answer to alert_notification";
    EXPECT_EQ(esme.session.counters().malformed, 1u);
}

TEST(Answers, AfterTheEndAreDropped) {
    Driver driver(Role::message_centre, State::bound_trx);
    driver.receive(CommandId::submit_sm, 1);
    driver.session.connection_lost(driver.now);
    driver.session.respond(CommandId::submit_sm, 1, CommandStatus::ESME_ROK);
    driver.session.respond(CommandId::submit_sm, 1, CommandStatus::ESME_ROK, smpp::SubmitSmResp{});
    driver.session.respond_error(CommandId::submit_sm, 1, CommandStatus::ESME_RSYSERR);
    driver.session.respond_unsupported(CommandId::submit_sm, 1);
    EXPECT_EQ(driver.said(), "");
}

TEST(PeerWindow, StopsReadingAtARequestAndSaysWhenToGoOn) {
    Driver driver(small(Role::message_centre, 10, 2));
    driver.enter(State::bound_trx);
    const Octets first = pdu(CommandId::submit_sm, 1) + pdu(CommandId::submit_sm, 2) + pdu(CommandId::enquire_link, 3);
    const Octets rest = pdu(CommandId::submit_sm, 4) + pdu(CommandId::enquire_link, 5);
    EXPECT_EQ(driver.receive(first + rest), first.size());
    EXPECT_EQ(driver.told(), "submit_sm 1, submit_sm 2");
    EXPECT_EQ(driver.said(), "enquire_link_resp ESME_ROK 3");
    EXPECT_EQ(driver.receive(rest), 0u);

    driver.session.respond(CommandId::submit_sm, 2, CommandStatus::ESME_ROK);
    EXPECT_EQ(driver.told(), "readable");
    driver.session.respond(CommandId::submit_sm, 1, CommandStatus::ESME_ROK);
    EXPECT_EQ(driver.told(), "") << "said once";
    EXPECT_EQ(driver.receive(rest), rest.size());
    EXPECT_EQ(driver.told(), "submit_sm 4");
    EXPECT_EQ(driver.said(), "submit_sm_resp ESME_ROK 2, submit_sm_resp ESME_ROK 1, enquire_link_resp ESME_ROK 5");
    driver.session.respond(CommandId::submit_sm, 4, CommandStatus::ESME_ROK);
    EXPECT_EQ(driver.told(), "") << "nothing had stopped";
}

TEST(PeerWindow, StopsOnlyRequestsThatWouldBeHeld) {
    Driver driver(small(Role::esme, 10, 1));
    driver.enter(State::bound_rx);
    const Octets data = pdu(CommandId::deliver_sm, 1) + pdu(CommandId::alert_notification, 2) +
                        pdu(CommandId::submit_sm, 3) + pdu(CommandId{0x99}, 4) + pdu(CommandId::deliver_sm_resp, 5);
    EXPECT_EQ(driver.receive(data + pdu(CommandId::deliver_sm, 6)), data.size());
    EXPECT_EQ(driver.told(), "deliver_sm 1, alert_notification 2");
    EXPECT_EQ(driver.said(), "submit_sm_resp ESME_RINVBNDSTS 3, generic_nack ESME_RINVCMDID 4");
}

TEST(PeerWindow, CanBeReadOnInsideOnReadable) {
    Driver driver(small(Role::message_centre, 10, 1));
    driver.enter(State::bound_trx);
    Octets rest = pdu(CommandId::submit_sm, 2) + pdu(CommandId::submit_sm, 3);
    driver.when_readable = [&] {
        const std::size_t consumed = driver.receive(rest);
        rest.erase(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(consumed));
    };
    driver.receive(pdu(CommandId::submit_sm, 1) + rest);
    for (std::uint32_t sequence = 1; sequence <= 3; ++sequence)
        driver.session.respond(CommandId::submit_sm, sequence, CommandStatus::ESME_ROK);
    EXPECT_EQ(driver.told(), "submit_sm 1, readable, submit_sm 2, readable, submit_sm 3");
    EXPECT_TRUE(rest.empty());
}

TEST(PeerWindow, OurUnbindReadsOnToFindItsAnswer) {
    Driver driver(small(Role::message_centre, 10, 1));
    driver.enter(State::bound_trx);
    const Octets rest = pdu(CommandId::submit_sm, 2) + pdu(CommandId::unbind_resp, 1);
    driver.receive(pdu(CommandId::submit_sm, 1) + rest);
    driver.session.unbind(driver.now);
    EXPECT_EQ(driver.told(), "submit_sm 1, readable");
    driver.receive(rest);
    EXPECT_EQ(driver.said(), "unbind 1, submit_sm_resp ESME_RINVBNDSTS 2");
    EXPECT_EQ(driver.told(), "end: unbound");
}

TEST(Reentrancy, OwnersAnswerSendAndUnbindInsideEvents) {
    Driver driver(Role::message_centre);
    driver.when_bind = [&](const smpp::Header&, const smpp::Bind&) { driver.session.accept_bind(driver.now); };
    driver.when_bound = [&] { driver.send(CommandId::deliver_sm, 1); };
    driver.when_request = [&](const smpp::Header& header, ByteView) {
        driver.session.respond(header.id, header.sequence, CommandStatus::ESME_ROK);
        driver.send(CommandId::deliver_sm, 2);
    };
    driver.when_response = [&](const smpp::Header&, ByteView) { driver.session.unbind(driver.now); };
    driver.when_unanswered = [&] {
        EXPECT_EQ(driver.send(CommandId::deliver_sm, 3), 0u);
        driver.session.respond(CommandId::submit_sm, 9, CommandStatus::ESME_ROK);
        driver.session.unbind(driver.now);
        driver.session.connection_lost(driver.now);
    };
    driver.when_end = driver.when_unanswered;
    const Octets data = pdu(CommandId::bind_transceiver, 1, bind_body()) + pdu(CommandId::submit_sm, 2) +
                        pdu(CommandId::deliver_sm_resp, 1) + pdu(CommandId::submit_sm, 3) +
                        pdu(CommandId::unbind_resp, 3);
    EXPECT_EQ(driver.receive(data + pdu(CommandId::submit_sm, 4)), data.size()) << "the end stops the reading";
    EXPECT_EQ(driver.told(),
              "bind_transceiver 1, bound, submit_sm 2, deliver_sm_resp ESME_ROK 1 for #1, unanswered #2, end: unbound");
    EXPECT_EQ(driver.said(),
              "bind_transceiver_resp ESME_ROK 1, deliver_sm 1, submit_sm_resp ESME_ROK 2, deliver_sm 2, unbind 3, "
              "submit_sm_resp ESME_RINVBNDSTS 3");
}

TEST(Counters, Count) {
    Driver driver(Role::message_centre, State::bound_tx);
    driver.receive(pdu(CommandId::submit_sm, 1) + pdu(CommandId::deliver_sm, 2) + pdu(CommandId{0x55}, 3) +
                   pdu(CommandId::deliver_sm_resp, 4));
    driver.session.respond(CommandId::submit_sm, 1, CommandStatus::ESME_ROK);
    const SessionCounters& counters = driver.session.counters();
    EXPECT_EQ(counters.pdus_in, 5u) << "with the bind";
    EXPECT_EQ(counters.pdus_out, 4u);
    EXPECT_EQ(counters.out_of_state, 1u);
    EXPECT_EQ(counters.malformed, 1u);
    EXPECT_EQ(counters.unknown_responses, 1u);
    EXPECT_EQ(counters.response_timeouts, 0u);
}

}  // namespace
}  // namespace sluice::session::test
