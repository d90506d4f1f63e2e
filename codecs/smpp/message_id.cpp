#include "codecs/smpp/message_id.hpp"

#include <bit>
#include <charconv>
#include <optional>

#include "engine/base/digits.hpp"

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

/// The value of up to 19 digits, which is how most message centres write their ids.
std::optional<std::uint64_t> short_decimal(std::string_view text) {
    if (text.empty() || text.size() > 19) return std::nullopt;
    std::uint64_t value = 0;
    for (const char c : text) {
        const unsigned digit = static_cast<unsigned char>(c) - unsigned{'0'};
        if (digit > 9) return std::nullopt;
        value = 10 * value + digit;
    }
    return value;
}

/// Digits alone that do not begin with 0, in a length that most message centres have: nothing of it has to be changed.
bool is_plain(std::string_view id) {
    if (id.size() < 8 || id.size() > CanonicalId::max_size || id.front() == '0') return false;
    return are_digits(id);
}

}  // namespace

CanonicalId CanonicalId::of_number(std::uint64_t value) {
    CanonicalId number;
    const int digits = (static_cast<int>(std::bit_width(value | 1)) + 3) / 4;
    number.push('#');
    for (int digit = digits - 1; digit >= 0; --digit) number.push("0123456789abcdef"[value >> 4 * digit & 15]);
    return number;
}

CanonicalId canonical_message_id(std::string_view id, MessageIdFormat format) {
    if (format == MessageIdFormat::decimal)
        if (const auto value = short_decimal(id)) return CanonicalId::of_number(*value);
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

    return CanonicalId::of_number(value);
}

bool is_canonical_message_id(std::string_view id, MessageIdFormat format) {
    return format == MessageIdFormat::as_is && is_plain(id);
}

}  // namespace sluice::smpp
