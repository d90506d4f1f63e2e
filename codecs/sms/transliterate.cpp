#include "codecs/sms/transliterate.hpp"

#include <algorithm>
#include <array>

#include "codecs/sms/utf8.hpp"

namespace sluice::sms {
namespace {

/// Base letters of U+00A0 to U+017F, by their decompositions in Unicode; '?' where there is none.
constexpr std::string_view latin =
    " ?c?\??|?\"ca?-?r-?\?23'u?.,1o?113?AAAAAA?CEEEEIIIIDNOOOOOxOUUUUY?\?"
    "aaaaaa?ceeeeiiiidnooooo/ouuuuy?yAaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGg"
    "GgGgHhHhIiIiIiIiIiIiJjKkkLlLlLlLlLlNnNnNn?NnOoOoOo?\?RrRrRrSsSsSs"
    "SsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs";
/// The same of U+1E00 to U+1EFF (Welsh, Vietnamese and others).
constexpr std::string_view latin_additional =
    "AaBbBbBbCcDdDdDdDdDdEeEeEeEeEeFfGgHhHhHhHhHhIiIiKkKkKkLlLlLlLlMm"
    "MmMmNnNnNnNnOoOoOoOoPpPpRrRrRrRrSsSsSsSsSsTtTtTtTtUuUuUuUuUuVvVv"
    "WwWwWwWwWwXxXxYyZzZzZzhtwyas?\??\?AaAaAaAaAaAaAaAaAaAaAaAaEeEeEeEe"
    "EeEeEeEeIiIiOoOoOoOoOoOoOoOoOoOoOoOoUuUuUuUuUuUuUuYyYyYyYy?\??\??\?";
static_assert(latin.size() == 0xE0 && latin_additional.size() == 0x100);

struct Replacement {
    char16_t character;
    std::string_view text;
};
/// What is better served by more than one character, or stands elsewhere. In order.
constexpr auto replacements = std::to_array<Replacement>({
    {u'\u00A9', "(c)"},  {u'\u00AB', "\""},   {u'\u00AE', "(r)"},  {u'\u00BB', "\""},   {u'\u00BC', "1/4"},
    {u'\u00BD', "1/2"},  {u'\u00BE', "3/4"},  {u'\u00C6', "AE"},   {u'\u00DE', "Th"},   {u'\u00DF', "ss"},
    {u'\u00E6', "ae"},   {u'\u00FE', "th"},   {u'\u0132', "IJ"},   {u'\u0133', "ij"},   {u'\u0152', "OE"},
    {u'\u0153', "oe"},   {u'\u0218', "S"},    {u'\u0219', "s"},    {u'\u021A', "T"},    {u'\u021B', "t"},
    {u'\u2010', "-"},    {u'\u2011', "-"},    {u'\u2012', "-"},    {u'\u2013', "-"},    {u'\u2014', "-"},
    {u'\u2015', "-"},    {u'\u2018', "'"},    {u'\u2019', "'"},    {u'\u201A', "'"},    {u'\u201B', "'"},
    {u'\u201C', "\""},   {u'\u201D', "\""},   {u'\u201E', "\""},   {u'\u2020', "+"},    {u'\u2022', "*"},
    {u'\u2026', "..."},  {u'\u202F', " "},    {u'\u2032', "'"},    {u'\u2033', "\""},   {u'\u2039', "'"},
    {u'\u203A', "'"},    {u'\u2044', "/"},    {u'\u20AC', "EUR"},  {u'\u2122', "(tm)"}, {u'\u2212', "-"},
});
static_assert(std::ranges::is_sorted(replacements, {}, &Replacement::character));

/// ASCII; empty when nothing comes near.
std::string_view nearest(char32_t c) {
    const auto found = std::ranges::lower_bound(replacements, c, {}, &Replacement::character);
    if (found != replacements.end() && found->character == c) return found->text;
    if (c >= 0xA0 && c < 0xA0 + latin.size()) return latin.substr(c - 0xA0, 1);
    if (c >= 0x1E00 && c < 0x1E00 + latin_additional.size()) return latin_additional.substr(c - 0x1E00, 1);
    if (c >= 0x2000 && c <= 0x200A) return " ";
    if (c >= 0x200B && c <= 0x200F) return {};  // of no width
    return "?";
}

}  // namespace

std::string transliterate(std::string_view utf8, Charset charset) {
    std::string text;
    text.reserve(utf8.size());
    while (!utf8.empty()) {
        const bool says_replacement = utf8.starts_with("\xEF\xBF\xBD");
        const std::string_view before = utf8;
        const char32_t c = take_code_point(utf8);
        const std::string_view character = before.substr(0, before.size() - utf8.size());
        if (c == replacement_character && !says_replacement) {
            text += '?';
            continue;
        }
        if (encode(charset, character)) {
            text += character;
            continue;
        }
        const std::string_view near = nearest(c);
        text += encode(charset, near) ? near : "?";
    }
    return text;
}

}  // namespace sluice::sms
