#include "engine/app/gateway.hpp"

#include <pthread.h>

#include <future>
#include <random>

#include "engine/gateway/charging.hpp"
#include "engine/gateway/redeal.hpp"
#include "engine/io/make_io.hpp"
#include "storage/lmdb_store.hpp"

namespace sluice::app {
namespace {

io::BackendChoice backend_choice(admin::IoChoice choice) {
    switch (choice) {
        case admin::IoChoice::io_uring: return io::BackendChoice::io_uring;
        case admin::IoChoice::epoll: return io::BackendChoice::epoll;
        default: return io::BackendChoice::automatic;
    }
}

gateway::GatewayConfig gateway_config(const admin::Settings& s) {
    gateway::GatewayConfig c;
    c.system_id = s.server.system_id;
    c.node = static_cast<std::uint8_t>(s.server.node);
    c.store.max_young = s.limits.max_young;
    c.session_init = s.timers.session_init;
    c.enquire_link = s.timers.enquire_link;
    c.response = s.timers.response;
    c.inactivity = s.timers.inactivity;
    c.max_queued = s.limits.max_queued;
    c.max_receipts_outstanding = s.limits.max_receipts_outstanding;
    c.probe = s.timers.probe;
    c.max_receipts_in_memory = s.limits.max_receipts_in_memory;
    c.default_validity = s.message.default_validity;
    c.max_validity = s.message.max_validity;
    c.receipt_hold = s.message.receipt_hold;
    c.store.receipt_grace = s.message.receipt_lifetime;
    c.delivery_validity = s.message.delivery_validity;
    c.no_credit_status = s.charging.no_credit_status;
    c.program = std::make_shared<script::Program>(s.program);
    c.privacy = s.privacy;
    c.history_pdus = s.history.enabled && s.history.pdus;
    return c;
}

gateway::ConnectionLimits connection_limits(const admin::LimitSettings& limits) {
    return {limits.max_sessions, limits.max_sessions_per_address, limits.max_unbound};
}

gateway::Endpoints resolve_all(const routing::Snapshot& snapshot, std::vector<std::string>& notes) {
    gateway::Endpoints endpoints;
    for (const routing::Provider& provider : snapshot.providers()) {
        auto& addresses = endpoints[gateway::party_of(provider)];
        for (const routing::HostPort& name : provider.endpoints) {
            if (auto found = admin::resolve(name))
                for (const io::Endpoint& address : *found) addresses.emplace_back(address, name.host);
            else notes.push_back("provider " + provider.name + ": " + found.error().message);
        }
    }
    return endpoints;
}

/// Of the time for an orderly end, what goes to waiting for answers; the rest is for the goodbyes and the last commits.
nanoseconds drain_share(nanoseconds patience) { return patience / 2; }

std::vector<Gateway::Certificate> certificates_of(const admin::Settings& settings) {
    std::vector<Gateway::Certificate> all;
    for (const admin::ListenerSettings& listener : settings.listeners)
        if (listener.tls)
            for (const tls::Identity& identity : listener.tls->options.identities)
                all.push_back({"listener " + listener.endpoint.to_string(), identity.facts});
    for (const routing::Provider& provider : settings.providers)
        if (provider.tls)
            for (const tls::Identity& identity : provider.tls->options.identity)
                all.push_back({"provider " + provider.name, identity.facts});
    return all;
}

storage::LmdbOptions store_options(const std::string& path, std::uint64_t max_bytes) {
    storage::LmdbOptions options;
    options.path = path;
    options.max_bytes = max_bytes;
    return options;
}

}  // namespace

Gateway::Logs Gateway::Logs::of(admin::Logger& logger) {
    return {logger.line("gateway"), logger.line("sessions"),  logger.line("triggers"),
            logger.line("storage"), logger.line("databases"), logger.line("history")};
}

Result<std::unique_ptr<Gateway>> Gateway::start(const admin::Settings& settings, Logs logs) {
    std::unique_ptr<Gateway> gateway(new Gateway);
    if (auto opened = gateway->open(settings, std::move(logs)); !opened) return std::unexpected(opened.error());
    return gateway;
}

Result<void> Gateway::open(const admin::Settings& settings, Logs logs) {
    settings_ = settings;
    certificates_ = certificates_of(settings);
    auto snapshot = routing::Snapshot::compile(settings.accounts, settings.providers, settings.routes, settings.homes);
    if (!snapshot) return std::unexpected(snapshot.error());
    if (auto distinct = gateway::check_parties(**snapshot); !distinct) return distinct;
    snapshot_ = *snapshot;
    const gateway::Endpoints endpoints = resolve_all(*snapshot_, notes_);

    auto directory = storage::DataDirectory::open(settings.server.data_directory.string());
    if (!directory) return std::unexpected(directory.error());
    directory_ = std::make_unique<storage::DataDirectory>(std::move(*directory));
    const std::uint32_t wanted = settings.server.shards != 0 ? settings.server.shards
                                                             : std::max(1u, std::thread::hardware_concurrency());
    const auto shards = std::min<std::uint32_t>(wanted, limits::max_shards);
    auto generation = directory_->current_or_first(shards, static_cast<std::uint8_t>(settings.server.node));
    if (!generation) return std::unexpected(generation.error());
    const std::uint64_t bytes_per_shard = settings.server.max_data_bytes / shards;
    if (generation->shards != shards) {
        auto dealt = gateway::redeal(*directory_, *generation, shards, [&](const std::string& path) {
            return storage::LmdbStore::open(store_options(path, settings.server.max_data_bytes));
        });
        if (!dealt) return std::unexpected(dealt.error());
        notes_.push_back("shards: " + std::to_string(generation->shards) + " before, " + std::to_string(shards) +
                         " now; " + std::to_string(dealt->messages) + " messages re-dealt");
        generation = dealt->generation;
    }

    admin::VerifierConfig verifier;
    verifier.threads = settings.limits.password_threads;
    verifier.queue = settings.limits.password_queue;
    passwords_ = std::make_unique<admin::VerifierPool>(verifier, clock_);
    databases_ = std::make_unique<sql::Databases>(logs.databases);
    databases_->add(settings.databases);
    const auto find_database = [this](const std::string& name) { return databases_->find(name); };
    const auto announce = [this](const accounts::Directory::Found& found) {
        if (charging_log_) charging_log_->add_name(gateway::party_of(*found.account), found.account->system_id);
        for (std::size_t i = 0; i < shards_.size(); ++i)
            post_to_shard(i, [found](gateway::Shard& shard) { shard.add_account(found); });
    };
    account_directory_ = std::make_unique<accounts::Directory>(find_database, announce, logs.databases, clock_);
    account_directory_->configure(settings.account_sources, snapshot_);
    look_ups_ = std::make_unique<LookUps>(*databases_, settings.http);
    credits_ = std::make_unique<accounts::Credits>(find_database, logs.databases);
    credits_->configure(settings.account_sources);
    number_owners_ = std::make_unique<accounts::NumberOwners>(find_database, logs.databases, clock_);
    number_owners_->configure(settings.account_sources);
    mesh_ = std::make_unique<reactor::Mesh>(shards);
    if (auto opened = open_charging_log(logs.storage); !opened) return opened;

    std::random_device entropy;
    const auto random = [&] { return std::uint64_t{entropy()} << 32 | entropy(); };
    admission_ = std::make_unique<gateway::Admission>(random(), connection_limits(settings.limits));
    if (settings.history.enabled) {
        history::History::Options options;
        options.files = {settings.server.data_directory.string() + "/history", settings.history.keep,
                         settings.history.max_bytes};
        options.recorders = shards;
        options.clock = &clock_;
        options.report = logs.history;
        auto history = history::History::start(std::move(options));
        if (history) {
            history_ = std::move(*history);
        } else {  // nothing relies on it
            notes_.push_back("history: none is kept, because " + history.error().message);
            logs.history('E', notes_.back());
        }
    }
    for (std::uint32_t i = 0; i < shards; ++i) {
        auto running = std::make_unique<Running>();
        storage::LmdbOptions options = store_options(generation->shard_directory(i), bytes_per_shard);
        options.wake = [r = running.get()] { r->shard->reactor().wake(); };
        options.write_file = [r = running.get()](int fd, std::uint64_t offset, ByteView octets, auto done) {
            return r->shard->reactor().write_file(fd, offset, octets, std::move(done));
        };
        options.report = [log = logs.storage](const std::string& text) { log('E', text); };
        options.thread_name = "committer-" + std::to_string(i);
        auto store = storage::LmdbStore::open(std::move(options));
        if (!store) return std::unexpected(store.error());
        running->store = std::move(*store);

        std::string fallback;
        auto io = io::make_io(backend_choice(settings.server.io), &fallback);
        if (!io) return std::unexpected(io.error());
        if (i == 0 && !fallback.empty()) notes_.push_back("network: epoll, because " + fallback);
        backend_ = (*io)->backend();

        gateway::Shard::Options shard;
        shard.shard = i;
        shard.shards = shards;
        shard.config = gateway_config(settings);
        shard.io = std::move(*io);
        shard.clock = &clock_;
        shard.store = running->store.get();
        shard.mesh = mesh_.get();
        shard.accounts = &accounts_;
        shard.admission = admission_.get();
        shard.authenticate = [pool = passwords_.get()](const std::string& system_id, const std::string& hash,
                                                       const std::string& password, std::function<void(bool)> done) {
            return pool->submit(system_id, hash, password, std::move(done));
        };
        shard.directory = account_directory_.get();
        shard.look_ups = look_ups_.get();
        shard.number_owners = number_owners_.get();
        shard.move_credits = [credits = credits_.get()](const std::string& source, const std::string& system_id,
                                                        Money amount, accounts::Credits::Done done) {
            credits->move(source, system_id, amount, std::move(done));
        };
        shard.log = logs.gateway;
        shard.session_log = logs.sessions;
        shard.trigger_log = logs.triggers;
        shard.history = history_ ? &history_->recorder(i) : nullptr;
        shard.charging_records = charging_log_.get();
        shard.seed = random();
        running->shard = std::make_unique<gateway::Shard>(std::move(shard));
        mesh_->set_wake(i, [r = running.get()] { r->shard->reactor().wake(); });
        shards_.push_back(std::move(running));
    }
    for (auto& running : shards_)
        if (auto started = running->shard->start(snapshot_, endpoints); !started) return started;
    for (auto& running : shards_) gateway::open_balances(running->shard->core());

    for (const admin::ListenerSettings& listener : settings.listeners) {
        auto addresses = admin::resolve(listener.endpoint);
        if (!addresses) return std::unexpected(addresses.error());
        io::Endpoint endpoint = addresses->front();
        std::vector<io::ListenerId>& ids = listener_ids_.emplace_back();
        for (auto& running : shards_) {
            io::ListenOptions options;
            options.reuse_port = shards > 1;
            auto listening = running->shard->listen(endpoint, options, listener.tls ? listener.tls->context : nullptr);
            if (!listening && listener.optional) {
                notes_.push_back("not listening on " + listening.error().message);
                break;
            }
            if (!listening) return std::unexpected(listening.error());
            ids.push_back(*listening);
            if (running == shards_.front()) {
                endpoint = running->shard->reactor().io().local_endpoint(*listening);  // the port, if 0 was asked for
                listening_.push_back(endpoint);
            }
        }
    }
    for (std::size_t i = 0; i < shards_.size(); ++i) {
        shards_[i]->thread = std::thread([r = shards_[i].get()] { r->shard->reactor().run(); });
        pthread_setname_np(shards_[i]->thread.native_handle(), ("shard-" + std::to_string(i)).c_str());
    }
    return {};
}

namespace {

ChargingLog::Names names_of(const routing::Snapshot& snapshot, const accounts::Directory& directory) {
    ChargingLog::Names names;
    for (const auto& found : directory.all()) names[gateway::party_of(*found.account)] = found.account->system_id;
    for (const routing::Account& account : snapshot.accounts()) names[gateway::party_of(account)] = account.system_id;
    for (const routing::Provider& provider : snapshot.providers()) names[gateway::party_of(provider)] = provider.name;
    return names;
}

}  // namespace

Result<void> Gateway::open_charging_log(const gateway::LogLine& log) {
    const admin::ChargingRecordSettings& wanted = settings_.charging;
    if (wanted.directory.empty()) return {};
    ChargingLog::Config config;
    config.directory = wanted.directory;
    config.max_file_bytes = wanted.max_file_bytes;
    config.max_file_age = wanted.max_file_age;
    auto opened = ChargingLog::open(config, clock_, log);
    if (!opened) return std::unexpected(opened.error());
    charging_log_ = std::move(*opened);
    charging_log_->set_names(names_of(*snapshot_, *account_directory_));
    return {};
}

Gateway::~Gateway() { stop(seconds(0)); }

void Gateway::stop(seconds patience) {
    if (stopped_) return;
    stopped_ = true;
    const bool running = !shards_.empty() && shards_.front()->thread.joinable();
    if (running && patience.count() > 0) {
        const auto until = std::chrono::steady_clock::now() + patience;
        on_each_shard([](gateway::Shard& shard) { shard.stop_listening(); });
        on_each_shard([&](gateway::Shard& shard) { shard.drain(drain_share(patience)); });
        bool drained = false;
        while (!drained && std::chrono::steady_clock::now() < until) {
            std::this_thread::sleep_for(milliseconds(20));
            drained = true;
            on_each_shard([&](gateway::Shard& shard) { drained = drained && shard.drained(); });
        }
    }
    for (auto& shard : shards_) shard->shard->reactor().stop();
    for (auto& shard : shards_)
        if (shard->thread.joinable()) shard->thread.join();
    passwords_.reset();  // its verdicts post to reactors
    look_ups_.reset();   // their answers likewise
    databases_.reset();
    for (auto& shard : shards_) shard->store.reset();  // finishes what was submitted; its wake reaches the shard
    shards_.clear();
    charging_log_.reset();  // shards hand over to it until their end
    history_.reset();
}

Result<admin::SettingsDiff> Gateway::reload(const admin::Settings& settings) {
    auto snapshot = routing::Snapshot::compile(settings.accounts, settings.providers, settings.routes, settings.homes);
    if (!snapshot) return std::unexpected(snapshot.error());
    if (auto distinct = gateway::check_parties(**snapshot); !distinct) return std::unexpected(distinct.error());
    std::vector<std::string> notes;
    const gateway::Endpoints endpoints = resolve_all(**snapshot, notes);
    admin::SettingsDiff diff = admin::diff(settings_, settings);
    diff.live.insert(diff.live.end(), notes.begin(), notes.end());
    // What needs a restart stays as it runs.
    admin::Settings next = settings_;
    next.limits = settings.limits;
    next.limits.password_threads = settings_.limits.password_threads;
    next.limits.password_queue = settings_.limits.password_queue;
    next.timers = settings.timers;
    next.message = settings.message;
    next.charging.no_credit_status = settings.charging.no_credit_status;
    next.retry = settings.retry;
    next.log.level = settings.log.level;
    next.log.levels = settings.log.levels;
    next.history = settings.history;
    next.history.enabled = settings_.history.enabled;
    next.privacy = settings.privacy;
    if (history_) history_->set_retention(next.history.keep, next.history.max_bytes);
    for (const sql::DatabaseConfig& database : settings.databases)
        if (std::ranges::find(next.databases, database.name, &sql::DatabaseConfig::name) == next.databases.end())
            next.databases.push_back(database);
    next.accounts = settings.accounts;
    next.account_sources = settings.account_sources;
    next.providers = settings.providers;
    next.routes = settings.routes;
    next.homes = settings.homes;
    next.program = settings.program;
    admission_->set_limits(connection_limits(next.limits));
    const auto config = gateway_config(next);
    databases_->add(next.databases);
    account_directory_->configure(next.account_sources, *snapshot);
    credits_->configure(next.account_sources);
    number_owners_->configure(next.account_sources);
    if (charging_log_) charging_log_->set_names(names_of(**snapshot, *account_directory_));
    on_each_shard([&](gateway::Shard& shard) { shard.apply(config, *snapshot, endpoints); });
    renew_certificates(next, settings);
    const std::lock_guard lock(settings_mutex_);
    settings_ = std::move(next);
    snapshot_ = *snapshot;
    certificates_ = certificates_of(settings_);
    return diff;
}

/// For listeners that are where they were and spoke TLS before: the rest waits for a restart.
void Gateway::renew_certificates(admin::Settings& next_settings, const admin::Settings& wanted) {
    for (std::size_t i = 0; i < next_settings.listeners.size() && i < wanted.listeners.size(); ++i) {
        admin::ListenerSettings& running = next_settings.listeners[i];
        const admin::ListenerSettings& next = wanted.listeners[i];
        if (running.endpoint != next.endpoint || !running.tls || !next.tls || running.tls == next.tls) continue;
        running.tls = next.tls;
        for (std::size_t shard = 0; shard < listener_ids_[i].size(); ++shard)
            on_shard(shard, [&](gateway::Shard& its) { its.renew(listener_ids_[i][shard], next.tls->context); });
    }
}

std::vector<Gateway::Certificate> Gateway::certificates() const {
    const std::lock_guard lock(settings_mutex_);
    return certificates_;
}

void Gateway::on_shard(std::size_t index, const std::function<void(gateway::Shard&)>& work) {
    std::promise<void> done;
    gateway::Shard& shard = *shards_[index]->shard;
    shard.reactor().post([&] {
        work(shard);
        done.set_value();
    });
    done.get_future().wait();
}

void Gateway::on_each_shard(const std::function<void(gateway::Shard&)>& work) {
    for (std::size_t i = 0; i < shards_.size(); ++i) on_shard(i, work);
}

std::shared_ptr<const routing::Account> Gateway::find_account(std::string_view system_id) const {
    const auto snapshot = this->snapshot();
    if (const routing::Account* configured = snapshot->find_account(system_id)) return {snapshot, configured};
    return account_directory_->remembered(system_id);
}

std::shared_ptr<const routing::Snapshot> Gateway::snapshot() const {
    const std::lock_guard lock(settings_mutex_);
    return snapshot_;
}

Privacy Gateway::privacy() const {
    const std::lock_guard lock(settings_mutex_);
    return settings_.privacy;
}

seconds Gateway::shutdown_patience() const {
    const std::lock_guard lock(settings_mutex_);
    return settings_.timers.shutdown;
}

}  // namespace sluice::app
