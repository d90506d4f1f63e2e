#include "codecs/smpp/message_id.hpp"

#include <charconv>

namespace sluice::smpp {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

CanonicalId canonical_message_id(std::string_view id, MessageIdFormat format) {
    constexpr std::string_view blank(" \t\r\n\0", 5);
    const std::size_t first = id.find_first_not_of(blank);
    if (first == id.npos) return {};
    id = id.substr(first, id.find_last_not_of(blank) - first + 1);

    CanonicalId text;
    bool zeros_only = false;
    for (const char c : id) {
        if (c == '-') continue;
        if (c == '0' && text.empty()) {
            zeros_only = true;
            continue;
        }
        text.push(lower(c));
    }
    if (text.empty() && zeros_only) text.push('0');
    if (format == MessageIdFormat::as_is) return text;

    std::uint64_t value = 0;
    const std::string_view digits = text.view();
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, format == MessageIdFormat::hex ? 16 : 10);
    if (error != std::errc() || end != digits.data() + digits.size()) return text;

    CanonicalId number;
    number.push('#');
    std::array<char, 16> hex;
    const auto written = std::to_chars(hex.data(), hex.data() + hex.size(), value, 16);
    for (const char* c = hex.data(); c != written.ptr; ++c) number.push(*c);
    return number;
}

}  // namespace sluice::smpp
