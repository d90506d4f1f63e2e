#include "engine/admin/metrics.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>

namespace sluice::admin {

namespace {

void append_escaped(std::string& to, std::string_view text, bool quotes) {
    for (const char c : text) {
        if (c == '\\') to += "\\\\";
        else if (c == '\n') to += "\\n";
        else if (c == '"' && quotes) to += "\\\"";
        else to += c;
    }
}

}  // namespace

void MetricsText::family(std::string_view name, std::string_view help, std::string_view type) {
    name_ = name;
    text_ += fmt::format("# HELP {} ", name);
    append_escaped(text_, help, false);
    text_ += fmt::format("\n# TYPE {} {}\n", name, type);
}

void MetricsText::sample(Labels labels, std::string_view value) {
    text_ += name_;
    char separator = '{';
    for (const Label& label : labels) {
        text_ += separator;
        separator = ',';
        text_ += label.name;
        text_ += "=\"";
        append_escaped(text_, label.value, true);
        text_ += '"';
    }
    if (separator == ',') text_ += '}';
    text_ += ' ';
    text_ += value;
    text_ += '\n';
}

void MetricsText::sample(Labels labels, double value) {
    if (std::isnan(value)) return sample(labels, std::string_view("NaN"));
    if (std::isinf(value)) return sample(labels, std::string_view(value > 0 ? "+Inf" : "-Inf"));
    sample(labels, std::string_view(fmt::format("{}", value)));
}

ProcessStats process_stats() {
    ProcessStats stats;
    std::uint64_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages >> pages;
    stats.resident_bytes = pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));

    rusage usage{};
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        const auto as_seconds = [](const timeval& t) {
            return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
        };
        stats.cpu_seconds = as_seconds(usage.ru_utime) + as_seconds(usage.ru_stime);
    }
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) stats.max_files = limit.rlim_cur;

    const auto entries = [](const char* folder) {
        std::uint64_t count = 0;
        std::error_code error;
        for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
            ++count;
        return count;
    };
    stats.open_files = entries("/proc/self/fd");
    stats.threads = entries("/proc/self/task");
    return stats;
}

}  // namespace sluice::admin
