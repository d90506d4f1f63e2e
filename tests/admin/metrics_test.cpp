#include "engine/admin/metrics.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "tests/admin/prometheus.hpp"

namespace sluice::admin {
namespace {

TEST(Metrics, AFamilyIsItsHeadAndItsSamples) {
    MetricsText out;
    out.counter("sluice_submits_total", "submits received");
    out.sample({{"shard", "0"}}, 17u);
    out.sample({{"shard", "1"}, {"io", "epoll"}}, -1);
    out.gauge("sluice_up", "one", 0.25);
    EXPECT_EQ(out.take(),
              "# HELP sluice_submits_total submits received\n"
              "# TYPE sluice_submits_total counter\n"
              "sluice_submits_total{shard=\"0\"} 17\n"
              "sluice_submits_total{shard=\"1\",io=\"epoll\"} -1\n"
              "# HELP sluice_up one\n"
              "# TYPE sluice_up gauge\n"
              "sluice_up 0.25\n");
}

TEST(Metrics, WhateverANameHoldsTheTextStaysWellFormed) {
    MetricsText out;
    out.gauge("sluice_account_sessions", "a \\ and\na line \"end\"");
    const std::string odd = "a\"b\\c\nd}e,f=";
    out.sample({{"account", odd}}, 3);
    const auto families = test::parse_prometheus(out.take());
    ASSERT_TRUE(families.has_value()) << families.error().message;
    EXPECT_EQ(families->at("sluice_account_sessions").samples.at(0).labels.at("account"), odd);
}

TEST(Metrics, NumbersKeepTheirValue) {
    MetricsText out;
    out.gauge("sluice_numbers", "all kinds");
    out.sample({{"n", "largest"}}, std::numeric_limits<std::uint64_t>::max());
    out.sample({{"n", "smallest"}}, std::numeric_limits<std::int64_t>::min());
    out.sample({{"n", "third"}}, 1.0 / 3);
    out.sample({{"n", "nan"}}, std::numeric_limits<double>::quiet_NaN());
    out.sample({{"n", "inf"}}, -std::numeric_limits<double>::infinity());
    const std::string text = out.take();
    EXPECT_NE(text.find("{n=\"largest\"} 18446744073709551615\n"), std::string::npos);
    EXPECT_NE(text.find("{n=\"smallest\"} -9223372036854775808\n"), std::string::npos);
    EXPECT_NE(text.find("{n=\"nan\"} NaN\n"), std::string::npos);
    EXPECT_NE(text.find("{n=\"inf\"} -Inf\n"), std::string::npos);
    const auto families = test::parse_prometheus(text);
    ASSERT_TRUE(families.has_value()) << families.error().message;
    EXPECT_EQ(families->at("sluice_numbers").samples.at(2).value, 1.0 / 3);
}

TEST(Metrics, TheTestsParserRefusesWhatTheFormatForbids) {
    for (const char* const wrong :
         {"sluice_x 1\n", "# TYPE sluice_x gauge\nsluice_y 1\n", "# TYPE a gauge\na{b=c} 1\n",
          "# TYPE a gauge\na{b=\"c\"} one\n", "# TYPE a gauge\na 1", "# TYPE a gauge\na{b=\"c} 1\n",
          "# TYPE a gauge\n# TYPE a gauge\na 1\n", "# TYPE a gauge\na 1\na 2\n"})
        EXPECT_FALSE(test::parse_prometheus(wrong).has_value()) << wrong;
}

TEST(Metrics, TheProcessIsSeen) {
    const ProcessStats stats = process_stats();
    EXPECT_GT(stats.resident_bytes, 100u * 1024);
    EXPECT_GE(stats.cpu_seconds, 0.0);
    EXPECT_GE(stats.open_files, 3u);
    EXPECT_GE(stats.max_files, stats.open_files);
    EXPECT_GE(stats.threads, 1u);
}

}  // namespace
}  // namespace sluice::admin
