#pragma once

#include <array>
#include <memory>
#include <vector>

#include "engine/gateway/core.hpp"
#include "engine/gateway/customer.hpp"
#include "engine/gateway/delivery_rows.hpp"
#include "engine/gateway/egress.hpp"
#include "engine/gateway/ingress.hpp"
#include "engine/gateway/operations.hpp"
#include "engine/gateway/outbinds.hpp"
#include "engine/gateway/providers.hpp"
#include "engine/gateway/receipts.hpp"
#include "engine/gateway/refunds.hpp"
#include "engine/gateway/triggers.hpp"
#include "engine/gateway/unowned.hpp"
#include "engine/io/io.hpp"
#include "engine/reactor/reactor.hpp"

namespace sluice::gateway {

/// One shard of the gateway: the one mutable root of everything that its thread owns. It joins network, store, timers
/// and other shards to the parts that know SMPP, and says in which order they are looked at in a turn.
class Shard final : public io::LinkEvents {
public:
    struct Options {
        std::uint32_t shard = 0;
        std::uint32_t shards = 1;
        GatewayConfig config;
        std::unique_ptr<io::Io> io;
        const Clock* clock = nullptr;
        storage::Store* store = nullptr;     ///< outlives the shard; its wake must reach `reactor().wake()`
        reactor::Mesh* mesh = nullptr;
        AccountsShared* accounts = nullptr;
        Admission* admission = nullptr;
        Authenticate authenticate;
        MoveCredits move_credits;
        script::LookUps* look_ups = nullptr;  ///< outlives the shard's last turn
        accounts::Directory* directory = nullptr;           ///< outlives the shard
        accounts::NumberOwners* number_owners = nullptr;    ///< likewise
        LogLine log;
        ChargingRecords* charging_records = nullptr;  ///< none: movements of credits are not recorded
        LogLine session_log, trigger_log;      ///< see Core; without them their lines go to `log`
        history::Recorder* history = nullptr;  ///< outlives the shard; null: no history is kept
        std::uint64_t seed = 1;
    };

    explicit Shard(Options options);

    /// Rebuilds from the store, then takes the configuration. Before the first turn, on any thread. When all shards
    /// have, `open_balances` follows, before anybody is listened to.
    Result<void> start(std::shared_ptr<const routing::Snapshot> snapshot, const Endpoints& endpoints);
    /// In clear without `tls`.
    Result<io::ListenerId> listen(const io::Endpoint& endpoint, const io::ListenOptions& options,
                                  std::shared_ptr<const tls::Context> tls = nullptr);

    reactor::Reactor& reactor() { return reactor_; }
    const Counters& counters() const { return core_.counters; }
    storage::Store& store() { return store_; }

    // ---- on the shard's thread (Reactor::post)
    /// A new configuration: accounts, routes and limits at once, changed providers by new binds.
    /// Sessions stay, with the timers that they began with.
    void apply(const GatewayConfig& config, std::shared_ptr<const routing::Snapshot> snapshot,
               const Endpoints& endpoints);
    /// See Directory::Announce.
    void add_account(const accounts::Directory::Found& found) {
        if (core_.add_found(found) && !found.account->numbers.empty()) unowned_.look_again_soon();
    }
    /// Other certificates for connections from now on, on a listener that speaks TLS.
    void renew(io::ListenerId listener, std::shared_ptr<const tls::Context> tls) {
        listener_tls_[listener] = std::move(tls);
    }
    /// No new connections. Where an endpoint is shared, all shards must have stopped before any of them drains: else
    /// those who are unbound by one come back to another.
    void stop_listening();
    /// The orderly end: no new connections, binds and messages. Each session is unbound as soon as nothing is in flight
    /// on it either way, and after `patience` in any case.
    void drain(nanoseconds patience);
    /// Nothing is bound, and everything written is on disk.
    bool drained() const;

    Core& core() { return core_; }
    MessageStore& messages() { return messages_; }
    Receipts& receipts() { return receipts_; }
    Unowned& unowned() { return unowned_; }
    Refunds& refunds() { return refunds_; }
    const Triggers& triggers() const { return triggers_; }
    template <class Visit>
    void for_each_connection(Visit&& visit) {
        for (auto& connection : connections_)
            if (connection) visit(*connection);
    }
    Connection* find(io::LinkId link);

    // ---- LinkEvents
    void on_accept(io::LinkId link, io::ListenerId listener, const io::Endpoint& peer) override;
    void on_connect(io::LinkId link, std::error_code error) override;
    std::size_t on_data(io::LinkId link, ByteView data) override;
    void on_drained(io::LinkId link) override;
    void on_close(io::LinkId link, std::error_code error) override;

private:
    void end_of_turn();
    void each_second();
    void committed(const AfterCommit& then);
    void answer(const wire::ReplyTo& reply, smpp::CommandStatus status);
    void answer_accepted(const AfterCommit& then);
    void answer_query(const wire::OperationDone& done);
    void receive(std::size_t from, std::uint32_t type, ByteView record);
    void place(io::LinkId link, std::unique_ptr<Connection> connection);
    void bury();
    void unbind_quiet();
    void log_refused();
    void note_tls_trouble(io::LinkId link, std::error_code error);

    storage::Store& store_;
    reactor::Reactor reactor_;
    Core core_;
    MessageStore messages_;
    Receipts receipts_;
    Egress egress_;
    Ingress ingress_;
    Triggers triggers_;
    Operations operations_;
    Providers providers_;
    Customer::Services services_;
    Outbinds outbinds_;
    Unowned unowned_;
    DeliveryRows deliveries_;
    Refunds refunds_;
    std::vector<std::unique_ptr<Connection>> connections_;  ///< by LinkId::index
    std::vector<std::unique_ptr<Connection>> retired_;      ///< destroyed once nobody is inside them any more
    std::vector<io::ListenerId> listeners_;
    std::vector<std::shared_ptr<const tls::Context>> listener_tls_;  ///< by ListenerId; none: in clear
    std::size_t tls_troubles_ = 0;                          ///< of this second
    MonoTime unbind_all_at_{};                              ///< while draining
    struct Refused {
        std::uint64_t count = 0;                            ///< since the log was told
        io::Endpoint last;
    };
    std::array<Refused, 3> refused_;                        ///< by Admission::Refusal
};

}  // namespace sluice::gateway
