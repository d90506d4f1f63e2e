#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "codecs/smpp/message_id.hpp"
#include "codecs/smpp/pdu.hpp"
#include "engine/gateway/charging.hpp"
#include "engine/gateway/shard.hpp"
#include "engine/io/sim_net.hpp"
#include "storage/sim_store.hpp"

/// Whole shards between a customer and a provider that cost as little as they can, on the simulated network and store:
/// for counting what the shards do for a message, with no kernel in it.
namespace sluice::bench {

using smpp::CommandId;
using smpp::CommandStatus;

/// The octets of a body, for a Session's `send` or `respond`.
struct Octets {
    ByteView body;
    std::size_t operator()(std::uint8_t* to) const {
        std::copy(body.begin(), body.end(), to);
        return body.size();
    }
};

template <class Body>
std::vector<std::uint8_t> encoded(const Body& body) {
    std::vector<std::uint8_t> octets(smpp::encoded_size(body));
    smpp::encode(body, octets);
    return octets;
}

/// 140 octets of text to one destination, a receipt asked for.
inline std::vector<std::uint8_t> sample_submit() {
    static const std::string text(140, 'a');
    smpp::SubmitSm body;
    body.source_addr_ton = 5;
    body.source_addr = "Sluice";
    body.dest_addr_ton = body.dest_addr_npi = 1;
    body.destination_addr = "447700900123";
    body.registered_delivery = smpp::registered_delivery::receipt_final;
    body.short_message = as_bytes(text);
    return encoded(body);
}

class SimulatedClock final : public Clock {
public:
    explicit SimulatedClock(const io::SimNet& net) : net_(net) {}
    MonoTime mono() const override { return net_.now(); }
    WallTime wall() const override {
        return WallTime(std::chrono::sys_days(std::chrono::year(2026) / 3 / 4)) +
               std::chrono::duration_cast<microseconds>(net_.now().time_since_epoch());
    }

private:
    const io::SimNet& net_;
};

/// A program on a host of its own whose links all have sessions.
class Peer : public io::LinkEvents, public session::SessionEvents {
public:
    Peer(io::SimNet& net, const Clock& clock) {
        auto io = net.add_host();
        address_ = io->address();
        address_.port = 2775;
        reactor_ = std::make_unique<reactor::Reactor>(std::move(io), *this, clock);
    }
    reactor::Reactor& reactor() { return *reactor_; }
    const io::Endpoint& address() const { return address_; }

    std::size_t on_data(io::LinkId link, ByteView data) override { return sessions_[link.index]->receive(data, now()); }
    void on_drained(io::LinkId) override {}
    void on_close(io::LinkId, std::error_code) override { SLUICE_CHECK(!"a link ended"); }
    void on_outbind(session::Session&, const smpp::Outbind&) override {}
    void on_unanswered(session::Session&, std::uint64_t) override { SLUICE_CHECK(!"a request had no answer"); }
    void on_readable(session::Session&) override {}
    void on_end(session::Session&, session::EndReason, CommandStatus) override { SLUICE_CHECK(!"a session ended"); }

protected:
    MonoTime now() { return reactor_->now().mono; }
    session::Session& open(io::LinkId link, const session::SessionConfig& config) {
        if (sessions_.size() <= link.index) sessions_.resize(link.index + 1);
        sessions_[link.index] = std::make_unique<session::Session>(config, *this, reactor_->io().out(link), now());
        return *sessions_[link.index];
    }

    std::vector<std::unique_ptr<session::Session>> sessions_;  ///< by LinkId::index
    std::unique_ptr<reactor::Reactor> reactor_;
    io::Endpoint address_;
};

/// Keeps its windows full of submit_sm until it has sent what it may, and takes the receipts.
class Customer final : public Peer {
public:
    Customer(io::SimNet& net, const Clock& clock, std::uint32_t window) : Peer(net, clock), window_(window) {}

    std::uint64_t allowed = 0;  ///< messages that may be sent in all
    std::uint64_t receipts = 0;
    std::size_t bound = 0;

    void go_on() {
        for (std::uint32_t i = 0; i < sessions_.size(); ++i) {
            fill(*sessions_[i]);
            reactor_->io().touch(links_[i]);
        }
    }

