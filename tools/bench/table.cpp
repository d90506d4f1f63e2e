#include "tools/bench/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace sluice::bench {

namespace {

const MetricGroup groups[] = {
    {"throughput and the gateway's processor time",
     {"messages_per_second", "cpu_us", "cpu_user_us", "cpu_system_us", "syncs_per_second", "written_bytes"}},
    {"latency from when a message was due, ms",
     {"response_p50_ms", "response_p99_ms", "response_p999_ms", "response_max_ms", "provider_p50_ms", "provider_p99_ms",
      "receipt_p50_ms", "receipt_p99_ms"}},
    {"the gateway's memory, and the generator",
     {"anonymous_mib", "peak_anonymous_mib", "file_mib", "generator_running", "generator_waiting", "generator_cpu_us"}},
};

}  // namespace

std::span<const MetricGroup> metric_groups() { return groups; }

std::string cell_text(const Point& point, const Metric& metric) {
    const auto spread = point.spread(metric);
    if (!spread) return "-";
    if (spread->runs == 1) return metric.text(spread->median);
    return fmt::format("{} ({}..{})", metric.text(spread->median), metric.text(spread->least),
                       metric.text(spread->most));
}

std::string accounting_of(const Point& point) {
    Account sum;
    std::uint64_t out_of_order = 0;
    std::map<smpp::CommandStatus, std::uint64_t> refusals;
    for (const RunResult& run : point.runs) {
        sum.sent += run.account.sent;
        sum.accepted += run.account.accepted;
        sum.refused += run.account.refused;
        sum.delivered += run.account.delivered;
        sum.receipted += run.account.receipted;
        out_of_order += run.out_of_order;
        for (const auto& [status, count] : run.refusals) refusals[status] += count;
    }
    if (sum.sent == 0) return {};
    std::string line = fmt::format("{} sent, {} accepted, {} refused, {} delivered, {} receipted", sum.sent,
                                   sum.accepted, sum.refused, sum.delivered, sum.receipted);
    if (!point.faulty()) line += "; nothing lost, nothing twice";
    if (out_of_order > 0)
        line += fmt::format("; {} out of order (over one bind after a later one of the same session)", out_of_order);
    for (const auto& [status, count] : refusals) {
        const std::string_view name = smpp::name_of(status);
        line += name.empty() ? fmt::format("; {} times {:#x}", count, static_cast<std::uint32_t>(status))
                             : fmt::format("; {} times {}", count, name);
    }
    return line;
}

std::string Table::paint(const std::string& text, const char* code) const {
    return colours_ ? fmt::format("\033[{}m{}\033[0m", code, text) : text;
}

std::string Table::text(const Series& series) const {
    std::string text = fmt::format("\n{}: {}\n", series.name, series.title);
    text += figures(series);
    for (const Point& point : series.points) {
        const std::string label = point.label.empty() ? "" : " " + point.label;
        if (const std::string reason = point.void_because(); !reason.empty())
            text += "  " + yellow(fmt::format("VOID{}: msg/s and latencies say nothing about the gateway: {}", label,
                                              reason)) + "\n";
        text += accounting(point);
    }
    for (const std::string& note : series.notes)
        text += "  " + (note.starts_with("GOAL") ? green(note) : note.starts_with("MISSED") ? red(note) : note) + "\n";
    return text;
}

std::string Table::figures(const Series& series) const {
    std::string text;
    for (const MetricGroup& group : groups) {
        std::vector<std::vector<std::string>> lines{{series.swept}};
        for (const char* key : group.keys) lines[0].push_back(metric(key).heading);
        for (const Point& point : series.points) {
            lines.push_back({point.label});
            for (const char* key : group.keys) lines.back().push_back(cell_text(point, metric(key)));
        }
        text += fmt::format("  {}\n", group.title);
        for (const auto& line : lines) {
            text += "  ";
            for (std::size_t column = 0; column < line.size(); ++column) {
                std::size_t width = 0;
                for (const auto& other : lines) width = std::max(width, other[column].size());
                if (width == 0) continue;  // no label has a word
                text += column == 0 ? fmt::format("  {:<{}}", line[column], width)
                                    : fmt::format("  {:>{}}", line[column], width);
            }
            text += "\n";
        }
    }
    return text;
}

std::string Table::accounting(const Point& point) const {
    const std::string label = point.label.empty() ? "" : point.label + ": ";
    const std::string line = accounting_of(point);
    if (line.empty()) return {};
    std::string text = "  " + label + (point.faulty() ? line : green(line)) + "\n";
    for (const RunResult& run : point.runs)
        for (const std::string& fault : run.faults) text += "  " + red("FAULT: " + label + fault) + "\n";
    return text;
}

}  // namespace sluice::bench
