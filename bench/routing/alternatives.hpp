#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "engine/routing/address.hpp"
#include "engine/routing/prefix_index.hpp"

/// What PrefixIndex was measured against. All take distinct prefixes in rising order with a value each.
namespace sluice::routing::alternatives {

using Prefixes = std::span<const std::pair<NumberPattern, std::uint32_t>>;
inline constexpr std::uint32_t no_value = PrefixIndex::no_value;

inline unsigned nibble(NumberKey key, unsigned index) { return static_cast<unsigned>(key >> (60 - 4 * index)) & 0xF; }

/// Binary search for the last prefix not after the number, then from parent to parent until one encloses it.
class SortedArray {
public:
    explicit SortedArray(Prefixes prefixes) {
        std::vector<std::uint32_t> open;
        for (const auto& [pattern, value] : prefixes) {
            while (!open.empty() && entries_[open.back()].last < pattern.first()) open.pop_back();
            entries_.push_back({pattern.last(), value, open.empty() ? no_value : open.back()});
            keys_.push_back(pattern.first());
            open.push_back(static_cast<std::uint32_t>(entries_.size() - 1));
        }
    }
    std::uint32_t find(NumberKey key) const {
        const auto after = std::upper_bound(keys_.begin(), keys_.end(), key);
        if (after == keys_.begin()) return no_value;
        auto at = static_cast<std::uint32_t>(after - keys_.begin() - 1);
        while (at != no_value && entries_[at].last < key) at = entries_[at].parent;
        return at == no_value ? no_value : entries_[at].value;
    }
    std::size_t memory_bytes() const { return keys_.size() * sizeof(NumberKey) + entries_.size() * sizeof(Entry); }

private:
    struct Entry {
        NumberKey last;
        std::uint32_t value;
        std::uint32_t parent;
    };
    std::vector<NumberKey> keys_;
    std::vector<Entry> entries_;
};

/// One node a digit; a node's children are neighbours, found by counting bits below the digit's.
class BitmapTrie {
public:
    explicit BitmapTrie(Prefixes prefixes) {
        nodes_.push_back({});
        // Breadth first, so that children of one node get neighbouring places.
        std::vector<Pending> level{{0, 0, prefixes.size()}};
        for (unsigned depth = 0; !level.empty(); ++depth) {
            std::vector<Pending> next;
            for (auto [node, from, to] : level) {
                if (prefixes[from].first.length() == depth) nodes_[node].value = prefixes[from++].second;
                nodes_[node].children = static_cast<std::uint32_t>(nodes_.size());
                while (from < to) {
                    const unsigned digit = nibble(prefixes[from].first.first(), depth);
                    std::size_t end = from;
                    while (end < to && nibble(prefixes[end].first.first(), depth) == digit) ++end;
                    nodes_[node].present |= 1u << digit;
                    next.push_back({static_cast<std::uint32_t>(nodes_.size()), from, end});
                    nodes_.push_back({});
                    from = end;
                }
            }
            level = std::move(next);
        }
    }
    std::uint32_t find(NumberKey key) const {
        std::uint32_t best = no_value;
        const Node* node = nodes_.data();
        for (unsigned depth = 0;; ++depth) {
            if (node->value != no_value) best = node->value;
            const std::uint32_t bit = depth < 16 ? 1u << nibble(key, depth) : 0;
            if ((node->present & bit) == 0) return best;
            node = nodes_.data() + node->children + std::popcount(node->present & (bit - 1));
        }
    }
    std::size_t memory_bytes() const { return nodes_.size() * sizeof(Node); }

private:
    struct Node {
        std::uint32_t present = 0;
        std::uint32_t children = 0;
        std::uint32_t value = no_value;
    };
    struct Pending {
        std::uint32_t node;
        std::size_t from, to;
    };
    std::vector<Node> nodes_;
};

/// One hash table for prefixes of all lengths, probed for each length that occurs, longest first.
class HashByLength {
public:
    explicit HashByLength(Prefixes prefixes) : slots_(std::bit_ceil(2 * prefixes.size() + 2)) {
        bool seen[17] = {};
        for (const auto& [pattern, value] : prefixes) {
            seen[pattern.length()] = true;
            std::size_t at = place(pattern.first());
            while (slots_[at].value != no_value) at = (at + 1) & (slots_.size() - 1);
            slots_[at] = {pattern.first(), value};
        }
        for (unsigned length = 17; length-- > 0;)
            if (seen[length]) masks_.push_back(length == 0 ? 0 : ~NumberKey{0} << (64 - 4 * length));
    }
    std::uint32_t find(NumberKey key) const {
        for (const NumberKey mask : masks_)
            for (std::size_t at = place(key & mask); slots_[at].value != no_value; at = (at + 1) & (slots_.size() - 1))
                if (slots_[at].key == (key & mask)) return slots_[at].value;
        return no_value;
    }
    std::size_t memory_bytes() const { return slots_.size() * sizeof(Slot); }

private:
    struct Slot {
        NumberKey key = 0;
        std::uint32_t value = no_value;
    };
    std::size_t place(NumberKey key) const {
        return static_cast<std::size_t>((key ^ (key >> 29)) * 0x9E3779B97F4A7C15u >> 20) & (slots_.size() - 1);
    }
    std::vector<Slot> slots_;
    std::vector<NumberKey> masks_;
};

}  // namespace sluice::routing::alternatives
