#include "engine/routing/active_hours.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sluice::routing {

using std::chrono::minutes;

namespace {

constexpr std::array<const char*, 7> day_names{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

std::string clock_text(std::size_t minute) { return fmt::format("{:02}:{:02}", minute / 60, minute % 60); }

std::string describe(const std::vector<ActiveHours::Span>& spans, std::uint8_t days, const std::string& zone) {
    std::string text;
    for (std::size_t day = 0; day < day_names.size() && days != ActiveHours::every_day; ++day)
        if ((days >> day & 1) != 0) text += (text.empty() ? "" : ", ") + std::string(day_names[day]);
    for (std::size_t i = 0; i < spans.size(); ++i)
        text += fmt::format("{}{}-{}", i > 0 ? ", " : text.empty() ? "" : " ", clock_text(spans[i].begin),
                            clock_text(spans[i].end));
    return text + " " + zone;
}

}  // namespace

minutes ZoneOffsets::at(WallTime at) const {
    const auto next = std::ranges::upper_bound(changes_, at, {}, &Change::at);
    return next == changes_.begin() ? first_ : std::prev(next)->offset;
}

ActiveHours::ActiveHours(const std::vector<Span>& spans, std::uint8_t days, std::shared_ptr<const ZoneOffsets> zone)
    : zone_(std::move(zone)), text_(describe(spans, days, zone_->name())) {
    for (std::size_t day = 0; day < 7; ++day) {
        if ((days >> day & 1) == 0) continue;
        for (const Span& span : spans) {
            const std::size_t begin = day * minutes_per_day + span.begin;
            const std::size_t length = span.end > span.begin ? span.end - span.begin
                                                             : minutes_per_day - span.begin + span.end;
            for (std::size_t i = 0; i < length; ++i) minutes_.set((begin + i) % minutes_per_week);
        }
    }
}

std::size_t ActiveHours::minute_of_week(WallTime at) const {
    const auto local = std::chrono::floor<minutes>(at.time_since_epoch()) + zone_->at(at);
    constexpr std::int64_t thursday = 3 * minutes_per_day;  // what 1970 began with
    const std::int64_t minute = (local.count() + thursday) % static_cast<std::int64_t>(minutes_per_week);
    return static_cast<std::size_t>(minute < 0 ? minute + static_cast<std::int64_t>(minutes_per_week) : minute);
}

std::string ActiveHours::local(WallTime at) const {
    const std::size_t minute = minute_of_week(at);
    return fmt::format("{} {}", day_names[minute / minutes_per_day], clock_text(minute % minutes_per_day));
}

bool ActiveHours::covers(const ActiveHours& other) const {
    return zone_->name() == other.zone_->name() && (other.minutes_ & ~minutes_).none();
}

}  // namespace sluice::routing
