// What watching costs a reactor: noting an event of a message for the history and taking it from there, handing a line
// to the log, and one below the level. The log is written to a file that takes everything at once; how many lines were
// lost says how far ahead the writers were.

#include <benchmark/benchmark.h>

#include <memory>

#include "engine/admin/log.hpp"
#include "engine/history/recorder.hpp"

namespace {

using namespace sluice;

void note_event(benchmark::State& state) {
    history::Recorder recorder(4u << 20);
    std::uint64_t id = 0;
    for (auto _ : state) {
        recorder.note(++id, 1, history::TraceEvent::send, 2, 3);
        if (id % 1024 == 0) {
            recorder.publish();
            recorder.read([](ByteView) {}, SIZE_MAX);
        }
    }
}
BENCHMARK(note_event);

class Log {
public:
    Log() {
        admin::Logger::Config config;
        config.file = "/dev/null";
        logger = std::move(*admin::Logger::open(config, clock));
    }
    SystemClock clock;
    std::unique_ptr<admin::Logger> logger;
};

void hand_over(benchmark::State& state, char level) {
    static const auto log = std::make_unique<Log>();
    const auto line = log->logger->line("gateway", state.thread_index());
    const std::uint64_t lost = log->logger->lost();
    for (auto _ : state) line(level, "link to a provider ended: the peer unbound");
    if (state.thread_index() == 0) {
        log->logger->flush();
        state.counters["lost"] = static_cast<double>(log->logger->lost() - lost);
    }
}
BENCHMARK_CAPTURE(hand_over, below_the_level, 'D')->ThreadRange(1, 2)->UseRealTime();
BENCHMARK_CAPTURE(hand_over, written, 'I')->ThreadRange(1, 2)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
