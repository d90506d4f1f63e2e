#pragma once

#include <chrono>

#include "engine/io/make_io.hpp"
#include "engine/io/sim_net.hpp"
#include "engine/io/tls_io.hpp"
#include "tests/io/host.hpp"
#include "tests/tls/certificates.hpp"

namespace sluice::io {

/// What the links of a world go over.
struct Network {
    Backend backend;
    bool tls = false;
};

/// Every backend, each in clear and with TLS.
inline const auto every_network =
    testing::Values(Network{Backend::epoll}, Network{Backend::io_uring}, Network{Backend::simulated},
                    Network{Backend::epoll, true}, Network{Backend::io_uring, true}, Network{Backend::simulated, true});

/// Hosts of one backend that reach each other, turned in order on one thread.
class World {
public:
    explicit World(Network network) : network_(network) {
        if (network.backend == Backend::simulated) net_ = std::make_unique<SimNet>(1);
        clock_.net = net_.get();
    }

    Host& add_host() {
        std::unique_ptr<Io> io = make();
        Endpoint address;
        if (net_) address = static_cast<SimIo&>(*io).address();
        if (network_.tls) io = std::make_unique<TlsIo>(std::move(io), clock_);
        hosts_.push_back(std::make_unique<Host>(std::move(io)));
        addresses_[hosts_.back().get()] = address;
        if (network_.tls) secure(*hosts_.back());
        return *hosts_.back();
    }
    SimNet& net() { return *net_; }
    const Clock& clock() const { return clock_; }

    /// Somewhere to listen, on a port of the system's choice.
    Endpoint anywhere() const { return *Endpoint::parse("127.0.0.1:0"); }
    /// Where `listener` of `host` is reached from other hosts.
    Endpoint address(Host& host, ListenerId listener) const {
        Endpoint endpoint = host.io->local_endpoint(listener);
        if (net_) {
            const std::uint16_t port = endpoint.port;
            endpoint = addresses_.at(&host);
            endpoint.port = port;
        }
        return endpoint;
    }

    void turn() {
        for (auto& host : hosts_) host->io->turn(*host, net_ ? nanoseconds::zero() : nanoseconds(microseconds(100)));
        if (!net_) return;
        if (const auto next = net_->next_event_time()) net_->advance(*next);
    }
    /// Turns until `done` or, so that a failing test ends, for five minutes.
    bool run_until(const std::function<bool()>& done) {
        const auto limit = std::chrono::steady_clock::now() + seconds(300);
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
    struct NetClock final : Clock {
        MonoTime mono() const override { return net != nullptr ? net->now() : SystemClock().mono(); }
        WallTime wall() const override { return SystemClock().wall(); }
        SimNet* net = nullptr;
    };

    std::unique_ptr<Io> make() {
        if (net_) return net_->add_host();
        return std::move(
            make_io(network_.backend == Backend::epoll ? BackendChoice::epoll : BackendChoice::io_uring).value());
    }
    static void secure(Host& host) {
        static const auto server = tls::server_context(), client = tls::client_context();
        TlsIo& io = static_cast<TlsIo&>(*host.io);
        host.secure_accepted = [&io](LinkId link) { io.secure(link, server); };
        host.secure_connecting = [&io](LinkId link) { io.secure(link, client, "localhost"); };
    }

    Network network_;
    std::unique_ptr<SimNet> net_;  // outlives the hosts
    NetClock clock_;
    std::map<const Host*, Endpoint> addresses_;
    std::vector<std::unique_ptr<Host>> hosts_;
};

/// A world of a server and a client with a number of links between them.
class IoContract : public testing::TestWithParam<Network> {
protected:
    void SetUp() override {
        if (GetParam().backend == Backend::io_uring) {
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

inline std::string network_name(const testing::TestParamInfo<Network>& instance) {
    return std::string(to_string(instance.param.backend)) + (instance.param.tls ? "_tls" : "");
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
