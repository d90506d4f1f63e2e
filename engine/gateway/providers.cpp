#include "engine/gateway/providers.hpp"

#include <algorithm>

#include "engine/gateway/egress.hpp"
#include "engine/gateway/ingress.hpp"
#include "engine/gateway/receipts.hpp"

namespace sluice::gateway {

using smpp::CommandId;
using smpp::CommandStatus;

namespace {
/// In a time that does not depend on where they differ.
bool same_secret(std::string_view a, std::string_view b) {
    unsigned different = a.size() != b.size();
    for (std::size_t i = 0; i < a.size() && !b.empty(); ++i)
        different |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i % b.size()]);
    return different == 0;
}
/// Links stay where only what concerns the choice of a provider is another.
bool same_links(const routing::Provider& running, const routing::Provider& wanted) {
    routing::Provider its = running;
    its.id = wanted.id;
    its.cost = wanted.cost;
    its.prices = wanted.prices;
    its.caps = wanted.caps;
    its.max_queued = wanted.max_queued;
    return its == wanted;
}
}  // namespace

/// One bind to a provider: takes its receipts and mobile-originated messages in, carries ours out.
class ProviderConnection final : public Connection {
public:
    ProviderConnection(Core& core, Providers& owner, Providers::SlotRef slot, io::LinkId link,
                       const io::Endpoint& peer)
        : Connection(core, link, peer, session_config(slot->settings)), owner_(owner), slot_(std::move(slot)) {
        party_ = &core.party(slot_->party);
        slot_->connection = this;
        if (slot_->called) return;
        bind();
        touch();
    }

    /// A provider that has called us (v3.4 §2.2.1).
    void on_outbind(session::Session&, const smpp::Outbind& outbind) override {
        if (!slot_->called || !owner_.outbind_is_right(*slot_, outbind)) {
            core_.counters.outbinds_refused.add();
            core_.session_log('W', "outbind from " + peer().to_string() + " for " + slot_->settings.name +
                               " refused: its system_id or password is wrong");
            return session().unbind(core_.now().mono);
        }
        core_.counters.outbinds.add();
        bind();
    }

    void on_bound(session::Session&) override {
        slot_->failures = 0;
        core_.counters.provider_binds.add(1);
        bound_ = true;
        core_.session_log('I', "bound to " + slot_->settings.name + " at " + peer().to_string() + " as " +
                           std::string(smpp::name_of(slot_->bind)));
        if (session().can_send()) owner_.egress_.attach(*party_, *this);
    }

    void on_request(session::Session&, const smpp::Header& header, ByteView body) override {
        if (!smpp::has_response(header.id)) return;  // alert_notification: nothing waits for a subscriber here
        const CommandStatus status = take(header, body);
        if (status != CommandStatus::ESME_ROK) session().respond(header.id, header.sequence, status);
    }
    void on_response(session::Session&, std::uint64_t cookie, const smpp::Header& header, ByteView body) override {
        const auto error_class = slot_->settings.status_map.classify(header.status);
        party_->pace.answered(error_class, session().answered_after(), core_.now().mono);
        owner_.egress_.on_response(cookie, header, body);
    }
    void on_unanswered(session::Session&, std::uint64_t cookie) override { owner_.egress_.on_unanswered(cookie); }
    void on_window_open(session::Session&) override { owner_.egress_.wake(*party_); }

private:
    void bind() {
        const routing::Provider& p = slot_->settings;
        session().bind({slot_->bind, p.system_id, p.password, p.system_type, p.address_range, p.address_ton,
                        p.address_npi}, core_.now().mono);
    }

    static session::SessionConfig session_config(const routing::Provider& p) {
        session::SessionConfig s;
        s.role = session::Role::esme;
        s.timers = {p.timers.session_init, p.timers.enquire_link, p.timers.response, {}};
        s.window = p.window;
        s.peer_window = p.peer_window;
        s.interface_version = p.interface_version;
        s.system_id = p.system_id;
        return s;
    }

    CommandStatus take(const smpp::Header& header, ByteView body) {
        const wire::ReplyTo reply{link().packed(), header.sequence, static_cast<std::uint32_t>(header.id), core_.shard,
                                  0};
        const Arrival arrival(core_, header, body);
        const auto malformed = [&](const smpp::DecodeError& error) {
            core_.counters.deliver_malformed.add();
            core_.log('D', "malformed " + std::string(smpp::name_of(header.id)) + " from " + slot_->settings.name +
                               ": " + error.field);
            return error.status;
        };
        smpp::DecodeOptions options;
        options.max_short_message = 255;
        if (header.id == CommandId::deliver_sm) {
            const auto pdu = smpp::decode<smpp::DeliverSm>(body, options);
            if (!pdu) return malformed(pdu.error());
            return take(*pdu, reply);
        }
        if (header.id == CommandId::data_sm) {
            const auto pdu = smpp::decode<smpp::DataSm>(body, options);
            if (!pdu) return malformed(pdu.error());
            return take(message_body(*pdu), reply);
        }
        return CommandStatus::ESME_RINVCMDID;
    }
    CommandStatus take(const smpp::DeliverSm& pdu, const wire::ReplyTo& reply) {
        if (owner_.receipts_.take(*party_, pdu, reply)) return CommandStatus::ESME_ROK;
        return owner_.ingress_.originate(*party_, pdu, reply);
    }

