// What every backend of Io promises about back-pressure and the water marks.

#include "tests/io/world.hpp"

namespace sluice::io {
namespace {

class IoFlow : public IoContract {};

TEST_P(IoFlow, PausedLinksOfferNothingAndThePeerFeelsIt) {
    const LinkId link = connect();
    server->io->pause(accepted_end);
    world->turn();
    const std::string block(64 * 1024, 'b');
    constexpr std::size_t total = 64 * 1024 * 1024;
    std::size_t written = 0;
    // The writer that heeds the water mark is stopped with a bounded amount under way.
    for (int i = 0; i < 2000 && written < total; ++i) {
        while (client->io->unsent(link) <= limits::out_high_water) {
            client->write(link, block);
            written += block.size();
        }
        world->turn();
    }
    EXPECT_LT(written, total);
    EXPECT_EQ((*server)[accepted_end].received, "");
    EXPECT_GT(client->io->unsent(link), limits::out_low_water);
    const int drained = (*client)[link].drained;  // while the kernel's buffers filled

    server->io->resume(accepted_end);
    ASSERT_TRUE(run_until([&] { return (*server)[accepted_end].received.size() == written; }));
    ASSERT_TRUE(run_until([&] { return (*client)[link].drained == drained + 1; }));
    EXPECT_EQ(client->io->unsent(link), 0u);
}

TEST_P(IoFlow, BothWaysAtOnce) {
    const LinkId link = connect();
    const std::string text(6'000'000, 't');
    client->io->pause(link);
    server->io->pause(accepted_end);
    client->write(link, text);
    server->write(accepted_end, text);
    world->settle();
    EXPECT_EQ((*client)[link].received.size() + (*server)[accepted_end].received.size(), 0u);
    server->io->resume(accepted_end);
    ASSERT_TRUE(run_until([&] { return (*server)[accepted_end].received == text; }));
    EXPECT_EQ((*client)[link].received, "");
    client->io->resume(link);
    ASSERT_TRUE(run_until([&] { return (*client)[link].received == text; }));
}

TEST_P(IoFlow, WhatWasLeftWhenPausingIsOfferedOnResuming) {
    int frames = 0;
    server->consume = [&](LinkId link, ByteView data) -> std::size_t {
        // One frame at a time, then a pause: as a session does whose window is full.
        const ByteView first = data.first(std::min<std::size_t>(data.size(), 14));
        const std::size_t consumed = for_each_frame(first, [&](ByteView) { ++frames; });
        if (consumed > 0) server->io->pause(link);
        return consumed;
    };
    const LinkId link = connect();
    for (int i = 0; i < 100; ++i) append_frame(client->io->out(link), as_bytes("ten octets"));
    client->io->touch(link);
    for (int i = 1; i <= 100; ++i) {
        ASSERT_TRUE(run_until([&] { return frames == i; }));
        world->turn();
        ASSERT_EQ(frames, i);
        server->io->resume(accepted_end);
    }
}

TEST_P(IoFlow, TheEndWaitsForWhatAPausedLinkStillHas) {
    const LinkId link = connect();
    server->io->pause(accepted_end);
    world->turn();
    client->write(link, "read me first");
    client->close(link);
    world->settle();
    EXPECT_FALSE((*server)[accepted_end].closed.has_value());
    server->io->resume(accepted_end);
    ASSERT_TRUE(run_until([&] { return (*server)[accepted_end].closed.has_value(); }));
    EXPECT_EQ(*(*server)[accepted_end].closed, std::error_code());
    EXPECT_EQ((*server)[accepted_end].received, "read me first");
}

TEST_P(IoFlow, PausingAndResumingAtOnceChangesNothing) {
    const LinkId link = connect();
    std::string sent;
    for (int i = 0; i < 200; ++i) {
        const std::string part(1000, static_cast<char>('a' + i % 26));
        sent += part;
        client->write(link, part);
        server->io->pause(accepted_end);
        if (i % 3 == 0) world->turn();
        server->io->resume(accepted_end);
        if (i % 5 == 0) world->turn();
    }
    ASSERT_TRUE(run_until([&] { return (*server)[accepted_end].received.size() == sent.size(); }));
    EXPECT_TRUE((*server)[accepted_end].received == sent);
}

TEST_P(IoFlow, DrainedIsToldWhenTheKernelTookEverythingAtOnceToo) {
    const LinkId link = connect();
    client->write(link, std::string(limits::out_high_water + 1, 'x'));
    ASSERT_TRUE(run_until([&] { return (*client)[link].drained == 1 && client->io->unsent(link) == 0; }));
    client->write(link, std::string(limits::out_high_water, 'x'));
    ASSERT_TRUE(run_until([&] { return client->io->unsent(link) == 0; }));
    EXPECT_EQ((*client)[link].drained, 1);
}

TEST_P(IoFlow, ALinkWhoseOwnerNeverConsumesIsEndedNotFed) {
    server->consume = [](LinkId, ByteView) -> std::size_t { return 0; };
    const LinkId link = connect();
    client->write(link, std::string(4 * limits::max_pdu, 'x'));
    ASSERT_TRUE(run_until([&] { return (*server)[accepted_end].closed.has_value(); }));
    EXPECT_EQ(*(*server)[accepted_end].closed, std::errc::message_size);
    ASSERT_TRUE(run_until([&] { return (*client)[link].closed.has_value(); }));
}

TEST_P(IoFlow, BusyLinksDoNotStarveOthers) {
    const LinkId busy = connect();
    const LinkId busy_end = accepted_end;
    const LinkId quiet = connect();
    const LinkId quiet_end = accepted_end;
    const std::string block(256 * 1024, 'b');
    std::size_t busy_written = 0;
    for (int i = 0; i < 300; ++i) {
        while (client->io->unsent(busy) < 4 * block.size()) {
            client->write(busy, block);
            busy_written += block.size();
        }
        if (i == 20) client->write(quiet, "a word");
        world->turn();
        if ((*server)[quiet_end].received == "a word") break;
    }
    EXPECT_EQ((*server)[quiet_end].received, "a word");
    ASSERT_TRUE(run_until([&] { return (*server)[busy_end].received.size() == busy_written; }));
}

INSTANTIATE_TEST_SUITE_P(Networks, IoFlow, every_network, network_name);

}  // namespace
}  // namespace sluice::io
