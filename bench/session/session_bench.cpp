// What a session costs a PDU, codec of bodies left aside: a burst of submit_sm received and each answered at once, and
// requests sent and answered with the window full. Items are PDU pairs (request and answer).

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "engine/session/session.hpp"

namespace {

using namespace sluice;
using session::CommandId;
using session::CommandStatus;
using session::Session;

class Owner final : public session::SessionEvents {
    void on_bind(Session& session, const smpp::Header&, const smpp::Bind&) override { session.accept_bind(MonoTime()); }
    void on_outbind(Session&, const smpp::Outbind&) override {}
    void on_bound(Session&) override {}
    void on_request(Session& session, const smpp::Header& header, ByteView) override {
        session.respond(header.id, header.sequence, CommandStatus::ESME_ROK,
                        smpp::SubmitSmResp{.message_id = "1234567890123456789"});
    }
    void on_response(Session&, std::uint64_t cookie, const smpp::Header&, ByteView) override {
        benchmark::DoNotOptimize(cookie);
    }
    void on_unanswered(Session&, std::uint64_t) override {}
    void on_window_open(Session&) override {}
    void on_readable(Session&) override {}
    void on_end(Session&, session::EndReason, CommandStatus) override {}
};

constexpr smpp::SubmitSm message{.source_addr = "491701234567", .destination_addr = "491707654321"};

/// A message centre's session that a transceiver has bound to.
void become_bound(Session& session, OutBuffer& out) {
    OutBuffer peer;
    smpp::write_pdu(peer, CommandId::bind_transceiver, CommandStatus::ESME_ROK, 1, smpp::Bind{.system_id = "esme"});
    session.receive(peer.view(), MonoTime());
    out.clear();
}

void receive_and_respond(benchmark::State& state) {
    const auto burst = static_cast<std::uint32_t>(state.range(0));
    OutBuffer out, peer;
    Owner owner;
    Session session({}, owner, out, MonoTime());
    become_bound(session, out);
    const std::string text(100, 'x');
    smpp::SubmitSm body = message;
    body.short_message = as_bytes(text);
    for (std::uint32_t i = 0; i < burst; ++i)
        smpp::write_pdu(peer, CommandId::submit_sm, CommandStatus::ESME_ROK, i, body);
    for (auto _ : state) {
        session.receive(peer.view(), MonoTime());
        out.clear();
    }
    state.SetItemsProcessed(state.iterations() * burst);
}
BENCHMARK(receive_and_respond)->Arg(1)->Arg(100)->Arg(10000);

void send_and_be_answered(benchmark::State& state) {
    const auto window = static_cast<std::uint32_t>(state.range(0));
    OutBuffer out, peer;
    Owner owner;
    session::SessionConfig config;
    config.window = window;
    Session session(config, owner, out, MonoTime());
    become_bound(session, out);
    std::vector<std::uint32_t> sequences(window);
    for (auto _ : state) {
        for (std::uint32_t& sequence : sequences)
            sequence = session.send(CommandId::deliver_sm, message, 7, MonoTime());
        for (const std::uint32_t sequence : sequences)
            smpp::write_pdu(peer, CommandId::deliver_sm_resp, CommandStatus::ESME_ROK, sequence);
        session.receive(peer.view(), MonoTime());
        out.clear();
        peer.clear();
    }
    state.SetItemsProcessed(state.iterations() * window);
}
BENCHMARK(send_and_be_answered)->Arg(1)->Arg(100)->Arg(10000);

}  // namespace

BENCHMARK_MAIN();
