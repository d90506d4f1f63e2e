#include "engine/admin/time_zone.hpp"

#define USE_OS_TZDB 1
#include <date/tz.h>

#include <charconv>
#include <optional>

namespace sluice::admin {

using routing::ZoneOffsets;
using std::chrono::minutes;

namespace {

/// Rules are known no further ahead than that, and a gateway is reloaded more often.
constexpr std::chrono::years ahead{30};

/// "+05:30".
std::optional<minutes> parse_offset(std::string_view text) {
    if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
    int hour = 0, minute = 0;
    const auto number = [&](std::size_t at, int& value) {
        const auto [end, error] = std::from_chars(text.data() + at, text.data() + at + 2, value);
        return error == std::errc{} && end == text.data() + at + 2 && text[at] != '-';
    };
    if (!number(1, hour) || !number(4, minute) || hour > 14 || minute > 59) return std::nullopt;
    const minutes offset = std::chrono::hours(hour) + minutes(minute);
    return text[0] == '-' ? -offset : offset;
}

}  // namespace

Result<std::shared_ptr<const ZoneOffsets>> find_zone(const std::string& name) {
    if (name == "UTC") return std::make_shared<const ZoneOffsets>(name, minutes(0));
    if (const auto offset = parse_offset(name)) return std::make_shared<const ZoneOffsets>(name, *offset);
    const auto now = std::chrono::floor<seconds>(std::chrono::system_clock::now());
    try {
        const date::time_zone* const zone = date::locate_zone(name);
        auto info = zone->get_info(now);
        const minutes first = std::chrono::duration_cast<minutes>(info.offset);
        std::vector<ZoneOffsets::Change> changes;
        while (info.end < now + ahead) {
            const auto begin = info.end;
            info = zone->get_info(begin);
            changes.push_back({begin, std::chrono::duration_cast<minutes>(info.offset)});
        }
        return std::make_shared<const ZoneOffsets>(name, first, std::move(changes));
    } catch (const std::exception&) {
        return fail("'" + name + "' is no time zone that this system knows; write UTC, an offset as \"+05:30\", or a "
                    "name as \"Europe/London\"");
    }
}

}  // namespace sluice::admin
