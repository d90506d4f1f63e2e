#include "tools/bench/enquire.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "codecs/smpp/header.hpp"
#include "engine/base/bytes.hpp"

namespace sluice::bench {

namespace {

constexpr std::size_t pdu_size = 16;
constexpr timeval patience{.tv_sec = 15, .tv_usec = 0};

/// A blocking connection.
class Connection {
public:
    explicit Connection(const io::Endpoint& peer)
        : fd_(::socket(peer.ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        constexpr int yes = 1;
        ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        sockaddr_storage address{};
        socklen_t size = 0;
        if (peer.ipv6) {
            auto& in = reinterpret_cast<sockaddr_in6&>(address);
            in.sin6_family = AF_INET6;
            in.sin6_port = htons(peer.port);
            std::memcpy(&in.sin6_addr, peer.address, sizeof in.sin6_addr);
            size = sizeof in;
        } else {
            auto& in = reinterpret_cast<sockaddr_in&>(address);
            in.sin_family = AF_INET;
            in.sin_port = htons(peer.port);
            std::memcpy(&in.sin_addr, peer.address, sizeof in.sin_addr);
            size = sizeof in;
        }
        connected_ = fd_ >= 0 && ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), size) == 0;
    }
    ~Connection() {
        if (fd_ >= 0) ::close(fd_);
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    bool connected() const { return connected_; }
    /// Whether the answer came, and says what it must.
    bool enquire(std::uint32_t sequence) const {
        std::array<std::uint8_t, pdu_size> pdu = enquire_link(smpp::CommandId::enquire_link, sequence);
        if (::send(fd_, pdu.data(), pdu.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(pdu.size())) return false;
        if (::recv(fd_, pdu.data(), pdu.size(), MSG_WAITALL) != static_cast<ssize_t>(pdu.size())) return false;
        return pdu == enquire_link(smpp::CommandId::enquire_link_resp, sequence);
    }

private:
    static std::array<std::uint8_t, pdu_size> enquire_link(smpp::CommandId id, std::uint32_t sequence) {
        std::array<std::uint8_t, pdu_size> pdu{};
        store_be(pdu.data(), std::uint32_t{pdu_size});
        store_be(pdu.data() + 4, static_cast<std::uint32_t>(id));
        store_be(pdu.data() + 12, sequence);
        return pdu;
    }

    int fd_;
    bool connected_ = false;
};

}  // namespace

Result<LatencySummary> measure_enquire_links(const io::Endpoint& gateway, std::uint32_t count, nanoseconds interval,
                                             const tools::Signals& signals) {
    const Connection connection(gateway);
    if (!connection.connected())
        return fail("cannot connect to " + gateway.to_string() + ": " + std::system_category().message(errno));
    Histogram times;
    MonoTime due = std::chrono::steady_clock::now();
    for (std::uint32_t i = 0; i < count; ++i, due += interval) {
        if (const auto now = std::chrono::steady_clock::now(); now < due && signals.wait(due - now))
            return fail("interrupted");
        const MonoTime begin = std::chrono::steady_clock::now();
        if (!connection.enquire(i + 1)) return fail("the gateway does not answer enquire_link");
        times.record(std::chrono::steady_clock::now() - begin);
    }
    return LatencySummary::of(times);
}

}  // namespace sluice::bench
