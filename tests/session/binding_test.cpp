#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/session/driver.hpp"

/// How sessions become bound, and do not: interop P3, S1 to S5, W3, W6, and outbind.
namespace sluice::session::test {
namespace {

using namespace std::string_literals;

constexpr CommandId binds[] = {CommandId::bind_receiver, CommandId::bind_transmitter, CommandId::bind_transceiver};

Octets sc_interface_version(std::uint8_t version) { return {0x02, 0x10, 0x00, 0x01, version}; }

TEST(MessageCentre, AcceptsEachKindOfBind) {
    constexpr State states[] = {State::bound_rx, State::bound_tx, State::bound_trx};
    for (std::size_t i = 0; i < std::size(binds); ++i) {
        Driver driver(Role::message_centre);
        driver.when_bind = [&](const smpp::Header& header, const smpp::Bind& bind) {
            EXPECT_EQ(header.id, binds[i]);
            EXPECT_EQ(bind.system_id, "esme");
            EXPECT_EQ(bind.password, "secret");
            driver.session.accept_bind(driver.now);
        };
        driver.receive(binds[i], 9, bind_body());
        EXPECT_EQ(driver.session.state(), states[i]);
        EXPECT_TRUE(driver.session.bound());
        EXPECT_EQ(driver.session.peer_system_id(), "esme");
        EXPECT_EQ(driver.told(), std::string(smpp::name_of(binds[i])) + " 9, bound");
        EXPECT_EQ(driver.written(),
                  pdu(smpp::response_of(binds[i]), 9, octets("centre\0"s) + sc_interface_version(0x34)));
    }
}

TEST(MessageCentre, TakesAnyInterfaceVersionAndSendsNoTlvsToOldOnes) {
    for (const int version : {0x00, 0x01, 0x33, 0x34, 0x3A, 0x50, 0xFF}) {
        Driver driver(Role::message_centre);
        driver.receive(CommandId::bind_transceiver, 1, bind_body("esme", static_cast<std::uint8_t>(version)));
        driver.session.accept_bind(driver.now);
        const bool tlvs = version >= 0x34;
        EXPECT_EQ(driver.session.state(), State::bound_trx) << version;
        EXPECT_EQ(driver.session.peer_interface_version(), version);
        EXPECT_EQ(driver.session.tlvs_allowed(), tlvs) << version;
        EXPECT_EQ(driver.written(), pdu(CommandId::bind_transceiver_resp, 1,
                                        octets("centre\0"s) + (tlvs ? sc_interface_version(0x34) : Octets{})))
            << version;
    }
}

TEST(MessageCentre, SystemIdsAndPasswordsLongerThanTheSpecification) {
    Driver driver(Role::message_centre);
    const std::string system_id(40, 's'), password(20, 'p');
    driver.when_bind = [&](const smpp::Header&, const smpp::Bind& bind) { EXPECT_EQ(bind.password, password); };
    driver.receive(CommandId::bind_transceiver, 1,
                   octets(system_id + '\0' + password + '\0' + '\0') + Octets{0x34, 0, 0, 0});
    EXPECT_EQ(driver.told(), "bind_transceiver 1");
    EXPECT_EQ(driver.session.peer_system_id(), system_id);
}

TEST(MessageCentre, ARefusedBindIsAnsweredThenItEnds) {
    Driver driver(Role::message_centre);
    driver.when_bind = [&](const smpp::Header&, const smpp::Bind&) {
        driver.session.refuse_bind(CommandStatus::ESME_RINVPASWD, driver.now);
    };
    driver.receive(pdu(CommandId::bind_receiver, 3, bind_body()) + pdu(CommandId::submit_sm, 4));
    EXPECT_EQ(driver.written(), pdu(CommandId::bind_receiver_resp, 3, {}, CommandStatus::ESME_RINVPASWD));
    EXPECT_EQ(driver.told(), "bind_receiver 3, end: bind refused ESME_RINVPASWD");
    EXPECT_EQ(driver.session.state(), State::closed);
}

TEST(MessageCentre, AMalformedBindIsAnsweredAndMayBeTriedAgain) {
    Driver driver(Role::message_centre);
    driver.receive(CommandId::bind_transmitter, 1, octets("no end"));
    EXPECT_EQ(driver.said(), "bind_transmitter_resp ESME_RINVSYSID 1");
    EXPECT_EQ(driver.told(), "");
    EXPECT_EQ(driver.session.counters().malformed, 1u);
    driver.receive(CommandId::bind_transmitter, 2, bind_body());
    EXPECT_EQ(driver.told(), "bind_transmitter 2");
}

TEST(MessageCentre, WhileABindIsPending) {
    Driver driver(Role::message_centre);
    driver.receive(CommandId::bind_transceiver, 1, bind_body());
    EXPECT_EQ(driver.told(), "bind_transceiver 1");
    driver.receive(CommandId::submit_sm, 2);
    driver.receive(CommandId::enquire_link, 3);
    driver.receive(CommandId::bind_transceiver, 4, bind_body("other"));
    driver.receive(CommandId::unbind, 5);
    EXPECT_EQ(driver.said(),
              "submit_sm_resp ESME_RINVBNDSTS 2, enquire_link_resp ESME_ROK 3, bind_transceiver_resp ESME_RALYBND 4, "
              "unbind_resp ESME_RINVBNDSTS 5");
    EXPECT_EQ(driver.told(), "");
    driver.pass(seconds(3600));
    EXPECT_EQ(driver.told(), "") << "the owner decides when, session_init is over";
    driver.session.accept_bind(driver.now);
    EXPECT_EQ(driver.said(), "bind_transceiver_resp ESME_ROK 1");
    EXPECT_EQ(driver.session.peer_system_id(), "esme") << "not the one that came meanwhile";
}

TEST(MessageCentre, ASecondBindLeavesTheFirstStanding) {
    for (const State state : {State::bound_tx, State::bound_rx, State::bound_trx}) {
        Driver driver(Role::message_centre, state);
        for (const CommandId bind : binds) driver.receive(bind, 8, bind_body("other", 0));
        EXPECT_EQ(driver.said(),
                  "bind_receiver_resp ESME_RALYBND 8, bind_transmitter_resp ESME_RALYBND 8, "
                  "bind_transceiver_resp ESME_RALYBND 8");
        EXPECT_EQ(driver.session.state(), state);
        EXPECT_EQ(driver.session.peer_system_id(), "esme");
        EXPECT_TRUE(driver.session.tlvs_allowed());
        EXPECT_EQ(driver.session.counters().out_of_state, 3u);
    }
}

TEST(MessageCentre, LateDecisionsAfterTheEndAreHarmless) {
    Driver driver(Role::message_centre);
    driver.receive(CommandId::bind_transceiver, 1, bind_body());
    driver.session.connection_lost(driver.now);
    EXPECT_EQ(driver.told(), "bind_transceiver 1, end: peer closed");
    driver.session.accept_bind(driver.now);
    driver.session.refuse_bind(CommandStatus::ESME_RBINDFAIL, driver.now);
    EXPECT_EQ(driver.told() + driver.said(), "");
}

TEST(MessageCentre, OutbindAwaitsTheBind) {
    for (const CommandId bind : {CommandId::bind_receiver, CommandId::bind_transceiver}) {
        Driver driver(Role::message_centre);
        driver.session.outbind("centre", "secret", driver.now);
        EXPECT_EQ(driver.session.state(), State::outbound);
        EXPECT_EQ(driver.written(), pdu(CommandId::outbind, 1, octets("centre\0secret\0"s)));
        driver.receive(bind, 1, bind_body());
        driver.session.accept_bind(driver.now);
        EXPECT_TRUE(driver.session.can_send());
    }
}

TEST(Esme, SendsItsBindAndBecomesBound) {
    constexpr State states[] = {State::bound_rx, State::bound_tx, State::bound_trx};
    for (std::size_t i = 0; i < std::size(binds); ++i) {
        Driver driver(Role::esme);
        driver.session.bind({.type = binds[i],
                             .system_id = "me",
                             .password = "pw",
                             .system_type = "VMS",
                             .address_range = "^49",
                             .addr_ton = 1,
                             .addr_npi = 9},
                            driver.now);
        EXPECT_EQ(driver.written(), pdu(binds[i], 1, octets("me\0pw\0VMS\0\x34\x01\x09^49\0"s)));
        EXPECT_EQ(driver.session.state(), State::open);
        driver.receive(smpp::response_of(binds[i]), 1, octets("centre\0"s) + sc_interface_version(0x34));
        EXPECT_EQ(driver.told(), "bound");
        EXPECT_EQ(driver.session.state(), states[i]);
        EXPECT_EQ(driver.session.peer_system_id(), "centre");
        EXPECT_EQ(driver.session.peer_interface_version(), 0x34);
        EXPECT_TRUE(driver.session.tlvs_allowed());
    }
}

TEST(Esme, SendsCredentialsLongerThanTheSpecification) {
    Driver driver(Role::esme);
    const std::string system_id(40, 's'), password(20, 'p');
    driver.session.bind({.system_id = system_id, .password = password}, driver.now);
    EXPECT_EQ(driver.written(), pdu(CommandId::bind_transceiver, 1,
                                    octets(system_id + '\0' + password + '\0' + '\0') + Octets{0x34, 0, 0, 0}));
}

TEST(Esme, BindResponsesThatLackThings) {
    struct Case {
        Octets body;
        std::uint8_t version;
        bool tlvs;
    };
    const Case cases[] = {
        {{}, 0, false},                                          // 16 octets (interop W6)
        {{0}, 0, false},                                         //
        {octets("centre\0"s), 0, false},                         // no version (P3)
        {octets("no end"), 0, false},                            //
        {octets("c\0"s) + sc_interface_version(0x33), 0x33, false},
        {octets("c\0"s) + sc_interface_version(0x50), 0x50, true},
        {octets("c\0\x02\x10\0\0"s), 0, false},                  // a version of no octets
        {octets("c\0\x02\x10\0\x04\0\0\0\x34"s), 0x34, true},    // of four
        {octets("c\0\x02\x10\0"s), 0, false},                    // cut
    };
    for (const Case& row : cases) {
        Driver driver(Role::esme);
        driver.session.bind({.system_id = "me"}, driver.now);
        driver.receive(CommandId::bind_transceiver_resp, 1, row.body);
        EXPECT_EQ(driver.told(), "bound");
        EXPECT_EQ(driver.session.peer_interface_version(), row.version);
        EXPECT_EQ(driver.session.tlvs_allowed(), row.tlvs);
    }
}

TEST(Esme, WithAnOldInterfaceVersionSendsNoTlvs) {
    SessionConfig config;
    config.role = Role::esme;
    config.interface_version = 0x33;
    Driver driver(config);
    driver.enter(State::bound_trx);
    EXPECT_EQ(driver.session.peer_interface_version(), 0x34);
    EXPECT_FALSE(driver.session.tlvs_allowed());
}

TEST(Esme, ARefusedBindEndsWithTheStatus) {
    for (const CommandId answer : {CommandId::bind_transceiver_resp, CommandId::generic_nack}) {
        Driver driver(Role::esme);
        driver.session.bind({.system_id = "me"}, driver.now);
        driver.receive(answer, 1, {}, CommandStatus::ESME_RBINDFAIL);
        EXPECT_EQ(driver.told(), "end: bind refused ESME_RBINDFAIL");
    }
}

TEST(Esme, OnlyTheAnswerToItsBindBinds) {
    Driver driver(Role::esme);
    driver.receive(CommandId::bind_transceiver_resp, 1);
    driver.session.bind({.system_id = "me"}, driver.now);
    driver.said();
    driver.receive(CommandId::bind_transceiver_resp, 2);
    driver.receive(CommandId::bind_receiver_resp, 1);
    driver.receive(CommandId::generic_nack, 0);
    driver.receive(CommandId::outbind, 1, octets("c\0s\0"s));
    driver.receive(CommandId::enquire_link, 5);
    EXPECT_EQ(driver.told(), "");
    EXPECT_EQ(driver.said(), "enquire_link_resp ESME_ROK 5");
    EXPECT_EQ(driver.session.counters().unknown_responses, 4u);
    driver.receive(CommandId::bind_transceiver_resp, 1);
    EXPECT_EQ(driver.told(), "bound");
    driver.receive(CommandId::bind_transceiver_resp, 1, {}, CommandStatus::ESME_RBINDFAIL);
    EXPECT_EQ(driver.told(), "") << "the answer came already";
    EXPECT_EQ(driver.session.state(), State::bound_trx);
}

TEST(Esme, AnswersOutbindWithABind) {
    Driver driver(Role::esme);
    driver.when_outbind = [&] {
        driver.session.bind({.type = CommandId::bind_receiver, .system_id = "me"}, driver.now);
    };
    driver.receive(CommandId::outbind, 1, octets("centre\0secret\0"s));
    EXPECT_EQ(driver.session.state(), State::outbound);
    EXPECT_EQ(driver.told(), "outbind from centre");
    EXPECT_EQ(driver.said(), "bind_receiver 1");
    driver.receive(CommandId::bind_receiver_resp, 1);
    EXPECT_EQ(driver.session.state(), State::bound_rx);
}

TEST(Esme, AMalformedOutbindIsCountedAndForgotten) {
    Driver driver(Role::esme);
    driver.receive(CommandId::outbind, 1, octets("no end"));
    EXPECT_EQ(driver.told() + driver.said(), "");
    EXPECT_EQ(driver.session.counters().malformed, 1u);
    EXPECT_EQ(driver.session.state(), State::open);
}

TEST(Ends, UnbindFromThePeer) {
    Driver driver(Role::message_centre, State::bound_trx);
    driver.send(CommandId::deliver_sm, 1);
    driver.said();
    driver.receive(pdu(CommandId::unbind, 77) + pdu(CommandId::submit_sm, 78));
    EXPECT_EQ(driver.said(), "unbind_resp ESME_ROK 77");
    EXPECT_EQ(driver.told(), "unanswered #1, end: peer unbound");
    driver.session.connection_lost(driver.now);  // unbind without waiting (S9)
    EXPECT_EQ(driver.told(), "");
}

TEST(Ends, CloseWithoutUnbind) {
    Driver driver(Role::esme, State::bound_trx);
    driver.send(CommandId::submit_sm, 1);
    driver.send(CommandId::submit_sm, 2);
    driver.session.connection_lost(driver.now);
    EXPECT_EQ(driver.told(), "unanswered #1, unanswered #2, end: peer closed");
    EXPECT_EQ(driver.session.in_flight(), 0u);
    EXPECT_EQ(driver.session.deadline(), MonoTime::max());
}

TEST(Ends, OurUnbindWaitsForItsAnswerAndTakesOthersMeanwhile) {
    Driver driver(Role::esme, State::bound_trx);
    driver.receive(CommandId::deliver_sm, 50);
    driver.send(CommandId::submit_sm, 1);
    driver.send(CommandId::submit_sm, 2);
    driver.said();
    driver.told();
    driver.session.unbind(driver.now);
    driver.session.unbind(driver.now);
    EXPECT_EQ(driver.said(), "unbind 4");
    EXPECT_EQ(driver.session.state(), State::unbound);
    EXPECT_EQ(driver.send(CommandId::submit_sm, 3), 0u);
    driver.session.respond(CommandId::deliver_sm, 50, CommandStatus::ESME_ROK);
    driver.receive(pdu(CommandId::deliver_sm, 51) + pdu(CommandId::submit_sm_resp, 3) +
                   pdu(CommandId::enquire_link, 52) + pdu(CommandId::unbind_resp, 4));
    EXPECT_EQ(driver.said(),
              "deliver_sm_resp ESME_ROK 50, deliver_sm_resp ESME_RINVBNDSTS 51, enquire_link_resp ESME_ROK 52");
    EXPECT_EQ(driver.told(), "submit_sm_resp ESME_ROK 3 for #2, unanswered #1, end: unbound");
}

TEST(Ends, AnyAnswerToUnbindWillDo) {
    for (const CommandId answer : {CommandId::unbind_resp, CommandId::generic_nack}) {
        Driver driver(Role::message_centre, State::bound_trx);
        driver.session.unbind(driver.now);
        driver.receive(answer, 1, {}, CommandStatus::ESME_RINVBNDSTS);
        EXPECT_EQ(driver.told(), "end: unbound");
    }
}

TEST(Ends, ClosingInsteadOfAnsweringUnbindIsNormal) {
    Driver driver(Role::message_centre, State::unbound);
    driver.session.connection_lost(driver.now);
    EXPECT_EQ(driver.told(), "end: unbound");
}

TEST(Ends, UnbindBeforeTheBindJustEnds) {
    for (const Role role : {Role::message_centre, Role::esme}) {
        Driver driver(role);
        driver.session.unbind(driver.now);
        EXPECT_EQ(driver.told(), "end: unbound");
        EXPECT_EQ(driver.said(), "");
    }
}

}  // namespace
}  // namespace sluice::session::test
