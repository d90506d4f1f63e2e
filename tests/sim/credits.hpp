#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bank.hpp"
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

    /// Where they are kept.
    enum class Kept : std::uint8_t {
        nowhere,  ///< nobody pays
        here,
        in_bank,  ///< in a database of the accounts' own
    };

    /// `commits` of a shard's store so far.
    Credits(std::uint64_t seed, Kept kept, std::function<std::uint64_t(std::uint32_t shard)> commits)
        : kept_(kept), on_(kept != Kept::nowhere), random_(seed ^ 0xC4ED175u), bank_(seed, std::move(commits)) {
        bank_.accounts["alpha"].credits = Money::of(20);
        bank_.accounts["beta"].credits = Money::of(200);
    }

    /// alpha pays before and for what is delivered; beta pays afterwards, up to a limit, for
    /// what a provider took. In a bank both pay before.
    void set(routing::Account& account) const;
    ChargingLedger* records() { return on_ ? &records_ : nullptr; }

    /// For one shard; none where no credits are in a bank.
    gateway::MoveCredits mover(std::uint32_t shard);
    Bank& bank() { return bank_; }

    /// The machine stops now; in good order: all is written, and nothing under way.
    void stop(bool in_good_order);
    /// As the directory finds accounts, at a start and afterwards.
    void find_accounts(const Shards& shards, const routing::Snapshot& snapshot) const;
    /// Just after a start: what the shards have is what a count of the disks says.
    void check_start(const Shards& shards, const std::vector<std::map<gateway::MessageId, gateway::Message>>& messages,
                     const routing::Snapshot& snapshot);
    /// A tenth of a second has passed.
    void some_time(const Shards& shards, const routing::Snapshot& snapshot);
    /// Faults are over.
    void behave() {
        records_.slow = records_.full = false;
        records_.write();
        bank_.behave();
    }
    /// Nothing is to be given back.
    bool settled(const Shards& shards) const;
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
    void check_paid(const routing::Snapshot& snapshot);
    void judge_bank(const Shards& shards, const routing::Account& account, std::vector<std::string>& found) const;
    void judge_messages(const Ledger& ledger, std::vector<std::string>& found) const;

    const Kept kept_;
    const bool on_;
    Random random_;
    Bank bank_;
    std::map<std::string, Bank::Unsettled> unsettled_;  ///< by account, of all stops
    ChargingLedger records_;
    std::map<std::string, Paid> paid_;
    /// Of the running gateway: answers of an earlier one are none.
    std::shared_ptr<int> life_ = std::make_shared<int>();
    std::vector<std::string> wrong_;
};

}  // namespace sluice::sim
