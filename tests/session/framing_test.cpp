#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "engine/base/limits.hpp"
#include "engine/base/random.hpp"
#include "tests/session/driver.hpp"

/// What the stream may hold: interop P10, P14, P15, S11, W2.
namespace sluice::session::test {
namespace {

using namespace std::string_literals;

Octets with_length(std::uint32_t length) {
    Octets octets = pdu(CommandId::submit_sm, 7);
    store_be(octets.data(), length);
    return octets;
}

TEST(Framing, AnImpossibleCommandLengthEndsTheSession) {
    for (const std::uint32_t length : {0u, 1u, 15u, limits::max_pdu + 1, 0x7FFFFFFFu, 0xFFFFFFFFu}) {
        for (const State state : {State::open, State::bound_trx, State::unbound}) {
            Driver driver(Role::message_centre, state);
            driver.receive(with_length(length));
            EXPECT_EQ(driver.said(), "generic_nack ESME_RINVCMDLEN 0") << length;
            EXPECT_EQ(driver.told(), "end: framing") << length;
            EXPECT_EQ(driver.session.counters().malformed, 1u);
        }
    }
}

TEST(Framing, ThePossibleLengthsAreLimits) {
    Driver driver(Role::message_centre, State::bound_trx);
    const Octets largest(limits::max_pdu - smpp::header_size);
    EXPECT_EQ(driver.receive(CommandId::submit_sm, 1, largest), limits::max_pdu);
    EXPECT_EQ(driver.receive(CommandId::submit_sm, 2), smpp::header_size);
    EXPECT_EQ(driver.told(), "submit_sm 1, submit_sm 2");
}

TEST(Framing, OtherProtocolsOnThePort) {
    for (const std::string_view text :
         {"GET / HTTP/1.1\r\nHost: centre\r\n\r\n", "\r\n\r\n\r\n", "\x16\x03\x01\x02", "SSH-2.0-OpenSSH_9.2\r\n"}) {
        Driver driver(Role::message_centre);
        driver.receive(octets(text));
        EXPECT_EQ(driver.said(), "generic_nack ESME_RINVCMDLEN 0") << text;
        EXPECT_EQ(driver.told(), "end: framing") << text;
        EXPECT_EQ(driver.receive(octets(text)), 0u) << "nothing is consumed after the end";
        EXPECT_EQ(driver.said(), "");
    }
}

TEST(Framing, WhatCameBeforeTheBadLengthCounts) {
    Driver driver(Role::message_centre, State::bound_trx);
    driver.receive(pdu(CommandId::submit_sm, 1) + with_length(3) + pdu(CommandId::submit_sm, 2));
    EXPECT_EQ(driver.told(), "submit_sm 1, end: framing");
}

TEST(Framing, UnknownCommandsLeaveTheBindStanding) {
    Driver driver(Role::message_centre, State::bound_trx);
    for (std::uint32_t i = 0; i < 100; ++i) driver.receive(CommandId{0x00010200 + i}, i, octets("vendor"));
    driver.said();
    driver.receive(CommandId{0x0000000A}, 0xFFFFFFFF);
    EXPECT_EQ(driver.said(), "generic_nack ESME_RINVCMDID 4294967295");
    driver.receive(CommandId::submit_sm, 5);
    EXPECT_EQ(driver.told(), "submit_sm 5");
    EXPECT_EQ(driver.session.counters().malformed, 101u);
}

TEST(Framing, NonsenseBeforeTheBindHasABound) {
    for (const State state : {State::open, State::outbound}) {
        Driver driver(Role::message_centre, state);
        for (std::uint32_t i = 1; i < 10; ++i) {
            driver.receive(CommandId{0x42}, i);
            EXPECT_EQ(driver.told(), "");
        }
        driver.receive(CommandId{0x42}, 10);
        EXPECT_EQ(driver.told(), "end: too many errors");
    }
}

TEST(Framing, ACleanBindWipesEarlyErrorsOut) {
    Driver driver(Role::message_centre);
    for (std::uint32_t i = 1; i < 10; ++i) driver.receive(CommandId{0x42}, i);
    driver.enter(State::bound_trx);
    for (std::uint32_t i = 1; i < 100; ++i) driver.receive(CommandId{0x42}, i);
    EXPECT_EQ(driver.told(), "");
}

TEST(Framing, AnySequenceNumberIsEchoed) {
    Driver driver(Role::message_centre, State::bound_trx);
    driver.when_request = [&](const smpp::Header& header, ByteView) {
        driver.session.respond(header.id, header.sequence, CommandStatus::ESME_ROK);
    };
    for (const std::uint32_t sequence : {0u, 1u, 1u, 0x7FFFFFFFu, 0x80000000u, 0xFFFFFFFFu}) {
        driver.receive(CommandId::submit_sm, sequence);
        EXPECT_EQ(driver.said(), "submit_sm_resp ESME_ROK " + std::to_string(sequence));
        driver.receive(CommandId::enquire_link, sequence);
        EXPECT_EQ(driver.said(), "enquire_link_resp ESME_ROK " + std::to_string(sequence));
    }
}

TEST(Framing, BodiesWhereNoneBelong) {
    Driver driver(Role::message_centre, State::bound_trx);
    driver.receive(CommandId::enquire_link, 4, {0});
    EXPECT_EQ(driver.said(), "enquire_link_resp ESME_ROK 4");
    driver.pass(seconds(30));
    EXPECT_EQ(driver.said(), "enquire_link 1");
    driver.receive(CommandId::enquire_link_resp, 1, {0});  // 17 octets (interop W2)
    driver.pass(seconds(20));
    EXPECT_EQ(driver.told(), "");
    driver.receive(CommandId::unbind, 5, octets("good bye"));
    EXPECT_EQ(driver.said(), "unbind_resp ESME_ROK 5");
}

/// A whole life of a session, as its peer sends it.
Octets life() {
    return pdu(CommandId::enquire_link, 1) + pdu(CommandId::submit_sm, 2) +
           pdu(CommandId::bind_transceiver, 3, bind_body()) + pdu(CommandId{0x77}, 4) +
           pdu(CommandId::submit_sm, 5, octets("one")) + pdu(CommandId::deliver_sm_resp, 1) +
           pdu(CommandId::deliver_sm_resp, 1) + pdu(CommandId::submit_sm, 6, octets("two")) +
           pdu(CommandId::bind_receiver, 7, bind_body()) + pdu(CommandId::generic_nack, 2) +
           pdu(CommandId::query_sm, 8) + pdu(CommandId::unbind, 9) + pdu(CommandId::submit_sm, 10);
}

/// Feeds `stream` in pieces, as Io does: what was not consumed is offered again with what follows.
std::string outcome(const Octets& stream, const std::function<std::size_t()>& piece) {
    Driver driver(Role::message_centre);
    driver.when_bind = [&](const smpp::Header&, const smpp::Bind&) { driver.session.accept_bind(driver.now); };
    driver.when_bound = [&] {
        driver.send(CommandId::deliver_sm, 100);
        driver.send(CommandId::deliver_sm, 200);
        driver.send(CommandId::deliver_sm, 300);
    };
    std::string bodies;
    driver.when_request = [&](const smpp::Header& header, ByteView body) {
        bodies += as_text(body);
        driver.session.respond(header.id, header.sequence, CommandStatus::ESME_ROK);
    };
    Octets pending;
    for (std::size_t at = 0; at < stream.size();) {
        const std::size_t size = std::min(piece(), stream.size() - at);
        pending.insert(pending.end(), stream.begin() + static_cast<std::ptrdiff_t>(at),
                       stream.begin() + static_cast<std::ptrdiff_t>(at + size));
        at += size;
        const std::size_t consumed = driver.receive(pending);
        pending.erase(pending.begin(), pending.begin() + static_cast<std::ptrdiff_t>(consumed));
    }
    return driver.told() + "\n" + driver.said() + "\n" + bodies;
}

TEST(Framing, PiecesOfAnySizeGiveTheSameOutcome) {
    const Octets stream = life();
    const std::string burst = outcome(stream, [&] { return stream.size(); });
    EXPECT_EQ(burst,
              "bind_transceiver 3, bound, submit_sm 5, deliver_sm_resp ESME_ROK 1 for #100, submit_sm 6, "
              "generic_nack ESME_ROK 2 for #200, query_sm 8, unanswered #300, end: peer unbound\n"
              "enquire_link_resp ESME_ROK 1, submit_sm_resp ESME_RINVBNDSTS 2, bind_transceiver_resp ESME_ROK 3, "
              "deliver_sm 1, deliver_sm 2, deliver_sm 3, generic_nack ESME_RINVCMDID 4, submit_sm_resp ESME_ROK 5, "
              "submit_sm_resp ESME_ROK 6, bind_receiver_resp ESME_RALYBND 7, query_sm_resp ESME_ROK 8, "
              "unbind_resp ESME_ROK 9\n"
              "onetwo");
    EXPECT_EQ(outcome(stream, [] { return std::size_t{1}; }), burst);
    Random random(1);
    for (int i = 0; i < 200; ++i)
        EXPECT_EQ(outcome(stream, [&] { return std::size_t{1 + random.below(40)}; }), burst);
}

TEST(Framing, GarbageInPiecesEndsAsGarbageAtOnce) {
    Driver driver(Role::message_centre);
    const Octets text = octets("GET / HTTP/1.1\r\n");
    for (int size = 1; size < 4; ++size) EXPECT_EQ(driver.receive({text.begin(), text.begin() + size}), 0u);
    EXPECT_EQ(driver.told(), "");
    driver.receive({text.begin(), text.begin() + 4});
    EXPECT_EQ(driver.told(), "end: framing");
    EXPECT_EQ(driver.said(), "generic_nack ESME_RINVCMDLEN 0");
}

TEST(Framing, ABurstOfTenThousand) {
    Driver driver(Role::message_centre, State::bound_trx);
    std::uint32_t requests = 0;
    driver.when_request = [&](const smpp::Header& header, ByteView) {
        ++requests;
        driver.session.respond(header.id, header.sequence, CommandStatus::ESME_ROK);
    };
    Octets burst;
    for (std::uint32_t i = 1; i <= 10000; ++i) burst = std::move(burst) + pdu(CommandId::submit_sm, i, Octets(40));
    EXPECT_EQ(driver.receive(burst), burst.size());
    EXPECT_EQ(requests, 10000u);
    EXPECT_EQ(driver.session.counters().pdus_out, 10001u) << "with the bind's answer";
    EXPECT_EQ(driver.out.size(), 10000 * smpp::header_size);
}

}  // namespace
}  // namespace sluice::session::test
