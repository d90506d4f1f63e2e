#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "engine/base/money.hpp"
#include "engine/base/result.hpp"
#include "engine/routing/address.hpp"
#include "engine/routing/prefix_index.hpp"

namespace sluice::routing {

/// What a provider asks for a part, by destination: that of the longest prefix holds. Immutable; any number of threads may
/// ask it.
class PriceTable {
public:
    struct Row {
        NumberPattern prefix;
        Money price;
    };

    /// In any order. The error names a prefix that has two prices; the same price twice is no mistake.
    static Result<std::shared_ptr<const PriceTable>> compile(std::vector<Row> rows);

    /// Nothing where no prefix matches: the provider does not go there.
    std::optional<Money> find(const Address& destination) const;

    std::size_t size() const { return size_; }  ///< prefixes
    std::size_t memory_bytes() const { return index_.memory_bytes() + prices_.capacity() * sizeof(Money); }
    /// Of all rows; equal where two tables say the same.
    std::uint64_t digest() const { return digest_; }

private:
    std::vector<Money> prices_;  ///< each once
    PrefixIndex index_;
    std::size_t size_ = 0;
    std::uint64_t digest_ = 0;
};

/// A provider's table, or none; equal where they say the same.
struct Prices {
    std::shared_ptr<const PriceTable> table;

    friend bool operator==(const Prices& a, const Prices& b) {
        return a.table == b.table || (a.table && b.table && a.table->digest() == b.table->digest());
    }
};

}  // namespace sluice::routing
