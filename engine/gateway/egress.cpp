#include "engine/gateway/egress.hpp"

#include <algorithm>
#include <bit>
#include <cstdio>

#include "engine/gateway/caps.hpp"
#include "engine/gateway/charging.hpp"
#include "engine/gateway/compose.hpp"
#include "engine/gateway/event_triggers.hpp"
#include "engine/gateway/finish.hpp"
#include "engine/gateway/outgoing_text.hpp"
#include "engine/gateway/parts.hpp"
#include "engine/gateway/receipts.hpp"

namespace sluice::gateway {

using wire::OutcomeNote;

namespace {

/// Messages one outlet gets in a row before the next has its turn: fewer, fuller segments.
constexpr std::uint32_t run_length = 64;
constexpr std::size_t sends_per_turn = 2048;
constexpr std::size_t reroutes_per_look = 1000;
constexpr milliseconds not_sent_pause{5};

/// Cookies of what we send for other shards; a message's handle never has this bit.
constexpr std::uint64_t errand_bit = 1ull << 63;

std::string error_of(smpp::CommandStatus status) {
    char text[12];
    const auto value = static_cast<std::uint32_t>(status);
    std::snprintf(text, sizeof text, value < 1000 ? "%03u" : "%X", value);
    return text;
}

TraceEvent trace_event(OutcomeNote::Kind kind) {
    switch (kind) {
        case OutcomeNote::Kind::answered: return TraceEvent::response;
        case OutcomeNote::Kind::unanswered: return TraceEvent::unanswered;
        default: return TraceEvent::not_sent;
    }
}

routing::ErrorClass class_of(const Party& provider, smpp::CommandStatus status) {
    return provider.provider != nullptr ? provider.provider->status_map.classify(status)
                                        : routing::StatusMap::default_class(status);
}

}  // namespace

// ---- who may send

void Egress::attach(Party& party, Connection& connection) {
    party.outlets.push_back(&connection);
    announce(party);
    wake(party);
}

void Egress::detach(Party& party, Connection& connection) {
    if (std::erase(party.outlets, &connection) > 0) announce(party);
    party.turn = 0;
}

void Egress::announce(Party& party) {
    std::uint32_t window = 0;
    if (party.provider != nullptr) {
        const routing::Provider& provider = *party.provider;
        const auto here = static_cast<std::uint32_t>(party.outlets.size());
        window = provider.window * here;
        party.pace.configure(provider.rate, provider.window, provider.adapt);
        core_.refresh_health(party);
    } else if (party.account != nullptr) {
        window = party.account->window * static_cast<std::uint32_t>(party.outlets.size());
    }
    const wire::OutletsNote note{party.id, static_cast<std::uint32_t>(party.outlets.size()), window, 0};
    for (std::uint32_t shard = 0; shard < core_.shards; ++shard)
        if (shard != core_.shard) core_.send(shard, wire::Type::outlets, note);
}

void Egress::on_outlets(std::uint32_t from, const wire::OutletsNote& note) {
    Party& party = core_.party(note.party);
    party.remotes[from].outlets = note.outlets;
    party.remotes[from].room = note.outlets > 0 ? std::max(1u, note.window / core_.shards) : 0;
    core_.refresh_health(party);
    wake(party);
}

// ---- sending

void Egress::pump() {
    for (std::size_t i = 0; i < dirty_.size(); ++i) {
        dirty_[i]->dirty = false;
        pump(*dirty_[i]);
    }
    dirty_.clear();
}

void Egress::hold(Party& party, MonoTime until) {
    party.held_until = std::max(party.held_until, until);
    if (party.timer_armed) return;
    party.timer_armed = true;
    core_.reactor->timers().arm(party.held_until, [this, &party] {
        party.timer_armed = false;
        wake(party);
    });
}

Message* Egress::next(Party& party) {
    while (party.filled != 0) {
        const auto place = static_cast<unsigned>(std::countr_zero(party.filled));
        Lane& lane = *party.lanes[place];
        while (Message* m = lane.head()) {
            if (m->expires_at > core_.now().wall) return m;
            expire(*m);
        }
        if (!lane.empty()) return nullptr;  // those on disk come before lower priorities
        party.filled &= ~(1u << place);
    }
    return nullptr;
}

namespace {
bool has_room(const Party& party, const Connection& outlet) {
    const bool paced = party.provider == nullptr || outlet.session().in_flight() < party.pace.window();
    return paced && outlet.session().window_open();
}
}  // namespace

Connection* Egress::pick(Party& party) {
    const auto next_turn = [&] {
        party.run = 0;
        ++party.turn;
    };
    if (party.run >= run_length) next_turn();
    for (std::size_t tried = 0; tried < party.outlets.size(); ++tried, next_turn()) {
        if (party.turn >= party.outlets.size()) party.turn = 0;
        Connection* const outlet = party.outlets[party.turn];
        if (has_room(party, *outlet) && outlet->session().can_send() &&
            core_.reactor->io().unsent(outlet->link()) < limits::out_high_water) {
            ++party.run;
            return outlet;
        }
    }
    return nullptr;
}

bool Egress::take_turn(Party& party) {
    if (party.provider == nullptr) return true;
    const MonoTime now = core_.now().mono;
    const routing::Rate rate = party.provider->rate;
    if (!party.pace.take(now)) {
        hold(party, party.pace.ready_at(now));
        return false;
    }
    if (party.shared->rate.take(rate, now)) return true;
    party.pace.put_back();
    hold(party, party.shared->rate.ready_at(rate, now));
    return false;
}

bool Egress::send_here(Connection& outlet, Party& party, Message& m) {
    if (!take_turn(party)) return false;
    if (core_.fires(script::Event::before_send) && !m.to_account()) [[unlikely]]
        return triggered(m, [&] { return send_by(outlet, party, m); });
    return send_by(outlet, party, m);
}

template <class Send>
bool Egress::triggered(Message& m, Send&& send) {
    PooledOctets other;
    if (fire_before_send(core_, m, other)) return true;
    if (other.view().empty()) return send();
    const Handle self = m.self;
    std::swap(m.body, other);
    const bool sent = send();
    if (Message* const still = core_.messages->find(self)) std::swap(still->body, other);
    return sent;
}

bool Egress::send_by(Connection& outlet, Party& party, Message& m) {
    static thread_local std::vector<std::uint8_t> scratch;
    const bool tlvs = party.account == nullptr || outlet.session().tlvs_allowed();
    Outgoing out = compose(m, party.account, tlvs, scratch);
    if ((party.converts || m.own_text || !tlvs) && !convert_outgoing(core_, party, m, tlvs, out))
        return text_refused(m);
    SLUICE_CHECK((m.self.packed() & errand_bit) == 0);
    if (!count_try(core_, party, m)) return false;
    const std::uint32_t sequence =
        outlet.send(out.command, out.body.size(), [&](std::uint8_t* to) { return out.write(to); }, m.self.packed());
    if (sequence == 0) {
        uncount_try(core_, m);
        return false;
    }
    core_.note(m.id, TraceEvent::send, party.id, core_.shard);
    if (core_.config.history_pdus) [[unlikely]] {
        std::vector<std::uint8_t> body(out.body.size());
        body.resize(out.write(body.data()));
        core_.note_pdu(m.id, TraceEvent::pdu_out, party.id, {0, out.command, {}, sequence}, body);
    }
    core_.messages->sending(m);
    return true;
}

bool Egress::text_refused(Message& m) {
    core_.counters.text_undeliverable.add();
    finish(core_, m, smpp::MessageState::undeliverable, error_of(smpp::CommandStatus::ESME_RINVDCS));
    return true;
}

bool Egress::send_there(Party& party, Message& m) {
    for (std::uint32_t shard = 0; shard < core_.shards; ++shard) {
        Party::Remote& remote = party.remotes[shard];
        if (remote.outlets == 0 || remote.outstanding >= remote.room || core_.crowded(shard)) continue;
        if (core_.fires(script::Event::before_send) && !m.to_account()) [[unlikely]]
            return triggered(m, [&] { return send_to(shard, party, m); });
        return send_to(shard, party, m);
    }
    return false;
}

bool Egress::send_to(std::uint32_t shard, Party& party, Message& m) {
    static thread_local std::vector<std::uint8_t> scratch, body;
    Outgoing out = compose(m, party.account, true, scratch);
    if ((party.converts || m.own_text) && !convert_outgoing(core_, party, m, true, out)) return text_refused(m);
    if (!count_try(core_, party, m)) return false;
    body.resize(out.body.size());
    out.write(body.data());
    core_.send(shard, wire::Type::send,
               wire::SendNote{m.self.packed(), m.id, party.id, static_cast<std::uint32_t>(out.command)}, body);
    ++party.remotes[shard].outstanding;
    core_.note(m.id, TraceEvent::send, party.id, shard);
    core_.messages->sending(m);
    return true;
}

void Egress::pump(Party& party) {
    if (core_.draining) return;
    const Now& now = core_.now();
    if (party.held_until > now.mono) return hold(party, party.held_until);
    if (party.reachable() && !party.capped) {
        Connection* outlet = nullptr;  // of the present run, whose state and output were looked at when it began
        for (std::size_t n = 0; !party.capped; ++n) {
            Message* const m = next(party);
            if (m == nullptr) break;
            if (n == sends_per_turn) {
                wake(party);  // the rest in the next turn, which does not wait
                core_.reactor->wake();
                break;
            }
            const bool to_account = m->to_account();
            if (party.reachable_here()) {
                if (outlet != nullptr && party.run < run_length && has_room(party, *outlet)) ++party.run;
                else outlet = pick(party);
                if (outlet == nullptr || !send_here(*outlet, party, *m)) break;
            } else if (!send_there(party, *m)) {
                break;
            }
            (to_account ? core_.counters.reports_sent : core_.counters.sends).add();
        }
        for (Lane* lane : party.lanes) core_.messages->load_more(*lane);
        if (party.capped) reroute_waiting(party);
    }
}

void Egress::look_at_providers() {
    for (const routing::Provider& provider : core_.snapshot->providers()) {
        Party& party = core_.party(party_of(provider));
        if (!core_.quality.empty())
            core_.quality[provider.id] =
                routing::DeliveryCount::percent(party.shared->deliveries.sample(core_.now().wall));
        if (look_at_cap(core_, party) && !party.capped) wake(party);
    }
}

// ---- answers

void Egress::on_response(std::uint64_t cookie, const smpp::Header& header, ByteView body) {
    Outcome outcome{OutcomeNote::Kind::answered, header.status, {}};
    const auto response = smpp::decode<smpp::MessageIdResp>(body);
    if (response) outcome.message_id = response->message_id;
    if (cookie & errand_bit) {
        const Errand* const errand =
            core_.config.history_pdus ? errands_.find(Handle::unpack(cookie & ~errand_bit)) : nullptr;
        if (errand != nullptr)
            core_.note_pdu(errand->id, TraceEvent::pdu_in, errand->party, header, body);
        return finish_errand(cookie, outcome);
    }
    if (Message* m = core_.messages->find(Handle::unpack(cookie))) {
        if (core_.config.history_pdus) [[unlikely]]
            core_.note_pdu(m->id, TraceEvent::pdu_in, m->destination(), header, body);
        conclude(*m, outcome);
    }
}

void Egress::on_unanswered(std::uint64_t cookie) {
    const Outcome outcome{OutcomeNote::Kind::unanswered, {}, {}};
    if (cookie & errand_bit) return finish_errand(cookie, outcome);
    if (Message* m = core_.messages->find(Handle::unpack(cookie))) conclude(*m, outcome);
}

void Egress::conclude(Message& m, const Outcome& outcome) {
    if (m.stage != Stage::sending) return;  // cancelled while it was under way
    core_.note(m.id, trace_event(outcome.kind), m.destination(), static_cast<std::uint32_t>(outcome.status),
               as_bytes(outcome.message_id));
    wake(core_.party(m.destination()));
    if (m.counted != 0) [[unlikely]] conclude_count(m, outcome);
    if (outcome.kind == OutcomeNote::Kind::not_sent) return core_.messages->requeue(m);
    if (m.to_account()) conclude_delivery(m, outcome);
    else conclude_forward(m, outcome);
}

/// What it has refused does not count; what it may have taken does.
void Egress::conclude_count(Message& m, const Outcome& outcome) {
    const bool refused = outcome.kind == OutcomeNote::Kind::answered &&
                         class_of(core_.party(m.provider), outcome.status) != routing::ErrorClass::ok;
    if (refused || outcome.kind == OutcomeNote::Kind::not_sent) uncount_try(core_, m);
    m.counted = 0;
}

void Egress::conclude_forward(Message& m, const Outcome& outcome) {
    if (m.parts == 0) return conclude_sent(m, outcome);
    const MessageId id = m.id;
    conclude_sent(m, outcome);
    drop_if_decided(core_, id);
}

void Egress::conclude_sent(Message& m, const Outcome& outcome) {
    Party& party = core_.party(m.provider);
    if (outcome.kind == OutcomeNote::Kind::unanswered) {
        core_.counters.unanswered.add();
        m.maybe_duplicate = true;
        return failed(m, routing::ErrorClass::unanswered, smpp::CommandStatus::ESME_ROK);
    }
    const routing::ErrorClass error_class = class_of(party, outcome.status);
    if (core_.fires(script::Event::provider_response)) [[unlikely]]
        if (fire_provider_response(core_, m, outcome.status, error_class == routing::ErrorClass::ok)) return;
    if (error_class != routing::ErrorClass::ok) return failed(m, error_class, outcome.status);

    core_.counters.sent.add();
    party.throttles = 0;
    m.provider_id.assign(outcome.message_id);
    if ((m.registered_delivery & smpp::registered_delivery::receipt_mask) == 0)
        return finish(core_, m, smpp::MessageState::delivered, {});
    if (m.provider_id.empty()) {  // interop P2: no receipt can ever be matched
        core_.counters.sent_without_id.add();
        return finish(core_, m, smpp::MessageState::accepted, {});
    }
    m.receipt_key = receipts_.key_of(m.provider, m.provider_id);
    charge_at_response(core_, m);
    core_.messages->sent(m);
    receipts_.index(m);
    core_.messages->indexed(m);
}

void Egress::failed(Message& m, routing::ErrorClass error_class, smpp::CommandStatus status) {
    using routing::ErrorClass;
    Party& party = core_.party(m.provider);
    static const routing::RetryPolicy default_policy;
    const routing::RetryPolicy& policy = party.provider != nullptr ? party.provider->retry : default_policy;
    const Now& now = core_.now();

    if (error_class == ErrorClass::throttled) {
        // The provider has had enough: everything for it waits, this message keeps its place.
        core_.counters.throttled_by_provider.add();
        const auto delay = policy.retry_delay(ErrorClass::throttled, ++party.throttles);
        if (delay) {
            hold(party, now.mono + *delay);
            return core_.messages->requeue(m);
        }
        error_class = ErrorClass::temporary;
    }
    if (m.attempts < UINT8_MAX) ++m.attempts;
    const auto delay = policy.retry_delay(error_class, m.attempts);
    if (error_class == ErrorClass::permanent) core_.counters.permanent_errors.add();
    else if (error_class != ErrorClass::unanswered) core_.counters.temporary_errors.add();
    if (!delay) {
        const auto state = status == smpp::CommandStatus::ESME_ROK ? smpp::MessageState::unknown
                                                                    : smpp::MessageState::undeliverable;
        return finish(core_, m, state, error_of(status));
    }
    if (error_class == ErrorClass::temporary || error_class == ErrorClass::unknown) {
        if (const routing::Provider* other = other_provider(m, true)) {
            core_.counters.rerouted.add();
            core_.note(m.id, TraceEvent::rerouted, party_of(*other));
            return core_.messages->reroute(m, party_of(*other));
        }
    }
    m.due_at = now.wall + std::chrono::duration_cast<microseconds>(*delay);
    core_.note(m.id, TraceEvent::retry, m.destination(), m.attempts);
    core_.messages->retry(m);
}

void Egress::conclude_delivery(Message& m, const Outcome& outcome) {
    const bool report = m.kind != Kind::originated;
    if (outcome.kind == OutcomeNote::Kind::answered) {
        const auto error_class = routing::StatusMap::default_class(outcome.status);
        if (error_class == routing::ErrorClass::ok) {
            (report ? core_.counters.reports_delivered : core_.counters.originated_delivered).add();
            return drop(core_, m);
        }
        if (error_class == routing::ErrorClass::permanent) {
            core_.counters.reports_refused.add();
            return drop(core_, m);
        }
    }
    static const routing::RetryPolicy policy;
    if (m.attempts < UINT8_MAX) ++m.attempts;
    const auto delay =
        policy.temporary.delays[std::min<std::size_t>(m.attempts - 1u, policy.temporary.delays.size() - 1)];
    if (outcome.kind == OutcomeNote::Kind::unanswered && m.attempts <= 1)  // mostly the session went away
        return core_.messages->requeue(m);
    m.due_at = core_.now().wall + std::chrono::duration_cast<microseconds>(delay);
    core_.note(m.id, TraceEvent::retry, m.destination(), m.attempts);
    core_.messages->retry(m);
}

void Egress::expire(Message& m) {
    if (m.to_account()) {
        core_.counters.reports_refused.add();
        drop(core_, m);
    } else if (m.stage == Stage::awaiting) {
        core_.counters.receipts_missing.add();
        finish(core_, m, smpp::MessageState::unknown, {});
    } else {
        core_.counters.expired.add();
        finish(core_, m, smpp::MessageState::expired, {});
    }
}

// ---- other providers

const routing::Provider* Egress::other_provider(const Message& m, bool only_up) {
    const Party& account = core_.party(m.account);
    if (account.account == nullptr) return nullptr;
    const auto pdu = smpp::decode<smpp::SubmitSm>(m.body_view());
    if (!pdu) return nullptr;
    routing::RouteRequest request;
    request.account = account.account->id;
    request.charging = &account.account->charging;
    request.destination = routing::Address::normalise(pdu->destination_addr, pdu->dest_addr_ton,
                                                      account.account->country_code);
    request.source = routing::Address::normalise(pdu->source_addr, pdu->source_addr_ton);
    request.at = core_.now().wall;
    request.quality = core_.quality;
    const auto decision = core_.snapshot->routes().route(request, core_.health, core_.random.next());
    for (const routing::ProviderId id : decision.providers()) {
        const routing::Provider& provider = core_.snapshot->providers()[id];
        if (party_of(provider) == m.provider) continue;
        if (!only_up || core_.health[id] == routing::Health::up) return &provider;
    }
    return nullptr;
}

void Egress::reroute_waiting() {
    for (auto& [id, party] : core_.parties)
        if (!is_account(id) && (party->capped || !party->reachable())) reroute_waiting(*party);
}

void Egress::reroute_waiting(Party& party) {
    if (party.empty()) return;
    std::size_t looked = 0;
    for (Lane* lane : party.lanes) {
        Message* next = nullptr;
        for (Message* m = lane->first_in_memory(); m != nullptr && looked < reroutes_per_look; m = next, ++looked) {
            next = m->lane_next;
            const bool lost = party.provider == nullptr;  // the configuration has it no more
            if (const routing::Provider* other = other_provider(*m, !lost)) {
                core_.counters.rerouted.add();
                core_.note(m->id, TraceEvent::rerouted, party_of(*other));
                core_.messages->reroute(*m, party_of(*other));
            }
        }
        if (lane->in_memory() == 0) core_.messages->load_more(*lane);
    }
}

// ---- between shards

void Egress::on_send(std::uint32_t from, const wire::SendNote& note, ByteView body) {
    Party& party = core_.party(note.party);
    const Handle errand = errands_.emplace(Errand{note.handle, note.id, note.party, from});
    const std::uint64_t cookie = errand.packed() | errand_bit;
    const bool may = !core_.draining && party.held_until <= core_.now().mono;
    Connection* const outlet = may ? pick(party) : nullptr;
    if (outlet != nullptr && party.account != nullptr && !outlet->session().tlvs_allowed())
        body = without_tlvs(party, body);
    const bool turn = outlet != nullptr && take_turn(party);
    const std::uint32_t sequence = !turn ? 0 :
                      outlet->send(smpp::CommandId{note.command}, body.size(), [&](std::uint8_t* to) {
                          std::memcpy(to, body.data(), body.size());
                          return body.size();
                      }, cookie);
    if (sequence == 0) return finish_errand(cookie, {OutcomeNote::Kind::not_sent, {}, {}});
    core_.note_pdu(note.id, TraceEvent::pdu_out, note.party, {0, smpp::CommandId{note.command}, {}, sequence}, body);
}

void Egress::finish_errand(std::uint64_t cookie, const Outcome& outcome) {
    const Handle handle = Handle::unpack(cookie & ~errand_bit);
    const Errand* const errand = errands_.find(handle);
    if (errand == nullptr) return;
    const OutcomeNote note{errand->handle, errand->id, errand->party, outcome.kind, outcome.status, 0};
    core_.send(errand->shard, wire::Type::outcome, note, as_bytes(outcome.message_id));
    wake(core_.party(errand->party));  // there is room on the link again
    errands_.erase(handle);
}

void Egress::on_outcome(std::uint32_t from, const OutcomeNote& note, std::string_view message_id) {
    Party& party = core_.party(note.party);
    if (party.remotes[from].outstanding > 0) --party.remotes[from].outstanding;
    wake(party);
    // That shard's links are full with its own traffic, or at their rate: it is asked again a little later.
    if (note.kind == OutcomeNote::Kind::not_sent) hold(party, core_.now().mono + not_sent_pause);
    Message* const m = core_.messages->find(Handle::unpack(note.handle));
    if (m != nullptr && m->id == note.id) conclude(*m, {note.kind, note.status, message_id});
}

}  // namespace sluice::gateway
