#include "engine/reactor/reactor.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <optional>
#include <thread>

#include "engine/io/make_io.hpp"
#include "engine/io/sim_net.hpp"

namespace sluice::reactor {
namespace {

class NoLinks : public io::LinkEvents {
    void on_accept(io::LinkId, io::ListenerId, const io::Endpoint&) override {}
    void on_connect(io::LinkId, std::error_code) override {}
    std::size_t on_data(io::LinkId, ByteView data) override { return data.size(); }
    void on_drained(io::LinkId) override {}
    void on_close(io::LinkId, std::error_code) override {}
};

std::unique_ptr<io::Io> real_io() { return std::move(io::make_io(io::BackendChoice::automatic).value()); }

TEST(Reactor, ATurnRunsEverythingInItsOrder) {
    NoLinks links;
    const SystemClock clock;
    Reactor reactor(real_io(), links, clock);
    Mesh mesh(1, 1 << 20);
    std::string order;
    reactor.join(mesh, 0, [&](std::size_t, std::uint32_t, ByteView) { order += "record "; });
    reactor.at_turn_end([&] { order += "end "; });
    reactor.turn({});
    order.clear();

    reactor.post([&] { order += "posted "; });
    reactor.timers().arm(reactor.now().mono, [&] { order += "timer "; });
    reactor.mesh().send(0, 1, as_bytes("x"));
    reactor.mesh().flush();
    std::this_thread::sleep_for(milliseconds(2));
    EXPECT_EQ(reactor.turn(seconds(1000)), 3u);
    EXPECT_EQ(order, "record timer posted end ");
}

TEST(Reactor, TimeStandsStillWithinATurn) {
    NoLinks links;
    const SystemClock clock;
    Reactor reactor(real_io(), links, clock);
    std::vector<MonoTime> times;
    for (int i = 0; i < 2; ++i)
        reactor.post([&] {
            times.push_back(reactor.now().mono);
            std::this_thread::sleep_for(microseconds(10));
        });
    reactor.turn({});
    reactor.at_turn_end([&] { times.push_back(reactor.now().mono); });
    reactor.turn({});
    ASSERT_EQ(times.size(), 3u);
    EXPECT_EQ(times[0], times[1]);
    EXPECT_LT(times[1], times[2]);
}

TEST(Reactor, WaitsForItsTimersAndNoLonger) {
    NoLinks links;
    const SystemClock clock;
    Reactor reactor(real_io(), links, clock);
    const MonoTime at = reactor.now().mono + milliseconds(20);
    MonoTime fired{};
    reactor.timers().arm(at, [&] {
        fired = reactor.now().mono;
        reactor.stop();
    });
    reactor.run();
    EXPECT_GE(fired, at);
}

TEST(Reactor, WritesFilesWhileItRunsAndEndsAfterTheWrite) {
    NoLinks links;
    const SystemClock clock;
    Reactor reactor(real_io(), links, clock);
    if (reactor.io().backend() != io::Backend::io_uring) GTEST_SKIP() << "needs io_uring";
    std::FILE* const file = std::tmpfile();
    ASSERT_NE(file, nullptr);
    const std::string text(100'000, 'x');
    std::optional<int> written;
    const auto write = [&] {
        return reactor.write_file(fileno(file), 1000, as_bytes(text), [&](int result) { written = result; });
    };
    EXPECT_FALSE(write()) << "nothing would wait for it";
    reactor.post([&] {
        EXPECT_TRUE(write());
        reactor.stop();
    });
    reactor.run();
    EXPECT_EQ(written, 100'000);
    std::string read(text.size(), ' ');
    EXPECT_EQ(::pread(fileno(file), read.data(), read.size(), 1000), 100'000);
    EXPECT_EQ(read, text);
    EXPECT_FALSE(write());
    std::fclose(file);
}

TEST(Reactor, PostsAndStopsFromOtherThreads) {
    NoLinks links;
    const SystemClock clock;
    Reactor reactor(real_io(), links, clock);
    int sum = 0;
    std::thread loop([&] { reactor.run(); });
    std::vector<std::thread> posters;
    for (int t = 0; t < 4; ++t)
        posters.emplace_back([&] {
            for (int i = 0; i < 1000; ++i) reactor.post([&sum] { ++sum; });
        });
    for (auto& poster : posters) poster.join();
    reactor.post([&] {
        EXPECT_EQ(sum, 4000);
        reactor.stop();
    });
    loop.join();
    EXPECT_EQ(sum, 4000);
}

/// One shard of the tests below: sends `count` numbered records to every shard, itself included, as room allows, and
/// checks that what it gets from each is in order.
class Exchange {
public:
    Exchange(Reactor& reactor, Mesh& mesh, std::size_t shard, std::uint32_t count)
        : reactor_(reactor), count_(count), sent_(mesh.shards()), received_(mesh.shards()) {
        reactor.join(mesh, shard, [this](std::size_t from, std::uint32_t type, ByteView record) {
            in_order_ = in_order_ && type == received_[from]++ && record.size() == type % 300;
        });
        reactor.at_turn_end([this] { send(); });
    }
    bool done() const {
        for (std::size_t i = 0; i < sent_.size(); ++i)
            if (sent_[i] < count_ || received_[i] < count_) return false;
        return true;
    }
    bool in_order() const { return in_order_; }

private:
    void send() {
        static const std::uint8_t octets[300] = {};
        for (std::size_t to = 0; to < sent_.size(); ++to)
            for (int batch = 0; batch < 100 && sent_[to] < count_; ++batch) {
                if (!reactor_.mesh().send(to, sent_[to], ByteView{octets, sent_[to] % 300})) break;
                ++sent_[to];
            }
        bool finished = true;
        for (const std::uint32_t n : sent_) finished = finished && n == count_;
        if (!finished && !std::exchange(waits_for_turn_, true)) {
            // More to send though nothing may arrive: a turn of its own accord.
            reactor_.timers().arm(reactor_.now().mono, [this] { waits_for_turn_ = false; });
        }
    }

    Reactor& reactor_;
    std::uint32_t count_;
    std::vector<std::uint32_t> sent_, received_;
    bool in_order_ = true;
    bool waits_for_turn_ = false;
};

TEST(ReactorMesh, FourThreads) {
    constexpr std::size_t shards = 4;
    NoLinks links;
    const SystemClock clock;
    Mesh mesh(shards, 1 << 19);
    std::vector<std::unique_ptr<Reactor>> reactors;
    std::vector<std::unique_ptr<Exchange>> exchanges;
    for (std::size_t i = 0; i < shards; ++i) {
        reactors.push_back(std::make_unique<Reactor>(real_io(), links, clock));
        exchanges.push_back(std::make_unique<Exchange>(*reactors[i], mesh, i, 20'000));
    }
    std::atomic<std::size_t> finished = 0;
    for (std::size_t i = 0; i < shards; ++i)
        reactors[i]->at_turn_end([&, i, told = false]() mutable {
            if (told || !exchanges[i]->done()) return;
            told = true;
            if (++finished < shards) return;
            for (auto& reactor : reactors) reactor->stop();
        });
    std::vector<std::thread> threads;
    for (auto& reactor : reactors) {
        reactor->wake();  // to the end of a first turn, where sending begins
        threads.emplace_back([&] { reactor->run(); });
    }
    for (auto& thread : threads) thread.join();
    for (const auto& exchange : exchanges) EXPECT_TRUE(exchange->done() && exchange->in_order());
}

TEST(ReactorMesh, AFullRingsWriterSleepsUntilThereIsRoom) {
    // No timers here: only the mesh's own wakes keep this going.
    NoLinks links;
    const SystemClock clock;
    Mesh mesh(2, 1 << 19);
    Reactor writer(real_io(), links, clock), reader(real_io(), links, clock);
    const std::string record(100'000, 'r');
    int sent = 0, received = 0;
    constexpr int count = 500;
    writer.join(mesh, 0, [](std::size_t, std::uint32_t, ByteView) {});
    writer.at_turn_end([&] {
        while (sent < count && writer.mesh().send(1, 0, as_bytes(record))) ++sent;
    });
    reader.join(mesh, 1, [&](std::size_t, std::uint32_t, ByteView) {
        if (++received < count) return;
        writer.stop();
        reader.stop();
    });
    std::thread writer_thread([&] { writer.run(); }), reader_thread([&] { reader.run(); });
    writer.wake();
    writer_thread.join();
    reader_thread.join();
    EXPECT_EQ(received, count);
}

class SimClock : public Clock {
public:
    explicit SimClock(const io::SimNet& net) : net_(net) {}
    MonoTime mono() const override { return net_.now(); }
    WallTime wall() const override {
        return WallTime(std::chrono::duration_cast<microseconds>(mono().time_since_epoch()));
    }

private:
    const io::SimNet& net_;
};

TEST(ReactorMesh, SteppedOnOneThreadInVirtualTime) {
    constexpr std::size_t shards = 3;
    NoLinks links;
    io::SimNet net(1);
    const SimClock clock(net);
    Mesh mesh(shards, 1 << 19);
    std::vector<std::unique_ptr<Reactor>> reactors;
    std::vector<std::unique_ptr<Exchange>> exchanges;
    for (std::size_t i = 0; i < shards; ++i) {
        reactors.push_back(std::make_unique<Reactor>(net.add_host(), links, clock));
        exchanges.push_back(std::make_unique<Exchange>(*reactors[i], mesh, i, 2'000));
    }
    const auto all_done = [&] {
        return std::all_of(exchanges.begin(), exchanges.end(), [](const auto& exchange) { return exchange->done(); });
    };
    for (int step = 0; step < 10'000 && !all_done(); ++step) {
        for (auto& reactor : reactors) reactor->turn(seconds(1000));  // a simulated Io never waits
        net.advance(net.now() + milliseconds(1));
    }
    EXPECT_TRUE(all_done());
    for (const auto& exchange : exchanges) EXPECT_TRUE(exchange->in_order());
}

}  // namespace
}  // namespace sluice::reactor
