#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "codecs/smpp/pdu.hpp"
#include "tools/bench/composer.hpp"
#include "tools/bench/histogram.hpp"
#include "tools/bench/ledger.hpp"
#include "tools/bench/plot.hpp"
#include "tools/bench/probe.hpp"
#include "tools/bench/results.hpp"
#include "tools/bench/run.hpp"

namespace sluice::bench::test {
namespace {

// ---- histogram

TEST(Histogram, IsEmptyAtFirst) {
    const Histogram histogram;
    EXPECT_EQ(histogram.count(), 0u);
    EXPECT_EQ(histogram.quantile(0.5), nanoseconds(0));
    EXPECT_EQ(histogram.mean(), nanoseconds(0));
    EXPECT_EQ(histogram.max(), nanoseconds(0));
}

TEST(Histogram, SmallValuesAreExact) {
    Histogram histogram;
    for (int i = 1; i <= 2000; ++i) histogram.record(nanoseconds(i));
    EXPECT_EQ(histogram.quantile(0), nanoseconds(1));
    EXPECT_EQ(histogram.quantile(0.5), nanoseconds(1000));
    EXPECT_EQ(histogram.quantile(0.999), nanoseconds(1998));
    EXPECT_EQ(histogram.quantile(1), nanoseconds(2000));
    EXPECT_EQ(histogram.mean(), nanoseconds(1001));  // 1000.5, rounded
}

TEST(Histogram, ClampsWhatIsOutOfRange) {
    Histogram histogram;
    histogram.record(nanoseconds(-5));
    EXPECT_EQ(histogram.quantile(1), nanoseconds(0));
    histogram.record(std::chrono::hours(100));
    EXPECT_EQ(histogram.max(), std::chrono::hours(100));
    EXPECT_GE(histogram.quantile(1), nanoseconds(static_cast<std::int64_t>(Histogram::highest)));
}

TEST(Histogram, QuantilesAreThoseOfTheSortedValues) {
    EXPECT_TRUE(rc::check("to a part in a thousand", [] {
        const auto bits = *rc::gen::nonEmpty(rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 41)));
        Histogram histogram;
        std::vector<std::uint64_t> values;
        for (const int width : bits) {
            values.push_back(*rc::gen::inRange<std::uint64_t>(0, std::uint64_t{1} << width));
            histogram.record(nanoseconds(static_cast<std::int64_t>(values.back())));
        }
        std::ranges::sort(values);
        const double share = *rc::gen::inRange(0, 1001) / 1000.0;
        const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
        const std::uint64_t exact = values[std::max<std::size_t>(rank, 1) - 1];
        const auto told = static_cast<std::uint64_t>(histogram.quantile(share).count());
        RC_ASSERT(told >= exact);
        RC_ASSERT(told - exact <= exact / 1000);
        RC_ASSERT(static_cast<std::uint64_t>(histogram.max().count()) == values.back());
        RC_ASSERT(histogram.count() == values.size());
    }));
}

TEST(Histogram, AddingIsRecordingAll) {
    EXPECT_TRUE(rc::check([](const std::vector<std::uint32_t>& first, const std::vector<std::uint32_t>& second) {
        Histogram one, two, both;
        for (const auto value : first) one.record(nanoseconds(value)), both.record(nanoseconds(value));
        for (const auto value : second) two.record(nanoseconds(value)), both.record(nanoseconds(value));
        one.add(two);
        RC_ASSERT(one.count() == both.count());
        RC_ASSERT(one.max() == both.max());
        for (const double share : {0.0, 0.1, 0.5, 0.9, 0.99, 1.0})
            RC_ASSERT(one.quantile(share) == both.quantile(share));
        one.clear();
        RC_ASSERT(one.count() == 0u);
        RC_ASSERT(one.quantile(1) == nanoseconds(0));
    }));
}

// ---- ledger

