// What only the backends with real sockets have: threads, descriptors, address families, sharing of ports.

#include <malloc.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <thread>

#include "tests/io/world.hpp"

namespace sluice::io {
namespace {

class KernelIo : public IoContract {};

TEST_P(KernelIo, WakeFromAnotherThreadEndsAWait) {
    for (int round = 0; round < 20; ++round) {
        std::atomic<int> shared = 0;
        std::thread waker([&] {
            if (round % 2) std::this_thread::sleep_for(milliseconds(2));
            shared.store(1, std::memory_order_relaxed);
            server->io->wake();
        });
        // Without the wake this would wait for the test's time-out.
        while (shared.load(std::memory_order_relaxed) == 0) server->io->turn(*server, seconds(1000));
        waker.join();
    }
}

TEST_P(KernelIo, AWakeWhileRunningMakesTheNextWaitReturn) {
    server->io->turn(*server, {});
    server->io->wake();
    server->io->wake();
    server->io->turn(*server, seconds(1000));
}

TEST_P(KernelIo, WritesFilesWhereItIsIoUringAndTellsErrors) {
    const std::string text = "octets of a file";
    std::optional<int> result;
    const auto write = [&](int fd) {
        return server->io->write_file(fd, 3, as_bytes(text), [&](int n) { result = n; });
    };
    const auto end = [&] {
        while (server->io->is_writing_file()) server->io->turn(*server, seconds(1000));
    };
    std::FILE* const file = std::tmpfile();
    ASSERT_NE(file, nullptr);
    EXPECT_EQ(write(fileno(file)), server->io->backend() == Backend::io_uring);
    end();
    if (server->io->backend() == Backend::io_uring) {
        EXPECT_EQ(result, static_cast<int>(text.size()));
        std::string read(text.size(), ' ');
        EXPECT_EQ(::pread(fileno(file), read.data(), read.size(), 3), static_cast<ssize_t>(text.size()));
        EXPECT_EQ(read, text);
        EXPECT_TRUE(write(-1));
        end();
        EXPECT_EQ(result, -EBADF);
    } else {
        EXPECT_FALSE(result);
    }
    std::fclose(file);
}

TEST_P(KernelIo, IsMadeOnOneThreadAndTurnedOnAnother) {
    echo_at_server();
    std::atomic<bool> stop = false;
    std::thread thread([&] {
        while (!stop) server->io->turn(*server, milliseconds(50));
    });
    const LinkId link = client->connect(at);
    client->write(link, "across threads");
    for (int i = 0; i < 10'000 && (*client)[link].received != "across threads"; ++i)
        client->io->turn(*client, milliseconds(10));
    EXPECT_EQ((*client)[link].received, "across threads");
    stop = true;
    server->io->wake();
    thread.join();
}

TEST_P(KernelIo, IPv6AndDualStack) {
    const auto six = server->io->listen(*Endpoint::parse("[::1]:0"), {});
    if (!six) GTEST_SKIP() << "no IPv6 here: " << six.error().message;
    const Endpoint six_at = server->io->local_endpoint(*six);
    EXPECT_TRUE(six_at.ipv6);
    const LinkId link = client->connect(six_at);
    ASSERT_TRUE(run_until([&] { return (*client)[link].connected.has_value(); }));
    EXPECT_EQ(*(*client)[link].connected, std::error_code());

    const auto any = server->io->listen(*Endpoint::parse(":0"), {});
    ASSERT_TRUE(any) << any.error().message;
    for (const char* host : {"127.0.0.1:0", "[::1]:0"}) {
        Endpoint to = *Endpoint::parse(host);
        to.port = server->io->local_endpoint(*any).port;
        const LinkId other = client->connect(to);
        ASSERT_TRUE(run_until([&] { return (*client)[other].connected.has_value(); }));
        EXPECT_EQ(*(*client)[other].connected, std::error_code()) << host;
    }
}

class PeerRecorder : public Host {
public:
    using Host::Host;
    void on_accept(LinkId link, ListenerId listener, const Endpoint& peer) override {
        peers.push_back(peer);
        Host::on_accept(link, listener, peer);
    }
    std::vector<Endpoint> peers;
};

TEST_P(KernelIo, AnIPv4PeerOfADualStackListenerLooksLikeIPv4) {
    const auto choice = GetParam().backend == Backend::epoll ? BackendChoice::epoll : BackendChoice::io_uring;
    PeerRecorder recorder(std::move(make_io(choice).value()));
    const auto any = recorder.io->listen(*Endpoint::parse(":0"), {});
    ASSERT_TRUE(any) << any.error().message;
    client->connect({.address = {127, 0, 0, 1}, .port = recorder.io->local_endpoint(*any).port});
    ASSERT_TRUE(run_until([&] {
        recorder.io->turn(recorder, {});
        return recorder.peers.size() == 1;
    }));
    EXPECT_FALSE(recorder.peers[0].ipv6);
    EXPECT_TRUE(recorder.peers[0].is_loopback());
}

TEST_P(KernelIo, UnreachableNetworkIsToldThroughOnConnect) {
    // A multicast address can be no peer of a TCP connection: refused before a packet leaves this machine.
    const LinkId link = client->connect(*Endpoint::parse("224.0.0.1:2775"));
    ASSERT_TRUE(run_until([&] { return (*client)[link].connected.has_value(); }));
    EXPECT_EQ(*(*client)[link].connected, std::errc::network_unreachable);
    ASSERT_TRUE(run_until([&] { return client->io->links() == 0; }));
}

TEST_P(KernelIo, ListenersOnOnePortShareTheConnections) {
    Host& second = world->add_host();
    const auto first_id = server->io->listen(world->anywhere(), {.reuse_port = true});
    ASSERT_TRUE(first_id);
    const Endpoint shared = server->io->local_endpoint(*first_id);
    const auto second_id = second.io->listen(shared, {.reuse_port = true});
    ASSERT_TRUE(second_id) << second_id.error().message;
    constexpr std::size_t count = 64;
    for (std::size_t i = 0; i < count; ++i) client->connect(shared);
    ASSERT_TRUE(run_until([&] { return server->accepted.size() + second.accepted.size() == count; }));
    EXPECT_GT(server->accepted.size(), 0u);
    EXPECT_GT(second.accepted.size(), 0u);
}

TEST_P(KernelIo, OutOfDescriptorsRestsAndGoesOn) {
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const auto listener = server->io->listen(world->anywhere(), {});
    ASSERT_TRUE(listener);
    for (int i = 0; i < 8; ++i) client->connect(server->io->local_endpoint(*listener));
    // The connections stand in the listener's queue before the server turns.
    for (int i = 0; i < 20; ++i) client->io->turn(*client, milliseconds(1));

    const int lowest_free = ::dup(0);
    ::close(lowest_free);
    rlimit tight = before;
    tight.rlim_cur = static_cast<rlim_t>(lowest_free) + 3;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
    EXPECT_TRUE(run_until([&] { return !server->accept_troubles.empty(); }));
    for (int i = 0; i < 20; ++i) server->io->turn(*server, milliseconds(20));
    const std::size_t accepted_meanwhile = server->accepted.size();
    ::setrlimit(RLIMIT_NOFILE, &before);

    EXPECT_LE(accepted_meanwhile, 4u);
    ASSERT_EQ(server->accept_troubles.size(), 1u);  // told once, though tried several times
    EXPECT_EQ(server->accept_troubles[0], std::errc::too_many_files_open);
    EXPECT_TRUE(run_until([&] { return server->accepted.size() == 8; }));
}

TEST_P(KernelIo, IdleLinksHoldNoBuffers) {
    constexpr std::size_t count = 500;
    echo_at_server();
    const auto heap = [] { return ::mallinfo2().uordblks + ::mallinfo2().hblkhd; };
    const std::size_t before = heap();
    std::vector<LinkId> links;
    for (std::size_t i = 0; i < count; ++i) {
        links.push_back(connect());
        client->write(links.back(), std::string(20'000, 'x'));
        ASSERT_TRUE(run_until([&] { return (*client)[links.back()].received.size() == 20'000; }));
        std::string().swap((*client)[links.back()].received);
        std::string().swap((*server)[accepted_end].received);
    }
    world->settle();
    // Both ends of a link and this test's records of them, after each has moved 20 000 octets both ways.
    EXPECT_LT(heap() - before, count * 2048 + 1024 * 1024);
}

TEST_P(KernelIo, AWaitEndsWhenItsTimeIsUp) {
    const auto start = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - start < milliseconds(30)) {
        EXPECT_EQ(server->io->turn(*server, milliseconds(30)), 0u);
    }
}

INSTANTIATE_TEST_SUITE_P(Networks, KernelIo,
                         testing::Values(Network{Backend::epoll}, Network{Backend::io_uring}), network_name);

TEST(MakeIo, ChoosesAndSaysWhy) {
    std::string reason;
    const auto io = make_io(BackendChoice::automatic, &reason);
    ASSERT_TRUE(io);
    EXPECT_EQ((*io)->backend() == Backend::epoll, !reason.empty()) << reason;
    EXPECT_EQ((*make_io(BackendChoice::epoll))->backend(), Backend::epoll);
}

}  // namespace
}  // namespace sluice::io
