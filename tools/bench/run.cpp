#include "tools/bench/run.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tools/bench/enquire.hpp"
#include "tools/bench/stage.hpp"

namespace sluice::bench {

namespace {

constexpr milliseconds grace{200};  ///< for duplicates that come late

class Run {
public:
    Run(const RunOptions& options, const tools::Signals& signals, const Progress& progress)
        : options_(options), signals_(signals), stage_(options, signals, progress) {}

    Result<RunResult> go(const std::string& folder) {
        if (auto opened = stage_.open(true); !opened) return std::unexpected(opened.error());
        const std::vector<io::Endpoint> providers = stage_.providers();
        if (auto started = stage_.start_gateway(providers, folder); !started) return std::unexpected(started.error());
        if (auto bound = stage_.bind(); !bound) return std::unexpected(bound.error());
        result_.idle_anonymous_bytes = use_of(stage_.target().processes).anonymous_bytes;
        if (options_.warm_up > 0)
            if (auto sent = stage_.send(stage_.phase(options_.warm_up), "warming up", Stage::Until::done); !sent)
                return std::unexpected(sent.error());
        if (auto measured = measure(); !measured) return std::unexpected(measured.error());
        if (options_.enquire_links > 0) {
            auto times = measure_enquire_links(stage_.target().endpoint, options_.enquire_links, milliseconds(10),
                                               signals_);
            if (!times) return std::unexpected(times.error());
            result_.enquire_link = *times;
        }
        finish();
        return std::move(result_);
    }

private:
    Result<void> measure() {
        Phase measured = stage_.phase(options_.seconds);
        if (options_.count > 0) {
            measured.count = options_.count;
            measured.end = MonoTime::max();
        }
        const Target& target = stage_.target();
        const auto before = stage_.generator().totals();
        const auto commits = commits_of(target);
        const ProcessUse used = use_of(target.processes);
        const auto times = stage_.generator().times();
        if (auto sent = stage_.send(measured, "measuring", Stage::Until::done); !sent) return sent;
        result_.used = use_of(target.processes) - used;
        const auto times_after = stage_.generator().times();
        const double elapsed = in_seconds(steady_now() - measured.begin);
        const auto commits_after = commits_of(target);
        if (commits && commits_after) result_.syncs = *commits_after - *commits;

        const auto after = stage_.generator().totals();
        result_.messages = after.answered() - before.answered();
        result_.seconds = in_seconds(after.last_event - measured.begin);
        result_.sending_seconds = in_seconds(stage_.answered_at() - measured.begin);
        note_generator(times, times_after, elapsed);
        Latencies latencies;
        stage_.generator().add_latencies(latencies);
        result_.response = LatencySummary::of(latencies.response);
        result_.provider = LatencySummary::of(latencies.provider);
        result_.receipt = LatencySummary::of(latencies.receipt);
        result_.lag = LatencySummary::of(latencies.lag);
        result_.void_because = void_reason(result_, options_.rate > 0);
        return {};
    }

    void note_generator(const std::vector<ThreadTime>& before, const std::vector<ThreadTime>& after, double elapsed) {
        for (std::size_t i = 0; i < before.size(); ++i) {
            const double running = in_seconds(after[i].running - before[i].running);
            const double waiting = in_seconds(after[i].waiting - before[i].waiting);
            result_.generator_cpu_seconds += running;
            if (running + waiting > (result_.generator.running + result_.generator.waiting) * elapsed)
                result_.generator = {running / elapsed, waiting / elapsed};
        }
    }

    void finish() {
        stage_.pause(grace);
        const auto totals = stage_.generator().totals();
        result_.peak_anonymous_bytes = std::max(stage_.peak_anonymous_bytes(), result_.used.anonymous_bytes);
        result_.out_of_order = totals.out_of_order;
        result_.strangers = totals.strangers;
        result_.receipts_duplicated = totals.receipts_duplicated;
        result_.receipts_unknown = totals.receipts_unknown + stage_.generator().early_receipts();
        result_.receipts_refused = totals.receipts_refused;
        result_.refusals = stage_.generator().refusals();
        stage_.close();
        result_.account = stage_.ledger().close(options_.load.receipts);
        result_.faults = stage_.faults();
        for (std::string& fault : faults_of(result_)) result_.faults.push_back(std::move(fault));
    }

    const RunOptions& options_;
    const tools::Signals& signals_;
    Stage stage_;
    RunResult result_;
};

}  // namespace

Result<RunResult> run_once(const RunOptions& options, const std::string& folder, const tools::Signals& signals,
                           const Progress& progress) {
    return Run(options, signals, progress).go(folder);
}

}  // namespace sluice::bench
