#include "codecs/smpp/message_id.hpp"

#include <charconv>

namespace sluice::smpp {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

CanonicalId canonical_message_id(std::string_view id, MessageIdFormat format) {
    constexpr std::string_view ignored("- \t\r\n\0", 6);
    CanonicalId text;
    bool leading_zero = false;
    for (const char c : id) {
        if (ignored.find(c) != ignored.npos) continue;
        if (c == '0' && text.empty()) {
            leading_zero = true;
            continue;
        }
        text.push(lower(c));
    }
    if (text.empty() && leading_zero) text.push('0');
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
