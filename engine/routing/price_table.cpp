#include "engine/routing/price_table.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <tuple>
#include <unordered_map>

namespace sluice::routing {

Result<std::shared_ptr<const PriceTable>> PriceTable::compile(std::vector<Row> rows) {
    std::ranges::sort(rows, {}, [](const Row& row) { return std::tuple(row.prefix, row.price); });
    const auto table = std::make_shared<PriceTable>();
    std::unordered_map<std::int64_t, std::uint32_t> places;
    std::vector<PrefixIndex::Entry> entries;
    entries.reserve(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto& [prefix, price] = rows[i];
        if (i > 0 && rows[i - 1].prefix == prefix) {
            if (rows[i - 1].price == price) continue;
            return fail("prefix " + prefix.digits() + " has two prices, " + to_string(rows[i - 1].price) + " and " +
                        to_string(price));
        }
        const auto [place, added] =
            places.try_emplace(price.micros, static_cast<std::uint32_t>(table->prices_.size()));
        if (added) table->prices_.push_back(price);
        entries.push_back({prefix, place->second});
        const std::uint64_t said[] = {prefix.first(), static_cast<std::uint64_t>(price.micros)};
        table->digest_ = XXH3_64bits_withSeed(said, sizeof said, table->digest_ + 1);
    }
    table->size_ = entries.size();
    table->index_ = PrefixIndex(entries);
    return table;
}

std::optional<Money> PriceTable::find(const Address& destination) const {
    const std::uint32_t place = index_.find(destination.key());
    if (place == PrefixIndex::no_value) return std::nullopt;
    return prices_[place];
}

}  // namespace sluice::routing
