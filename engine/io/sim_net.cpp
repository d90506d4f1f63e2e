#include "engine/io/sim_net.hpp"

namespace sluice::io {

namespace {

bool same_host(const Endpoint& a, const Endpoint& b) {
    return a.ipv6 == b.ipv6 && std::equal(std::begin(a.address), std::end(a.address), std::begin(b.address));
}

}  // namespace

std::unique_ptr<SimIo> SimNet::add_host() {
    return add_on_host(Endpoint{.address = {10, 0, 0, ++last_host_}});
}

std::unique_ptr<SimIo> SimNet::add_on_host(const Endpoint& address) {
    std::unique_ptr<SimIo> program(new SimIo(*this, address));
    programs_.push_back(program.get());
    return program;
}

// ---- time

std::optional<MonoTime> SimNet::next_event_time() const {
    std::optional<MonoTime> next;
    const auto consider = [&](MonoTime time) { next = next ? std::min(*next, time) : time; };
    if (!arrivals_.empty()) consider(arrivals_.begin()->first);
    for (const SimIo* program : programs_)
        if (const auto time = program->next_work_time()) consider(*time);
    return next ? std::optional(std::max(*next, now_)) : std::nullopt;
}

void SimNet::advance(MonoTime to) {
    now_ = std::max(now_, to);
    while (!arrivals_.empty() && arrivals_.begin()->first <= now_) {
        const Arrival arrival = arrivals_.begin()->second;
        arrivals_.erase(arrivals_.begin());
        arrive(arrival.connection, arrival.side);
    }
}

nanoseconds SimNet::latency() {
    const auto spread = static_cast<std::uint64_t>((options_.most_latency - options_.least_latency).count());
    return options_.least_latency + nanoseconds(static_cast<std::int64_t>(random_.below(spread + 1)));
}

// ---- faults

SimNet::HostPair SimNet::pair_of(const Endpoint& a, const Endpoint& b) {
    Endpoint first = a, second = b;
    first.port = second.port = 0;
    return std::minmax({first.to_string(), second.to_string()});
}

void SimNet::partition(const Endpoint& a, const Endpoint& b) { partitions_.insert(pair_of(a, b)); }

void SimNet::heal(const Endpoint& a, const Endpoint& b) {
    partitions_.erase(pair_of(a, b));
    for (auto& [id, connection] : connections_)
        for (unsigned side = 0; side < 2; ++side)
            if (!connection.sides[side].under_way.empty()) arrivals_.emplace(now_ + latency(), Arrival{id, side});
}

bool SimNet::separated(const Connection& connection) const {
    if (partitions_.empty()) return false;
    return partitions_.contains(pair_of(connection.sides[0].endpoint, connection.sides[1].endpoint));
}

void SimNet::reset(ConnectionId id) {
    if (!connections_.contains(id)) return;
    reset_side(id, 0);
    reset_side(id, 1);
}

void SimNet::reset_side(ConnectionId id, unsigned side) {
    Side& reached = connections_.at(id).sides[side];
    reached.under_way.clear();  // a reset overtakes what was sent before
    reached.octets_under_way = 0;
    dispatch(id, side, {.what = What::reset, .octets = {}, .error = std::make_error_code(std::errc::connection_reset)},
             latency());
}

void SimNet::cut(ConnectionId id) {
    if (const auto found = connections_.find(id); found != connections_.end()) found->second.cut = true;
}

void SimNet::power_off(const Endpoint& host) {
    for (auto& [id, connection] : connections_)
        if (same_host(connection.sides[0].endpoint, host) || same_host(connection.sides[1].endpoint, host))
            connection.cut = true;
}

std::vector<ConnectionId> SimNet::connections() const {
    std::vector<ConnectionId> ids;
    for (const auto& [id, connection] : connections_) ids.push_back(id);
    return ids;
}

// ---- connecting

std::uint16_t SimNet::free_port() {
    last_port_ = last_port_ == UINT16_MAX ? first_port : last_port_ + 1;
    return last_port_;
}

bool SimNet::port_is_free(const Endpoint& endpoint, bool reuse) const {
    for (SimIo* program : programs_) {
        const SimIo::Listener* listener = program->listener_on(endpoint.port);
        if (!listener || !same_host(listener->endpoint, endpoint)) continue;
        if (!reuse || !listener->options.reuse_port) return false;
    }
    return true;
}

SimNet::Side* SimNet::find(ConnectionId id, unsigned side) {
    const auto found = connections_.find(id);
    return found == connections_.end() ? nullptr : &found->second.sides[side];
}

ConnectionId SimNet::start_connect(SimIo& from, LinkId link, const Endpoint& to) {
    const ConnectionId id = ++last_connection_;
    Connection& connection = connections_[id];
    connection.sides[0].program = &from;
    connection.sides[0].link = link;
    connection.sides[0].endpoint = from.address();
    connection.sides[0].endpoint.port = free_port();
    connection.sides[1].endpoint = to.is_loopback() ? from.address() : to;
    connection.sides[1].endpoint.port = to.port;
    if (separated(connection))
        dispatch(id, 0, {.what = What::answer, .octets = {}, .error = std::make_error_code(std::errc::timed_out)},
                 options_.connect_timeout);
    else
        dispatch(id, 1, {.what = What::connect, .octets = {}, .error = {}}, latency());
    return id;
}

void SimNet::listen_for(ConnectionId id, Connection& connection) {
    const Endpoint& wanted = connection.sides[1].endpoint;
    std::vector<SimIo::Listener*> listeners;
    bool host_exists = false;
    for (SimIo* program : programs_) {
        if (!same_host(program->address(), wanted)) continue;
        host_exists = true;
        SimIo::Listener* listener = program->listener_on(wanted.port);
        if (listener && listener->waiting.size() < static_cast<std::size_t>(listener->options.backlog))
            listeners.push_back(listener);
    }
    if (!listeners.empty())
        listeners[random_.below(listeners.size())]->waiting.push_back(id);
    else
        refuse(id, host_exists ? std::errc::connection_refused : std::errc::host_unreachable);
}

void SimNet::refuse(ConnectionId id, std::errc error) {
    if (!connections_.contains(id)) return;
    dispatch(id, 0, {.what = What::answer, .octets = {}, .error = std::make_error_code(error)}, latency());
}

bool SimNet::accept(ConnectionId id, SimIo& program, LinkId link) {
    if (!connections_.contains(id)) return false;
    Side& side = connections_.at(id).sides[1];
    side.program = &program;
    side.link = link;
    dispatch(id, 0, {.what = What::answer, .octets = {}, .error = {}}, latency());
    return true;
}

// ---- flowing

void SimNet::send(ConnectionId id, unsigned from, OutBuffer& out) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) return out.clear();
    Side& to = found->second.sides[1 - from];
    const std::size_t packet_spread = options_.most_packet - options_.least_packet + 1;
    while (!out.empty()) {
        const std::size_t room = options_.window - std::min(options_.window, to.octets_under_way + to.arrived.size());
        if (room == 0) return;
        const std::size_t drawn = options_.least_packet + random_.below(packet_spread);
        const ByteView octets = out.view().first(std::min({drawn, room, out.size()}));
        to.octets_under_way += octets.size();
        Packet packet{.what = What::octets, .octets = {octets.begin(), octets.end()}, .error = {}};
        dispatch(id, 1 - from, std::move(packet), latency());
        out.consume(octets.size());
        if (random_.chance(options_.cut_chance)) cut(id);
        if (random_.chance(options_.reset_chance)) return reset(id);
    }
}

