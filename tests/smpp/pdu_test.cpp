#include "codecs/smpp/pdu.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::smpp {
namespace {

using namespace std::string_literals;
using enum CommandStatus;

/// The octets of a literal with embedded NULs.
ByteView operator""_octets(const char* text, std::size_t size) { return as_bytes({text, size}); }

std::vector<std::uint8_t> encoded(const auto& body) {
    std::vector<std::uint8_t> octets(encoded_size(body));
    octets.resize(encode(body, octets));
    return octets;
}

SubmitSm sample() {
    SubmitSm body;
    body.service_type = "CMT";
    body.source_addr = "Sluice";
    body.destination_addr = "447700900123";
    body.short_message = "hello"_octets;
    return body;
}

template <class Body>
void expect_error(ByteView octets, CommandStatus status, std::string_view field, DecodeOptions options = {}) {
    const auto body = decode<Body>(octets, options);
    ASSERT_FALSE(body.has_value());
    EXPECT_EQ(body.error().status, status) << name_of(body.error().status);
    EXPECT_EQ(body.error().field, field);
}

/// sample() with octets in the place of one field, and the rest as it was.
std::string sample_with(std::string_view field, const std::string& octets) {
    std::string out;
    const auto add = [&](std::string_view name, const std::string& usual) { out += name == field ? octets : usual; };
    add("service_type", "CMT\0"s);
    add("source_addr_ton", "\0"s);
    add("source_addr_npi", "\0"s);
    add("source_addr", "Sluice\0"s);
    add("dest_addr_ton", "\0"s);
    add("dest_addr_npi", "\0"s);
    add("destination_addr", "447700900123\0"s);
    out += "\0\0\0"s;
    add("schedule_delivery_time", "\0"s);
    add("validity_period", "\0"s);
    out += "\0\0\0\0"s;
    add("short_message", "\5hello"s);
    add("tlvs", ""s);
    return out;
}

TEST(Header, roundTrip) {
    const Header header{0x11223344, CommandId::submit_sm_resp, ESME_RTHROTTLED, 0xFFFFFFFF};
    std::uint8_t octets[header_size];
    write_header(octets, header);
    EXPECT_EQ(octets[0], 0x11);
    EXPECT_EQ(octets[4], 0x80);
    EXPECT_EQ(octets[11], 0x58);
    EXPECT_EQ(read_header(octets), header);
}

TEST(Frame, waitsForWholePdus) {
    const auto pdu = "\0\0\0\x12\0\0\0\x15\0\0\0\0\0\0\0\x07yz"_octets;
    for (std::size_t size = 0; size < pdu.size(); ++size) {
        const Frame front = frame(pdu.first(size));
        EXPECT_EQ(front.kind, Frame::Kind::incomplete) << size;
        EXPECT_EQ(front.size, size < 4 ? header_size : pdu.size());
    }
    const Frame front = frame(pdu);
    EXPECT_EQ(front.kind, Frame::Kind::pdu);
    EXPECT_EQ(front.size, pdu.size());
    EXPECT_EQ(front.header.id, CommandId::enquire_link);
    EXPECT_EQ(front.header.sequence, 7u);
    EXPECT_EQ(as_text(front.body), "yz");
}

TEST(Frame, takesOnlyTheFirstPdu) {
    const auto two = "\0\0\0\x10\0\0\0\x15\0\0\0\0\0\0\0\x01\0\0\0\x10\0\0\0\x06\0\0\0\0\0\0\0\x02"_octets;
    EXPECT_EQ(frame(two).size, header_size);
    EXPECT_EQ(frame(two.subspan(header_size)).header.id, CommandId::unbind);
}

TEST(Frame, refusesLengthsThatNoPduHas) {
    for (const auto octets : {"\0\0\0\0"_octets, "\0\0\0\x0F"_octets, "\0\x02\0\x01"_octets,
                              "GET / HTTP/1.1\r\n"_octets, "\r\n\r\n"_octets, "\xFF\xFF\xFF\xFF"_octets})
        EXPECT_EQ(frame(octets).kind, Frame::Kind::bad_length);
    EXPECT_EQ(frame("\0\x02\0\0"_octets).kind, Frame::Kind::incomplete) << "limits::max_pdu itself is good";
    const Frame bad = frame("\0\0\0\x08\0\0\0\x15\0\0\0\0\0\0\0\x01"_octets);
    EXPECT_EQ(bad.header.sequence, 1u) << "for the generic_nack";
}

TEST(Encode, submitSmOctetByOctet) {
    SubmitSm body = sample();
    body.source_addr_ton = 5;
    body.dest_addr_ton = 1;
    body.dest_addr_npi = 1;
    body.esm_class = 0x40;
    body.validity_period = "000001000000000R";
    body.registered_delivery = 1;
    body.data_coding = 8;
    std::uint8_t room[16];
    TlvWriter tlvs(room);
    ASSERT_TRUE(tlvs.integer(Tag::user_message_reference, 0x1234));
    body.tlvs = tlvs.view();
    EXPECT_EQ(as_text(encoded(body)),
              "CMT\0\5\0Sluice\0\1\1""447700900123\0\x40\0\0\0""000001000000000R\0\1\0\x08\0\5hello\2\4\0\2\x12\x34"s);
}

TEST(Encode, cutsWhatAFieldCannotCarry) {
    SubmitSm body = sample();
    body.service_type = "too long";
    body.source_addr = std::string_view("A\0B", 3);
    const std::string long_text(300, 'x');
    body.short_message = as_bytes(long_text);
    EXPECT_FALSE(check(body));
    const auto octets = encoded(body);
    const auto again = decode<SubmitSm>(octets, {.max_short_message = 255});
    ASSERT_TRUE(again);
    EXPECT_EQ(again->service_type, "too l");
    EXPECT_EQ(again->source_addr, "A");
    EXPECT_EQ(again->destination_addr, "447700900123");
    EXPECT_EQ(again->short_message.size(), 255u);
}

TEST(Encode, writePduAppends) {
    OutBuffer out;
    EXPECT_EQ(write_pdu(out, CommandId::enquire_link, ESME_ROK, 9), 16u);
    EXPECT_EQ(write_pdu(out, CommandId::submit_sm_resp, ESME_ROK, 10, SubmitSmResp{.message_id = "abc"}), 20u);
    EXPECT_EQ(as_text(out.view()), "\0\0\0\x10\0\0\0\x15\0\0\0\0\0\0\0\x09"
                                   "\0\0\0\x14\x80\0\0\x04\0\0\0\0\0\0\0\x0A""abc\0"s);
}

TEST(Check, namesTheField) {
    SubmitSm body = sample();
    EXPECT_TRUE(check(body));
    body.destination_addr = "4477009001234477009001234";
    EXPECT_EQ(check(body).error().status, ESME_RINVDSTADR);
    body = sample();
    body.source_addr = std::string_view("a\0", 2);
    EXPECT_STREQ(check(body).error().field, "source_addr");
    body = sample();
    body.tlvs = TlvView("\0"_octets);
    EXPECT_EQ(check(body).error().status, ESME_RINVTLVSTREAM);
    SubmitMulti multi;
    multi.dest_address = ListView<Destination>("\1\1\1x\0"_octets, 2);
    EXPECT_FALSE(check(multi));
    multi.dest_address = ListView<Destination>("\1\1\1x\0"_octets, 1);
    EXPECT_TRUE(check(multi));
    Bind bind;
    bind.password = "123456789";
    EXPECT_TRUE(check(bind));
    EXPECT_EQ(check(bind, {.long_credentials = false}).error().status, ESME_RINVPASWD);
}

TEST(Decode, fieldErrorsHaveTheirStatus) {
    const std::string no_nul(100, 'x');
    const auto expect = [&](std::string_view field, const std::string& octets, CommandStatus status) {
        expect_error<SubmitSm>(as_bytes(sample_with(field, octets)), status, field);
    };
    expect("service_type", "toolong\0"s, ESME_RINVSERTYP);
    expect("source_addr", no_nul, ESME_RINVSRCADR);
    expect("destination_addr", no_nul, ESME_RINVDSTADR);
    expect("schedule_delivery_time", "01234567890123456789\0"s, ESME_RINVSCHED);
    expect("validity_period", "01234567890123456789\0"s, ESME_RINVEXPIRY);
    ASSERT_TRUE(decode<SubmitSm>(as_bytes(sample_with("", "")))) << "the sample itself is good";
}

TEST(Decode, everyCutNamesAField) {
    const std::string whole = sample_with("", "");
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const auto body = decode<SubmitSm>(as_bytes(std::string_view(whole).substr(0, size)));
        ASSERT_FALSE(body) << size;
        EXPECT_NE(body.error().status, ESME_ROK);
    }
    expect_error<SubmitSm>("CMT\0"_octets, ESME_RINVSRCTON, "source_addr_ton");
    expect_error<SubmitSm>(""_octets, ESME_RINVSERTYP, "service_type");
    expect_error<Bind>("a\0b\0c\0"_octets, ESME_RINVCMDLEN, "interface_version");
}

