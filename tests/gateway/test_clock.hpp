#pragma once

#include <chrono>

#include "engine/base/time.hpp"

namespace sluice::gateway {

/// A clock that moves only when it is told to.
class TestClock final : public Clock {
public:
    MonoTime mono() const override { return mono_; }
    WallTime wall() const override { return wall_; }
    Now now() const { return {mono_, wall_}; }
    void advance(nanoseconds by) {
        mono_ += by;
        wall_ += std::chrono::duration_cast<microseconds>(by);
    }

private:
    MonoTime mono_{std::chrono::hours(1)};
    WallTime wall_{std::chrono::sys_days(std::chrono::year(2026) / 3 / 4)};
};

}  // namespace sluice::gateway
