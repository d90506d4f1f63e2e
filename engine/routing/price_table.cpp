#include "engine/routing/price_table.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <tuple>
#include <unordered_map>

namespace sluice::routing {

namespace {

using Row = PriceTable::Row;

Error two_prices(const Row& one, const Row& other) {
    const auto named = [](const Row& row) {
        return to_string(row.price) + (row.line != 0 ? " in line " + std::to_string(row.line) : "");
    };
    const std::string prefix = one.prefix == NumberPattern() ? "*" : one.prefix.digits();
    return Error{"prefix " + prefix + " has two prices at a time, " + named(one) + " and " + named(other)};
}

bool always(const Row& row) { return row.from == WallTime::min() && row.until == WallTime::max(); }

}  // namespace

class PriceTable::Compiler {
public:
    explicit Compiler(PriceTable& table) : table_(table) {}

    /// Rows in the order of prefix and time.
    Result<void> run(std::span<const Row> rows) {
        std::vector<PrefixIndex::Entry> entries, enclosing;  // around the present one, each within the one before
        entries.reserve(rows.size());
        std::vector<Row> periods;
        while (!rows.empty()) {
            const NumberPattern prefix = rows.front().prefix;
            periods.clear();
            for (; !rows.empty() && rows.front().prefix == prefix; rows = rows.subspan(1))
                if (auto added = add(periods, rows.front()); !added) return added;
            while (!enclosing.empty() && enclosing.back().pattern.last() < prefix.first()) enclosing.pop_back();
            const std::uint32_t parent = enclosing.empty() ? PrefixIndex::no_value : enclosing.back().value;
            const bool same = always(periods.front());
            entries.push_back({prefix, same ? place_of(periods.front().price) : place_of(periods, parent)});
            enclosing.push_back(entries.back());
            for (const Row& row : periods) digest(row);
        }
        table_.size_ = entries.size();
        table_.index_ = PrefixIndex(entries);
        return {};
    }

private:
    /// One more period of a prefix; those of one price that meet are one.
    static Result<void> add(std::vector<Row>& periods, const Row& row) {
        const bool apart = periods.empty() || periods.back().until < row.from ||
                           (periods.back().until == row.from && periods.back().price != row.price);
        if (apart) {
            periods.push_back(row);
            return {};
        }
        if (periods.back().price != row.price) return std::unexpected(two_prices(periods.back(), row));
        periods.back().until = std::max(periods.back().until, row.until);
        return {};
    }
    std::uint32_t place_of(Money price) {
        const auto [place, added] =
            places_.try_emplace(price.micros, static_cast<std::uint32_t>(table_.prices_.size()));
        if (added) table_.prices_.push_back(price);
        return place->second;
    }
    std::uint32_t place_of(const std::vector<Row>& periods, std::uint32_t parent) {
        table_.changing_.push_back({static_cast<std::uint32_t>(table_.periods_.size()),
                                    static_cast<std::uint32_t>(periods.size()), parent});
        for (const Row& row : periods) table_.periods_.push_back({row.from, row.until, row.price});
        return static_cast<std::uint32_t>(table_.changing_.size() - 1) | changing_bit;
    }
    void digest(const Row& row) {
        const std::uint64_t said[] = {row.prefix.first(), static_cast<std::uint64_t>(row.price.micros),
                                      static_cast<std::uint64_t>(row.from.time_since_epoch().count()),
                                      static_cast<std::uint64_t>(row.until.time_since_epoch().count())};
        table_.digest_ = XXH3_64bits_withSeed(said, sizeof said, table_.digest_ + 1);
    }

    PriceTable& table_;
    std::unordered_map<std::int64_t, std::uint32_t> places_;
};

Result<std::shared_ptr<const PriceTable>> PriceTable::compile(std::vector<Row> rows) {
    std::ranges::sort(rows, {}, [](const Row& row) {
        return std::tuple(row.prefix, row.from, row.until, row.price, row.line);
    });
    const auto table = std::make_shared<PriceTable>();
    if (auto done = Compiler(*table).run(rows); !done) return std::unexpected(done.error());
    return table;
}

std::optional<Money> PriceTable::find(const Address& destination, WallTime at) const {
    for (std::uint32_t value = index_.find(destination.key()); value != PrefixIndex::no_value;) {
        if ((value & changing_bit) == 0) return prices_[value];
        const Changing& its = changing_[value & ~changing_bit];
        for (const Period& period : std::span(periods_).subspan(its.first, its.count))
            if (period.from <= at && at < period.until) return period.price;
        value = its.parent;
    }
    return std::nullopt;
}

}  // namespace sluice::routing
