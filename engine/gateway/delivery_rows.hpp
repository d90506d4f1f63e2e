#pragma once

#include <unordered_map>

#include "engine/gateway/core.hpp"

namespace sluice::gateway {

/// Keeps what is known of providers' quality (AccountShared::deliveries) over restarts: a row a provider in Table::meta
/// of the first shard, for all shards. It is written at most once a minute and only when it has changed, and when the
/// gateway ends; a crash forgets what was learnt in the last minute.
class DeliveryRows {
public:
    explicit DeliveryRows(Core& core) : core_(core) {}

    /// At the start: adds what is there to what is counted, as soon as it has been read. Rows of providers that there
    /// are no more, and rows that are too old to say anything, are erased.
    void recover();
    /// Once a second.
    void tick();
    /// What has changed, with the next commit.
    void write();

    static constexpr std::uint64_t tag = 9;  ///< in Table::meta: (tag, provider)

private:
    void take(PartyId provider, ByteView value);

    Core& core_;
    MonoTime next_{};
    std::unordered_map<PartyId, routing::DeliveryCount::Periods> written_;
};

}  // namespace sluice::gateway
