#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/base/check.hpp"

namespace sluice {

/// 64-bit keys to 64-bit values by open addressing with linear probing: 16 octets an entry, load up to 7/8, deletion
/// by backward shift so that probe lengths do not rot. Key 0 is not allowed (it marks an empty cell). Keys are mixed
/// here, so ids and hashes alike may be keys.
class FlatMap {
public:
    std::size_t size() const { return size_; }
    std::size_t memory() const { return cells_.size() * sizeof(Cell); }

    /// Inserts, or overwrites what is there.
    void put(std::uint64_t key, std::uint64_t value) {
        SLUICE_CHECK(key != 0);
        if ((size_ + 1) * 8 > cells_.size() * 7) grow();
        std::size_t at = home(key);
        while (cells_[at].key != 0 && cells_[at].key != key) at = next(at);
        if (cells_[at].key == 0) ++size_;
        cells_[at] = {key, value};
    }

    const std::uint64_t* find(std::uint64_t key) const {
        if (cells_.empty() || key == 0) return nullptr;
        std::size_t at = home(key);
        while (cells_[at].key != 0) {
            if (cells_[at].key == key) return &cells_[at].value;
            at = next(at);
        }
        return nullptr;
    }

    bool erase(std::uint64_t key) {
        if (cells_.empty() || key == 0) return false;
        std::size_t hole = home(key);
        while (cells_[hole].key != key) {
            if (cells_[hole].key == 0) return false;
            hole = next(hole);
        }
        for (std::size_t at = next(hole); cells_[at].key != 0; at = next(at)) {
            // An entry may move into the hole only if its home is not strictly between the hole and itself.
            const std::size_t distance_home = (at - home(cells_[at].key)) & mask();
            const std::size_t distance_hole = (at - hole) & mask();
            if (distance_home >= distance_hole) {
                cells_[hole] = cells_[at];
                hole = at;
            }
        }
        cells_[hole] = {};
        --size_;
        return true;
    }

    template <class Visit>
    void for_each(Visit&& visit) const {
        for (const Cell& cell : cells_)
            if (cell.key != 0) visit(cell.key, cell.value);
    }

private:
    struct Cell {
        std::uint64_t key = 0;
        std::uint64_t value = 0;
    };

    std::size_t mask() const { return cells_.size() - 1; }
    std::size_t next(std::size_t at) const { return (at + 1) & mask(); }
    std::size_t home(std::uint64_t key) const {
        key ^= key >> 32;
        key *= 0x9E3779B97F4A7C15u;
        return static_cast<std::size_t>(key >> shift_);
    }
    void grow() {
        std::vector<Cell> old = std::move(cells_);
        cells_ = std::vector<Cell>(old.empty() ? 64 : old.size() * 2);
        shift_ = 64 - std::bit_width(mask());
        for (const Cell& cell : old) {
            if (cell.key == 0) continue;
            std::size_t at = home(cell.key);
            while (cells_[at].key != 0) at = next(at);
            cells_[at] = cell;
        }
    }

    std::vector<Cell> cells_;
    int shift_ = 0;  ///< leaves as many bits of a key as there are cells
    std::size_t size_ = 0;
};

}  // namespace sluice
