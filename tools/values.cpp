#include "tools/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "codecs/smpp/receipt.hpp"
#include "codecs/smpp/time.hpp"

namespace sluice::tools {
namespace {

template <class Number>
std::optional<Number> number(std::string_view text, auto... base) {
    Number value{};
    const auto end = std::from_chars(text.data(), text.data() + text.size(), value, base...);
    if (end.ec != std::errc() || end.ptr != text.data() + text.size()) return std::nullopt;
    return value;
}

std::string quoted(std::string_view text) { return '"' + std::string(text) + '"'; }

/// Splits "NAME=PERCENT,NAME=PERCENT".
template <class Value, class ParseName>
Result<app::Mix<Value>> parse_mix(std::string_view text, Value rest, ParseName&& parse_name) {
    app::Mix<Value> mix{rest, {}};
    double total = 0;
    while (!text.empty()) {
        const std::string_view item = text.substr(0, text.find(','));
        text.remove_prefix(std::min(text.size(), item.size() + 1));
        const auto equals = item.find('=');
        const auto percent = equals != item.npos ? number<double>(item.substr(equals + 1)) : std::nullopt;
        if (!percent || !(*percent >= 0 && *percent <= 100))
            return fail(quoted(item) + " is not NAME=PERCENT, for instance " +
                        (std::is_same_v<Value, smpp::MessageState> ? "UNDELIV=3" : "ESME_RTHROTTLED=5"));
        auto value = parse_name(item.substr(0, equals));
        if (!value) return std::unexpected(value.error());
        total += *percent;
        mix.shares.push_back({*value, *percent});
    }
    if (total > 100) return fail("the shares add up to more than 100 percent");
    return mix;
}

}  // namespace

Result<nanoseconds> parse_duration(std::string_view text) {
    struct Unit {
        std::string_view name;
        nanoseconds length;
    };
    static constexpr Unit units[] = {
        {"us", microseconds(1)}, {"ms", milliseconds(1)}, {"s", seconds(1)},
        {"min", seconds(60)},    {"h", seconds(3600)},    {"d", seconds(86400)},
    };
    const auto digits = std::min(text.find_first_not_of("0123456789."), text.size());
    const auto count = number<double>(text.substr(0, digits));
    const std::string_view suffix = text.substr(digits);
    if (count && *count == 0 && suffix.empty()) return nanoseconds::zero();
    for (const Unit& unit : units)
        if (count && suffix == unit.name && *count * static_cast<double>(unit.length.count()) < 1e17)
            return nanoseconds(std::llround(*count * static_cast<double>(unit.length.count())));
    return fail(quoted(text) + " is not a time: a number with us, ms, s, min, h or d, for instance 20ms");
}

Result<app::DelayRange> parse_delay_range(std::string_view text) {
    const auto dots = text.find("..");
    const auto min = parse_duration(text.substr(0, dots));
    if (!min) return std::unexpected(min.error());
    if (dots == text.npos) return app::DelayRange{*min, *min};
    const auto max = parse_duration(text.substr(dots + 2));
    if (!max) return std::unexpected(max.error());
    if (*max < *min) return fail(quoted(text) + " ends before it begins");
    return app::DelayRange{*min, *max};
}

Result<smpp::CommandStatus> parse_status(std::string_view text) {
    if (const auto* row = smpp::find_status(text)) return row->value;
    if (const auto* row = smpp::find_status("ESME_" + std::string(text))) return row->value;
    const bool hex = text.starts_with("0x") || text.starts_with("0X");
    const auto value = hex ? number<std::uint32_t>(text.substr(2), 16) : number<std::uint32_t>(text);
    if (!value) return fail(quoted(text) + " is no command_status: a name as ESME_RTHROTTLED, or a number as 0x58");
    return smpp::CommandStatus{*value};
}

Result<app::Mix<smpp::CommandStatus>> parse_error_mix(std::string_view text) {
    return parse_mix(text, smpp::CommandStatus::ESME_ROK, parse_status);
}

Result<app::Mix<smpp::MessageState>> parse_outcome_mix(std::string_view text) {
    return parse_mix(text, smpp::MessageState::delivered, [](std::string_view name) -> Result<smpp::MessageState> {
        if (const auto state = smpp::state_of_stat(name)) return *state;
        return fail(quoted(name) + " is no state: DELIVRD, UNDELIV, EXPIRED, REJECTD, DELETED, UNKNOWN, ACCEPTD");
    });
}

Result<app::IdStyle> parse_id_style(std::string_view text) {
    using Base = app::IdStyle::Base;
    const auto colon = text.find(':');
    const std::string_view name = text.substr(0, colon);
    const auto width = colon != text.npos ? number<unsigned>(text.substr(colon + 1)) : 0u;
    app::IdStyle style;
    style.base = name == "hex" ? Base::hex : name == "HEX" ? Base::hex_upper : Base::decimal;
    if ((style.base == Base::decimal && name != "decimal") || !width || *width > 64)
        return fail(quoted(text) +
                    " is no form of ids: decimal, hex or HEX, with a width of 1 to 64 if wanted (hex:16)");
    style.width = static_cast<std::uint8_t>(*width);
    return style;
}

Result<app::ReceiptText> parse_receipt_text(std::string_view text) {
    if (text == "full") return app::ReceiptText::full;
    if (text == "brief") return app::ReceiptText::brief;
    if (text == "none") return app::ReceiptText::none;
    return fail(quoted(text) + " is none of full, brief, none");
}

Result<std::string> parse_smpp_time(std::string_view text) {
    if (text.size() == 16) {
        if (smpp::parse_time(text, SystemClock().wall())) return std::string(text);
        return fail(quoted(text) + " is not YYMMDDhhmmsstnnp");
    }
    const auto duration = parse_duration(text);
    if (!duration) return std::unexpected(duration.error());
    const auto days = std::chrono::floor<std::chrono::days>(*duration);
    const auto total = std::chrono::floor<seconds>(*duration - days).count();
    if (days.count() > 31) return fail(quoted(text) + " is more than 31 days");
    return fmt::format("0000{:02}{:02}{:02}{:02}000R", days.count(), total / 3600, total / 60 % 60, total % 60);
}

TypedAddress typed_address(std::string_view text) {
    const std::string_view digits = text.starts_with('+') ? text.substr(1) : text;
    if (!digits.empty() && digits.find_first_not_of("0123456789") == digits.npos)
        return {std::string(digits), static_cast<std::uint8_t>(smpp::Ton::international),
                static_cast<std::uint8_t>(smpp::Npi::e164)};
    return {std::string(text), static_cast<std::uint8_t>(smpp::Ton::alphanumeric),
            static_cast<std::uint8_t>(smpp::Npi::unknown)};
}

}  // namespace sluice::tools
