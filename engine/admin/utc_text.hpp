#pragma once

#include <string>

#include "engine/base/time.hpp"

namespace sluice::admin {

/// ISO 8601 with microseconds: "2026-11-21T22:33:27.000042Z".
std::string utc_text(WallTime at);

}  // namespace sluice::admin
