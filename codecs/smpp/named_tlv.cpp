#include "codecs/smpp/named_tlv.hpp"

#include <algorithm>

#include "codecs/smpp/hex.hpp"

namespace sluice::smpp {
namespace {

constexpr std::size_t max_digits = 20;  // of 64 bits

std::optional<std::string> integer_text(ByteView value) {
    if (value.empty() || value.size() > 8) return std::nullopt;
    std::uint64_t number = 0;
    for (const std::uint8_t octet : value) number = number << 8 | octet;
    return std::to_string(number);
}

std::optional<std::string> decimal_text(std::string_view text) {
    const std::size_t first = text.find_first_not_of(' ');
    if (first == text.npos) return std::nullopt;
    text = text.substr(first, text.find_last_not_of(' ') + 1 - first);
    const bool digits = std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
    if (!digits || text.size() > max_digits) return std::nullopt;
    return std::string(text);
}

}  // namespace

std::optional<std::string> named_tlv_text(NamedTlvType type, ByteView value) {
    switch (type) {
        case NamedTlvType::integer: return integer_text(value);
        case NamedTlvType::c_octet_string: return std::string(tlv_text(value));
        case NamedTlvType::octet_string: return to_hex(value);
        case NamedTlvType::decimal: return decimal_text(tlv_text(value));
    }
    return std::nullopt;
}

}  // namespace sluice::smpp