TEST(Ledger, AccountsForEveryFate) {
    const auto ledger = std::move(Ledger::create().value());
    const std::uint32_t first = ledger->take_block().value();
    for (std::uint32_t i = 0; i < 8; ++i) {
        EXPECT_FALSE(ledger->known(first + i));
        ledger->sent(first + i, 3, MonoTime(seconds(i)));
        EXPECT_TRUE(ledger->known(first + i));
    }
    EXPECT_EQ(ledger->session(first), 3u);
    EXPECT_EQ(ledger->due(first + 5), MonoTime(seconds(5)));

    for (const std::uint32_t i : {0, 1, 2, 3, 4}) ledger->answered(first + i, Answer::accepted);
    EXPECT_TRUE(ledger->delivered(first));       // 0: as it should be
    EXPECT_TRUE(ledger->receipted(first));
    EXPECT_TRUE(ledger->delivered(first + 1));   // 1: its receipt is lost
    EXPECT_TRUE(ledger->delivered(first + 2));   // 2: three times
    EXPECT_FALSE(ledger->delivered(first + 2));
    EXPECT_FALSE(ledger->delivered(first + 2));
    EXPECT_TRUE(ledger->receipted(first + 2));
    EXPECT_FALSE(ledger->receipted(first + 2));  // 3 and 4: lost
    ledger->answered(first + 5, Answer::refused);
    ledger->answered(first + 6, Answer::refused);
    ledger->delivered(first + 6);
    // 7: no answer ever

    const Account account = ledger->close(true);
    EXPECT_EQ(account.sent, 8u);
    EXPECT_EQ(account.accepted, 5u);
    EXPECT_EQ(account.refused, 2u);
    EXPECT_EQ(account.unanswered, 1u);
    EXPECT_EQ(account.delivered, 4u);
    EXPECT_EQ(account.receipted, 2u);
    EXPECT_EQ(account.lost, 2u);
    EXPECT_EQ(account.duplicated, 2u);
    EXPECT_EQ(account.receipts_lost, 1u);
    EXPECT_EQ(account.delivered_though_refused, 1u);
    EXPECT_EQ(ledger->close(false).receipts_lost, 0u);
}

TEST(Ledger, BlocksDoNotOverlapAndEnd) {
    const auto ledger = std::move(Ledger::create().value());
    std::uint32_t expected = 0;
    while (const auto block = ledger->take_block()) {
        ASSERT_EQ(*block, expected);
        expected += Ledger::block;
    }
    EXPECT_EQ(expected, Ledger::capacity);
    EXPECT_FALSE(ledger->known(Ledger::capacity));
    EXPECT_FALSE(ledger->known(UINT32_MAX));
}

// ---- texts

TEST(Composer, EveryTextIsKnownAgain) {
    EXPECT_TRUE(rc::check([](std::uint16_t run, std::uint32_t message, std::uint64_t seed) {
        TextMix mix;
        for (auto& share : mix.shares) share = *rc::gen::inRange(0u, 5u);
        mix.shares[*rc::gen::inRange(0, 4)] = 1;
        const auto min = *rc::gen::inRange(24u, 161u);
        const SizeRange sizes{min, *rc::gen::inRange(min, 161u)};
        Composer composer(mix, sizes, run, seed);
        Composer::Part part;
        for (std::uint32_t i = 0; i < 10; ++i) {
            smpp::SubmitSm pdu;
            composer.compose(message + i, part, pdu);
            RC_ASSERT(pdu.short_message.size() <= 160u);
            RC_ASSERT(Composer::read(run, pdu.esm_class, pdu.short_message) == message + i);
            RC_ASSERT(!Composer::read(static_cast<std::uint16_t>(run + 1), pdu.esm_class, pdu.short_message));
        }
    }));
}

TEST(Composer, ReadsAnything) {
    EXPECT_TRUE(rc::check([](std::uint8_t esm_class, const std::vector<std::uint8_t>& text) {
        const auto message = Composer::read(0, esm_class, text);
        RC_ASSERT(!message || text.size() >= Composer::tag_size);
    }));
}

TEST(Composer, LongTextsComeInThreeParts) {
    Composer composer(parse_text_mix("long").value(), {}, 1, 1);
    Composer::Part part;
    for (std::uint8_t i = 0; i < 6; ++i) {
        smpp::SubmitSm pdu;
        composer.compose(i, part, pdu);
        EXPECT_EQ(pdu.esm_class, smpp::esm_class::udhi);
        ASSERT_EQ(pdu.short_message.size(), 159u);
        EXPECT_EQ(pdu.short_message[3], 1 + i / 3);  // the reference
        EXPECT_EQ(pdu.short_message[4], 3);
        EXPECT_EQ(pdu.short_message[5], 1 + i % 3);
    }
}

