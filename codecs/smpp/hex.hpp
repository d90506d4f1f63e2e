#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/bytes.hpp"

namespace sluice::smpp {

/// Lower-case hex digits, two an octet, nothing between.
std::string to_hex(ByteView octets);

/// Octets from hex digits as people paste them: blanks, line ends, ':', '-', ',' and "0x" between octets are passed
/// over. Nothing when anything else is there or half an octet is left.
std::optional<std::vector<std::uint8_t>> parse_hex(std::string_view text);

/// Sixteen octets a line: offset, hex, and the characters where they are printable ASCII.
std::string hex_dump(ByteView octets);

}  // namespace sluice::smpp
