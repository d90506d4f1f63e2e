#include "engine/reactor/reactor.hpp"

#include <algorithm>

namespace sluice::reactor {

namespace {

// A bound on one turn, so that timers starve nothing else; rings and network have theirs.
constexpr std::size_t timer_steps = 4 * limits::events_per_turn;

constexpr nanoseconds longest_wait = std::chrono::hours(1);

}  // namespace

Reactor::Reactor(std::unique_ptr<io::Io> io, io::LinkEvents& events, const Clock& clock)
    : clock_(clock), io_(std::move(io), clock), events_(events), timers_(clock.mono()) {}

void Reactor::join(Mesh& mesh, std::size_t shard, Mesh::Receive receive) {
    port_ = std::make_unique<Mesh::Port>(mesh.port(shard));
    receive_ = std::move(receive);
    mesh.set_wake(shard, [this] { wake(); });
}

void Reactor::run() {
    running_ = true;
    while (!stopping_.load(std::memory_order_acquire)) turn(longest_wait);
    running_ = false;
    while (io_.is_writing_file()) turn(longest_wait);
}

void Reactor::stop() {
    stopping_.store(true, std::memory_order_release);
    wake();
}

void Reactor::post(std::function<void()> work) {
    {
        const std::lock_guard lock(posted_mutex_);
        posted_.push_back(std::move(work));
        has_posted_.store(true, std::memory_order_release);
    }
    wake();
}

std::size_t Reactor::turn(nanoseconds max_wait) {
    now_is_read_ = false;
    std::size_t done = port_ ? port_->receive(receive_) : 0;

    const nanoseconds wait = done > 0 ? nanoseconds::zero() : wait_limit(max_wait);
    if (wait > nanoseconds::zero()) now_is_read_ = false;
    done += io_.turn(events_, wait);

    done += timers_.advance(now().mono, timer_steps);
    done += run_posted();
    for (const auto& hook : hooks_) hook();
    if (port_) port_->flush();
    return done;
}

nanoseconds Reactor::wait_limit(nanoseconds max_wait) {
    if (max_wait <= nanoseconds::zero() || has_posted_.load(std::memory_order_acquire)) return {};
    if (port_ && port_->has_records()) return {};
    const auto deadline = timers_.next_deadline();
    if (!deadline) return max_wait;
    return std::clamp<nanoseconds>(*deadline - clock_.mono(), nanoseconds::zero(), max_wait);
}

std::size_t Reactor::run_posted() {
    if (!has_posted_.exchange(false, std::memory_order_acq_rel)) return 0;
    std::vector<std::function<void()>> work;
    {
        const std::lock_guard lock(posted_mutex_);
        work.swap(posted_);
    }
    for (const auto& each : work) each();
    return work.size();
}

void Reactor::read_clock() {
    now_ = {clock_.mono(), clock_.wall()};
    now_is_read_ = true;
}

}  // namespace sluice::reactor