    void ended(session::EndReason reason, CommandStatus status) override {
        owner_.egress_.detach(*party_, *this);
        if (bound_) core_.counters.provider_binds.add(-1);
        const std::string why = reason == session::EndReason::bind_refused && status != CommandStatus::ESME_ROK
                                    ? "it refused the bind: " + std::string(smpp::name_of(status))
                                    : std::string(session::to_string(reason));
        core_.session_log(bound_ ? 'I' : 'W', "link to " + slot_->settings.name + " ended: " + why);
        slot_->connection = nullptr;
        owner_.again(slot_);
    }

    Providers& owner_;
    Providers::SlotRef slot_;
    bool bound_ = false;
};

void Providers::apply(const Endpoints& endpoints) {
    std::vector<SlotRef> kept;
    std::vector<PartyId> running;
    for (const SlotRef& slot : slots_) {
        const Party& party = core_.party(slot->party);
        if (party.provider != nullptr && same_links(slot->settings, *party.provider)) {
            slot->settings = *party.provider;
            kept.push_back(slot);
            running.push_back(slot->party);
        } else {
            stop(slot);
        }
    }
    slots_ = std::move(kept);
    for (const SlotRef& slot : std::vector(callers_)) {
        const Party& party = core_.party(slot->party);
        if (party.provider == nullptr || !same_links(slot->settings, *party.provider)) stop(slot);
        else slot->settings = *party.provider;
    }
    listen();
    for (const routing::Provider& provider : core_.snapshot->providers()) {
        const PartyId party = party_of(provider);
        if (!provider.enabled || std::ranges::find(running, party) != running.end()) continue;
        std::vector<CommandId> binds;
        using routing::ProviderBind;
        for (std::uint32_t i = 0; i < provider.binds; ++i) {
            // Different providers begin at different shards, so that single binds do not all meet on the first.
            if ((party / 2 + i) % core_.shards != core_.shard) continue;
            if (provider.bind == ProviderBind::transceiver) binds.push_back(CommandId::bind_transceiver);
            if (provider.bind == ProviderBind::transmitter || provider.bind == ProviderBind::pair)
                binds.push_back(CommandId::bind_transmitter);
            if (provider.bind == ProviderBind::receiver || provider.bind == ProviderBind::pair)
                binds.push_back(CommandId::bind_receiver);
        }
        const auto addresses = endpoints.find(party);
        for (const CommandId bind : binds) {
            auto slot = std::make_shared<Slot>();
            slot->party = party;
            slot->settings = provider;
            slot->bind = bind;
            if (addresses != endpoints.end()) slot->endpoints = addresses->second;
            slots_.push_back(slot);
            connect(slot);
        }
    }
}

// ---- providers that call us

/// One shard listens for each provider that calls: calls are rare, and its other binds are wherever they are.
void Providers::listen() {
    std::vector<Listening> wanted;
    for (const routing::Provider& provider : core_.snapshot->providers()) {
        const PartyId party = party_of(provider);
        if (provider.enabled && provider.outbind.listen.port != 0 && (party / 2) % core_.shards == core_.shard)
            wanted.push_back({party, provider.outbind, {}, 0});
    }
    for (const Listening& old : listening_) {
        const auto same = std::ranges::find_if(wanted, [&](const Listening& w) {
            return w.party == old.party && w.settings.listen == old.settings.listen;
        });
        if (same != wanted.end()) same->listener = old.listener, same->connections = old.connections;
        else if (old.listener) core_.reactor->io().stop_listening(*old.listener);
    }
    listening_ = std::move(wanted);
    for (Listening& its : listening_) {
        if (its.listener || core_.draining) continue;
        const auto endpoint = io::Endpoint::parse(its.settings.listen.to_string());
        const auto listener = endpoint ? core_.reactor->io().listen(*endpoint, {}) : std::unexpected(endpoint.error());
        if (listener) its.listener = *listener;
        else core_.session_log('E', "cannot listen for outbind: " + listener.error().message);
    }
}

void Providers::stop_listening() {
    for (const Listening& its : listening_)
        if (its.listener) core_.reactor->io().stop_listening(*its.listener);
    listening_.clear();
}

