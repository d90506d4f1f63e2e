#include "engine/routing/active_hours.hpp"

#include <gtest/gtest.h>

namespace sluice::routing {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr std::uint8_t monday = 1, friday = 1 << 4, saturday = 1 << 5, sunday = 1 << 6;
/// A Monday.
constexpr WallTime week{std::chrono::sys_days(std::chrono::year(2026) / 11 / 23)};

std::shared_ptr<const ZoneOffsets> utc() { return std::make_shared<const ZoneOffsets>("UTC", minutes(0)); }
WallTime at(int day, int hour, int minute = 0) { return week + hours(24 * day + hour) + minutes(minute); }

TEST(ActiveHours, BeginAndEndOnTheMinute) {
    const ActiveHours office({{8 * 60, 20 * 60}}, 0x1F, utc());
    EXPECT_FALSE(office.contains(at(0, 7, 59) + seconds(59)));
    EXPECT_TRUE(office.contains(at(0, 8)));
    EXPECT_TRUE(office.contains(at(4, 19, 59) + seconds(59)));
    EXPECT_FALSE(office.contains(at(4, 20)));
    EXPECT_FALSE(office.contains(at(5, 12))) << "a Saturday";
    EXPECT_TRUE(office.contains(at(7, 8))) << "each week";
    EXPECT_TRUE(office.contains(at(-7 * 52, 8)));
    EXPECT_EQ(office.text(), "mon, tue, wed, thu, fri 08:00-20:00 UTC");
    EXPECT_EQ(office.local(at(6, 9, 5)), "sun 09:05");
}

TEST(ActiveHours, OverMidnightTheyBelongToTheDayOnWhichTheyBegin) {
    const ActiveHours night({{22 * 60, 6 * 60}}, friday | sunday, utc());
    EXPECT_FALSE(night.contains(at(4, 5))) << "that night began on Thursday";
    EXPECT_TRUE(night.contains(at(4, 22)));
    EXPECT_TRUE(night.contains(at(5, 5, 59)));
    EXPECT_FALSE(night.contains(at(5, 6)));
    EXPECT_FALSE(night.contains(at(5, 23)));
    EXPECT_TRUE(night.contains(at(6, 23)));
    EXPECT_TRUE(night.contains(at(7, 0))) << "and from Sunday into Monday";
    EXPECT_FALSE(night.contains(at(7, 6)));
}

TEST(ActiveHours, SeveralSpansAndWholeDays) {
    const ActiveHours both({{8 * 60, 12 * 60}, {13 * 60, 1440}}, saturday, utc());
    EXPECT_TRUE(both.contains(at(5, 11, 59)));
    EXPECT_FALSE(both.contains(at(5, 12, 30)));
    EXPECT_TRUE(both.contains(at(5, 23, 59)));
    EXPECT_FALSE(both.contains(at(6, 0)));
    const ActiveHours weekend({{}}, saturday | sunday, utc());
    EXPECT_FALSE(weekend.contains(at(4, 23, 59)));
    EXPECT_TRUE(weekend.contains(at(5, 0)));
    EXPECT_TRUE(weekend.contains(at(6, 23, 59)));
    EXPECT_FALSE(weekend.contains(at(7, 0)));
    EXPECT_EQ(ActiveHours({{60, 120}}, ActiveHours::every_day, utc()).text(), "01:00-02:00 UTC");
}

TEST(ActiveHours, FollowTheClocksOfTheirZone) {
    const WallTime changed = at(2, 1);
    const auto zone = std::make_shared<const ZoneOffsets>(
        "Here/There", minutes(60),
        std::vector<ZoneOffsets::Change>{{changed, minutes(0)}, {changed + hours(24 * 180), minutes(60)}});
    const ActiveHours morning({{8 * 60, 9 * 60}}, ActiveHours::every_day, zone);
    EXPECT_TRUE(morning.contains(at(1, 7)));
    EXPECT_FALSE(morning.contains(at(1, 8)));
    EXPECT_FALSE(morning.contains(at(2, 7)));
    EXPECT_TRUE(morning.contains(at(2, 8)));
    EXPECT_TRUE(morning.contains(at(200, 7)));
    EXPECT_EQ(morning.local(changed - microseconds(1)), "wed 01:59");
    EXPECT_EQ(morning.local(changed), "wed 01:00");
    const ActiveHours far({{0, 60}}, monday, std::make_shared<const ZoneOffsets>("-12:00", -hours(12)));
    EXPECT_TRUE(far.contains(at(0, 12, 30)));
    EXPECT_FALSE(far.contains(at(0, 0, 30)));
}

TEST(ActiveHours, CoverEachOther) {
    const ActiveHours day({{8 * 60, 20 * 60}}, ActiveHours::every_day, utc());
    const ActiveHours noon({{12 * 60, 13 * 60}}, monday, utc());
    const ActiveHours elsewhere({{12 * 60, 13 * 60}}, monday,
                                std::make_shared<const ZoneOffsets>("+00:00", minutes(0)));
    EXPECT_TRUE(day.covers(noon));
    EXPECT_FALSE(noon.covers(day));
    EXPECT_FALSE(day.covers(elsewhere)) << "clocks may part";
}

}  // namespace
}  // namespace sluice::routing
