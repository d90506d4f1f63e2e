#include "engine/routing/prefix_index.hpp"

#include <algorithm>

namespace sluice::routing {
namespace {

// No number has this key, so filled-up places are never counted.
constexpr NumberKey filler = ~NumberKey{0};

}  // namespace

PrefixIndex::PrefixIndex(std::span<const Boundary> boundaries) {
    std::vector<NumberKey> keys;
    keys.reserve(boundaries.size() + 1);
    values_.reserve(boundaries.size() + 1);
    // Every key has a boundary at or before it, which leaves the search without a special case.
    if (boundaries.empty() || boundaries.front().from != 0) {
        keys.push_back(0);
        values_.push_back(no_value);
    }
    for (const Boundary& boundary : boundaries) {
        keys.push_back(boundary.from);
        values_.push_back(boundary.value);
    }

    // Each level holds the first key of every node of the one below it.
    std::vector<std::vector<NumberKey>> levels{std::move(keys)};
    while (levels.back().size() > fanout) {
        const std::vector<NumberKey>& below = levels.back();
        std::vector<NumberKey> above;
        for (std::size_t i = 0; i < below.size(); i += fanout) above.push_back(below[i]);
        levels.push_back(std::move(above));
    }
    for (auto level = levels.rbegin(); level != levels.rend(); ++level) {
        levels_.push_back(static_cast<std::uint32_t>(nodes_.size()));
        for (std::size_t i = 0; i < level->size(); i += fanout) {
            Node& node = nodes_.emplace_back();
            node.keys.fill(filler);
            std::copy_n(level->begin() + static_cast<std::ptrdiff_t>(i), std::min(fanout, level->size() - i),
                        node.keys.begin());
        }
    }
    nodes_.shrink_to_fit();
}

std::uint32_t PrefixIndex::find(NumberKey key) const {
    if (nodes_.empty()) return no_value;
    std::size_t at = 0;  // of the node within its level, then of the boundary
    for (const std::uint32_t level : levels_) {
        const Node& node = nodes_[level + at];
        // The values of a bottom node lie together: fetched while its keys are.
        if (level == levels_.back()) __builtin_prefetch(&values_[at * fanout]);
        std::size_t not_after = 0;
        for (const NumberKey k : node.keys) not_after += k <= key;
        at = at * fanout + not_after - 1;
    }
    return values_[at];
}

std::size_t PrefixIndex::memory_bytes() const {
    return nodes_.capacity() * sizeof(Node) + levels_.capacity() * sizeof(std::uint32_t) +
           values_.capacity() * sizeof(std::uint32_t);
}

}  // namespace sluice::routing
