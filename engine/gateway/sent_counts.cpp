#include "engine/gateway/sent_counts.hpp"

#include <algorithm>
#include <cstring>

namespace sluice::gateway {

using routing::HourNumber;
using routing::hours_per_day;
using storage::Table;

static_assert(sizeof(SentCounts::Row) == 24);

void SentCounts::Row::join(const Row& other) {
    const auto day_of = [](const Row& row) { return row.hour / hours_per_day; };
    const std::uint64_t before = day_of(*this) < day_of(other) ? 0 : in_day;
    in_day = before + (day_of(other) < day_of(*this) ? 0 : other.in_day);
    in_hour = (hour < other.hour ? 0 : in_hour) + (other.hour < hour ? 0 : other.in_hour);
    hour = std::max(hour, other.hour);
}

void SentCounts::add(PartyId provider, HourNumber hour, std::uint64_t n) {
    Row& row = rows_[provider];
    // Also where the time was set back: what was counted goes with it, as in CapCount.
    if (hour < row.hour) row.hour = hour;
    row.join({hour, 0, n, n});
    changed_.insert(provider);
}

void SentCounts::take_back(PartyId provider, HourNumber hour, std::uint64_t n) {
    const auto found = rows_.find(provider);
    if (found == rows_.end()) return;
    Row& row = found->second;
    if (row.hour == hour) row.in_hour -= std::min(n, row.in_hour);
    if (row.hour / hours_per_day == hour / hours_per_day) row.in_day -= std::min(n, row.in_day);
    changed_.insert(provider);
}

bool SentCounts::read_row(ByteView value, Row& row) {
    if (value.size() != sizeof row) return false;
    std::memcpy(&row, value.data(), sizeof row);
    return true;
}

void SentCounts::put_row(storage::Batch& batch, PartyId provider, const Row& row) {
    batch.put(Table::meta, {tag, provider}, {reinterpret_cast<const std::uint8_t*>(&row), sizeof row});
}

void SentCounts::write_changes(storage::Batch& batch) {
    for (const PartyId provider : changed_) {
        const auto found = rows_.find(provider);
        if (found != rows_.end()) put_row(batch, provider, found->second);
        else batch.erase(Table::meta, {tag, provider});
    }
    changed_.clear();
}

void SentCounts::restore(storage::Key key, ByteView value, WallTime now) {
    Row row;
    const auto provider = static_cast<PartyId>(key.low);
    if (read_row(value, row) && row.hour / hours_per_day >= routing::hour_of(now) / hours_per_day)
        rows_[provider] = row;
    else changed_.insert(provider);
}

}  // namespace sluice::gateway
