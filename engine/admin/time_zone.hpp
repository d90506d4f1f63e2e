#pragma once

#include <memory>
#include <string>

#include "engine/base/result.hpp"
#include "engine/routing/active_hours.hpp"

namespace sluice::admin {

/// "UTC", an offset as "+05:30", or a name that the system's time zones have, as "Europe/London".
Result<std::shared_ptr<const routing::ZoneOffsets>> find_zone(const std::string& name);

}  // namespace sluice::admin
