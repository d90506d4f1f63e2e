#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::bench {

/// A point of a line with its spread.
struct PlotPoint {
    double x = 0, y = 0, least = 0, most = 0;
};

struct PlotLine {
    std::string name;
    std::vector<PlotPoint> points;  ///< in the order of x
};

/// A line plot. Axes begin at zero where they are linear; values that a logarithmic axis cannot have are left out.
struct Plot {
    std::string title, x_name, y_name;
    bool log_x = false, log_y = false;
    std::vector<std::string> x_labels;  ///< instead of numbers, for the points in turn; empty: numbers
    std::vector<PlotLine> lines;        ///< up to six
};

/// The plot as a <figure> with an inline SVG; its colours are classes and variables of the page (report_style.hpp).
std::string figure_of(const Plot& plot);
/// The plot as an SVG file of its own, title and legend in it.
std::string picture_of(const Plot& plot);

/// Text for the inside of an element or an attribute.
std::string escaped(std::string_view text);

/// "12", "1.5k", "3M": three digits that matter.
std::string short_number(double value);

/// Round values that divide a linear axis from zero to `most` or more, the last of them its end.
std::vector<double> linear_ticks(double most);
/// 1, 2, 5, 10, ... from at most `least` to at least `most`; only powers of ten where there are many.
std::vector<double> log_ticks(double least, double most);

}  // namespace sluice::bench
