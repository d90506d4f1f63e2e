#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "engine/io/link_io.hpp"
#include "engine/io/socket.hpp"
#include "engine/io/uring.hpp"
#include "engine/io/wake_gate.hpp"

namespace sluice::io {

struct UringLink : LinkBase {
    enum class Receiving : std::uint8_t { no, yes, stopping };

    Fd fd;
    OutBuffer sending;  ///< the kernel reads it until the send completes, while `out` goes on being written
    std::unique_ptr<SocketAddress> peer;  ///< while connecting
    std::uint8_t operations = 0;          ///< under way in the kernel; the slot lives until there are none
    Receiving receiving = Receiving::no;
    bool send_under_way = false;
    bool cancelled = false;

    std::size_t unsent() const { return out.size() + sending.size(); }
};

/// Sockets over io_uring: accepts and receives are submitted once and complete many times, sends of all links go to the
/// kernel together with the wait, one system call a turn.
class UringIo final : public LinkIo<UringLink> {
public:
    static Result<std::unique_ptr<Io>> create();
    ~UringIo() override;

    Result<ListenerId> listen(const Endpoint& endpoint, const ListenOptions& options) override;
    Endpoint local_endpoint(ListenerId listener) const override;
    void stop_listening(ListenerId listener) override;
    LinkId connect(const Endpoint& endpoint) override;
    bool write_file(int fd, std::uint64_t offset, ByteView octets, std::function<void(int)> done) override;
    bool is_writing_file() const override { return static_cast<bool>(file_written_); }
    void wake() override { gate_.wake(); }
    Backend backend() const override { return Backend::io_uring; }

private:
    enum class Operation : std::uint8_t { wake, accept, connect, receive, send, cancel, write_file };
    struct Listener {
        Fd fd;
        bool accepting = false;
        bool stopped = false;
        bool in_trouble = false;  // told the owner
        MonoTime rests_until{};   // after a shortage
    };

    explicit UringIo(std::unique_ptr<Uring> ring) : ring_(std::move(ring)) {}

    MonoTime now() const override { return std::chrono::steady_clock::now(); }
    void update(LinkId id, UringLink& link) override;
    void poll(nanoseconds timeout) override;

    static std::uint64_t tag(Operation operation, LinkId id);
    void start_connect(LinkId id, UringLink& link);
    void start_send(LinkId id, UringLink& link);
    void start_receive(LinkId id, UringLink& link);
    void stop_receive(LinkId id, UringLink& link);
    void say_goodbye(UringLink& link);
    void free(LinkId id, UringLink& link);

    void start_wake_read();
    nanoseconds start_accepts(nanoseconds timeout);

    void complete(const io_uring_cqe& completion);
    void complete_accept(ListenerId id, const io_uring_cqe& completion);
    void complete_receive(LinkId id, UringLink& link, const io_uring_cqe& completion, ByteView received);
    void complete_send(LinkId id, UringLink& link, int result);

    std::unique_ptr<Uring> ring_;
    WakeGate gate_;
    bool wake_read_ = false;
    std::uint64_t wake_count_ = 0;
    std::vector<Listener> listeners_;  // by ListenerId
    bool some_listener_waits_ = false;  // for its accept to start
    std::function<void(int)> file_written_;  // while a write is under way
};

}  // namespace sluice::io
