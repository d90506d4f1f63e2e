#include "codecs/smpp/hex.hpp"

#include <algorithm>

namespace sluice::smpp {

namespace {

constexpr char digits[] = "0123456789abcdef";

int digit_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

void append_hex(std::string& out, std::uint8_t octet) {
    out += digits[octet >> 4];
    out += digits[octet & 0x0F];
}

}  // namespace

std::string to_hex(ByteView octets) {
    std::string out;
    out.reserve(2 * octets.size());
    for (const std::uint8_t octet : octets) append_hex(out, octet);
    return out;
}

std::optional<std::vector<std::uint8_t>> parse_hex(std::string_view text) {
    constexpr std::string_view between = " \t\r\n:-,";
    std::vector<std::uint8_t> octets;
    octets.reserve(text.size() / 2);
    while (true) {
        text.remove_prefix(std::min(text.find_first_not_of(between), text.size()));
        if (text.starts_with("0x") || text.starts_with("0X")) text.remove_prefix(2);
        if (text.empty()) return octets;
        if (text.size() < 2 || digit_value(text[0]) < 0 || digit_value(text[1]) < 0) return std::nullopt;
        octets.push_back(static_cast<std::uint8_t>(digit_value(text[0]) << 4 | digit_value(text[1])));
        text.remove_prefix(2);
    }
}

std::string hex_dump(ByteView octets) {
    constexpr std::size_t per_line = 16;
    std::string out;
    for (std::size_t at = 0; at < octets.size(); at += per_line) {
        const ByteView line = octets.subspan(at, std::min(per_line, octets.size() - at));
        for (const int shift : {24, 16, 8, 0}) append_hex(out, static_cast<std::uint8_t>(at >> shift));
        out += "  ";
        for (std::size_t i = 0; i < per_line; ++i) {
            if (i < line.size())
                append_hex(out, line[i]);
            else
                out += "  ";
            out += i == 7 ? "  " : " ";
        }
        out += ' ';
        for (const std::uint8_t octet : line) out += octet >= 0x20 && octet < 0x7F ? static_cast<char>(octet) : '.';
        out += '\n';
    }
    return out;
}

}  // namespace sluice::smpp
