#pragma once

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tools/bench/run.hpp"

namespace sluice::bench {

/// Something measured, with its unit: a row of the JSON, and a column of tables that want it.
struct Metric {
    const char* key;      ///< in JSON
    const char* heading;  ///< in tables
    const char* unit;
    int digits;           ///< after the point; negative: as many as make three that matter
    std::optional<double> (*of)(const RunResult&);  ///< nothing where it was not measured

    std::string text(double value) const;
};

/// All of them.
std::span<const Metric> metrics();
const Metric& metric(std::string_view key);

double in_ms(nanoseconds duration);

/// A value over repetitions.
struct Spread {
    double median = 0, least = 0, most = 0;
    std::size_t runs = 0;
};
/// Nothing when no value is there.
std::optional<Spread> spread_of(std::vector<double> values);

/// The repetitions of one setting.
struct Point {
    std::string label;                         ///< "window=100"
    double at = 0;                             ///< the swept value
    std::vector<std::pair<std::string, std::string>> settings;  ///< as on the command line
    std::vector<RunResult> runs;

    std::optional<Spread> spread(const Metric& metric) const;
    /// Why its throughput and latencies are void: when it is so for most of the runs.
    std::string void_because() const;
    bool faulty() const;
};

/// Points that belong together: one scenario, or one sweep.
struct Series {
    std::string name;    ///< "life"
    std::string title;   ///< what it is, for people
    std::string swept;   ///< the setting that changes; empty: none
    std::vector<Point> points;
    std::vector<std::string> notes;  ///< findings, as sentences
};

/// Where and how it was measured.
struct Conditions {
    std::string command, version, time, machine, kernel, gateway;
    unsigned cores = 0;
    double load_before = 0;  ///< the machine's load average at the start
};
/// The command is this process's own, see `told_command`; of absolute paths in `gateway` only the names are told.
Conditions conditions_now(std::string_view gateway);
/// A command line in which absolute paths have become the names of what they lead to: reports are shown to others, and
/// where somebody keeps his files is not theirs to know.
std::string without_directories(std::string_view text);
/// A program's arguments, its name before them, as reports tell them: without directories, and without passwords.
std::string told_command(std::span<const std::string> words);

nlohmann::json to_json(const Conditions& conditions, const std::vector<Series>& series);

}  // namespace sluice::bench
