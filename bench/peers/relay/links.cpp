#include "bench/peers/relay/links.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace sluice::relay {

namespace {

constexpr unsigned operation_shift = 28;
constexpr std::uint32_t index_mask = (1u << operation_shift) - 1;
constexpr std::size_t completions_per_turn = 1024;
constexpr std::size_t spares_kept = 1024;
/// A peer that takes none of what it is owed is cut off.
constexpr std::size_t most_unsent = 64 * 1024 * 1024;

}  // namespace

std::uint64_t tag(Operation operation, Handle link) {
    return std::uint64_t{link.generation} << 32 | static_cast<std::uint32_t>(operation) << operation_shift | link.index;
}

Result<void> Links::listen(const io::Endpoint& endpoint) {
    auto fd = io::open_listener(endpoint, {.backlog = 4096}, 0);
    if (!fd) return std::unexpected(fd.error());
    listener_ = std::move(*fd);
    return {};
}

int Links::connect(const io::Endpoint& endpoint, Handle& link) {
    io::Fd fd = io::open_stream(endpoint, 0);
    io::SocketAddress address(endpoint);
    if (!fd || ::connect(fd.get(), address.get(), address.length) != 0) return errno;
    link = add(std::move(fd), true);
    return 0;
}

Handle Links::add(io::Fd fd, bool provider) {
    io::set_no_delay(fd.get());
    const Handle id = links_.emplace();
    Link& link = links_.at(id);
    link.fd = std::move(fd);
    link.provider = provider;
    start_receive(id, link);
    return id;
}

void Links::start_accept() {
    io_uring_sqe& entry = ring_.entry();
    io_uring_prep_multishot_accept(&entry, listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    entry.user_data = tag(Operation::accept, {0, 0});
    accepting_ = true;
}

void Links::start_receive(Handle id, Link& link) {
    io_uring_sqe& entry = ring_.entry();
    io_uring_prep_recv_multishot(&entry, link.fd.get(), nullptr, 0, 0);
    entry.flags |= IOSQE_BUFFER_SELECT;
    entry.buf_group = io::Uring::buffer_group;
    entry.user_data = tag(Operation::receive, id);
    ++link.operations;
}

OutBuffer& Links::out(Handle id, Link& link) {
    list(id, link);
    if (link.out.capacity() == 0 && !spares_.empty()) {
        std::swap(link.out, spares_.back());
        spares_.pop_back();
    }
    return link.out;
}

void Links::list(Handle id, Link& link) {
    if (std::exchange(link.listed, true)) return;
    listed_.push_back(id);
}

void Links::close(Handle id, Link& link) {
    link.closing = true;
    list(id, link);
}

void Links::start_send(Handle id, Link& link) {
    if (link.sending_now || link.broken) return;
    if (link.sending.empty()) std::swap(link.sending, link.out);
    if (link.sending.empty()) {
        if (link.closing) ::shutdown(link.fd.get(), SHUT_RDWR);  // ends the receive, which ends the link
        return;
    }
    const ByteView octets = link.sending.view();
    io_uring_sqe& entry = ring_.entry();
    io_uring_prep_send(&entry, link.fd.get(), octets.data(), octets.size(), MSG_NOSIGNAL);
    entry.user_data = tag(Operation::send, id);
    ++link.operations;
    link.sending_now = true;
}

void Links::turn(nanoseconds timeout) {
    if (!accepting_) start_accept();
    flushing_.swap(listed_);
    for (const Handle id : flushing_) {
        Link* link = links_.find(id);
        if (link == nullptr) continue;
        link->listed = false;
        if (link->out.size() > most_unsent) {
            std::fprintf(stderr, "relay: a peer does not read what it is sent: cut off\n");
            ::shutdown(link->fd.get(), SHUT_RDWR);
        }
        start_send(id, *link);
    }
    flushing_.clear();
    ring_.submit(timeout);
    ring_.completions(completions_per_turn, [this](const io_uring_cqe& completion) { complete(completion); });
}

void Links::complete(const io_uring_cqe& completion) {
    const auto low = static_cast<std::uint32_t>(completion.user_data);
    const Handle id{low & index_mask, static_cast<std::uint32_t>(completion.user_data >> 32)};
    const auto operation = static_cast<Operation>(low >> operation_shift);
    if (operation == Operation::accept) return complete_accept(completion);
    if (operation == Operation::journal) return owner_.on_journal(completion.res);

    Link& link = links_.at(id);
    const bool more = (completion.flags & IORING_CQE_F_MORE) != 0;
    if (!more) --link.operations;
    if (operation == Operation::send) {
        complete_send(id, link, completion.res);
    } else {
        complete_receive(id, link, completion, ring_.take_received(completion));
    }
    if (link.broken && link.operations == 0) links_.erase(id);
}

void Links::complete_accept(const io_uring_cqe& completion) {
    accepting_ = (completion.flags & IORING_CQE_F_MORE) != 0;
    if (completion.res >= 0) {
        add(io::Fd(completion.res), false);
    } else if (io::is_shortage(-completion.res)) {
        std::fprintf(stderr, "relay: cannot accept: %s\n", std::strerror(-completion.res));
        std::exit(1);
    }
}

void Links::complete_receive(Handle id, Link& link, const io_uring_cqe& completion, ByteView octets) {
    if (completion.res <= 0 && completion.res != -ENOBUFS) return end(id, link);
    if (!octets.empty() && !link.closing && !link.broken) {
        if (link.partial.empty()) {
            link.partial.append(octets.subspan(owner_.on_octets(id, link, octets)));
        } else {
            link.partial.append(octets);
            link.partial.consume(owner_.on_octets(id, link, link.partial.view()));
        }
    }
    if (!(completion.flags & IORING_CQE_F_MORE)) start_receive(id, link);
}

void Links::complete_send(Handle id, Link& link, int result) {
    link.sending_now = false;
    if (result < 0 && result != -EAGAIN && result != -EINTR) {
        link.sending.clear();
        ::shutdown(link.fd.get(), SHUT_RDWR);
        return;
    }
    link.sending.consume(static_cast<std::size_t>(std::max(result, 0)));
    if (link.sending.empty() && spares_.size() < spares_kept)
        spares_.push_back(std::exchange(link.sending, OutBuffer()));
    if (!link.sending.empty() || !link.out.empty() || link.closing) list(id, link);
}

void Links::end(Handle id, Link& link) {
    if (std::exchange(link.broken, true)) return;
    ::shutdown(link.fd.get(), SHUT_RDWR);  // ends a send that still waits
    owner_.on_end(id, link);
}

}  // namespace sluice::relay
