#pragma once

#include <string>
#include <vector>

#include "engine/history/files.hpp"

namespace sluice::history {

/// As Core::note_accepted has it.
inline std::vector<std::uint8_t> addresses(std::string_view source, std::string_view destination) {
    std::vector<std::uint8_t> tail{static_cast<std::uint8_t>(source.size())};
    tail.insert(tail.end(), source.begin(), source.end());
    tail.insert(tail.end(), destination.begin(), destination.end());
    return tail;
}

inline std::int64_t micros(WallTime at) { return at.time_since_epoch().count(); }
inline const WallTime noon{std::chrono::sys_days(std::chrono::year(2026) / 3 / 4) + std::chrono::hours(12)};

}  // namespace sluice::history
