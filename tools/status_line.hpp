#pragma once

#include <cstdio>
#include <string>

#include <unistd.h>

#include "engine/base/time.hpp"

namespace sluice::tools {

/// What a long-running command says about itself on standard output: on a terminal one line that is rewritten twice a
/// second, elsewhere a line every ten seconds.
class StatusLine {
public:
    explicit StatusLine(bool wanted) : wanted_(wanted), terminal_(isatty(STDOUT_FILENO) == 1) {}
    ~StatusLine() { finish(); }
    StatusLine(const StatusLine&) = delete;
    StatusLine& operator=(const StatusLine&) = delete;

    /// How long to wait between two calls of `show`.
    nanoseconds period() const { return !wanted_ || !terminal_ ? seconds(10) : nanoseconds(milliseconds(500)); }

    void show(const std::string& text) {
        if (!wanted_) return;
        // The cursor stays at the beginning, so that a log line on the same terminal writes over the status.
        std::printf(terminal_ ? "\r\033[K%s\r" : "%s\n", text.c_str());
        std::fflush(stdout);
        shown_ = terminal_;
    }

    /// Takes the status away, for something better to stand there.
    void clear() {
        if (shown_) std::printf("\r\033[K");
        shown_ = false;
    }

    /// Leaves the last status standing on a line of its own.
    void finish() {
        if (shown_) std::printf("\n");
        shown_ = false;
    }

private:
    bool wanted_, terminal_, shown_ = false;
};

/// How fast a counter grows, from two looks at it.
class RateMeter {
public:
    /// Per second since the last call; 0 at the first.
    double per_second(std::uint64_t count, MonoTime now) {
        const double elapsed = std::chrono::duration<double>(now - last_time_).count();
        const double rate = started_ && elapsed > 0 ? static_cast<double>(count - last_count_) / elapsed : 0;
        last_count_ = count;
        last_time_ = now;
        started_ = true;
        return rate;
    }

private:
    std::uint64_t last_count_ = 0;
    MonoTime last_time_{};
    bool started_ = false;
};

}  // namespace sluice::tools
