#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/gateway/connection.hpp"

namespace sluice::gateway {

class Egress;
class Ingress;
class Receipts;

/// Where a provider is, resolved away from the reactors, and the name that was resolved.
struct Target {
    Target(const io::Endpoint& at, std::string name = {}) : endpoint(at), host(std::move(name)) {}
    io::Endpoint endpoint;
    std::string host;
};
using Endpoints = std::unordered_map<PartyId, std::vector<Target>>;

/// This shard's binds to providers. The binds of each provider are dealt out over the shards; each is kept up:
/// connected, bound, and after an end connected again, with a back-off that doubles and jitters.
class Providers {
public:
    Providers(Core& core, Ingress& ingress, Egress& egress, Receipts& receipts)
        : core_(core), ingress_(ingress), egress_(egress), receipts_(receipts) {}

    /// Brings the binds in line with the present snapshot: new ones are started, changed ones restarted, others kept.
    void apply(const Endpoints& endpoints);

    /// Providers that call us (outbind) connect to listeners of their own; accepts what comes to one of them. The
    /// connection, or null when it is refused and gone.
    bool owns_listener(io::ListenerId listener) const;
    std::unique_ptr<Connection> on_accept(io::LinkId link, io::ListenerId listener, const io::Endpoint& peer);
    void stop_listening();

    /// Events of links that are being connected. The connection when the link is up, null when it failed or is none of
    /// these.
    bool owns(io::LinkId link) const { return connecting_.contains(link.packed()); }
    std::unique_ptr<Connection> on_connect(io::LinkId link, std::error_code error);

private:
    friend class ProviderConnection;
    struct Slot {
        PartyId party = 0;
        routing::Provider settings;
        smpp::CommandId bind{};
        std::vector<Target> endpoints;
        std::size_t endpoint = 0;
        const Target& target() const { return endpoints[endpoint % endpoints.size()]; }
        std::uint32_t failures = 0;
        bool stopped = false;
        bool called = false;  ///< the provider connected: bound when its outbind has come, and never again by itself
        class ProviderConnection* connection = nullptr;
    };
    using SlotRef = std::shared_ptr<Slot>;

    void connect(const SlotRef& slot);
    void give_up(io::LinkId link);
    void failed(const SlotRef& slot, std::string_view why);
    void again(const SlotRef& slot);
    void stop(const SlotRef& slot);
    void listen();
    bool outbind_is_right(const Slot& slot, const smpp::Outbind& outbind) const;

    struct Listening {
        PartyId party = 0;
        routing::ProviderOutbind settings;
        std::optional<io::ListenerId> listener;  ///< none: it could not be listened to
        std::uint32_t connections = 0;
    };
    Listening* listening_of(PartyId party);

    Core& core_;
    Ingress& ingress_;
    Egress& egress_;
    Receipts& receipts_;
    std::vector<SlotRef> slots_;
    std::vector<SlotRef> callers_;         ///< slots of providers that have connected to us
    std::vector<Listening> listening_;
    std::unordered_map<std::uint64_t, SlotRef> connecting_;
};

}  // namespace sluice::gateway