    void on_accept(io::LinkId, io::ListenerId, const io::Endpoint&) override {}
    void on_connect(io::LinkId link, std::error_code error) override {
        SLUICE_CHECK(!error);
        session::SessionConfig config;
        config.role = session::Role::esme;
        config.window = window_;
        open(link, config).bind({CommandId::bind_transceiver, "shop", "secret", {}, {}}, now());
        links_.resize(sessions_.size());
        links_[link.index] = link;
        reactor_->io().touch(link);
    }
    void on_bind(session::Session&, const smpp::Header&, const smpp::Bind&) override {}
    void on_bound(session::Session&) override { ++bound; }
    void on_request(session::Session& s, const smpp::Header& header, ByteView) override {
        ++receipts;
        s.respond(header.id, header.sequence, CommandStatus::ESME_ROK, 1, Octets{nothing_});
    }
    void on_response(session::Session& s, std::uint64_t, const smpp::Header& header, ByteView) override {
        SLUICE_CHECK(header.status == CommandStatus::ESME_ROK);
        fill(s);
    }
    void on_window_open(session::Session& s) override { fill(s); }

private:
    void fill(session::Session& s) {
        for (; sent_ < allowed && s.window_open(); ++sent_)
            s.send(CommandId::submit_sm, submit_.size(), Octets{submit_}, 0, now());
    }

    std::uint32_t window_;
    std::uint64_t sent_ = 0;
    std::vector<std::uint8_t> submit_ = sample_submit();
    std::vector<std::uint8_t> nothing_{0};
    std::vector<io::LinkId> links_;
};

/// Takes every message and sends its receipt at once.
class Provider final : public Peer {
public:
    Provider(io::SimNet& net, const Clock& clock) : Peer(net, clock) {
        SLUICE_CHECK(reactor_->io().listen(address_, {}).has_value());
        smpp::DeliverSm receipt;
        receipt.source_addr = "447700900123";
        receipt.destination_addr = "Sluice";
        receipt.esm_class = smpp::esm_class::delivery_receipt;
        receipt.short_message = as_bytes(text_);
        receipt_ = encoded(receipt);
    }

    void on_accept(io::LinkId link, io::ListenerId, const io::Endpoint&) override {
        session::SessionConfig config;
        config.window = 10'000;
        open(link, config);
    }
    void on_connect(io::LinkId, std::error_code) override {}
    void on_bind(session::Session& s, const smpp::Header&, const smpp::Bind&) override { s.accept_bind(now()); }
    void on_bound(session::Session&) override {}
    void on_request(session::Session& s, const smpp::Header& header, ByteView) override {
        const std::string id = std::to_string(++last_id_);
        s.respond(header.id, header.sequence, CommandStatus::ESME_ROK, id.size() + 1,
                  Octets{{reinterpret_cast<const std::uint8_t*>(id.c_str()), id.size() + 1}});
        const std::size_t id_at = as_text(receipt_).find("id:") + 3;
        std::copy(id.begin(), id.end(), receipt_.begin() + static_cast<std::ptrdiff_t>(id_at));
        s.send(CommandId::deliver_sm, receipt_.size(), Octets{receipt_}, 0, now());
    }
    void on_response(session::Session&, std::uint64_t, const smpp::Header& header, ByteView) override {
        SLUICE_CHECK(header.status == CommandStatus::ESME_ROK);
    }
    void on_window_open(session::Session&) override {}

private:
    static constexpr std::string_view text_ =
        "id:1000000000 sub:001 dlvrd:001 submit date:2603040000 done date:2603040000 stat:DELIVRD err:000 "
        "text:aaaaaaaaaaaaaaaaaaaa";
    std::vector<std::uint8_t> receipt_;
    std::uint64_t last_id_ = 1'000'000'000;
};

/// Takes charging records for written.
class WrittenAtOnce final : public gateway::ChargingRecords {
public:
    bool take(std::uint32_t, std::uint64_t batch, const gateway::Movements&) override {
        written_ = batch;
        return true;
    }
    std::uint64_t written(std::uint32_t) const override { return written_; }

private:
    std::uint64_t written_ = 0;
};

/// All of them; `shard_turn` is given a shard to run its turn, so that it can be counted alone.
class World {
public:
    /// `charged`: the account pays before, for what is delivered, and records are made of it. The sessions are
    /// spread over the shards, as are the provider's binds.
    World(std::uint32_t sessions, std::uint32_t window, bool charged = false, std::uint32_t shards = 1)
        : net_(7, big_packets()), clock_(net_), mesh_(shards), provider_(net_, clock_),
          customer_(net_, clock_, window) {
        const std::uint32_t binds = std::max(4u, 2 * shards);
        routing::Account account;
        account.system_id = "shop";
        account.password_hash = "secret";
        account.max_sessions = sessions;
        account.window = account.peer_window = 10'000;
        if (charged) {
            account.charging.mode = routing::ChargingMode::prepaid;
            account.charging.opening = Money::of(1'000'000);
            account.charging.settle_at = routing::SettleAt::receipt;
        }
        routing::Provider provider;
        provider.name = "mc";
        provider.endpoints = {{"simulated", 2775}};
        provider.binds = binds;
        provider.window = provider.peer_window = 10'000;
        routing::RouteRule rule;
        rule.targets = {{0, 1, {}, 1}};
        snapshot_ = *routing::Snapshot::compile({account}, {provider}, {rule});

        for (std::uint32_t i = 0; i < shards; ++i) add_shard(i, shards, charged);
        const gateway::Endpoints endpoints{{gateway::party_of(snapshot_->providers()[0]), {provider_.address()}}};
        for (const auto& house : houses_) SLUICE_CHECK(house->shard->start(snapshot_, endpoints).has_value());
        for (const auto& house : houses_) gateway::open_balances(house->shard->core());
        for (const auto& house : houses_) SLUICE_CHECK(house->shard->listen(house->address, {}).has_value());
        for (std::uint32_t i = 0; i < sessions; ++i) customer_.reactor().io().connect(houses_[i % shards]->address);
        run_until([&] { return customer_.bound == sessions && all(&gateway::Counters::provider_binds) == binds; },
                  [](gateway::Shard& shard) { return shard.reactor().turn({}); });
    }

