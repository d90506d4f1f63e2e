// What every backend of Io promises: connecting, octets in order and unharmed, ends of links.

#include <csignal>
#include <numeric>

#include "engine/base/random.hpp"
#include "tests/io/world.hpp"

namespace sluice::io {
namespace {

std::string pattern(std::size_t size, std::uint64_t seed = 7) {
    Random random(seed);
    std::string text(size, '\0');
    for (auto& c : text) c = static_cast<char>(random.next());
    return text;
}

TEST_P(IoContract, EchoesAndTellsEndpoints) {
    echo_at_server();
    const LinkId link = connect();
    client->write(link, "hello");
    ASSERT_TRUE(run_until([&] { return (*client)[link].received == "hello"; }));
    EXPECT_EQ(server->io->unsent(accepted_end), 0u);
    EXPECT_EQ(server->io->links(), 1u);
    EXPECT_NE(server->io->local_endpoint(listener_id).port, 0);
    EXPECT_EQ(server->io->backend(), GetParam().backend);
}

TEST_P(IoContract, WritesBeforeTheConnectionStandsAreSentThen) {
    const LinkId link = client->connect(at);
    client->write(link, "early");
    ASSERT_TRUE(run_until([&] {
        return server->accepted.size() == 1 && (*server)[server->accepted[0]].received == "early";
    }));
}

TEST_P(IoContract, OneLetterAPacket) {
    std::vector<std::string> frames;
    server->consume = [&](LinkId, ByteView data) {
        return for_each_frame(data, [&](ByteView frame) { frames.emplace_back(as_text(frame)); });
    };
    const LinkId link = connect();
    OutBuffer wire;
    append_frame(wire, as_bytes("one"));
    append_frame(wire, as_bytes("letter at a time"));
    for (const std::uint8_t octet : wire.view()) {
        client->write(link, as_text({&octet, 1}));
        world->turn();
        world->turn();
    }
    ASSERT_TRUE(run_until([&] { return frames.size() == 2; }));
    EXPECT_EQ(frames, (std::vector<std::string>{"one", "letter at a time"}));
}

TEST_P(IoContract, BurstOfTenThousandFramesInOneWrite) {
    constexpr std::uint32_t count = 10'000;
    std::uint32_t seen = 0;
    server->consume = [&](LinkId, ByteView data) {
        return for_each_frame(data, [&](ByteView frame) {
            ASSERT_EQ(frame.size(), 60u);
            ASSERT_EQ(load_be<std::uint32_t>(frame.data()), seen++);
        });
    };
    const LinkId link = connect();
    std::uint8_t frame[60] = {};
    for (std::uint32_t i = 0; i < count; ++i) {
        store_be(frame, i);
        append_frame(client->io->out(link), frame);
    }
    client->io->touch(link);
    ASSERT_TRUE(run_until([&] { return seen == count; }));
    // An offer is what one read brought and at most one frame's beginning: memory does not follow the burst.
    EXPECT_LE((*server)[accepted_end].largest_offer, 128u * 1024);
}

TEST_P(IoContract, WhatIsNotConsumedComesAgainWithWhatFollows) {
    std::vector<std::string> offers;
    server->consume = [&](LinkId, ByteView data) {
        offers.emplace_back(as_text(data));
        return data.size() >= 6 ? data.size() : 0;
    };
    const LinkId link = connect();
    for (const char* part : {"ab", "cd", "ef"}) {
        const std::size_t before = offers.size();
        client->write(link, part);
        ASSERT_TRUE(run_until([&] { return offers.size() > before; }));
    }
    ASSERT_TRUE(run_until([&] { return (*server)[accepted_end].received == "abcdef"; }));
    for (const auto& offer : offers) EXPECT_EQ(offer, std::string("abcdef").substr(0, offer.size()));
}

TEST_P(IoContract, BigTransfersBothWaysArriveUnharmed) {
    const std::string upwards = pattern(12'345'678, 1), downwards = pattern(9'876'543, 2);
    const LinkId link = connect();
    client->write(link, upwards);
    server->write(accepted_end, downwards);
    ASSERT_TRUE(run_until([&] {
        return (*server)[accepted_end].received.size() == upwards.size() &&
               (*client)[link].received.size() == downwards.size();
    }));
    EXPECT_TRUE((*server)[accepted_end].received == upwards);
    EXPECT_TRUE((*client)[link].received == downwards);
    EXPECT_EQ(client->io->unsent(link), 0u);
}

TEST_P(IoContract, WritingWhileASendIsUnderWayKeepsTheOrder) {
    std::string sent;
    const LinkId link = connect();
    for (int i = 0; i < 400; ++i) {
        const std::string part = pattern(20'000, static_cast<std::uint64_t>(i));
        sent += part;
        client->write(link, part);
        world->turn();
    }
    ASSERT_TRUE(run_until([&] { return (*server)[accepted_end].received.size() == sent.size(); }));
    EXPECT_TRUE((*server)[accepted_end].received == sent);
}

TEST_P(IoContract, ManyLinks) {
    constexpr std::size_t count = 1000;
    echo_at_server();
    std::vector<LinkId> links;
    for (std::size_t i = 0; i < count; ++i) links.push_back(client->connect(at));
    for (const LinkId link : links) client->write(link, "link " + std::to_string(link.index));
    ASSERT_TRUE(run_until([&] {
        return std::all_of(links.begin(), links.end(), [&](LinkId link) {
            return (*client)[link].received == "link " + std::to_string(link.index);
        });
    }));
    EXPECT_EQ(server->io->links(), count);
    for (const LinkId link : links) client->close(link);
    ASSERT_TRUE(run_until([&] { return server->io->links() == 0 && client->io->links() == 0; }));
    EXPECT_EQ(server->open_links(), 0u);
}

// ---- ends of links

TEST_P(IoContract, ClosingSendsWhatIsLeftFirst) {
    const std::string text = pattern(3'000'000);
    const LinkId link = connect();
    client->write(link, text);
    client->close(link);
    ASSERT_TRUE(run_until([&] { return (*server)[accepted_end].closed.has_value(); }));
    EXPECT_EQ(*(*server)[accepted_end].closed, std::error_code());
    EXPECT_TRUE((*server)[accepted_end].received == text);
    ASSERT_TRUE(run_until([&] { return client->io->links() == 0 && server->io->links() == 0; }));
}

TEST_P(IoContract, ClosingOverUnreadOctetsDoesNotLoseTheLastWord) {
    // A peer that talks nonsense gets an answer and is shown the door; a reset would destroy the answer.
    server->consume = [&](LinkId link, ByteView data) {
        server->io->out(link).append(as_bytes("go away"));
        server->close(link);
        return data.size();
    };
    const LinkId link = connect();
    client->write(link, pattern(1'000'000));
    ASSERT_TRUE(run_until([&] { return (*client)[link].closed.has_value(); }));
    EXPECT_EQ(*(*client)[link].closed, std::error_code());
    EXPECT_EQ((*client)[link].received, "go away");
}

TEST_P(IoContract, AbortResets) {
    const LinkId link = connect();
    client->abort(link);
    ASSERT_TRUE(run_until([&] { return (*server)[accepted_end].closed.has_value(); }));
    EXPECT_EQ(*(*server)[accepted_end].closed, std::errc::connection_reset);
    ASSERT_TRUE(run_until([&] { return client->io->links() == 0 && server->io->links() == 0; }));
}

TEST_P(IoContract, AResetIsToldThoughASendMetItFirst) {
    const LinkId link = connect();
    client->abort(link);
    for (int i = 0; i < 100; ++i) {
        if (server->is_open(accepted_end)) server->write(accepted_end, "into the void");
        world->turn();
    }
    ASSERT_TRUE(run_until([&] { return (*server)[accepted_end].closed.has_value(); }));
    EXPECT_NE(*(*server)[accepted_end].closed, std::error_code());
}

TEST_P(IoContract, PeerClosesInTheMiddleOfAFrame) {
    server->consume = [](LinkId, ByteView) -> std::size_t { return 0; };
    const LinkId link = connect();
    client->write(link, "half a fra");
    client->close(link);
    ASSERT_TRUE(run_until([&] { return (*server)[accepted_end].closed.has_value(); }));
    EXPECT_EQ(*(*server)[accepted_end].closed, std::error_code());
    EXPECT_EQ((*server)[accepted_end].received, "");
    ASSERT_TRUE(run_until([&] { return client->io->links() == 0 && server->io->links() == 0; }));
}

TEST_P(IoContract, AnswersReachAPeerThatHasFinishedSending) {
    echo_at_server();
    const LinkId link = connect();
    client->write(link, "last request");
    client->io->close(link);  // says no more, and drops what comes: the server must find no error
    ASSERT_TRUE(run_until([&] { return (*server)[accepted_end].closed.has_value(); }));
    EXPECT_EQ(*(*server)[accepted_end].closed, std::error_code());
    ASSERT_TRUE(run_until([&] { return client->io->links() == 0 && server->io->links() == 0; }));
}

TEST_P(IoContract, ClosedLinksStaySilent) {
    // Host fails the test on any event for a link it has closed.
    const LinkId link = connect();
    server->consume = [&](LinkId from, ByteView) -> std::size_t {
        server->abort(from);
        return 0;
    };
    client->write(link, pattern(500'000));
    ASSERT_TRUE(run_until([&] { return (*client)[link].closed.has_value(); }));
    const LinkId second = connect();
    server->write(accepted_end, "x");
    client->write(second, "y");
    client->abort(second);
    world->settle();
    const LinkId third = client->connect(at);
    client->close(third);
    world->settle();
}

TEST_P(IoContract, CallsAboutGoneLinksAreHarmless) {
    const LinkId link = connect();
    client->close(link);
    ASSERT_TRUE(run_until([&] { return client->io->links() == 0; }));
    client->io->touch(link);
    client->io->pause(link);
    client->io->resume(link);
    client->io->close(link);
    client->io->abort(link);
    EXPECT_EQ(client->io->unsent(link), 0u);
    world->settle();
    EXPECT_EQ(client->io->links(), 0u);
}

// ---- connecting

TEST_P(IoContract, ConnectionRefused) {
    server->io->stop_listening(listener_id);
    world->settle();
    const LinkId link = client->connect(at);
    ASSERT_TRUE(run_until([&] { return (*client)[link].connected.has_value(); }));
    EXPECT_EQ(*(*client)[link].connected, std::errc::connection_refused);
    ASSERT_TRUE(run_until([&] { return client->io->links() == 0; }));
}

TEST_P(IoContract, StoppedListenerLeavesItsLinksAlone) {
    echo_at_server();
    const LinkId link = connect();
    server->io->stop_listening(listener_id);
    world->settle();
    client->write(link, "still here");
    ASSERT_TRUE(run_until([&] { return (*client)[link].received == "still here"; }));
    const auto again = server->io->listen(at, {});
    EXPECT_TRUE(again) << again.error().message;
}

TEST_P(IoContract, ListeningTwiceOnAnEndpointFailsWithItsName) {
    const bool simulated = GetParam().backend == Backend::simulated;
    const auto second = client->io->listen(simulated ? *Endpoint::parse("127.0.0.1:0") : at, {});
    if (simulated) {
        const auto third = client->io->listen(client->io->local_endpoint(*second), {});
        ASSERT_FALSE(third);
        EXPECT_NE(third.error().message.find("in use"), std::string::npos);
    } else {
        ASSERT_FALSE(second);
        EXPECT_NE(second.error().message.find(at.to_string()), std::string::npos) << second.error().message;
    }
}

INSTANTIATE_TEST_SUITE_P(Networks, IoContract, every_network, network_name);

}  // namespace
}  // namespace sluice::io
