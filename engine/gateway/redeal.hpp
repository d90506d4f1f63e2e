#pragma once

#include <functional>
#include <memory>
#include <string>

#include "storage/generation.hpp"
#include "storage/store.hpp"

namespace sluice::gateway {

struct Redealt {
    storage::Generation generation;
    std::uint64_t messages = 0;
};

using OpenStore = std::function<Result<std::unique_ptr<storage::Store>>(const std::string& path)>;

/// The shard count has changed: deals every message of `from` to its new home (its slot decides), into the next
/// generation, and makes that the current one. `from` stays whole and current until the very end, so that a run which is
/// interrupted is simply done again.
Result<Redealt> redeal(storage::DataDirectory& directory, const storage::Generation& from, std::uint32_t shards,
                       const OpenStore& open);

}  // namespace sluice::gateway
