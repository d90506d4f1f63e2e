#include "codecs/smpp/time.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace sluice::smpp {

namespace {

using namespace std::chrono;

constexpr std::size_t absolute_size = 16;
constexpr unsigned max_zone_quarters = 14 * 4;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Reads `count` digits at `at`; the caller has seen that they are digits.
unsigned number(std::string_view text, std::size_t at, std::size_t count) {
    unsigned value = 0;
    for (const char c : text.substr(at, count)) value = 10 * value + static_cast<unsigned>(c - '0');
    return value;
}

/// The same of two digits, as nearly all are.
unsigned pair(const char* at) {
    return 10 * static_cast<unsigned>(at[0] - '0') + static_cast<unsigned>(at[1] - '0');
}

std::size_t leading_digits(std::string_view text) {
    return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin());
}

int full_year(unsigned two_digits) { return static_cast<int>(two_digits) + (two_digits >= 38 ? 1900 : 2000); }

std::optional<WallTime> civil(int y, unsigned mo, unsigned d, unsigned h, unsigned mi, unsigned s) {
    const year_month_day date{year(y), month(mo), day(d)};
    if (!date.ok() || h > 23 || mi > 59 || s > 59) return std::nullopt;
    return sys_days(date) + hours(h) + minutes(mi) + std::chrono::seconds(s);
}

/// Reads month to minute, or to second, behind a year of `year_digits`.
std::optional<WallTime> parse_digits(std::string_view text, std::size_t year_digits, bool with_seconds) {
    const int y = year_digits == 2 ? full_year(pair(text.data())) : static_cast<int>(number(text, 0, year_digits));
    const char* const rest = text.data() + year_digits;
    return civil(y, pair(rest), pair(rest + 2), pair(rest + 4), pair(rest + 6), with_seconds ? pair(rest + 8) : 0);
}

std::optional<WallTime> parse_absolute(std::string_view text) {
    const unsigned quarters = number(text, 13, 2);
    const auto local = parse_digits(text, 2, true);
    if (!local || quarters > max_zone_quarters) return std::nullopt;
    const auto offset = minutes(15 * quarters);
    return *local + milliseconds(100 * number(text, 12, 1)) + (text.back() == '+' ? -offset : offset);
}

WallTime parse_relative(std::string_view text, WallTime now) {
    const auto today = floor<days>(now);
    const year_month_day date(today);
    const auto month_there =
        year_month(date.year(), date.month()) + years(number(text, 0, 2)) + months(number(text, 2, 2));
    const auto day_there = std::min(date.day(), year_month_day_last(month_there / last).day());
    return sys_days(month_there / day_there) + (now - today) + days(number(text, 4, 2)) + hours(number(text, 6, 2)) +
           minutes(number(text, 8, 2)) + std::chrono::seconds(number(text, 10, 2));
}

/// The zone behind a date, +hh, +hhmm or +hh:mm: what is to be added to local time to have UTC.
minutes zone_correction(std::string_view tail) {
    if (tail.empty() || (tail[0] != '+' && tail[0] != '-')) return {};
    const bool ahead = tail[0] == '+';
    tail.remove_prefix(1);
    if (leading_digits(tail) < 2) return {};
    const unsigned h = number(tail, 0, 2);
    tail.remove_prefix(2);
    if (!tail.empty() && tail[0] == ':') tail.remove_prefix(1);
    const unsigned m = leading_digits(tail) >= 2 ? number(tail, 0, 2) : 0;
    const auto offset = hours(h) + minutes(m);
    if (offset > minutes(15 * max_zone_quarters)) return {};
    return ahead ? -offset : offset;
}

/// "00" to "99".
constexpr auto two_digits = [] {
    std::array<std::array<char, 2>, 100> texts{};
    for (std::size_t i = 0; i < texts.size(); ++i)
        texts[i] = {static_cast<char>('0' + i / 10), static_cast<char>('0' + i % 10)};
    return texts;
}();

/// "YYMMDDhhmmss" of the first `size` characters.
TimeText format_digits(WallTime time, std::uint8_t size) {
    const auto midnight = floor<days>(time);
    const year_month_day date(midnight);
    const auto second = static_cast<unsigned>(floor<std::chrono::seconds>(time - midnight).count());
    const unsigned parts[] = {static_cast<unsigned>(static_cast<int>(date.year()) % 100 + 100) % 100,
                              static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                              second / 3600, second / 60 % 60, second % 60};
    TimeText result;
    result.size = size;
    for (std::size_t i = 0; i < std::size(parts); ++i)
        std::copy_n(two_digits[parts[i]].data(), 2, result.characters.data() + 2 * i);
    return result;
}

/// `parse_date`, whatever was read before.
std::optional<WallTime> read_date(std::string_view text) {
    const std::size_t digits = leading_digits(text);
    if (text.substr(0, digits).find_first_not_of('0') == text.npos) return std::nullopt;
    const std::string_view tail = text.substr(digits);
    if (digits == absolute_size - 1 && (tail.starts_with('+') || tail.starts_with('-')))
        return parse_absolute(text.substr(0, absolute_size));
    std::optional<WallTime> local;
    if (digits == 10) local = parse_digits(text, 2, false);
    if (digits == 12) local = parse_digits(text, 2, true);
    if (digits == 12 && !local) local = parse_digits(text, 4, false);
    if (digits == 14) local = parse_digits(text, 4, true);
    if (local) *local += zone_correction(tail);
    return local;
}

}  // namespace

std::optional<WallTime> parse_time(std::string_view text, WallTime now) {
    if (text.size() != absolute_size || leading_digits(text) != absolute_size - 1) return std::nullopt;
    switch (text.back()) {
        case '+':
        case '-': return parse_absolute(text);
        case 'R': return parse_relative(text, now);
        default: return std::nullopt;
    }
}

std::optional<WallTime> parse_date(std::string_view text) {
    // Receipts come by thousands within a minute, and mostly say no more than that.
    struct Known {
        std::array<char, 10> text{};
        std::optional<WallTime> date;
    };
    constinit static thread_local Known last{};
    if (text.size() != last.text.size()) return read_date(text);
    if (std::memcmp(text.data(), last.text.data(), last.text.size()) != 0) {
        last.date = read_date(text);
        std::memcpy(last.text.data(), text.data(), last.text.size());
    }
    return last.date;
}

TimeText format_absolute(WallTime time) {
    TimeText result = format_digits(time, 12);
    const auto tenths = floor<milliseconds>(time - floor<std::chrono::seconds>(time)) / milliseconds(100);
    for (const char c : {static_cast<char>('0' + tenths), '0', '0', '+'}) result.characters[result.size++] = c;
    return result;
}

TimeText format_minutes(WallTime time) {
    // Receipts come by thousands within a minute, and tell of messages that came in it or a little before.
    struct Known {
        sys_time<minutes> minute = sys_time<minutes>::max();
        TimeText text;
    };
    constinit static thread_local std::array<Known, 4> known{};
    const auto minute = floor<minutes>(time);
    Known& its = known[static_cast<std::uint64_t>(minute.time_since_epoch().count()) % known.size()];
    if (its.minute != minute) its = {minute, format_digits(time, 10)};
    return its.text;
}

TimeText format_seconds(WallTime time) { return format_digits(time, 12); }

}  // namespace sluice::smpp
