#include "codecs/sms/charset.hpp"

#include <algorithm>
#include <array>

#include "codecs/sms/utf8.hpp"

namespace sluice::sms {
namespace {

/// TS 23.038 §6.2.1; the cell of the escape stands for nothing.
constexpr std::array<char16_t, 128> gsm7_table = {
    u'@', u'£', u'$', u'¥', u'è', u'é', u'ù', u'ì', u'ò', u'Ç', u'\n', u'Ø', u'ø', u'\r', u'Å', u'å',
    u'Δ', u'_', u'Φ', u'Γ', u'Λ', u'Ω', u'Π', u'Ψ', u'Σ', u'Θ', u'Ξ', 0xFFFF, u'Æ', u'æ', u'ß', u'É',
    u' ', u'!', u'"', u'#', u'¤', u'%', u'&', u'\'', u'(', u')', u'*', u'+', u',', u'-', u'.', u'/',
    u'0', u'1', u'2', u'3', u'4', u'5', u'6', u'7', u'8', u'9', u':', u';', u'<', u'=', u'>', u'?',
    u'¡', u'A', u'B', u'C', u'D', u'E', u'F', u'G', u'H', u'I', u'J', u'K', u'L', u'M', u'N', u'O',
    u'P', u'Q', u'R', u'S', u'T', u'U', u'V', u'W', u'X', u'Y', u'Z', u'Ä', u'Ö', u'Ñ', u'Ü', u'§',
    u'¿', u'a', u'b', u'c', u'd', u'e', u'f', u'g', u'h', u'i', u'j', u'k', u'l', u'm', u'n', u'o',
    u'p', u'q', u'r', u's', u't', u'u', u'v', u'w', u'x', u'y', u'z', u'ä', u'ö', u'ñ', u'ü', u'à',
};

struct Extension {
    std::uint8_t septet;
    char16_t character;
};
/// TS 23.038 §6.2.1.1.
constexpr auto gsm7_extensions = std::to_array<Extension>({
    {0x0A, u'\f'}, {0x14, u'^'}, {0x28, u'{'}, {0x29, u'}'}, {0x2F, u'\\'},
    {0x3C, u'['}, {0x3D, u'~'}, {0x3E, u']'}, {0x40, u'|'}, {0x65, u'€'},
});

bool append_gsm7(char32_t c, std::vector<std::uint8_t>& to) {
    if (const auto main = std::ranges::find(gsm7_table, c); c != 0xFFFF && main != gsm7_table.end()) {
        to.push_back(static_cast<std::uint8_t>(main - gsm7_table.begin()));
        return true;
    }
    const auto extension = std::ranges::find(gsm7_extensions, c, &Extension::character);
    if (extension == gsm7_extensions.end()) return false;
    to.insert(to.end(), {gsm7_escape, extension->septet});
    return true;
}

void append_ucs2(char32_t c, std::vector<std::uint8_t>& to) {
    const auto unit = [&](char32_t u) {
        to.insert(to.end(), {static_cast<std::uint8_t>(u >> 8), static_cast<std::uint8_t>(u)});
    };
    if (c < 0x10000) return unit(c);
    unit(0xD800 + ((c - 0x10000) >> 10));
    unit(0xDC00 + ((c - 0x10000) & 0x3FF));
}

/// The character behind an escape; 0 if there is none.
char32_t extension_character(std::uint8_t septet, std::uint8_t language) {
    if (has_single_table(language)) return single_character(language, septet);
    const auto extension = std::ranges::find(gsm7_extensions, septet, &Extension::septet);
    return extension != gsm7_extensions.end() ? extension->character : U'\0';
}

char32_t main_character(std::uint8_t septet, std::uint8_t language) {
    if (septet == gsm7_escape) return U' ';  // one that leads nowhere is shown as a blank
    if (has_locking_table(language))
        if (const char16_t c = locking_character(language, septet); c != 0) return c;
    return septet < gsm7_table.size() ? gsm7_table[septet] : replacement_character;
}

void append_decoded_gsm7(ByteView octets, NationalLanguage language, std::string& to) {
    for (std::size_t i = 0; i < octets.size(); ++i) {
        std::uint8_t septet = octets[i];
        if (septet == gsm7_escape && i + 1 < octets.size()) {
            septet = octets[++i];
            if (const char32_t c = extension_character(septet, language.single); c != 0) {
                append_utf8(c, to);
                continue;
            }
        }
        append_utf8(main_character(septet, language.locking), to);
    }
}

void decode_utf8(std::string_view octets, std::string& to) {
    while (!octets.empty()) append_utf8(take_code_point(octets), to);
}

void decode_ucs2(ByteView octets, std::string& to) {
    bool little = false;
    const auto unit = [&](std::size_t at) -> char32_t {
        const auto value = load_be<std::uint16_t>(octets.data() + at);
        return little ? std::byteswap(value) : value;
    };
    std::size_t at = 0;
    if (octets.size() >= 2 && (unit(0) == 0xFEFF || unit(0) == 0xFFFE)) {
        little = unit(0) == 0xFFFE;
        at = 2;
    }
    for (; at + 2 <= octets.size(); at += 2) {
        char32_t c = unit(at);
        const bool high = c >= 0xD800 && c < 0xDC00;
        const char32_t next = high && at + 4 <= octets.size() ? unit(at + 2) : 0;
        if (next >= 0xDC00 && next < 0xE000) {
            c = 0x10000 + ((c - 0xD800) << 10) + (next - 0xDC00);
            at += 2;
        } else if (c >= 0xD800 && c < 0xE000) {
            c = replacement_character;
        }
        append_utf8(c, to);
    }
    if (at < octets.size()) append_utf8(replacement_character, to);
}

}  // namespace

std::optional<std::vector<std::uint8_t>> encode(Charset charset, std::string_view utf8) {
    std::vector<std::uint8_t> octets;
    octets.reserve(charset == Charset::ucs2 ? 2 * utf8.size() : utf8.size());
    while (!utf8.empty()) {
        const bool says_replacement = utf8.starts_with("\xEF\xBF\xBD");
        const std::string_view before = utf8;
        const char32_t c = take_code_point(utf8);
        if (c == replacement_character && !says_replacement) return std::nullopt;
        if (charset == Charset::gsm7) {
            if (!append_gsm7(c, octets)) return std::nullopt;
        } else if (charset == Charset::latin1 || charset == Charset::ascii) {
            if (c > (charset == Charset::ascii ? 0x7Fu : 0xFFu)) return std::nullopt;
            octets.push_back(static_cast<std::uint8_t>(c));
        } else if (charset == Charset::utf8) {
            octets.insert(octets.end(), before.begin(), before.end() - static_cast<std::ptrdiff_t>(utf8.size()));
        } else {
            append_ucs2(c, octets);
        }
    }
    return octets;
}

std::string decode(Charset charset, ByteView octets) {
    std::string text;
    switch (charset) {
        case Charset::gsm7: append_decoded_gsm7(octets, {}, text); break;
        case Charset::latin1:
            for (const std::uint8_t octet : octets) append_utf8(octet, text);
            break;
        case Charset::ucs2: decode_ucs2(octets, text); break;
        case Charset::ascii:
            for (const std::uint8_t octet : octets) append_utf8(octet < 0x80 ? octet : replacement_character, text);
            break;
        case Charset::utf8: decode_utf8(as_text(octets), text); break;
    }
    return text;
}

std::string decode_gsm7(ByteView septets, NationalLanguage language) {
    std::string text;
    append_decoded_gsm7(septets, language, text);
    return text;
}

}  // namespace sluice::sms
