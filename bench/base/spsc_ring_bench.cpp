// Measures what a record costs to carry through the ring: on one thread (the copying and bookkeeping alone) and between
// two threads (with the cache lines that travel), by records published at a time.

#include <benchmark/benchmark.h>

#include <atomic>
#include <thread>

#include "engine/base/spsc_ring.hpp"

namespace sluice {
namespace {

constexpr std::size_t ring_octets = 1 << 20;
constexpr std::uint8_t record[200] = {};

void write_batch(SpscRing& ring, ByteView octets, std::int64_t batch) {
    for (std::int64_t i = 0; i < batch; ++i)
        while (!ring.try_write(1, octets)) std::this_thread::yield();
    ring.publish();
}

void OneThread(benchmark::State& state) {
    SpscRing ring(ring_octets);
    const ByteView octets(record, static_cast<std::size_t>(state.range(1)));
    std::uint64_t sum = 0;
    for (auto _ : state) {
        write_batch(ring, octets, state.range(0));
        ring.read([&](std::uint32_t tag, ByteView read) { sum += tag + read.size(); });
    }
    benchmark::DoNotOptimize(sum);
    state.SetItemsProcessed(state.iterations() * state.range(0));
}

void TwoThreads(benchmark::State& state) {
    SpscRing ring(ring_octets);
    const ByteView octets(record, static_cast<std::size_t>(state.range(1)));
    std::atomic<bool> stop = false;
    std::thread reader([&] {
        std::uint64_t sum = 0;
        while (!stop.load(std::memory_order_relaxed))
            if (ring.read([&](std::uint32_t tag, ByteView read) { sum += tag + read.size(); }, 256) == 0)
                std::this_thread::yield();
        benchmark::DoNotOptimize(sum);
    });
    for (auto _ : state) write_batch(ring, octets, state.range(0));
    stop = true;
    reader.join();
    state.SetItemsProcessed(state.iterations() * state.range(0));
}

void sizes(benchmark::internal::Benchmark* bench) {
    bench->ArgNames({"batch", "octets"});
    for (const int octets : {64, 200})
        for (const int batch : {1, 4, 16, 64, 256}) bench->Args({batch, octets});
}

BENCHMARK(OneThread)->Apply(sizes);
BENCHMARK(TwoThreads)->Apply(sizes)->UseRealTime();

}  // namespace
}  // namespace sluice
