#include "engine/gateway/delivery_rows.hpp"

#include <algorithm>
#include <cstring>

namespace sluice::gateway {

using routing::DeliveryCount;
using storage::Table;

namespace {
constexpr seconds how_often{60};
static_assert(sizeof(DeliveryCount::Periods) == 12 * DeliveryCount::period_count);
}  // namespace

void DeliveryRows::recover() {
    if (core_.shard != 0) return;
    storage::LoadRequest request;
    request.table = Table::meta;
    request.first = {tag, 0};
    request.last = {tag, UINT64_MAX};
    request.limit = UINT32_MAX;
    request.max_bytes = UINT32_MAX;
    core_.messages->load(request, [this](const storage::LoadResult& result) {
        for (const storage::LoadedRow& row : result.rows) take(static_cast<PartyId>(row.key.low), result.value(row));
    });
}

void DeliveryRows::take(PartyId provider, ByteView value) {
    DeliveryCount::Periods periods;
    const Party* const party = core_.find_party(provider);
    const WallTime now = core_.now().wall;
    if (party != nullptr && party->provider != nullptr && value.size() == sizeof periods) {
        std::memcpy(periods.data(), value.data(), sizeof periods);
        for (const DeliveryCount::Period& period : periods) party->shared->deliveries.add(period, now);
        if (party->shared->deliveries.sample(now).ended > 0) return;
    }
    core_.messages->erase_row(Table::meta, {tag, provider});
}

void DeliveryRows::tick() {
    if (core_.now().mono < next_) return;
    next_ = core_.now().mono + how_often;
    write();
}

void DeliveryRows::write() {
    if (core_.shard != 0 || core_.quality.empty()) return;
    for (const routing::Provider& provider : core_.snapshot->providers()) {
        const PartyId id = party_of(provider);
        const DeliveryCount::Periods periods = core_.party(id).shared->deliveries.periods(core_.now().wall);
        DeliveryCount::Periods& before = written_[id];
        if (periods == before) continue;
        before = periods;
        core_.messages->put_row(Table::meta, {tag, id}, wire::octets_of(periods));
    }
}

}  // namespace sluice::gateway