TEST(Decode, smLengthThatLies) {
    const auto expect = [](const std::string& octets, DecodeOptions options = {}) {
        expect_error<SubmitSm>(as_bytes(sample_with("short_message", octets)), ESME_RINVMSGLEN, "sm_length", options);
    };
    expect("\6hello"s);
    expect("\xFF" + std::string(255, 'x'));
    expect("\xFE" + std::string(253, 'x'));
    expect("\xBE" + std::string(444, 'a'));  // counted modulo 256
    EXPECT_TRUE(decode<SubmitSm>(as_bytes(sample_with("short_message", "\xFF" + std::string(255, 'x'))),
                                 {.max_short_message = 255}));
    EXPECT_TRUE(decode<SubmitSm>(as_bytes(sample_with("short_message", "\xFE" + std::string(254, 'x')))));
}

TEST(Decode, longCredentialsByOption) {
    const std::string octets = std::string(64, 's') + '\0' + std::string(64, 'p') + "\0\0\x34\0\0\0"s;
    const auto body = decode<Bind>(as_bytes(octets));
    ASSERT_TRUE(body);
    EXPECT_EQ(body->system_id.size(), 64u);
    EXPECT_EQ(body->password.size(), 64u);
    EXPECT_EQ(body->interface_version, 0x34);
    expect_error<Bind>(as_bytes(octets), ESME_RINVSYSID, "system_id", {.long_credentials = false});
    expect_error<Bind>(as_bytes("s" + octets), ESME_RINVSYSID, "system_id");
    expect_error<Bind>(as_bytes("me\0"s + std::string(65, 'p') + "\0\0\x34\0\0\0"s), ESME_RINVPASWD, "password");
}

