#pragma once

#include <functional>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/gateway/receipt_run.hpp"
#include "storage/store.hpp"

namespace sluice::gateway {

/// Deals the receipt index of some shards to another number of them, as part of `redeal`: the part that an entry
/// belongs to is its key modulo the shards. Each old run becomes at most one run a new shard, so nothing is held in
/// memory but a page, the filters, and what was not in a run.
class ReceiptRedeal {
public:
    using Put = std::function<void(std::uint32_t shard, storage::Key key, ByteView value)>;

    /// `put` writes a row of Table::receipt of a new shard.
    ReceiptRedeal(std::uint32_t shards, Put put) : put_(std::move(put)), parts_(shards) {}

    /// All of an old shard's index, before its first batch. Old shards may come in any order.
    Result<void> take(storage::Store& store);
    /// A message that awaits a receipt and whose entry need not be on disk.
    void add(std::uint64_t key, MessageId id, WallTime until);
    /// After the last.
    void finish();

private:
    struct Part {
        std::uint64_t runs = 0;
        ReceiptTable young;  ///< newer than all runs
        std::int64_t until = 0;
    };

    Part& part(std::uint64_t key) { return parts_[key % parts_.size()]; }
    ReceiptRunWriter begin_run(std::uint32_t shard, std::uint64_t entries, std::int64_t until);
    Result<void> take_run(storage::Store& store, const RunHeader& header);
    Result<void> take_log(storage::Store& store, std::uint64_t superseded);

    Put put_;
    std::vector<Part> parts_;
};

}  // namespace sluice::gateway
