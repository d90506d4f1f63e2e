#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codecs/sms/national.hpp"
#include "engine/base/bytes.hpp"

/// The character sets of short messages, to and from UTF-8.
namespace sluice::sms {

enum class Charset : std::uint8_t {
    gsm7,    ///< 3GPP TS 23.038 §6.2.1 with its extension table, one septet an octet, as SMPP carries it
    latin1,  ///< ISO-8859-1
    ucs2,    ///< UTF-16, big endian; code points beyond U+FFFF as surrogate pairs
    ascii,   ///< the octets below 0x80
    utf8,
};

/// First octet of the two that a character of the extension table takes.
inline constexpr std::uint8_t gsm7_escape = 0x1B;

/// Nothing when the text has a character that the set does not, or is no UTF-8.
std::optional<std::vector<std::uint8_t>> encode(Charset charset, std::string_view utf8);

/// Any octets will do. GSM 7: an unknown extension character is the one of the main table (TS 23.038 §6.2.1.1), octets
/// above 0x7F become the replacement character. UCS-2: a byte-order mark is taken off and obeyed (interop W10), lone
/// surrogates and an odd last octet become the replacement character, as does what is no ASCII and no UTF-8.
std::string decode(Charset charset, ByteView octets);

/// GSM 7 with national language tables. A cell that the national table leaves empty is read from the default one.
std::string decode_gsm7(ByteView septets, NationalLanguage language);

}  // namespace sluice::sms
