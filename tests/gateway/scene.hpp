#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "codecs/smpp/pdu.hpp"
#include "codecs/smpp/receipt.hpp"
#include "engine/gateway/charging.hpp"
#include "engine/gateway/shard.hpp"
#include "engine/history/files.hpp"
#include "storage/sim_store.hpp"
#include "tests/sim/charging_ledger.hpp"
#include "tests/sim/deal_disks.hpp"
#include "tests/sim/peer.hpp"

namespace sluice::gateway {

using smpp::CommandId;
using smpp::CommandStatus;

/// A peer that does what a test tells it: keeps the requests it gets, and answers them by its script.
class Scripted final : public sim::Peer {
public:
    struct Request {
        io::LinkId link;
        smpp::Header header;
        std::vector<std::uint8_t> body;
        smpp::MessageBody message() const { return *smpp::decode<smpp::MessageBody>(body, {true, 255}); }
    };
    struct Response {
        smpp::Header header;
        std::vector<std::uint8_t> body;
        std::string id() const {
            const auto decoded = smpp::decode<smpp::MessageIdResp>(body);
            return decoded ? std::string(decoded->message_id) : "malformed";
        }
    };

    using Peer::Peer;

    /// What to answer a message with; by default ESME_ROK, a provider with ids counted from 1.
    std::function<void(session::Session&, const Request&)> script;
    std::deque<Request> requests;
    std::deque<Response> responses;
    std::deque<std::uint64_t> unanswered;
    std::vector<CommandStatus> refusals;  ///< of our binds
    /// A message centre that calls: what its connections say in outbind.
    std::optional<std::pair<std::string, std::string>> calls_as;
    /// A customer that is called: what it binds with then, and what it was told.
    std::optional<session::BindRequest> binds_when_called;
    std::vector<std::pair<std::string, std::string>> outbinds;
    std::size_t connected = 0, refused = 0, closed = 0;  ///< attempts to connect, and ends

    void listen() {
        io::Endpoint any = address_;
        any.port = 2775;
        SLUICE_CHECK(reactor_->io().listen(any, {}).has_value());
    }
    io::Endpoint endpoint() const {
        io::Endpoint e = address_;
        e.port = 2775;
        return e;
    }
    void connect(const io::Endpoint& to, session::BindRequest request, std::uint8_t interface_version = 0x34) {
        request_ = std::move(request);
        interface_version_ = interface_version;
        reactor_->io().connect(to);
    }
    std::vector<session::Session*> bound() {
        std::vector<session::Session*> all;
        for (auto& [key, peer] : links_)
            if (!peer.over && peer.session->bound()) all.push_back(peer.session.get());
        return all;
    }
    session::Session& session(std::size_t i = 0) { return *bound().at(i); }

    template <class Body>
    void send(CommandId id, const Body& body, std::size_t on = 0) {
        session::Session& s = session(on);
        const std::size_t size = smpp::encoded_size(body);
        const auto encode = [&](std::uint8_t* to) { return smpp::encode(body, {to, size}); };
        SLUICE_CHECK(s.send(id, size, encode, ++cookie_, now()) != 0);
        touch(*find(s));
    }
    void answer(const Request& request, CommandStatus status, std::string_view id = {}) {
        sim::PeerLink* peer = find(request.link);
        if (peer == nullptr) return;
        const auto encode = [&](std::uint8_t* to) {
            std::copy(id.begin(), id.end(), to);
            to[id.size()] = 0;
            return id.size() + 1;
        };
        peer->session->respond(request.header.id, request.header.sequence, status, id.size() + 1, encode);
        touch(*peer);
    }
    /// The connection behind a session, for faults of the net.
    io::ConnectionId connection(std::size_t i = 0) {
        return find(session(i))->connection;
    }
    void cut(std::size_t i = 0) {
        sim::PeerLink* peer = find(session(i));
        const io::LinkId link = peer->link;
        reactor_->io().abort(link);
        peer->session->connection_lost(now());
    }

