#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "tests/session/checked_owner.hpp"
#include "tests/session/driver.hpp"

/// Two sessions, an ESME's and a message centre's, on one connection in virtual time: whatever happens, both keep
/// their promises (checked_owner.hpp) and both end.
namespace sluice::session::test {
namespace {

constexpr std::array from_esme = {CommandId::submit_sm, CommandId::query_sm, CommandId::data_sm, CommandId::deliver_sm};
constexpr std::array from_centre = {CommandId::deliver_sm, CommandId::alert_notification, CommandId::data_sm,
                                    CommandId::submit_sm};
constexpr std::array bind_ids = {CommandId::bind_transceiver, CommandId::bind_transmitter, CommandId::bind_receiver};

class Connection {
public:
    Connection(const SessionConfig& esme, const SessionConfig& centre, std::uint64_t seed)
        : esme_(esme, seed), centre_(centre, seed + 1) {}

    /// One step, decoded from a random number.
    void step(std::uint32_t word) {
        const std::uint32_t argument = word >> 8;
        CheckedOwner& owner = word & 0x80 ? esme_ : centre_;
        switch (word & 0x1F) {
            case 0: esme_.bind(bind_ids[argument % bind_ids.size()]); break;
            case 1: centre_.outbind(); break;
            case 2: centre_.settle_bind(argument % 8 != 0); break;
            case 3:
                if (argument % 256 == 1) owner.session.unbind(owner.now);
                break;
            case 4:
                if (argument % 2048 == 1) lose();
                break;
            case 5: noise(owner, argument); break;
            case 6: pass(milliseconds(argument % 16 == 1 ? 4000 : argument % 100)); break;
            case 7: pass(milliseconds(argument % 10)); break;
            case 8: case 9: case 10: owner.respond(argument); break;
            case 11:
                if (owner.readable()) owner.offer();
                break;
            case 12: case 13: case 14: case 15: case 16: esme_.send(from_esme[argument % from_esme.size()]); break;
            case 17:
            case 18:
            case 19:
            case 20:
            case 21: centre_.send(from_centre[argument % from_centre.size()]); break;
            default: carry(owner, argument % 200); break;
        }
        check();
    }

    /// Lets everything take its course until both have ended.
    void finish() {
        for (int round = 0; round < 10000 && !(esme_.ended && centre_.ended); ++round) {
            centre_.settle_bind(true);
            for (CheckedOwner* owner : {&esme_, &centre_}) {
                carry(*owner, SIZE_MAX);
                while (!owner->held().empty()) owner->respond(0);
                if (owner->readable()) owner->offer();
                CheckedOwner& peer = other(*owner);
                if (peer.ended && peer.out.empty() && !owner->ended) owner->session.connection_lost(owner->now);
                check();
            }
            if (round == 20) esme_.session.unbind(esme_.now);
            if (round > 40) pass(milliseconds(100));
        }
        require(esme_.ended && centre_.ended, "both end");
    }

private:
    CheckedOwner& other(const CheckedOwner& owner) { return &owner == &esme_ ? centre_ : esme_; }

    /// Octets arrive at `to`.
    void carry(CheckedOwner& to, std::size_t size) {
        OutBuffer& from = other(to).out;
        const ByteView view = from.view().first(std::min(size, from.size()));
        if (view.empty()) return;
        to.arrive(view);
        from.consume(view.size());
    }
    void pass(nanoseconds time) {
        esme_.pass(time);
        centre_.pass(time);
    }
    void lose() {
        esme_.session.connection_lost(esme_.now);
        centre_.session.connection_lost(centre_.now);
    }
    /// A PDU that the peer's session would not have sent.
    void noise(CheckedOwner& to, std::uint32_t argument) {
        const smpp::Command& command = smpp::commands[argument % smpp::commands.size()];
        const CommandId id = argument % 7 == 0 ? CommandId{0x00010203} : command.value;
        if (id == CommandId::unbind || other(to).ended) return;
        other(to).out.append(pdu(id, argument % 20, bind_body()));
    }
    void check() const {
        esme_.check();
        centre_.check();
    }

    CheckedOwner esme_;
    CheckedOwner centre_;
};

SessionConfig config(Role role) {
    SessionConfig result;
    result.role = role;
    result.window = *rc::gen::inRange(1u, 6u);
    result.peer_window = *rc::gen::inRange(1u, 6u);
    result.timers.enquire_link = milliseconds(*rc::gen::inRange(0, 3) * 700);
    result.timers.inactivity = milliseconds(*rc::gen::inRange(0, 3) * 2500);
    result.timers.response = milliseconds(*rc::gen::inRange(200, 3000));
    return result;
}

TEST(BackToBack, BothKeepTheirPromisesAndEnd) {
    EXPECT_TRUE(rc::check([] {
        Connection connection(config(Role::esme), config(Role::message_centre), *rc::gen::arbitrary<std::uint32_t>());
        // Half of the runs begin bound, so that messages flow.
        if (*rc::gen::arbitrary<bool>()) {
            for (const std::uint32_t step : {0x00u, 0xFF1Fu, 0x0102u, 0xFF9Fu}) connection.step(step);
        }
        const auto word = rc::gen::inRange<std::uint32_t>(0, 1u << 24);
        const auto words = *rc::gen::resize(800, rc::gen::container<std::vector<std::uint32_t>>(word));
        for (const std::uint32_t step : words) connection.step(step);
        connection.finish();
    }));
}

}  // namespace
}  // namespace sluice::session::test
