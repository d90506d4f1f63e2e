// What the codec costs a PDU on the hot path: a submit_sm of 140 octets of text framed, decoded and encoded, its
// answer, a receipt's text and TLVs read and written, a message_id made canonical, times read. One core, no I/O.

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "codecs/smpp/message_id.hpp"
#include "codecs/smpp/pdu.hpp"
#include "codecs/smpp/receipt.hpp"
#include "codecs/smpp/time.hpp"

namespace sluice::smpp {
namespace {

const std::string text(140, 'a');

/// With TLVs: what a client sends that counts its parts by sar_*.
std::vector<std::uint8_t> submit_sm(bool with_tlvs) {
    SubmitSm body;
    body.source_addr_ton = 5;
    body.source_addr = "Sluice";
    body.dest_addr_ton = body.dest_addr_npi = 1;
    body.destination_addr = "447700900123";
    body.validity_period = "000001000000000R";
    body.registered_delivery = registered_delivery::receipt_final;
    body.short_message = as_bytes(text);
    std::uint8_t room[64];
    TlvWriter tlvs(room);
    tlvs.integer(Tag::sar_msg_ref_num, 7);
    tlvs.integer(Tag::sar_total_segments, 3);
    tlvs.integer(Tag::sar_segment_seqnum, 1);
    if (with_tlvs) body.tlvs = tlvs.view();
    OutBuffer out;
    write_pdu(out, CommandId::submit_sm, CommandStatus::ESME_ROK, 1, body);
    return {out.view().begin(), out.view().end()};
}

void decode_submit_sm(benchmark::State& state) {
    const auto pdu = submit_sm(state.range(0) != 0);
    for (auto _ : state) {
        const Frame front = frame(pdu);
        auto body = decode<SubmitSm>(front.body);
        benchmark::DoNotOptimize(body);
    }
}
BENCHMARK(decode_submit_sm)->ArgName("tlvs")->Arg(0)->Arg(1);

void encode_submit_sm(benchmark::State& state) {
    const auto pdu = submit_sm(state.range(0) != 0);
    const auto body = decode<SubmitSm>(frame(pdu).body).value();
    OutBuffer out;
    for (auto _ : state) {
        write_pdu(out, CommandId::submit_sm, CommandStatus::ESME_ROK, 1, body);
        benchmark::DoNotOptimize(out.view().data());
        out.clear();
    }
}
BENCHMARK(encode_submit_sm)->ArgName("tlvs")->Arg(0)->Arg(1);

void encode_submit_sm_resp(benchmark::State& state) {
    OutBuffer out;
    for (auto _ : state) {
        write_pdu(out, CommandId::submit_sm_resp, CommandStatus::ESME_ROK, 1, SubmitSmResp{.message_id = "1891273321"});
        benchmark::DoNotOptimize(out.view().data());
        out.clear();
    }
}
BENCHMARK(encode_submit_sm_resp);

void decode_submit_sm_resp(benchmark::State& state) {
    const auto octets = as_bytes(std::string_view("1891273321\0", 11));
    for (auto _ : state) {
        auto body = decode<SubmitSmResp>(octets);
        benchmark::DoNotOptimize(body);
    }
}
BENCHMARK(decode_submit_sm_resp);

ReceiptReport report() {
    return {.message_id = "1891273321",
            .delivered = 1,
            .submit_date = *parse_date("1305050826"),
            .done_date = *parse_date("1305050827"),
            .network_error = NetworkError{3, 0},
            .text = text};
}

void write_receipt(benchmark::State& state) {
    const ReceiptReport told = report();
    std::uint8_t room[receipt_text_max], tlv_room[receipt_tlvs_max];
    for (auto _ : state) {
        benchmark::DoNotOptimize(write_receipt_text(told, room));
        TlvWriter tlvs(tlv_room);
        benchmark::DoNotOptimize(write_receipt_tlvs(told, tlvs));
        benchmark::ClobberMemory();
    }
}
BENCHMARK(write_receipt);

void read_receipt_of(benchmark::State& state) {
    const bool with_tlvs = state.range(0) != 0;
    std::uint8_t room[receipt_text_max], tlv_room[receipt_tlvs_max];
    DeliverSm body;
    body.esm_class = esm_class::delivery_receipt;
    body.short_message = {room, write_receipt_text(report(), room)};
    TlvWriter tlvs(tlv_room);
    write_receipt_tlvs(report(), tlvs);
    if (with_tlvs) body.tlvs = tlvs.view();
    for (auto _ : state) {
        auto receipt = read_receipt(body);
        benchmark::DoNotOptimize(receipt);
    }
}
BENCHMARK(read_receipt_of)->ArgName("tlvs")->Arg(0)->Arg(1);

void canonical_id(benchmark::State& state) {
    const auto format = static_cast<MessageIdFormat>(state.range(0));
    for (auto _ : state) {
        auto id = canonical_message_id("0001891273", format);
        benchmark::DoNotOptimize(id);
    }
}
BENCHMARK(canonical_id)->ArgName("format")->DenseRange(0, 2);

void parse_validity(benchmark::State& state) {
    const WallTime now = *parse_date("240131123000");
    for (auto _ : state) {
        auto time = parse_time(state.range(0) != 0 ? "000001000000000R" : "240201123000000+", now);
        benchmark::DoNotOptimize(time);
    }
}
BENCHMARK(parse_validity)->ArgName("relative")->Arg(0)->Arg(1);

}  // namespace
}  // namespace sluice::smpp

BENCHMARK_MAIN();