TEST(Composer, Mixes) {
    const TextMix mix = parse_text_mix("gsm7:80,ucs2:15,long:5").value();
    EXPECT_EQ(mix.shares, (std::array<std::uint32_t, 4>{80, 0, 15, 5}));
    EXPECT_EQ(parse_text_mix("latin1").value().share(TextKind::latin1), 1u);
    for (const char* wrong : {"", "gsm8", "gsm7:", "gsm7:x", "gsm7:-1", "gsm7:0", "gsm7:1000001"})
        EXPECT_FALSE(parse_text_mix(wrong)) << wrong;
    EXPECT_EQ(parse_size_range("20-160").value().max, 160u);
    EXPECT_EQ(parse_size_range("50").value().min, 50u);
    for (const char* wrong : {"", "-", "5-", "-5", "9-8", "161", "1x"}) EXPECT_FALSE(parse_size_range(wrong)) << wrong;
    EXPECT_TRUE(check_sizes(mix, {24, 160}));
    EXPECT_FALSE(check_sizes(mix, {23, 160}));
    EXPECT_TRUE(check_sizes(TextMix(), {12, 12}));
    EXPECT_FALSE(check_sizes(TextMix(), {11, 160}));
}

// ---- reports

TEST(Reports, OfPathsOnlyNamesAreTold) {
    EXPECT_EQ(without_directories("--markdown /some/dir/measured.md --html=/some/dir/r.html"),
              "--markdown measured.md --html=r.html");
    EXPECT_EQ(without_directories("--dir /some/dir/ --json '/a b/c.json'"), "--dir dir --json 'a b/c.json'");
    EXPECT_EQ(without_directories("exec /usr/bin/python3 \"/some/dir/start\" --x;/other/y"),
              "exec python3 \"start\" --x;y");
    EXPECT_EQ(without_directories("/"), "/");
    for (const char* same : {"", "bench --rate 20000", "--json docs/r.json", "../r.json", "--target a:1", "http://a/b"})
        EXPECT_EQ(without_directories(same), same);
}

TEST(Conditions, TellTheCommandWithoutPasswords) {
    const auto told = [](std::vector<std::string> words) { return told_command(words); };
    EXPECT_EQ(told({"/usr/bin/sluice", "bench", "--account", "acme:s3cret:x", "--json", "/a/r.json"}),
              "sluice bench --account acme:*** --json r.json");
    EXPECT_EQ(told({"sluice", "bench", "--account", "/acme:s3/cret"}), "sluice bench --account acme:***");
    EXPECT_EQ(told({"sluice", "bench", "--account=acme:s3cret", "--accounts", "7:8"}),
              "sluice bench --account=acme:*** --accounts 7:8");
    EXPECT_EQ(told({"sluice", "bench", "--target-command", "node gateway.js; exit"}),
              "sluice bench --target-command 'node gateway.js; exit'");
    EXPECT_EQ(told({}), "sluice");
}

// ---- verdicts

TEST(Verdict, AGeneratorWithoutIdleTimeMakesItVoid) {
    RunResult run;
    run.generator = {0.5, 0.2};
    EXPECT_EQ(void_reason(run, false), "");
    run.generator = {0.97, 0};
    EXPECT_NE(void_reason(run, false), "");
    run.generator = {0.3, 0.66};  // it had no core
    EXPECT_NE(void_reason(run, false), "");
}

TEST(Verdict, ALateGeneratorMakesAnOpenLoopVoid) {
    RunResult run;
    run.response.p99 = milliseconds(5);
    run.lag.p99 = microseconds(400);  // a twelfth, and under a millisecond
    EXPECT_EQ(void_reason(run, true), "");
    run.lag.p99 = microseconds(900);  // much of it, and under a millisecond all the same
    EXPECT_EQ(void_reason(run, true), "");
    run.lag.p99 = milliseconds(2);
    EXPECT_NE(void_reason(run, true), "");
    EXPECT_EQ(void_reason(run, false), "");
    run.response.p99 = milliseconds(50);  // small against what is measured
    EXPECT_EQ(void_reason(run, true), "");
}

TEST(Verdict, EveryFaultIsTold) {
    RunResult run;
    run.account.sent = run.account.accepted = run.account.delivered = 10;
    run.account.refused = 5;
    run.out_of_order = 3;
    EXPECT_TRUE(faults_of(run).empty());
    for (std::uint64_t Account::*fault : {&Account::lost, &Account::receipts_lost, &Account::duplicated,
                                          &Account::unanswered, &Account::delivered_though_refused}) {
        run.account.*fault = 7;
        ASSERT_EQ(faults_of(run).size(), 1u);
        EXPECT_TRUE(faults_of(run)[0].starts_with("7 "));
        run.account.*fault = 0;
    }
    for (std::uint64_t RunResult::*fault :
         {&RunResult::receipts_duplicated, &RunResult::strangers, &RunResult::receipts_unknown}) {
        run.*fault = 1;
        EXPECT_EQ(faults_of(run).size(), 1u);
        run.*fault = 0;
    }
}

