#pragma once

#include <deque>
#include <functional>
#include <unordered_map>
#include <vector>

#include "engine/gateway/convert.hpp"
#include "engine/gateway/core.hpp"

namespace sluice::gateway {

/// What one request brings and is not paid for yet.
struct Unpaid {
    struct Item {
        Message message;
        Split split;  ///< its parts; none: it goes whole
    };
    std::vector<Item> items;  ///< several: of a submit_multi
    Money cost;
    wire::ReplyTo reply;
    HeldArrival pdu;
    std::vector<std::uint8_t> unsuccess;  ///< of a submit_multi, as its answer has them
    std::uint8_t unsuccess_count = 0;

    void add(Message&& message, Split&& split);
    /// Messages, as limits count them.
    std::int64_t count() const;
    /// What it holds in memory, about.
    std::size_t octets() const;
};

/// Messages of accounts whose credits are in a database of their own (routing::ChargingMode::database). They wait here,
/// bounded, until the database has taken what they cost, and are
/// accepted then: nothing is accepted that is not paid for.
///
/// One statement of an account is under way at a time, for as many of its messages as have gathered meanwhile, up to
/// limits::unpaid_together. So they are accepted in the order they came. When the credits do not cover all
/// of them, fewer are tried, down to one. While the database is away, or does not say what it has done,
/// all that wait are refused with Charging::away_status.
class Purses {
public:
    Purses(Core& core, std::function<void(Party&, Unpaid&&)> accept) : core_(core), accept_(std::move(accept)) {}

    /// ESME_ROK: it is accepted or answered later, or was at once. Anything else is the answer, and nothing is kept.
    smpp::CommandStatus hold(Party& account, Unpaid&& unpaid);
    /// Messages that wait.
    std::size_t waiting() const { return waiting_; }

private:
    struct Purse {
        std::deque<Unpaid> queue;
        std::size_t asked = 0;  ///< of the queue; 0: nothing is under way
        std::size_t most = limits::unpaid_together;
        std::uint64_t serial = 0;
    };
    void ask(PartyId id);
    void answered(PartyId id, std::uint64_t serial, accounts::Credits::Outcome outcome);
    void accept_first(Party& party, Purse& purse, std::size_t count);
    void refuse_first(Party& party, Purse& purse, std::size_t count, smpp::CommandStatus status);
    Unpaid take_first(Purse& purse);

    Core& core_;
    const std::function<void(Party&, Unpaid&&)> accept_;
    std::unordered_map<PartyId, Purse> purses_;  ///< those with something in them
    std::size_t waiting_ = 0;
    std::size_t octets_ = 0;  ///< of those
    std::uint64_t next_serial_ = 1;
};

}  // namespace sluice::gateway
