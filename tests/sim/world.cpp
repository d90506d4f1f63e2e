#include "world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "tests/sim/deal_disks.hpp"

namespace sluice::sim {
namespace {

constexpr routing::Rate account_rate{80, 20};
constexpr routing::Rate provider_rate{120, 30};

/// It may have the sessions that it means to have and no more: after a break the dead ones must make room (interop S6).
routing::Account account(std::string name, std::string number, std::uint32_t max_sessions, const Plan& plan) {
    routing::Account a;
    a.system_id = std::move(name);
    a.password_hash = "secret";
    a.max_sessions = max_sessions;
    a.numbers = {*routing::NumberPattern::exact(number)};
    if (plan.rates) a.rate = account_rate;
    return a;
}

routing::Provider provider(std::string name, std::uint32_t binds, const Plan& plan) {
    routing::Provider p;
    p.name = std::move(name);
    p.endpoints = {{"simulated", 2775}};
    p.system_id = "sluice";
    p.password = "secret";
    p.binds = binds;
    p.window = SimProvider::window;
    p.timers.response = Ledger::patience;
    p.timers.enquire_link = seconds(3);
    p.timers.reconnect_max = milliseconds(2000);
    p.retry.temporary = {{milliseconds(200), seconds(1)}, true};
    p.retry.throttled = {{milliseconds(50)}, true};
    if (plan.rates) p.rate = provider_rate;
    return p;
}

constexpr std::array<std::uint32_t, 2> binds{2, 1};

}  // namespace

World::World(const Plan& plan)
    : plan_(plan), random_(plan.seed), net_(random_.next()), clock_(net_), disks_(plan.shards),
      credits_(plan.seed, plan.credits, [this](std::uint32_t shard) { return gateway_[shard].store->stats().commits; }),
      caps_(plan.capped), look_ups_(plan.seed), shards_(plan.shards) {
    if (plan_.triggers) program_ = sim_program(0);
    gateway_address_ = net_.add_host()->address();
    const auto other_seed = [this] { return random_.next(); };
    providers_.push_back(std::make_unique<SimProvider>(net_, clock_, ledger, other_seed(), "pa", plan_.odd_peers));
    if (!plan_.one_provider)
        providers_.push_back(std::make_unique<SimProvider>(net_, clock_, ledger, other_seed(), "pb", plan_.odd_peers));
    if (plan_.triggers)
        for (auto& p : providers_) p->meet_scripts();
    snapshot_ = compile(true);
    for (std::size_t i = 0; i < providers_.size(); ++i)
        endpoints_[gateway::party_of(snapshot_->providers()[i])] = {providers_[i]->endpoint()};
    start_gateway();

    io::Endpoint gateway = gateway_address_;
    gateway.port = 2775;
    customers_.push_back(std::make_unique<SimCustomer>(net_, clock_, ledger, other_seed(), "alpha", gateway, 1,
                                                       plan_.odd_peers, plan_.operations));
    customers_.push_back(std::make_unique<SimCustomer>(net_, clock_, ledger, other_seed(), "beta", gateway, 3,
                                                       plan_.odd_peers, plan_.operations));
}

/// Accounts, providers and routes: as at first, or with something changed that nobody may notice in the end.
std::shared_ptr<const routing::Snapshot> World::compile(bool as_at_first) {
    std::vector<routing::Account> accounts{account("alpha", "31699887766", 1, plan_),
                                           account("beta", "31688776655", 3, plan_)};
    for (routing::Account& account : accounts) credits_.set(account);
    if (plan_.priced) {
        accounts[0].charging.price = Money{15};
        accounts[0].charging.least_margin = Money{};
    }
    std::vector<routing::Provider> providers;
    routing::RouteRule all;
    for (std::size_t i = 0; i < providers_.size(); ++i) {
        providers.push_back(provider(i == 0 ? "pa" : "pb", binds[i], plan_));
        caps_.set(providers.back());
        if (plan_.priced)
            providers.back().prices.table =
                *routing::PriceTable::compile({{routing::NumberPattern(), Money{i == 0 ? 10 : 20}}});
        all.targets.push_back({static_cast<routing::ProviderId>(i), 1, 0, 1});
    }
    std::vector<routing::HomeRule> homes(2);
    for (routing::HomeRule& home : homes) home.owners = {{0, 1}, {1, 1}};
    SLUICE_CHECK(homes[0].to.add(SimProvider::for_both) && homes[0].to.add(SimProvider::kept) &&
                 homes[1].to.add(SimProvider::at_times_nobodys));
    if (!as_at_first) {
        homes.pop_back();
        auto& one = providers[random_.below(providers.size())];
        switch (random_.below(4)) {
            case 0: one.window = SimProvider::window / 2; break;
            case 1: one.binds = 3 - one.binds; break;
            case 2: one.enabled = false; break;
            default: accounts[random_.below(accounts.size())].enabled = false;
        }
    }
    auto snapshot = routing::Snapshot::compile(accounts, providers, {all}, homes);
    SLUICE_CHECK(snapshot.has_value());
    return *snapshot;
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
            } else if (record.type == gateway::RecordType::movement) {
                continue;
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
    std::vector<std::map<gateway::MessageId, gateway::Message>> messages;
    for (std::size_t i = 0; i < disks_.size(); ++i) {
        std::uint64_t all = 0, awaiting = 0;
        for (const auto& [id, m] : messages.emplace_back(messages_on(disks_[i]))) {
            if (!gateway::MessageCounts::is_unfinished(m)) continue;
            ++all;
            awaiting += gateway::MessageCounts::is_awaiting(m);
            ++unfinished[m.account];
        }
        const gateway::MessageCounts& counts = gateway_[i].shard->messages().counts();
        if (counts.unfinished() != all || counts.awaiting() != awaiting)
            ledger.wrong.push_back("shard " + std::to_string(i) + " started with " +
                                   std::to_string(counts.unfinished()) + " unfinished and " +
                                   std::to_string(counts.awaiting()) + " awaiting, on its disk are " +
                                   std::to_string(all) + " and " + std::to_string(awaiting));
    }
    for (const routing::Account& account : snapshot_->accounts()) {
        const std::int64_t counted = accounts_->of(gateway::party_of(account)).queued;
        if (counted != unfinished[gateway::party_of(account)])
            ledger.wrong.push_back(account.system_id + " started with " + std::to_string(counted) + " queued, not " +
                                   std::to_string(unfinished[gateway::party_of(account)]));
    }
    credits_.check_start(shards(), messages, *snapshot_);
}

gateway::GatewayConfig World::config() const {
    gateway::GatewayConfig c;
    c.receipt_hold = seconds(20);
    c.enquire_link = seconds(3);
    c.response = Ledger::patience;
    c.max_receipts_in_memory = 16 * shards_;
    c.store.max_young = 60;
    c.store.young_age = seconds(3);
    c.store.load_rows = 32;
    c.program = program_;
    if (plan_.capped) c.default_validity = std::chrono::days(30);  // they wait for hours and days
    return c;
}

void World::start_gateway() {
    ledger.starts.push_back(net_.now());
    ledger.refills.push_back(net_.now());
    accounts_ = std::make_unique<gateway::AccountsShared>();
    admission_ = std::make_unique<gateway::Admission>(plan_.seed);
    mesh_ = std::make_unique<reactor::Mesh>(shards_);
    gateway_.clear();
    gateway_.resize(shards_);
    for (std::uint32_t i = 0; i < shards_; ++i) {
        storage::SimOptions store;
        store.seed = random_.next();
        store.max_latency = plan_.slowest_commit;
        store.failure_rate = plan_.failed_commits;
        if (scarce_) store.scarce_above = 0;
        gateway_[i].store = std::make_unique<storage::SimStore>(disks_[i], clock_, store);
        gateway::Shard::Options options;
        options.shard = i;
        options.shards = shards_;
        options.config = config();
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
        options.charging_records = credits_.records();
        options.move_credits = credits_.mover(i);
        options.look_ups = &look_ups_;
        options.log = [](char, std::string) {};
        options.seed = random_.next();
        gateway_[i].shard = std::make_unique<gateway::Shard>(std::move(options));
        mesh_->set_wake(i, [] {});
    }
    for (GatewayShard& g : gateway_) SLUICE_CHECK(g.shard->start(snapshot_, endpoints_).has_value());
    for (GatewayShard& g : gateway_) gateway::open_balances(g.shard->core());
    check_counts();
    credits_.find_accounts(shards(), *snapshot_);
    io::Endpoint any = gateway_address_;
    any.port = 2775;
    for (GatewayShard& g : gateway_) SLUICE_CHECK(g.shard->listen(any, {1024, true}).has_value());
}

void World::stop_gateway(bool in_good_order) {
    credits_.stop(in_good_order);
    look_ups_.forget();
    for (GatewayShard& g : gateway_) {
        g.store->crash();
        g.shard.reset();
        g.store.reset();
    }
}

void World::crash_gateway() {
    ++crashes;
    ledger.trace(net_.now(), "crash");
    stop_gateway();
    deal_anew();
    start_gateway();
}

/// As an operator does it: everybody is unbound, everything written, and only then it ends.
void World::restart_gateway() {
    ++restarts;
    ledger.trace(net_.now(), "restart");
    for (GatewayShard& g : gateway_) g.shard->stop_listening();
    for (GatewayShard& g : gateway_) g.shard->drain(seconds(3));
    const MonoTime patience = net_.now() + seconds(5);
    const auto drained = [this] {
        return std::ranges::all_of(gateway_, [](const GatewayShard& g) { return g.shard->drained(); });
    };
    while (net_.now() < patience && !drained()) advance_to(net_.now() + milliseconds(50));
    stop_gateway(drained());
    deal_anew();
    start_gateway();
}

/// The next start has another number of shards; what changes the disks may be stopped in the midst of it, and begins
/// again.
void World::deal_anew() {
    if (plan_.reshard.empty()) return;
    const std::uint32_t wanted = plan_.reshard[reshards_++ % plan_.reshard.size()];
    if (wanted == shards_) return;
    while (random_.chance(0.3)) deal_disks(disks_, wanted, clock_, random_.below(wanted));
    auto dealt = deal_disks(disks_, wanted, clock_);
    SLUICE_CHECK(dealt.has_value());
    disks_ = std::move(*dealt);
    shards_ = wanted;
    ++deals;
}

void World::reload(bool as_at_first) {
    ++reloads;
    ledger.trace(net_.now(), "reload");
    ledger.refills.push_back(net_.now());
    snapshot_ = compile(as_at_first);
    if (plan_.triggers) program_ = sim_program(random_.below(3));
    for (GatewayShard& g : gateway_) g.shard->apply(config(), snapshot_, endpoints_);
}

void World::jump(microseconds offset) {
    ++jumps;
    ++ledger.jumps;
    clock_.set_offset(offset);
}

void World::next_hour() {
    jump(clock_.offset() + std::chrono::hours(1));
    ledger.hour_began = net_.now();
}

void World::partition() {
    const std::size_t i = random_.below(providers_.size());
    if (apart_.contains(i)) return;
    ++partitions;
    ledger.trace(net_.now(), "partition " + std::to_string(i));
    for (const auto connection : net_.connections()) {
        ledger.broken.insert(connection);
        ledger.delayed.insert(connection);
    }
    net_.partition(gateway_address_, providers_[i]->address());
    apart_[i] = net_.now() + milliseconds(500 + random_.below(12'000));
}

std::vector<gateway::Shard*> World::shards() {
    std::vector<gateway::Shard*> all;
    for (GatewayShard& g : gateway_) all.push_back(g.shard.get());
    return all;
}

void World::some_fault() {
    credits_.some_time(shards(), *snapshot_);
    if (random_.chance(plan_.crash_chance)) crash_gateway();
    else if (random_.chance(plan_.restart_chance)) restart_gateway();
    const bool stalled = random_.chance(plan_.stall_chance);
    if (random_.chance(scarce_ ? 0.1 : plan_.scarce_chance)) scarce_ = !scarce_;
    for (GatewayShard& g : gateway_) {
        g.store->set_stalled(stalled);
        g.store->set_scarce_above(scarce_ ? 0 : UINT64_MAX);
    }
    if (random_.chance(plan_.jump_chance))
        jump(microseconds(static_cast<std::int64_t>(random_.below(240'000'000)) - 120'000'000));
    if (random_.chance(plan_.reload_chance)) reload(random_.chance(0.5));
    if (random_.chance(plan_.partition_chance)) partition();
    std::erase_if(apart_, [this](const auto& one) {
        const bool over = net_.now() >= one.second;
        if (over) net_.heal(gateway_address_, providers_[one.first]->address());
        return over;
    });
    const auto connections = net_.connections();
    if (!connections.empty() && random_.chance(plan_.break_chance)) {
        ++breaks;
        const auto one = connections[random_.below(connections.size())];
        ledger.trace(net_.now(), "break " + std::to_string(one));
        ledger.broken.insert(one);
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
        work += look_ups_.advance(net_.now()) ? 1 : 0;
        work += credits_.bank().advance(net_.now()) ? 1 : 0;

        if (work > 0) continue;  // it may have made work for others, now
        MonoTime next = end;
        const auto sooner = [&](std::optional<MonoTime> at) {
            if (at) next = std::min(next, *at);
        };
        sooner(net_.next_event_time());
        sooner(look_ups_.next_due());
        sooner(credits_.bank().next_due());
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
    return std::ranges::all_of(providers_, [](const auto& p) { return p->owes_nothing(); }) &&
           credits_.settled(shards());
}

void World::run() {
    const MonoTime faults_until = net_.now() + plan_.with_faults;
    while (net_.now() < faults_until) {
        advance_to(net_.now() + milliseconds(100));
        if (caps_.hour_begins()) next_hour();
        some_fault();
    }
    for (const auto& [i, until] : apart_) net_.heal(gateway_address_, providers_[i]->address());
    for (GatewayShard& g : gateway_) {
        g.store->set_stalled(false);
        g.store->set_scarce_above(UINT64_MAX);
    }
    credits_.behave();
    credits_.find_accounts(shards(), *snapshot_);
    caps_.behave();
    if (reloads > 0) reload(true);
    for (auto& c : customers_) c->stop_submitting();
    for (auto& p : providers_) {
        p->behave();
        p->stop_originating();
    }
    const MonoTime until = net_.now() + seconds(1800);  // more than the longest wait before a retry
    if (plan_.triggers) {  // what scripts have kept goes home with a configuration that comes after it
        const auto brought = [](const auto& p) { return p->owes_nothing(); };
        while (net_.now() < until && !std::ranges::all_of(providers_, brought))
            advance_to(net_.now() + milliseconds(100));
        reload(true);
    }
    do {
        for (int tenths = 0; tenths < 10; ++tenths) {
            advance_to(net_.now() + milliseconds(100));
            if (caps_.hour_begins()) next_hour();
        }
    } while (net_.now() < until && !drained());
    advance_to(net_.now() + seconds(2));
}

/// What is too dear for alpha never has its messages, and in peace nothing is sent to the dearer one.
void World::judge_prices(std::vector<std::string>& found) const {
    if (!plan_.priced) return;
    const auto dear = ledger.taken.find("pb");
    if (dear == ledger.taken.end()) return;
    for (const Ledger::Taken& taken : dear->second)
        if (taken.sent->account == "alpha") found.push_back("pb is too dear for alpha and took one of its messages");
    const bool peace = plan_.break_chance == 0 && crashes == 0 && restarts == 0 && reloads == 0;
    // One that the cheaper one has refused for now goes to the other.
    const auto unasked = std::ranges::count_if(dear->second, [](const Ledger::Taken& taken) {
        return std::ranges::none_of(taken.sent->copies, &Ledger::Arrival::refused);
    });
    if (peace && unasked > 0)
        found.push_back(fmt::format("pb is the dearer one and took {} messages that pa has not refused", unasked));
}

/// Where nothing goes wrong each owner gets a message once.
void World::judge_homes(std::vector<std::string>& found) const {
    if (plan_.odd_peers || plan_.break_chance > 0 || crashes + restarts + partitions > 0) return;
    for (const auto& [text, mo] : ledger.originated)
        for (const auto& [owner, times] : mo.delivered)
            if (times > 1) found.push_back(fmt::format("came to {} {} times: {}", owner, times, text));
}

std::vector<std::string> World::violations() {
    Ledger::Limits limits;
    limits.strict_order = plan_.one_provider && shards_ == 1 && plan_.reshard.empty();
    if (plan_.rates) {
        limits.accounts = {{"alpha", account_rate}, {"beta", account_rate}};
        limits.providers = {{"pa", provider_rate}, {"pb", provider_rate}};
        for (const std::size_t i : {0u, 1u}) limits.windows[i == 0 ? "pa" : "pb"] = 2 * SimProvider::window;
    }
    std::vector<std::string> wrong = ledger.judge(limits);
    if (!drained()) wrong.push_back("the gateway is not empty in the end");
    credits_.judge(shards(), ledger, *snapshot_, wrong);
    caps_.judge(ledger, wrong);
    judge_prices(wrong);
    judge_homes(wrong);
    for (GatewayShard& g : gateway_) {
        g.shard->messages().for_each_in_memory([&](gateway::Message& m) {
            wrong.push_back("left in memory: " + std::to_string(m.id) + " kind " + std::to_string(int(m.kind)) +
                            " leg " + std::to_string(int(m.leg)) + " stage " + std::to_string(int(m.stage)) +
                            " provider id " + m.provider_id);
        });
    }
    for (std::size_t i = 0; i < disks_.size(); ++i) {
        for (const auto& [key, value] : disks_[i].table(storage::Table::message)) {
            gateway::Message m;
            if (!gateway::read_snapshot(value, m)) continue;
            wrong.push_back("left on disk " + std::to_string(i) + ": " + std::to_string(m.id) + " leg " +
                            std::to_string(int(m.leg)) + " stage " + std::to_string(int(m.stage)) + " lane row " +
                            std::to_string(m.lane_row) + " position " + std::to_string(m.position) + " due in " +
                            std::to_string(std::chrono::floor<seconds>(m.due_at - clock_.wall()).count()) +
                            " s, tries " + std::to_string(m.attempts));
        }
        for (const auto& [key, value] : disks_[i].table(storage::Table::queue))
            wrong.push_back("row left on disk " + std::to_string(i) + ": " + std::to_string(key.high) + " " +
                            std::to_string(key.low));
        for (const auto& [key, value] : disks_[i].table(storage::Table::meta))
            if (key.high != 0 && key.high < gateway::Charges::balance_tag)
                wrong.push_back("a count is left: " + std::to_string(key.high) + " " + std::to_string(key.low));
        gateway_[i].shard->messages().for_each_lane([&](gateway::Lane& lane) {
            if (!lane.empty())
                wrong.push_back("lane not empty: " + std::to_string(lane.key()) + " rows " +
                                std::to_string(lane.rows()) + " unloaded " + std::to_string(lane.unloaded()) +
                                " loaded up to " + std::to_string(lane.loaded_up_to()) +
                                (lane.loading() ? " loading" : ""));
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
        if (!p->owes_nothing()) wrong.push_back(p->owes());
    for (std::size_t i = 0; i < disks_.size(); ++i)
        if (!disks_[i].table(storage::Table::queue).empty())
            wrong.push_back("rows are left in the queues of shard " + std::to_string(i));
    return wrong;
}

std::string World::summary() const {
    std::size_t acknowledged = 0, receipts = 0, copies = 0, expired = 0, cancelled = 0, replaced = 0;
    for (const auto& [text, sent] : ledger.sent) {
        acknowledged += !sent.id.empty();
        receipts += sent.receipts.size();
        copies += sent.copies.empty() ? 0 : sent.copies.size() - 1;
        expired += sent.stat == "EXPIRED";
        cancelled += sent.cancelled;
        replaced += sent.replaced;
    }
    return fmt::format(
        "seed {}, {} shards ({} deals): {} submitted, {} acknowledged, {} receipts, {} originated, {} expired, {} "
        "cancelled, {} replaced, {} operations; {} crashes, {} restarts, {} breaks, {} partitions, {} jumps, {} "
        "reloads, {} extra copies, {}, trace {}",
        plan_.seed, shards_, deals, ledger.sent.size(), acknowledged, receipts, ledger.originated.size(), expired,
        cancelled, replaced, ledger.operations, crashes, restarts, breaks, partitions, jumps, reloads, copies,
        credits_.summary(), ledger.hash());
}

}  // namespace sluice::sim
