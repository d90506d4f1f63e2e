#include "codecs/smpp/dump.hpp"

#include <gtest/gtest.h>

#include "codecs/smpp/hex.hpp"

namespace sluice::smpp {
namespace {

std::string dump_of(std::string_view hex, const DumpOptions& options = {}) { return dump(*parse_hex(hex), options); }

bool contains(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

TEST(Dump, namesFieldsAndValues) {
    EXPECT_EQ(dump_of("0000003f 00000005 00000000 00000007 00 0501 53656e646572 00 0101 3434373700 "
                      "44 00 00 00 00 10 00 08 00 04 00480069 0427000102 14030001ff",
                      {.octets = false}),
              "deliver_sm (0x00000005)\n"
              "  command_length: 63\n"
              "  command_status: ESME_ROK (0x00000000)\n"
              "  sequence_number: 7\n"
              "! malformed command_length: 57 octets are here\n"
              "  service_type: \"\"\n"
              "  source_addr_ton: 5 (alphanumeric)\n"
              "  source_addr_npi: 1 (ISDN E.163/E.164)\n"
              "  source_addr: \"Sender\"\n"
              "  dest_addr_ton: 1 (international)\n"
              "  dest_addr_npi: 1 (ISDN E.163/E.164)\n"
              "  destination_addr: \"4477\"\n"
              "  esm_class: 68 (default mode, delivery receipt, UDHI)\n"
              "  protocol_id: 0\n"
              "  priority_flag: 0\n"
              "  schedule_delivery_time: \"\"\n"
              "  validity_period: \"\"\n"
              "  registered_delivery: 16 (no receipt, intermediate notification)\n"
              "  replace_if_present_flag: 0\n"
              "  data_coding: 8 (UCS-2)\n"
              "  sm_default_msg_id: 0\n"
              "  sm_length: 4\n"
              "  short_message: 00480069 \"\\x00H\\x00i\"\n"
              "  tlv 0x0427 message_state 2 (DELIVERED)\n"
              "  tlv 0x1403 - ff [vendor]\n");
}

TEST(Dump, remarksOnTlvs) {
    const std::string text =
        dump_of("0000002b 80000004 00000058 00000001 6100 0427000102 042800020001 4001 0000 020a 000123");
    EXPECT_TRUE(contains(text, "ESME_RTHROTTLED (0x00000058)")) << text;
    EXPECT_TRUE(contains(text, "message_state 2 (DELIVERED) [not specified here]")) << text;
    EXPECT_TRUE(contains(text, "congestion_state 1 [2 octets, specified 1 to 1]")) << text;
    EXPECT_TRUE(contains(text, "tlv 0x4001 -  [unknown]")) << text;
}

TEST(Dump, listsHaveTheirEntries) {
    const std::string text =
        dump_of("00000041 00000021 00000000 00000001 00 0101 343400 02 01 0101 343500 02 6c00 "
                "00 00 00 00 00 01 00 00 00 02 6869");
    EXPECT_TRUE(contains(text, "  number_of_dests: 2\n  dest_address: #1\n    dest_flag: 1\n    dest_addr_ton: 1"))
        << text;
    EXPECT_TRUE(contains(text, "  dest_address: #2\n    dest_flag: 2\n    dl_name: \"l\"\n  esm_class")) << text;
}

TEST(Dump, marksTheBrokenField) {
    const std::string text = dump_of("0000001a 00000004 00000000 00000001 434d5400 0101 34343434");
    EXPECT_TRUE(contains(text, "  service_type: \"CMT\"\n")) << text;
    EXPECT_TRUE(contains(text, "! malformed source_addr: ESME_RINVSRCADR\n! not read: 34343434\n")) << text;
    EXPECT_TRUE(contains(text, "00000010  43 4d 54 00 01 01 34 34  34 34 ")) << text;
    EXPECT_TRUE(contains(dump_of("000000"), "! 3 octets are no PDU header"));
    EXPECT_TRUE(contains(dump_of("00000010 00000099 00000000 00000001"), "! malformed command_id: ESME_RINVCMDID"));
}

TEST(Dump, namesVendorTlvs) {
    const std::vector<NamedTlv> names{{Tag{0x1454}, "mccmnc", NamedTlvType::c_octet_string},
                                      {Tag{0x1418}, "price", NamedTlvType::integer}};
    const std::string text = dump_of(
        "00000027 80000004 00000000 00000001 00 1454000532343030 31 1418000207d0 14550001ff "
        "14180000",
        {.octets = false, .decode = {}, .tlvs = names});
    EXPECT_TRUE(contains(text, "  tlv 0x1454 mccmnc \"24001\"\n  tlv 0x1418 price 2000\n  tlv 0x1455 - ff [vendor]\n"
                               "  tlv 0x1418 price  [not of its type]\n")) << text;
}

TEST(NamedTlv, everyTypeIsReadLeniently) {
    const auto read = [](NamedTlvType type, std::string_view hex) {
        return named_tlv_text(type, *parse_hex(hex)).value_or("not of its type");
    };
    EXPECT_EQ(read(NamedTlvType::integer, "05"), "5");
    EXPECT_EQ(read(NamedTlvType::integer, "0100"), "256");
    EXPECT_EQ(read(NamedTlvType::integer, "00010000"), "65536");
    EXPECT_EQ(read(NamedTlvType::integer, "ffffffffffffffff"), "18446744073709551615");
    EXPECT_EQ(read(NamedTlvType::integer, ""), "not of its type");
    EXPECT_EQ(read(NamedTlvType::integer, "000000000000000001"), "not of its type");
    EXPECT_EQ(read(NamedTlvType::c_octet_string, "323400"), "24");
    EXPECT_EQ(read(NamedTlvType::c_octet_string, "3234"), "24") << "without its NUL";
    EXPECT_EQ(read(NamedTlvType::c_octet_string, ""), "");
    EXPECT_EQ(read(NamedTlvType::octet_string, "00ff"), "00ff");
    EXPECT_EQ(read(NamedTlvType::decimal, "20303037 2000"), "007") << "leading zeros are kept";
    EXPECT_EQ(read(NamedTlvType::decimal, "3132"), "12");
    for (const char* hex : {"", "2020", "3141", "2d31", "31203100", "313131313131313131313131313131313131313131"})
        EXPECT_EQ(read(NamedTlvType::decimal, hex), "not of its type") << hex;
}

TEST(Dump, keepsPasswordsOut) {
    const char* bind = "0000002f 00000009 00000000 00000001 534d50503354455354 00 7365637265743038 00 5355424d49543100 "
                       "50 01 01 00";
    const std::string hidden = dump_of(bind);
    EXPECT_FALSE(contains(hidden, "secret08")) << hidden;
    EXPECT_FALSE(contains(hidden, "73 65 63")) << hidden;
    EXPECT_TRUE(contains(hidden, "password: (not shown)")) << hidden;
    EXPECT_TRUE(contains(dump_of(bind, {.secrets = true}), "\"secret08\""));
    // The same where decoding fails before and behind the password.
    EXPECT_FALSE(contains(dump_of("0000001d 00000009 00000000 00000001 6100 736563726574 00 00"), "736563"));
    EXPECT_FALSE(contains(dump_of("0000001b 00000009 00000000 00000001 6100 736563726574303839"), "736563"));
}

TEST(Hex, bothWays) {
    EXPECT_EQ(to_hex(*parse_hex("00 0xFF:a1-B2,\n7f")), "00ffa1b27f");
    EXPECT_TRUE(parse_hex("")->empty());
    EXPECT_FALSE(parse_hex("0"));
    EXPECT_FALSE(parse_hex("0g"));
    EXPECT_FALSE(parse_hex("00 1"));
}

}  // namespace
}  // namespace sluice::smpp
