#pragma once

#include <cstdint>
#include <vector>

#include "engine/routing/address.hpp"
#include "engine/routing/prefix_index.hpp"

namespace sluice::routing {

/// Lays nested prefixes flat for a PrefixIndex: goes through them in order, keeps a stack of those that are open, and
/// writes down where what holds changes.
class PrefixSweep {
public:
    /// The value of the longest earlier prefix around `pattern`. Patterns come in rising order, each once.
    std::uint32_t enclosing(NumberPattern pattern) {
        while (!open_.empty() && open_.back().last < pattern.first()) close();
        return current();
    }
    void enter(NumberPattern pattern, std::uint32_t value) {
        enclosing(pattern);
        open_.push_back({pattern.last(), value});
        from_here(pattern.first());
    }
    PrefixIndex finish() {
        while (!open_.empty()) close();
        return PrefixIndex(boundaries_);
    }

private:
    struct Open {
        NumberKey last;
        std::uint32_t value;
    };

    std::uint32_t current() const { return open_.empty() ? PrefixIndex::no_value : open_.back().value; }
    void close() {
        const NumberKey last = open_.back().last;
        open_.pop_back();
        if (last != ~NumberKey{0}) from_here(last + 1);
    }
    void from_here(NumberKey key) {
        if (!boundaries_.empty() && boundaries_.back().from == key) boundaries_.pop_back();
        if (boundaries_.empty() || boundaries_.back().value != current()) boundaries_.push_back({key, current()});
    }

    std::vector<Open> open_;
    std::vector<PrefixIndex::Boundary> boundaries_;
};

}  // namespace sluice::routing
