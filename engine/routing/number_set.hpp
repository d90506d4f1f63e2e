#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/routing/address.hpp"

namespace sluice::routing {

/// Numbers, in any of these forms, each of up to 15 digits with an optional `+` before:
///   447700900100                 one number
///   44770*                       all that begin so
///   447700900100-447700900199    a range of numbers with as many digits
///   4477??001*                   a pattern: `?` is any digit, `*` any number of them, up to 40 characters
/// Asking costs a binary search, and for each pattern a step a digit, whatever the pattern.
class NumberSet {
public:
    /// The error says what is wrong with the text; the set is as before then.
    Result<void> add(std::string_view text);
    /// After the last `add`: puts them in the order that `contains` needs.
    void finish();

    bool contains(const Address& number) const;
    bool empty() const { return intervals_.empty() && patterns_.empty(); }
    std::size_t size() const { return intervals_.size() + patterns_.size(); }

    friend bool operator==(const NumberSet&, const NumberSet&) = default;

private:
    /// Keys from first to last; of numbers with that many digits, or of any where `digits` is 0.
    struct Interval {
        std::uint8_t digits = 0;
        NumberKey first = 0, last = 0;
        friend auto operator<=>(const Interval&, const Interval&) = default;
    };
    /// An automaton whose states are places in the pattern, a bit each.
    struct Pattern {
        std::array<std::uint64_t, 10> takes{};  ///< by digit: places that are passed by it
        std::uint64_t stars = 0;
        std::uint64_t end = 0;
        bool matches(std::string_view digits) const;
        friend bool operator==(const Pattern&, const Pattern&) = default;
    };

    bool within(std::uint8_t digits, NumberKey key) const;
    Result<void> add_range(std::string_view from, std::string_view to);
    Result<void> add_pattern(std::string_view text);

    std::vector<Interval> intervals_;  ///< sorted; those of one `digits` do not overlap
    std::vector<Pattern> patterns_;
};

}  // namespace sluice::routing
