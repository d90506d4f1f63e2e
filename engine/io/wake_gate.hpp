#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

#include "engine/base/check.hpp"
#include "engine/io/socket.hpp"

namespace sluice::io {

/// Wakes a thread that waits in the kernel, and costs a system call only when it really waits: a wake while it runs
/// makes its next wait not happen.
class WakeGate {
public:
    WakeGate() : fd_(::eventfd(0, EFD_CLOEXEC)) { SLUICE_CHECK(static_cast<bool>(fd_)); }

    /// From any thread. What the caller did before is visible to the waiting thread after its wait.
    void wake() {
        if (state_.exchange(State::notified, std::memory_order_acq_rel) != State::waiting) return;
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto written = ::write(fd_.get(), &one, sizeof one);
    }

    /// Before a wait. False when there was a wake since the last one: then do not wait. `leave` follows in either case.
    bool enter() {
        State running = State::running;
        return state_.compare_exchange_strong(running, State::waiting, std::memory_order_acq_rel);
    }
    void leave() { state_.exchange(State::running, std::memory_order_acq_rel); }

    /// Readable after a wake; `clear` it then.
    int fd() const { return fd_.get(); }
    void clear() {
        std::uint64_t count;
        [[maybe_unused]] const auto got = ::read(fd_.get(), &count, sizeof count);
    }

private:
    enum class State { running, waiting, notified };
    std::atomic<State> state_{State::running};
    Fd fd_;
};

}  // namespace sluice::io
