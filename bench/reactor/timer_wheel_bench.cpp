// Measures the timer wheel with a number of timers armed: arming and cancelling one, moving one, and the whole life of
// one that fires, moves to finer wheels included.

#include <benchmark/benchmark.h>

#include <vector>

#include "engine/base/random.hpp"
#include "engine/reactor/timer_wheel.hpp"

namespace sluice::reactor {
namespace {

constexpr MonoTime origin{seconds(1)};

struct Filled {
    explicit Filled(std::int64_t count) {
        for (std::int64_t i = 0; i < count; ++i) ids.push_back(wheel.arm(some_time(), [] {}));
    }
    MonoTime some_time() { return origin + milliseconds(static_cast<std::int64_t>(1 + random.below(60'000))); }

    Random random{1};
    TimerWheel wheel{origin};
    std::vector<TimerId> ids;
};

void ArmAndCancel(benchmark::State& state) {
    Filled filled(state.range(0));
    for (auto _ : state) {
        const TimerId id = filled.wheel.arm(filled.some_time(), [&filled] { filled.random.next(); });
        filled.wheel.cancel(id);
    }
}

void Rearm(benchmark::State& state) {
    Filled filled(state.range(0));
    std::size_t i = 0;
    for (auto _ : state) filled.wheel.rearm(filled.ids[i++ % filled.ids.size()], filled.some_time());
}

/// A session's response timers: each fires within a minute of virtual time and is armed again. An iteration is one
/// fired timer.
void LifeOfATimer(benchmark::State& state) {
    Random random(1);
    TimerWheel wheel(origin);
    MonoTime now = origin;
    std::int64_t fired = 0;
    std::function<void()> again = [&] {
        ++fired;
        wheel.arm(now + milliseconds(static_cast<std::int64_t>(1 + random.below(60'000))), [&again] { again(); });
    };
    for (std::int64_t i = 0; i < state.range(0); ++i) again();
    fired = 0;
    while (state.KeepRunningBatch(1000)) {
        const std::int64_t until = fired + 1000;
        while (fired < until) {
            now = *wheel.next_deadline();
            wheel.advance(now, SIZE_MAX);
        }
    }
    state.SetItemsProcessed(fired);
}

BENCHMARK(ArmAndCancel)->Arg(100)->Arg(10'000)->Arg(1'000'000);
BENCHMARK(Rearm)->Arg(100)->Arg(10'000)->Arg(1'000'000);
BENCHMARK(LifeOfATimer)->Arg(100)->Arg(10'000)->Arg(1'000'000);

}  // namespace
}  // namespace sluice::reactor
