#include "codecs/sms/utf8.hpp"

namespace sluice::sms {

char32_t take_code_point(std::string_view& text) {
    const auto octet = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const std::uint8_t lead = octet(0);
    const std::size_t size =
        lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
    char32_t code_point = size == 1 ? lead : lead & (0x7Fu >> size);
    bool valid = size != 0 && size <= text.size();
    for (std::size_t i = 1; valid && i < size; ++i) {
        valid = (octet(i) & 0xC0) == 0x80;
        code_point = (code_point << 6) | (octet(i) & 0x3Fu);
    }
    constexpr char32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    valid = valid && code_point >= smallest[size] && code_point <= 0x10FFFF &&
            !(code_point >= 0xD800 && code_point <= 0xDFFF);
    text.remove_prefix(valid ? size : 1);
    return valid ? code_point : replacement_character;
}

void append_utf8(char32_t c, std::string& to) {
    const auto tail = [c](unsigned shift) { return static_cast<char>(0x80 | ((c >> shift) & 0x3F)); };
    if (c < 0x80) {
        to += static_cast<char>(c);
    } else if (c < 0x800) {
        to += {static_cast<char>(0xC0 | (c >> 6)), tail(0)};
    } else if (c < 0x10000) {
        to += {static_cast<char>(0xE0 | (c >> 12)), tail(6), tail(0)};
    } else {
        to += {static_cast<char>(0xF0 | (c >> 18)), tail(12), tail(6), tail(0)};
    }
}

}  // namespace sluice::sms
