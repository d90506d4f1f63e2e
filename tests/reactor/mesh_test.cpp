#include "engine/reactor/mesh.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sluice::reactor {
namespace {

TEST(Mesh, DeliversInOrderWithSenderAndType) {
    Mesh mesh(3, 1 << 20);
    std::vector<int> wakes(3);
    for (std::size_t i = 0; i < 3; ++i) mesh.set_wake(i, [&wakes, i] { ++wakes[i]; });
    auto zero = mesh.port(0), one = mesh.port(1), two = mesh.port(2);
    EXPECT_TRUE(zero.send(2, 7, as_bytes("first")));
    EXPECT_TRUE(one.send(2, 8, as_bytes("")));
    EXPECT_TRUE(zero.send(2, 9, as_bytes("second")));
    EXPECT_FALSE(two.has_records());
    zero.flush();
    one.flush();
    EXPECT_EQ(wakes, (std::vector<int>{0, 0, 2}));
    zero.flush();
    EXPECT_EQ(wakes, (std::vector<int>{0, 0, 2})) << "nothing new, nobody woken";

    std::string seen;
    const Mesh::Receive receive = [&](std::size_t from, std::uint32_t type, ByteView record) {
        seen += std::to_string(from) + ":" + std::to_string(type) + ":" + std::string(as_text(record)) + " ";
    };
    EXPECT_TRUE(two.has_records());
    EXPECT_EQ(two.receive(receive), 3u);
    EXPECT_EQ(seen, "0:7:first 0:9:second 1:8: ");
    EXPECT_EQ(two.receive(receive), 0u);
}

TEST(Mesh, AShardReachesItselfWithoutAWake) {
    Mesh mesh(1, 1 << 20);
    mesh.set_wake(0, [] { FAIL(); });
    auto port = mesh.port(0);
    EXPECT_TRUE(port.send(0, 1, as_bytes("note")));
    port.flush();
    std::size_t count = 0;
    port.receive([&](std::size_t, std::uint32_t, ByteView) { ++count; });
    EXPECT_EQ(count, 1u);
}

TEST(Mesh, AFullRingRefusesAndItsWriterIsWokenWhenThereIsRoom) {
    Mesh mesh(2, 1 << 20);
    int woken = 0;
    mesh.set_wake(0, [&] { ++woken; });
    mesh.set_wake(1, [] {});
    auto from = mesh.port(0), to = mesh.port(1);
    const std::string record(limits::ring_record, 'r');
    std::size_t sent = 0;
    while (from.send(1, 0, as_bytes(record))) ++sent;
    EXPECT_GE(sent, 2u);
    from.flush();
    EXPECT_EQ(woken, 0);
    const Mesh::Receive receive = [](std::size_t, std::uint32_t, ByteView) {};
    EXPECT_EQ(to.receive(receive), sent);
    EXPECT_EQ(woken, 1);
    EXPECT_TRUE(from.send(1, 0, as_bytes(record)));
    from.flush();
    EXPECT_EQ(to.receive(receive), 1u);
    EXPECT_EQ(woken, 1) << "woken only when it waits";
}

TEST(Mesh, ATurnTakesEverythingThatOthersHaveSent) {
    Mesh mesh(2);
    mesh.set_wake(0, [] {});
    mesh.set_wake(1, [] {});
    auto from = mesh.port(0), to = mesh.port(1);
    std::size_t sent = 0;
    while (from.send(1, 0, as_bytes("what one turn of another shard makes"))) ++sent;
    from.flush();
    ASSERT_GT(sent, 1000u);
    EXPECT_EQ(to.receive([](std::size_t, std::uint32_t, ByteView) {}), sent);
}

}  // namespace
}  // namespace sluice::reactor
