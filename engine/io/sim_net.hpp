#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "engine/base/random.hpp"
#include "engine/io/link_io.hpp"

namespace sluice::io {

class SimNet;

/// A simulated connection, for faults.
using ConnectionId = std::uint64_t;

struct SimOptions {
    nanoseconds least_latency = microseconds(50), most_latency = milliseconds(2);  ///< of each packet, drawn evenly
    std::size_t least_packet = 1, most_packet = 4096;  ///< octets a packet, drawn evenly
    std::size_t window = 64 * 1024;                    ///< octets under way or unread, each direction of a connection
    nanoseconds connect_timeout = seconds(10);         ///< until an attempt across a partition fails
    double reset_chance = 0;                           ///< for each packet: the connection is reset
    double cut_chance = 0;                             ///< for each packet: the connection falls silent for good
};

struct SimLink : LinkBase {
    ConnectionId connection = 0;
    unsigned side = 0;
    bool has_news = false;  ///< is on the list of links with news from the net
    Endpoint to;            ///< where to connect to
};

/// A program on a host of the simulated network. `turn` never waits.
class SimIo final : public LinkIo<SimLink> {
public:
    ~SimIo() override;

    /// The host's address; the port is 0.
    const Endpoint& address() const { return address_; }
    /// The connection behind a link; 0 while the net does not know it.
    ConnectionId connection(LinkId link) const;
    /// When a turn has something to do, now included; packets under way apart.
    std::optional<MonoTime> next_work_time() const;

    /// On any address, which counts as this host's own. Port 0 takes a free one.
    Result<ListenerId> listen(const Endpoint& endpoint, const ListenOptions& options) override;
    Endpoint local_endpoint(ListenerId listener) const override;
    void stop_listening(ListenerId listener) override;
    /// To a host's address, or to this one's own by a loopback address.
    LinkId connect(const Endpoint& endpoint) override;
    void wake() override {}
    Backend backend() const override { return Backend::simulated; }

private:
    friend class SimNet;
    struct Listener {
        Endpoint endpoint;
        ListenOptions options;
        bool open = true;
        std::deque<ConnectionId> waiting;
    };

    SimIo(SimNet& net, const Endpoint& address) : net_(net), address_(address) {}

    MonoTime now() const override;
    void update(LinkId id, SimLink& link) override;
    void poll(nanoseconds timeout) override;

    /// From the net: the connection of this link has something for it.
    void news(LinkId id);
    /// From the net: the other end has taken octets, so more of `out` may go.
    void room(LinkId id);
    void accept_waiting(ListenerId id);
    void take_news(LinkId id, SimLink& link);
    Listener* listener_on(std::uint16_t port);

    SimNet& net_;
    Endpoint address_;
    std::vector<Listener> listeners_;  // by ListenerId
    std::deque<LinkId> with_news_;
};

/// A network in one thread and in virtual time: packets of random size and latency, in order within a connection and
/// in any order between connections, bounded in number, with refusals, resets, cuts and partitions. Everything follows
/// from the seed and the order of calls.
///
/// A scheduler turns the programs in an order of its choice, and advances to `next_event_time` when that is not now.
class SimNet {
public:
    explicit SimNet(std::uint64_t seed, const SimOptions& options = {}) : options_(options), random_(seed) {}

    /// A program on a new host (10.0.0.1 and so on), or one more on a host that there is or was: the shards of a
    /// gateway share an address. The net outlives them. Destroying one resets its connections, as a kernel does when a
    /// process dies.
    std::unique_ptr<SimIo> add_host();
    std::unique_ptr<SimIo> add_on_host(const Endpoint& address);

    MonoTime now() const { return now_; }
    /// When something happens next: now while a program has work, else when the next packet arrives; empty in silence.
    std::optional<MonoTime> next_event_time() const;
    /// Moves time forward; packets arrive at their hosts and wait there for the host's turn.
    void advance(MonoTime to);

    /// Packets between two hosts wait until the partition heals; attempts to connect time out.
    void partition(const Endpoint& a, const Endpoint& b);
    void heal(const Endpoint& a, const Endpoint& b);
    /// Both ends learn of a reset after a latency.
    void reset(ConnectionId connection);
    /// Silence for good: neither end is ever told anything again.
    void cut(ConnectionId connection);
    /// All connections of a host are cut, as when it loses power; destroy it then.
    void power_off(const Endpoint& host);
    /// Connections with an end that is still in use, in order of making.
    std::vector<ConnectionId> connections() const;

private:
    friend class SimIo;

    enum class What : std::uint8_t { connect, answer, octets, finish, reset };
    /// A packet, in the widest sense.
    struct Packet {
        What what;
        std::vector<std::uint8_t> octets;
        std::error_code error;
        MonoTime arrival{};
    };
    struct Side {
        SimIo* program = nullptr;  // none: not accepted yet, or closed
        LinkId link;
        Endpoint endpoint;
        bool answered = false;  // the attempt to connect, by success or by `error`

        // What flows towards this side.
        std::deque<Packet> under_way;  // in order of arrival
        std::size_t octets_under_way = 0;
        MonoTime last_arrival{};
        OutBuffer arrived;  // and not yet taken by the program
        bool finished = false;
        std::error_code error;
    };
    struct Connection {
        Side sides[2];  // 0: the one that connected
        bool cut = false;
    };
    struct Arrival {
        ConnectionId connection;
        unsigned side;
    };
    using HostPair = std::pair<std::string, std::string>;

    // ---- for the programs
    ConnectionId start_connect(SimIo& from, LinkId link, const Endpoint& to);
    bool port_is_free(const Endpoint& endpoint, bool reuse) const;
    std::uint16_t free_port();
    Side* find(ConnectionId connection, unsigned side);
    /// False when the other side has given up meanwhile.
    bool accept(ConnectionId connection, SimIo& program, LinkId link);
    void refuse(ConnectionId connection, std::errc error);
    /// Takes what fits into the window from `out`.
    void send(ConnectionId connection, unsigned from, OutBuffer& out);
    void finish(ConnectionId connection, unsigned from);
    /// The program has taken what had arrived, so there is room.
    void taken(ConnectionId connection, unsigned side);
    /// The program lets go of its side; what it had sent still arrives unless it resets.
    void let_go(ConnectionId connection, unsigned side, bool with_reset);

    void dispatch(ConnectionId id, unsigned to, Packet packet, nanoseconds delay);
    void arrive(ConnectionId id, unsigned side);
    void take_in(ConnectionId id, Connection& connection, unsigned side, Packet packet);
    void listen_for(ConnectionId id, Connection& connection);
    void reset_side(ConnectionId id, unsigned side);
    nanoseconds latency();
    bool separated(const Connection& connection) const;
    static HostPair pair_of(const Endpoint& a, const Endpoint& b);

    SimOptions options_;
    Random random_;
    MonoTime now_ = MonoTime(seconds(1));
    std::uint8_t last_host_ = 0;
    static constexpr std::uint16_t first_port = 30000;
    std::uint16_t last_port_ = first_port;
    std::vector<SimIo*> programs_;
    std::map<ConnectionId, Connection> connections_;
    ConnectionId last_connection_ = 0;
    std::multimap<MonoTime, Arrival> arrivals_;  // of equal times in order of dispatch
    std::set<HostPair> partitions_;
};

}  // namespace sluice::io
