#include <fmt/format.h>

#include "tools/bench/run.hpp"

namespace sluice::bench {

namespace {

constexpr double least_idle = 0.05;
constexpr milliseconds most_lag{1};

}  // namespace

LatencySummary LatencySummary::of(const Histogram& histogram) {
    return {histogram.count(),         histogram.mean(),          histogram.quantile(0.5),
            histogram.quantile(0.9),   histogram.quantile(0.99),  histogram.quantile(0.999),
            histogram.quantile(0.9999), histogram.max()};
}

std::string void_reason(const RunResult& result, bool open_loop) {
    if (result.generator.idle() < least_idle)
        return fmt::format("the generator never waited for the gateway: {:.0f} % of the time it ran, {:.0f} % it "
                           "waited for a core", 100 * result.generator.running, 100 * result.generator.waiting);
    if (open_loop && result.lag.p99 > most_lag && result.lag.p99 > result.response.p99 / 10)
        return fmt::format("the generator was late: 1 % of the messages left more than {:.1f} ms after their time",
                           std::chrono::duration<double, std::milli>(result.lag.p99).count());
    return {};
}

std::vector<std::string> faults_of(const RunResult& result) {
    std::vector<std::string> faults;
    const auto add = [&](std::uint64_t count, const char* what) {
        if (count > 0) faults.push_back(fmt::format("{} {}", count, what));
    };
    add(result.account.lost, "messages LOST: accepted, and the provider never got them");
    add(result.account.receipts_lost, "receipts LOST: the provider sent them, and the customer never got them");
    add(result.account.duplicated, "deliveries DUPLICATED: the provider got a message again");
    add(result.receipts_duplicated, "receipts DUPLICATED");
    add(result.account.unanswered, "messages never answered");
    add(result.account.delivered_though_refused, "messages delivered though refused");
    add(result.strangers, "messages at the provider that nobody had sent");
    add(result.receipts_unknown, "receipts for nothing that had been accepted");
    return faults;
}

}  // namespace sluice::bench
