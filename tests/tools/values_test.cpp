#include "tools/values.hpp"

#include <gtest/gtest.h>

#include "tools/host_port.hpp"
#include "tools/message_text.hpp"

namespace sluice::tools::test {
namespace {

using smpp::CommandStatus;
using smpp::MessageState;

TEST(Values, Durations) {
    EXPECT_EQ(parse_duration("250us").value(), microseconds(250));
    EXPECT_EQ(parse_duration("1.5s").value(), milliseconds(1500));
    EXPECT_EQ(parse_duration("10min").value(), std::chrono::minutes(10));
    EXPECT_EQ(parse_duration("0").value(), nanoseconds(0));
    for (const char* wrong : {"", "5", "ms", "-1s", "1 s", "1e9d", "1..2s"})
        EXPECT_FALSE(parse_duration(wrong)) << wrong;
}

TEST(Values, DelayRanges) {
    const auto range = parse_delay_range("10ms..1s").value();
    EXPECT_EQ(range.min, milliseconds(10));
    EXPECT_EQ(range.max, seconds(1));
    EXPECT_EQ(parse_delay_range("5ms")->max, milliseconds(5));
    for (const char* wrong : {"", "1s..", "..1s", "1s..10ms"}) EXPECT_FALSE(parse_delay_range(wrong)) << wrong;
}

TEST(Values, Statuses) {
    for (const char* text : {"ESME_RTHROTTLED", "RTHROTTLED", "0x58", "88"})
        EXPECT_EQ(parse_status(text).value(), CommandStatus::ESME_RTHROTTLED) << text;
    EXPECT_EQ(parse_status("0x400").value(), CommandStatus{0x400});
    for (const char* wrong : {"", "x", "0x", "ESME_", "-1"}) EXPECT_FALSE(parse_status(wrong)) << wrong;
}

TEST(Values, Mixes) {
    const auto errors = parse_error_mix("RTHROTTLED=5,0x45=0.5").value();
    EXPECT_EQ(errors.rest, CommandStatus::ESME_ROK);
    ASSERT_EQ(errors.shares.size(), 2u);
    EXPECT_EQ(errors.shares[1].value, CommandStatus::ESME_RSUBMITFAIL);
    EXPECT_EQ(errors.shares[1].percent, 0.5);
    const auto outcomes = parse_outcome_mix("UNDELIV=3,expired=2").value();
    EXPECT_EQ(outcomes.rest, MessageState::delivered);
    EXPECT_EQ(outcomes.shares[1].value, MessageState::expired);
    for (const char* wrong : {"RTHROTTLED", "RTHROTTLED=", "RTHROTTLED=101", "RTHROTTLED=60,RSYSERR=60", "=5", "x=5",
                              "RTHROTTLED=nan"})
        EXPECT_FALSE(parse_error_mix(wrong)) << wrong;
}

TEST(Values, MixesDrawTheirShares) {
    app::Mix<int> mix{0, {{1, 25}, {2, 75}}};
    Random random(3);
    int counts[3] = {};
    for (int i = 0; i < 10'000; ++i) ++counts[mix.draw(random)];
    EXPECT_EQ(counts[0], 0);
    EXPECT_NEAR(counts[1], 2500, 300);
}

TEST(Values, IdStyles) {
    EXPECT_EQ(parse_id_style("hex:16")->width, 16);
    EXPECT_EQ(parse_id_style("HEX")->base, app::IdStyle::Base::hex_upper);
    for (const char* wrong : {"", "dec", "hex:", "hex:65", "decimal:x"}) EXPECT_FALSE(parse_id_style(wrong)) << wrong;
}

TEST(Values, SmppTimes) {
    EXPECT_EQ(parse_smpp_time("90min").value(), "000000013000000R");
    EXPECT_EQ(parse_smpp_time("8d").value(), "000008000000000R");
    EXPECT_EQ(parse_smpp_time("261121220000000+").value(), "261121220000000+");
    for (const char* wrong : {"", "32d", "x", "2611212200000000"}) EXPECT_FALSE(parse_smpp_time(wrong)) << wrong;
}

TEST(Values, Addresses) {
    EXPECT_EQ(typed_address("+447700900123").digits, "447700900123");
    EXPECT_EQ(typed_address("447700900123").ton, 1);
    EXPECT_EQ(typed_address("Sluice").ton, 5);
    EXPECT_EQ(typed_address("Sluice").npi, 0);
}

TEST(Values, HostsAndPorts) {
    EXPECT_EQ(parse_host_port("localhost:2775").value(), (routing::HostPort{"localhost", 2775}));
    EXPECT_EQ(parse_host_port("[::1]:2775").value(), (routing::HostPort{"::1", 2775}));
    EXPECT_EQ(parse_host_port("smsc", 2775).value(), (routing::HostPort{"smsc", 2775}));
    for (const char* wrong : {"", "host", "host:", "host:x", "host:70000", ":1", "[::1", "[::1]x", "::1"})
        EXPECT_FALSE(parse_host_port(wrong)) << wrong;
}

TEST(MessageText, TheCodingFollowsTheText) {
    EXPECT_EQ(encode_text("Hello €", TextCoding::automatic)->data_coding, 0);
    EXPECT_EQ(encode_text("Hello 🌍", TextCoding::automatic)->data_coding, 8);
    EXPECT_EQ(encode_text("ç", TextCoding::latin1)->data_coding, 3);
    EXPECT_EQ(encode_text("00ff", TextCoding::binary)->parts.at(0), (std::vector<std::uint8_t>{0, 0xFF}));
}

TEST(MessageText, SaysWhatIsWrong) {
    EXPECT_EQ(encode_text("abç", TextCoding::gsm7).error().message, "GSM 7 has no \"ç\"");
    EXPECT_EQ(encode_text("ab\xFF", TextCoding::automatic).error().message, "the text is not UTF-8");
    EXPECT_FALSE(encode_text("xyz", TextCoding::binary));
    EXPECT_FALSE(encode_text(std::string(153 * 255 + 1, 'a'), TextCoding::automatic));
}

TEST(MessageText, LongTextsAreSplit) {
    EXPECT_EQ(encode_text(std::string(160, 'a'), TextCoding::automatic)->parts.size(), 1u);
    EXPECT_EQ(encode_text(std::string(161, 'a'), TextCoding::automatic)->parts.size(), 2u);
}

}  // namespace
}  // namespace sluice::tools::test
