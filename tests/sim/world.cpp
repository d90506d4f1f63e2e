#include "world.hpp"

#include <algorithm>
#include <map>

namespace sluice::sim {
namespace {

/// It may have the sessions that it means to have and no more: after a break the dead ones must make room (interop S6).
routing::Account account(std::string name, std::string number, std::uint32_t max_sessions) {
    routing::Account a;
    a.system_id = std::move(name);
    a.password_hash = "secret";
    a.max_sessions = max_sessions;
    a.numbers = {*routing::NumberPattern::exact(number)};
    return a;
}

routing::Provider provider(std::string name, std::uint32_t binds) {
    routing::Provider p;
    p.name = std::move(name);
    p.endpoints = {{"simulated", 2775}};
    p.system_id = "sluice";
    p.password = "secret";
    p.binds = binds;
    p.window = 10;
    p.timers.response = seconds(5);
    p.timers.enquire_link = seconds(3);
    p.timers.reconnect_max = milliseconds(2000);
    p.retry.temporary = {{milliseconds(200), seconds(1)}, true};
    p.retry.throttled = {{milliseconds(50)}, true};
    return p;
}

}  // namespace

World::World(const Plan& plan)
    : plan_(plan), random_(plan.seed), net_(random_.next()), clock_(net_), disks_(plan.shards) {
    gateway_address_ = net_.add_host()->address();
    const auto other_seed = [this] { return random_.next(); };
    providers_.push_back(std::make_unique<SimProvider>(net_, clock_, ledger, other_seed(), "pa"));
    providers_.push_back(std::make_unique<SimProvider>(net_, clock_, ledger, other_seed(), "pb"));

    routing::RouteRule all;
    all.targets = {{0, 1, 0, 1}, {1, 1, 0, 1}};
    auto snapshot = routing::Snapshot::compile({account("alpha", "31699887766", 1), account("beta", "31688776655", 3)},
                                               {provider("pa", 2), provider("pb", 1)}, {all});
    SLUICE_CHECK(snapshot.has_value());
    snapshot_ = *snapshot;
    for (std::size_t i = 0; i < providers_.size(); ++i)
        endpoints_[gateway::party_of(snapshot_->providers()[i])] = {providers_[i]->endpoint()};
    start_gateway();

    io::Endpoint gateway = gateway_address_;
    gateway.port = 2775;
    customers_.push_back(std::make_unique<SimCustomer>(net_, clock_, ledger, other_seed(), "alpha", gateway, 1));
    customers_.push_back(std::make_unique<SimCustomer>(net_, clock_, ledger, other_seed(), "beta", gateway, 3));
}

namespace {

/// What a disk says of each message, by its rows and then its journal: another reading than the store's own.
std::map<gateway::MessageId, gateway::Message> messages_on(const storage::SimDisk& disk) {
    std::map<gateway::MessageId, gateway::Message> found;
    const storage::SimDisk::Rows& rows = disk.table(storage::Table::message);
    for (const auto& [number, segment] : disk.journal()) {
        ByteView rest = segment;
        gateway::Record record;
        bool damaged = false;
        while (gateway::next_record(rest, record, damaged)) {
            gateway::Message m;
            if (record.type == gateway::RecordType::snapshot && gateway::read_snapshot(record.payload, m)) {
                found.insert_or_assign(record.id, std::move(m));
            } else if (record.type == gateway::RecordType::done || record.type == gateway::RecordType::settled) {
                found.erase(record.id);
            } else if (found.contains(record.id)) {
                gateway::apply_record(record, found.at(record.id));
            } else if (const auto row = rows.find({0, record.id}); row != rows.end()) {
                SLUICE_CHECK(gateway::read_snapshot(row->second, m));
                gateway::apply_record(record, found.emplace(record.id, std::move(m)).first->second);
            }
        }
        SLUICE_CHECK(!damaged);
    }
    for (const auto& [key, value] : rows) {  // young ones speak for themselves, whatever their row says
        gateway::Message m;
        SLUICE_CHECK(gateway::read_snapshot(value, m));
        found.try_emplace(key.low, std::move(m));
    }
    return found;
}

}  // namespace

/// Just after a start: the counts that were restored are those of a count of the disks.
void World::check_counts() {
    std::map<gateway::PartyId, std::int64_t> unfinished;
    for (std::size_t i = 0; i < disks_.size(); ++i) {
        std::uint64_t all = 0, awaiting = 0;
        for (const auto& [id, m] : messages_on(disks_[i])) {
            if (!gateway::MessageCounts::is_unfinished(m)) continue;
            ++all;
            awaiting += gateway::MessageCounts::is_awaiting(m);
            ++unfinished[m.account];
        }
        const gateway::MessageCounts& counts = gateway_[i].shard->messages().counts();
        if (counts.unfinished() != all || counts.awaiting() != awaiting)
            ledger.wrong.push_back("shard " + std::to_string(i) + " started with " + std::to_string(counts.unfinished()) +
                                   " unfinished and " + std::to_string(counts.awaiting()) + " awaiting, on its disk are " +
                                   std::to_string(all) + " and " + std::to_string(awaiting));
    }
    for (const routing::Account& account : snapshot_->accounts()) {
        const std::int64_t counted = accounts_->of(gateway::party_of(account)).queued;
        if (counted != unfinished[gateway::party_of(account)])
            ledger.wrong.push_back(account.system_id + " started with " + std::to_string(counted) + " queued, not " +
                                   std::to_string(unfinished[gateway::party_of(account)]));
    }
}

void World::start_gateway() {
    accounts_ = std::make_unique<gateway::AccountsShared>();
    admission_ = std::make_unique<gateway::Admission>(plan_.seed);
    mesh_ = std::make_unique<reactor::Mesh>(plan_.shards);
    gateway_.resize(plan_.shards);
    for (std::uint32_t i = 0; i < plan_.shards; ++i) {
        storage::SimOptions store;
        store.seed = random_.next();
        gateway_[i].store = std::make_unique<storage::SimStore>(disks_[i], clock_, store);
        gateway::Shard::Options options;
        options.shard = i;
        options.shards = plan_.shards;
        options.config.receipt_hold = seconds(20);
        options.config.enquire_link = seconds(3);
        options.config.response = seconds(5);
        options.config.store.max_young = 60;
        options.config.store.young_age = seconds(3);
        options.config.store.load_rows = 32;
        options.config.store.load_below = 16;
        options.io = net_.add_on_host(gateway_address_);
        options.clock = &clock_;
        options.store = gateway_[i].store.get();
        options.mesh = mesh_.get();
        options.accounts = accounts_.get();
        options.admission = admission_.get();
        options.authenticate = [](const std::string&, const std::string& hash, const std::string& password,
                                  std::function<void(bool)> done) {
            done(hash == password);
            return true;
        };
        options.log = [](char, std::string) {};
        options.seed = random_.next();
        gateway_[i].shard = std::make_unique<gateway::Shard>(std::move(options));
        mesh_->set_wake(i, [] {});
    }
    for (GatewayShard& g : gateway_) SLUICE_CHECK(g.shard->start(snapshot_, endpoints_).has_value());
    check_counts();
    io::Endpoint any = gateway_address_;
    any.port = 2775;
    for (GatewayShard& g : gateway_) SLUICE_CHECK(g.shard->listen(any, {1024, true}).has_value());
}

void World::crash_gateway() {
    ++crashes;
    ledger.trace(net_.now(), "crash");
    for (GatewayShard& g : gateway_) {
        g.store->crash();
        g.shard.reset();
        g.store.reset();
    }
    start_gateway();
}

void World::some_fault() {
    if (random_.chance(plan_.crash_chance)) crash_gateway();
    if (random_.chance(plan_.stall_chance))
        for (GatewayShard& g : gateway_) g.store->set_stalled(true);
    else
        for (GatewayShard& g : gateway_) g.store->set_stalled(false);
    const auto connections = net_.connections();
    if (!connections.empty() && random_.chance(plan_.break_chance)) {
        ++breaks;
        const auto one = connections[random_.below(connections.size())];
        if (random_.chance(0.5)) net_.reset(one);
        else net_.cut(one);
    }
}

void World::advance_to(MonoTime end) {
    while (net_.now() < end) {
        std::vector<reactor::Reactor*> programs;
        for (GatewayShard& g : gateway_) programs.push_back(&g.shard->reactor());
        for (auto& c : customers_) programs.push_back(&c->reactor());
        for (auto& p : providers_) programs.push_back(&p->reactor());
        for (std::size_t i = programs.size(); i > 1; --i) std::swap(programs[i - 1], programs[random_.below(i)]);
        std::size_t work = 0;
        for (reactor::Reactor* program : programs) work += program->turn(nanoseconds(0));
        for (GatewayShard& g : gateway_) work += g.store->commit_due(net_.now()) ? 1 : 0;

        if (work > 0) continue;  // it may have made work for others, now
        MonoTime next = end;
        const auto sooner = [&](std::optional<MonoTime> at) {
            if (at) next = std::min(next, *at);
        };
        sooner(net_.next_event_time());
        for (GatewayShard& g : gateway_) sooner(g.store->next_due());
        for (reactor::Reactor* program : programs) sooner(program->timers().next_deadline());
        net_.advance(std::max(next, net_.now() + microseconds(20)));
    }
}

bool World::drained() {
    for (const storage::SimDisk& disk : disks_)
        if (!disk.table(storage::Table::message).empty()) return false;
    for (GatewayShard& g : gateway_)
        if (g.shard->messages().in_memory() > 0) return false;
    return std::ranges::all_of(providers_, [](const auto& p) { return p->owes_nothing(); });
}

void World::run() {
    const MonoTime faults_until = net_.now() + plan_.with_faults;
    while (net_.now() < faults_until) {
        advance_to(net_.now() + milliseconds(100));
        some_fault();
    }
    for (GatewayShard& g : gateway_) g.store->set_stalled(false);
    for (auto& c : customers_) c->stop_submitting();
    for (auto& p : providers_) {
        p->behave();
        p->stop_originating();
    }
    const MonoTime until = net_.now() + seconds(600);
    do {
        advance_to(net_.now() + seconds(1));
    } while (net_.now() < until && !drained());
    advance_to(net_.now() + seconds(2));
}

std::vector<std::string> World::violations() {
    std::vector<std::string> wrong = ledger.wrong;
    if (!drained()) wrong.push_back("the gateway is not empty in the end");
    for (GatewayShard& g : gateway_) {
        g.shard->messages().for_each_in_memory([&](gateway::Message& m) {
            wrong.push_back("left in memory: " + std::to_string(m.id) + " kind " + std::to_string(int(m.kind)) + " leg " +
                            std::to_string(int(m.leg)) + " stage " + std::to_string(int(m.stage)) + " provider id " +
                            m.provider_id);
        });
    }
    for (std::size_t i = 0; i < disks_.size(); ++i) {
        for (const auto& [key, value] : disks_[i].table(storage::Table::message)) {
            gateway::Message m;
            if (!gateway::read_snapshot(value, m)) continue;
            wrong.push_back("left on disk " + std::to_string(i) + ": " + std::to_string(m.id) + " leg " +
                            std::to_string(int(m.leg)) + " stage " + std::to_string(int(m.stage)) + " lane row " +
                            std::to_string(m.lane_row) + " position " + std::to_string(m.position));
        }
        for (const auto& [key, value] : disks_[i].table(storage::Table::queue))
            wrong.push_back("row left on disk " + std::to_string(i) + ": " + std::to_string(key.high) + " " +
                            std::to_string(key.low));
        for (const auto& [key, value] : disks_[i].table(storage::Table::meta))
            if (key.high != 0) wrong.push_back("a count is left: " + std::to_string(key.high) + " " + std::to_string(key.low));
        gateway_[i].shard->messages().for_each_lane([&](gateway::Lane& lane) {
            if (!lane.empty())
                wrong.push_back("lane not empty: " + std::to_string(lane.key()) + " rows " + std::to_string(lane.rows()) +
                                " unloaded " + std::to_string(lane.unloaded()) + " loaded up to " +
                                std::to_string(lane.loaded_up_to()) + (lane.loading() ? " loading" : ""));
        });
    }
    for (GatewayShard& g : gateway_) {
        const gateway::MessageCounts& counts = g.shard->messages().counts();
        if (counts.unfinished() != 0 || counts.awaiting() != 0)
            wrong.push_back("counted in the end: " + std::to_string(counts.unfinished()) + " unfinished, " +
                            std::to_string(counts.awaiting()) + " awaiting");
    }
    for (const routing::Account& account : snapshot_->accounts())
        if (const std::int64_t left = accounts_->of(gateway::party_of(account)).queued; left != 0)
            wrong.push_back(account.system_id + " has " + std::to_string(left) + " queued in the end");
    for (const auto& p : providers_)
        if (!p->owes_nothing()) wrong.push_back("a provider still owes receipts or messages");
    for (const auto& [text, sent] : ledger.sent) {
        if (sent.id.empty()) continue;
        if (sent.at_providers == 0) wrong.push_back("lost: " + text + " " + sent.id);
        if (sent.wants_receipt && sent.final_receipts == 0) wrong.push_back("no receipt: " + text + " " + sent.id);
        const auto bound = static_cast<int>(1 + crashes + breaks);
        if (sent.taken > bound) wrong.push_back("too many copies: " + text);
        if (crashes + breaks == 0 && sent.taken > 1) wrong.push_back("a copy without a fault: " + text);
        if (crashes + breaks == 0 && sent.final_receipts > 1) wrong.push_back("a receipt twice without a fault: " + text);
    }
    for (const auto& [text, mo] : ledger.originated)
        if (mo.acknowledged && mo.delivered == 0) wrong.push_back("lost: " + text);
    for (std::size_t i = 0; i < disks_.size(); ++i)
        if (!disks_[i].table(storage::Table::queue).empty())
            wrong.push_back("rows are left in the queues of shard " + std::to_string(i));
    return wrong;
}

std::string World::summary() const {
    std::size_t acknowledged = 0, receipts = 0, copies = 0;
    for (const auto& [text, sent] : ledger.sent) {
        acknowledged += !sent.id.empty();
        receipts += static_cast<std::size_t>(sent.final_receipts);
        copies += static_cast<std::size_t>(std::max(0, sent.taken - 1));
    }
    return "seed " + std::to_string(plan_.seed) + ", shards " + std::to_string(plan_.shards) + ": " +
           std::to_string(ledger.sent.size()) + " submitted, " + std::to_string(acknowledged) + " acknowledged, " +
           std::to_string(receipts) + " receipts, " + std::to_string(ledger.originated.size()) + " originated, " +
           std::to_string(crashes) + " crashes, " + std::to_string(breaks) + " breaks, " + std::to_string(copies) +
           " extra copies, trace " + std::to_string(ledger.hash());
}

}  // namespace sluice::sim
