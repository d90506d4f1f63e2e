#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/gateway/record.hpp"

namespace sluice::sim {

/// Charging records as somebody's billing would hold them: each movement once, by its message and kind, however often
/// it came. Until `write` nothing that was taken is safe, and a crash forgets it.
class ChargingLedger final : public gateway::ChargingRecords {
public:
    using Movement = gateway::Movement;
    using Kind = Movement::Kind;

    bool take(std::uint32_t shard, std::uint64_t batch, const gateway::Movements& movements) override {
        if (full) return false;
        taken_.push_back({shard, batch, movements});
        if (!slow) write();
        return true;
    }
    std::uint64_t written(std::uint32_t shard) const override {
        const auto found = written_.find(shard);
        return found != written_.end() ? found->second : 0;
    }

    /// What was taken is safe from now on.
    void write() {
        for (const Taken& taken : taken_) {
            written_[taken.shard] = taken.batch;
            ByteView rest = taken.movements;
            gateway::Record record;
            bool damaged = false;
            while (gateway::next_record(rest, record, damaged)) {
                Movement movement;
                std::string_view text;
                SLUICE_CHECK(record.type == gateway::RecordType::movement &&
                             gateway::read_movement(record.payload, movement, text));
                const auto [at, added] = all.try_emplace({movement.message, movement.kind}, movement);
                repeated += !added;
                if (!added && std::memcmp(&at->second, &movement, sizeof movement) != 0)
                    wrong.push_back("two movements of kind " + std::to_string(int(movement.kind)) + " for " +
                                    std::to_string(movement.message));
            }
            SLUICE_CHECK(!damaged);
        }
        taken_.clear();
    }
    /// The machine stops; the next start may have another number of shards, and its batches begin anew.
    void crash() {
        taken_.clear();
        written_.clear();
    }

    const Movement* find(gateway::MessageId message, Kind kind) const {
        const auto found = all.find({message, kind});
        return found != all.end() ? &found->second : nullptr;
    }
    Money sum(gateway::PartyId account, Kind kind) const {
        Money sum;
        for (const auto& [name, movement] : all)
            if (movement.account == account && movement.kind == kind) sum += Money{movement.amount};
        return sum;
    }

    std::map<std::pair<gateway::MessageId, Kind>, Movement> all;
    std::size_t repeated = 0;        ///< that came again
    std::vector<std::string> wrong;  ///< what must never happen, in words
    bool slow = false;               ///< only `write` makes things safe
    bool full = false;               ///< nothing is taken

private:
    struct Taken {
        std::uint32_t shard = 0;
        std::uint64_t batch = 0;
        gateway::Movements movements;
    };
    std::vector<Taken> taken_;
    std::map<std::uint32_t, std::uint64_t> written_;
};

}  // namespace sluice::sim