    void on_accept(io::LinkId link, io::ListenerId, const io::Endpoint&) override {
        session::SessionConfig config;
        config.system_id = "scripted";
        if (binds_when_called) config.role = session::Role::esme;
        open(link, config);
    }
    void on_connect(io::LinkId link, std::error_code error) override {
        if (error) return void(++refused);
        ++connected;
        if (request_.type == CommandId::generic_nack) return;  // connects and says nothing
        session::SessionConfig config;
        config.role = calls_as ? session::Role::message_centre : session::Role::esme;
        config.interface_version = interface_version_;
        sim::PeerLink& peer = open(link, config);
        if (calls_as) peer.session->outbind(calls_as->first, calls_as->second, now());
        else peer.session->bind(request_, now());
        touch(peer);
    }
    void on_close(io::LinkId link, std::error_code error) override {
        ++closed;
        Peer::on_close(link, error);
    }
    void on_end(session::Session& s, session::EndReason reason, CommandStatus status) override {
        if (reason == session::EndReason::bind_refused) refusals.push_back(status);
        Peer::on_end(s, reason, status);
    }
    void on_bind(session::Session& s, const smpp::Header&, const smpp::Bind&) override { s.accept_bind(now()); }
    void on_outbind(session::Session& s, const smpp::Outbind& outbind) override {
        outbinds.emplace_back(outbind.system_id, outbind.password);
        s.bind(*binds_when_called, now());
    }
    void on_bound(session::Session&) override {}
    void on_request(session::Session& s, const smpp::Header& header, ByteView body) override {
        requests.push_back({find(s)->link, header, {body.begin(), body.end()}});
        if (script) return script(s, requests.back());
        const bool submit = header.id == CommandId::submit_sm;
        answer(requests.back(), CommandStatus::ESME_ROK, submit ? std::to_string(++ids_) : "");
    }
    void on_response(session::Session&, std::uint64_t, const smpp::Header& header, ByteView body) override {
        responses.push_back({header, {body.begin(), body.end()}});
    }
    void on_unanswered(session::Session&, std::uint64_t cookie) override { unanswered.push_back(cookie); }

private:
    session::BindRequest request_;
    std::uint8_t interface_version_ = 0x34;
    std::uint64_t cookie_ = 0;
    std::uint64_t ids_ = 0;
};

/// How a scene's gateway is made: tests that say nothing of the receipt index run with it in memory and on disk.
struct Setup {
    Setup(std::uint32_t its_shards, std::size_t in_memory = 1'000'000)
        : shards(its_shards), receipts_in_memory(in_memory) {}
    std::uint32_t shards;
    std::size_t receipts_in_memory;
    script::LookUps* look_ups = nullptr;
    MoveCredits move_credits = nullptr;
    accounts::NumberOwners* number_owners = nullptr;
};
inline void PrintTo(const Setup& setup, std::ostream* out) {
    *out << setup.shards << " shards, " << setup.receipts_in_memory << " receipts in memory";
}

/// One account, one or more providers, and a gateway of some shards between them, in virtual time.
class Scene {
public:
    explicit Scene(Setup setup, std::function<void(routing::Account&, routing::Provider&)> adjust = {},
                   std::size_t providers = 1, std::function<void(GatewayConfig&)> configure = {})
        : net_(7),
          clock_(net_),
          disks_(setup.shards),
          setup_(setup),
          shards_(setup.shards),
          configure_(std::move(configure)) {
        gateway_ = net_.add_host()->address();
        routing::Account account;
        account.system_id = "shop";
        account.password_hash = "secret";
        account.numbers = {*routing::NumberPattern::exact("12345")};
        std::vector<routing::Provider> settings;
        routing::RouteRule rule;
        for (std::size_t i = 0; i < providers; ++i) {
            provider_peers.push_back(std::make_unique<Scripted>(net_, clock_, ledger_, 3 + i));
            provider_peers.back()->listen();
            routing::Provider provider;
            provider.name = "p" + std::to_string(i);
            provider.endpoints = {{"simulated", 2775}};
            provider.binds = 2;
            provider.timers.response = seconds(5);
            provider.timers.reconnect_min = provider.timers.reconnect_max = milliseconds(200);
            provider.retry.temporary = {{milliseconds(300)}, true};
            provider.retry.throttled = {{milliseconds(300)}, true};
            if (adjust) adjust(account, provider);
            settings.push_back(provider);
            rule.targets.push_back(
                {static_cast<routing::ProviderId>(i), static_cast<std::uint16_t>(1 + i), Money{}, 1});
        }
        auto snapshot = routing::Snapshot::compile({account}, settings, {rule});
        SLUICE_CHECK(snapshot.has_value());
        snapshot_ = *snapshot;
        for (std::size_t i = 0; i < providers; ++i)
            endpoints_[party_of(snapshot_->providers()[i])] = {provider_peers[i]->endpoint()};
        start();
        customer = std::make_unique<Scripted>(net_, clock_, ledger_, 2);
    }

