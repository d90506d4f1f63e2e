#include "engine/gateway/event_triggers.hpp"

#include <algorithm>
#include <cstdio>

#include "codecs/smpp/pdu.hpp"
#include "engine/gateway/compose.hpp"
#include "engine/gateway/convert.hpp"
#include "engine/gateway/finish.hpp"


namespace sluice::gateway {

using script::Event;
using script::FieldId;
using script::Verdict;

namespace {

/// Providers that one message may be moved to by scripts: two that refuse it must not toss it to and fro for ever.
constexpr std::uint8_t most_moves = 16;

/// An event about a message that is known.
Firing& begin(Core& core, Event event, const Message& m) {
    static const routing::TextProfile plain;
    Firing& firing = core.triggers->begin(event);
    const Party& account = core.party(m.account);
    const Party& provider = core.party(m.provider);
    firing.account = m.account;
    firing.provider = m.provider;
    script::Subject& subject = firing.subject;
    const auto body = smpp::decode<smpp::MessageBody>(m.body_view(), {true, 255});
    if (body) {
        const routing::TextProfile& from = m.own_text ? parts_profile
                                           : account.account != nullptr ? account.account->text : plain;
        subject.message(*body, from);
    }
    subject.fact(FieldId::id, std::string_view(std::to_string(m.shown_id != 0 ? m.shown_id : m.id)));
    if (account.account != nullptr) subject.fact(FieldId::account, account.account->system_id);
    if (provider.provider != nullptr) subject.fact(FieldId::provider, provider.provider->name);
    subject.fact(FieldId::attempts, std::int64_t{m.attempts});
    if (!m.provider_id.empty()) subject.fact(FieldId::provider_id, m.provider_id);
    return firing;
}

std::string error_code(smpp::CommandStatus status) {
    char text[12];
    std::snprintf(text, sizeof text, "%03u", static_cast<unsigned>(status));
    return text;
}

void hold(Core& core, Message& m, std::uint32_t time) {
    m.due_at = core.now().wall + seconds(time);
    core.note(m.id, TraceEvent::retry, m.destination(), m.attempts);
    core.messages->retry(m);
}

std::string_view outcome_of(smpp::MessageState state) {
    switch (state) {
        case smpp::MessageState::delivered:
        case smpp::MessageState::accepted: return "delivered";
        case smpp::MessageState::expired: return "expired";
        case smpp::MessageState::unknown: return "no_report";
        default: return "undeliverable";
    }
}

}  // namespace

bool fire_before_send(Core& core, Message& m, PooledOctets& changed) {
    Firing& firing = begin(core, Event::before_send, m);
    script::Subject& subject = firing.subject;
    subject.forbid_look_ups("the message is at the head of its queue");
    core.triggers->fire(firing);
    const Verdict verdict = subject.verdict();
    if (verdict.kind == Verdict::Kind::none && subject.changed()) {
        Message made;
        store_body(made, subject.body());
        changed = std::move(made.body);
    }
    core.triggers->end(firing, m.id);
    if (verdict.kind == Verdict::Kind::hold) hold(core, m, verdict.seconds);
    if (verdict.kind == Verdict::Kind::fail)
        finish(core, m, smpp::MessageState::undeliverable, verdict.text.empty() ? "000" : verdict.text);
    return verdict.kind != Verdict::Kind::none;
}

bool fire_provider_response(Core& core, Message& m, smpp::CommandStatus status, bool taken) {
    Firing& firing = begin(core, Event::provider_response, m);
    script::Subject& subject = firing.subject;
    subject.fact(FieldId::status, static_cast<std::int64_t>(status));
    subject.forbid_look_ups("the response is recorded at once");
    core.triggers->fire(firing);
    const Verdict verdict = subject.verdict();
    const routing::Provider* other = nullptr;
    if (!taken && subject.changed(FieldId::provider)) {
        other = core.snapshot->find_provider(subject.text_of(FieldId::provider));
        if (other == nullptr)
            core.trigger_log('E', "a trigger chose the provider '" + std::string(subject.text_of(FieldId::provider)) +
                                      "', which there is not");
    }
    core.triggers->end(firing, m.id);
    if (taken) return false;
    if (verdict.kind == Verdict::Kind::fail) {
        finish(core, m, smpp::MessageState::undeliverable, verdict.text.empty() ? error_code(status) : verdict.text);
        return true;
    }
    if (verdict.kind != Verdict::Kind::hold && (other == nullptr || m.attempts >= most_moves)) return false;
    if (m.attempts < UINT8_MAX) ++m.attempts;
    if (other != nullptr && party_of(*other) != m.provider) {
        core.counters.rerouted.add();
        core.note(m.id, TraceEvent::rerouted, party_of(*other));
        if (verdict.kind != Verdict::Kind::hold) {
            core.messages->reroute(m, party_of(*other));
            return true;
        }
        m.provider = party_of(*other);
    }
    hold(core, m, verdict.kind == Verdict::Kind::hold ? verdict.seconds : 1);
    return true;
}

void fire_receipt(Core& core, const Message& m, const ReceiptFacts& facts,
                  std::function<void(const ReceiptFacts&)> then) {
    Firing& firing = begin(core, Event::receipt, m);
    firing.subject.fact(FieldId::state, smpp::name_of(facts.state));
    firing.subject.fact(FieldId::error, facts.error);
    const MessageId id = m.id;
    firing.then = [&core, id, then](Firing& its) {
        ReceiptFacts made;
        made.error = its.subject.text_of(FieldId::error);
        const auto row = std::ranges::find(smpp::message_states, its.subject.text_of(FieldId::state),
                                           &smpp::MessageStateRow::name);
        made.state = row->value;
        core.triggers->end(its, id);
        then(made);
    };
    if (core.triggers->fire(firing)) std::function(firing.then)(firing);
}

void fire_state_change(Core& core, const Message& m) {
    Firing& firing = begin(core, Event::state_change, m);
    firing.outcome = outcome_of(m.final_state);
    firing.subject.fact(FieldId::state, smpp::name_of(m.final_state));
    firing.subject.fact(FieldId::error, m.error_text());
    const MessageId id = m.id;
    firing.then = [&core, id](Firing& its) { core.triggers->end(its, id); };
    if (core.triggers->fire(firing)) core.triggers->end(firing, id);
}

std::string address_text(const io::Endpoint& peer) {
    std::string text = peer.to_string();
    text.resize(text.rfind(':'));
    if (text.starts_with('[')) text = text.substr(1, text.size() - 2);
    return text;
}

void fire_session_closed(Core& core, const Party& account, const io::Endpoint& peer, std::string_view reason,
                         seconds duration) {
    Firing& firing = core.triggers->begin(Event::session_closed);
    firing.account = account.id;
    if (account.account != nullptr) firing.subject.fact(FieldId::account, account.account->system_id);
    firing.subject.fact(FieldId::address, address_text(peer));
    firing.subject.fact(FieldId::reason, reason);
    firing.subject.fact(FieldId::duration, std::int64_t{duration.count()});
    firing.then = [&core](Firing& its) { core.triggers->end(its, 0); };
    if (core.triggers->fire(firing)) core.triggers->end(firing, 0);
}

}  // namespace sluice::gateway
