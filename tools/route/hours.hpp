#pragma once

#include "tools/route/simulation.hpp"

namespace sluice::tools {

/// What left in each hour by provider, where a cap was used up, and what waits: as a table for a terminal, and as a
/// section of a page with a plot. `providers` by ProviderId; those that got nothing are left out.
std::string hours_text(const RouteSimulation& simulation, const std::vector<RouteSimulation::Share>& providers);
std::string hours_html(const RouteSimulation& simulation, const std::vector<RouteSimulation::Share>& providers);

}  // namespace sluice::tools
