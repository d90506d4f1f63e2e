#pragma once

#include <chrono>
#include <cstdint>

namespace sluice {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

/// Monotonic time: for timers, windows and latencies. Its epoch means nothing.
using MonoTime = std::chrono::time_point<std::chrono::steady_clock, nanoseconds>;

/// Civil time in UTC with microseconds: for validity, schedules, receipts and records on disk.
using WallTime = std::chrono::sys_time<microseconds>;

/// The one place where time enters. The reactor reads it once a turn and hands the values down, so that layers below
/// never ask a clock themselves and a simulation can stand in for it.
class Clock {
public:
    virtual ~Clock() = default;
    virtual MonoTime mono() const = 0;
    virtual WallTime wall() const = 0;
};

class SystemClock final : public Clock {
public:
    MonoTime mono() const override { return std::chrono::steady_clock::now(); }
    WallTime wall() const override {
        return std::chrono::time_point_cast<microseconds>(std::chrono::system_clock::now());
    }
};

/// Both clocks as read at the start of a turn.
struct Now {
    MonoTime mono{};
    WallTime wall{};
};

}  // namespace sluice
