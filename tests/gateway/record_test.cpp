#include "engine/gateway/record.hpp"

#include "engine/gateway/compose.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace sluice::gateway {
namespace {

Message arbitrary() {
    Message m;
    m.id = *rc::gen::inRange<std::uint64_t>(1, UINT64_MAX);
    m.shown_id = *rc::gen::arbitrary<std::uint64_t>();
    m.account = *rc::gen::arbitrary<std::uint32_t>();
    m.provider = *rc::gen::arbitrary<std::uint32_t>();
    m.kind = static_cast<Kind>(*rc::gen::inRange(0, 3));
    m.leg = static_cast<Leg>(*rc::gen::inRange(0, 2));
    m.stage = *rc::gen::element(Stage::queued, Stage::waiting, Stage::awaiting);
    m.final_state = static_cast<smpp::MessageState>(*rc::gen::inRange(0, 10));
    m.priority = static_cast<std::uint8_t>(*rc::gen::inRange(0, 4));
    m.attempts = *rc::gen::arbitrary<std::uint8_t>();
    m.registered_delivery = *rc::gen::arbitrary<std::uint8_t>();
    m.maybe_duplicate = *rc::gen::arbitrary<bool>();
    m.explicit_validity = *rc::gen::arbitrary<bool>();
    m.has_row = *rc::gen::arbitrary<bool>();
    m.position = *rc::gen::arbitrary<std::uint64_t>();
    m.receipt_key = *rc::gen::arbitrary<std::uint64_t>();
    m.lane_row = *rc::gen::arbitrary<std::uint64_t>();
    m.time_row = *rc::gen::arbitrary<std::uint64_t>();
    m.accepted_at = WallTime(microseconds(*rc::gen::arbitrary<std::int64_t>()));
    m.expires_at = WallTime(microseconds(*rc::gen::arbitrary<std::int64_t>()));
    m.due_at = WallTime(microseconds(*rc::gen::arbitrary<std::int64_t>()));
    m.done_at = WallTime(microseconds(*rc::gen::arbitrary<std::int64_t>()));
    m.provider_id = *rc::gen::container<std::string>(rc::gen::arbitrary<char>());
    m.set_error(*rc::gen::container<std::string>(rc::gen::arbitrary<char>()));
    m.set_body(*rc::gen::arbitrary<std::vector<std::uint8_t>>());
    m.own_text = *rc::gen::arbitrary<bool>();
    if (*rc::gen::arbitrary<bool>()) {
        m.parts = *rc::gen::inRange<std::uint8_t>(1, 255);
        m.part = *rc::gen::inRange<std::uint8_t>(1, 255);
        m.parts_left = *rc::gen::arbitrary<std::uint8_t>();
        m.part_over = *rc::gen::arbitrary<bool>();
        m.part_accepted = *rc::gen::arbitrary<bool>();
        m.decided = *rc::gen::arbitrary<bool>();
    }
    auto tlvs = *rc::gen::arbitrary<std::vector<std::uint8_t>>();
    tlvs.resize(std::min(tlvs.size(), limits::receipt_tlvs));
    m.report_tlvs = PooledOctets(tlvs);
    if (*rc::gen::arbitrary<bool>()) {
        m.charge = {*rc::gen::nonZero<std::int64_t>()};
        m.charge_units = *rc::gen::arbitrary<std::uint8_t>();
    }
    return m;
}

void expect_equal(const Message& a, const Message& b) {
    RC_ASSERT(a.id == b.id && a.shown_id == b.shown_id && a.receipt_key == b.receipt_key);
    RC_ASSERT(a.account == b.account && a.provider == b.provider);
    RC_ASSERT(a.kind == b.kind && a.leg == b.leg && a.stage == b.stage && a.final_state == b.final_state);
    RC_ASSERT(a.priority == b.priority && a.attempts == b.attempts && a.registered_delivery == b.registered_delivery);
    RC_ASSERT(a.maybe_duplicate == b.maybe_duplicate && a.explicit_validity == b.explicit_validity);
    RC_ASSERT(a.has_row == b.has_row && a.position == b.position && a.lane_row == b.lane_row &&
              a.time_row == b.time_row);
    RC_ASSERT(a.accepted_at == b.accepted_at && a.expires_at == b.expires_at && a.due_at == b.due_at);
    RC_ASSERT(a.done_at == b.done_at && a.provider_id == b.provider_id && a.error_text() == b.error_text());
    RC_ASSERT(as_text(a.body_view()) == as_text(b.body_view()));
    RC_ASSERT(a.own_text == b.own_text && a.part == b.part && a.parts == b.parts && a.parts_left == b.parts_left);
    RC_ASSERT(a.part_over == b.part_over && a.part_accepted == b.part_accepted && a.decided == b.decided);
    RC_ASSERT(as_text(a.report_tlvs) == as_text(b.report_tlvs) && a.charge == b.charge &&
              a.charge_units == b.charge_units);
}

TEST(Record, SnapshotComesBackWhole) {
    EXPECT_TRUE(rc::check([] {
        const Message m = arbitrary();
        storage::SegmentOctets segment;
        std::vector<std::uint8_t> row;
        write_snapshot(segment, m);
        write_done(segment, m.id);
        ByteView rest = segment;
        Record record;
        bool damaged = false;
        RC_ASSERT(next_record(rest, record, damaged) && record.type == RecordType::snapshot && record.id == m.id);
        Message back;
        RC_ASSERT(read_snapshot(record.payload, back));
        expect_equal(m, back);
        RC_ASSERT(next_record(rest, record, damaged) && record.type == RecordType::done);
        RC_ASSERT(!next_record(rest, record, damaged) && !damaged);
        encode_row(row, m);
        Message from_row;
        RC_ASSERT(read_snapshot(row, from_row));
        expect_equal(m, from_row);
    }));
}

TEST(Record, WhatWasPaidIsKnownFromEachRecord) {
    Message m;
    m.id = 1;
    m.charge = Money::of(3);
    storage::SegmentOctets segment;
    write_sent(segment, m);  // put aside still, for its receipt
    write_retry(segment, m);
    m.charge = {};
    write_sent(segment, m);
    ByteView rest = segment;
    Record record;
    bool damaged = false;
    Message found;
    found.charge = Money::of(3);
    for (const Money left : {Money::of(3), Money::of(3), Money{}}) {
        ASSERT_TRUE(next_record(rest, record, damaged) && apply_record(record, found));
        EXPECT_EQ(found.charge, left);
    }
    found.charge = Money::of(3);
    segment.clear();
    write_report(segment, m);
    rest = segment;
    ASSERT_TRUE(next_record(rest, record, damaged) && apply_record(record, found));
    EXPECT_EQ(found.charge, Money{});
}

TEST(Record, MovementsComeBackWhole) {
    EXPECT_TRUE(rc::check([] {
        Movement movement;
        movement.message = *rc::gen::arbitrary<std::uint64_t>();
        movement.amount = *rc::gen::arbitrary<std::int64_t>();
        movement.kind = static_cast<Movement::Kind>(*rc::gen::inRange(1, 5));
        std::string text = *rc::gen::container<std::string>(rc::gen::arbitrary<char>());
        text.resize(std::min(text.size(), Movement::most_text));
        movement.text_size = static_cast<std::uint8_t>(text.size());
        std::vector<std::uint8_t> segment, again;
        write_movement(segment, movement, text);
        ByteView rest = segment;
        Record record;
        bool damaged = false;
        RC_ASSERT(next_record(rest, record, damaged) && record.type == RecordType::movement);
        Movement back;
        std::string_view back_text;
        RC_ASSERT(read_movement(record.payload, back, back_text) && back_text == text);
        RC_ASSERT(std::memcmp(&back, &movement, sizeof movement) == 0);
        write_movement(again, record.id, record.payload);
        RC_ASSERT(again == segment);
        RC_ASSERT(!read_movement(record.payload.subspan(0, record.payload.size() - 1), back, back_text));
    }));
}

TEST(Record, ChangesAreApplied) {
    EXPECT_TRUE(rc::check([] {
        const Message changed = arbitrary();
        storage::SegmentOctets segment;
        write_sent(segment, changed);
        write_retry(segment, changed);
        write_report(segment, changed);
        ByteView rest = segment;
        Record record;
        bool damaged = false;
        Message m;
        RC_ASSERT(next_record(rest, record, damaged) && apply_record(record, m));
        RC_ASSERT(m.stage == Stage::awaiting && m.provider == changed.provider && m.provider_id == changed.provider_id);
        RC_ASSERT(m.receipt_key == changed.receipt_key);
        RC_ASSERT(next_record(rest, record, damaged) && apply_record(record, m));
        RC_ASSERT(m.stage == Stage::waiting && m.due_at == changed.due_at && m.attempts == changed.attempts);
        RC_ASSERT(next_record(rest, record, damaged) && apply_record(record, m));
        RC_ASSERT(m.stage == Stage::queued && m.leg == Leg::report && m.final_state == changed.final_state);
        RC_ASSERT(m.position == changed.position && m.error_text() == changed.error_text());
        RC_ASSERT(m.done_at == changed.done_at && m.expires_at == changed.expires_at);
        RC_ASSERT(as_text(m.report_tlvs) == as_text(changed.report_tlvs));
    }));
}

TEST(Record, DamageIsSeenAndNeverReadBeyond) {
    EXPECT_TRUE(rc::check([] {
        storage::SegmentOctets segment;
        write_snapshot(segment, arbitrary());
        const auto cut = *rc::gen::inRange<std::size_t>(1, segment.size());
        ByteView rest = ByteView(segment).first(cut);
        Record record;
        bool damaged = false;
        RC_ASSERT(!next_record(rest, record, damaged));
        RC_ASSERT(damaged);
    }));
    EXPECT_TRUE(rc::check([](std::vector<std::uint8_t> octets) {
        Message m;
        read_snapshot(octets, m);  // any outcome, but only within its octets
        ByteView rest = octets;
        Record record;
        bool damaged = false;
        while (next_record(rest, record, damaged)) apply_record(record, m);
    }));
}

// ---- bodies as messages keep them

std::vector<std::uint8_t> encoded(const smpp::MessageBody& pdu) {
    std::vector<std::uint8_t> octets(smpp::encoded_size(pdu));
    octets.resize(smpp::encode(pdu, octets));
    return octets;
}

std::vector<std::uint8_t> kept(const smpp::MessageBody& pdu) {
    Message m;
    store_body(m, pdu);
    return {m.body_view().begin(), m.body_view().end()};
}

TEST(Body, IsKeptAsEncodingWouldWriteIt) {
    EXPECT_TRUE(rc::check([] {
        const auto text = [](std::size_t longest) {
            const auto size = *rc::gen::inRange<std::size_t>(0, longest + 1);
            return *rc::gen::container<std::string>(size, rc::gen::inRange<char>(1, 127));
        };
        const auto octet = [] { return *rc::gen::arbitrary<std::uint8_t>(); };
        const std::string service = text(5), source = text(20), destination = text(20), message = text(254);
        smpp::MessageBody pdu;
        pdu.service_type = service;
        pdu.source_addr_ton = octet();
        pdu.source_addr = source;
        pdu.dest_addr_npi = octet();
        pdu.destination_addr = destination;
        pdu.esm_class = octet();
        pdu.priority_flag = octet();
        pdu.registered_delivery = octet();
        pdu.data_coding = octet();
        pdu.short_message = as_bytes(message);
        if (*rc::gen::arbitrary<bool>()) pdu.validity_period = "000001000000000R";
        if (*rc::gen::arbitrary<bool>()) pdu.schedule_delivery_time = "000000010000000R";
        std::array<std::uint8_t, 32> room;
        smpp::TlvWriter tlvs(room);
        tlvs.text(smpp::Tag::additional_status_info_text, "more");
        if (*rc::gen::arbitrary<bool>()) pdu.tlvs = tlvs.view();

        std::vector<std::uint8_t> came = encoded(pdu);
        if (*rc::gen::arbitrary<bool>())
            came.insert(came.end() - static_cast<std::ptrdiff_t>(pdu.tlvs.raw().size()), 0);
        const auto decoded = smpp::decode<smpp::MessageBody>(came);
        RC_ASSERT(decoded.has_value());
        smpp::MessageBody changed = *decoded;
        switch (*rc::gen::inRange(0, 6)) {  // what ingress may do to it
            case 0: changed.registered_delivery = 0; break;
            case 1: changed.source_addr_ton ^= 1; break;
            case 2: changed.tlvs = {}; break;
            case 3: changed.short_message = changed.short_message.first(changed.short_message.size() / 2); break;
            case 4: changed.destination_addr = "447700900123"; break;
            default: break;
        }
        smpp::MessageBody without_times = changed;
        without_times.validity_period = without_times.schedule_delivery_time = {};
        RC_ASSERT(kept(changed) == encoded(without_times));
        RC_ASSERT(kept(pdu) == kept(smpp::MessageBody(*smpp::decode<smpp::MessageBody>(encoded(pdu)))));
    }));
}

}  // namespace
}  // namespace sluice::gateway
