#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "codecs/smpp/status.hpp"
#include "tools/bench/ledger.hpp"
#include "tools/bench/load.hpp"
#include "tools/bench/probe.hpp"
#include "tools/bench/target.hpp"
#include "tools/signals.hpp"

namespace sluice::bench {

/// One run: a gateway is started, warmed up, measured and ended.
struct RunOptions {
    LoadOptions load;
    TargetOptions target;
    std::uint32_t threads = 1;  ///< of the generator
    double warm_up = 1;         ///< seconds of sending that count for nothing
    double seconds = 5;         ///< of sending that are measured
    std::uint64_t count = 0;    ///< messages that are measured, instead of `seconds`; 0: by time
    double rate = 0;            ///< open loop: messages due a second, whatever comes back; 0: closed loop
    double patience = 15;       ///< seconds without any progress after which what is missing is lost
    std::uint32_t enquire_links = 0;  ///< sent afterwards over a connection in clear, one every 10 ms
    std::uint16_t provider_port = 0;  ///< of the first provider, the others on those after it; 0: any
};

struct LatencySummary {
    std::uint64_t count = 0;
    nanoseconds mean{}, p50{}, p90{}, p99{}, p999{}, p9999{}, max{};

    static LatencySummary of(const Histogram& histogram);
};

/// Shares of the measured time, of the busiest thread of the generator.
struct GeneratorUse {
    double running = 0;  ///< on a core
    double waiting = 0;  ///< could have run, and had no core
    double idle() const { return 1 - running - waiting; }
};

struct RunResult {
    Account account;  ///< of every message of the run, those of the warm-up too
    std::map<smpp::CommandStatus, std::uint64_t> refusals;
    std::uint64_t out_of_order = 0;   ///< came over a bind after a later one of the same customer's session
    std::uint64_t strangers = 0;      ///< submit_sm at the provider that are not of this run
    std::uint64_t receipts_duplicated = 0, receipts_unknown = 0, receipts_refused = 0;

    // What was measured.
    std::uint64_t messages = 0;   ///< accepted, or refused
    double seconds = 0;           ///< from when the first was due to the last answer, delivery or receipt
    double sending_seconds = 0;   ///< until the last was answered
    LatencySummary response, provider, receipt, lag;
    LatencySummary enquire_link;  ///< from request to response, when nothing else was under way
    ProcessUse used;              ///< times and written bytes in that time; memory at its end
    std::uint64_t peak_anonymous_bytes = 0;
    std::uint64_t idle_anonymous_bytes = 0;  ///< when everybody was bound and nothing had been sent
    std::optional<double> syncs;  ///< the gateway's own count of commits
    GeneratorUse generator;
    double generator_cpu_seconds = 0;

    std::string void_because;         ///< not empty: throughput and latencies say nothing about the gateway
    std::vector<std::string> faults;  ///< losses and the like: the gateway has failed

    double rate() const { return seconds > 0 ? static_cast<double>(messages) / seconds : 0; }
    double per_message(double amount) const { return messages > 0 ? amount / static_cast<double>(messages) : 0; }
};

/// What goes on, for people: the step, and how far it is (0 to 1).
using Progress = std::function<void(const std::string& step, double share)>;

/// `folder` is the run's own. An error means that nothing could be measured; losses are in the result.
Result<RunResult> run_once(const RunOptions& options, const std::string& folder, const tools::Signals& signals,
                           const Progress& progress);

/// Why throughput and latencies say nothing about the gateway; empty when they do.
std::string void_reason(const RunResult& result, bool open_loop);

/// What is wrong with the messages of a run; empty when every one is accounted for.
std::vector<std::string> faults_of(const RunResult& result);

}  // namespace sluice::bench
