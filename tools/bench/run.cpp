#include "tools/bench/run.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>

#include "tools/bench/generator.hpp"
#include "tools/ctl_client.hpp"

namespace sluice::bench {

namespace {

constexpr milliseconds look_period{5};
constexpr milliseconds start_delay{20};  ///< for every thread to have its share before the first message is due
constexpr milliseconds grace{200};       ///< for duplicates that come late
constexpr seconds unbind_limit{5};
constexpr double least_idle = 0.05;
constexpr milliseconds most_lag{1};

double in_seconds(nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }
nanoseconds from_seconds(double value) { return nanoseconds(std::llround(value * 1e9)); }
MonoTime now() { return std::chrono::steady_clock::now(); }

std::optional<double> commits_of(const std::string& admin) {
    if (admin.empty()) return std::nullopt;
    const auto reply = tools::CtlClient(admin).request("GET", "/metrics");
    return reply ? sum_of_metric(reply->body, "sluice_store_commits_total") : std::nullopt;
}

/// Ten thousand sessions take more file descriptors than usual; the gateway inherits them.
void raise_file_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

class Run {
public:
    Run(const RunOptions& options, const tools::Signals& signals, const Progress& progress)
        : options_(options), signals_(signals), progress_(progress) {}

    Result<RunResult> go(const std::string& folder) {
        if (auto begun = start(folder); !begun) return std::unexpected(begun.error());
        result_.idle_anonymous_bytes = use_of(target_.processes).anonymous_bytes;
        if (options_.warm_up > 0) {
            Phase warm_up = phase(options_.warm_up);
            if (auto done = send(warm_up, "warming up"); !done) return std::unexpected(done.error());
        }
        if (auto done = measure(); !done) return std::unexpected(done.error());
        finish();
        return std::move(result_);
    }

private:
    Result<void> start(const std::string& folder) {
        raise_file_limit();
        auto ledger = Ledger::create();
        if (!ledger) return std::unexpected(ledger.error());
        ledger_ = std::move(*ledger);
        auto generator = Generator::open(options_.load, *ledger_, options_.threads);
        if (!generator) return std::unexpected(generator.error());
        generator_ = std::move(*generator);
        const auto providers = generator_->listen(options_.provider_port);
        if (!providers) return std::unexpected(providers.error());
        generator_->start();
        progress_("starting", 0);
        auto target = start_target(options_.target, options_.load, *providers, folder);
        if (!target) return std::unexpected(target.error());
        target_ = std::move(*target);
        generator_->connect(target_.endpoint);
        const std::int64_t sessions = options_.load.sessions, binds = target_.expected_binds;
        return wait("binding", [&](const Generator::Totals& totals) {
            shown_share_ = static_cast<double>(totals.sessions) / static_cast<double>(sessions);
            return totals.sessions == sessions && totals.binds >= binds;
        });
    }

    Phase phase(double for_seconds) const {
        Phase phase;
        phase.begin = now() + start_delay;
        phase.end = phase.begin + from_seconds(for_seconds);
        if (options_.rate > 0) phase.interval = std::max(nanoseconds(1), from_seconds(1 / options_.rate));
        return phase;
    }

