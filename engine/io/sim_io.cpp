#include "engine/io/sim_net.hpp"

namespace sluice::io {

SimIo::~SimIo() {
    links_.for_each([this](LinkId, SimLink& link) {
        if (link.connection != 0) net_.let_go(link.connection, link.side, true);
    });
    for (ListenerId id = 0; id < listeners_.size(); ++id) stop_listening(id);
    std::erase(net_.programs_, this);
}

MonoTime SimIo::now() const { return net_.now(); }

ConnectionId SimIo::connection(LinkId id) const {
    const SimLink* link = links_.find(id);
    return link ? link->connection : 0;
}

std::optional<MonoTime> SimIo::next_work_time() const {
    bool now_already = has_touched() || !with_news_.empty();
    for (const Listener& listener : listeners_) now_already |= !listener.waiting.empty();
    return now_already ? net_.now() : linger_deadline();
}

// ---- listeners

Result<ListenerId> SimIo::listen(const Endpoint& endpoint, const ListenOptions& options) {
    Endpoint own = address_;
    own.port = endpoint.port != 0 ? endpoint.port : net_.free_port();
    if (!net_.port_is_free(own, options.reuse_port)) return fail(endpoint.to_string() + ": address already in use");
    listeners_.push_back({.endpoint = own, .options = options, .waiting = {}});
    return static_cast<ListenerId>(listeners_.size() - 1);
}

Endpoint SimIo::local_endpoint(ListenerId listener) const { return listeners_.at(listener).endpoint; }

void SimIo::stop_listening(ListenerId id) {
    Listener& listener = listeners_.at(id);
    listener.open = false;
    for (const ConnectionId connection : std::exchange(listener.waiting, {}))
        net_.refuse(connection, std::errc::connection_reset);
}

SimIo::Listener* SimIo::listener_on(std::uint16_t port) {
    for (Listener& listener : listeners_)
        if (listener.open && listener.endpoint.port == port) return &listener;
    return nullptr;
}

void SimIo::accept_waiting(ListenerId id) {
    for (std::size_t n = listeners_[id].waiting.size(); n > 0 && !listeners_[id].waiting.empty(); --n) {
        const ConnectionId connection = listeners_[id].waiting.front();
        listeners_[id].waiting.pop_front();
        const LinkId link_id = add_link(LinkState::open);
        SimLink& link = links_.at(link_id);
        if (!net_.accept(connection, *this, link_id)) {
            links_.erase(link_id);
            continue;
        }
        link.connection = connection;
        link.side = 1;
        accepted(id, link_id, link, net_.find(connection, 0)->endpoint);
    }
}

// ---- links

LinkId SimIo::connect(const Endpoint& endpoint) {
    const LinkId id = add_link(LinkState::connecting);
    SimLink& link = links_.at(id);
    link.to = endpoint;
    touch(id, link);
    return id;
}

void SimIo::update(LinkId id, SimLink& link) {
    if (link.state == LinkState::connecting) {
        if (link.connection == 0) link.connection = net_.start_connect(*this, id, link.to);
        return;
    }
    if (link.state != LinkState::gone) {
        note_high_water(link);
        net_.send(link.connection, link.side, link.out);
    }
    if (link.state == LinkState::closing && link.out.empty()) {
        net_.finish(link.connection, link.side);
        net_.let_go(link.connection, link.side, false);
        links_.erase(id);
        return;
    }
    if (link.state == LinkState::gone) {
        if (link.connection != 0) net_.let_go(link.connection, link.side, true);
        links_.erase(id);
        return;
    }
    spares_.take_back(link.out);
    tell_drained(id, link);
    offer_kept(id, link);
    if (!link.paused) news(id);  // there may be some from before it was resumed
}

void SimIo::news(LinkId id) {
    SimLink* link = links_.find(id);
    if (!link || std::exchange(link->has_news, true)) return;
    with_news_.push_back(id);
}

void SimIo::room(LinkId id) {
    SimLink* link = links_.find(id);
    if (link && !link->out.empty()) touch(id, *link);
}

void SimIo::take_news(LinkId id, SimLink& link) {
    SimNet::Side& side = *net_.find(link.connection, link.side);
    if (link.state == LinkState::connecting) {
        if (side.answered) connected(id, link, side.error);
        return;
    }
    if (side.error) return input_ended(id, link, side.error);
    if (!wants_input(link)) return;
    if (!side.arrived.empty()) {
        const OutBuffer arrived = std::exchange(side.arrived, OutBuffer());
        net_.taken(link.connection, link.side);
        offer(id, link, arrived.view());
    }
    if (side.finished && wants_input(link)) input_ended(id, link, {});
}

void SimIo::poll(nanoseconds) {
    for (ListenerId id = 0; id < listeners_.size(); ++id) accept_waiting(id);
    for (std::size_t n = std::min(with_news_.size(), limits::events_per_turn); n > 0; --n) {
        const LinkId id = with_news_.front();
        with_news_.pop_front();
        SimLink* link = links_.find(id);
        if (!link) continue;
        link->has_news = false;
        if (link->state != LinkState::gone) take_news(id, *link);
    }
}

}  // namespace sluice::io
