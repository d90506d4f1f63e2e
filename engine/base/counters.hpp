#pragma once

#include <atomic>
#include <cstdint>

namespace sluice {

/// A count that one thread raises and any thread may read. Costs the writer a plain addition: with a single writer no
/// locked instruction is needed. Readers see each counter whole, but no order between different counters.
class Counter {
public:
    void add(std::uint64_t n = 1) {
        value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }
    std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

/// A level that one thread moves up and down and any thread may read.
class Gauge {
public:
    void set(std::int64_t level) { value_.store(level, std::memory_order_relaxed); }
    void add(std::int64_t n = 1) { set(value() + n); }
    std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::int64_t> value_{0};
};

}  // namespace sluice
