#pragma once

#include <optional>
#include <vector>

#include "engine/gateway/redeal.hpp"
#include "tests/sim/impatient_store.hpp"

namespace sluice::sim {

/// The disks of as many shards as are wanted, dealt from those of another number. Nothing when the machine stops after
/// `steps` commits: what had been dealt is then worth nothing, and `from` is as it was.
inline std::optional<std::vector<storage::SimDisk>> deal_disks(std::vector<storage::SimDisk>& from,
                                                               std::uint32_t shards, const Clock& clock,
                                                               std::optional<std::size_t> steps = std::nullopt) {
    std::vector<storage::SimDisk> to(shards);
    std::size_t left = steps.value_or(0);
    std::vector<std::unique_ptr<storage::Store>> stores;
    for (storage::SimDisk& disk : to)
        stores.push_back(std::make_unique<ImpatientStore>(disk, clock, steps ? &left : nullptr));
    try {
        gateway::Deal deal(std::move(stores));
        for (storage::SimDisk& disk : from) {
            ImpatientStore store(disk, clock);
            SLUICE_CHECK(deal.take(store).has_value());
        }
        SLUICE_CHECK(deal.finish().has_value());
    } catch (const Interrupted&) {
        return std::nullopt;
    }
    return to;
}

}  // namespace sluice::sim
