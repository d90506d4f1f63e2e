#pragma once

#include <algorithm>
#include <cstddef>
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

/// Octets of text that one short message holds beside a user data header of so many (TS 23.040 §9.2.3.24).
constexpr std::size_t room_beside(Coding coding, std::size_t header) {
    const std::size_t octets = 140 - std::min<std::size_t>(header, 140);
    return coding == Coding::gsm7 ? octets * 8 / 7 : coding == Coding::ucs2 ? octets & ~std::size_t{1} : octets;
}

/// The headers that go with a text: octets, the length octet included.
struct HeaderSizes {
    std::size_t whole = 0;  ///< when it is one message
    std::size_t part = 6;   ///< in each part, concatenation included
};

/// Splits a text into the parts that short messages hold (3GPP TS 23.040 §9.2.3.24.1), without their headers. One part
/// when it fits whole; neither an escape sequence nor a surrogate pair is taken apart. Nothing when it would take more
/// than 255 parts, or a header leaves no room for a character.
std::optional<std::vector<ByteView>> segment(Coding coding, ByteView text, const HeaderSizes& headers = {});

}  // namespace sluice::sms
