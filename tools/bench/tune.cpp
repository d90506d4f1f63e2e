#include "tools/bench/tune.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/base/check.hpp"

namespace sluice::bench {

namespace {

constexpr double tolerance = 0.05;

std::string_view trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t\r");
    if (begin == text.npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

/// The name in "[name]", or the whole of "[[name]]", where another section begins; comments may follow.
std::optional<std::string_view> section_of(std::string_view line) {
    line = trimmed(line);
    if (line.starts_with("[[")) return line;
    const auto end = line.starts_with('[') ? line.find(']') : line.npos;
    if (end == line.npos) return std::nullopt;
    return trimmed(line.substr(1, end - 1));
}

bool sets(std::string_view line, std::string_view key) {
    line = trimmed(line);
    if (!line.starts_with(key)) return false;
    return trimmed(line.substr(key.size())).starts_with('=');
}

/// Where a comment behind a value begins; values here are numbers and simple strings.
std::string_view comment_of(std::string_view line) {
    bool quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '"') quoted = !quoted;
        if (line[i] == '#' && !quoted) return line.substr(i);
    }
    return {};
}

}  // namespace

const Metric& deciding_metric(const std::vector<Point>& points) {
    const bool is_void = std::ranges::any_of(points, [](const Point& point) { return !point.void_because().empty(); });
    return metric(is_void ? "cpu_us" : "messages_per_second");
}

Choice choose(const std::vector<Point>& points) {
    SLUICE_CHECK(!points.empty());
    const Metric& by = deciding_metric(points);
    const bool lower = std::string_view(by.key) == "cpu_us";
    // As a number of which more is better.
    const auto value_of = [&](std::size_t i) {
        auto spread = points[i].spread(by).value_or(Spread());
        if (lower) spread = {-spread.median, -spread.most, -spread.least, spread.runs};
        return spread;
    };
    Choice choice;
    for (std::size_t i = 1; i < points.size(); ++i)
        if (value_of(i).median > value_of(choice.best).median) choice.best = i;
    const Spread best = value_of(choice.best);
    for (std::size_t i = 0; i < points.size(); ++i) {
        const Spread other = value_of(i);
        const bool close = best.median - other.median <= tolerance * std::abs(best.median);
        const bool overlap = other.runs > 1 && other.most >= best.least;
        if (close || overlap) choice.equals.push_back(i);
    }
    choice.chosen = choice.equals.front();
    return choice;
}

std::string with_setting(std::string_view configuration, const Setting& setting) {
    const std::string line_wanted = setting.key + " = " + setting.value;
    std::vector<std::string> lines;
    for (std::string_view rest = configuration; !rest.empty();) {
        const auto newline = rest.find('\n');
        lines.emplace_back(rest.substr(0, newline));
        rest.remove_prefix(newline == rest.npos ? rest.size() : newline + 1);
    }
    std::optional<std::size_t> head;
    bool inside = false, done = false;
    for (std::size_t i = 0; i < lines.size() && !done; ++i) {
        if (const auto section = section_of(lines[i])) {
            inside = *section == setting.section;
            if (inside && !head) head = i;
        } else if (inside && sets(lines[i], setting.key)) {
            const std::string_view comment = comment_of(lines[i]);
            lines[i] = comment.empty() ? line_wanted : line_wanted + "  " + std::string(comment);
            done = true;
        }
    }
    if (!done && head) {
        lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(*head) + 1, line_wanted);
    } else if (!done) {
        if (!lines.empty()) lines.emplace_back();
        lines.push_back("[" + setting.section + "]");
        lines.push_back(line_wanted);
    }
    std::string text;
    for (const std::string& line : lines) text.append(line).append(1, '\n');
    return text;
}

std::string bars(const Series& series, const Metric& metric) {
    constexpr double width = 40;
    double most = 0;
    std::size_t label_width = 0;
    for (const Point& point : series.points) {
        most = std::max(most, point.spread(metric).value_or(Spread()).median);
        label_width = std::max(label_width, point.label.size());
    }
    std::string text;
    for (const Point& point : series.points) {
        const double value = point.spread(metric).value_or(Spread()).median;
        const auto length = static_cast<std::size_t>(most > 0 ? value / most * width + 0.5 : 0);
        text += fmt::format("  {:<{}}  {:<{}} {} {}\n", point.label, label_width, std::string(length, '#'),
                            static_cast<int>(width), metric.text(value), metric.unit);
    }
    return text;
}

}  // namespace sluice::bench
