#include "tools/bench/histogram.hpp"

#include <algorithm>
#include <cmath>

namespace sluice::bench {

void Histogram::add(const Histogram& other) {
    for (std::size_t i = 0; i < buckets; ++i) (*counts_)[i] += (*other.counts_)[i];
    count_ += other.count_;
    sum_ += other.sum_;
    max_ = std::max(max_, other.max_);
}

void Histogram::clear() {
    counts_->fill(0);
    count_ = max_ = 0;
    sum_ = 0;
}

nanoseconds Histogram::mean() const {
    return nanoseconds(count_ == 0 ? 0 : std::llround(sum_ / static_cast<double>(count_)));
}

nanoseconds Histogram::quantile(double share) const {
    const double wanted = std::ceil(std::clamp(share, 0.0, 1.0) * static_cast<double>(count_));
    const auto rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(wanted));
    std::uint64_t passed = 0;
    for (std::size_t i = 0; i < buckets; ++i) {
        passed += (*counts_)[i];
        if (passed >= rank) return nanoseconds(static_cast<std::int64_t>(std::min(top_of(i), max_)));
    }
    return nanoseconds(0);
}

}  // namespace sluice::bench