TEST(Decode, answersMayLeaveTheirBodyOut) {
    for (const auto octets : {""_octets, "\0"_octets}) {
        EXPECT_EQ(decode<SubmitSmResp>(octets)->message_id, "");
        EXPECT_EQ(decode<BindResp>(octets)->system_id, "");
        EXPECT_TRUE(decode<QuerySmResp>(octets));
        EXPECT_TRUE(decode<SubmitMultiResp>(octets));
    }
    EXPECT_EQ(decode<SubmitSmResp>("\0\4\x28\0\1\x1A"_octets)->tlvs.integer(Tag::congestion_state), 0x1Au);
    EXPECT_EQ(decode<SubmitSmResp>("id\0\4\x28\0\1\x1A"_octets)->message_id, "id");
    EXPECT_FALSE(decode<SubmitSmResp>("id"_octets));
    EXPECT_FALSE(decode<SubmitSm>(""_octets)) << "requests may not";
}

TEST(Decode, answersMayBeTlvsOnly) {
    const auto failed = decode<DataSmResp>("\4\x23\0\3\3\0\x1F"_octets);
    ASSERT_TRUE(failed);
    EXPECT_EQ(failed->message_id, "");
    EXPECT_EQ(as_text(*failed->tlvs.find(Tag::network_error_code)), "\3\0\x1F"s);
    const auto with_text = decode<DataSmResp>("\0\x1D\0\5full\0"_octets);
    ASSERT_TRUE(with_text);
    EXPECT_EQ(with_text->tlvs.text(Tag::additional_status_info_text), "full");
    EXPECT_EQ(decode<BindResp>("\2\x10\0\1\x34"_octets)->tlvs.integer(Tag::sc_interface_version), 0x34u);
}

