#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/gateway/receipt_redeal.hpp"
#include "storage/generation.hpp"
#include "storage/store.hpp"

namespace sluice::gateway {

/// Deals what shards have stored to as many others: every message to the shard that its slot names among them, every
/// held receipt and every entry of the receipt index to that of its key, an account's credits to its owner. Everything
/// arrives settled, whatever it was. Nothing of where it comes from changes. It fails when a store cannot commit, as on
/// a full disk; what has been dealt is then to be thrown away.
class Deal {
public:
    /// `to`: one empty store for each new shard.
    explicit Deal(std::vector<std::unique_ptr<storage::Store>> to);
    ~Deal();

    /// Takes everything of one of the old shards, with what its journal says beyond its rows. Nothing must have been
    /// submitted to that store before.
    Result<void> take(storage::Store& from);
    /// After the last: all is on disk when this returns.
    Result<void> finish();

    std::uint64_t messages() const { return messages_; }

private:
    class Filler;
    Filler& home(std::uint64_t id);
    Result<void> take_refunds(storage::Store& from);
    void take_sent_counts(storage::Store& from);
    Result<void> take_deliveries(storage::Store& from);
    /// Balances, references of top-ups, and movements that may not be recorded yet.
    Result<void> take_credits(storage::Store& from, ByteView movements);

    std::vector<std::unique_ptr<Filler>> fillers_;
    std::unique_ptr<ReceiptRedeal> index_;
    Result<void> index_written_;                            ///< or why not
    std::vector<std::pair<ReceiptEntry, WallTime>> awaiting_;
    std::uint64_t messages_ = 0;
};

struct Redealt {
    storage::Generation generation;
    std::uint64_t messages = 0;
};

using OpenStore = std::function<Result<std::unique_ptr<storage::Store>>(const std::string& path)>;

/// The shard count has changed: deals `from` into the next generation, and makes that the current one. `from` stays
/// whole and current until the very end, so that a run which is interrupted is simply done again.
Result<Redealt> redeal(storage::DataDirectory& directory, const storage::Generation& from, std::uint32_t shards,
                       const OpenStore& open);

}  // namespace sluice::gateway
