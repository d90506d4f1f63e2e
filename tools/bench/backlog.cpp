#include <fmt/format.h>

#include <algorithm>

#include "tools/bench/scenarios.hpp"
#include "tools/bench/stage.hpp"

namespace sluice::bench {

namespace {

constexpr std::uint64_t default_depth = 1'000'000;
constexpr std::uint32_t slices = 10;
constexpr double mib = 1024 * 1024;

class Backlog {
public:
    Backlog(Session& session, const RunOptions& base)
        : session_(session),
          options_(own_options(base)),
          depth_(base.count > 0 ? base.count : default_depth),
          progress_([this](const std::string& step, double share) { session_.show("backlog", step, share); }),
          stage_(options_, session.signals(), progress_) {}

    Result<std::vector<Series>> run() {
        const auto folder = Folder::create(options_.target.directory);
        if (!folder) return std::unexpected(folder.error());
        if (auto taken = take_in(folder->path()); !taken) return std::unexpected(taken.error());
        if (auto given = give_out(folder->path()); !given) return std::unexpected(given.error());
        RunResult& last = series_.points.back().runs.back();
        last.account = stage_.ledger().close(false);
        last.faults = stage_.faults();
        for (std::string& fault : faults_of(last)) last.faults.push_back(std::move(fault));
        std::vector<Series> all;
        all.push_back(std::move(series_));
        return all;
    }

private:
    static RunOptions own_options(RunOptions options) {
        options.load.receipts = false;
        options.load.active = 0;
        options.load.sessions = 10;
        options.load.window = 100;
        options.load.run = 1;
        options.rate = 0;
        return options;
    }

    Result<void> take_in(const std::string& folder) {
        const auto port = free_port();
        if (!port) return std::unexpected(port.error());
        if (auto opened = stage_.open(false); !opened) return opened;
        io::Endpoint provider = *io::Endpoint::parse("127.0.0.1:0");
        provider.port = *port;
        if (auto started = stage_.start_gateway({provider}, folder); !started) return started;
        stage_.target().expected_binds = 0;
        if (auto bound = stage_.bind(); !bound) return bound;
        for (std::uint32_t slice = 1; slice <= slices; ++slice)
            if (auto taken = take_slice(slice); !taken) return taken;
        const Point& first = series_.points.front();
        const Point& last = series_.points.back();
        const auto of = [](const Point& point, const char* key) { return point.spread(metric(key))->median; };
        series_.notes.push_back(judged("intake, processor time a message at the end over that at the beginning",
                                       of(last, "cpu_us") / of(first, "cpu_us"), 1.3, "times"));
        series_.notes.push_back(judged("intake, messages a second at the beginning over those at the end",
                                       of(first, "messages_per_second") / of(last, "messages_per_second"), 1.3,
                                       "times"));
        series_.notes.push_back(judged("memory of the process at most, pages of files left out",
                                       static_cast<double>(peak_) / mib, 256, "MiB"));
        return {};
    }

    Result<void> take_slice(std::uint32_t slice) {
        Phase phase = stage_.phase(0);
        phase.end = MonoTime::max();
        phase.count = depth_ / slices;
        const Target& target = stage_.target();
        const auto before = stage_.generator().totals();
        const auto commits = commits_of(target);
        const ProcessUse used = use_of(target.processes);
        const std::string step = fmt::format("taking in, {}/{}", slice, slices);
        if (auto sent = stage_.send(phase, step, Stage::Until::answered); !sent) return sent;
        RunResult result;
        result.used = use_of(target.processes) - used;
        const auto commits_after = commits_of(target);
        if (commits && commits_after) result.syncs = *commits_after - *commits;
        const auto after = stage_.generator().totals();
        result.messages = after.answered() - before.answered();
        result.seconds = result.sending_seconds = in_seconds(after.last_event - phase.begin);
        peak_ = std::max({peak_, stage_.peak_anonymous_bytes(), result.used.anonymous_bytes});
        result.peak_anonymous_bytes = peak_;
        Latencies latencies;
        stage_.generator().add_latencies(latencies);
        result.response = LatencySummary::of(latencies.response);
        const std::string label = fmt::format("queued={}", after.accepted);
        session_.say(fmt::format("backlog {}: {:.0f} msg/s, {:.2f} us of CPU a message, {:.1f} MiB", label,
                                 result.rate(), metric("cpu_us").of(result).value_or(0),
                                 metric("anonymous_mib").of(result).value_or(0)));
        series_.points.push_back({label, static_cast<double>(after.accepted), settings_of(options_), {}});
        series_.points.back().runs.push_back(std::move(result));
        return {};
    }

    Result<void> give_out(const std::string& folder) {
        const std::uint64_t accepted = stage_.generator().totals().accepted;
        stage_.drop_generator();  // first, so that the customers' sessions do not end under it
        stage_.target().child->kill();
        if (auto opened = stage_.new_generator(true); !opened) return opened;
        const std::vector<io::Endpoint> providers = stage_.providers();
        const MonoTime start = steady_now();
        if (auto started = stage_.start_gateway(providers, folder); !started) return started;
        const auto share = [=](const Generator::Totals& totals) {
            return static_cast<double>(totals.delivered) / static_cast<double>(accepted);
        };
        const auto begun = [](const Generator::Totals& totals) { return totals.delivered > 0; };
        if (auto seen = stage_.wait("starting again", begun, share); !seen) return seen;
        const MonoTime first = steady_now();
        const std::vector<pid_t>& processes = stage_.target().processes;
        const ProcessUse used = use_of(processes);
        const auto before = stage_.generator().totals();
        const auto over = [=](const Generator::Totals& totals) { return totals.delivered >= accepted; };
        if (auto all = stage_.wait("giving out", over, share); !all) return all;
        const ProcessUse use = use_of(processes) - used;
        const auto after = stage_.generator().totals();
        const auto drained = static_cast<double>(after.delivered - before.delivered);
        stage_.pause(milliseconds(500));  // for messages that come twice
        series_.notes.push_back(
            judged("from the start after a kill to the first delivery", in_seconds(first - start), 1, "s"));
        series_.notes.push_back(fmt::format("given out at {:.0f} messages a second, {:.2f} us of CPU a message",
                                            drained / in_seconds(after.last_event - first),
                                            1e6 * use.cpu_seconds / drained));
        series_.notes.push_back(fmt::format("memory afterwards {:.1f} MiB, and {:.1f} MiB of pages of files",
                                            static_cast<double>(use.anonymous_bytes) / mib,
                                            static_cast<double>(use.file_bytes) / mib));
        stage_.close();
        return {};
    }

    Session& session_;
    const RunOptions options_;
    const std::uint64_t depth_;
    const Progress progress_;
    Stage stage_;
    std::uint64_t peak_ = 0;
    Series series_{"backlog", "taken in while the provider is away, over what is queued already", "queue depth", {},
                   {}};
};

}  // namespace

Result<std::vector<Series>> measure_backlog(Session& session, const RunOptions& base) {
    if (base.target.endpoint || !base.target.command.empty())
        return fail("backlog starts and kills its own gateway: it knows no other");
    return Backlog(session, base).run();
}

}  // namespace sluice::bench
