#pragma once

#include <sys/epoll.h>

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "engine/io/link_io.hpp"
#include "engine/io/socket.hpp"
#include "engine/io/wake_gate.hpp"

namespace sluice::io {

struct EpollLink : LinkBase {
    Fd fd;
    std::optional<std::uint32_t> interest;  ///< what the kernel was last told
    Endpoint peer;                          ///< where to connect to
};

/// Sockets with readiness notification, level-triggered: the fallback that every kernel has.
class EpollIo final : public LinkIo<EpollLink> {
public:
    static Result<std::unique_ptr<Io>> create();

    Result<ListenerId> listen(const Endpoint& endpoint, const ListenOptions& options) override;
    Endpoint local_endpoint(ListenerId listener) const override;
    void stop_listening(ListenerId listener) override;
    LinkId connect(const Endpoint& endpoint) override;
    void wake() override { gate_.wake(); }
    Backend backend() const override { return Backend::epoll; }

private:
    struct Listener {
        Fd fd;
        std::optional<MonoTime> resting_until;  // after a shortage
        bool in_trouble = false;                // told the owner
    };

    explicit EpollIo(Fd epoll);

    MonoTime now() const override { return std::chrono::steady_clock::now(); }
    void update(LinkId id, EpollLink& link) override;
    void poll(nanoseconds timeout) override;

    void start_connect(LinkId id, EpollLink& link);
    void send(EpollLink& link);
    void say_goodbye(EpollLink& link);
    void receive(LinkId id, EpollLink& link, std::uint32_t ready);
    void set_interest(LinkId id, EpollLink& link);

    void accept_some(ListenerId id);
    void rest(ListenerId id, int error);
    /// Returns `timeout`, or less when a rest ends before.
    nanoseconds end_rests(nanoseconds timeout);

    bool control(int operation, int fd, std::uint32_t events, std::uint64_t data);

    Fd epoll_;
    WakeGate gate_;
    std::vector<Listener> listeners_;  // by ListenerId; one that has stopped has no descriptor
    bool some_rest_ = false;
    std::array<epoll_event, limits::events_per_turn> ready_;
    std::array<std::uint8_t, 64 * 1024> received_;
};

}  // namespace sluice::io
