#include "codecs/sms/utf16.hpp"

#include "codecs/sms/charset.hpp"
#include "codecs/sms/utf8.hpp"

namespace sluice::sms {

std::optional<std::u16string> to_utf16(std::string_view utf8) {
    const auto octets = encode(Charset::ucs2, utf8);
    if (!octets) return std::nullopt;
    std::u16string units;
    units.reserve(octets->size() / 2);
    for (std::size_t i = 0; i + 1 < octets->size(); i += 2) units += load_be<char16_t>(octets->data() + i);
    return units;
}

std::string from_utf16(std::u16string_view utf16) {
    const auto is = [](char16_t unit, unsigned kind) { return (unit & 0xFC00u) == kind; };
    std::string text;
    text.reserve(utf16.size());
    for (std::size_t i = 0; i < utf16.size(); ++i) {
        char32_t c = utf16[i];
        if (is(utf16[i], 0xD800) && i + 1 < utf16.size() && is(utf16[i + 1], 0xDC00)) {
            c = 0x10000 + ((c - 0xD800) << 10) + (utf16[++i] - 0xDC00u);
        } else if (is(utf16[i], 0xD800) || is(utf16[i], 0xDC00)) {
            c = replacement_character;
        }
        append_utf8(c, text);
    }
    return text;
}

}  // namespace sluice::sms
