#include "tools/bench/stage.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>

#include "tools/ctl_client.hpp"

namespace sluice::bench {

namespace {

constexpr milliseconds look_period{5};
constexpr milliseconds start_delay{20};  ///< for every thread to have its share before the first message is due
constexpr seconds unbind_limit{5};

nanoseconds from_seconds(double value) { return nanoseconds(std::llround(value * 1e9)); }

/// Ten thousand sessions take more file descriptors than usual; the gateway inherits them.
void raise_file_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

double in_seconds(nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

MonoTime steady_now() { return std::chrono::steady_clock::now(); }

std::optional<double> commits_of(const Target& target) {
    if (target.admin.empty()) return std::nullopt;
    const auto reply = tools::CtlClient(target.admin).request("GET", "/metrics");
    return reply ? sum_of_metric(reply->body, "sluice_store_commits_total") : std::nullopt;
}

Result<void> Stage::open(bool providers) {
    raise_file_limit();
    auto ledger = Ledger::create();
    if (!ledger) return std::unexpected(ledger.error());
    ledger_ = std::move(*ledger);
    return new_generator(providers);
}

Result<void> Stage::new_generator(bool providers) {
    auto generator = Generator::open(options_.load, *ledger_, options_.threads);
    if (!generator) return std::unexpected(generator.error());
    generator_ = std::move(*generator);
    if (providers) {
        // A second generator takes the place of the first, which the gateway knows.
        const std::uint16_t port = providers_.empty() ? options_.provider_port : providers_.front().port;
        auto listening = generator_->listen(port);
        if (!listening) return std::unexpected(listening.error());
        providers_ = std::move(*listening);
    }
    generator_->start();
    return {};
}

Result<void> Stage::start_gateway(const std::vector<io::Endpoint>& providers, const std::string& folder) {
    progress_("starting", 0);
    providers_ = providers;
    auto target = start_target(options_.target, options_.load, providers, folder);
    if (!target) return std::unexpected(target.error());
    target_ = std::move(*target);
    return {};
}

Result<void> Stage::bind() {
    generator_->connect(target_.endpoint);
    const std::int64_t sessions = options_.load.sessions, binds = target_.expected_binds;
    return wait("binding",
                [=](const Generator::Totals& totals) { return totals.sessions == sessions && totals.binds >= binds; },
                [=](const Generator::Totals& totals) {
                    return static_cast<double>(totals.sessions) / static_cast<double>(sessions);
                });
}

Phase Stage::phase(double for_seconds) const {
    Phase phase;
    phase.begin = steady_now() + start_delay;
    phase.end = phase.begin + from_seconds(for_seconds);
    if (options_.rate > 0) phase.interval = std::max(nanoseconds(1), from_seconds(1 / options_.rate));
    return phase;
}

Result<void> Stage::send(const Phase& phase, const std::string& step, Until until) {
    const auto before = generator_->totals();
    generator_->begin(phase);
    answered_at_ = {};
    return wait(step,
                [&](const Generator::Totals& totals) {
                    const bool answered = totals.sending == 0 && totals.answered() == totals.sent;
                    if (answered && answered_at_ == MonoTime()) answered_at_ = steady_now();
                    return until == Until::answered ? answered : totals.all_done(options_.load.receipts);
                },
                [&](const Generator::Totals& totals) {
                    if (phase.end == MonoTime::max())
                        return static_cast<double>(totals.answered() - before.answered()) /
                               static_cast<double>(phase.count);
                    return in_seconds(steady_now() - phase.begin) / in_seconds(phase.end - phase.begin);
                });
}

Result<void> Stage::wait(const std::string& step, const Test& done, const Share& share) {
    std::uint64_t activity = 0;
    MonoTime moved = steady_now(), looked = moved;
    for (;;) {
        const Generator::Totals totals = generator_->totals();
        if (done(totals)) return {};
        const MonoTime time = steady_now();
        const std::uint64_t seen = totals.activity() + static_cast<std::uint64_t>(totals.sessions + totals.binds);
        if (std::exchange(activity, seen) != seen) moved = time;
        if (time - moved > from_seconds(options_.patience)) {
            generator_->stop_sending();
            if (totals.sent + totals.delivered > 0) return {};
            return fail(fmt::format("nothing moves: {} of {} customers' sessions and {} binds of the gateway to the "
                                    "provider are there", totals.sessions, options_.load.sessions, totals.binds));
        }
        if (time - looked > milliseconds(200)) {
            looked = time;
            if (auto fine = look(totals); !fine) return fine;
            progress_(step, std::clamp(share(totals), 0.0, 1.0));
        }
        if (signals_.wait(look_period)) return fail("interrupted");
    }
}

Result<void> Stage::look(const Generator::Totals& totals) {
    peak_ = std::max(peak_, use_of(target_.processes).anonymous_bytes);
    if (target_.child && !target_.child->running())
        return fail("the gateway has ended" + target_.child->last_words());
    const std::string trouble = generator_->trouble();
    if (trouble.empty()) return {};
    if (totals.sent == 0) return fail(trouble);
    if (std::ranges::find(faults_, trouble) == faults_.end()) faults_.push_back(trouble);
    return {};
}

void Stage::pause(nanoseconds duration) {
    const MonoTime end = steady_now() + duration;
    while (steady_now() < end) signals_.wait(look_period);
}

void Stage::close() {
    progress_("ending", 1);
    if (generator_) {
        generator_->unbind();
        const MonoTime limit = steady_now() + unbind_limit;
        while (generator_->totals().sessions > 0 && steady_now() < limit) signals_.wait(look_period);
        generator_.reset();
    }
    target_.stop();
}

}  // namespace sluice::bench
