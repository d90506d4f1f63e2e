#include "engine/admin/settings_status.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>

#include "engine/admin/settings_text.hpp"

namespace sluice::admin {
namespace {

std::optional<std::uint32_t> parse_number(std::string_view text) {
    const bool hex = text.starts_with("0x") || text.starts_with("0X");
    if (hex) text.remove_prefix(2);
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, hex ? 16 : 10);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

}  // namespace

Result<StatusRange> parse_status_range(std::string_view text) {
    StatusRange range;
    if (const smpp::Status* named = smpp::find_status(text)) {
        range = {named->value, named->value};
    } else {
        const std::size_t dash = text.find('-');
        const auto first = parse_number(text.substr(0, dash));
        const auto last = dash == std::string_view::npos ? first : parse_number(text.substr(dash + 1));
        if (!first || !last || *first > *last) {
            std::array<std::string_view, smpp::statuses.size()> names;
            for (std::size_t i = 0; i < names.size(); ++i) names[i] = smpp::statuses[i].name;
            return fail("'" + std::string(text) +
                        "' is no command_status; write a name as ESME_RSYSERR, a number or a range as 0x400-0x4FF" +
                        did_you_mean(text, names));
        }
        range = {static_cast<smpp::CommandStatus>(*first), static_cast<smpp::CommandStatus>(*last)};
    }
    if (range.first == smpp::CommandStatus::ESME_ROK) return fail("ESME_ROK is success and nothing else");
    return range;
}

Result<smpp::CommandStatus> parse_status(std::string_view text) {
    const auto range = parse_status_range(text);
    if (!range) return std::unexpected(range.error());
    if (range->first != range->last) return fail("'" + std::string(text) + "' is a range; one status is wanted");
    return range->first;
}

}  // namespace sluice::admin
