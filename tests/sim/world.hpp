#pragma once

#include <memory>
#include <vector>

#include "caps.hpp"
#include "credits.hpp"
#include "customer.hpp"
#include "engine/gateway/shard.hpp"
#include "provider.hpp"
#include "storage/sim_store.hpp"
#include "triggers.hpp"

namespace sluice::sim {

struct Plan {
    std::uint64_t seed = 1;
    std::uint32_t shards = 1;
    std::vector<std::uint32_t> reshard;  ///< shard counts that starts go through after the first; empty: it stays
    seconds with_faults{40};

    // Faults, as chances each tenth of a second.
    double crash_chance = 0.03;
    double restart_chance = 0.01;    ///< in good order
    double break_chance = 0.2;       ///< a connection is reset or falls silent
    double partition_chance = 0.01;  ///< a provider cannot be reached for some seconds
    double stall_chance = 0.02;      ///< the disks fail for a tenth of a second or two
    double scarce_chance = 0.005;    ///< the disks are nearly full for a while
    double jump_chance = 0.01;       ///< the civil time is set, forward or back
    double reload_chance = 0.02;     ///< other settings
    milliseconds slowest_commit{2};
    double failed_commits = 0;       ///< the part of commits that fail once

    bool odd_peers = true;   ///< they answer late, twice or never at times
    bool operations = true;  ///< query_sm, cancel_sm, replace_sm, submit_multi, schedules and validities
    bool rates = true;       ///< accounts and providers have one
    bool one_provider = false;
    Credits::Kept credits = Credits::Kept::nowhere;  ///< accounts pay, see Credits
    bool capped = false;     ///< providers have caps, see Caps
    bool priced = false;     ///< pb is dearer than pa, and too dear for alpha
    bool triggers = false;   ///< scripts run at every event, see sim_program

    /// The same without any fault.
    Plan& in_peace() {
        crash_chance = restart_chance = break_chance = partition_chance = stall_chance = scarce_chance = jump_chance =
            0;
        reload_chance = 0;
        odd_peers = false;
        return *this;
    }
};

/// Customers, providers and the whole gateway on a simulated network and simulated disks, in one thread, by one seed.
class World {
public:
    explicit World(const Plan& plan);

    /// Faults on for as long as the plan says, then off until nothing is left to do.
    void run();
    /// What must be true in the end, in words; empty when all is well.
    std::vector<std::string> violations();

    Ledger ledger;
    std::uint64_t crashes = 0, restarts = 0, breaks = 0, partitions = 0, jumps = 0, reloads = 0, deals = 0;
    gateway::Counters const& counters(std::size_t shard) const { return gateway_[shard].shard->counters(); }
    std::string summary() const;
    std::size_t full_hours() const { return caps_.full_hours(); }
    std::uint64_t look_ups() const { return look_ups_.asked; }

private:
    struct GatewayShard {
        std::unique_ptr<storage::SimStore> store;
        std::unique_ptr<gateway::Shard> shard;
    };

    std::vector<gateway::Shard*> shards();
    void start_gateway();
    void stop_gateway(bool in_good_order = false);
    void crash_gateway();
    void check_counts();
    void restart_gateway();
    void deal_anew();
    void reload(bool as_at_first);
    void jump(microseconds offset);
    void partition();
    void advance_to(MonoTime end);
    void some_fault();
    void next_hour();
    void judge_homes(std::vector<std::string>& found) const;
    void judge_prices(std::vector<std::string>& found) const;
    bool drained();
    std::shared_ptr<const routing::Snapshot> compile(bool as_at_first);
    gateway::GatewayConfig config() const;

    Plan plan_;
    Random random_;
    io::SimNet net_;
    SimClock clock_;
    std::shared_ptr<const routing::Snapshot> snapshot_;
    gateway::Endpoints endpoints_;
    std::vector<storage::SimDisk> disks_;
    Credits credits_;
    Caps caps_;
    SimLookUps look_ups_;
    std::shared_ptr<const script::Program> program_;
    io::Endpoint gateway_address_;
    std::unique_ptr<gateway::AccountsShared> accounts_;
    std::unique_ptr<gateway::Admission> admission_;
    std::unique_ptr<reactor::Mesh> mesh_;
    std::vector<GatewayShard> gateway_;
    std::uint32_t shards_ = 1;
    std::size_t reshards_ = 0;
    bool scarce_ = false;
    std::map<std::size_t, MonoTime> apart_;  ///< providers behind a partition, and until when
    std::vector<std::unique_ptr<SimCustomer>> customers_;
    std::vector<std::unique_ptr<SimProvider>> providers_;
};

}  // namespace sluice::sim
