#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/session/driver.hpp"

namespace sluice::session::test {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

/// Where a request reaches the owner: the states of v3.4 table 2-1 and v5.0 table 2-1, written down again here so that
/// the table of the codec is checked and not believed.
struct Expectation {
    CommandId request;
    std::string_view from_esme;  ///< bound_tx: t, bound_rx: r, bound_trx: x
    std::string_view from_mc;
    bool answered = true;
};
constexpr Expectation expectations[] = {
    {CommandId::submit_sm, "tx", ""},
    {CommandId::submit_multi, "tx", ""},
    {CommandId::query_sm, "tx", ""},
    {CommandId::replace_sm, "tx", ""},
    {CommandId::cancel_sm, "tx", ""},
    {CommandId::broadcast_sm, "tx", ""},
    {CommandId::query_broadcast_sm, "tx", ""},
    {CommandId::cancel_broadcast_sm, "tx", ""},
    {CommandId::param_retrieve, "tx", ""},
    {CommandId::query_last_msgs, "tx", ""},
    {CommandId::query_msg_details, "tx", ""},
    {CommandId::data_sm, "trx", "trx"},
    {CommandId::deliver_sm, "", "rx"},
    {CommandId::alert_notification, "", "rx", false},
};

constexpr State states[] = {State::open,     State::outbound,  State::bound_tx, State::bound_rx,
                            State::bound_trx, State::unbound, State::closed};
constexpr std::uint32_t sequence = 0x87654321;

bool is_bound(State state) {
    return state == State::bound_tx || state == State::bound_rx || state == State::bound_trx;
}
bool connecting(State state) { return state == State::open || state == State::outbound; }

std::string response(CommandId request, std::string_view status) {
    return std::string(smpp::name_of(smpp::response_of(request))) + " " + std::string(status) + " 2271560481";
}
std::string request(CommandId id) { return std::string(smpp::name_of(id)) + " 2271560481"; }

/// What the session says to its peer and tells its owner when `id` comes.
struct Outcome {
    std::string said, told;
    friend bool operator==(const Outcome&, const Outcome&) = default;
    friend std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
        return out << "said [" << outcome.said << "], told [" << outcome.told << "]";
    }
};

Outcome expected(Role role, State state, CommandId id) {
    if (state == State::closed || smpp::is_response(id)) return {};
    for (const Expectation& row : expectations) {
        if (row.request != id) continue;
        const std::string_view where = role == Role::message_centre ? row.from_esme : row.from_mc;
        const char letter = state == State::bound_tx ? 't' : state == State::bound_rx ? 'r' : 'x';
        if (is_bound(state) && where.find(letter) != where.npos) return {"", request(id)};
        return {row.answered ? response(id, "ESME_RINVBNDSTS") : "", ""};
    }
    switch (id) {
        case CommandId::enquire_link: return {response(id, "ESME_ROK"), ""};
        case CommandId::unbind:
            if (is_bound(state)) return {response(id, "ESME_ROK"), "end: peer unbound"};
            if (state == State::unbound) return {response(id, "ESME_ROK"), "end: unbound"};
            return {response(id, "ESME_RINVBNDSTS"), ""};
        case CommandId::outbind:
            if (role == Role::esme && state == State::open) return {"", "outbind from centre"};
            return {};
        default:  // the three binds
            if (role == Role::esme) return {response(id, "ESME_RINVBNDSTS"), ""};
            if (connecting(state)) return {"", request(id)};
            return {response(id, is_bound(state) ? "ESME_RALYBND" : "ESME_RINVBNDSTS"), ""};
    }
}

Octets body_of(CommandId id) {
    switch (id) {
        case CommandId::bind_receiver:
        case CommandId::bind_transmitter:
        case CommandId::bind_transceiver: return bind_body();
        case CommandId::outbind: return octets("centre\0secret\0"sv);
        default: return {};
    }
}

TEST(Permissions, EveryCommandInEveryStateForEachRole) {
    for (const Role role : {Role::message_centre, Role::esme}) {
        for (const State state : states) {
            for (const smpp::Command& command : smpp::commands) {
                SCOPED_TRACE(std::string(name(role)) + " " + std::string(name(state)) + " " +
                             std::string(command.name));
                Driver driver(role, state);
                driver.receive(command.value, sequence, body_of(command.value));
                EXPECT_EQ((Outcome{driver.said(), driver.told()}), expected(role, state, command.value));
            }
        }
    }
}

TEST(Permissions, ResponsesToNothingAreCountedInEveryState) {
    for (const Role role : {Role::message_centre, Role::esme}) {
        for (const State state : states) {
            if (state == State::closed) continue;
            SCOPED_TRACE(std::string(name(role)) + " " + std::string(name(state)));
            Driver driver(role, state);
            std::uint64_t responses = 0;
            for (const smpp::Command& command : smpp::commands) {
                if (!smpp::is_response(command.value)) continue;
                driver.receive(command.value, sequence);
                ++responses;
            }
            driver.receive(CommandId{0x80001234}, sequence);
            EXPECT_EQ(driver.said(), "") << "a response is never answered, not even an unknown one";
            EXPECT_EQ(driver.session.counters().unknown_responses, responses + 1);
            EXPECT_EQ(driver.session.state(), state);
        }
    }
}

TEST(Permissions, WeSendWhatThePeerMayReceive) {
    for (const Role role : {Role::message_centre, Role::esme}) {
        const Role peer = role == Role::esme ? Role::message_centre : Role::esme;
        for (const State state : states) {
            for (const Expectation& row : expectations) {
                SCOPED_TRACE(std::string(name(role)) + " " + std::string(name(state)) + " " +
                             std::string(smpp::name_of(row.request)));
                Driver driver(role, state);
                const bool sent = driver.send(row.request, 1) != 0;
                EXPECT_EQ(sent, expected(peer, state, row.request).told != "");
                EXPECT_EQ(driver.said() != "", sent);
                EXPECT_EQ(driver.session.in_flight(), sent && row.answered ? 1u : 0u);
            }
        }
    }
}

TEST(Permissions, MessagesFlowWhereTheBindSays) {
    const auto flows = [](Role role, State state) {
        Driver driver(role, state);
        return std::pair(driver.session.can_send(), driver.session.can_receive());
    };
    using Flow = std::pair<bool, bool>;
    EXPECT_EQ(flows(Role::esme, State::bound_tx), Flow(true, false));
    EXPECT_EQ(flows(Role::esme, State::bound_rx), Flow(false, true));
    EXPECT_EQ(flows(Role::esme, State::bound_trx), Flow(true, true));
    EXPECT_EQ(flows(Role::message_centre, State::bound_tx), Flow(false, true));
    EXPECT_EQ(flows(Role::message_centre, State::bound_rx), Flow(true, false));
    EXPECT_EQ(flows(Role::message_centre, State::bound_trx), Flow(true, true));
    for (const State state : {State::open, State::outbound, State::unbound, State::closed}) {
        EXPECT_EQ(flows(Role::esme, state), Flow(false, false)) << name(state);
        EXPECT_EQ(flows(Role::message_centre, state), Flow(false, false)) << name(state);
    }
}

}  // namespace
}  // namespace sluice::session::test
