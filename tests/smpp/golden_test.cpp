// PDUs that independent stacks encoded (golden/): they decode to what those stacks were given, and encode again to the
// same octets.

#include <gtest/gtest.h>

#include <fstream>

#include "tests/smpp/as_json.hpp"
#include "tests/smpp/exercise.hpp"

namespace sluice::smpp::test {
namespace {

using nlohmann::json;

std::ifstream open(const std::string& file) { return std::ifstream(SLUICE_SMPP_GOLDEN "/" + file); }

void expect_tlvs(const json& expected, const TlvView& tlvs) {
    for (const auto& [name, hex] : expected.items()) {
        const TlvRow* row = find_tlv(name);
        ASSERT_NE(row, nullptr) << name;
        const auto octets = *parse_hex(hex.get<std::string>());
        if (row->kind == TlvKind::integer)  // widths differ
            EXPECT_EQ(tlvs.integer(row->value), tlv_integer(octets)) << name;
        else
            EXPECT_EQ(to_hex(tlvs.find(row->value).value_or(ByteView())), to_hex(octets)) << name;
    }
}

template <class Body>
void expect_body(const json& expected, const Header& header, ByteView pdu) {
    const auto body = decode<Body>(pdu.subspan(header_size));
    ASSERT_TRUE(body) << body.error().field;
    const json ours = fields_as_json(*body);
    for (const auto& [name, value] : expected.at("fields").items()) EXPECT_EQ(ours.at(name), value) << name;
    expect_tlvs(expected.at("tlvs"), body->tlvs);

    OutBuffer out;
    // An answer that failed was written without its body.
    if (pdu.size() == header_size)
        write_pdu(out, header.id, header.status, header.sequence);
    else
        write_pdu(out, header.id, header.status, header.sequence, *body);
    EXPECT_EQ(to_hex(out.view()), to_hex(pdu));
}

class Golden : public testing::TestWithParam<std::string> {};

TEST_P(Golden, decodesAndEncodes) {
    auto cases_file = open("cases.json");
    const json cases = json::parse(cases_file);
    auto stack = open(GetParam());
    std::size_t compared = 0;
    for (const json& expected : cases) {
        SCOPED_TRACE(expected.dump());
        std::string hex;
        ASSERT_TRUE(std::getline(stack, hex));
        if (hex == "-") continue;
        ++compared;
        const auto pdu = *parse_hex(hex);
        const Frame front = frame(pdu);
        ASSERT_EQ(front.kind, Frame::Kind::pdu);
        EXPECT_EQ(front.size, pdu.size());
        EXPECT_EQ(name_of(front.header.id), expected.at("command").get<std::string>());
        EXPECT_EQ(static_cast<std::uint32_t>(front.header.status), expected.at("status").get<std::uint32_t>());
        EXPECT_EQ(front.header.sequence, expected.at("sequence").get<std::uint32_t>());
        with_body_of(front.header.id, [&]<class Body>(std::type_identity<Body>) {
            expect_body<Body>(expected, front.header, pdu);
        });
    }
    EXPECT_GT(compared, 30u);
}

INSTANTIATE_TEST_SUITE_P(Stacks, Golden, testing::Values("node-smpp.txt", "net-smpp.txt"),
                         [](const auto& stack) { return stack.index == 0 ? "nodeSmpp" : "netSmpp"; });

}  // namespace
}  // namespace sluice::smpp::test
