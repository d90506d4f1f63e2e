#include "codecs/smpp/message_id.hpp"

#include <charconv>

namespace sluice::smpp {

namespace {

/// What a character counts as; 0 where it does not count at all.
constexpr auto canonical_characters = [] {
    std::array<char, 256> map{};
    for (std::size_t i = 0; i < map.size(); ++i) map[i] = static_cast<char>(i);
    for (std::size_t i = 'A'; i <= 'Z'; ++i) map[i] = static_cast<char>(i - 'A' + 'a');
    for (const unsigned char ignored : {'-', ' ', '\t', '\r', '\n'}) map[ignored] = 0;
    return map;
}();

}  // namespace

CanonicalId canonical_message_id(std::string_view id, MessageIdFormat format) {
    CanonicalId text;
    bool leading_zero = false;
    for (const char each : id) {
        const char c = canonical_characters[static_cast<unsigned char>(each)];
        if (c == 0) continue;
        if (c == '0' && text.empty()) {
            leading_zero = true;
            continue;
        }
        text.push(c);
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
