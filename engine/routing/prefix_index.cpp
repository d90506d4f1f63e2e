#include "engine/routing/prefix_index.hpp"

#include <bit>

namespace sluice::routing {
namespace {

constexpr NumberKey free_place = ~NumberKey{0};  // 15 is no nibble of a pattern

constexpr NumberKey first_nibbles(NumberKey key, unsigned length) { return key & ~NumberKey{0} << (64 - 4 * length); }

}  // namespace

PrefixIndex::PrefixIndex(std::span<const Entry> entries)
    : lengths_(group_count), keys_(2 * entries.size() + 1, free_place), values_(keys_.size(), no_value) {
    for (const auto& [pattern, value] : entries) {
        const unsigned length = pattern.length();
        if (length == 0) {
            everywhere_ = value;
            continue;
        }
        // A pattern shorter than three nibbles is in many groups.
        for (NumberKey group = pattern.first() >> group_shift; group <= pattern.last() >> group_shift; ++group)
            lengths_[group] |= 1u << length;
        std::size_t at = home(pattern.first());
        while (keys_[at] != free_place) at = at + 1 == keys_.size() ? 0 : at + 1;
        keys_[at] = pattern.first();
        values_[at] = value;
    }
}

std::size_t PrefixIndex::home(NumberKey key) const {
    const NumberKey hash = (key ^ key >> 32) * 0x9E3779B97F4A7C15u;
    return static_cast<std::size_t>((static_cast<unsigned __int128>(hash) * keys_.size()) >> 64);
}

std::uint32_t PrefixIndex::find(NumberKey key) const {
    std::uint32_t lengths = lengths_.empty() ? 0 : lengths_[key >> group_shift];
    while (lengths != 0) {
        const unsigned length = static_cast<unsigned>(std::bit_width(lengths)) - 1;
        lengths ^= 1u << length;
        const NumberKey wanted = first_nibbles(key, length);
        for (std::size_t at = home(wanted); keys_[at] != free_place; at = at + 1 == keys_.size() ? 0 : at + 1)
            if (keys_[at] == wanted) return values_[at];
    }
    return everywhere_;
}

std::size_t PrefixIndex::memory_bytes() const {
    return lengths_.capacity() * sizeof(std::uint32_t) + keys_.capacity() * sizeof(NumberKey) +
           values_.capacity() * sizeof(std::uint32_t);
}

}  // namespace sluice::routing
