#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/base/bytes.hpp"

/// GSM 7 packed, eight septets in seven octets (3GPP TS 23.038 §6.1.2.1).
namespace sluice::sms {

/// Bits between a user data header of so many octets (its length octet included) and the septet boundary behind it
/// (TS 23.040 §9.2.3.24); 0 without a header.
constexpr unsigned fill_bits(std::size_t header_size) {
    return static_cast<unsigned>((7 - header_size * 8 % 7) % 7);
}

/// Septets, one an octet, to octets, with `fill` zero bits before the first and zeros behind the last.
std::vector<std::uint8_t> pack_septets(ByteView septets, unsigned fill = 0);

/// The reverse. Octets do not say how many septets there are: where a whole septet is left over at the end it is one
/// unless it reads 0 or carriage return, which are padding (§6.1.2.3.1). A text of a multiple of eight septets that
/// ends in "@" cannot be told from padding and loses it.
std::vector<std::uint8_t> unpack_septets(ByteView octets, unsigned fill = 0);

}  // namespace sluice::sms
