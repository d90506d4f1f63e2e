// The simulated network: its faults, and that a seed decides everything.

#include "engine/base/random.hpp"
#include "tests/io/world.hpp"

namespace sluice::io {
namespace {

/// Two hosts with one link, in virtual time.
class Sim : public testing::Test {
protected:
    explicit Sim(const SimOptions& options = {}) : net(3, options), server(net.add_host()), client(net.add_host()) {
        listener = *server.io->listen(*Endpoint::parse(":2775"), {});
        at = address(server);
        at.port = 2775;
        link = client.connect(at);
    }

    static const Endpoint& address(Host& host) { return static_cast<SimIo&>(*host.io).address(); }
    ConnectionId connection() { return static_cast<SimIo&>(*client.io).connection(link); }
    LinkId server_end() { return server.accepted.at(0); }

    /// Runs until nothing happens any more, or time is up.
    void run(nanoseconds duration) {
        const MonoTime end = net.now() + duration;
        for (;;) {
            for (Host* host : hosts) host->io->turn(*host, {});
            const auto next = net.next_event_time();
            if (!next || *next > end) break;
            net.advance(*next);
        }
        net.advance(end);
    }

    SimNet net;
    Host server, client;
    std::vector<Host*> hosts{&server, &client};
    ListenerId listener = 0;
    Endpoint at;
    LinkId link;
};

TEST_F(Sim, FallsSilentWhenNothingIsLeftToDo) {
    run(seconds(1));
    EXPECT_EQ(client[link].connected, std::error_code());
    EXPECT_FALSE(net.next_event_time().has_value());
    client.write(link, "x");
    EXPECT_EQ(net.next_event_time(), net.now());
    run(seconds(1));
    EXPECT_EQ(server[server_end()].received, "x");
    EXPECT_FALSE(net.next_event_time().has_value());
}

TEST_F(Sim, ResetReachesBothEnds) {
    run(seconds(1));
    net.reset(connection());
    run(seconds(1));
    EXPECT_EQ(client[link].closed, std::make_error_code(std::errc::connection_reset));
    EXPECT_EQ(server[server_end()].closed, std::make_error_code(std::errc::connection_reset));
    EXPECT_TRUE(net.connections().empty());
}

TEST_F(Sim, ACutIsSilenceAndFillsTheWindow) {
    run(seconds(1));
    net.cut(connection());
    client.write(link, std::string(200'000, 'x'));
    run(seconds(1000));
    EXPECT_EQ(server[server_end()].received, "");
    EXPECT_TRUE(client.is_open(link));
    EXPECT_TRUE(server.is_open(server_end()));
    EXPECT_EQ(client.io->unsent(link), 200'000u - 64 * 1024);
    // Closing such a link ends too, after the linger limit.
    client.close(link);
    run(seconds(10));
    EXPECT_EQ(client.io->links(), 0u);
}

TEST_F(Sim, APartitionDelaysAndHeals) {
    run(seconds(1));
    net.partition(address(client), address(server));
    client.write(link, "late");
    run(seconds(100));
    EXPECT_EQ(server[server_end()].received, "");
    const LinkId second = client.connect(at);
    run(seconds(100));
    EXPECT_EQ(client[second].connected, std::make_error_code(std::errc::timed_out));
    net.heal(address(server), address(client));
    run(seconds(1));
    EXPECT_EQ(server[server_end()].received, "late");
}

TEST_F(Sim, UnknownHostsAndClosedPortsRefuse) {
    const LinkId nobody = client.connect(*Endpoint::parse("10.9.9.9:1"));
    const LinkId closed = client.connect({.address = {10, 0, 0, 1}, .port = 1});
    run(seconds(1));
    EXPECT_EQ(client[nobody].connected, std::make_error_code(std::errc::host_unreachable));
    EXPECT_EQ(client[closed].connected, std::make_error_code(std::errc::connection_refused));
}

TEST_F(Sim, AProgramThatDiesResetsItsConnectionsAndAnotherTakesItsPlace) {
    run(seconds(1));
    const Endpoint home = address(server);
    server.io = net.add_on_host(home);
    run(seconds(1));
    EXPECT_EQ(client[link].closed, std::make_error_code(std::errc::connection_reset));
    Host successor(net.add_on_host(home));
    ASSERT_TRUE(successor.io->listen(at, {}));
    const LinkId again = client.connect(at);
    hosts.push_back(&successor);
    run(seconds(1));
    EXPECT_EQ(client[again].connected, std::error_code());
}

TEST_F(Sim, PowerLossIsSilence) {
    run(seconds(1));
    net.power_off(address(server));
    server.io = net.add_on_host(address(server));
    client.write(link, "anybody?");
    run(seconds(100));
    EXPECT_TRUE(client.is_open(link));
}

TEST_F(Sim, LoopbackReachesProgramsOfTheSameHost) {
    Host other(net.add_on_host(address(server)));
    const LinkId inner = other.connect(*Endpoint::parse("127.0.0.1:2775"));
    hosts.push_back(&other);
    run(seconds(1));
    EXPECT_EQ(other[inner].connected, std::error_code());
}

TEST_F(Sim, ShardsOfOneHostShareAPort) {
    Host shard(net.add_on_host(address(server)));
    EXPECT_FALSE(shard.io->listen(at, {}));
    const Endpoint shared{.address = {}, .port = 3000};
    ASSERT_TRUE(server.io->listen(shared, {.reuse_port = true}));
    ASSERT_TRUE(shard.io->listen(shared, {.reuse_port = true}));
    at.port = 3000;
    for (int i = 0; i < 40; ++i) client.connect(at);
    hosts.push_back(&shard);
    run(seconds(1));
    EXPECT_EQ(server.accepted.size() + shard.accepted.size(), 41u);
    EXPECT_GT(server.accepted.size(), 1u);
    EXPECT_GT(shard.accepted.size(), 0u);
}

/// A transcript of a run with traffic on several links, faults included.
std::string transcript(std::uint64_t seed) {
    SimNet net(seed, {.most_packet = 100, .reset_chance = 0.002, .cut_chance = 0.001});
    Host server(net.add_host()), client(net.add_host());
    EXPECT_TRUE(server.io->listen(*Endpoint::parse(":1"), {}));
    Endpoint at = static_cast<SimIo&>(*server.io).address();
    at.port = 1;
    std::string text;
    server.consume = [&](LinkId link, ByteView data) {
        text += std::to_string(net.now().time_since_epoch().count()) + " " + std::to_string(link.index) + " " +
                std::to_string(data.size()) + "\n";
        server.io->out(link).append(data);
        return data.size();
    };
    std::vector<LinkId> links;
    for (int i = 0; i < 10; ++i) links.push_back(client.connect(at));
    Random random(seed);
    for (int step = 0; step < 3000; ++step) {
        const LinkId link = links[random.below(links.size())];
        if (client.is_open(link)) client.write(link, std::string(random.below(300), 'x'));
        client.io->turn(client, {});
        server.io->turn(server, {});
        if (const auto next = net.next_event_time()) net.advance(*next);
    }
    for (const LinkId link : links)
        text += std::to_string(client[link].received.size()) + (client.is_open(link) ? "+" : "-");
    return text;
}

TEST(SimNetSeed, DecidesEverything) {
    EXPECT_EQ(transcript(11), transcript(11));
    EXPECT_NE(transcript(11), transcript(12));
    EXPECT_NE(transcript(11).find('-'), std::string::npos) << "no link met a fault";
}

}  // namespace
}  // namespace sluice::io
