#pragma once

#include <string>

#include "tools/bench/results.hpp"

namespace sluice::bench {

/// One page that needs nothing else: conditions, figures, accounting and plots, for light and dark screens.
std::string html_report(const Conditions& conditions, const std::vector<Series>& series);

/// The same without plots, as Markdown.
std::string markdown_report(const Conditions& conditions, const std::vector<Series>& series);

}  // namespace sluice::bench