// ---- plots

TEST(Plot, LinearTicksCoverTheValues) {
    EXPECT_EQ(linear_ticks(10), (std::vector<double>{0, 2, 4, 6, 8, 10}));
    EXPECT_EQ(linear_ticks(0).size(), 6u);
    EXPECT_TRUE(rc::check([] {
        const double most = *rc::gen::inRange(1, 1'000'000'000) / 1000.0;
        const auto ticks = linear_ticks(most);
        RC_ASSERT(ticks.front() == 0);
        RC_ASSERT(ticks.back() >= most * 0.999999);
        RC_ASSERT(ticks[ticks.size() - 2] < most);
        RC_ASSERT(ticks.size() <= 7u);
    }));
}

TEST(Plot, LogTicksCoverTheValues) {
    EXPECT_EQ(log_ticks(1, 100), (std::vector<double>{1, 2, 5, 10, 20, 50, 100}));
    EXPECT_EQ(log_ticks(3, 4), (std::vector<double>{2, 5}));
    EXPECT_EQ(log_ticks(5, 5), (std::vector<double>{5, 10}));
    EXPECT_EQ(log_ticks(1, 10000).size(), 5u);
    EXPECT_TRUE(rc::check([] {
        const double least = *rc::gen::inRange(1, 1'000'000) / 1000.0, most = least * *rc::gen::inRange(1, 1'000'000);
        const auto ticks = log_ticks(least, most);
        RC_ASSERT(ticks.size() >= 2u);
        RC_ASSERT(ticks.front() <= least * 1.000001);
        RC_ASSERT(ticks.back() >= most * 0.999999);
        RC_ASSERT(std::ranges::is_sorted(ticks));
    }));
}

TEST(Plot, NumbersAreShort) {
    for (const auto& [value, text] : {std::pair(0.0, "0"), {0.25, "0.25"}, {999, "999"}, {1000, "1k"}, {1500, "1.5k"},
                                      {2.5e6, "2.5M"}, {1e9, "1G"}})
        EXPECT_EQ(short_number(value), text);
}

TEST(Plot, NamesCannotBreakThePage) {
    const Plot plot{"<script>", "\"x\"", "&", false, true, {}, {{"<b>", {{1, 5, 4, 6}, {2, 0, 0, 0}}}}};
    const std::string figure = figure_of(plot);
    EXPECT_EQ(figure.find("<script>"), std::string::npos);
    EXPECT_EQ(figure.find("<b>"), std::string::npos);
    EXPECT_NE(figure.find("&lt;script&gt;"), std::string::npos);
    EXPECT_EQ(figure.find("inf"), std::string::npos);
    EXPECT_EQ(figure.find("nan"), std::string::npos);
    EXPECT_NE(figure_of({"t", "x", "y", false, false, {}, {}}).find("nothing was measured"), std::string::npos);
    const std::string picture = picture_of(plot);
    EXPECT_EQ(picture.find("<script>"), std::string::npos);
    EXPECT_EQ(picture.find("<b>"), std::string::npos);
}

// ---- what the kernel and the gateway say

TEST(Probe, SumsAMetricOverItsLabels) {
    const char* const text =
        "# HELP a_total words\n# TYPE a_total counter\na_total{shard=\"0\"} 5\na_total{shard=\"1\"} 7.5\n"
        "a_total_more 100\nb 3\n";
    EXPECT_EQ(sum_of_metric(text, "a_total"), 12.5);
    EXPECT_EQ(sum_of_metric(text, "b"), 3);
    EXPECT_FALSE(sum_of_metric(text, "a"));
    EXPECT_FALSE(sum_of_metric("", "a"));
}

TEST(Probe, SeesThisProcess) {
    const ProcessUse before = use_of({::getpid()});
    EXPECT_GT(before.anonymous_bytes, 0u);
    EXPECT_GT(before.file_bytes, 0u);
    std::vector<char> more(64u << 20, 'x');
    EXPECT_GT(use_of({::getpid()}).anonymous_bytes, before.anonymous_bytes + (32u << 20)) << more[4711];
    EXPECT_EQ(use_of({}).anonymous_bytes, 0u);
}

}  // namespace
}  // namespace sluice::bench::test
