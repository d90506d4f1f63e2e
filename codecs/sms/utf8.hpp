#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::sms {

inline constexpr char32_t replacement_character = 0xFFFD;

/// Takes the first code point off `text`, which is not empty. What is no UTF-8 (cut, over-long, a surrogate, beyond
/// U+10FFFF) costs one octet and comes out as the replacement character.
char32_t take_code_point(std::string_view& text);

/// `code_point` is no surrogate and at most U+10FFFF.
void append_utf8(char32_t code_point, std::string& to);

}  // namespace sluice::sms
