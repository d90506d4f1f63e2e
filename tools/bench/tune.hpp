#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/bench/results.hpp"

namespace sluice::bench {

/// What a comparison of points comes to.
struct Choice {
    std::size_t best = 0;    ///< the highest median
    std::size_t chosen = 0;  ///< the first that is as good, as far as these runs can tell
    std::vector<std::size_t> equals;  ///< all that are, `best` among them
};

/// Compares by throughput, or by processor time a message where the generator could not keep up with one of them.
/// Points stand in the order in which they are preferred when they are equal: simplest first. A point is as good as the
/// best when it is within 5 % of it, or when the spreads of the two overlap.
Choice choose(const std::vector<Point>& points);

/// The metric that `choose` went by.
const Metric& deciding_metric(const std::vector<Point>& points);

/// A setting of a configuration, as it is written there.
struct Setting {
    std::string section, key, value;
};

/// The text of a configuration with the setting in it: in the place of what it was, else at the head of its section,
/// else in a new section at the end. Everything else stays as it is, comments too.
std::string with_setting(std::string_view configuration, const Setting& setting);

/// Bars for a terminal: a line a point, the longest bar for the highest value.
std::string bars(const Series& series, const Metric& metric);

}  // namespace sluice::bench
