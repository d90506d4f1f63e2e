#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/admin/log.hpp"
#include "engine/admin/password_pool.hpp"
#include "engine/admin/settings.hpp"
#include "engine/app/charging_log.hpp"
#include "engine/app/look_ups.hpp"
#include "engine/gateway/shard.hpp"
#include "engine/history/writer.hpp"
#include "storage/generation.hpp"

/// Wiring: a whole gateway in this process.
namespace sluice::app {

class Gateway {
public:
    /// Opens the stores, recovers, listens, connects to providers, and returns with every shard's thread running.
    /// Errors are for people. The logs are called from reactors and must only hand over.
    struct Logs {
        gateway::LogLine gateway, sessions, triggers, storage, databases, history;
        /// One of each subsystem.
        static Logs of(admin::Logger& logger);
    };
    static Result<std::unique_ptr<Gateway>> start(const admin::Settings& settings, Logs logs);
    /// As `stop` with no patience, if that was not called.
    ~Gateway();

    /// Stops listening, waits for answers of what is in flight, unbinds everybody, all within `patience`, and ends the
    /// threads.
    /// Whatever is acknowledged is on disk in any case.
    void stop(seconds patience);

    /// Applies what can be applied to a running gateway; sessions stay. Returns what that was and what needs a restart.
    Result<admin::SettingsDiff> reload(const admin::Settings& settings);

    const admin::Settings& settings() const { return settings_; }
    /// Where customers can connect, as it came out (port 0 asks the kernel for one).
    const std::vector<io::Endpoint>& listening() const { return listening_; }
    io::Backend backend() const { return backend_; }
    /// What was out of the ordinary at the start: a fall-back to epoll, an optional listener that failed.
    const std::vector<std::string>& notes() const { return notes_; }

    std::size_t shards() const { return shards_.size(); }
    /// Counters may be read from any thread; everything else of a shard only through `on_shard`.
    const gateway::Counters& counters(std::size_t shard) const { return shards_[shard]->shard->counters(); }
    storage::StoreStats store_stats(std::size_t shard) const { return shards_[shard]->store->stats(); }
    const gateway::Admission& admission() const { return *admission_; }
    const io::TlsCounters& tls_counters(std::size_t shard) const {
        return shards_[shard]->shard->reactor().io().tls_counters();
    }
    admin::VerifierPool::Stats password_stats() const { return passwords_->stats(); }

    /// They are there as long as the gateway is, and until the last reactor has ended.
    const sql::Databases& databases() const { return *databases_; }
    http::Client::Stats http_stats() const { return look_ups_->http_stats(); }
    /// Null where no charging records are written.
    const ChargingLog* charging_log() const { return charging_log_.get(); }

    const accounts::Directory& directory() const { return *account_directory_; }
    const accounts::NumberOwners& number_owners() const { return *number_owners_; }

    /// Runs `work` on the shard's thread, between its turns' steps, and waits for it. For control work, from any thread
    /// but a shard's.
    void on_shard(std::size_t shard, const std::function<void(gateway::Shard&)>& work);
    void on_each_shard(const std::function<void(gateway::Shard&)>& work);
    /// The same without waiting, for those who may not wait for a shard that does not answer: `work` owns what it uses.
    void post_to_shard(std::size_t index, std::function<void(gateway::Shard&)> work) {
        gateway::Shard& shard = *shards_[index]->shard;
        shard.reactor().post([&shard, work = std::move(work)] { work(shard); });
    }

    /// Null when none is kept.
    history::History* history() const { return history_.get(); }

    /// Our certificates at present: where each is shown, and what it says.
    struct Certificate {
        std::string where;  ///< "listener 0.0.0.0:2776", "provider north"
        tls::CertificateFacts facts;
    };
    std::vector<Certificate> certificates() const;

    /// The present accounts, providers and routes.
    std::shared_ptr<const routing::Snapshot> snapshot() const;
    /// Of the configuration, or found and remembered; null for neither.
    std::shared_ptr<const routing::Account> find_account(std::string_view system_id) const;
    /// timers.shutdown
    seconds shutdown_patience() const;
    Privacy privacy() const;

private:
    struct Running {
        std::unique_ptr<storage::Store> store;
        std::unique_ptr<gateway::Shard> shard;
        std::thread thread;
    };

    Gateway() = default;
    Result<void> open(const admin::Settings& settings, Logs logs);
    Result<void> open_charging_log(const gateway::LogLine& log);
    void renew_certificates(admin::Settings& next_settings, const admin::Settings& wanted);

    admin::Settings settings_;
    SystemClock clock_;
    std::unique_ptr<storage::DataDirectory> directory_;
    std::shared_ptr<const routing::Snapshot> snapshot_;
    mutable std::mutex settings_mutex_;  ///< of what a reload changes and other threads read
    std::vector<Certificate> certificates_;
    gateway::AccountsShared accounts_;
    std::unique_ptr<gateway::Admission> admission_;
    std::unique_ptr<admin::VerifierPool> passwords_;
    std::unique_ptr<sql::Databases> databases_;
    std::unique_ptr<LookUps> look_ups_;
    std::unique_ptr<ChargingLog> charging_log_;
    std::unique_ptr<accounts::Directory> account_directory_;
    std::unique_ptr<accounts::Credits> credits_;
    std::unique_ptr<accounts::NumberOwners> number_owners_;
    std::unique_ptr<reactor::Mesh> mesh_;
    std::unique_ptr<history::History> history_;  ///< before the shards that note
    std::vector<std::unique_ptr<Running>> shards_;
    std::vector<io::Endpoint> listening_;
    /// By listener of the settings, by shard; empty where listening failed.
    std::vector<std::vector<io::ListenerId>> listener_ids_;
    std::vector<std::string> notes_;
    io::Backend backend_{};
    bool stopped_ = false;
};

}  // namespace sluice::app
