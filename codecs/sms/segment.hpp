#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "codecs/sms/charset.hpp"
#include "engine/base/bytes.hpp"

namespace sluice::sms {

/// What the octets of a text are, for where it may be split and how much a part holds.
enum class Coding : std::uint8_t {
    gsm7,    ///< one septet an octet: 160, or 153 in each part
    octets,  ///< Latin-1, binary: 140, or 134 in each part
    ucs2,    ///< 140 octets, or 134 in each part
};

/// Splits a text into the parts that short messages hold (3GPP TS 23.040 §9.2.3.24.1), without their headers. One part
/// when it fits whole; neither an escape sequence nor a surrogate pair is taken apart. Nothing when it would take more
/// than 255 parts.
std::optional<std::vector<ByteView>> segment(Coding coding, ByteView text);

}  // namespace sluice::sms
