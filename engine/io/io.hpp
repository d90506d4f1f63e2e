#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <system_error>

#include "engine/base/bytes.hpp"
#include "engine/base/out_buffer.hpp"
#include "engine/base/result.hpp"
#include "engine/base/slab.hpp"
#include "engine/base/time.hpp"

/// The seam to the network. Everything above speaks of links (byte streams) and never of sockets; io_uring, epoll and
/// the simulated network stand behind it.
namespace sluice::io {

/// An address to listen on or to connect to. IPv4 or IPv6, never a name: names are resolved when configuration loads.
struct Endpoint {
    std::uint8_t address[16] = {};  ///< IPv4 uses the first four octets
    std::uint16_t port = 0;
    bool ipv6 = false;

    /// "127.0.0.1:2775", "[::1]:2775", ":2775" (any IPv4 and IPv6 address is `[::]:2775`).
    static Result<Endpoint> parse(std::string_view text);
    std::string to_string() const;
    bool is_loopback() const;
    /// The octets that tell one peer's machines from another's: an IPv4 address, mapped into IPv6 or not, or an IPv6
    /// network of 64 bits, since one machine has all addresses of such a network.
    ByteView network() const;
    friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

using LinkId = Handle;
using ListenerId = std::uint32_t;

/// What an Io tells its owner, always from inside `Io::turn` and on its thread.
class LinkEvents {
public:
    virtual ~LinkEvents() = default;

    virtual void on_accept(LinkId link, ListenerId listener, const Endpoint& peer) = 0;
    /// Ends `Io::connect`. On an error the link is gone when this returns.
    virtual void on_connect(LinkId link, std::error_code error) = 0;
    /// Octets have come. Returns how many were consumed; the rest is kept and offered again, contiguous with what
    /// follows, when more arrives or the link is resumed. A consumer that is not paused consumes every complete PDU.
    virtual std::size_t on_data(LinkId link, ByteView data) = 0;
    /// The output, which had been above the high-water mark (limits.hpp), fell below the low-water mark.
    virtual void on_drained(LinkId link) = 0;
    /// The peer closed (no error), or the link broke. Not called for links closed by `Io::close`. The link is gone
    /// when this returns; what is in `out` still goes to a peer that only finished sending.
    virtual void on_close(LinkId link, std::error_code error) = 0;
    /// Accepting has paused, because the process is out of file descriptors or the kernel out of memory. It is tried
    /// again by itself; told once until an accept works again.
    virtual void on_accept_trouble(ListenerId listener, std::error_code error) {
        static_cast<void>(listener), static_cast<void>(error);
    }
};

/// How long a closed link may take to send what is left and to hear the peer close too.
inline constexpr nanoseconds linger_limit = seconds(5);

struct ListenOptions {
    int backlog = 1024;
    bool reuse_port = false;  ///< one listener a shard on the same endpoint; the kernel deals connections out
};

enum class Backend : std::uint8_t { io_uring, epoll, simulated };
std::string_view to_string(Backend backend);

class Io {
public:
    virtual ~Io() = default;

    /// Error texts name the endpoint and the cause ("127.0.0.1:2775: address already in use").
    virtual Result<ListenerId> listen(const Endpoint& endpoint, const ListenOptions& options) = 0;
    /// The endpoint that is really bound (the port when 0 was asked for).
    virtual Endpoint local_endpoint(ListenerId listener) const = 0;
    virtual void stop_listening(ListenerId listener) = 0;

    virtual LinkId connect(const Endpoint& endpoint) = 0;

    /// Where to write; sent once, at the end of the turn (TCP_NODELAY is always set). The reference stays good for the
    /// life of the link, but asked for in the turn it comes with memory that was used before.
    virtual OutBuffer& out(LinkId link) = 0;
    /// Octets written and not yet taken by the kernel.
    virtual std::size_t unsent(LinkId link) const = 0;
    /// Says that `out(link)` has been written outside of one of this link's events.
    virtual void touch(LinkId link) = 0;

    /// Stops offering data (the kernel's buffer fills and the peer feels it); resume offers what was kept, inside the
    /// next turn.
    virtual void pause(LinkId link) = 0;
    virtual void resume(LinkId link) = 0;

    /// Closes; what is already in `out` is sent first, within a bounded time. No more events for this link.
    virtual void close(LinkId link) = 0;
    /// Closes at once, with a reset.
    virtual void abort(LinkId link) = 0;

    /// Begins to write at an offset of a file, and returns without waiting. `done` is called inside a later turn with
    /// the number of octets written or a negated errno; the octets must stay until then. One write at a time. False,
    /// and nothing happens, where a backend cannot: all but io_uring.
    virtual bool write_file(int fd, std::uint64_t offset, ByteView octets, std::function<void(int)> done) {
        static_cast<void>(fd), static_cast<void>(offset), static_cast<void>(octets), static_cast<void>(done);
        return false;
    }
    virtual bool is_writing_file() const { return false; }

    /// One turn: sends what is pending, waits up to `timeout` (zero: does not wait) for something to happen, and
    /// delivers a bounded number of events. Returns how many events it delivered.
    virtual std::size_t turn(LinkEvents& events, nanoseconds timeout) = 0;

    /// Makes a waiting turn return; from any thread, cheap when one is already under way.
    virtual void wake() = 0;

    /// Links there are, those included that were closed and still send what is left: zero at the end of an orderly
    /// stop.
    virtual std::size_t links() const = 0;

    virtual Backend backend() const = 0;
};

}  // namespace sluice::io
