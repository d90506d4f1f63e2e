#include "codecs/sms/segment.hpp"

namespace sluice::sms {
namespace {

constexpr std::size_t max_parts = 255;

/// An escape sequence and a surrogate pair in UCS-2 must fit in a part.
constexpr std::size_t least_room = 4;

/// Would a cut before `at` go through the middle of a character?
bool inside_character(Coding coding, ByteView text, std::size_t at) {
    if (coding == Coding::ucs2)
        return (text[at - 2] & 0xFC) == 0xD8 && at + 1 < text.size() && (text[at] & 0xFC) == 0xDC;
    if (coding == Coding::octets) return false;
    // Of escapes in a row every second one is a character itself.
    std::size_t escapes = 0;
    while (escapes < at && text[at - 1 - escapes] == gsm7_escape) ++escapes;
    return escapes % 2 == 1;
}

}  // namespace

std::optional<std::vector<ByteView>> segment(Coding coding, ByteView text, const HeaderSizes& headers) {
    if (text.size() <= room_beside(coding, headers.whole)) return std::vector{text};
    const std::size_t room = room_beside(coding, headers.part);
    if (room < least_room) return std::nullopt;
    std::vector<ByteView> parts;
    while (!text.empty()) {
        if (parts.size() == max_parts) return std::nullopt;
        std::size_t size = std::min(text.size(), room);
        if (size < text.size() && inside_character(coding, text, size)) size -= coding == Coding::ucs2 ? 2 : 1;
        parts.push_back(text.first(size));
        text = text.subspan(size);
    }
    return parts;
}

}  // namespace sluice::sms
