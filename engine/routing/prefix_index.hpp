#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/routing/address.hpp"

namespace sluice::routing {

/// A map from every possible number to a value, constant on intervals: what is left of any set of nested prefixes when
/// it is laid flat. A search is for the last boundary not after a key, in a static B-tree without pointers whose nodes
/// are one cache line each: six or seven lines for two million boundaries, whatever the prefixes look like.
class PrefixIndex {
public:
    struct Boundary {
        NumberKey from = 0;       ///< the value holds from here to the next boundary
        std::uint32_t value = 0;
        friend bool operator==(const Boundary&, const Boundary&) = default;
    };
    static constexpr std::uint32_t no_value = UINT32_MAX;

    PrefixIndex() = default;
    /// Boundaries in rising order, fewer than 2^32; before the first one there is no value.
    explicit PrefixIndex(std::span<const Boundary> boundaries);

    std::uint32_t find(NumberKey key) const;
    std::size_t size() const { return values_.size(); }
    std::size_t memory_bytes() const;

private:
    static constexpr std::size_t fanout = 8;
    struct alignas(64) Node {
        std::array<NumberKey, fanout> keys;  ///< rising; the end of the last node of a level is filled up
    };

    std::vector<Node> nodes_;            ///< the levels, root first; the last holds the boundaries themselves
    std::vector<std::uint32_t> levels_;  ///< where each level begins in nodes_
    std::vector<std::uint32_t> values_;
};

}  // namespace sluice::routing
