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

/// The prefixes laid flat: intervals of numbers with one value each, found by their beginnings in a static B-tree
/// without pointers whose nodes are one cache line each.
class IntervalTree {
public:
    explicit IntervalTree(Prefixes prefixes) {
        for (const auto& [pattern, value] : prefixes) {
            while (!open_.empty() && open_.back().last < pattern.first()) close();
            open_.push_back({pattern.last(), value});
            from_here(pattern.first());
        }
        while (!open_.empty()) close();
        if (keys_.empty() || keys_.front() != 0) {
            keys_.insert(keys_.begin(), 0);
            values_.insert(values_.begin(), no_value);
        }
        build();
    }
    std::uint32_t find(NumberKey key) const {
        std::size_t at = 0;
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
    std::size_t memory_bytes() const { return nodes_.size() * sizeof(Node) + values_.size() * sizeof(std::uint32_t); }

private:
    static constexpr std::size_t fanout = 8;
    struct alignas(64) Node {
        NumberKey keys[fanout];
    };
    struct Open {
        NumberKey last;
        std::uint32_t value;
    };

    void close() {
        const NumberKey last = open_.back().last;
        open_.pop_back();
        if (last != ~NumberKey{0}) from_here(last + 1);
    }
    void from_here(NumberKey key) {
        const std::uint32_t value = open_.empty() ? no_value : open_.back().value;
        if (!keys_.empty() && keys_.back() == key) {
            keys_.pop_back();
            values_.pop_back();
        }
        if (!values_.empty() && values_.back() == value) return;
        keys_.push_back(key);
        values_.push_back(value);
    }
    void build() {
        std::vector<std::vector<NumberKey>> levels{std::move(keys_)};
        while (levels.back().size() > fanout) {
            std::vector<NumberKey> above;
            for (std::size_t i = 0; i < levels.back().size(); i += fanout) above.push_back(levels.back()[i]);
            levels.push_back(std::move(above));
        }
        for (auto level = levels.rbegin(); level != levels.rend(); ++level) {
            levels_.push_back(static_cast<std::uint32_t>(nodes_.size()));
            for (std::size_t i = 0; i < level->size(); i += fanout) {
                Node& node = nodes_.emplace_back();
                for (std::size_t j = 0; j < fanout; ++j)
                    node.keys[j] = i + j < level->size() ? (*level)[i + j] : ~NumberKey{0};
            }
        }
    }

    std::vector<Open> open_;
    std::vector<NumberKey> keys_;
    std::vector<Node> nodes_;
    std::vector<std::uint32_t> levels_;
    std::vector<std::uint32_t> values_;
};

}  // namespace sluice::routing::alternatives
