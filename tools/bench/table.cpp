#include "tools/bench/table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::bench {

namespace {

struct Group {
    const char* title;
    std::vector<const char*> keys;
};

/// One table each, so that lines stay readable.
const Group groups[] = {
    {"throughput and the gateway's processor time",
     {"messages_per_second", "cpu_us", "cpu_user_us", "cpu_system_us", "syncs_per_second", "written_bytes"}},
    {"latency from when a message was due, ms",
     {"response_p50_ms", "response_p99_ms", "response_p999_ms", "response_max_ms", "provider_p50_ms", "provider_p99_ms",
      "receipt_p50_ms", "receipt_p99_ms"}},
    {"the gateway's memory, and the generator",
     {"anonymous_mib", "peak_anonymous_mib", "file_mib", "generator_running", "generator_waiting", "generator_cpu_us"}},
};

/// "25.1 (24.9..26)" or, of one run, "25.1".
std::string cell(const Point& point, const Metric& metric) {
    const auto spread = point.spread(metric);
    if (!spread) return "-";
    const std::string median = fmt::format("{:.{}f}", spread->median, metric.digits);
    if (spread->runs == 1) return median;
    return fmt::format("{} ({:.{}f}..{:.{}f})", median, spread->least, metric.digits, spread->most, metric.digits);
}

}  // namespace

std::string Table::paint(const std::string& text, const char* code) const {
    return colours_ ? fmt::format("\033[{}m{}\033[0m", code, text) : text;
}

std::string Table::text(const Series& series) const {
    std::string text = fmt::format("\n{}: {}\n", series.name, series.title);
    text += figures(series);
    for (const Point& point : series.points) {
        if (const std::string reason = point.void_because(); !reason.empty())
            text += yellow(fmt::format("  VOID{}{}: msg/s and latencies say nothing about the gateway: {}",
                                       point.label.empty() ? "" : " ", point.label, reason)) + "\n";
        text += accounting(point);
    }
    for (const std::string& note : series.notes) text += "  " + note + "\n";
    return text;
}

std::string Table::figures(const Series& series) const {
    std::string text;
    for (const Group& group : groups) {
        std::vector<std::vector<std::string>> lines{{series.swept}};
        for (const char* key : group.keys) lines[0].push_back(metric(key).heading);
        for (const Point& point : series.points) {
            lines.push_back({point.label});
            for (const char* key : group.keys) lines.back().push_back(cell(point, metric(key)));
        }
        text += fmt::format("  {}\n", group.title);
        for (const auto& line : lines) {
            text += "  ";
            for (std::size_t column = 0; column < line.size(); ++column) {
                std::size_t width = 0;
                for (const auto& other : lines) width = std::max(width, other[column].size());
                text += column == 0 ? fmt::format("  {:<{}}", line[column], width)
                                    : fmt::format("  {:>{}}", line[column], width);
            }
            text += "\n";
        }
    }
    return text;
}

std::string Table::accounting(const Point& point) const {
    std::string text;
    Account sum;
    std::uint64_t out_of_order = 0;
    for (const RunResult& run : point.runs) {
        sum.sent += run.account.sent;
        sum.accepted += run.account.accepted;
        sum.refused += run.account.refused;
        sum.delivered += run.account.delivered;
        sum.receipted += run.account.receipted;
        out_of_order += run.out_of_order;
    }
    const bool fine = !point.faulty();
    const std::string line =
        fmt::format("  {}{}{} sent, {} accepted, {} refused, {} delivered, {} receipted", point.label,
                    point.label.empty() ? "" : ": ", sum.sent, sum.accepted, sum.refused, sum.delivered, sum.receipted);
    text += fine ? line + green("; nothing lost, nothing twice") + "\n" : line + "\n";
    for (const RunResult& run : point.runs)
        for (const std::string& fault : run.faults) text += red("  FAULT: " + fault) + "\n";
    if (out_of_order > 0)
        text += yellow(fmt::format("  {} out of order: over one bind after a later one of the same session",
                                   out_of_order)) + "\n";
    std::map<smpp::CommandStatus, std::uint64_t> refusals;
    for (const RunResult& run : point.runs)
        for (const auto& [status, count] : run.refusals) refusals[status] += count;
    for (const auto& [status, count] : refusals) {
        const std::string_view name = smpp::name_of(status);
        text += yellow(name.empty() ? fmt::format("  refused with {:#x}: {}", static_cast<std::uint32_t>(status), count)
                                    : fmt::format("  refused with {}: {}", name, count)) + "\n";
    }
    return text;
}

}  // namespace sluice::bench
