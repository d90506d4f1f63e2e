#include "engine/io/uring_io.hpp"

namespace sluice::io {

// A completion's user data: the generation of the link, four bits of operation, 28 bits of index. A link's slot lives
// until the last of its operations has completed; a generation of 0 belongs to no link.
namespace {

constexpr unsigned operation_shift = 28;
constexpr std::uint32_t index_mask = (1u << operation_shift) - 1;

}  // namespace

std::uint64_t UringIo::tag(Operation operation, LinkId id) {
    SLUICE_CHECK(id.index <= index_mask);
    return std::uint64_t{id.generation} << 32 | static_cast<std::uint32_t>(operation) << operation_shift | id.index;
}

Result<std::unique_ptr<Io>> UringIo::create() {
    auto ring = Uring::create();
    if (!ring) return std::unexpected(ring.error());
    return std::unique_ptr<Io>(new UringIo(std::move(*ring)));
}

UringIo::~UringIo() {
    // Operations under way hold on to sockets for a moment after the ring is closed; peers need not wait for that.
    for (Listener& listener : listeners_)
        if (listener.fd) ::shutdown(listener.fd.get(), SHUT_RDWR);
    links_.for_each([](LinkId, UringLink& link) {
        if (link.fd) ::shutdown(link.fd.get(), SHUT_RDWR);
    });
    ring_.reset();  // before the buffers that the kernel uses
}

// ---- listeners

Result<ListenerId> UringIo::listen(const Endpoint& endpoint, const ListenOptions& options) {
    auto fd = open_listener(endpoint, options, 0);
    if (!fd) return std::unexpected(fd.error());
    listeners_.push_back({.fd = std::move(*fd)});
    some_listener_waits_ = true;
    return static_cast<ListenerId>(listeners_.size() - 1);
}

Endpoint UringIo::local_endpoint(ListenerId listener) const {
    return local_endpoint_of(listeners_.at(listener).fd.get());
}

void UringIo::stop_listening(ListenerId id) {
    Listener& listener = listeners_.at(id);
    listener.stopped = true;
    if (listener.accepting)
        ::shutdown(listener.fd.get(), SHUT_RDWR);  // ends the accept, whose completion closes the socket
    else
        listener.fd.reset();
}

nanoseconds UringIo::start_accepts(nanoseconds timeout) {
    const MonoTime time = now();
    some_listener_waits_ = false;
    for (ListenerId id = 0; id < listeners_.size(); ++id) {
        Listener& listener = listeners_[id];
        if (listener.stopped || listener.accepting) continue;
        if (listener.rests_until > time) {
            some_listener_waits_ = true;
            timeout = std::min<nanoseconds>(timeout, listener.rests_until - time);
            continue;
        }
        io_uring_sqe& entry = ring_->entry();
        io_uring_prep_multishot_accept(&entry, listener.fd.get(), nullptr, nullptr, SOCK_CLOEXEC);
        entry.user_data = tag(Operation::accept, {id, 0});
        listener.accepting = true;
    }
    return timeout;
}

void UringIo::complete_accept(ListenerId id, const io_uring_cqe& completion) {
    Fd fd(completion.res);
    Listener& listener = listeners_[id];
    if (!(completion.flags & IORING_CQE_F_MORE)) {
        listener.accepting = false;
        some_listener_waits_ = true;
    }
    if (listener.stopped) {
        if (!listener.accepting) listener.fd.reset();
        return;
    }
    if (is_shortage(-completion.res)) {
        listener.rests_until = now() + accept_rest;
        if (!std::exchange(listener.in_trouble, true)) event().on_accept_trouble(id, system_error(-completion.res));
    }
    if (!fd) return;  // not for a shortage: a connection that ended while it waited

    listener.in_trouble = false;
    set_no_delay(fd.get());
    const Endpoint peer = peer_endpoint_of(fd.get());
    const LinkId link_id = add_link(LinkState::open);
    UringLink& link = links_.at(link_id);
    link.fd = std::move(fd);
    accepted(id, link_id, link, peer);
}

// ---- links

LinkId UringIo::connect(const Endpoint& endpoint) {
    const LinkId id = add_link(LinkState::connecting);
    UringLink& link = links_.at(id);
    link.peer = std::make_unique<SocketAddress>(endpoint);
    touch(id, link);
    return id;
}

void UringIo::start_connect(LinkId id, UringLink& link) {
    link.fd = open_stream(link.peer->endpoint(), 0);
    if (!link.fd) return connected(id, link, system_error(errno));
    set_no_delay(link.fd.get());
    io_uring_sqe& entry = ring_->entry();
    io_uring_prep_connect(&entry, link.fd.get(), link.peer->get(), link.peer->length);
    entry.user_data = tag(Operation::connect, id);
    ++link.operations;
}

void UringIo::update(LinkId id, UringLink& link) {
    if (link.state == LinkState::connecting && !link.fd) start_connect(id, link);
    if (link.state == LinkState::connecting) return;
    if (link.state == LinkState::open || link.state == LinkState::closing) start_send(id, link);
    if (link.state == LinkState::closing && link.unsent() == 0) say_goodbye(link);
    if (link.state == LinkState::gone) return free(id, link);

    spares_.take_back(link.out);
    tell_drained(id, link);
    offer_kept(id, link);
    if (link.state == LinkState::open && link.peer_finished && !link.paused) lost(id, link, {});

    if (wants_input(link) && link.receiving == UringLink::Receiving::no) start_receive(id, link);
    if (!wants_input(link) && link.receiving == UringLink::Receiving::yes) stop_receive(id, link);
}

void UringIo::start_send(LinkId id, UringLink& link) {
    note_high_water(link);
    if (link.send_under_way || link.unsent() == 0) return;
    if (link.sending.empty()) std::swap(link.sending, link.out);
    const ByteView octets = link.sending.view();
    io_uring_sqe& entry = ring_->entry();
    io_uring_prep_send(&entry, link.fd.get(), octets.data(), octets.size(), MSG_NOSIGNAL);
    entry.user_data = tag(Operation::send, id);
    ++link.operations;
    link.send_under_way = true;
}

void UringIo::complete_send(LinkId id, UringLink& link, int result) {
    link.send_under_way = false;
    if (result >= 0) {
        note_high_water(link);
        link.sending.consume(static_cast<std::size_t>(result));
        spares_.take_back(link.sending);
        tell_drained(id, link);
    } else if (result != -EAGAIN && result != -EINTR && result != -ECANCELED && !is_shortage(-result)) {
        link.sending.clear();
        break_output(link, -result);
        if (link.receiving == UringLink::Receiving::no) input_ended(id, link, system_error(-result));
    }
    if (link.unsent() > 0 || link.state != LinkState::open) touch(id, link);
}

void UringIo::start_receive(LinkId id, UringLink& link) {
    io_uring_sqe& entry = ring_->entry();
    io_uring_prep_recv_multishot(&entry, link.fd.get(), nullptr, 0, 0);
    entry.flags |= IOSQE_BUFFER_SELECT;
    entry.buf_group = Uring::buffer_group;
    entry.user_data = tag(Operation::receive, id);
    ++link.operations;
    link.receiving = UringLink::Receiving::yes;
}

void UringIo::stop_receive(LinkId id, UringLink& link) {
    io_uring_sqe& entry = ring_->entry();
    io_uring_prep_cancel64(&entry, tag(Operation::receive, id), 0);
    entry.user_data = tag(Operation::cancel, id);
    link.receiving = UringLink::Receiving::stopping;
}

void UringIo::complete_receive(LinkId id, UringLink& link, const io_uring_cqe& completion, ByteView received) {
    const bool ended = !(completion.flags & IORING_CQE_F_MORE);
    if (ended) {
        link.receiving = UringLink::Receiving::no;
        touch(id, link);
    }
    if (completion.res > 0) return offer(id, link, received);
    if (completion.res == 0) {
        // What is kept comes first; `update` tells the end after it.
        const bool later = link.state == LinkState::open && (link.paused || link.resumed);
        if (later)
            link.peer_finished = true;
        else
            input_ended(id, link, {});
        return;
    }
    // Without free buffers (ENOBUFS) or when stopped: it starts again in `update` if input is wanted.
    const int error = -completion.res;
    if (error != ENOBUFS && error != ECANCELED && error != EINTR && error != EAGAIN)
        input_ended(id, link, system_error(error));
}

void UringIo::say_goodbye(UringLink& link) {
    ::shutdown(link.fd.get(), SHUT_WR);
    link.state = link.peer_finished ? LinkState::gone : LinkState::finishing;
}

void UringIo::free(LinkId id, UringLink& link) {
    if (link.operations == 0) {
        if (link.fd && link.reset) set_reset_on_close(link.fd.get());
        links_.erase(id);
    } else if (!std::exchange(link.cancelled, true)) {
        io_uring_sqe& entry = ring_->entry();
        io_uring_prep_cancel_fd(&entry, link.fd.get(), IORING_ASYNC_CANCEL_ALL);
        entry.user_data = tag(Operation::cancel, id);
    }
}

// ---- files

bool UringIo::write_file(int fd, std::uint64_t offset, ByteView octets, std::function<void(int)> done) {
    SLUICE_CHECK(!file_written_);
    file_written_ = std::move(done);
    io_uring_sqe& entry = ring_->entry();
    io_uring_prep_write(&entry, fd, octets.data(), static_cast<unsigned>(octets.size()), offset);
    entry.user_data = tag(Operation::write_file, {0, 0});
    return true;
}

// ---- the turn

void UringIo::start_wake_read() {
    if (std::exchange(wake_read_, true)) return;
    io_uring_sqe& entry = ring_->entry();
    io_uring_prep_read(&entry, gate_.fd(), &wake_count_, sizeof wake_count_, 0);
    entry.user_data = tag(Operation::wake, {0, 0});
}

void UringIo::poll(nanoseconds timeout) {
    start_wake_read();
    if (some_listener_waits_) timeout = start_accepts(timeout);
    ring_->submit(gate_.enter() ? timeout : nanoseconds::zero());
    gate_.leave();
    ring_->completions(limits::events_per_turn, [this](const io_uring_cqe& completion) { complete(completion); });
}

void UringIo::complete(const io_uring_cqe& completion) {
    const auto low = static_cast<std::uint32_t>(completion.user_data);
    const LinkId id{low & index_mask, static_cast<std::uint32_t>(completion.user_data >> 32)};
    const auto operation = static_cast<Operation>(low >> operation_shift);
    if (operation == Operation::cancel) return;
    if (operation == Operation::wake) {
        wake_read_ = false;
        return;
    }
    if (operation == Operation::write_file) return std::exchange(file_written_, nullptr)(completion.res);
    if (operation == Operation::accept) return complete_accept(id.index, completion);

    UringLink& link = links_.at(id);
    if (!(completion.flags & IORING_CQE_F_MORE)) --link.operations;
    const ByteView received = ring_->take_received(completion);  // even when nobody wants it, to get the buffer back
    if (link.state == LinkState::gone) return touch(id, link);
    if (operation == Operation::receive) return complete_receive(id, link, completion, received);
    if (operation == Operation::send) return complete_send(id, link, completion.res);
    link.peer.reset();
    connected(id, link, completion.res < 0 ? system_error(-completion.res) : std::error_code());
}

}  // namespace sluice::io
