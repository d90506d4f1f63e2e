#pragma once

#include <span>
#include <string>

#include "tools/bench/results.hpp"

namespace sluice::bench {

/// Metrics that stand in one table, so that lines stay readable.
struct MetricGroup {
    const char* title;
    std::vector<const char*> keys;
};
std::span<const MetricGroup> metric_groups();

/// "25.1 (24.9..26)" or, of one run, "25.1"; "-" where nothing was measured.
std::string cell_text(const Point& point, const Metric& metric);

/// What became of the messages of all runs, in a line; empty when none were sent.
std::string accounting_of(const Point& point);

/// Results for a terminal; `colours` with its escape sequences.
class Table {
public:
    explicit Table(bool colours) : colours_(colours) {}

    /// The figures of all points, and what became of the messages.
    std::string text(const Series& series) const;

private:
    std::string figures(const Series& series) const;
    std::string accounting(const Point& point) const;
    std::string paint(const std::string& text, const char* code) const;
    std::string red(const std::string& text) const { return paint(text, "31;1"); }
    std::string yellow(const std::string& text) const { return paint(text, "33"); }
    std::string green(const std::string& text) const { return paint(text, "32"); }

    bool colours_;
};

}  // namespace sluice::bench