    /// `count` messages more, from submit_sm to the answered receipt.
    template <class ShardTurn>
    void live(std::uint64_t count, ShardTurn&& shard_turn) {
        customer_.allowed += count;
        customer_.go_on();
        const auto is_idle = [](const auto& house) { return house->shard->messages().in_memory() == 0; };
        run_until([&] { return customer_.receipts == customer_.allowed && std::ranges::all_of(houses_, is_idle); },
                  shard_turn);
    }

private:
    struct House {
        io::Endpoint address;
        storage::SimDisk disk;
        std::unique_ptr<storage::SimStore> store;
        history::Recorder recorder{4u << 20};
        std::unique_ptr<gateway::Shard> shard;
    };

    void add_shard(std::uint32_t index, std::uint32_t shards, bool charged) {
        House& house = *houses_.emplace_back(std::make_unique<House>());
        auto io = net_.add_host();
        house.address = io->address();
        house.address.port = 2775;
        storage::SimOptions disk;
        disk.min_latency = disk.max_latency = milliseconds(1);
        house.store = std::make_unique<storage::SimStore>(house.disk, clock_, disk);
        gateway::Shard::Options options;
        options.shard = index;
        options.shards = shards;
        options.io = std::move(io);
        options.clock = &clock_;
        options.store = house.store.get();
        options.mesh = &mesh_;
        options.accounts = &accounts_;
        options.admission = &admission_;
        options.authenticate = [](const std::string&, const std::string&, const std::string&,
                                  std::function<void(bool)> done) {
            done(true);
            return true;
        };
        options.log = [](char, std::string) {};
        if (charged) options.charging_records = &records_;
        options.history = &house.recorder;
        house.shard = std::make_unique<gateway::Shard>(std::move(options));
    }

    std::int64_t all(Gauge gateway::Counters::*gauge) const {
        std::int64_t sum = 0;
        for (const auto& house : houses_) sum += (house->shard->counters().*gauge).value();
        return sum;
    }

    static io::SimOptions big_packets() {
        io::SimOptions options;
        options.least_latency = options.most_latency = microseconds(50);
        options.least_packet = options.most_packet = options.window = 1 << 20;
        return options;
    }

    template <class Condition, class ShardTurn>
    void run_until(Condition&& condition, ShardTurn&& shard_turn) {
        while (!condition()) {
            std::size_t work = customer_.reactor().turn({}) + provider_.reactor().turn({});
            for (const auto& house : houses_) {
                work += shard_turn(*house->shard);
                work += house->store->commit_due(net_.now()) ? 1 : 0;
                house->recorder.read([](ByteView) {}, SIZE_MAX);
            }
            if (work > 0) continue;
            std::optional<MonoTime> next = net_.next_event_time();
            const auto sooner = [&](std::optional<MonoTime> at) {
                if (at && (!next || *at < *next)) next = at;
            };
            for (const auto& house : houses_) {
                sooner(house->store->next_due());
                sooner(house->shard->reactor().timers().next_deadline());
            }
            SLUICE_CHECK(next.has_value());
            net_.advance(std::max(*next, net_.now() + microseconds(1)));
        }
    }

    io::SimNet net_;
    SimulatedClock clock_;
    reactor::Mesh mesh_;
    gateway::AccountsShared accounts_;
    gateway::Admission admission_{1};
    std::shared_ptr<const routing::Snapshot> snapshot_;
    WrittenAtOnce records_;
    Provider provider_;
    Customer customer_;
    std::vector<std::unique_ptr<House>> houses_;
};

}  // namespace sluice::bench
