#include <algorithm>

#include "engine/gateway/compose.hpp"
#include "engine/gateway/finish.hpp"
#include "engine/gateway/ingress.hpp"
#include "engine/gateway/triggers.hpp"

// What triggers make of messages on their way in. A message whose script waits is nowhere but in its Firing: nobody was
// told anything of it, so that a crash forgets it as it forgets what has not been read yet.
namespace sluice::gateway {

using script::Event;
using script::FieldId;
using script::Verdict;
using smpp::CommandStatus;
using wire::ReplyTo;

CommandStatus Ingress::triggered(Party& party, const smpp::MessageBody& pdu, const ReplyTo& reply, MessageId shown,
                                 MessageId& id) {
    Firing& firing = core_.triggers->begin(Event::submit);
    firing.account = party.id;
    firing.subject.message(pdu, party.account->text);
    firing.subject.fact(FieldId::account, party.account->system_id);
    if (reply.command == 0) firing.subject.forbid_look_ups("the message is one of a submit_multi");
    firing.then = [this, reply, shown, held = core_.hold_arrival()](Firing& its) {
        const Arrival arrival(core_, held);
        MessageId unused = 0;
        const CommandStatus status = after_triggers(its, reply, shown, unused);
        if (status != CommandStatus::ESME_ROK) core_.answer(reply, status);
    };
    if (!core_.triggers->fire(firing)) return CommandStatus::ESME_ROK;
    return after_triggers(firing, reply, shown, id);
}

CommandStatus Ingress::after_triggers(Firing& firing, const ReplyTo& reply, MessageId shown, MessageId& id) {
    Party& party = core_.party(firing.account);
    const script::Subject& subject = firing.subject;
    const auto decide = [&] {
        if (subject.verdict().kind == Verdict::Kind::reject) {
            core_.counters.trigger_rejects.add();
            return subject.verdict().status;
        }
        // While it waited its account may have gone, and the house filled up.
        if (party.account == nullptr || !party.account->enabled || core_.draining)
            return CommandStatus::ESME_RSUBMITFAIL;
        if (full()) return CommandStatus::ESME_RMSGQFUL;
        const routing::Provider* chosen = nullptr;
        if (subject.changed(FieldId::provider)) {
            chosen = core_.snapshot->find_provider(subject.text_of(FieldId::provider));
            if (chosen == nullptr) {
                core_.trigger_log('E', "a trigger chose the provider '" +
                                           std::string(subject.text_of(FieldId::provider)) + "', which there is not");
                core_.counters.trigger_errors.add();
                return CommandStatus::ESME_RSYSERR;
            }
        }
        Message m;
        smpp::MessageBody pdu = subject.body();
        if (pdu.destination_addr.empty()) return CommandStatus::ESME_RINVDSTADR;
        if (const auto status = times(*party.account, pdu, m); status != CommandStatus::ESME_ROK) return status;
        return take(party, pdu, m, reply, shown, id, chosen);
    };
    const CommandStatus status = decide();
    core_.triggers->end(firing, id);
    return status;
}

CommandStatus Ingress::ask_route(Party& party, const smpp::MessageBody& pdu, const routing::RouteDecision& decision,
                                 const ReplyTo& reply, MessageId shown, MessageId& id) {
    Firing& firing = core_.triggers->begin(Event::route);
    firing.account = party.id;
    script::Subject& subject = firing.subject;
    subject.message(pdu, party.account->text);
    subject.fact(FieldId::account, party.account->system_id);
    for (const routing::ProviderId candidate : decision.providers())
        subject.candidates().push_back(core_.snapshot->providers()[candidate].name);
    if (reply.command == 0) subject.forbid_look_ups("the message is one of a submit_multi, or a script's");
    const auto go_on = [this, reply, shown](Firing& its, MessageId& given) {
        Party& account = core_.party(its.account);
        const auto decide = [&]() -> CommandStatus {
            if (account.account == nullptr || !account.account->enabled || core_.draining)
                return CommandStatus::ESME_RSUBMITFAIL;
            if (full()) return CommandStatus::ESME_RMSGQFUL;
            const routing::Provider* chosen = nullptr;
            for (const std::string& name : its.subject.candidates()) {
                const routing::Provider* const provider = core_.snapshot->find_provider(name);
                if (provider == nullptr) {
                    core_.trigger_log('E', "a trigger wants the provider '" + name + "', which there is not");
                    continue;
                }
                // The first that is up, else the first: its queue waits for it.
                if (chosen == nullptr || core_.health[chosen->id] != routing::Health::up) {
                    if (chosen == nullptr || core_.health[provider->id] == routing::Health::up) chosen = provider;
                }
            }
            if (chosen == nullptr) return CommandStatus::ESME_RSYSERR;
            smpp::MessageBody body = its.subject.body();
            Message m;
            if (const auto status = times(*account.account, body, m); status != CommandStatus::ESME_ROK) return status;
            return take(account, body, m, reply, shown, given, chosen);
        };
        const CommandStatus status = decide();
        core_.triggers->end(its, given);
        return status;
    };
    firing.then = [this, reply, go_on, held = core_.hold_arrival()](Firing& its) {
        const Arrival arrival(core_, held);
        MessageId unused = 0;
        const CommandStatus status = go_on(its, unused);
        if (status != CommandStatus::ESME_ROK) core_.answer(reply, status);
    };
    if (!core_.triggers->fire(firing)) return CommandStatus::ESME_ROK;
    return go_on(firing, id);
}

CommandStatus Ingress::triggered(Party& party, const smpp::DeliverSm& pdu, const Owners& owners,
                                 const ReplyTo& reply) {
    const routing::Account* const owner = owners.count > 0 ? core_.party(owners.parties[0]).account : nullptr;
    static const routing::TextProfile plain;
    Firing& firing = core_.triggers->begin(Event::originated);
    firing.provider = party.id;
    firing.account = owner != nullptr ? party_of(*owner) : 0;
    firing.subject.message(pdu, party.provider != nullptr ? party.provider->text : plain);
    if (owner != nullptr) firing.subject.fact(FieldId::account, owner->system_id);
    for (const PartyId each : owners.all())
        if (const routing::Account* const its = core_.party(each).account)
            firing.subject.owners().push_back(its->system_id);
    if (party.provider != nullptr) firing.subject.fact(FieldId::provider, party.provider->name);
    firing.then = [this, reply, held = core_.hold_arrival()](Firing& its) {
        const Arrival arrival(core_, held);
        const CommandStatus status = after_triggers(its, core_.party(its.provider), reply);
        if (status != CommandStatus::ESME_ROK) core_.answer(reply, status);
    };
    if (!core_.triggers->fire(firing)) return CommandStatus::ESME_ROK;
    return after_triggers(firing, party, reply);
}

/// Those that a script has named and that there are.
Owners Ingress::chosen_owners(const script::Subject& subject) {
    Owners owners;
    for (const std::string& name : subject.owners()) {
        if (const routing::Account* const account = core_.find_account(name)) {
            owners.parties[owners.count++] = party_of(*account);
            continue;
        }
        core_.counters.trigger_errors.add();
        core_.trigger_log('W', "a trigger chose the account '" + name + "', which there is not");
    }
    return owners;
}

CommandStatus Ingress::after_triggers(Firing& firing, Party& party, const ReplyTo& reply) {
    const script::Subject& subject = firing.subject;
    MessageId id = 0;
    const auto decide = [&] {
        if (subject.verdict().kind == Verdict::Kind::reject) {
            core_.counters.trigger_rejects.add();
            return subject.verdict().status;
        }
        if (subject.verdict().kind == Verdict::Kind::drop) {
            core_.counters.trigger_drops.add();
            core_.trigger_log('I', "a trigger dropped a message of " + std::string(subject.text_of(FieldId::provider)) +
                                       " for " + std::string(subject.body().destination_addr) + ": " +
                                       subject.verdict().text);
            // What its script sends is on disk before the provider is told.
            core_.messages->after_commit(after_commit(AfterCommit::What::answered, reply, 0));
            return CommandStatus::ESME_ROK;
        }
        if (full()) return CommandStatus::ESME_RX_T_APPN;
        const smpp::DeliverSm pdu = subject.body();
        if (subject.verdict().kind == Verdict::Kind::keep) return originated(party, pdu, reply, {}, id);
        if (subject.changed(FieldId::account))
            if (const Owners chosen = chosen_owners(subject); chosen.count > 0)
                return originated(party, pdu, reply, chosen.all(), id);
        return originated(party, pdu, reply, owners_of(core_, home_request(core_, party, pdu)).all(), id);
    };
    const CommandStatus status = decide();
    core_.triggers->end(firing, id);
    return status;
}

CommandStatus Ingress::send(const script::Sending& sending) {
    const routing::Account* const account = core_.find_account(sending.account);
    if (account == nullptr) return CommandStatus::ESME_RINVSYSID;
    const Arrival none(core_);  // what arrived is not what is sent
    Party& party = core_.party(party_of(*account));
    script::Subject& subject = sending_;
    subject.begin(Event::submit);
    smpp::MessageBody body;
    const auto number = [](std::int64_t given, std::string_view address, std::uint8_t otherwise) {
        if (given >= 0) return static_cast<std::uint8_t>(given);
        const bool digits =
            !address.empty() && std::ranges::all_of(address, [](char c) { return c >= '0' && c <= '9'; });
        return digits ? otherwise : std::uint8_t{0};
    };
    body.source_addr = sending.source_addr;
    body.source_addr_ton = number(sending.source_addr_ton, sending.source_addr, 1);
    body.source_addr_npi = number(sending.source_addr_npi, sending.source_addr, 1);
    body.destination_addr = sending.destination_addr;
    body.dest_addr_ton = number(sending.dest_addr_ton, sending.destination_addr, 1);
    body.dest_addr_npi = number(sending.dest_addr_npi, sending.destination_addr, 1);
    body.registered_delivery = static_cast<std::uint8_t>(sending.registered_delivery);
    const routing::Provider* const named = core_.snapshot->find_provider(sending.provider);
    if (named == nullptr && !sending.provider.empty()) return CommandStatus::ESME_RINVSYSID;
    static const routing::TextProfile plain;
    subject.message(body, !sending.to_account ? account->text : named != nullptr ? named->text : plain);
    if (!subject.set(*script::find_field("text"), script::ValueView::of(std::string_view(sending.text))))
        return CommandStatus::ESME_RINVDCS;
    MessageId id = 0;
    if (!sending.to_account) {
        smpp::MessageBody pdu = subject.body();
        Message m;
        if (const auto status = check(party, pdu, m); status != CommandStatus::ESME_ROK) return status;
        // It is no part of a submit_multi that is being taken apart.
        Unpaid* const together = std::exchange(together_, nullptr);
        const CommandStatus status = take(party, pdu, m, {}, 0, id, named);
        together_ = together;
        return status;
    }
    if (full()) return CommandStatus::ESME_RMSGQFUL;
    return originated(named != nullptr ? core_.party(party_of(*named)) : party, subject.body(), {}, {&party.id, 1}, id);
}

}  // namespace sluice::gateway
