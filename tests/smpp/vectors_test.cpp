// PDUs and receipts from public sources, where the shared folder with them is there.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "codecs/smpp/receipt.hpp"
#include "tests/smpp/as_json.hpp"
#include "tests/smpp/exercise.hpp"

namespace sluice::smpp::test {
namespace {

using nlohmann::json;

json vectors(const char* file) {
    const char* shared = std::getenv("SLUICE_SHARED");
    const std::filesystem::path path = std::filesystem::path(shared != nullptr ? shared : "") / "vectors" / file;
    std::ifstream in(path);
    return in ? json::parse(in).at("vectors") : json::array();
}

#define SLUICE_VECTORS_OR_SKIP(name, file) \
    const json name = vectors(file); \
    if (name.empty()) GTEST_SKIP() << "no " << file << " (SLUICE_SHARED)"

bool has_issue(const json& vector, std::string_view begin) {
    for (const auto& issue : vector.value("issues", json::array()))
        if (issue.get<std::string>().starts_with(begin)) return true;
    return false;
}

/// The field that is longer than the specification allows, which is refused; empty when there is none.
std::string too_long_field(const json& vector) {
    for (const auto& entry : vector.value("issues", json::array())) {
        const auto issue = entry.get<std::string>();
        if (const auto end = issue.find(" longer than"); end != issue.npos) return issue.substr(0, end);
    }
    return {};
}

json renamed(json body) {
    for (const auto& [theirs, ours] :
         {std::pair{"dest_addresses", "dest_address"}, {"unsuccess_smes", "unsuccess_sme"}}) {
        if (!body.contains(theirs)) continue;
        body[ours] = body[theirs];
        body.erase(theirs);
    }
    return body;
}

json tags_and_octets(const json& tlvs) {
    json result = json::array();
    for (const auto& tlv : tlvs) result.push_back({{"tag", tlv.at("tag")}, {"hex", tlv.at("hex")}});
    return result;
}

template <class Body>
void compare(const json& vector, ByteView octets) {
    const json& expected = vector.at("expected");
    const auto body = decode<Body>(octets);
    if (const std::string field = too_long_field(vector); !field.empty()) {
        ASSERT_FALSE(body) << vector.dump();
        EXPECT_EQ(body.error().field, field);
        return;
    }
    if (has_issue(vector, "sm_length 255")) {
        EXPECT_FALSE(body);
        EXPECT_TRUE(decode<Body>(octets, {.max_short_message = 255}));
        return;
    }
    ASSERT_TRUE(body) << body.error().field << " " << vector.dump();
    EXPECT_EQ(tlvs_as_json(body->tlvs), tags_and_octets(expected.at("tlvs"))) << vector.dump();
    if (expected.at("body").is_null()) return;
    EXPECT_EQ(fields_as_json(*body), renamed(expected.at("body"))) << vector.dump();
}

/// A body that a strict decoder refuses with `error`: refused here too, or read leniently.
template <class Body>
void expect_error(const std::string& error, ByteView octets) {
    const auto body = decode<Body>(octets);
    if (error == "TLV 0x0002 length 3072 past the end") {  // a NUL between short_message and the TLVs
        ASSERT_TRUE(body);
        EXPECT_EQ(body->tlvs.integer(Tag::sar_total_segments), 3u);
    } else if (error == "TLV 0x0303 length 31 past the end") {  // an answer of TLVs only
        ASSERT_TRUE(body);
        EXPECT_TRUE(body->tlvs.find(Tag::network_error_code));
    } else {
        ASSERT_FALSE(body) << error;
        EXPECT_EQ(body.error().field, error.starts_with("TLV") ? "tlvs" : error.substr(0, error.find(':')));
    }
}

TEST(Vectors, pdus) {
    SLUICE_VECTORS_OR_SKIP(all, "pdus.json");
    for (const json& vector : all) {
        const auto pdu = *parse_hex(vector.at("hex").get<std::string>());
        const json& header = vector.at("expected").at("header");
        const Frame front = frame(pdu);
        ASSERT_EQ(front.kind, Frame::Kind::pdu) << vector.dump();
        EXPECT_EQ(front.size, pdu.size());
        EXPECT_EQ(name_of(front.header.id), vector.at("expected").at("command").get<std::string>());
        EXPECT_EQ(static_cast<std::uint32_t>(front.header.status), header.at("command_status").get<std::uint32_t>());
        EXPECT_EQ(front.header.sequence, header.at("sequence_number").get<std::uint32_t>());
        with_body_of(front.header.id,
                     [&]<class Body>(std::type_identity<Body>) { compare<Body>(vector, front.body); });
        exercise_pdu(pdu);
    }
}

TEST(Vectors, malformedPdus) {
    SLUICE_VECTORS_OR_SKIP(all, "pdus_malformed.json");
    for (const json& vector : all) {
        const auto pdu = *parse_hex(vector.at("hex").get<std::string>());
        exercise_pdu(pdu);
        const Frame front = frame(pdu);
        const auto error = vector.value("error", "");
        if (error.starts_with("framing")) {
            EXPECT_EQ(front.kind, Frame::Kind::bad_length) << vector.dump();
            continue;
        }
        ASSERT_EQ(front.kind, Frame::Kind::pdu) << vector.dump();
        with_body_of(front.header.id, [&]<class Body>(std::type_identity<Body>) {
            if (error.empty())
                compare<Body>(vector, front.body);  // nothing but a few stray octets
            else
                expect_error<Body>(error, front.body);
        });
    }
}

TEST(Vectors, receipts) {
    SLUICE_VECTORS_OR_SKIP(all, "receipts.json");
    for (const json& vector : all) {
        const auto text = vector.at("text").get<std::string>();
        const ReceiptText parsed = parse_receipt_text(text);
        if (text.starts_with("id: sub:")) continue;  // a template without values: nothing is meant
        const auto expected = [&](const char* key) {
            auto value = vector.at("fields").value(key, "");
            while (value.ends_with('\0')) value.pop_back();
            return value;
        };
        EXPECT_EQ(parsed.id, expected("id")) << text;
        EXPECT_EQ(parsed.sub, expected("sub")) << text;
        EXPECT_EQ(parsed.dlvrd, expected("dlvrd")) << text;
        EXPECT_EQ(parsed.submit_date, expected("submit_date")) << text;
        EXPECT_EQ(parsed.done_date, expected("done_date")) << text;
        EXPECT_EQ(parsed.stat, expected("stat")) << text;
        EXPECT_EQ(parsed.err, expected("err")) << text;
        EXPECT_EQ(parsed.text, expected("text")) << text;
    }
}

}  // namespace
}  // namespace sluice::smpp::test
