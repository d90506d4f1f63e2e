#include "engine/admin/settings_text.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <array>

namespace sluice::admin {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

TEST(SettingsText, Durations) {
    EXPECT_EQ(*parse_duration("250ms"), milliseconds(250));
    EXPECT_EQ(*parse_duration("30s"), seconds(30));
    EXPECT_EQ(*parse_duration("5m"), minutes(5));
    EXPECT_EQ(*parse_duration("7d"), hours(7 * 24));
    EXPECT_EQ(*parse_duration("1h30m"), minutes(90));
    EXPECT_EQ(*parse_duration("0"), seconds(0));
    EXPECT_EQ(*parse_duration("0s"), seconds(0));
    for (const char* text : {"", "5", "m", "5x", "-5s", "5 s", "30m1h", "1s1s", "5S", "1.5s", "99999999999999999999s"})
        EXPECT_FALSE(parse_duration(text)) << text;
    EXPECT_EQ(parse_duration("36501d").error().message, "a duration is at most 100 years");
    EXPECT_FALSE(parse_duration("18446744073709551615d"));
}

TEST(SettingsText, DurationsAreReadBack) {
    EXPECT_TRUE(rc::check("what duration_text writes", [] {
        const milliseconds duration(*rc::gen::inRange<std::int64_t>(0, 100'000'000'000));
        RC_ASSERT(*parse_duration(duration_text(duration)) == duration);
    }));
    EXPECT_EQ(duration_text(minutes(90)), "1h30m");
}

TEST(SettingsText, Sizes) {
    EXPECT_EQ(*parse_size("4096"), 4096u);
    EXPECT_EQ(*parse_size("64KiB"), 65536u);
    EXPECT_EQ(*parse_size("1TiB"), 1ull << 40);
    for (const char* text : {"", "KiB", "1KB", "1 KiB", "-1", "1KiBx", "99999999999TiB"})
        EXPECT_FALSE(parse_size(text)) << text;
    EXPECT_EQ(size_text(64ull << 30), "64GiB");
    EXPECT_EQ(size_text(1000), "1000");
}

TEST(SettingsText, Endpoints) {
    EXPECT_EQ(parse_host_port("127.0.0.1:2775")->to_string(), "127.0.0.1:2775");
    EXPECT_EQ(parse_host_port("[::1]:2775")->host, "::1");
    EXPECT_EQ(parse_host_port("[::1]:2775")->to_string(), "[::1]:2775");
    EXPECT_EQ(parse_host_port("smsc.example.net:65535")->port, 65535);
    for (const char* text : {"", ":2775", "host", "host:", "host:x", "host:65536", "::1:2775", "[::1]", "[host]:1",
                             "a b:1", "host:2775x", "[]:1", "host:99999999999"})
        EXPECT_FALSE(parse_host_port(text)) << text;
}

TEST(SettingsText, Suggestions) {
    constexpr std::array<std::string_view, 3> names{"window", "rate", "system_id"};
    EXPECT_EQ(did_you_mean("windw", names), " (did you mean 'window'?)");
    EXPECT_EQ(did_you_mean("systemid", names), " (did you mean 'system_id'?)");
    EXPECT_EQ(did_you_mean("rat", names), " (did you mean 'rate'?)");
    EXPECT_EQ(did_you_mean("colour", names), "");
    EXPECT_EQ(did_you_mean("", names), "");
    EXPECT_EQ(did_you_mean(std::string(100'000, 'x'), names), "");
}

}  // namespace
}  // namespace sluice::admin
