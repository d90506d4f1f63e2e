#include "engine/routing/address.hpp"

#include <algorithm>
#include <bit>

#include "codecs/smpp/values.hpp"
#include "engine/base/bytes.hpp"
#include "engine/base/digits.hpp"

namespace sluice::routing {
namespace {

constexpr unsigned key_nibbles = 16;
// A digit d is d + 1, so that 0 is "nothing more here" and a prefix sorts just before all that begin with it.
constexpr NumberKey end_mark = 11;
constexpr NumberKey other_mark = 12;  // begins the key of what is no number

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_separator(char c) {
    return c == ' ' || c == '\t' || c == '-' || c == '.' || c == '/' || c == '(' || c == ')';
}

constexpr NumberKey place(NumberKey nibble, std::size_t index) { return nibble << (4 * (key_nibbles - 1 - index)); }

/// The nibbles of eight characters, digits or 0, at once.
std::uint32_t pack_eight(const char* characters) {
    auto octets = load_be<std::uint64_t>(reinterpret_cast<const std::uint8_t*>(characters));
    octets = (octets & 0x0F0F'0F0F'0F0F'0F0F) + (octets >> 4 & 0x0101'0101'0101'0101);  // 0x3d is d + 1, 0 stays 0
    octets = (octets | octets >> 4) & 0x00FF'00FF'00FF'00FF;
    octets = (octets | octets >> 8) & 0x0000'FFFF'0000'FFFF;
    return static_cast<std::uint32_t>(octets | octets >> 16);
}

/// The key of a number, with its end mark when `ends` and when there is room for it.
NumberKey pack(std::string_view digits, bool ends) {
    NumberKey key = 0;
    const std::size_t count = std::min<std::size_t>(digits.size(), key_nibbles);
    for (std::size_t i = 0; i < count; ++i) key |= place(static_cast<NumberKey>(digits[i] - '0' + 1), i);
    if (ends && count < key_nibbles) key |= place(end_mark, count);
    return key;
}

std::optional<std::string_view> pattern_digits(std::string_view text) {
    if (text.starts_with('+')) text.remove_prefix(1);
    if (text.size() > NumberPattern::max_digits || !std::ranges::all_of(text, is_digit)) return std::nullopt;
    return text;
}

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

/// Digits that mean the same whatever TON and country say, unless they are national: neither a zero nor anything else
/// stands before them. So nearly all numbers come.
bool is_plain(std::string_view raw) {
    return raw.size() >= 8 && raw.size() <= Address::max_length && raw.front() != '0' && are_digits(raw);
}

}  // namespace

Address Address::normalise(std::string_view raw, std::uint8_t ton, std::string_view country_code) {
    using smpp::Ton;
    const auto type = static_cast<Ton>(ton);
    if (is_plain(raw) && (type != Ton::national || country_code.empty())) {
        Address address;
        std::copy_n(raw.data(), raw.size(), address.text_.data());
        address.length_ = static_cast<std::uint8_t>(raw.size());
        address.numeric_ = true;
        return address;
    }
    raw = trim(raw);
    // What is longer than any number with its punctuation can be is looked at no further.
    std::array<char, 2 * max_length> digits;
    std::size_t count = 0;
    bool plus = false;
    bool numeric = true;
    for (const char c : raw.substr(0, digits.size())) {
        if (is_digit(c)) digits[count++] = c;
        else if (c == '+' && count == 0 && !plus) plus = true;
        else if (!is_separator(c)) { numeric = false; break; }
    }

    Address address;
    if (!numeric || count == 0) {
        address.length_ = static_cast<std::uint8_t>(std::min(raw.size(), max_length));
        std::copy_n(raw.data(), address.length_, address.text_.data());
        return address;
    }

    const bool dialled = type == Ton::unknown || type == Ton::international || type == Ton::national;
    std::string_view number(digits.data(), count);
    bool international = plus || type == Ton::international;
    // No country code begins with 0, whatever the TON says. Short codes of other types keep their zeros.
    while (dialled && number.size() > 2 && number.starts_with("00")) {
        number.remove_prefix(2);
        international = true;
    }
    const bool national = !international && !country_code.empty() &&
                          (type == Ton::national || (type == Ton::unknown && number.starts_with('0')));
    if (national) {
        if (number.starts_with('0')) number.remove_prefix(1);  // the trunk prefix
        for (const char c : country_code.substr(0, 3)) address.text_[address.length_++] = c;
    }
    number = number.substr(0, max_length - address.length_);
    std::copy_n(number.data(), number.size(), address.text_.data() + address.length_);
    address.length_ = static_cast<std::uint8_t>(address.length_ + number.size());
    address.numeric_ = true;
    return address;
}

NumberKey Address::key() const {
    if (!numeric_) return place(other_mark, 0);
    // What is behind the digits is 0.
    const NumberKey key = NumberKey{pack_eight(text_.data())} << 32 | pack_eight(text_.data() + 8);
    return length_ < key_nibbles ? key | place(end_mark, length_) : key;
}

std::optional<NumberPattern> NumberPattern::prefix(std::string_view digits) {
    const auto found = pattern_digits(digits);
    if (!found) return std::nullopt;
    return NumberPattern(pack(*found, false));
}

std::optional<NumberPattern> NumberPattern::exact(std::string_view digits) {
    const auto found = pattern_digits(digits);
    if (!found || found->empty()) return std::nullopt;
    return NumberPattern(pack(*found, true));
}

std::optional<NumberPattern> NumberPattern::parse(std::string_view written) {
    return written.ends_with('*') ? prefix(written.substr(0, written.size() - 1)) : exact(written);
}

unsigned NumberPattern::length() const {
    return key_ == 0 ? 0 : key_nibbles - static_cast<unsigned>(std::countr_zero(key_)) / 4;
}

NumberKey NumberPattern::last() const {
    const unsigned count = length();
    return count == 0 ? ~NumberKey{0} : key_ | (place(1, count - 1) - 1);
}

bool NumberPattern::is_exact() const {
    return key_ != 0 && ((key_ >> (4 * (key_nibbles - length()))) & 0xF) == end_mark;
}

std::string NumberPattern::digits() const {
    std::string text;
    for (std::size_t i = 0; i < key_nibbles; ++i) {
        const NumberKey nibble = (key_ >> (4 * (key_nibbles - 1 - i))) & 0xF;
        if (nibble == 0 || nibble == end_mark) break;
        text += static_cast<char>('0' + nibble - 1);
    }
    return text;
}

}  // namespace sluice::routing
