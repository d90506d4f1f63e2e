#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/base/time.hpp"

namespace sluice::admin {

/// ISO 8601 with microseconds: "2026-11-21T22:33:27.000042Z".
std::string utc_text(WallTime at);
/// "2026-11-21", "2026-11-21T22:33" or "2026-11-21T22:33:27", with a blank for the T, and with a Z or without; nothing
/// where it is none of these or before 1970. `date_only` says which of them it was.
std::optional<WallTime> parse_utc(std::string_view text, bool* date_only = nullptr);

}  // namespace sluice::admin
