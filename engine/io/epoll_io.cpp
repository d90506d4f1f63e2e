#include "engine/io/epoll_io.hpp"

#include <ctime>

namespace sluice::io {

namespace {

// What an epoll event is about. Links have generations from 1 on in the upper half, so those are free for others.
constexpr std::uint64_t wake_tag = UINT32_MAX;
constexpr bool is_listener(std::uint64_t tag) { return tag < wake_tag; }

constexpr int accepts_per_turn = 64;

}  // namespace

Result<std::unique_ptr<Io>> EpollIo::create() {
    Fd epoll(::epoll_create1(EPOLL_CLOEXEC));
    if (!epoll) return fail("epoll: " + std::system_category().message(errno));
    return std::unique_ptr<Io>(new EpollIo(std::move(epoll)));
}

EpollIo::EpollIo(Fd epoll) : epoll_(std::move(epoll)) { control(EPOLL_CTL_ADD, gate_.fd(), EPOLLIN, wake_tag); }

bool EpollIo::control(int operation, int fd, std::uint32_t events, std::uint64_t data) {
    epoll_event event{.events = events, .data = {.u64 = data}};
    return ::epoll_ctl(epoll_.get(), operation, fd, &event) == 0;
}

// ---- listeners

Result<ListenerId> EpollIo::listen(const Endpoint& endpoint, const ListenOptions& options) {
    auto fd = open_listener(endpoint, options, SOCK_NONBLOCK);
    if (!fd) return std::unexpected(fd.error());
    const auto id = static_cast<ListenerId>(listeners_.size());
    if (!control(EPOLL_CTL_ADD, fd->get(), EPOLLIN, id))
        return fail(endpoint.to_string() + ": " + std::system_category().message(errno));
    listeners_.push_back({std::move(*fd), {}, false});
    return id;
}

Endpoint EpollIo::local_endpoint(ListenerId listener) const {
    return local_endpoint_of(listeners_.at(listener).fd.get());
}

void EpollIo::stop_listening(ListenerId listener) { listeners_.at(listener) = {}; }

void EpollIo::accept_some(ListenerId id) {
    for (int i = 0; i < accepts_per_turn && listeners_[id].fd; ++i) {
        SocketAddress peer;
        Fd fd(::accept4(listeners_[id].fd.get(), peer.get(), &peer.length, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (!fd) {
            if (is_shortage(errno)) rest(id, errno);
            return;  // anything else: no more, or a connection that ended while it waited
        }
        listeners_[id].in_trouble = false;
        set_no_delay(fd.get());
        const LinkId link_id = add_link(LinkState::open);
        EpollLink& link = links_.at(link_id);
        link.fd = std::move(fd);
        accepted(id, link_id, link, peer.endpoint());
    }
}

void EpollIo::rest(ListenerId id, int error) {
    Listener& listener = listeners_[id];
    control(EPOLL_CTL_MOD, listener.fd.get(), 0, id);
    listener.resting_until = now() + accept_rest;
    some_rest_ = true;
    if (!std::exchange(listener.in_trouble, true)) event().on_accept_trouble(id, system_error(error));
}

nanoseconds EpollIo::end_rests(nanoseconds timeout) {
    const MonoTime time = now();
    some_rest_ = false;
    for (ListenerId id = 0; id < listeners_.size(); ++id) {
        Listener& listener = listeners_[id];
        if (!listener.resting_until) continue;
        if (*listener.resting_until <= time) {
            listener.resting_until.reset();
            control(EPOLL_CTL_MOD, listener.fd.get(), EPOLLIN, id);
        } else {
            some_rest_ = true;
            timeout = std::min<nanoseconds>(timeout, *listener.resting_until - time);
        }
    }
    return timeout;
}

// ---- links

LinkId EpollIo::connect(const Endpoint& endpoint) {
    const LinkId id = add_link(LinkState::connecting);
    EpollLink& link = links_.at(id);
    link.peer = endpoint;
    touch(id, link);
    return id;
}

void EpollIo::start_connect(LinkId id, EpollLink& link) {
    link.fd = open_stream(link.peer, SOCK_NONBLOCK);
    if (!link.fd) return connected(id, link, system_error(errno));
    set_no_delay(link.fd.get());
    SocketAddress address(link.peer);
    if (::connect(link.fd.get(), address.get(), address.length) < 0 && errno != EINPROGRESS)
        return connected(id, link, system_error(errno));
    set_interest(id, link);
}

void EpollIo::update(LinkId id, EpollLink& link) {
    if (link.state == LinkState::connecting && !link.fd) start_connect(id, link);
    if (link.state == LinkState::open || link.state == LinkState::closing) send(link);
    if (link.state == LinkState::closing && link.out.empty()) say_goodbye(link);
    if (link.state == LinkState::gone) {
        if (link.fd && link.reset) set_reset_on_close(link.fd.get());
        links_.erase(id);
        return;
    }
    spares_.take_back(link.out);
    tell_drained(id, link);
    offer_kept(id, link);
    set_interest(id, link);
}

void EpollIo::send(EpollLink& link) {
    note_high_water(link);
    if (link.out.empty()) return;
    const ByteView octets = link.out.view();
    const ssize_t sent = ::send(link.fd.get(), octets.data(), octets.size(), MSG_NOSIGNAL);
    if (sent >= 0)
        link.out.consume(static_cast<std::size_t>(sent));
    else if (errno != EAGAIN && errno != EINTR && !is_shortage(errno))
        break_output(link, errno);
}

void EpollIo::say_goodbye(EpollLink& link) {
    ::shutdown(link.fd.get(), SHUT_WR);
    link.state = link.peer_finished ? LinkState::gone : LinkState::finishing;
}

void EpollIo::set_interest(LinkId id, EpollLink& link) {
    const bool connecting = link.state == LinkState::connecting;
    std::uint32_t wanted = 0;
    if (connecting || !link.out.empty()) wanted |= EPOLLOUT;
    if (!connecting && wants_input(link)) wanted |= EPOLLIN;
    if (link.interest == wanted) return;
    control(link.interest ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, link.fd.get(), wanted, id.packed());
    link.interest = wanted;
}

void EpollIo::receive(LinkId id, EpollLink& link, std::uint32_t ready) {
    if (link.state == LinkState::open && link.paused) {
        if (ready & (EPOLLERR | EPOLLHUP)) lost(id, link, pending_error(link.fd.get()));
        return;
    }
    const ssize_t got = ::recv(link.fd.get(), received_.data(), received_.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got > 0)
        offer(id, link, {received_.data(), static_cast<std::size_t>(got)});
    else
        input_ended(id, link, got == 0 ? std::error_code() : system_error(errno));
}

// ---- the turn

void EpollIo::poll(nanoseconds timeout) {
    if (some_rest_) timeout = end_rests(timeout);
    if (!gate_.enter()) timeout = {};
    const auto whole_seconds = std::chrono::duration_cast<seconds>(timeout);
    const timespec limit{.tv_sec = whole_seconds.count(), .tv_nsec = (timeout - whole_seconds).count()};
    const int count = ::epoll_pwait2(epoll_.get(), ready_.data(), static_cast<int>(ready_.size()), &limit, nullptr);
    gate_.leave();

    for (int i = 0; i < count; ++i) {
        const std::uint64_t tag = ready_[i].data.u64;
        if (tag == wake_tag) {
            gate_.clear();
        } else if (is_listener(tag)) {
            accept_some(static_cast<ListenerId>(tag));
        } else {
            const LinkId id = Handle::unpack(tag);
            EpollLink* link = links_.find(id);
            if (!link || link->state == LinkState::gone) continue;
            if (link->state == LinkState::connecting) {
                connected(id, *link, pending_error(link->fd.get()));
                continue;
            }
            if (ready_[i].events & EPOLLOUT) touch(id, *link);
            if (ready_[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP)) receive(id, *link, ready_[i].events);
        }
    }
}

}  // namespace sluice::io
