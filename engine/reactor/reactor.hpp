#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/base/time.hpp"
#include "engine/io/tls_io.hpp"
#include "engine/reactor/mesh.hpp"
#include "engine/reactor/timer_wheel.hpp"

namespace sluice::reactor {

/// One thread's loop. A turn goes: records from other shards, network, timers, posted work, end-of-turn hooks, records
/// to other shards. What the turn wrote to links is sent at the start of the next one's network part, before it waits.
///
/// `run` and `turn` are for one thread, the owner's, as is everything else except `post`, `wake` and `stop`. A
/// simulation calls `turn(0)` of several reactors on a single thread.
class Reactor {
public:
    /// `events` and `clock` outlive the reactor.
    Reactor(std::unique_ptr<io::Io> io, io::LinkEvents& events, const Clock& clock);

    io::TlsIo& io() { return io_; }
    TimerWheel& timers() { return timers_; }

    /// The time of this turn: read once after each wait, then the same for everything the turn does.
    const Now& now() {
        if (!now_is_read_) read_clock();
        return now_;
    }

    /// Joins a mesh as shard `shard`; `receive` gets its records. Before the first turn.
    void join(Mesh& mesh, std::size_t shard, Mesh::Receive receive);
    /// This shard's end; only after join.
    Mesh::Port& mesh() { return *port_; }

    /// See io::Io::write_file. Only while `run` runs, which does not return before the write has ended.
    bool write_file(int fd, std::uint64_t offset, ByteView octets, std::function<void(int)> done) {
        return running_ && io_.write_file(fd, offset, octets, std::move(done));
    }

    /// Called at the end of every turn, in the order they were added: the place to close a batch. Before the first
    /// turn.
    void at_turn_end(std::function<void()> hook) { hooks_.push_back(std::move(hook)); }

    /// Turns until `stop`.
    void run();
    /// One turn that waits at most `max_wait` when there is nothing to do. Returns how much was done: records, events,
    /// timers, posted work.
    std::size_t turn(nanoseconds max_wait);

    /// Runs `work` in a turn of this reactor, in order of posting. From any thread; for rare control work, as it locks
    /// and allocates: the way of messages is the mesh.
    void post(std::function<void()> work);
    /// Makes a waiting turn end. From any thread.
    void wake() { io_.wake(); }
    /// Makes `run` return after its turn. From any thread, and for good.
    void stop();

private:
    void read_clock();
    nanoseconds wait_limit(nanoseconds max_wait);
    std::size_t run_posted();

    const Clock& clock_;
    io::TlsIo io_;
    io::LinkEvents& events_;
    Now now_;
    bool now_is_read_ = false;
    TimerWheel timers_;

    std::unique_ptr<Mesh::Port> port_;
    Mesh::Receive receive_;
    std::vector<std::function<void()>> hooks_;

    std::mutex posted_mutex_;
    std::vector<std::function<void()>> posted_;  // guarded by posted_mutex_
    std::atomic<bool> has_posted_{false};
    std::atomic<bool> stopping_{false};
    bool running_ = false;
};

}  // namespace sluice::reactor
