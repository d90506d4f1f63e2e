#include "engine/gateway/purses.hpp"

#include <algorithm>

namespace sluice::gateway {

using smpp::CommandStatus;
using Outcome = accounts::Credits::Outcome;

void Unpaid::add(Message&& message, Split&& split) {
    cost += message.charge;
    items.push_back({std::move(message), std::move(split)});
}

std::int64_t Unpaid::count() const {
    std::int64_t count = 0;
    for (const Item& item : items)
        count += static_cast<std::int64_t>(std::max<std::size_t>(1, item.split.parts.size()));
    return count;
}

std::size_t Unpaid::octets() const {
    std::size_t octets = sizeof *this + unsuccess.size() + (pdu != nullptr ? pdu->body.size() : 0);
    for (const Item& item : items) {
        octets += sizeof item + item.message.body_view().size();
        for (const auto& part : item.split.parts) octets += sizeof part + part.size();
    }
    return octets;
}

CommandStatus Purses::hold(Party& account, Unpaid&& unpaid) {
    const std::size_t octets = unpaid.octets();
    if (waiting_ + unpaid.items.size() > limits::unpaid_messages || octets_ + octets > limits::unpaid_octets ||
        core_.move_credits == nullptr) {
        core_.counters.refused_unpaid.add();
        return account.account->charging.away_status;
    }
    account.shared->queued += unpaid.count();
    waiting_ += unpaid.items.size();
    octets_ += octets;
    Purse& purse = purses_[account.id];
    purse.queue.push_back(std::move(unpaid));
    if (purse.asked == 0) ask(account.id);
    return CommandStatus::ESME_ROK;
}

/// Asks for the first in the queue, until there is none or an answer must be waited for.
void Purses::ask(PartyId id) {
    Party& party = core_.party(id);
    for (;;) {
        Purse& purse = purses_.at(id);
        // What costs nothing goes with what is before it.
        while (!purse.queue.empty() && purse.queue.front().cost == Money{}) accept_first(party, purse, 1);
        if (purse.queue.empty()) {
            purses_.erase(id);
            return;
        }
        const routing::Account* const account = party.account;
        if (account == nullptr || account->charging.mode != routing::ChargingMode::database) {
            refuse_first(party, purse, purse.queue.size(), CommandStatus::ESME_RSUBMITFAIL);  // a reload came between
            continue;
        }
        purse.asked = std::min(purse.queue.size(), purse.most);
        purse.serial = next_serial_++;
        Money sum;
        for (std::size_t i = 0; i < purse.asked; ++i) sum += purse.queue[i].cost;
        const auto done = [this, reactor = core_.reactor, id, serial = purse.serial](Outcome outcome) {
            reactor->post([this, id, serial, outcome] { answered(id, serial, outcome); });
        };
        const std::string& source = core_.snapshot->accounts()[account->id].system_id;
        return core_.move_credits(source, account->system_id, sum, done);
    }
}

void Purses::answered(PartyId id, std::uint64_t serial, Outcome outcome) {
    Party& party = core_.party(id);
    Purse& purse = purses_.at(id);
    SLUICE_CHECK(purse.serial == serial);
    const std::size_t asked = std::exchange(purse.asked, 0);
    switch (outcome) {
        case Outcome::moved:
            purse.most = std::min(limits::unpaid_together, purse.most * 2);
            accept_first(party, purse, asked);
            break;
        case Outcome::too_few:
            if (asked == 1) {
                core_.counters.refused_credit.add();
                refuse_first(party, purse, 1, core_.config.no_credit_status);
            }
            purse.most = std::max<std::size_t>(1, asked / 2);
            break;
        default: {
            if (outcome == Outcome::uncertain) core_.counters.charges_uncertain.add();
            const CommandStatus status = party.account != nullptr ? party.account->charging.away_status
                                                                  : CommandStatus::ESME_RSUBMITFAIL;
            core_.counters.refused_unpaid.add(purse.queue.size());
            refuse_first(party, purse, purse.queue.size(), status);
        }
    }
    ask(id);
}

Unpaid Purses::take_first(Purse& purse) {
    Unpaid first = std::move(purse.queue.front());
    purse.queue.pop_front();
    waiting_ -= first.items.size();
    octets_ -= first.octets();
    return first;
}

void Purses::accept_first(Party& party, Purse& purse, std::size_t count) {
    for (; count > 0; --count) accept_(party, take_first(purse));
}

void Purses::refuse_first(Party& party, Purse& purse, std::size_t count, CommandStatus status) {
    for (; count > 0; --count) {
        const Unpaid refused = take_first(purse);
        party.shared->queued -= refused.count();
        core_.answer(refused.reply, status);
    }
}

}  // namespace sluice::gateway
