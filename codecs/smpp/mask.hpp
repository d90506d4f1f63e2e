#pragma once

#include <cstdint>
#include <vector>

#include "codecs/smpp/pdu.hpp"
#include "engine/base/privacy.hpp"

namespace sluice::smpp {

/// A whole PDU with what it says about subscribers masked in place: addresses and texts, also in TLVs. User data
/// headers stay, so that parts can be told. Of a body that cannot be read, and so not be masked, nothing is left but
/// the header with its length made right. Any octets will do; of less than a header nothing is left.
std::vector<std::uint8_t> masked(ByteView pdu, const Privacy& privacy);

}  // namespace sluice::smpp
