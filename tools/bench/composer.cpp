#include "tools/bench/composer.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <string>

#include "codecs/sms/udh.hpp"
#include "codecs/smpp/values.hpp"

namespace sluice::bench {

namespace {

constexpr std::string_view kind_names[] = {"gsm7", "latin1", "ucs2", "long"};
constexpr std::uint32_t largest[] = {160, 140, 140, 159};
constexpr std::uint8_t parts = 3;
constexpr std::string_view filler =
    "The quick brown fox jumps over the lazy dog and back again, since there is nothing else to do for a fox in a "
    "message that nobody is ever going to read until the very end.";

Result<std::uint32_t> parse_number(std::string_view text, std::string_view whole) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size() && !text.empty()) return value;
    return fail('"' + std::string(text) + "\" in \"" + std::string(whole) + "\" is not a number");
}

void write_hex(std::uint64_t value, int digits, std::uint8_t* to) {
    for (int i = digits; i-- > 0; value >>= 4) to[i] = static_cast<std::uint8_t>("0123456789ABCDEF"[value & 15]);
}

int digit(std::uint8_t c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

Result<TextMix> parse_text_mix(std::string_view text) {
    TextMix mix{};
    mix.shares.fill(0);
    for (std::string_view rest = text; !rest.empty();) {
        const std::string_view item = rest.substr(0, rest.find(','));
        rest.remove_prefix(std::min(rest.size(), item.size() + 1));
        const std::string_view name = item.substr(0, item.find(':'));
        const auto kind = std::ranges::find(kind_names, name);
        if (kind == std::end(kind_names))
            return fail('"' + std::string(name) + "\" is none of gsm7, latin1, ucs2, long");
        std::uint32_t share = 1;
        if (name.size() < item.size()) {
            const auto parsed = parse_number(item.substr(name.size() + 1), text);
            if (!parsed) return std::unexpected(parsed.error());
            share = *parsed;
        }
        if (share > 1'000'000) return fail("a share is at most 1000000");
        mix.shares[static_cast<std::size_t>(kind - std::begin(kind_names))] += share;
    }
    if (std::accumulate(mix.shares.begin(), mix.shares.end(), 0u) == 0)
        return fail("at least one kind needs a share, as in gsm7:80,ucs2:15,long:5");
    return mix;
}

Result<SizeRange> parse_size_range(std::string_view text) {
    const auto dash = text.find('-');
    const auto min = parse_number(text.substr(0, dash), text);
    const auto max = dash == text.npos ? min : parse_number(text.substr(dash + 1), text);
    if (!min || !max || *min > *max || *max > largest[0])
        return fail('"' + std::string(text) + "\" is not a size in octets, as 140, or a range, as 20-160; at most 160");
    return SizeRange{*min, *max};
}

Result<void> check_sizes(const TextMix& mix, const SizeRange& sizes) {
    const std::size_t least = mix.share(TextKind::ucs2) > 0 ? 2 * Composer::tag_size : Composer::tag_size;
    if (sizes.min >= least) return {};
    return fail("a text needs at least " + std::to_string(least) + " octets, for what makes it known again");
}

Composer::Composer(const TextMix& mix, const SizeRange& sizes, std::uint16_t run, std::uint64_t seed)
    : mix_(mix),
      total_(std::accumulate(mix.shares.begin(), mix.shares.end(), 0u)),
      sizes_(sizes),
      run_(run),
      random_(seed) {}

TextKind Composer::draw() {
    auto at = static_cast<std::uint32_t>(random_.below(total_));
    std::size_t kind = 0;
    while (at >= mix_.shares[kind]) at -= mix_.shares[kind++];
    return static_cast<TextKind>(kind);
}

void Composer::compose(std::uint32_t message, Part& part, smpp::SubmitSm& pdu) {
    const TextKind kind = part.next != 0 ? TextKind::longer : draw();
    std::uint8_t* to = text_.data();
    std::size_t size = sizes_.min + random_.below(sizes_.max - sizes_.min + 1);
    pdu.esm_class = 0;
    if (kind == TextKind::longer) {
        if (part.next == 0) part = {static_cast<std::uint8_t>(part.reference + 1), 1};
        const auto header = sms::concatenation_header({part.reference, parts, part.next});
        to = std::ranges::copy(header, to).out;
        pdu.esm_class = smpp::esm_class::udhi;
        size = largest[static_cast<std::size_t>(kind)];
        part.next = part.next == parts ? 0 : static_cast<std::uint8_t>(part.next + 1);
    }
    size = std::min<std::size_t>(size, largest[static_cast<std::size_t>(kind)]);

    std::array<std::uint8_t, tag_size> tag;
    write_hex(std::uint64_t{run_} << 32 | message, tag_size, tag.data());
    if (kind == TextKind::ucs2) {
        size &= ~std::size_t{1};
        for (std::size_t i = 0; 2 * i < size; ++i) {
            to[2 * i] = 0;
            to[2 * i + 1] = i < tag_size ? tag[i] : static_cast<std::uint8_t>(filler[i]);
        }
        pdu.data_coding = static_cast<std::uint8_t>(smpp::DataCoding::ucs2);
    } else {
        to = std::ranges::copy(tag, to).out;
        const auto left = size - static_cast<std::size_t>(to - text_.data());
        std::copy_n(filler.begin(), left, to);
        pdu.data_coding = static_cast<std::uint8_t>(kind == TextKind::latin1 ? smpp::DataCoding::latin1
                                                                             : smpp::DataCoding::mc_default);
    }
    pdu.short_message = ByteView(text_.data(), size);
}

std::optional<std::uint32_t> Composer::read(std::uint16_t run, std::uint8_t esm_class, ByteView text) {
    if ((esm_class & smpp::esm_class::udhi) != 0)
        if (const auto header = sms::UserDataHeader::parse(text)) text = text.subspan(header->size());
    // By what stands there and not by data_coding: a gateway may have changed the coding on the way.
    const std::size_t step = !text.empty() && text[0] == 0 ? 2 : 1;
    if (text.size() < step * tag_size) return std::nullopt;
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < tag_size; ++i) {
        const int next = digit(text[step * i + step - 1]);
        if (next < 0) return std::nullopt;
        value = value << 4 | static_cast<unsigned>(next);
    }
    return value >> 32 == run ? std::optional(static_cast<std::uint32_t>(value)) : std::nullopt;
}

}  // namespace sluice::bench
