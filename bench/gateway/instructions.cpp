// Programs for callgrind: what one step of a message's way costs in instructions, which do not depend on what else the
// machine does. bench/instructions runs every case and compares with the baseline.
//
// usage: gateway_instructions CASE [COUNT]
// Does CASE COUNT times inside of `counted`, after as much again outside of it so that buffers have grown; prints
// COUNT. Without a case, lists them; --compiler says which compiler the counts belong to.

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "bench/gateway/world.hpp"
#include "codecs/smpp/receipt.hpp"
#include "engine/session/session.hpp"

namespace sluice::bench {
namespace {

/// Everything that is to be counted goes through here: the name is what callgrind toggles on.
template <class Work>
[[gnu::noinline]] std::size_t counted(Work&& work) {
    return work();
}

/// Keeps the compiler from leaving out what nobody looks at.
template <class T>
void use(const T& value) {
    asm volatile("" : : "g"(&value) : "memory");
}

template <class Step>
void repeat(std::uint64_t count, Step&& step) {
    const auto all = [&] {
        for (std::uint64_t i = 0; i < count; ++i) step();
        return std::size_t{0};
    };
    all();
    counted(all);
}

void life(std::uint64_t count, std::uint32_t sessions, std::uint32_t window, bool charged = false,
          std::uint32_t shards = 1) {
    World world(sessions, window, charged, shards);
    const auto turn = [](gateway::Shard& shard) { return shard.reactor().turn({}); };
    world.live(count, turn);
    world.live(count, [&](gateway::Shard& shard) { return counted([&] { return turn(shard); }); });
}
void life_10_100(std::uint64_t count) { life(count, 10, 100); }
void life_charged(std::uint64_t count) { life(count, 10, 100, true); }
void life_10_10(std::uint64_t count) { life(count, 10, 10); }
void life_1_1(std::uint64_t count) { life(count / 10, 1, 1); }
template <std::uint32_t shards>
void life_over_shards(std::uint64_t count) { life(count, 32, 100, false, shards); }

void decode(std::uint64_t count) {
    const auto body = sample_submit();
    repeat(count, [&] { use(smpp::decode<smpp::SubmitSm>(body)); });
}

void encode(std::uint64_t count) {
    const auto body = sample_submit();
    const smpp::SubmitSm pdu = *smpp::decode<smpp::SubmitSm>(body);
    OutBuffer out;
    repeat(count, [&] {
        smpp::write_pdu(out, CommandId::submit_sm, CommandStatus::ESME_ROK, 1, pdu);
        use(out);
        out.clear();
    });
}

void read_receipt(std::uint64_t count) {
    smpp::DeliverSm pdu;
    pdu.esm_class = smpp::esm_class::delivery_receipt;
    pdu.short_message =
        as_bytes(std::string_view("id:1000000000 sub:001 dlvrd:001 submit date:2603041200 "
                                  "done date:2603041200 stat:DELIVRD err:000 text:aaaaaaaaaaaaaaaaaaaa"));
    repeat(count, [&] { use(smpp::read_receipt(pdu)); });
}

void write_receipt(std::uint64_t count) {
    smpp::ReceiptReport report;
    report.message_id = "1234567890123456789";
    report.delivered = 1;
    report.text = "aaaaaaaaaaaaaaaaaaaa";
    std::array<std::uint8_t, smpp::receipt_text_max> text;
    std::array<std::uint8_t, smpp::receipt_tlvs_max> octets;
    repeat(count, [&] {
        use(smpp::write_receipt_text(report, text));
        smpp::TlvWriter tlvs(octets);
        use(smpp::write_receipt_tlvs(report, tlvs));
    });
}

/// A price list of 10 000 prefixes; destinations spread over all of them.
void route(std::uint64_t count) {
    Random random(1);
    std::vector<routing::RouteRule> rules(50);
    for (std::size_t i = 0; i < rules.size(); ++i)
        rules[i].targets = {{static_cast<routing::ProviderId>(i % 8)},
                            {static_cast<routing::ProviderId>((i + 1) % 8), 2}};
    std::vector<std::string> numbers;
    for (std::size_t i = 0; i < 10'000; ++i) {
        std::string prefix = std::to_string(100'000 + i * 89);
        rules[i % rules.size()].destinations.push_back(*routing::NumberPattern::prefix(prefix));
        numbers.push_back(prefix + "123456");
    }
    const routing::RouteTable table = *routing::RouteTable::compile(std::move(rules));
    const std::vector<routing::Health> health(8, routing::Health::up);
    std::size_t i = 0;
    repeat(count, [&] {
        routing::RouteRequest request;
        request.account = 0;
        request.destination = routing::Address::normalise(numbers[i++ % numbers.size()], 1);
        request.source = routing::Address::normalise("Sluice", 5);
        use(table.route(request, health, random.next()));
    });
}

/// A message's life in its shard's books, without any PDU: recorded, queued, sent, reported, done; 100 a batch.
void queue(std::uint64_t count) {
    using namespace gateway;
    io::SimNet net(1);
    SimulatedClock clock(net);
    storage::SimDisk disk;
    storage::SimStore store(disk, clock);
    constexpr std::size_t batch = 100;
    std::vector<AfterCommit> committed;
    committed.reserve(batch);
    MessageStore messages(store, IdSource(0, 0, 1), {},
                          {[&](const AfterCommit& then) { committed.push_back(then); }, [](Lane&) {},
                           [](Message&) {}, [](Message&) {}, [](Message&) {}});
    const Now now{clock.mono(), clock.wall()};
    SLUICE_CHECK(messages.recover(now).has_value());
    const auto body = sample_submit();
    const auto commit = [&] {
        committed.clear();
        messages.end_of_turn();
        while (store.step()) {}
        messages.poll(now);
    };
    const auto round = [&] {
        for (std::size_t i = 0; i < batch; ++i) {
            Message m;
            m.account = 1;
            m.provider = 2;
            m.expires_at = now.wall + seconds(86400);
            m.set_body(body);
            messages.accept(std::move(m), {}, now);
        }
        commit();
        for (const AfterCommit& then : committed) messages.enqueue(then, now);
        while (Message* m = messages.lane(2, 0).head()) {
            messages.sending(*m);
            m->provider_id = "1000000000";
            messages.sent(*m);
        }
        for (const AfterCommit& then : committed) messages.report(*messages.find(then.message), {}, now);
        commit();
        for (const AfterCommit& then : committed) messages.enqueue(then, now);
        while (Message* m = messages.lane(1, 0).head()) messages.done(*m);
        commit();
    };
    repeat(count / batch, round);
}

/// A burst of 100 submit_sm received by a session, each answered at once.
void session(std::uint64_t count) {
    class Owner final : public session::SessionEvents {
        void on_bind(session::Session& s, const smpp::Header&, const smpp::Bind&) override {
            s.accept_bind(MonoTime());
        }
        void on_outbind(session::Session&, const smpp::Outbind&) override {}
        void on_bound(session::Session&) override {}
        void on_request(session::Session& s, const smpp::Header& header, ByteView) override {
            s.respond(header.id, header.sequence, CommandStatus::ESME_ROK,
                      smpp::SubmitSmResp{.message_id = "1234567890123456789"});
        }
        void on_response(session::Session&, std::uint64_t, const smpp::Header&, ByteView) override {}
        void on_unanswered(session::Session&, std::uint64_t) override {}
        void on_window_open(session::Session&) override {}
        void on_readable(session::Session&) override {}
        void on_end(session::Session&, session::EndReason, CommandStatus) override {}
    } owner;
    OutBuffer out, peer;
    session::Session session({}, owner, out, MonoTime());
    smpp::write_pdu(peer, CommandId::bind_transceiver, CommandStatus::ESME_ROK, 1, smpp::Bind{.system_id = "esme"});
    session.receive(peer.view(), MonoTime());
    peer.clear();
    constexpr std::uint32_t burst = 100;
    const auto body = sample_submit();
    const smpp::SubmitSm pdu = *smpp::decode<smpp::SubmitSm>(body);
    for (std::uint32_t i = 1; i <= burst; ++i)
        smpp::write_pdu(peer, CommandId::submit_sm, CommandStatus::ESME_ROK, i, pdu);
    repeat(count / burst, [&] {
        session.receive(peer.view(), MonoTime());
        out.clear();
    });
}

struct Case {
    const char* name;
    void (*run)(std::uint64_t count);
    std::uint64_t count;
    std::uint64_t divisor = 1;  ///< `run` does `count / divisor`
};
constexpr Case cases[] = {
    {"life-10x100", life_10_100, 20'000}, {"life-10x10", life_10_10, 10'000}, {"life-1x1", life_1_1, 5'000, 10},
    {"life-charged", life_charged, 20'000},
    {"shards-1", life_over_shards<1>, 40'000}, {"shards-2", life_over_shards<2>, 40'000},
    {"shards-4", life_over_shards<4>, 40'000}, {"shards-8", life_over_shards<8>, 40'000},
    {"decode", decode, 10'000},           {"encode", encode, 10'000},         {"session", session, 10'000},
    {"route", route, 10'000},             {"queue", queue, 10'000},           {"read-receipt", read_receipt, 10'000},
    {"write-receipt", write_receipt, 10'000},
};

#if defined(__clang__)
constexpr const char* compiler = "clang " __clang_version__;
#else
constexpr const char* compiler = "gcc " __VERSION__;
#endif

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
    using sluice::bench::cases, sluice::bench::compiler;
    const std::string_view wanted = argc > 1 ? argv[1] : "";
    if (wanted == "--compiler") return std::puts(compiler), 0;
    for (const auto& each : cases) {
        if (wanted.empty()) std::puts(each.name);
        if (wanted != each.name) continue;
        const std::uint64_t count = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : each.count;
        each.run(count);
        std::printf("%llu\n", static_cast<unsigned long long>(count / each.divisor));
        return 0;
    }
    return wanted.empty() ? 0 : 2;
}
