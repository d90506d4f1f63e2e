#pragma once

#include <cstdint>

namespace sluice::smpp {

/// A set of protocol versions: where a row of a table is defined.
using Versions = std::uint8_t;
inline constexpr Versions v33 = 1, v34 = 2, v50 = 4;

/// interface_version (v5.0 §4.7.13). Anything below 0x34 means 3.3 or earlier; other values occur and are tolerated.
inline constexpr std::uint8_t interface_version_33 = 0x33;
inline constexpr std::uint8_t interface_version_34 = 0x34;
inline constexpr std::uint8_t interface_version_50 = 0x50;

}  // namespace sluice::smpp
