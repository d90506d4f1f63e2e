#include "engine/io/socket.hpp"

#include <netinet/tcp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace sluice::io {

void Fd::reset() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

SocketAddress::SocketAddress(const Endpoint& endpoint) {
    if (endpoint.ipv6) {
        auto& in6 = reinterpret_cast<sockaddr_in6&>(storage);
        in6.sin6_family = AF_INET6;
        in6.sin6_port = htons(endpoint.port);
        std::memcpy(&in6.sin6_addr, endpoint.address, 16);
        length = sizeof in6;
    } else {
        auto& in4 = reinterpret_cast<sockaddr_in&>(storage);
        in4.sin_family = AF_INET;
        in4.sin_port = htons(endpoint.port);
        std::memcpy(&in4.sin_addr, endpoint.address, 4);
        length = sizeof in4;
    }
}

Endpoint SocketAddress::endpoint() const {
    Endpoint endpoint;
    if (storage.ss_family == AF_INET6) {
        const auto& in6 = reinterpret_cast<const sockaddr_in6&>(storage);
        endpoint.port = ntohs(in6.sin6_port);
        endpoint.ipv6 = !IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr);
        if (endpoint.ipv6)
            std::memcpy(endpoint.address, &in6.sin6_addr, 16);
        else
            std::memcpy(endpoint.address, in6.sin6_addr.s6_addr + 12, 4);
    } else {
        const auto& in4 = reinterpret_cast<const sockaddr_in&>(storage);
        endpoint.port = ntohs(in4.sin_port);
        std::memcpy(endpoint.address, &in4.sin_addr, 4);
    }
    return endpoint;
}

namespace {

void set_option(int socket, int level, int name, int value) {
    ::setsockopt(socket, level, name, &value, sizeof value);
}

bool is_any(const Endpoint& endpoint) {
    return std::all_of(std::begin(endpoint.address), std::end(endpoint.address), [](auto octet) { return octet == 0; });
}

std::unexpected<Error> listen_failure(const Endpoint& endpoint) {
    return fail(endpoint.to_string() + ": " + std::system_category().message(errno));
}

}  // namespace

Fd open_stream(const Endpoint& endpoint, int flags) {
    return Fd(::socket(endpoint.ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
}

Result<Fd> open_listener(const Endpoint& endpoint, const ListenOptions& options, int flags) {
    Fd fd = open_stream(endpoint, flags);
    if (!fd && errno == EAFNOSUPPORT && endpoint.ipv6 && is_any(endpoint))
        return open_listener({.port = endpoint.port}, options, flags);
    if (!fd) return listen_failure(endpoint);

    set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
    if (options.reuse_port) set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1);
    if (endpoint.ipv6) set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, is_any(endpoint) ? 0 : 1);
    SocketAddress address(endpoint);
    if (::bind(fd.get(), address.get(), address.length) < 0 || ::listen(fd.get(), options.backlog) < 0)
        return listen_failure(endpoint);
    return fd;
}

void set_no_delay(int socket) { set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1); }

void set_reset_on_close(int socket) {
    const linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

Endpoint local_endpoint_of(int socket) {
    SocketAddress address;
    ::getsockname(socket, address.get(), &address.length);
    return address.endpoint();
}

Endpoint peer_endpoint_of(int socket) {
    SocketAddress address;
    ::getpeername(socket, address.get(), &address.length);
    return address.endpoint();
}

std::error_code pending_error(int socket) {
    int error = 0;
    socklen_t length = sizeof error;
    ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &length);
    return {error, std::system_category()};
}

bool is_shortage(int error) {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace sluice::io
