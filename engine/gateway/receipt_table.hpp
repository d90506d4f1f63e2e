#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

#include "engine/base/check.hpp"
#include "engine/gateway/message_id.hpp"

namespace sluice::gateway {

/// What the receipt index keeps of a message: which key its provider's id came to, and whose it is. Key 0 is nobody's;
/// id 0 says that the key is nobody's any more, whatever older entries say.
struct ReceiptEntry {
    std::uint64_t key = 0;
    MessageId id = 0;
};
static_assert(sizeof(ReceiptEntry) == 16);

/// Entries in memory by open addressing, 21 to 43 octets each. A cell's place grows with its key (keys are hashes,
/// evenly spread), so that the whole can be read in the order of keys
/// without sorting it: only neighbours have to be put right.
class ReceiptTable {
public:
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    std::size_t memory() const { return cells_.capacity() * sizeof(ReceiptEntry); }

    /// Inserts, or overwrites what is there.
    void put(std::uint64_t key, MessageId id) {
        SLUICE_CHECK(key != 0);
        if (4 * (size_ + 1) > 3 * cells_.size()) grow();
        const std::size_t at = place(key);
        if (cells_[at].key == 0) ++size_;
        cells_[at] = {key, id};
    }
    /// Null when it is not there. The id may be changed in place.
    MessageId* find(std::uint64_t key) {
        if (cells_.empty()) return nullptr;
        ReceiptEntry& cell = cells_[place(key)];
        return cell.key != 0 ? &cell.id : nullptr;
    }
    void erase(std::uint64_t key) {
        if (cells_.empty()) return;
        std::size_t hole = place(key);
        if (cells_[hole].key == 0) return;
        for (std::size_t at = next(hole); cells_[at].key != 0; at = next(at)) {
            // It may move into the hole unless its home lies behind the hole.
            if (((at - home(cells_[at].key)) & mask()) < ((at - hole) & mask())) continue;
            cells_[hole] = cells_[at];
            hole = at;
        }
        cells_[hole] = {};
        --size_;
    }

    /// Reads a table in the order of keys, a part at a time. Meanwhile ids may change, but no keys come or go.
    class Reader {
    public:
        explicit Reader(const ReceiptTable& table) : table_(table) {
            const auto& cells = table.cells_;
            // The lowest cells also hold what found no room at the end of the table.
            for (; begin_ < cells.size() && cells[begin_].key != 0; ++begin_)
                if (!wrapped(begin_)) near_.push_back(cells[begin_]);
            std::ranges::sort(near_, {}, &ReceiptEntry::key);
            at_ = begin_;
        }
        bool next(ReceiptEntry& entry) {
            if (given_ == near_.size() && !gather()) return false;
            entry = near_[given_++];
            return true;
        }

    private:
        bool wrapped(std::size_t at) const { return table_.home(table_.cells_[at].key) > at; }
        bool gather() {
            near_.clear();
            given_ = 0;
            const auto& cells = table_.cells_;
            while (at_ < cells.size() && cells[at_].key == 0) ++at_;
            for (; at_ < cells.size() && cells[at_].key != 0; ++at_) near_.push_back(cells[at_]);
            if (at_ == cells.size() && begin_ != 0) {
                for (std::size_t i = 0; i < begin_; ++i)
                    if (wrapped(i)) near_.push_back(cells[i]);
                begin_ = 0;
            }
            std::ranges::sort(near_, {}, &ReceiptEntry::key);
            return !near_.empty();
        }

        const ReceiptTable& table_;
        std::size_t begin_ = 0;
        std::size_t at_ = 0;
        std::vector<ReceiptEntry> near_;
        std::size_t given_ = 0;
    };

private:
    std::size_t mask() const { return cells_.size() - 1; }
    std::size_t next(std::size_t at) const { return (at + 1) & mask(); }
    std::size_t home(std::uint64_t key) const {
        return static_cast<std::size_t>(key >> (64 - std::countr_zero(cells_.size())));
    }
    /// Where it is, or would be put.
    std::size_t place(std::uint64_t key) const {
        std::size_t at = home(key);
        while (cells_[at].key != 0 && cells_[at].key != key) at = next(at);
        return at;
    }
    void grow() {
        const std::vector<ReceiptEntry> old = std::move(cells_);
        cells_ = std::vector<ReceiptEntry>(old.empty() ? 64 : 2 * old.size());
        for (const ReceiptEntry& entry : old)
            if (entry.key != 0) cells_[place(entry.key)] = entry;
    }

    std::vector<ReceiptEntry> cells_;
    std::size_t size_ = 0;
};

}  // namespace sluice::gateway
