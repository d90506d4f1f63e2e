#pragma once

#include <csignal>
#include <optional>

#include "engine/base/time.hpp"

namespace sluice::tools {

/// SIGINT, SIGTERM and SIGHUP, taken one by one where the program waits instead of wherever it happens to be. To be
/// made before any thread is started, so that all of them inherit the mask.
class Signals {
public:
    Signals() {
        sigemptyset(&set_);
        for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set_, signal);
        pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    }

    /// The next signal, or nothing after `timeout`.
    std::optional<int> wait(nanoseconds timeout) const {
        const auto whole = std::chrono::floor<seconds>(timeout);
        const timespec limit{whole.count(), (timeout - whole).count()};
        const int signal = sigtimedwait(&set_, nullptr, &limit);
        return signal > 0 ? std::optional(signal) : std::nullopt;
    }

    /// From now on a signal ends the program at once, as if nobody waited for it: for the time of an orderly stop.
    void give_up() const { pthread_sigmask(SIG_UNBLOCK, &set_, nullptr); }

private:
    sigset_t set_;
};

}  // namespace sluice::tools