    Scripted& provider(std::size_t i = 0) { return *provider_peers[i]; }
    io::Endpoint address() const {
        io::Endpoint e = gateway_;
        e.port = 2775;
        return e;
    }
    /// The account binds; runs until it is bound.
    void bind(CommandId type = CommandId::bind_transceiver, std::uint8_t interface_version = 0x34) {
        const std::size_t before = customer->bound().size();
        customer->connect(address(), {type, "shop", "secret"}, interface_version);
        until([&] { return customer->bound().size() > before; });
    }
    /// Submits one message and returns the id it was given.
    std::string submit(smpp::SubmitSm pdu = sample()) {
        const std::size_t before = customer->responses.size();
        customer->send(CommandId::submit_sm, pdu);
        until([&] { return customer->responses.size() > before; });
        return customer->responses.back().header.status == CommandStatus::ESME_ROK ? customer->responses.back().id()
                                                                                    : std::string();
    }
    static smpp::SubmitSm sample() {
        smpp::SubmitSm pdu;
        pdu.source_addr = "1000";
        pdu.destination_addr = "447700900123";
        pdu.dest_addr_ton = 1;
        pdu.dest_addr_npi = 1;
        pdu.registered_delivery = 1;
        pdu.short_message = as_bytes("Hello");
        return pdu;
    }
    /// A receipt as a provider sends it.
    static smpp::DeliverSm receipt(std::string_view text, std::uint8_t esm_class = 4) {
        smpp::DeliverSm pdu;
        pdu.source_addr = "447700900123";
        pdu.destination_addr = "1000";
        pdu.esm_class = esm_class;
        pdu.short_message = as_bytes(text);
        return pdu;
    }

