#include "engine/admin/utc_text.hpp"

#include <fmt/chrono.h>

#include <array>

namespace sluice::admin {

std::string utc_text(WallTime at) {
    const auto second = std::chrono::floor<seconds>(at);
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(second)),
                       (at - second).count());
}

std::optional<WallTime> parse_utc(std::string_view text, bool* date_only) {
    if (text.ends_with('Z')) text.remove_suffix(1);
    constexpr std::string_view form = "0000-00-00T00:00:00";
    if (text.size() != 10 && text.size() != 16 && text.size() != 19) return std::nullopt;
    std::array<int, 6> numbers{};  // year, month, day, hour, minute, second
    std::size_t number = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (form[i] == '0') {
            if (text[i] < '0' || text[i] > '9') return std::nullopt;
            numbers[number] = numbers[number] * 10 + (text[i] - '0');
        } else {
            if (text[i] != form[i] && (form[i] != 'T' || text[i] != ' ')) return std::nullopt;
            ++number;
        }
    }
    const auto [year, month, day, hour, minute, second] = numbers;
    const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    if (!date.ok() || year < 1970 || hour > 23 || minute > 59 || second > 59) return std::nullopt;
    if (date_only != nullptr) *date_only = text.size() == 10;
    return WallTime(std::chrono::sys_days(date)) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
           seconds(second);
}

}  // namespace sluice::admin
