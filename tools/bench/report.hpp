#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tools/bench/results.hpp"

namespace sluice::bench {

/// One page that needs nothing else: conditions, figures, accounting and plots, for light and dark screens.
std::string html_report(const Conditions& conditions, const std::vector<Series>& series);

/// The same as Markdown, with the plots as pictures that are to stand beside it.
struct MarkdownReport {
    std::string text;
    std::vector<std::pair<std::string, std::string>> pictures;  ///< name of the file, SVG
};
/// Names of pictures begin with `stem`.
MarkdownReport markdown_report(const Conditions& conditions, const std::vector<Series>& series,
                               const std::string& stem);

}  // namespace sluice::bench