void SimNet::finish(ConnectionId id, unsigned from) {
    if (connections_.contains(id)) dispatch(id, 1 - from, {.what = What::finish, .octets = {}, .error = {}}, latency());
}

void SimNet::taken(ConnectionId id, unsigned side) {
    const Side& sender = connections_.at(id).sides[1 - side];
    if (sender.program) sender.program->room(sender.link);
}

void SimNet::let_go(ConnectionId id, unsigned side, bool with_reset) {
    Connection& connection = connections_.at(id);
    connection.sides[side].program = nullptr;
    connection.sides[side].arrived = {};
    const Side& other = connection.sides[1 - side];
    if (!other.program) {
        connections_.erase(id);
    } else {
        if (with_reset) reset_side(id, 1 - side);
        taken(id, side);
    }
}

void SimNet::dispatch(ConnectionId id, unsigned to, Packet packet, nanoseconds delay) {
    Side& side = connections_.at(id).sides[to];
    side.last_arrival = packet.arrival = std::max(side.last_arrival, now_ + delay);
    arrivals_.emplace(packet.arrival, Arrival{id, to});
    side.under_way.push_back(std::move(packet));
}

void SimNet::arrive(ConnectionId id, unsigned side) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    Connection& connection = found->second;
    auto& under_way = connection.sides[side].under_way;
    while (!under_way.empty() && under_way.front().arrival <= now_) {
        const bool own_timeout = under_way.front().error == std::errc::timed_out;
        if (!own_timeout && (connection.cut || separated(connection))) return;
        Packet packet = std::move(under_way.front());
        under_way.pop_front();
        take_in(id, connection, side, std::move(packet));
    }
}

void SimNet::take_in(ConnectionId id, Connection& connection, unsigned to, Packet packet) {
    if (packet.what == What::connect) return listen_for(id, connection);
    Side& side = connection.sides[to];
    side.octets_under_way -= packet.octets.size();
    if (!side.program) return taken(id, to);  // closed: what still comes is dropped
    if (packet.what == What::octets) side.arrived.append(packet.octets);
    if (packet.what == What::finish) side.finished = true;
    if (packet.what == What::answer) side.answered = true;
    if (packet.error) {
        side.answered = true;
        side.error = packet.error;
        side.arrived.clear();
    }
    side.program->news(side.link);
}

}  // namespace sluice::io
