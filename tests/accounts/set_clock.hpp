#pragma once

#include <atomic>

#include "engine/base/time.hpp"

namespace sluice::accounts {

/// Stands where it is set.
class SetClock final : public Clock {
public:
    MonoTime mono() const override { return MonoTime(nanoseconds(at.load())); }
    WallTime wall() const override { return {}; }
    std::atomic<std::int64_t> at{nanoseconds(seconds(1000)).count()};
    void advance(nanoseconds by) { at += by.count(); }
};

}  // namespace sluice::accounts
