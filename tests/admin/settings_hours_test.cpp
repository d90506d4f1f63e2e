#include "tests/admin/settings_file.hpp"

namespace sluice::admin {
namespace {

TEST(Settings, RoutesHaveHours) {
    const Settings settings = good(file_with("", "", R"(
[[route]]
to = ["44"]
hours = ["08:00-12:00", "22:00-06:00"]
days = ["mon", "sun"]
time_zone = "Europe/London"
via = ["mc"]
[[route]]
to = ["49"]
days = ["sat"]
quality_weight = 50
via = ["mc"]
)"));
    ASSERT_TRUE(settings.routes[0].hours.of);
    EXPECT_EQ(settings.routes[0].hours.of->text(), "mon, sun 08:00-12:00, 22:00-06:00 Europe/London");
    const WallTime monday{std::chrono::sys_days(std::chrono::year(2027) / 7 / 5)};
    EXPECT_TRUE(settings.routes[0].hours.contain(monday + std::chrono::hours(7))) << "eight o'clock there, in summer";
    EXPECT_FALSE(settings.routes[0].hours.contain(monday + std::chrono::hours(11)));
    EXPECT_FALSE(settings.routes[0].hours.contain(monday + std::chrono::days(7 * 26) + std::chrono::hours(7)))
        << "in winter";
    EXPECT_EQ(settings.routes[1].hours.of->text(), "sat 00:00-24:00 UTC");
    EXPECT_EQ(settings.routes[1].quality_weight, 50);
    EXPECT_FALSE(settings.routes[2].hours.of);
    EXPECT_EQ(settings.routes[0], good(file_with("", "", R"(
[[route]]
to = ["44"]
hours = ["08:00-12:00", "22:00-06:00"]
days = ["sun", "mon"]
time_zone = "Europe/London"
via = ["mc"]
)")).routes[0]);
    for (const char* zone : {"UTC", "+05:30", "-12:00", "America/St_Johns"})
        good(file_with("", "",
                       "[[route]]\ndays = [\"mon\"]\ntime_zone = \"" + std::string(zone) + "\"\nvia = [\"mc\"]"));
}

TEST(SettingsErrors, HoursThatCannotBe) {
    const auto route = [](const std::string& text) {
        return what_of(file_with("", "", "[[route]]\nto = [\"44\"]\nvia = [\"mc\"]\n" + text));
    };
    for (const char* hours :
         {"8:00-20:00", "08:00", "08:00-08:00", "24:00-08:00", "08:00-24:01", "08:60-09:00", "08:00-20:0x", ""})
        EXPECT_EQ(route("hours = [\"" + std::string(hours) + "\"]"),
                  " route[1].hours[1]: '" + std::string(hours) +
                      "' is no time of day, as \"08:00-20:00\" or \"22:00-06:00\"");
    EXPECT_EQ(route("hours = []"), " route[1].hours: has 1 to 24 entries; leave it out for the whole day");
    EXPECT_EQ(route("days = [\"monday\"]"),
              " route[1].days[1]: 'monday' is none of mon, tue, wed, thu, fri, sat and sun");
    EXPECT_EQ(route("days = []"), " route[1].days: is empty and would match nothing; leave it out for every day");
    EXPECT_EQ(route("time_zone = \"UTC\""), " route[1].time_zone: is for hours and days, and there are none");
    for (const char* zone : {"Mars", "+5:30", "+15:00", "../UTC", "+05:60"})
        EXPECT_EQ(route("days = [\"mon\"]\ntime_zone = \"" + std::string(zone) + "\""),
                  " route[1].time_zone: '" + std::string(zone) +
                      "' is no time zone that this system knows; write UTC, an offset as \"+05:30\", "
                      "or a name as \"Europe/London\"");
}

}  // namespace
}  // namespace sluice::admin