TEST(Decode, strayOctetsAreLeftOut) {
    const auto tlvs_of = [](const std::string& after) {
        const std::string octets = sample_with("tlvs", after);
        const auto body = decode<SubmitSm>(as_bytes(octets));
        return body ? std::string(as_text(body->tlvs.raw())) : "error";
    };
    const std::string sar = "\x02\x0C\0\2\0\x89\x02\x0E\0\1\3\x02\x0F\0\1\3"s;
    EXPECT_EQ(tlvs_of(sar), sar);
    EXPECT_EQ(tlvs_of("\0"s + sar), sar) << "a NUL that sm_length does not count";
    EXPECT_EQ(tlvs_of("\0\0\0"s + sar), sar);
    EXPECT_EQ(tlvs_of(sar + "\xFF\xFF\xFF"s), sar);
    EXPECT_EQ(tlvs_of("\0"s), "");
    EXPECT_EQ(tlvs_of("\0\0\0"s), "");
    EXPECT_EQ(tlvs_of("xyz"s), "");
}

TEST(Decode, aCutTlvIsAnError) {
    const auto expect = [](const std::string& tlvs) {
        expect_error<SubmitSm>(as_bytes(sample_with("tlvs", tlvs)), ESME_RINVTLVSTREAM, "tlvs");
    };
    expect("\x02\x0C\0\3\0\x89"s);
    expect("\x02\x0C\0\2\0\x89\x02\x0E\0\1"s);
    expect("\x14\x03\xFF\xFF"s);
}

TEST(Decode, emptyBodiesPutUpWithALittle) {
    EXPECT_TRUE(decode<EmptyBody>(""_octets));
    EXPECT_TRUE(decode<EmptyBody>("\0"_octets)) << "a 17-octet enquire_link_resp";
    EXPECT_TRUE(decode<EmptyBody>("\xFF"_octets));
    EXPECT_FALSE(decode<EmptyBody>("\xDE\xAD\xBE\xEF"_octets));
}

TEST(Decode, textsAsMessage) {
    SubmitSm body = sample();
    EXPECT_EQ(as_text(message_text(body)), "hello");
    std::uint8_t room[32];
    TlvWriter tlvs(room);
    tlvs.octets(Tag::message_payload, "payload"_octets);
    body.tlvs = tlvs.view();
    EXPECT_EQ(as_text(message_text(body)), "hello") << "short_message comes first";
    body.short_message = {};
    EXPECT_EQ(as_text(message_text(body)), "payload");
    DataSm data;
    EXPECT_TRUE(message_text(data).empty());
    data.tlvs = tlvs.view();
    EXPECT_EQ(as_text(message_text(data)), "payload");

    EXPECT_EQ(without_trailing_nul("ab\0"_octets, 0).size(), 2u);
    EXPECT_EQ(without_trailing_nul("ab\0\0"_octets, 3).size(), 3u);
    EXPECT_EQ(without_trailing_nul("ab\0"_octets, 4).size(), 3u) << "binary";
    EXPECT_EQ(without_trailing_nul("\0A\0"_octets, 8).size(), 3u) << "UCS-2";
    EXPECT_TRUE(without_trailing_nul(""_octets, 0).empty());
}

