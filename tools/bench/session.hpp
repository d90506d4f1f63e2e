#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tools/bench/results.hpp"
#include "tools/status_line.hpp"

namespace sluice::bench {

/// What is to be measured at one setting.
struct Planned {
    std::string label;
    double at = 0;  ///< the swept value
    RunOptions options;
};

/// Carries out runs one after another and shows how far they are.
class Session {
public:
    /// `runs`: repetitions of each point. `signals` outlives this.
    Session(std::uint32_t runs, const tools::Signals& signals) : runs_(runs), signals_(signals) {}

    /// Measures all points, in turn as often as there are repetitions, so that what else the machine does meets them
    /// all alike.
    Result<Series> measure(std::string name, std::string title, std::string swept, std::vector<Planned> points);
    /// One run of one point, in a new folder.
    Result<RunResult> once(const std::string& label, const RunOptions& options);

    std::uint32_t runs() const { return runs_; }
    const tools::Signals& signals() const { return signals_; }
    /// For steps that are not runs.
    void show(const std::string& what, const std::string& step, double share);
    /// A line that stays.
    void say(const std::string& line);

private:
    std::uint32_t runs_;
    const tools::Signals& signals_;
    tools::StatusLine status_{isatty(STDOUT_FILENO) == 1};
};

/// Settings that can be swept: shards, window, sessions, rate, size, accounts, provider-binds, provider-window,
/// threads. An error says what is allowed.
Result<void> set(RunOptions& options, std::string_view name, std::string_view value);

/// The settings of a run as they stand on the command line.
std::vector<std::pair<std::string, std::string>> settings_of(const RunOptions& options);

/// "shards=1,2,4" to the points of a sweep.
Result<std::vector<Planned>> parse_sweep(const RunOptions& base, std::string_view text);

/// Fills in accounts with names of their own.
void name_accounts(LoadOptions& load, std::uint32_t count);

}  // namespace sluice::bench
