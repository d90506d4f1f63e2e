#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "engine/session/session.hpp"
#include "tests/session/driver.hpp"

/// What sessions cost in memory, counted at the allocator of this program.
namespace {

std::size_t allocations = 0;
std::size_t live_octets = 0;
constexpr std::size_t prefix = alignof(std::max_align_t);

}  // namespace

void* operator new(std::size_t size) {
    auto* const block = static_cast<std::size_t*>(std::malloc(prefix + size));
    if (block == nullptr) throw std::bad_alloc();
    *block = size;
    ++allocations;
    live_octets += size;
    return reinterpret_cast<char*>(block) + prefix;
}
void operator delete(void* pointer) noexcept {
    if (pointer == nullptr) return;
    auto* const block = reinterpret_cast<std::size_t*>(static_cast<char*>(pointer) - prefix);
    live_octets -= *block;
    std::free(block);
}
void operator delete(void* pointer, std::size_t) noexcept { operator delete(pointer); }

namespace sluice::session::test {
namespace {

/// Answers each request at once, as cheaply as an owner can.
class Answerer final : public SessionEvents {
    void on_bind(Session& session, const smpp::Header&, const smpp::Bind&) override { session.accept_bind(MonoTime()); }
    void on_outbind(Session&, const smpp::Outbind&) override {}
    void on_bound(Session&) override {}
    void on_request(Session& session, const smpp::Header& header, ByteView) override {
        const smpp::SubmitSmResp body{.message_id = "0123456789"};
        session.respond(header.id, header.sequence, CommandStatus::ESME_ROK, body);
    }
    void on_response(Session&, std::uint64_t, const smpp::Header&, ByteView) override {}
    void on_unanswered(Session&, std::uint64_t) override {}
    void on_window_open(Session&) override {}
    void on_readable(Session&) override {}
    void on_end(Session&, EndReason, CommandStatus) override {}
};

TEST(Memory, AnIdleSessionIsSmall) {
    EXPECT_LT(sizeof(Session), 512u);
    const Octets bind = pdu(CommandId::bind_transceiver, 1, bind_body());
    OutBuffer out;
    Answerer owner;
    const std::size_t before = live_octets;
    Session session({}, owner, out, MonoTime());
    session.receive(bind, MonoTime());
    ASSERT_TRUE(session.bound());
    EXPECT_LT(sizeof(Session) + live_octets - before, 2048u) << "its output buffer included";
}

TEST(Memory, AWindowGivesItsMemoryBackWhenIdleAndAtTheEnd) {
    for (const bool idle : {true, false}) {
        Driver driver(Role::esme, State::bound_trx);
        driver.out.reserve(4096);
        const std::size_t before = live_octets;
        while (driver.send(CommandId::submit_sm, 1) != 0) {}
        EXPECT_GT(live_octets - before, 2048u);
        Octets answers;
        for (std::uint32_t i = 2; i <= 101; ++i) answers = std::move(answers) + pdu(CommandId::submit_sm_resp, i);
        driver.receive(answers);
        answers = Octets();
        driver.told();
        if (idle) {
            driver.pass(seconds(30));
            EXPECT_EQ(driver.session.in_flight(), 0u);
            EXPECT_TRUE(driver.session.bound());
        } else {
            driver.session.connection_lost(driver.now);
            driver.told();
        }
        EXPECT_EQ(live_octets, before);
    }
}

TEST(Memory, RequestsAndAnswersAllocateNothing) {
    OutBuffer out;
    Answerer owner;
    Session session({}, owner, out, MonoTime());
    session.receive(pdu(CommandId::bind_transceiver, 1, bind_body()), MonoTime());
    Octets burst;
    for (std::uint32_t i = 1; i <= 1000; ++i) burst = std::move(burst) + pdu(CommandId::submit_sm, i, Octets(60));
    session.receive(burst, MonoTime());  // the output buffer finds its size
    const auto full_window = [&] {
        while (session.send(CommandId::deliver_sm, smpp::DeliverSm{.source_addr = "49170"}, 1, MonoTime()) != 0) {}
    };
    full_window();
    Octets answers;
    for (std::uint32_t i = 1; i <= 200; ++i) answers = std::move(answers) + pdu(CommandId::deliver_sm_resp, i, {0});
    session.receive(answers, MonoTime());
    ASSERT_EQ(session.in_flight(), 0u);
    out.clear();

    const std::size_t before = allocations;
    session.receive(burst, MonoTime());
    full_window();
    session.receive(answers, MonoTime());
    EXPECT_EQ(allocations, before);
    EXPECT_EQ(session.in_flight(), 0u);
    EXPECT_EQ(session.counters().pdus_out, 1 + 2000 + 200u);
}

}  // namespace
}  // namespace sluice::session::test
