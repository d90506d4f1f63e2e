#include "engine/gateway/customer.hpp"

#include <string.h>

#include <algorithm>

#include "engine/gateway/egress.hpp"
#include "engine/gateway/event_triggers.hpp"
#include "engine/gateway/ingress.hpp"
#include "engine/gateway/operations.hpp"

namespace sluice::gateway {

using smpp::CommandId;
using smpp::CommandStatus;

namespace {

/// How often a bind that waits looks whether a place is free, and how
/// much longer it waits than the probed have to answer.
constexpr milliseconds place_look{50};
constexpr milliseconds place_margin{500};
/// How often a bind that waits for a database which is away asks again.
constexpr milliseconds away_look{500};
/// What the password of a bind that names nobody is compared with, so that it takes as long as a wrong one.
constexpr std::string_view nobodys_hash =
    "$scrypt$ln=14,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
/// Sessions of an account that a shard asks at once.
constexpr std::size_t most_probed = 64;

session::SessionConfig session_config(const GatewayConfig& config) {
    session::SessionConfig s;
    s.role = session::Role::message_centre;
    s.timers = {config.session_init, config.enquire_link, config.response, config.inactivity};
    s.interface_version = 0x34;
    s.system_id = config.system_id;
    return s;
}

bool type_allowed(const routing::BindTypes& allowed, CommandId type) {
    switch (type) {
        case CommandId::bind_transmitter: return allowed.transmitter;
        case CommandId::bind_receiver: return allowed.receiver;
        default: return allowed.transceiver;
    }
}

}  // namespace

Customer::Customer(Core& core, Services& services, io::LinkId link, const io::Endpoint& peer, Admission::Place place)
    : Connection(core, link, peer, session_config(core.config)), services_(services), place_(std::move(place)) {}

void Customer::refuse(CommandStatus status, std::string_view why) {
    core_.counters.binds_refused.add();
    core_.session_log('W', "bind from " + peer().to_string() + " refused: " + std::string(why));
    session().refuse_bind(status, core_.now().mono);
}

Customer::Asked::~Asked() { explicit_bzero(password.data(), password.size()); }

void Customer::on_bind(session::Session&, const smpp::Header& header, const smpp::Bind& bind) {
    asked_.reset(new Asked{header.id, bind.interface_version, std::string(bind.system_id),
                           std::string(bind.system_type), std::string(bind.password)});
    const MonoTime now = core_.now().mono;
    const auto wait = core_.guard.enter(peer(), asked_->system_id, now);
    if (!wait) {
        core_.counters.binds_shut_out.add();
        return refuse(CommandStatus::ESME_RBINDFAIL, "too many binds of its address have failed");
    }
    if (*wait == nanoseconds{}) return look_up();
    core_.counters.binds_slowed.add();
    later(now + *wait, &Customer::look_up);
}

void Customer::later(MonoTime at, void (Customer::*then)()) {
    core_.reactor->timers().arm(at, [find = services_.find, link = link(), then] {
        auto* const customer = dynamic_cast<Customer*>(find(link));
        if (customer == nullptr || customer->Connection::ended()) return;
        (customer->*then)();
        customer->touch();
    });
}

void Customer::look_up() {
    if (core_.draining) return refuse(CommandStatus::ESME_RBINDFAIL, "shutting down");
    const routing::Account* const account = core_.snapshot->find_account(asked_->system_id);
    if (account != nullptr || core_.directory == nullptr) return decide(account);
    core_.directory->find(asked_->system_id, [reactor = core_.reactor, find = services_.find,
                                              link = link()](const accounts::Directory::Found& found) {
        reactor->post([find, link, found] {
            if (auto* customer = dynamic_cast<Customer*>(find(link))) customer->looked_up(found);
        });
    });
}

void Customer::looked_up(const accounts::Directory::Found& found) {
    if (Connection::ended()) return;
    using Answer = accounts::Directory::Found::Kind;
    const MonoTime now = core_.now().mono;
    if (found.kind == Answer::away_wait && now < since() + core_.config.session_init) {
        later(now + away_look, &Customer::look_up);
    } else if (found.kind == Answer::away || found.kind == Answer::away_wait) {
        refuse(CommandStatus::ESME_RBINDFAIL, "the account " + asked_->system_id + " cannot be looked up now");
    } else if (found.kind == Answer::nobody) {
        decide(nullptr);
    } else {
        core_.add_found(found);
        const Party* const party = core_.find_party(party_of(*found.account));
        if (party == nullptr || party->account == nullptr || party->account->system_id != asked_->system_id)
            refuse(CommandStatus::ESME_RBINDFAIL, "the accounts have changed meanwhile");
        else decide(party->account);
    }
    touch();
}

void Customer::decide(const routing::Account* account) {
    // What went wrong is for the log; the peer is told as little as the specification allows.
    if (account == nullptr || !account->enabled) return verify(0, std::string(nobodys_hash));
    const tls::PeerFacts* const secured = core_.reactor->io().tls_peer(link());
    if (account->require_tls && secured == nullptr)
        return refuse(CommandStatus::ESME_RBINDFAIL, account->system_id + " must bind over TLS");
    if (!account->certificates.empty() &&
        (secured == nullptr || !secured->certificate || !account->allows(*secured->certificate, secured->verified)))
        return refuse(CommandStatus::ESME_RBINDFAIL, account->system_id + " must show a certificate that is its own");
    if (!account->allows({peer().address, peer().ipv6 ? 16u : 4u}))
        return refuse(CommandStatus::ESME_RBINDFAIL, account->system_id + " is not allowed from this address");
    if (!type_allowed(account->bind_types, asked_->type))
        return refuse(CommandStatus::ESME_RBINDFAIL, account->system_id + " may not bind as " +
                                                         std::string(smpp::name_of(asked_->type)));
    if (!account->system_type.empty() && account->system_type != asked_->system_type)
        return refuse(CommandStatus::ESME_RINVSYSTYP, account->system_id + ": wrong system_type");
    const PartyId party = party_of(*account);
    if (account->password_hash.empty()) return authenticated(party, true);  // its certificate has told who it is
    verify(party, account->password_hash);
}

void Customer::verify(PartyId party, const std::string& hash) {
    const auto verdict = [reactor = core_.reactor, find = services_.find, link = link(), party](bool right) {
        reactor->post([find, link, party, right] {
            if (auto* customer = dynamic_cast<Customer*>(find(link))) customer->authenticated(party, right);
        });
    };
    if (!core_.authenticate(asked_->system_id, hash, asked_->password, verdict))
        refuse(CommandStatus::ESME_RBINDFAIL, "too many binds at once");
}

void Customer::authenticated(PartyId id, bool right) {
    if (Connection::ended()) return;
    const MonoTime now = core_.now().mono;
    if (id == 0 || !right) {
        core_.guard.failed(peer(), asked_->system_id, now);
        core_.counters.binds_wrong.add();
        refuse(CommandStatus::ESME_RINVPASWD,
               (id == 0 ? "no such account: " : "wrong password for ") + asked_->system_id);
    } else {
        core_.guard.succeeded(peer(), asked_->system_id, now);
        const std::unique_ptr<Asked> asked = std::move(asked_);
        core_.fires(script::Event::bind) ? ask_triggers(id, *asked) : take_place(id);
    }
    touch();
}

void Customer::ask_triggers(PartyId id, const Asked& asked) {
    using script::FieldId;
    if (core_.party(id).account == nullptr) return take_place(id);  // which refuses
    Firing& firing = core_.triggers->begin(script::Event::bind);
    firing.account = id;
    script::Subject& subject = firing.subject;
    subject.fact(FieldId::account, core_.party(id).account->system_id);
    subject.fact(FieldId::address, address_text(peer()));
    subject.fact(FieldId::bind_type, smpp::name_of(asked.type));
    subject.fact(FieldId::system_type, asked.system_type);
    subject.fact(FieldId::interface_version, std::int64_t{asked.interface_version});
    subject.fact(FieldId::tls, std::int64_t{core_.reactor->io().tls_peer(link()) != nullptr});
    firing.then = [&core = core_, find = services_.find, link = link(), id](Firing& its) {
        const script::Verdict verdict = its.subject.verdict();
        core.triggers->end(its, 0);
        auto* const customer = dynamic_cast<Customer*>(find(link));
        if (customer == nullptr) return;
        if (verdict.kind == script::Verdict::Kind::reject) {
            core.counters.trigger_rejects.add();
            customer->refuse(verdict.status, "a trigger says no: " + verdict.text);
        } else {
            customer->take_place(id);
        }
        customer->touch();
    };
    if (core_.triggers->fire(firing)) std::function(firing.then)(firing);
}

void Customer::take_place(PartyId id) {
    Party& party = core_.party(id);
    if (party.account == nullptr || !party.account->enabled || core_.draining)
        return refuse(CommandStatus::ESME_RBINDFAIL, "shutting down, or the account has gone");
    if (party.shared->sessions.fetch_add(1, std::memory_order_relaxed) < party.account->max_sessions) {
        counted_ = true;
        party_ = &party;
        session().set_windows(party.account->window, party.account->peer_window);
        core_.counters.binds.add();
        return session().accept_bind(core_.now().mono);
    }
    party.shared->sessions.fetch_sub(1, std::memory_order_relaxed);
    wait_for_place(id);
}

/// Interop S6: after a network cut the account's own dead sessions have all its places.
void Customer::wait_for_place(PartyId id) {
    const MonoTime now = core_.now().mono;
    if (gives_up_at_ == MonoTime{}) {
        gives_up_at_ = now + core_.config.probe + place_margin;
        probe(core_, core_.party(id));
        for (std::uint32_t shard = 0; shard < core_.shards; ++shard)
            if (shard != core_.shard) core_.send(shard, wire::Type::probe, wire::AccountNote{id, 0});
    } else if (now >= gives_up_at_) {
        const routing::Account& account = *core_.party(id).account;
        return refuse(CommandStatus::ESME_RBINDFAIL, account.system_id + " has its " +
                                                         std::to_string(account.max_sessions) + " sessions already");
    }
    core_.reactor->timers().arm(now + place_look, [find = services_.find, link = link(), id] {
        auto* const customer = dynamic_cast<Customer*>(find(link));
        if (customer == nullptr) return;
        customer->take_place(id);
        customer->touch();
    });
}

void Customer::probe(Core& core, Party& account) {
    const MonoTime now = core.now().mono;
    if (account.probed_at != MonoTime{} && now < account.probed_at + core.config.probe) return;
    account.probed_at = now;
    std::vector<Connection*> silent;
    for (Connection* connection : account.sessions)
        if (connection->session().silence(now) >= core.config.probe) silent.push_back(connection);
    const auto longest = silent.begin() + static_cast<std::ptrdiff_t>(std::min(silent.size(), most_probed));
    std::ranges::partial_sort(silent, longest, std::greater(),
                              [&](const Connection* c) { return c->session().silence(now); });
    for (auto at = silent.begin(); at != longest; ++at) {
        auto& customer = static_cast<Customer&>(**at);
        customer.probed_ = true;
        customer.session().probe(core.config.probe, now);
        customer.touch();
    }
}

void Customer::on_bound(session::Session&) {
    place_.bound();
    party_->sessions.push_back(this);
    core_.counters.sessions.add(1);
    core_.session_log('I', party_->account->system_id + " bound from " + peer().to_string());
    if (session().can_send()) services_.egress.attach(*party_, *this);
}

CommandStatus Customer::take(const smpp::Header& header, ByteView body) {
    const wire::ReplyTo reply{link().packed(), header.sequence, static_cast<std::uint32_t>(header.id), core_.shard, 0};
    const Arrival arrival(core_, header, body);
    smpp::DecodeOptions options;
    if (session().peer_interface_version() >= 0x50) options.max_short_message = 255;
    const auto with = [&]<class Body>(auto&& then) {
        const auto pdu = smpp::decode<Body>(body, options);
        if (pdu) return then(*pdu);
        core_.log('D', "malformed " + std::string(smpp::name_of(header.id)) + " from " + party_->account->system_id +
                           ": " + pdu.error().field);
        core_.counters.refused_malformed.add();
        return pdu.error().status;
    };
    switch (header.id) {
        case CommandId::submit_sm:
            return with.operator()<smpp::SubmitSm>(
                [&](const auto& pdu) { return services_.ingress.submit(*party_, pdu, reply); });
        case CommandId::data_sm:
            return with.operator()<smpp::DataSm>(
                [&](const auto& pdu) { return services_.ingress.submit(*party_, pdu, reply); });
        case CommandId::submit_multi:
            return with.operator()<smpp::SubmitMulti>(
                [&](const auto& pdu) { return services_.ingress.submit(*party_, pdu, reply); });
        case CommandId::query_sm:
            return with.operator()<smpp::QuerySm>([&](const auto& pdu) {
                return services_.operations.begin(*party_, header.id, pdu.message_id, body, reply);
            });
        case CommandId::cancel_sm:
            return with.operator()<smpp::CancelSm>([&](const auto& pdu) {
                return services_.operations.begin(*party_, header.id, pdu.message_id, body, reply);
            });
        case CommandId::replace_sm:
            return with.operator()<smpp::ReplaceSm>([&](const auto& pdu) {
                return services_.operations.begin(*party_, header.id, pdu.message_id, body, reply);
            });
        // There is no broadcast here: each of the family gets its own answer, that it has failed (v5.0 §4.4).
        case CommandId::broadcast_sm:
            return with.operator()<smpp::BroadcastSm>([](const auto&) { return CommandStatus::ESME_RBCASTFAIL; });
        case CommandId::query_broadcast_sm:
            return with.operator()<smpp::QuerySm>([](const auto&) { return CommandStatus::ESME_RBCASTQUERYFAIL; });
        case CommandId::cancel_broadcast_sm:
            return with.operator()<smpp::CancelBroadcastSm>(
                [](const auto&) { return CommandStatus::ESME_RBCASTCANCELFAIL; });
        default: return CommandStatus::ESME_RINVCMDID;
    }
}

void Customer::on_request(session::Session&, const smpp::Header& header, ByteView body) {
    const CommandStatus status = take(header, body);
    if (status == CommandStatus::ESME_RINVCMDID) return session().respond_unsupported(header.id, header.sequence);
    if (status != CommandStatus::ESME_ROK && smpp::has_response(header.id))
        session().respond(header.id, header.sequence, status);
}

void Customer::on_response(session::Session&, std::uint64_t cookie, const smpp::Header& header, ByteView body) {
    services_.egress.on_response(cookie, header, body);
}

void Customer::on_unanswered(session::Session&, std::uint64_t cookie) { services_.egress.on_unanswered(cookie); }

void Customer::on_window_open(session::Session&) {
    if (party_ != nullptr) services_.egress.wake(*party_);
}

void Customer::ended(session::EndReason reason, CommandStatus) {
    if (party_ == nullptr) return;
    services_.egress.detach(*party_, *this);
    std::erase(party_->sessions, this);
    if (probed_ && reason == session::EndReason::enquire_link_timeout) core_.counters.evicted.add();
    if (counted_) {
        party_->shared->sessions.fetch_sub(1, std::memory_order_relaxed);
        core_.counters.sessions.add(-1);
        core_.session_log('I', (party_->account != nullptr ? party_->account->system_id : std::string("an account")) +
                                   " left: " + std::string(session::to_string(reason)));
        if (core_.fires(script::Event::session_closed))
            fire_session_closed(core_, *party_, peer(), session::to_string(reason),
                                std::chrono::duration_cast<seconds>(core_.now().mono - since()));
    }
}

}  // namespace sluice::gateway
