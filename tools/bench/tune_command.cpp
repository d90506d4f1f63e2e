#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "engine/admin/settings.hpp"
#include "engine/io/make_io.hpp"
#include "tools/bench/disk_sync.hpp"
#include "tools/bench/report.hpp"
#include "tools/bench/session.hpp"
#include "tools/bench/table.hpp"
#include "tools/bench/tune.hpp"
#include "tools/command.hpp"

namespace sluice::tools {
namespace {

using namespace sluice::bench;

constexpr std::uint64_t provider_messages = 20'000;

struct TuneArguments {
    RunOptions run;
    std::uint32_t runs = 5;
    std::string apply, html;
};

/// Finds out what suits this machine, step by step: what was found so far holds for the steps after.
class Tuner {
public:
    explicit Tuner(const TuneArguments& arguments)
        : arguments_(arguments), options_(arguments.run), session_(arguments.runs, signals_) {}

    Result<void> tune() {
        if (auto probed = probe(); !probed) return probed;
        if (auto found = io(); !found) return found;
        if (auto found = shards(); !found) return found;
        return provider_window();
    }

    /// What to do, in words and as lines for a configuration.
    void tell() const {
        fmt::print("\nRecommended for this machine:\n");
        for (const std::string& line : words_) fmt::print("- {}\n", line);
        fmt::print("\n[server]\n");
        for (const Setting& setting : settings_) fmt::print("{} = {}\n", setting.key, setting.value);
        fmt::print("\n# of each provider that allows so much\n[[provider]]\nwindow = {}\n\n",
                   options_.load.provider_window);
    }

    const std::vector<Setting>& settings() const { return settings_; }
    const std::vector<Series>& series() const { return series_; }

private:
    Result<void> probe() {
        cores_ = std::max(1u, std::thread::hardware_concurrency());
        options_.target.provider_binds = ample_provider_binds(cores_);
        std::string reason;
        const auto uring = io::make_io(io::BackendChoice::io_uring);
        has_uring_ = uring.has_value();
        session_.say(fmt::format("{} cores; io_uring: {}", cores_,
                                 has_uring_ ? "there" : "not usable, " + uring.error().message));
        const auto folder = Folder::create(arguments_.run.target.directory);
        if (!folder) return std::unexpected(folder.error());
        session_.show("the disk", "syncing", 0);
        const auto syncs = measure_syncs(folder->path(), 4096, 200, nanoseconds(0), signals_);
        if (!syncs) return std::unexpected(syncs.error());
        session_.say(fmt::format("{}: a write with sync of 4 KiB takes {:.2f} ms, one in a hundred {:.2f} ms or more",
                                 arguments_.run.target.directory, in_ms(syncs->p50), in_ms(syncs->p99)));
        words_.push_back(fmt::format("A customer waits for at least one sync, {0:.2f} ms here: a session with a window "
                                     "of W carries no more than W messages in {0:.2f} ms.", in_ms(syncs->p50)));
        return {};
    }

    Result<void> io() {
        if (!has_uring_) {
            options_.target.io = "epoll";
            settings_.push_back({"server", "io", "\"epoll\""});
            words_.push_back("io = \"epoll\": there is nothing else here.");
            return {};
        }
        std::vector<Planned> points;
        for (const char* kind : {"io_uring", "epoll"}) {
            points.push_back({fmt::format("io={}", kind), static_cast<double>(points.size()), options_});
            points.back().options.target.io = kind;
        }
        const auto chosen = step("io", "how the gateway speaks to the kernel", points);
        if (!chosen) return std::unexpected(chosen.error());
        options_.target.io = points[*chosen].options.target.io;
        settings_.push_back({"server", "io", fmt::format("\"{}\"", options_.target.io)});
        return {};
    }

    Result<void> shards() {
        std::vector<Planned> points;
        for (std::uint32_t count = 1;; count = std::min(2 * count, cores_)) {
            points.push_back({fmt::format("shards={}", count), static_cast<double>(count), options_});
            points.back().options.target.shards = count;
            if (count == cores_) break;
        }
        const auto chosen = step("shards", "reactor threads; customers and providers of the benchmark need cores too",
                                 points);
        if (!chosen) return std::unexpected(chosen.error());
        options_.target.shards = points[*chosen].options.target.shards;
        settings_.push_back({"server", "shards", std::to_string(options_.target.shards)});
        return {};
    }

    Result<void> provider_window() {
        std::vector<Planned> points;
        for (const std::uint32_t window : {10u, 100u, 1000u}) {
            points.push_back({fmt::format("provider-window={}", window), static_cast<double>(window), options_});
            points.back().options.load.provider_window = window;
            // By number: with a small window the gateway takes in far more than it gives out, and that must go too.
            points.back().options.count = provider_messages;
            points.back().options.warm_up = 0;
        }
        const auto chosen = step("provider-window", "unanswered submit_sm per bind to a provider", points);
        if (!chosen) return std::unexpected(chosen.error());
        options_.load.provider_window = points[*chosen].options.load.provider_window;
        return {};
    }

