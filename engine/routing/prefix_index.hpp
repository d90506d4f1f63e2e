#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/routing/address.hpp"

namespace sluice::routing {

/// A map from every possible number to a value, constant on intervals: what is left of any set of nested prefixes when
/// it is laid flat. Search is for the last boundary not after a key, in a static tree of nodes of one cache line each.
class PrefixIndex {
public:
    struct Boundary {
        NumberKey from = 0;       ///< the value holds from here to the next boundary
        std::uint32_t value = 0;
    };
    static constexpr std::uint32_t no_value = UINT32_MAX;

    PrefixIndex() = default;
    /// Boundaries in rising order; before the first one there is no value.
    explicit PrefixIndex(std::span<const Boundary> boundaries);

    std::uint32_t find(NumberKey key) const;
    std::size_t size() const { return values_.size(); }
    std::size_t memory_bytes() const;

private:
    std::vector<NumberKey> keys_;        ///< the levels of the tree, root first, the boundaries themselves last
    std::vector<std::uint32_t> values_;
    std::vector<std::uint32_t> levels_;  ///< where each level begins in keys_
};

}  // namespace sluice::routing
