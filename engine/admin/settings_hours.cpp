#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "engine/admin/settings_sections.hpp"
#include "engine/admin/time_zone.hpp"

namespace sluice::admin {

using routing::ActiveHours;

namespace {

constexpr std::array<std::string_view, 7> day_names{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
constexpr std::size_t max_spans = 24;

/// "08:00" in minutes; "24:00" as an end only.
std::optional<std::uint16_t> parse_clock(std::string_view text, bool is_end) {
    if (text.size() != 5 || text[2] != ':') return std::nullopt;
    std::uint16_t hour = 0, minute = 0;
    const auto number = [&](std::size_t at, std::uint16_t& value) {
        const auto [end, error] = std::from_chars(text.data() + at, text.data() + at + 2, value);
        return error == std::errc{} && end == text.data() + at + 2;
    };
    if (!number(0, hour) || !number(3, minute) || minute > 59) return std::nullopt;
    if (hour > 23 && !(is_end && hour == 24 && minute == 0)) return std::nullopt;
    return static_cast<std::uint16_t>(hour * 60 + minute);
}

std::optional<ActiveHours::Span> parse_span(std::string_view text) {
    const std::size_t dash = text.find('-');
    if (dash == text.npos) return std::nullopt;
    const auto begin = parse_clock(text.substr(0, dash), false), end = parse_clock(text.substr(dash + 1), true);
    if (!begin || !end || *begin == *end) return std::nullopt;
    return ActiveHours::Span{*begin, *end};
}

}  // namespace

void read_hours(TableReader& reader, routing::Hours& hours) {
    std::vector<ActiveHours::Span> spans;
    const bool has_hours = reader.texts("hours", [&](const std::string& text, const Value& item,
                                                     const std::string& field) {
        if (const auto span = parse_span(text)) spans.push_back(*span);
        else
            reader.context().error(item.at, field,
                                   "'" + text + "' is no time of day, as \"08:00-20:00\" or \"22:00-06:00\"");
    });
    if (has_hours && (reader.raw("hours")->items.empty() || reader.raw("hours")->items.size() > max_spans))
        reader.error("hours", "has 1 to " + std::to_string(max_spans) + " entries; leave it out for the whole day");

    std::uint8_t days = 0;
    const bool has_days = reader.texts("days", [&](const std::string& text, const Value& item,
                                                   const std::string& field) {
        const auto day = std::ranges::find(day_names, text);
        if (day != day_names.end()) days |= static_cast<std::uint8_t>(1u << (day - day_names.begin()));
        else reader.context().error(item.at, field, "'" + text + "' is none of mon, tue, wed, thu, fri, sat and sun");
    });
    if (has_days && reader.raw("days")->items.empty())
        reader.error("days", "is empty and would match nothing; leave it out for every day");

    std::string name = "UTC";
    const bool has_zone = reader.text("time_zone", name, 1, 64);
    if (has_zone && !has_hours && !has_days && !reader.describing())
        reader.error("time_zone", "is for hours and days, and there are none");
    if (!has_hours && !has_days) return;
    const auto zone = find_zone(name);
    if (!zone) return reader.error("time_zone", zone.error().message);
    if (has_hours && spans.empty()) return;  // a mistake, and noted
    if (spans.empty()) spans.push_back({});
    hours.of = std::make_shared<const ActiveHours>(spans, has_days ? days : ActiveHours::every_day, *zone);
}

}  // namespace sluice::admin
