#include "codecs/smpp/time.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>

namespace sluice::smpp {
namespace {

using namespace std::chrono;

WallTime at(int y, unsigned mo, unsigned d, int h = 0, int mi = 0, int s = 0, int ms = 0) {
    return sys_days(year(y) / month(mo) / day(d)) + hours(h) + minutes(mi) + std::chrono::seconds(s) + milliseconds(ms);
}

const WallTime now = at(2024, 1, 31, 12, 30, 0);

TEST(ParseTime, absolute) {
    EXPECT_EQ(parse_time("200229235959900+", now), at(2020, 2, 29, 23, 59, 59, 900));
    EXPECT_EQ(parse_time("240131120000004+", now), at(2024, 1, 31, 11, 0, 0)) << "an hour ahead of UTC";
    EXPECT_EQ(parse_time("240131120000022-", now), at(2024, 1, 31, 17, 30, 0)) << "quarter hours";
    EXPECT_EQ(parse_time("240131120000056+", now), at(2024, 1, 30, 22, 0, 0));
    EXPECT_EQ(parse_time("380101000000000+", now), at(1938, 1, 1));
    EXPECT_EQ(parse_time("370101000000000+", now), at(2037, 1, 1));
}

TEST(ParseTime, relative) {
    EXPECT_EQ(parse_time("000000000500000R", now), now + minutes(5));
    EXPECT_EQ(parse_time("000007000000000R", now), now + days(7));
    EXPECT_EQ(parse_time("020610233429000R", at(2020, 1, 1)), at(2022, 7, 11, 23, 34, 29));
    EXPECT_EQ(parse_time("000100000000000R", now), at(2024, 2, 29, 12, 30, 0)) << "no 31st of February";
    EXPECT_EQ(parse_time("010100000000000R", now), at(2025, 2, 28, 12, 30, 0));
    EXPECT_EQ(parse_time("009999999999999R", now), now + (at(2032, 4, 30) - at(2024, 1, 31)) + days(99) + hours(99) +
                                                       minutes(99) + std::chrono::seconds(99));
}

TEST(ParseTime, refusesWhatIsNoTime) {
    for (const char* text :
         {"", "0", "2401311200", "240131120000", "240131120000000", "2401311200000000+", "240131120000000Z",
          "24013112000000+ ", "241331120000000+", "240230120000000+", "240131240000000+", "240131126000000+",
          "240131120060000+", "240131120000057+", "24-131120000000+", "00000000050000 R", "000000000000000r"})
        EXPECT_FALSE(parse_time(text, now)) << text;
}

TEST(ParseDate, formsThatOccur) {
    EXPECT_EQ(parse_date("1305050826"), at(2013, 5, 5, 8, 26));
    EXPECT_EQ(parse_date("110206193041"), at(2011, 2, 6, 19, 30, 41));
    EXPECT_EQ(parse_date("201506201641"), at(2015, 6, 20, 16, 41)) << "no month 15: a four-digit year";
    EXPECT_EQ(parse_date("200319131913"), at(2020, 3, 19, 13, 19, 13));
    EXPECT_EQ(parse_date("20150620164105"), at(2015, 6, 20, 16, 41, 5));
    EXPECT_EQ(parse_date("130505082600004+"), at(2013, 5, 5, 7, 26, 0));
    EXPECT_EQ(parse_date("1305050826+0330"), at(2013, 5, 5, 4, 56));
    EXPECT_EQ(parse_date("1305050826-02"), at(2013, 5, 5, 10, 26));
    EXPECT_EQ(parse_date("1305050826+01:00"), at(2013, 5, 5, 7, 26));
    EXPECT_EQ(parse_date("1305050826Z"), at(2013, 5, 5, 8, 26));
    EXPECT_EQ(parse_date("1305050826+x"), at(2013, 5, 5, 8, 26));
}

TEST(ParseDate, refusesWhatIsNoDate) {
    for (const char* text : {"", "0000000000", "000000000000", "150701adsfas1202", "{date}", "1", "13050508",
                             "1313050826", "13050508261", "999999999999999", "130505082600057+"})
        EXPECT_FALSE(parse_date(text)) << text;
}

TEST(FormatTime, forms) {
    const WallTime time = at(2024, 2, 9, 7, 5, 3, 987);
    EXPECT_EQ(format_absolute(time).view(), "240209070503900+");
    EXPECT_EQ(format_minutes(time).view(), "2402090705");
    EXPECT_EQ(format_seconds(time).view(), "240209070503");
    EXPECT_STREQ(format_absolute(time).characters.data(), "240209070503900+");
}

TEST(FormatTime, parsesBack) {
    EXPECT_TRUE(rc::check("absolute times and dates come back", [] {
        const auto tenths = *rc::gen::inRange<std::int64_t>(at(1938, 1, 1).time_since_epoch() / milliseconds(100),
                                                            at(2038, 1, 1).time_since_epoch() / milliseconds(100));
        const WallTime time{milliseconds(100 * tenths)};
        RC_ASSERT(parse_time(format_absolute(time), now) == time);
        RC_ASSERT(parse_date(format_absolute(time)) == time);
        RC_ASSERT(parse_date(format_seconds(time)) == floor<std::chrono::seconds>(time));
        RC_ASSERT(parse_date(format_minutes(time)) == floor<minutes>(time));
    }));
}

}  // namespace
}  // namespace sluice::smpp