TEST(Lists, submitMulti) {
    const auto body = decode<SubmitMulti>(
        "\0\1\1""4455\0\3\1\1\1""4477\0\2friends\0\1\0\0""4478\0\0\0\0\0\0\0\0\0\0\2hi"_octets);
    ASSERT_TRUE(body);
    ASSERT_EQ(body->dest_address.size(), 3u);
    std::vector<std::string> names;
    for (const Destination& to : body->dest_address)
        names.emplace_back(to.dest_flag == dest_flag_sme ? to.destination_addr : to.dl_name);
    EXPECT_EQ(names, (std::vector<std::string>{"4477", "friends", "4478"}));
    EXPECT_EQ(as_text(body->short_message), "hi");
    expect_error<SubmitMulti>("\0\1\1""4455\0\1\3"_octets, ESME_RINVDESTFLAG, "dest_flag");
    expect_error<SubmitMulti>("\0\1\1""4455\0"_octets, ESME_RINVNUMDESTS, "number_of_dests");
    expect_error<SubmitMulti>("\0\1\1""4455\0\2\2friends\0\2"_octets, ESME_RINVDLNAME, "dl_name");
}

TEST(Lists, writerIsBounded) {
    std::uint8_t room[20];
    ListWriter<Destination> small(room);
    const Destination to{.dest_flag = dest_flag_sme, .destination_addr = "1234567"};
    EXPECT_TRUE(small.add(to));
    EXPECT_FALSE(small.add(to));
    EXPECT_EQ(small.view().size(), 1u);
    EXPECT_EQ(small.view().begin()->destination_addr, "1234567");

    std::vector<std::uint8_t> plenty(1024);
    ListWriter<LastMessage> full(plenty);
    for (int i = 0; i < 255; ++i) EXPECT_TRUE(full.add({"1"}));
    EXPECT_FALSE(full.add({"1"}));
    EXPECT_EQ(full.view().size(), 255u);
}

TEST(Lists, iterationIsSafeOnAnything) {
    std::size_t count = 0;
    for ([[maybe_unused]] const UnsuccessSme& entry : ListView<UnsuccessSme>("\1\1""44\0\0\0\0\x0B\1\1"_octets, 200))
        ++count;
    EXPECT_EQ(count, 1u);
}

TEST(Tlvs, readLeniently) {
    const TlvView tlvs("\4\x27\0\2\0\2\0\x1E\0\3abc\2\4\0\0\x14\3\0\1z\0\x17\0\5\1\0\0\0\0"_octets);
    EXPECT_EQ(tlvs.integer(Tag::message_state), 2u) << "two octets instead of one";
    EXPECT_EQ(tlvs.text(Tag::receipted_message_id), "abc") << "no NUL";
    EXPECT_FALSE(tlvs.integer(Tag::user_message_reference)) << "no octets";
    EXPECT_TRUE(tlvs.find(Tag::user_message_reference));
    EXPECT_EQ(as_text(*tlvs.find(Tag{0x1403})), "z");
    EXPECT_FALSE(tlvs.integer(Tag::qos_time_to_live)) << "does not fit";
    EXPECT_FALSE(tlvs.find(Tag::dest_port));
    EXPECT_EQ(std::distance(tlvs.begin(), std::ranges::next(tlvs.begin(), tlvs.end())), 5);
    EXPECT_TRUE(TlvView("\0\1\0"_octets).empty());
    EXPECT_TRUE(TlvView("\0\1\0\1"_octets).empty());
}

TEST(Tlvs, writerIsBounded) {
    std::uint8_t room[12];
    TlvWriter writer(room);
    EXPECT_TRUE(writer.text(Tag::receipted_message_id, "abc"));
    EXPECT_FALSE(writer.octets(Tag::message_payload, "x"_octets));
    EXPECT_TRUE(writer.octets(Tag::alert_on_message_delivery, {}));
    EXPECT_FALSE(writer.octets(Tag::alert_on_message_delivery, {}));
    EXPECT_EQ(writer.size(), 12u);
    EXPECT_EQ(writer.view().text(Tag::receipted_message_id), "abc");
    const std::vector<std::uint8_t> huge(0x10000);
    std::vector<std::uint8_t> room_enough(0x20000);
    EXPECT_FALSE(TlvWriter(room_enough).octets(Tag::message_payload, huge)) << "no length field can say that";
}

}  // namespace
}  // namespace sluice::smpp
