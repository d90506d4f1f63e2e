#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <memory>

#include "engine/base/time.hpp"

namespace sluice::bench {

/// Durations counted in buckets whose width grows with the value: every value is known to better than one part in a
/// thousand, from a nanosecond to more than an hour, in constant memory and time. Not for several threads.
class Histogram {
public:
    static constexpr unsigned precision_bits = 10;  ///< a bucket is at most 2^-10 of its value wide
    static constexpr std::uint64_t highest = (std::uint64_t{1} << 42) - 1;  ///< 73 minutes; longer ones count as this

    Histogram() : counts_(std::make_unique<Counts>()) {}
    Histogram(Histogram&&) = default;
    Histogram& operator=(Histogram&&) = default;

    /// Negative durations count as zero.
    void record(nanoseconds duration) {
        const std::uint64_t value = duration.count() < 0 ? 0 : static_cast<std::uint64_t>(duration.count());
        ++(*counts_)[index_of(value < highest ? value : highest)];
        ++count_;
        sum_ += static_cast<double>(value);
        if (value > max_) max_ = value;
    }
    void add(const Histogram& other);
    void clear();

    std::uint64_t count() const { return count_; }
    nanoseconds max() const { return nanoseconds(static_cast<std::int64_t>(max_)); }
    /// Zero when nothing was recorded, as all of these are.
    nanoseconds mean() const;
    /// The smallest value that at least `share` (0 to 1) of all values do not exceed, as the upper end of its bucket.
    nanoseconds quantile(double share) const;

private:
    static constexpr std::uint64_t half = std::uint64_t{1} << precision_bits;
    static constexpr std::size_t buckets = (42 - precision_bits + 1) * half;
    using Counts = std::array<std::uint64_t, buckets>;

    /// Values below 2 * half have a bucket each; above, each doubling has `half` buckets.
    static std::size_t index_of(std::uint64_t value) {
        const int width = std::bit_width(value);
        const unsigned shift = width > static_cast<int>(precision_bits + 1)
                                   ? static_cast<unsigned>(width) - (precision_bits + 1) : 0;
        return shift * half + (value >> shift);
    }
    /// The largest value of a bucket.
    static std::uint64_t top_of(std::size_t index) {
        if (index < 2 * half) return index;
        const auto shift = index / half - 1;
        return ((index - shift * half + 1) << shift) - 1;
    }

    std::unique_ptr<Counts> counts_;
    std::uint64_t count_ = 0;
    std::uint64_t max_ = 0;
    double sum_ = 0;
};

}  // namespace sluice::bench