    Result<void> measure() {
        Phase measured = phase(options_.seconds);
        if (options_.count > 0) {
            measured.count = options_.count;
            measured.end = MonoTime::max();
        }
        const auto before = generator_->totals();
        const auto commits = commits_of(target_.admin);
        const ProcessUse used = use_of(target_.processes);
        const auto times = generator_->times();
        if (auto done = send(measured, "measuring"); !done) return done;
        result_.used = use_of(target_.processes);
        result_.used.user_seconds -= used.user_seconds;
        result_.used.system_seconds -= used.system_seconds;
        result_.used.written_bytes -= used.written_bytes;
        const auto times_after = generator_->times();
        const auto commits_after = commits_of(target_.admin);
        if (commits && commits_after) result_.syncs = *commits_after - *commits;

        const auto after = generator_->totals();
        result_.messages = after.answered() - before.answered();
        result_.seconds = in_seconds(after.last_event - measured.begin);
        result_.sending_seconds = in_seconds(answered_at_ - measured.begin);
        note_generator(times, times_after, in_seconds(now() - measured.begin));
        Latencies latencies;
        generator_->add_latencies(latencies);
        result_.response = LatencySummary::of(latencies.response);
        result_.provider = LatencySummary::of(latencies.provider);
        result_.receipt = LatencySummary::of(latencies.receipt);
        result_.lag = LatencySummary::of(latencies.lag);
        judge_generator();
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

    void judge_generator() {
        if (result_.generator.idle() < least_idle)
            result_.void_because =
                fmt::format("the generator never waited for the gateway: {:.0f} % of the time it ran, {:.0f} % it "
                            "waited for a core", 100 * result_.generator.running, 100 * result_.generator.waiting);
        else if (options_.rate > 0 && result_.lag.p99 > most_lag && result_.lag.p99 > result_.response.p99 / 10)
            result_.void_because = fmt::format("the generator was late: 1 % of the messages left more than {:.1f} ms "
                                               "after their time", in_seconds(result_.lag.p99) * 1e3);
    }

    Result<void> send(const Phase& phase, const std::string& step) {
        const auto before = generator_->totals();
        generator_->begin(phase);
        answered_at_ = {};
        return wait(step, [&](const Generator::Totals& totals) {
            if (phase.end != MonoTime::max())
                shown_share_ = in_seconds(now() - phase.begin) / in_seconds(phase.end - phase.begin);
            else
                shown_share_ = static_cast<double>(totals.answered() - before.answered()) /
                               static_cast<double>(phase.count);
            if (totals.sending == 0 && totals.answered() == totals.sent && answered_at_ == MonoTime())
                answered_at_ = now();
            return totals.all_done(options_.load.receipts);
        });
    }

    /// Waits until `done`. What has stopped moving counts as done too: the ledger tells what is missing.
    template <class Done>
    Result<void> wait(const std::string& step, Done&& done) {
        std::uint64_t activity = 0;
        MonoTime moved = now(), looked = now();
        for (;;) {
            const Generator::Totals totals = generator_->totals();
            if (done(totals)) return {};
            const MonoTime time = now();
            const std::uint64_t seen = totals.activity() + static_cast<std::uint64_t>(totals.sessions + totals.binds);
            if (std::exchange(activity, seen) != seen) moved = time;
            const bool bound = totals.sessions == options_.load.sessions;
            if (time - moved > from_seconds(options_.patience)) {
                generator_->stop_sending();
                if (bound && totals.sent > 0) return {};
                return fail(fmt::format("nothing moves: {} of {} customers' sessions and {} binds of the gateway to "
                                        "the provider are there", totals.sessions, options_.load.sessions,
                                        totals.binds));
            }
            if (time - looked > milliseconds(200)) {
                looked = time;
                if (auto fine = look(totals); !fine) return fine;
                progress_(step, std::clamp(shown_share_, 0.0, 1.0));
            }
            if (signals_.wait(look_period)) return fail("interrupted");
        }
    }

    Result<void> look(const Generator::Totals& totals) {
        result_.peak_anonymous_bytes =
            std::max(result_.peak_anonymous_bytes, use_of(target_.processes).anonymous_bytes);
        if (target_.child && !target_.child->running())
            return fail("the gateway has ended" + target_.child->last_words());
        const std::string trouble = generator_->trouble();
        if (trouble.empty()) return {};
        if (totals.sent == 0) return fail(trouble);
        if (std::ranges::find(result_.faults, trouble) == result_.faults.end()) result_.faults.push_back(trouble);
        return {};
    }

    void finish() {
        const MonoTime settled = now() + grace;
        while (now() < settled) signals_.wait(look_period);
        const auto totals = generator_->totals();
        result_.peak_anonymous_bytes = std::max(result_.peak_anonymous_bytes, result_.used.anonymous_bytes);
        result_.out_of_order = totals.out_of_order;
        result_.strangers = totals.strangers;
        result_.receipts_duplicated = totals.receipts_duplicated;
        result_.receipts_unknown = totals.receipts_unknown + generator_->early_receipts();
        result_.receipts_refused = totals.receipts_refused;
        result_.refusals = generator_->refusals();
        progress_("ending", 1);
        generator_->unbind();
        const MonoTime limit = now() + unbind_limit;
        while (generator_->totals().sessions > 0 && now() < limit && !signals_.wait(look_period)) {}
        generator_.reset();
        target_.stop();
        result_.account = ledger_->close(options_.load.receipts);
        for (std::string& fault : faults_of(result_)) result_.faults.push_back(std::move(fault));
    }

    const RunOptions& options_;
    const tools::Signals& signals_;
    const Progress& progress_;
    RunResult result_;
    std::unique_ptr<Ledger> ledger_;
    std::unique_ptr<Generator> generator_;
    Target target_;
    double shown_share_ = 0;
    MonoTime answered_at_{};
};

}  // namespace

LatencySummary LatencySummary::of(const Histogram& histogram) {
    return {histogram.count(),         histogram.mean(),          histogram.quantile(0.5),
            histogram.quantile(0.9),   histogram.quantile(0.99),  histogram.quantile(0.999),
            histogram.quantile(0.9999), histogram.max()};
}

Result<RunResult> run_once(const RunOptions& options, const std::string& folder, const tools::Signals& signals,
                           const Progress& progress) {
    return Run(options, signals, progress).go(folder);
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
