#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "codecs/smpp/bodies.hpp"
#include "engine/base/result.hpp"

namespace sluice::tools {

enum class TextCoding : std::uint8_t {
    automatic,  ///< GSM 7 where it has all the characters, else UCS-2
    gsm7,
    latin1,
    ucs2,
    binary,     ///< the text is hex digits
};

Result<TextCoding> parse_text_coding(std::string_view name);

/// A text ready to be sent: one short_message, or several that belong together.
struct MessageText {
    std::uint8_t data_coding = 0;
    std::vector<std::vector<std::uint8_t>> parts;  ///< without their headers
};

/// Errors say which character or how long a text is the trouble.
Result<MessageText> encode_text(std::string_view utf8, TextCoding coding);

/// What a message says, in UTF-8, without its user data header.
std::string readable_text(const smpp::DeliverSm& pdu);

}  // namespace sluice::tools
