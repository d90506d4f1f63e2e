#pragma once

#include <memory>
#include <vector>

#include "engine/base/out_buffer.hpp"
#include "engine/base/slab.hpp"
#include "engine/io/socket.hpp"
#include "engine/io/uring.hpp"

namespace sluice::relay {

/// What an operation was, in its completion.
enum class Operation : std::uint8_t { accept, receive, send, journal };

/// A completion's tag: the link's generation, four bits of operation, 28 bits of index.
std::uint64_t tag(Operation operation, Handle link);

struct Link {
    io::Fd fd;
    bool provider = false;
    bool bound = false;
    bool closing = false;        ///< no more PDUs are taken; ends when what is to be sent has been
    bool broken = false;         ///< ends as soon as the kernel has let go of it
    bool listed = false;         ///< has something to send in this turn
    bool sending_now = false;
    std::uint8_t operations = 0; ///< under way in the kernel
    OutBuffer partial;           ///< a PDU of which only the beginning has come
    OutBuffer out;               ///< written in this turn
    OutBuffer sending;           ///< read by the kernel until the send completes
};

/// What the links tell their owner.
class LinkOwner {
public:
    virtual ~LinkOwner() = default;
    /// Returns how many octets were whole PDUs; the rest is kept.
    virtual std::size_t on_octets(Handle id, Link& link, ByteView octets) = 0;
    /// The connection has ended, by the peer or an error; the link goes when this has returned.
    virtual void on_end(Handle id, Link& link) = 0;
    virtual void on_journal(int result) = 0;
};

/// TCP connections over one ring: receives are submitted once and complete many times, everything written in a turn
/// leaves with one send a link and one system call for all. Much less than engine/io does, and nothing else.
class Links {
public:
    Links(io::Uring& ring, LinkOwner& owner) : ring_(ring), owner_(owner) {}

    Result<void> listen(const io::Endpoint& endpoint);
    /// Connects, waiting for it; 0 on success, else errno.
    int connect(const io::Endpoint& endpoint, Handle& link);

    Link* find(Handle id) { return links_.find(id); }

    /// Where to write to the link; it is sent at the end of the turn.
    OutBuffer& out(Handle id, Link& link);
    /// Closes when what has been written is sent.
    void close(Handle id, Link& link);

    /// Submits the sends of this turn and waits for something to happen.
    void turn(nanoseconds timeout);

private:
    Handle add(io::Fd fd, bool provider);
    void start_accept();
    void start_receive(Handle id, Link& link);
    void start_send(Handle id, Link& link);
    void complete(const io_uring_cqe& completion);
    void complete_accept(const io_uring_cqe& completion);
    void complete_receive(Handle id, Link& link, const io_uring_cqe& completion, ByteView octets);
    void complete_send(Handle id, Link& link, int result);
    void end(Handle id, Link& link);
    void list(Handle id, Link& link);

    io::Uring& ring_;
    LinkOwner& owner_;
    io::Fd listener_;
    bool accepting_ = false;
    Slab<Link> links_;
    std::vector<Handle> listed_, flushing_;
    std::vector<OutBuffer> spares_;  ///< output buffers between uses: a few that are warm in the cache serve all links
};

}  // namespace sluice::relay
