#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "engine/base/money.hpp"
#include "engine/base/result.hpp"
#include "engine/base/time.hpp"
#include "engine/routing/address.hpp"
#include "engine/routing/prefix_index.hpp"

namespace sluice::routing {

/// What a provider asks for a part, by destination: that of the longest prefix that has a price at the time holds.
/// Immutable; any number of threads may ask it.
class PriceTable {
public:
    struct Row {
        NumberPattern prefix;
        Money price;
        WallTime from = WallTime::min();   ///< it holds from then on,
        WallTime until = WallTime::max();  ///< and no more from then on
        std::uint32_t line = 0;            ///< of the list that says so, for messages; 0: of none
    };

    /// In any order, each with `from` before `until`. The error names a prefix that has two prices at a time, and their
    /// lines; the same price twice is no mistake.
    static Result<std::shared_ptr<const PriceTable>> compile(std::vector<Row> rows);

    /// Nothing where no prefix has a price at that time: the provider does not go there.
    std::optional<Money> find(const Address& destination, WallTime at) const;

    std::size_t size() const { return size_; }  ///< prefixes
    std::size_t memory_bytes() const {
        return index_.memory_bytes() + prices_.capacity() * sizeof(Money) + changing_.capacity() * sizeof(Changing) +
               periods_.capacity() * sizeof(Period);
    }
    /// Of all rows; equal where two tables say the same.
    std::uint64_t digest() const { return digest_; }

private:
    struct Period {
        WallTime from, until;
        Money price;
    };
    /// A prefix whose price is not always the same, or not always there.
    struct Changing {
        std::uint32_t first = 0, count = 0;  ///< in periods_, in order of time
        std::uint32_t parent = 0;            ///< the value of the next shorter prefix, as the index has it
    };
    /// In the index: a place in prices_, or with this bit in changing_.
    static constexpr std::uint32_t changing_bit = std::uint32_t{1} << 31;

    class Compiler;

    std::vector<Money> prices_;  ///< each once
    std::vector<Changing> changing_;
    std::vector<Period> periods_;
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
