#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace sluice {

/// Whether all eight characters are digits.
inline bool are_digits(std::uint64_t characters) {
    constexpr std::uint64_t each = 0x0101'0101'0101'0101;
    return ((characters & (characters + 6 * each)) & 0xf0 * each) == 0x30 * each &&
           (characters & 0xf0 * each) == 0x30 * each;
}

/// Whether `text`, of eight characters or more, has nothing but digits.
inline bool are_digits(std::string_view text) {
    std::uint64_t characters;
    const char* const last = text.data() + text.size() - 8;
    for (const char* at = text.data(); at < last; at += 8) {
        std::memcpy(&characters, at, 8);
        if (!are_digits(characters)) return false;
    }
    std::memcpy(&characters, last, 8);
    return are_digits(characters);
}

}  // namespace sluice
