#pragma once

#include <bitset>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/time.hpp"

namespace sluice::routing {

/// How far the clocks of a place are from UTC, over the years.
class ZoneOffsets {
public:
    struct Change {
        WallTime at;
        std::chrono::minutes offset;  ///< from then on
    };
    /// `offset` holds until the first change; these in order of time.
    ZoneOffsets(std::string name, std::chrono::minutes offset, std::vector<Change> changes = {})
        : name_(std::move(name)), first_(offset), changes_(std::move(changes)) {}

    const std::string& name() const { return name_; }
    std::chrono::minutes at(WallTime at) const;

private:
    std::string name_;
    std::chrono::minutes first_;
    std::vector<Change> changes_;
};

/// The minutes of a week, by the clocks of some place, in which a rule applies.
class ActiveHours {
public:
    /// `begin` and `end` in minutes of the day, 0 to 1440; where `end` is not after `begin`, the span ends on the next
    /// day.
    struct Span {
        std::uint16_t begin = 0, end = 1440;
    };
    static constexpr std::uint8_t every_day = 0x7F;
    static constexpr std::uint16_t minutes_per_day = 1440;

    /// The spans that begin on the days given, bit 0 for Monday. `zone` must not be null.
    ActiveHours(const std::vector<Span>& spans, std::uint8_t days, std::shared_ptr<const ZoneOffsets> zone);

    bool contains(WallTime at) const { return minutes_[minute_of_week(at)]; }
    /// "mon, tue 08:00-20:00 Europe/London".
    const std::string& text() const { return text_; }
    /// The time by those clocks: "mon 08:00".
    std::string local(WallTime at) const;
    /// Whether it applies whenever `other` does.
    bool covers(const ActiveHours& other) const;

    friend bool operator==(const ActiveHours& a, const ActiveHours& b) { return a.text_ == b.text_; }

private:
    static constexpr std::size_t minutes_per_week = std::size_t{7} * minutes_per_day;
    std::size_t minute_of_week(WallTime at) const;

    std::bitset<minutes_per_week> minutes_;
    std::shared_ptr<const ZoneOffsets> zone_;
    std::string text_;
};

/// The hours of a rule, or none: it always applies.
struct Hours {
    std::shared_ptr<const ActiveHours> of;

    bool contain(WallTime at) const { return !of || of->contains(at); }
    bool cover(const Hours& other) const { return !of || (other.of && of->covers(*other.of)); }
    friend bool operator==(const Hours& a, const Hours& b) { return a.of == b.of || (a.of && b.of && *a.of == *b.of); }
};

}  // namespace sluice::routing