    /// Measures the points, which stand simplest first, and says what it comes to. Returns which one.
    Result<std::size_t> step(const std::string& name, const std::string& title, const std::vector<Planned>& points) {
        auto series = session_.measure(name, title, name, points);
        if (!series) return std::unexpected(series.error());
        for (const Point& point : series->points)
            if (point.faulty()) return fail(point.label + ": " + point.runs.front().faults.front() +
                                            "; a machine that loses messages is not to be tuned");
        const Choice choice = choose(series->points);
        const Metric& by = deciding_metric(series->points);
        session_.say("\n" + name + ": " + title + "\n" + bars(*series, by));
        const auto value = [&](std::size_t i) {
            return fmt::format("{} {} {}", series->points[i].label, cell_text(series->points[i], by), by.unit);
        };
        std::string words = value(choice.chosen) + ".";
        std::string others;
        for (const std::size_t i : choice.equals)
            if (i != choice.chosen) others += (others.empty() ? "" : "; ") + value(i);
        if (!others.empty())
            words += fmt::format(" As good, within 5 % or the noise of these runs: {}.", others);
        series->notes.push_back(words);
        words_.push_back(std::move(words));
        series_.push_back(std::move(*series));
        return choice.chosen;
    }

    const TuneArguments& arguments_;
    const Signals signals_;
    RunOptions options_;
    Session session_;
    std::uint32_t cores_ = 1;
    bool has_uring_ = false;
    std::vector<Series> series_;
    std::vector<std::string> words_;
    std::vector<Setting> settings_;
};

Result<std::string> read(const std::string& path) {
    std::ifstream file(path);
    std::string text(std::istreambuf_iterator<char>(file), {});
    if (!file) return fail("cannot read " + path);
    return text;
}

/// The file changes only when what comes out is still a configuration without errors.
Result<void> apply(const std::string& path, const std::vector<Setting>& settings) {
    auto text = read(path);
    if (!text) return std::unexpected(text.error());
    for (const Setting& setting : settings) *text = with_setting(*text, setting);
    const std::string beside = path + ".tuned";
    std::ofstream file(beside);
    file << *text;
    file.close();
    if (!file) return fail("cannot write " + beside);
    if (const auto loaded = admin::load_settings(beside); !loaded) {
        std::filesystem::remove(beside);
        return fail(path + " stays as it is, since it would have errors:\n" + loaded.error().message);
    }
    std::error_code error;
    std::filesystem::permissions(beside, std::filesystem::status(path, error).permissions(), error);
    std::filesystem::rename(beside, path, error);
    if (error) return fail(path + ": " + error.message());
    return {};
}

int tune_main(const TuneArguments& arguments) {
    if (!arguments.apply.empty())  // before minutes of measuring
        if (const auto loaded = admin::load_settings(arguments.apply); !loaded) {
            failure(loaded.error().message);
            return exit_configuration;
        }
    const Conditions conditions = conditions_now("sluice " SLUICE_VERSION ", a process of its own");
    Tuner tuner(arguments);
    if (auto tuned = tuner.tune(); !tuned) return failure(tuned.error().message);
    tuner.tell();
    if (!arguments.html.empty()) {
        std::ofstream file(arguments.html);
        file << html_report(conditions, tuner.series());
        file.close();
        if (!file) return failure("cannot write " + arguments.html);
    }
    if (arguments.apply.empty()) return exit_ok;
    if (auto applied = apply(arguments.apply, tuner.settings()); !applied) return failure(applied.error().message);
    fmt::print("written to {}; it counts after a restart\n", arguments.apply);
    return exit_ok;
}

}  // namespace

void add_tune_command(CLI::App& app, int& exit_code) {
    auto arguments = std::make_shared<TuneArguments>();
    RunOptions& run = arguments->run;
    run.target.directory = "/var/tmp";
    run.load.sessions = 32;
    run.seconds = 3;
    run.warm_up = 0.5;
    name_accounts(run.load, 8);
    CLI::App* command = app.add_subcommand("tune", "Find out which settings suit this machine");
    command->footer(
        "Measures with `sluice bench` how fast a gateway is with io_uring and epoll, with more shards, and with more\n"
        "messages unanswered at the provider; recommends the simplest of what is equally fast. Takes a few minutes,\n"
        "during which the machine should do nothing else.\n\n"
        "Examples:\n"
        "  sluice tune\n"
        "  sluice tune --dir /var/lib/sluice --html tune.html --apply sluice.toml\n\n"
        "Exit codes: 0 done; 1 it could not be measured or written; 2 usage; 3 errors in the configuration.");
    command->add_option("--dir", run.target.directory, "On the disk where messages will be kept")->type_name("DIR")
        ->capture_default_str();
    command->add_option("--runs", arguments->runs, "Repetitions of each point")->check(CLI::Range(3, 100))
        ->capture_default_str();
    command->add_option("--seconds", run.seconds, "Of each run")->check(CLI::Range(0.1, 600.0))->capture_default_str();
    command->add_option("--sessions", run.load.sessions, "Customers' sessions, as expected")
        ->check(CLI::Range(1, 10'000))->capture_default_str();
    command->add_option("--window", run.load.window, "Their windows, as expected")->check(CLI::Range(1, 65535))
        ->capture_default_str();
    command->add_option("--html", arguments->html, "Write a report with plots")->type_name("FILE");
    command->add_option("--apply", arguments->apply, "Write the settings into this configuration")->type_name("FILE");
    command->callback([arguments, &exit_code] { exit_code = tune_main(*arguments); });
}

}  // namespace sluice::tools
