#pragma once

#include <string>

#include "tools/bench/results.hpp"

namespace sluice::bench {

/// Results for a terminal; `colours` with its escape sequences.
class Table {
public:
    explicit Table(bool colours) : colours_(colours) {}

    /// The figures of all points, and what became of the messages.
    std::string text(const Series& series) const;

private:
    std::string figures(const Series& series) const;
    std::string accounting(const Point& point) const;
    std::string red(const std::string& text) const { return paint(text, "31;1"); }
    std::string yellow(const std::string& text) const { return paint(text, "33"); }
    std::string green(const std::string& text) const { return paint(text, "32"); }
    std::string paint(const std::string& text, const char* code) const;

    bool colours_;
};

}  // namespace sluice::bench
