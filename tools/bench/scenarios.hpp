#pragma once

#include <span>

#include "tools/bench/session.hpp"

namespace sluice::bench {

/// A measurement with a name and a goal.
struct Scenario {
    const char* name;
    const char* title;
    /// `base` says for how long, on which gateway and where; sessions, windows and the like are the scenario's own.
    Result<std::vector<Series>> (*run)(Session& session, const RunOptions& base);
};

std::span<const Scenario> scenarios();

/// The gateway takes in messages while its provider is away, is killed, starts again, and gives them out. `base.count`
/// is how many.
Result<std::vector<Series>> measure_backlog(Session& session, const RunOptions& base);

/// "GOAL what: value, within limit", "MISSED what: value, beyond limit", or "VOID what: value, not judged" where the
/// value is none to judge by.
std::string judged(const std::string& what, double value, double limit, const char* unit, bool is_void = false);

}  // namespace sluice::bench
