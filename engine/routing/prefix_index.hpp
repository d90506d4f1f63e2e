#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/routing/address.hpp"

namespace sluice::routing {

/// Longest-prefix match over any number of prefixes and exact numbers, immutable.
///
/// One open-addressed table holds the prefixes of all lengths; it is probed once for each length that occurs among the
/// prefixes that share the number's first three digits, longest first. The probes do not depend on each other, so the
/// processor overlaps their cache misses. bench/routing has what it was chosen over.
class PrefixIndex {
public:
    struct Entry {
        NumberPattern pattern;
        std::uint32_t value = 0;
    };
    static constexpr std::uint32_t no_value = UINT32_MAX;

    PrefixIndex() = default;
    /// Patterns must be distinct.
    explicit PrefixIndex(std::span<const Entry> entries);

    /// The value of the longest pattern that matches, or no_value.
    std::uint32_t find(NumberKey key) const;
    std::size_t memory_bytes() const;

private:
    static constexpr unsigned group_shift = 52;  // three nibbles
    static constexpr std::size_t group_count = std::size_t{1} << (64 - group_shift);

    std::size_t home(NumberKey key) const;

    std::uint32_t everywhere_ = no_value;        ///< the value of the empty prefix
    std::vector<std::uint32_t> lengths_;         ///< by the first three nibbles: bit n, some pattern has length n
    std::vector<NumberKey> keys_;                ///< at most half full; free places hold no pattern's key
    std::vector<std::uint32_t> values_;
};

}  // namespace sluice::routing
