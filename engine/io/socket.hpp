#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <system_error>
#include <utility>

#include "engine/io/io.hpp"

/// What the backends that use the kernel's sockets share. Not for use outside of engine/io and
/// bench/peers/relay.
namespace sluice::io {

/// A file descriptor and the duty to close it.
class Fd {
public:
    Fd() = default;
    explicit Fd(int fd) : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        if (this != &other) {
            reset();
            fd_ = std::exchange(other.fd_, -1);
        }
        return *this;
    }
    ~Fd() { reset(); }

    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }
    void reset();

private:
    int fd_ = -1;
};


struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;

    SocketAddress() = default;
    explicit SocketAddress(const Endpoint& endpoint);
    sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
    /// An IPv4 peer of a dual-stack listener comes out as IPv4.
    Endpoint endpoint() const;
};

/// A bound, listening TCP socket. `[::]` takes IPv4 too, and is `0.0.0.0` on hosts without IPv6.
/// `flags`: SOCK_NONBLOCK or 0.
Result<Fd> open_listener(const Endpoint& endpoint, const ListenOptions& options, int flags);
/// A TCP socket ready to connect to `endpoint`, or none and errno.
Fd open_stream(const Endpoint& endpoint, int flags);
void set_no_delay(int socket);
/// Makes the coming close a reset: unsent octets are dropped.
void set_reset_on_close(int socket);
Endpoint local_endpoint_of(int socket);
Endpoint peer_endpoint_of(int socket);
/// The pending error of a socket (SO_ERROR), which reading clears.
std::error_code pending_error(int socket);

/// Whether accept failed for want of descriptors or memory: a state of this process or machine, which passes.
bool is_shortage(int error);
/// How long accepting rests after a shortage.
inline constexpr nanoseconds accept_rest = milliseconds(100);

}  // namespace sluice::io
