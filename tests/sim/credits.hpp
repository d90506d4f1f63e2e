#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "charging_ledger.hpp"
#include "engine/base/random.hpp"
#include "engine/gateway/charging.hpp"
#include "engine/gateway/shard.hpp"
#include "ledger.hpp"
#include "storage/sim_store.hpp"

namespace sluice::sim {

/// The accounts' credits in a simulation: pays in at times, and knows what must be true of balances and records.
class Credits {
public:
    using Shards = std::vector<gateway::Shard*>;

    Credits(std::uint64_t seed, bool on) : on_(on), random_(seed ^ 0xC4ED175u) {}

    /// alpha pays before and for what is delivered; beta pays afterwards, up to a limit, for what a provider took.
    void set(routing::Account& account) const;
    ChargingLedger* records() { return on_ ? &records_ : nullptr; }

    /// The machine stops now.
    void crash();
    /// Just after a start: what the shards have is what a count of the disks says.
    void check_start(const Shards& shards, const std::vector<std::map<gateway::MessageId, gateway::Message>>& messages,
                     const routing::Snapshot& snapshot);
    /// A tenth of a second has passed.
    void some_time(const Shards& shards, const routing::Snapshot& snapshot);
    /// Faults are over.
    void behave() {
        records_.slow = records_.full = false;
        records_.write();
    }
    void judge(const Shards& shards, const Ledger& ledger, const routing::Snapshot& snapshot,
               std::vector<std::string>& found);
    std::string summary() const;

private:
    struct Paid {
        Money sure;   ///< answered
        Money asked;  ///< not answered: it may be booked or not
        int references = 0;
    };
    void check_floor(const Shards& shards, const routing::Snapshot& snapshot);
    void pay_in(const Shards& shards, const routing::Account& account);
    void judge_messages(const Ledger& ledger, std::vector<std::string>& found) const;

    bool on_;
    Random random_;
    ChargingLedger records_;
    std::map<std::string, Paid> paid_;
    std::shared_ptr<int> life_ = std::make_shared<int>();  ///< of the running gateway: answers of an earlier one are none
    std::vector<std::string> wrong_;
};

}  // namespace sluice::sim
