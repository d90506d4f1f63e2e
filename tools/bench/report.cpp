#include "tools/bench/report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tools/bench/plot.hpp"
#include "tools/bench/report_style.hpp"
#include "tools/bench/table.hpp"

namespace sluice::bench {

namespace {

/// Sweeps whose values grow by factors.
bool grows_by_factors(const Series& series) {
    const auto& points = series.points;
    return points.size() > 2 && points.front().at > 0 && points.back().at / points.front().at >= 8 &&
           series.swept != "rate" && series.swept != "queue depth";
}

PlotLine line_of(const Series& series, const char* key, std::string name) {
    PlotLine line{std::move(name), {}};
    for (const Point& point : series.points)
        if (const auto spread = point.spread(metric(key)))
            line.points.push_back({point.at, spread->median, spread->least, spread->most});
    std::ranges::sort(line.points, {}, &PlotPoint::x);
    return line;
}

Plot plot_over(const Series& series, const char* title, const char* unit, bool log_y,
               const std::vector<std::pair<const char*, const char*>>& keys) {
    Plot plot{title, series.swept, unit, grows_by_factors(series), log_y, {}, {}};
    for (const auto& [key, name] : keys)
        if (PlotLine line = line_of(series, key, name); !line.points.empty()) plot.lines.push_back(std::move(line));
    return plot;
}

/// Of a single point: how long the slowest few of a hundred, a thousand, ... take.
Plot percentiles_of(const Point& point) {
    static constexpr struct {
        const char* name;
        LatencySummary RunResult::*summary;
    } ways[] = {{"to the response", &RunResult::response}, {"to the provider", &RunResult::provider},
                {"to the receipt", &RunResult::receipt}};
    using L = LatencySummary;
    static constexpr std::pair<const char*, nanoseconds L::*> shares[] = {
        {"50 %", &L::p50}, {"90 %", &L::p90}, {"99 %", &L::p99}, {"99.9 %", &L::p999}, {"99.99 %", &L::p9999},
        {"all", &L::max}};
    Plot plot{"Latency of all but the slowest messages", "of the messages", "ms", false, true, {}, {}};
    for (const auto& share : shares) plot.x_labels.push_back(share.first);
    for (const auto& way : ways) {
        PlotLine line{way.name, {}};
        for (std::size_t i = 0; i < std::size(shares); ++i) {
            std::vector<double> values;
            for (const RunResult& run : point.runs)
                if (const LatencySummary& summary = run.*way.summary; summary.count > 0)
                    values.push_back(in_ms(summary.*shares[i].second));
            if (const auto spread = spread_of(std::move(values)))
                line.points.push_back({static_cast<double>(i), spread->median, spread->least, spread->most});
        }
        if (!line.points.empty()) plot.lines.push_back(std::move(line));
    }
    return plot;
}

std::vector<Plot> plots_of(const Series& series) {
    std::vector<Plot> plots;
    if (series.swept.empty()) {
        if (series.points.size() == 1) plots.push_back(percentiles_of(series.points[0]));
        return plots;
    }
    plots.push_back(plot_over(series, "Throughput", "messages a second", false, {{"messages_per_second", ""}}));
    plots.push_back(plot_over(series, "The gateway's processor time", "us a message", false,
                      {{"cpu_us", "all"}, {"cpu_user_us", "user"}, {"cpu_system_us", "system"}}));
    plots.push_back(plot_over(series, "Latency to the response", "ms", true,
                      {{"response_p50_ms", "half"}, {"response_p99_ms", "99 %"}, {"response_p999_ms", "99.9 %"}}));
    plots.push_back(plot_over(series, "Latency to the provider", "ms", true,
                      {{"provider_p50_ms", "half"}, {"provider_p99_ms", "99 %"}, {"provider_p999_ms", "99.9 %"}}));
    plots.push_back(plot_over(series, "Latency to the receipt", "ms", true,
                      {{"receipt_p50_ms", "half"}, {"receipt_p99_ms", "99 %"}, {"receipt_p999_ms", "99.9 %"}}));
    plots.push_back(
        plot_over(series, "Memory", "MiB", false, {{"anonymous_mib", "its own"}, {"file_mib", "pages of files"}}));
    std::erase_if(plots, [](const Plot& plot) { return plot.lines.empty(); });
    return plots;
}

std::string cell(const Point& point, const Metric& metric) {
    const auto spread = point.spread(metric);
    if (!spread) return "<td>-</td>";
    std::string text = fmt::format("<td>{}", metric.text(spread->median));
    if (spread->runs > 1)
        text += fmt::format(" <small>{}..{}</small>", metric.text(spread->least), metric.text(spread->most));
    return text + "</td>";
}

std::string tables_of(const Series& series) {
    std::string text;
    for (const MetricGroup& group : metric_groups()) {
        text += fmt::format("<div class=\"wide\"><table><caption>{}</caption><tr><th>{}</th>", escaped(group.title),
                            escaped(series.swept));
        for (const char* key : group.keys) text += fmt::format("<th>{}</th>", escaped(metric(key).heading));
        text += "</tr>";
        for (const Point& point : series.points) {
            text += fmt::format("<tr><td>{}</td>", escaped(point.label));
            for (const char* key : group.keys) text += cell(point, metric(key));
            text += "</tr>";
        }
        text += "</table></div>\n";
    }
    return text;
}

/// Lines of a series that are words: goals, findings, what became of the messages.
std::string notes_of(const Series& series) {
    std::string text = "<ul class=\"notes\">";
    const auto add = [&](const char* kind, std::string_view word, std::string_view line) {
        text += fmt::format("<li><b class=\"{}\">{}</b>{}</li>", kind, escaped(word), escaped(line));
    };
    for (const std::string& note : series.notes) {
        const std::string_view word = std::string_view(note).substr(0, note.find(' '));
        const bool goal = word == "GOAL", missed = word == "MISSED", is_void = word == "VOID";
        if (!goal && !missed && !is_void)
            add("soft", "", note);
        else
            add(goal ? "good" : missed ? "bad" : "warn", goal ? "met" : missed ? "missed" : "void",
                std::string_view(note).substr(word.size()));
    }
    for (const Point& point : series.points) {
        const std::string label = point.label.empty() ? "" : point.label + ": ";
        if (const std::string reason = point.void_because(); !reason.empty())
            add("warn", "void", label + "throughput and latencies; " + reason);
        const std::string line = accounting_of(point);
        if (line.empty()) continue;
        add(point.faulty() ? "bad" : "good", point.faulty() ? "fault" : "whole", label + line);
        for (const RunResult& run : point.runs)
            for (const std::string& fault : run.faults) add("bad", "fault", label + fault);
    }
    return text + "</ul>\n";
}

}  // namespace

std::string html_report(const Conditions& conditions, const std::vector<Series>& series) {
    std::string text = fmt::format(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
        "<title>Sluice benchmark, {}</title><style>{}</style></head>\n<body>\n<h1>Sluice benchmark</h1>\n"
        "<p class=\"soft\">{}</p>\n<dl>", escaped(conditions.time), report_style, escaped(conditions.time));
    const std::string machine =
        fmt::format("{}, {} cores, {}, load average before: {:.1f}", conditions.machine, conditions.cores,
                    conditions.kernel, conditions.load_before);
    const std::string generator = fmt::format("sluice {}", conditions.version);
    for (const auto& [name, value] : {std::pair<const char*, std::string>{"gateway", conditions.gateway},
                                      {"machine", machine}, {"generator", generator}})
        text += fmt::format("<dt>{}</dt><dd>{}</dd>", name, escaped(value));
    text += fmt::format("<dt>command</dt><dd><code>{}</code></dd></dl>\n", escaped(conditions.command));
    for (const Series& each : series) {
        text += fmt::format("<section><h2>{}</h2><p class=\"soft\">{}</p>\n", escaped(each.name), escaped(each.title));
        text += notes_of(each);
        std::string figures;
        for (const Plot& plot : plots_of(each)) figures += figure_of(plot);
        if (!figures.empty()) text += fmt::format("<div class=\"plots\">{}</div>\n", figures);
        text += tables_of(each) + "</section>\n";
    }
    return text + "</body></html>\n";
}

MarkdownReport markdown_report(const Conditions& conditions, const std::vector<Series>& series,
                               const std::string& stem) {
    MarkdownReport report;
    std::string& text = report.text;
    text = fmt::format("{}, {} cores, {}; {}; load average before {:.1f}.\n\n    {}\n", conditions.machine,
                                   conditions.cores, conditions.kernel, conditions.time, conditions.load_before,
                                   conditions.command);
    for (const Series& each : series) {
        text += fmt::format("\n## {}\n\n{}\n", each.name, each.title);
        std::size_t number = 0;
        for (const Plot& plot : plots_of(each)) {
            std::string name = fmt::format("{}-{}-{}.svg", stem, each.name, ++number);
            std::ranges::replace(name, ' ', '-');
            text += fmt::format("\n![{}]({})\n", plot.title, name);
            report.pictures.emplace_back(name, picture_of(plot));
        }
        for (const MetricGroup& group : metric_groups()) {
            text += fmt::format("\n| {} |", each.swept);
            std::string rule = "|---|";
            for (const char* key : group.keys) {
                text += fmt::format(" {} |", metric(key).heading);
                rule += "---:|";
            }
            text += "\n" + rule + "\n";
            for (const Point& point : each.points) {
                text += fmt::format("| {} |", point.label);
                for (const char* key : group.keys) text += fmt::format(" {} |", cell_text(point, metric(key)));
                text += "\n";
            }
        }
        text += "\n";
        for (const std::string& note : each.notes) text += fmt::format("- {}\n", note);
        for (const Point& point : each.points) {
            const std::string label = point.label.empty() ? "" : point.label + ": ";
            if (const std::string reason = point.void_because(); !reason.empty())
                text += fmt::format("- VOID {}throughput and latencies; {}\n", label, reason);
            if (const std::string line = accounting_of(point); !line.empty())
                text += fmt::format("- {}{}\n", label, line);
            for (const RunResult& run : point.runs)
                for (const std::string& fault : run.faults) text += fmt::format("- FAULT {}{}\n", label, fault);
        }
    }
    return report;
}

}  // namespace sluice::bench
