#pragma once

#include <memory>
#include <vector>

#include "customer.hpp"
#include "engine/gateway/shard.hpp"
#include "provider.hpp"
#include "storage/sim_store.hpp"

namespace sluice::sim {

struct Plan {
    std::uint64_t seed = 1;
    std::uint32_t shards = 1;
    seconds with_faults{40};
    double crash_chance = 0.05;  ///< each tenth of a second
    double break_chance = 0.2;   ///< likewise: a connection is reset or falls silent
    double stall_chance = 0.02;  ///< likewise: the disks fail for a while
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
    std::uint64_t crashes = 0;
    std::uint64_t breaks = 0;
    gateway::Counters const& counters(std::size_t shard) const { return gateway_[shard].shard->counters(); }
    std::string summary() const;

private:
    struct GatewayShard {
        std::unique_ptr<storage::SimStore> store;
        std::unique_ptr<gateway::Shard> shard;
    };

    void start_gateway();
    void crash_gateway();
    void check_counts();
    void advance_to(MonoTime end);
    void some_fault();
    bool drained();

    Plan plan_;
    Random random_;
    io::SimNet net_;
    SimClock clock_;
    std::shared_ptr<const routing::Snapshot> snapshot_;
    gateway::Endpoints endpoints_;
    std::vector<storage::SimDisk> disks_;
    io::Endpoint gateway_address_;
    std::unique_ptr<gateway::AccountsShared> accounts_;
    std::unique_ptr<gateway::Admission> admission_;
    std::unique_ptr<reactor::Mesh> mesh_;
    std::vector<GatewayShard> gateway_;
    std::vector<std::unique_ptr<SimCustomer>> customers_;
    std::vector<std::unique_ptr<SimProvider>> providers_;
};

}  // namespace sluice::sim