    void run(nanoseconds time) {
        const MonoTime end = net_.now() + time;
        while (net_.now() < end) step(end);
    }
    template <class Condition>
    void until(Condition&& condition) {
        const MonoTime end = net_.now() + seconds(120);
        while (!condition()) {
            ASSERT_LT(net_.now(), end) << "it never came";
            step(end);
        }
    }
    void crash() {
        for (auto& g : running_) {
            g.store->crash();
            g.shard.reset();
            g.store.reset();
        }
        records.crash();
        start();
    }
    const routing::Snapshot& snapshot() const { return *snapshot_; }
    void reload(std::shared_ptr<const routing::Snapshot> next) {
        snapshot_ = std::move(next);
        for (auto& g : running_) g.shard->apply(g.shard->core().config, snapshot_, endpoints_);
    }
    /// Other triggers, as a reload takes them.
    void run_program(std::shared_ptr<const script::Program> program) {
        for (auto& g : running_) {
            GatewayConfig config = g.shard->core().config;
            config.program = program;
            g.shard->apply(config, snapshot_, endpoints_);
        }
    }
    /// As a crash, and the next start has what `change` makes of the configuration.
    template <class Change>
    void crash_and_change(Change&& change) {
        snapshot_ = change(snapshot_->accounts(), snapshot_->providers(), snapshot_->routes().rules());
        crash();
    }
    /// As a crash, and the next start has another number of shards.
    void restart_with(std::uint32_t shards) {
        for (auto& g : running_) g.store->crash();
        running_.clear();
        records.crash();
        auto dealt = sim::deal_disks(disks_, shards, clock_);
        SLUICE_CHECK(dealt.has_value());
        disks_ = std::move(*dealt);
        shards_ = shards;
        start();
    }
    /// Packets between the gateway and a provider wait from now on, or arrive again.
    void part(std::size_t i = 0) { net_.partition(gateway_, provider_peers[i]->address()); }
    void heal(std::size_t i = 0) { net_.heal(gateway_, provider_peers[i]->address()); }
    std::uint64_t count(Counter Counters::* counter) const {
        std::uint64_t sum = 0;
        for (const auto& g : running_) sum += (g.shard->counters().*counter).value();
        return sum;
    }
    /// Silence for good; neither end is told.
    void silence(io::ConnectionId connection) { net_.cut(connection); }
    MonoTime now() const { return net_.now(); }
    Shard& shard(std::size_t i) { return *running_[i].shard; }
    std::size_t shards() const { return running_.size(); }
    const storage::SimDisk& disk(std::size_t i) const { return disks_[i]; }
    const routing::Account& account() const { return snapshot_->accounts().front(); }
    /// From now on, as a reload sets them.
    void limit(const ConnectionLimits& limits) { admission_->set_limits(limits_ = limits); }
    const Admission& admission() const { return *admission_; }
    void drain(nanoseconds patience) {
        for (auto& g : running_) g.shard->stop_listening();
        for (auto& g : running_) g.shard->drain(patience);
    }
    bool drained() const {
        return std::ranges::all_of(running_, [](const Running& g) { return g.shard->drained(); });
    }
    /// One more program in the scene, with a host of its own.
    Scripted& add_peer() {
        others.push_back(std::make_unique<Scripted>(net_, clock_, ledger_, 100 + others.size()));
        return *others.back();
    }
    /// What the history was told of a message since the last start.
    std::vector<history::OwnedRecord> trace(MessageId id) {
        std::vector<history::OwnedRecord> its;
        std::ranges::copy_if(events_of(running_[home_shard(id, shards_)]), std::back_inserter(its),
                             [id](const auto& event) { return event.id == id; });
        return its;
    }
    /// The same of every message and every shard, one shard's after the other's.
    std::vector<history::OwnedRecord> traces() {
        std::vector<history::OwnedRecord> all;
        for (Running& running : running_) std::ranges::copy(events_of(running), std::back_inserter(all));
        return all;
    }
    /// How many PDUs of a command the history has, in or out.
    std::size_t kept(TraceEvent event, CommandId command) {
        return static_cast<std::size_t>(std::ranges::count_if(traces(), [=](const history::OwnedRecord& its) {
            return its.event == event && its.status == static_cast<std::uint32_t>(command);
        }));
    }
    bool empty() const {
        for (const auto& disk : disks_)
            if (!disk.table(storage::Table::message).empty()) return false;
        for (const auto& g : running_)
            if (g.shard->messages().in_memory() > 0) return false;
        return true;
    }

private:
    struct Running {
        std::unique_ptr<storage::SimStore> store;
        std::unique_ptr<history::Recorder> recorder;
        std::unique_ptr<Shard> shard;
        std::vector<history::OwnedRecord> events;  ///< taken from the recorder
    };

