#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/base/time.hpp"

/// SMPP times (v3.4 §7.1, v5.0 §4.7.23) and the dates of receipts (v3.4 appendix B).
/// Two-digit years are read as v3.4 appendix C says: 38 to 99 are 19xx, 00 to 37 are 20xx.
namespace sluice::smpp {

/// schedule_delivery_time, validity_period, final_date: 16 characters,
/// - absolute, "YYMMDDhhmmsstnn+" or "...-": tenths, and how many quarter hours local time is ahead of or behind UTC;
///   up to 56 quarters are taken (the specification ends at 48, the earth at 56);
/// - relative, "YYMMDDhhmmss000R": years, months, days, hours, minutes and seconds from `now`. A day that the month
///   arrived at does not have becomes its last.
/// Nothing for anything else; the empty string, which is a valid field, is the caller's to look for.
std::optional<WallTime> parse_time(std::string_view text, WallTime now);

/// The dates that message centres write into receipts and final_date: YYMMDDhhmm, YYMMDDhhmmss, YYYYMMDDhhmm,
/// YYYYMMDDhhmmss, or absolute as above; after the digits there may be a zone as +hh, +hhmm or +hh:mm, and whatever
/// else stands there does not matter. Without a zone it is taken as UTC. Twelve digits are read with a two-digit year
/// if that gives a date at all. Nothing for all zeros and for what is no date.
std::optional<WallTime> parse_date(std::string_view text);

/// A formatted time, NUL-terminated inside.
struct TimeText {
    std::array<char, 17> characters{};
    std::uint8_t size = 0;

    std::string_view view() const { return {characters.data(), size}; }
    operator std::string_view() const { return view(); }
};

/// Absolute in UTC, "YYMMDDhhmmsst00+", tenths cut. For years 1938 to 2037.
TimeText format_absolute(WallTime time);
/// "YYMMDDhhmm" in UTC, for receipts.
TimeText format_minutes(WallTime time);
/// "YYMMDDhhmmss" in UTC, the short form of final_date in 3.3 and 3.4.
TimeText format_seconds(WallTime time);

}  // namespace sluice::smpp
