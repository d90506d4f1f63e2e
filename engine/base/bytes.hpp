#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace sluice {

/// Octets that somebody else owns.
using ByteView = std::span<const std::uint8_t>;
using MutableBytes = std::span<std::uint8_t>;

inline std::string_view as_text(ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline ByteView as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// Big-endian (network order) integers, as SMPP carries them; the caller has checked the bounds.
template <class Unsigned>
Unsigned load_be(const std::uint8_t* from) {
    Unsigned value;
    std::memcpy(&value, from, sizeof value);
    if constexpr (std::endian::native == std::endian::little && sizeof value > 1) value = std::byteswap(value);
    return value;
}
template <class Unsigned>
void store_be(std::uint8_t* to, Unsigned value) {
    if constexpr (std::endian::native == std::endian::little && sizeof value > 1) value = std::byteswap(value);
    std::memcpy(to, &value, sizeof value);
}

}  // namespace sluice
