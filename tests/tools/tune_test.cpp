#include "tools/bench/tune.hpp"

#include <gtest/gtest.h>

namespace sluice::bench::test {
namespace {

/// A point whose runs had these rates.
Point point(std::string label, const std::vector<double>& rates) {
    Point made{std::move(label), 0, {}, {}};
    for (const double rate : rates) {
        RunResult run;
        run.messages = 1000;
        run.seconds = 1000 / rate;
        run.used.cpu_seconds = 1;
        run.used.anonymous_bytes = 1;
        made.runs.push_back(run);
    }
    return made;
}

TEST(Tune, TakesWhatIsClearlyFastest) {
    const Choice choice =
        choose({point("1", {100, 101, 99}), point("2", {200, 205, 195}), point("4", {150, 151, 149})});
    EXPECT_EQ(choice.best, 1u);
    EXPECT_EQ(choice.chosen, 1u);
    EXPECT_EQ(choice.equals, std::vector<std::size_t>{1});
}

TEST(Tune, TakesTheSimplestOfEquals) {
    // Within five percent, without the spreads touching.
    const Choice close = choose({point("1", {100, 100, 100}), point("2", {104, 104, 104})});
    EXPECT_EQ(close.best, 1u);
    EXPECT_EQ(close.chosen, 0u);
    EXPECT_EQ(close.equals, (std::vector<std::size_t>{0, 1}));
    // Far apart in the middle, and too noisy to tell.
    EXPECT_EQ(choose({point("1", {100, 90, 130}), point("2", {150, 120, 155})}).chosen, 0u);
    // One run has no spread that could excuse it.
    EXPECT_EQ(choose({point("1", {100}), point("2", {120})}).chosen, 1u);
}

TEST(Tune, GoesByProcessorTimeWhereThroughputIsVoid) {
    std::vector<Point> points{point("1", {100, 100, 100}), point("2", {200, 200, 200})};
    for (RunResult& run : points[0].runs) run.used.cpu_seconds = 0.5;
    EXPECT_EQ(choose(points).chosen, 1u);
    for (RunResult& run : points[1].runs) run.void_because = "the generator";
    EXPECT_STREQ(deciding_metric(points).key, "cpu_us");
    EXPECT_EQ(choose(points).chosen, 0u);
}

TEST(Tune, WritesASettingWhereItBelongs) {
    const Setting shards{"server", "shards", "2"};
    EXPECT_EQ(with_setting("", shards), "[server]\nshards = 2\n");
    EXPECT_EQ(with_setting("[log]\nlevel = \"info\"\n", shards), "[log]\nlevel = \"info\"\n\n[server]\nshards = 2\n");
    EXPECT_EQ(with_setting("[server]  # us\nnode = 1\n", shards), "[server]  # us\nshards = 2\nnode = 1\n");
    EXPECT_EQ(with_setting("[server]\nshards = \"auto\"   # one a core\n[log]\n", shards),
              "[server]\nshards = 2  # one a core\n[log]\n");
    EXPECT_EQ(with_setting("[server]\n# shards = 3\nshards_more = 1\n", shards),
              "[server]\nshards = 2\n# shards = 3\nshards_more = 1\n");
    // Others' keys of the same name stay.
    EXPECT_EQ(with_setting("[server]\n[[provider]]\nshards = 9\n", shards),
              "[server]\nshards = 2\n[[provider]]\nshards = 9\n");
    EXPECT_EQ(with_setting("[server.more]\nshards = 9\n", shards),
              "[server.more]\nshards = 9\n\n[server]\nshards = 2\n");
    EXPECT_EQ(with_setting("[server]\nio = \"a#b\"\n", {"server", "io", "\"epoll\""}), "[server]\nio = \"epoll\"\n");
    EXPECT_EQ(with_setting(with_setting("x = 1", shards), shards), with_setting("x = 1", shards));
}

TEST(Tune, BarsAreInProportion) {
    const Series series{"s", "", "", {point("a", {100}), point("bb", {50})}, {}};
    const std::string text = bars(series, metric("messages_per_second"));
    EXPECT_NE(text.find("a   " + std::string(40, '#') + " 100"), std::string::npos) << text;
    EXPECT_NE(text.find("bb  " + std::string(20, '#') + std::string(21, ' ') + "50"), std::string::npos) << text;
}

}  // namespace
}  // namespace sluice::bench::test