    static const std::vector<history::OwnedRecord>& events_of(Running& running) {
        running.recorder->read([&](ByteView stretch) {
            history::RecordReader records(stretch);
            while (const auto record = records.next()) running.events.emplace_back(*record);
        }, SIZE_MAX);
        return running.events;
    }
    void start() {
        accounts_ = std::make_unique<AccountsShared>();
        admission_ = std::make_unique<Admission>(7, limits_);
        mesh_ = std::make_unique<reactor::Mesh>(shards_);
        running_.clear();
        for (std::uint32_t i = 0; i < shards_; ++i) {
            auto store = std::make_unique<storage::SimStore>(disks_[i], clock_);
            Shard::Options options;
            options.shard = i;
            options.shards = shards_;
            options.config.receipt_hold = seconds(20);
            options.config.response = seconds(5);
            options.config.enquire_link = seconds(3);
            options.config.max_receipts_in_memory = setup_.receipts_in_memory;
            if (configure_) configure_(options.config);
            options.io = net_.add_on_host(gateway_);
            options.clock = &clock_;
            options.store = store.get();
            options.mesh = mesh_.get();
            options.accounts = accounts_.get();
            options.admission = admission_.get();
            options.authenticate = [](const std::string&, const std::string& hash, const std::string& password,
                                      std::function<void(bool)> done) {
                done(hash == password);
                return true;
            };
            options.charging_records = &records;
            options.look_ups = setup_.look_ups;
            options.move_credits = setup_.move_credits;
            options.number_owners = setup_.number_owners;
            options.log = [this](char, std::string line) { log += line + '\n'; };
            auto recorder = std::make_unique<history::Recorder>(1u << 20);
            options.history = recorder.get();
            running_.push_back(
                {std::move(store), std::move(recorder), std::make_unique<Shard>(std::move(options)), {}});
            mesh_->set_wake(i, [] {});
        }
        for (auto& g : running_) SLUICE_CHECK(g.shard->start(snapshot_, endpoints_).has_value());
        for (auto& g : running_) open_balances(g.shard->core());
        for (auto& g : running_) SLUICE_CHECK(g.shard->listen(address(), {1024, true}).has_value());
    }

    void step(MonoTime end) {
        std::vector<reactor::Reactor*> programs{&customer->reactor()};
        for (auto& g : running_) programs.push_back(&g.shard->reactor());
        for (auto& p : provider_peers) programs.push_back(&p->reactor());
        for (auto& p : others) programs.push_back(&p->reactor());
        std::size_t work = 0;
        for (reactor::Reactor* program : programs) work += program->turn(nanoseconds(0));
        for (auto& g : running_) work += g.store->commit_due(net_.now()) ? 1 : 0;
        if (work > 0) return;  // it may have made work for others, now
        MonoTime next = end;
        const auto sooner = [&](std::optional<MonoTime> at) {
            if (at) next = std::min(next, *at);
        };
        sooner(net_.next_event_time());
        for (auto& g : running_) sooner(g.store->next_due());
        for (reactor::Reactor* program : programs) sooner(program->timers().next_deadline());
        net_.advance(std::max(next, net_.now() + microseconds(20)));
    }

    io::SimNet net_;
    sim::SimClock clock_;
    sim::Ledger ledger_;
    std::vector<storage::SimDisk> disks_;
    Setup setup_;
    std::uint32_t shards_;
    std::function<void(GatewayConfig&)> configure_;
    io::Endpoint gateway_;
    std::shared_ptr<const routing::Snapshot> snapshot_;
    Endpoints endpoints_;
    std::unique_ptr<AccountsShared> accounts_;
    std::unique_ptr<Admission> admission_;
    ConnectionLimits limits_;
    std::unique_ptr<reactor::Mesh> mesh_;
    std::vector<Running> running_;

public:
    std::string log;
    sim::ChargingLedger records;  ///< of charging; what they hold survives a crash

    // destroyed before the network that they live on
    std::vector<std::unique_ptr<Scripted>> provider_peers;
    std::unique_ptr<Scripted> customer;
    std::vector<std::unique_ptr<Scripted>> others;
};

}  // namespace sluice::gateway
