#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "codecs/smpp/tlv.hpp"

/// TLVs that SMPP does not define, as a peer's profile names and types them (interop R15).
namespace sluice::smpp {

enum class NamedTlvType : std::uint8_t {
    integer,         ///< unsigned, big-endian, 1 to 8 octets, whatever width the peer chose
    c_octet_string,  ///< text that ends at its NUL, or at its end where the peer left the NUL out
    octet_string,    ///< any octets
    decimal,         ///< digits as text, blanks around them and a NUL behind them allowed
};

struct NamedTlv {
    Tag tag{};
    std::string name;
    NamedTlvType type = NamedTlvType::octet_string;
    friend bool operator==(const NamedTlv&, const NamedTlv&) = default;
};

/// The value as text: digits of an integer or decimal, a string as it is, octets in hex. Nothing when the value is not
/// of the type: an integer of no octets or more than 8, a decimal with anything but digits or of more than 20 of them.
std::optional<std::string> named_tlv_text(NamedTlvType type, ByteView value);

}  // namespace sluice::smpp
