#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>

#include "engine/app/message_centre.hpp"

namespace sluice::app {

inline constexpr std::size_t message_id_text_max = 64;

/// Writes the id without a NUL and returns its size. `to` has room for `message_id_text_max` characters.
inline std::size_t write_message_id(std::uint64_t id, IdStyle style, char* to) {
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, id, style.base == IdStyle::Base::decimal ? 10 : 16);
    if (style.base == IdStyle::Base::hex_upper)
        std::transform(digits, end.ptr, digits, [](char c) { return c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c; });
    const auto size = static_cast<std::size_t>(end.ptr - digits);
    const std::size_t zeros = std::max<std::size_t>(style.width, size) - size;
    std::fill_n(to, zeros, '0');
    std::copy_n(digits, size, to + zeros);
    return zeros + size;
}

}  // namespace sluice::app