Providers::Listening* Providers::listening_of(PartyId party) {
    const auto found = std::ranges::find(listening_, party, &Listening::party);
    return found != listening_.end() ? &*found : nullptr;
}

bool Providers::owns_listener(io::ListenerId listener) const {
    return std::ranges::any_of(listening_, [&](const Listening& its) { return its.listener == listener; });
}

std::unique_ptr<Connection> Providers::on_accept(io::LinkId link, io::ListenerId listener, const io::Endpoint& peer) {
    Listening& its = *std::ranges::find_if(listening_, [&](const Listening& l) { return l.listener == listener; });
    const routing::Provider* const provider = core_.party(its.party).provider;
    const ByteView address(peer.address, peer.ipv6 ? 16u : 4u);
    const bool allowed = std::ranges::any_of(its.settings.allowed_addresses,
                                             [&](const routing::Cidr& range) { return range.contains(address); });
    if (provider == nullptr || core_.draining || !allowed || its.connections >= provider->binds) {
        core_.counters.outbinds_refused.add();
        core_.reactor->io().abort(link);
        return nullptr;
    }
    ++its.connections;
    auto slot = std::make_shared<Slot>();
    slot->party = its.party;
    slot->settings = *provider;
    slot->bind = CommandId::bind_receiver;
    slot->called = true;
    callers_.push_back(slot);
    return std::make_unique<ProviderConnection>(core_, *this, slot, link, peer);
}

bool Providers::outbind_is_right(const Slot& slot, const smpp::Outbind& outbind) const {
    const routing::ProviderOutbind& wanted = slot.settings.outbind;
    return same_secret(outbind.system_id, wanted.system_id) && same_secret(outbind.password, wanted.password);
}

// ---- binds of ours

void Providers::connect(const SlotRef& slot) {
    if (slot->stopped || core_.draining || slot->endpoints.empty()) return;
    const Target& to = slot->target();
    const io::LinkId link = core_.reactor->io().connect(to.endpoint);
    if (const auto& tls = slot->settings.tls)
        core_.reactor->io().secure(link, tls->context, tls->server_name.empty() ? to.host : tls->server_name);
    connecting_.emplace(link.packed(), slot);
    // A host that does not answer at all: the kernel would go on trying for minutes.
    core_.reactor->timers().arm(core_.now().mono + slot->settings.timers.session_init, [this, link] { give_up(link); });
}

void Providers::give_up(io::LinkId link) {
    const auto found = connecting_.find(link.packed());
    if (found == connecting_.end()) return;
    const SlotRef slot = found->second;
    connecting_.erase(found);
    core_.reactor->io().abort(link);
    failed(slot, "no answer in time");
}

void Providers::failed(const SlotRef& slot, std::string_view why) {
    if (slot->failures == 0) {
        const io::Endpoint& to = slot->target().endpoint;
        core_.session_log('W', "cannot connect to " + slot->settings.name + " at " + to.to_string() + ": " +
                                   std::string(why));
    }
    again(slot);
}

std::unique_ptr<Connection> Providers::on_connect(io::LinkId link, std::error_code error) {
    const auto found = connecting_.find(link.packed());
    SLUICE_CHECK(found != connecting_.end());
    const SlotRef slot = found->second;
    connecting_.erase(found);
    const io::Endpoint to = slot->target().endpoint;
    if (error) {
        failed(slot, error.message());
        return nullptr;
    }
    if (slot->stopped || core_.draining) {
        core_.reactor->io().close(link);
        return nullptr;
    }
    return std::make_unique<ProviderConnection>(core_, *this, slot, link, to);
}

void Providers::again(const SlotRef& slot) {
    if (slot->called) {
        if (Listening* its = listening_of(slot->party); its != nullptr && its->connections > 0) --its->connections;
        std::erase(callers_, slot);
        return;
    }
    if (slot->stopped || core_.draining) return;
    const auto& timers = slot->settings.timers;
    const std::uint32_t doublings = std::min(slot->failures, 16u);
    const auto delay = std::min<nanoseconds>(timers.reconnect_min * (1u << doublings), timers.reconnect_max);
    ++slot->failures;
    ++slot->endpoint;
    // Half of the delay is left to chance, so that links which fell together do not all come back together.
    const auto half = delay.count() / 2;
    const nanoseconds wait(half + static_cast<std::int64_t>(core_.random.below(static_cast<std::uint64_t>(half) + 1)));
    core_.reactor->timers().arm(core_.now().mono + wait, [this, slot] { connect(slot); });
}

void Providers::stop(const SlotRef& slot) {
    slot->stopped = true;
    if (slot->connection != nullptr) {
        egress_.detach(core_.party(slot->party), *slot->connection);  // nothing more is sent through it
        slot->connection->session().unbind(core_.now().mono);
        if (slot->connection != nullptr) slot->connection->touch();
    }
}

}  // namespace sluice::gateway
