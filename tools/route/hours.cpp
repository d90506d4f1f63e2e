#include "tools/route/hours.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/admin/utc_text.hpp"
#include "tools/bench/plot.hpp"

namespace sluice::tools {

namespace {

using Hour = RouteSimulation::Hour;
using Share = RouteSimulation::Share;

constexpr std::size_t bar_width = 40;
constexpr std::string_view marks = "#=+*%o";  // of providers in turn

std::vector<std::size_t> those_with_any(const std::vector<Share>& providers) {
    std::vector<std::size_t> ids;
    for (std::size_t id = 0; id < providers.size(); ++id)
        if (providers[id].messages > 0) ids.push_back(id);
    return ids;
}

std::uint64_t sent_in(const Hour& hour) {
    std::uint64_t sum = 0;
    for (const std::uint64_t messages : hour.messages) sum += messages;
    return sum;
}

std::uint64_t most_sent(const std::vector<Hour>& hours) {
    std::uint64_t most = 1;
    for (const Hour& hour : hours) most = std::max(most, sent_in(hour));
    return most;
}

std::uint64_t most_waiting(const std::vector<Hour>& hours) {
    return std::max<std::uint64_t>(1, std::ranges::max(hours, {}, &Hour::waiting).waiting);
}

std::string hour_text(const Hour& hour) { return admin::utc_text(hour.begins).substr(0, 16); }

}  // namespace

std::string hours_text(const RouteSimulation& simulation, const std::vector<Share>& providers) {
    const auto ids = those_with_any(providers);
    std::string text = fmt::format("\n{:<16}", "hour (UTC)");
    for (std::size_t i = 0; i < ids.size(); ++i)
        text += fmt::format(" {:>16}", fmt::format("{} {}", marks[i % marks.size()], providers[ids[i]].provider));
    text += fmt::format(" {:>12} {:>12}\n", "spilled over", "waiting");
    const std::uint64_t most = most_sent(simulation.hours());
    for (const Hour& hour : simulation.hours()) {
        std::string bar;
        text += hour_text(hour);
        for (std::size_t i = 0; i < ids.size(); ++i) {
            const std::uint64_t messages = hour.messages[ids[i]];
            text += fmt::format(" {:>16}", fmt::format("{}{}", messages, hour.capped[ids[i]] ? " cap" : ""));
            bar.append(static_cast<std::size_t>(messages * bar_width / most), marks[i % marks.size()]);
        }
        text += fmt::format(" {:>12} {:>12}  {}\n", hour.spilled, hour.waiting, bar);
    }
    return text;
}

namespace {

/// Where columns are drawn, one an hour, against an axis of its own.
struct Area {
    double top, height, most;
    static constexpr double left = 56, width = 900;

    Area(double its_top, double its_height, std::uint64_t highest)
        : top(its_top), height(its_height), most(bench::linear_ticks(static_cast<double>(highest)).back()) {}

    double y_of(double value) const { return top + height * (1 - value / most); }
    /// A line for every tick, or for the last one alone.
    std::string axis(bool all) const {
        std::string drawn;
        for (const double tick : bench::linear_ticks(most))
            if (all || tick == 0 || tick == most)
                drawn += fmt::format(
                    "<line class=\"grid\" x1=\"{0}\" x2=\"{1}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\"/>"
                    "<text x=\"{3}\" y=\"{4:.1f}\" text-anchor=\"end\">{5}</text>",
                    left, left + width, y_of(tick), left - 6, y_of(tick) + 4, bench::short_number(tick));
        return drawn;
    }
    std::string column(const std::string& kind, double x, double wide, double from, double to) const {
        return fmt::format("<rect class=\"{}\" x=\"{:.2f}\" width=\"{:.2f}\" y=\"{:.2f}\" height=\"{:.2f}\"/>", kind, x,
                           wide, y_of(to), y_of(from) - y_of(to));
    }
};

}  // namespace

std::string hours_html(const RouteSimulation& simulation, const std::vector<Share>& providers) {
    using bench::escaped;
    const auto ids = those_with_any(providers);
    const std::vector<Hour>& hours = simulation.hours();
    const Area sent(12, 220, most_sent(hours)), waits(256, 60, most_waiting(hours));
    const double step = Area::width / static_cast<double>(hours.size()), wide = std::max(1.0, step * 0.8);

    std::string legend, drawn = sent.axis(true) + waits.axis(false);
    for (std::size_t i = 0; i < ids.size(); ++i)
        legend += fmt::format("<span><i class=\"c{}\"></i>{}</span>", i % 6, escaped(providers[ids[i]].provider));
    for (std::size_t n = 0; n < hours.size(); ++n) {
        const Hour& hour = hours[n];
        const double x = Area::left + step * static_cast<double>(n) + (step - wide) / 2;
        double below = 0;
        std::string parts, says = hour_text(hour);
        for (std::size_t i = 0; i < ids.size(); ++i) {
            const auto messages = static_cast<double>(hour.messages[ids[i]]);
            const bool capped = hour.capped[ids[i]];
            says +=
                fmt::format(", {} {}{}", providers[ids[i]].provider, hour.messages[ids[i]], capped ? " (its cap)" : "");
            parts += sent.column(fmt::format("c{}", i % 6), x, wide, below, below + messages);
            below += messages;
            if (capped && messages > 0)
                parts +=
                    fmt::format("<line class=\"cap\" x1=\"{0:.2f}\" x2=\"{1:.2f}\" y1=\"{2:.2f}\" y2=\"{2:.2f}\"/>", x,
                                x + wide, sent.y_of(below));
        }
        parts += waits.column("wait", x, wide, 0, static_cast<double>(hour.waiting));
        drawn += fmt::format("<g><title>{}, {} wait</title>{}</g>\n", escaped(says), hour.waiting, parts);
    }
    const double bottom = waits.top + waits.height;
    const auto label = [&](const Hour& hour, double x, const char* anchor) {
        return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>", x, bottom + 18, anchor,
                           hour_text(hour));
    };
    drawn += label(hours.front(), Area::left, "start");
    if (hours.size() > 1) drawn += label(hours.back(), Area::left + Area::width, "end");
    return fmt::format(
        "<style>rect {{ fill: var(--line); }} .wait {{ --line: var(--bad); }} "
        ".cap {{ stroke: var(--ink); stroke-width: 2; --line: var(--ink); }}</style>"
        "<section><h2>By the hour</h2><p class=\"soft\">messages that left, and below them those that wait at the end "
        "of the hour, in UTC; {} wait at the end of all</p><div class=\"legend\">{}"
        "<span><i class=\"cap\"></i>a cap is used up</span><span><i class=\"wait\"></i>waiting for a cap</span></div>"
        "<svg viewBox=\"0 0 {} {}\" role=\"img\">{}</svg></section>\n",
        hours.back().waiting, legend, Area::left + Area::width + 8, bottom + 28, drawn);
}

}  // namespace sluice::tools
