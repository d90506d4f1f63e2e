#pragma once

#include <chrono>

#include "engine/io/make_io.hpp"
#include "engine/io/sim_net.hpp"
#include "tests/io/host.hpp"

namespace sluice::io {

/// Hosts of one backend that reach each other, turned in order on one thread.
class World {
public:
    explicit World(Backend backend) : backend_(backend) {
        if (backend == Backend::simulated) net_ = std::make_unique<SimNet>(1);
    }

    Host& add_host() {
        hosts_.push_back(std::make_unique<Host>(make()));
        return *hosts_.back();
    }
    SimNet& net() { return *net_; }

    /// Somewhere to listen, on a port of the system's choice.
    Endpoint anywhere() const { return *Endpoint::parse("127.0.0.1:0"); }
    /// Where `listener` of `host` is reached from other hosts.
    Endpoint address(Host& host, ListenerId listener) const {
        Endpoint endpoint = host.io->local_endpoint(listener);
        if (net_) {
            const std::uint16_t port = endpoint.port;
            endpoint = static_cast<SimIo&>(*host.io).address();
            endpoint.port = port;
        }
        return endpoint;
    }

    void turn() {
        for (auto& host : hosts_) host->io->turn(*host, net_ ? nanoseconds::zero() : nanoseconds(microseconds(100)));
        if (!net_) return;
        if (const auto next = net_->next_event_time()) net_->advance(*next);
    }
    /// Turns until `done` or, so that a failing test ends, for 30 s.
    bool run_until(const std::function<bool()>& done) {
        const auto limit = std::chrono::steady_clock::now() + seconds(30);
        while (!done()) {
            if (std::chrono::steady_clock::now() > limit) return false;
            turn();
        }
        return true;
    }
    /// Long enough for anything under way to have its effect.
    void settle() {
        for (int i = 0; i < 50; ++i) turn();
    }

private:
    std::unique_ptr<Io> make() {
        if (net_) return net_->add_host();
        return std::move(make_io(backend_ == Backend::epoll ? BackendChoice::epoll : BackendChoice::io_uring).value());
    }

    Backend backend_;
    std::unique_ptr<SimNet> net_;  // outlives the hosts
    std::vector<std::unique_ptr<Host>> hosts_;
};

/// A world of a server and a client with a number of links between them.
class IoContract : public testing::TestWithParam<Backend> {
protected:
    void SetUp() override {
        if (GetParam() == Backend::io_uring) {
            const auto io = make_io(BackendChoice::io_uring);
            if (!io) GTEST_SKIP() << io.error().message;
        }
        world = std::make_unique<World>(GetParam());
        server = &world->add_host();
        client = &world->add_host();
        const auto listener = server->io->listen(world->anywhere(), {});
        ASSERT_TRUE(listener) << listener.error().message;
        listener_id = *listener;
        at = world->address(*server, listener_id);
    }

    /// Connects one more link; the server's end of it is in `accepted_end`.
    LinkId connect() {
        const std::size_t before = server->accepted.size();
        const LinkId link = client->connect(at);
        EXPECT_TRUE(run_until([&] { return (*client)[link].connected && server->accepted.size() > before; }));
        EXPECT_EQ((*client)[link].connected, std::error_code());
        accepted_end = server->accepted.back();
        return link;
    }
    void echo_at_server() {
        server->consume = [this](LinkId link, ByteView data) {
            server->io->out(link).append(data);
            return data.size();
        };
    }
    bool run_until(const std::function<bool()>& done) { return world->run_until(done); }

    std::unique_ptr<World> world;
    Host* server = nullptr;
    Host* client = nullptr;
    ListenerId listener_id = 0;
    Endpoint at;
    LinkId accepted_end;
};

inline std::string backend_name(const testing::TestParamInfo<Backend>& instance) {
    return std::string(to_string(instance.param));
}

/// Frames of a four-octet length and as many octets, as in SMPP: calls `each` for every whole one and returns what they
/// take together.
inline std::size_t for_each_frame(ByteView data, const std::function<void(ByteView)>& each) {
    std::size_t at = 0;
    while (data.size() - at >= 4) {
        const std::uint32_t length = load_be<std::uint32_t>(data.data() + at);
        if (data.size() - at < 4 + length) break;
        each(data.subspan(at + 4, length));
        at += 4 + length;
    }
    return at;
}

inline void append_frame(OutBuffer& out, ByteView payload) {
    store_be(out.reserve(4), static_cast<std::uint32_t>(payload.size()));
    out.commit(4);
    out.append(payload);
}

}  // namespace sluice::io
