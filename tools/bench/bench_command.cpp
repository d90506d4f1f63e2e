#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tools/bench/probe.hpp"
#include "tools/bench/report.hpp"
#include "tools/bench/scenarios.hpp"
#include "tools/bench/table.hpp"
#include "tools/command.hpp"
#include "tools/host_port.hpp"
#include "tools/values.hpp"

namespace sluice::tools {
namespace {

using namespace sluice::bench;

struct BenchArguments {
    RunOptions run;
    std::uint32_t accounts = 1;
    std::uint32_t runs = 1;
    bool no_receipts = false, tls = false;
    std::vector<std::string> sweeps, scenarios, given_accounts;
    bool all = false;
    std::string target, settings_file, json, html, markdown;
};

int usage(const std::string& message) {
    failure(message);
    return exit_usage;
}

Result<void> take_accounts(BenchArguments& arguments) {
    LoadOptions& load = arguments.run.load;
    if (arguments.given_accounts.empty()) {
        name_accounts(load, arguments.accounts);
        return {};
    }
    for (const std::string& text : arguments.given_accounts) {
        const auto colon = text.find(':');
        if (colon == text.npos) return fail("--account: \"" + text + "\" is not SYSTEM_ID:PASSWORD");
        load.accounts.push_back({text.substr(0, colon), text.substr(colon + 1)});
    }
    return {};
}

Result<void> take_target(BenchArguments& arguments) {
    TargetOptions& target = arguments.run.target;
    if (!arguments.target.empty()) {
        const auto endpoint = resolve_endpoint(arguments.target, 2775);
        if (!endpoint) return std::unexpected(endpoint.error());
        target.endpoint = *endpoint;
        if (arguments.given_accounts.empty()) return fail("--target wants --account SYSTEM_ID:PASSWORD");
        if (arguments.run.provider_port == 0)
            return fail("--target wants --provider-port, where the gateway connects to");
    }
    if (!target.command.empty() && arguments.run.load.providers > 1)
        return fail("a foreign gateway is given one provider: leave --providers at 1");
    if (!arguments.settings_file.empty()) {
        std::ifstream file(arguments.settings_file);
        target.extra_settings.assign(std::istreambuf_iterator<char>(file), {});
        if (!file) return fail("--settings: cannot read " + arguments.settings_file);
    }
    return {};
}

Result<void> write(const std::string& path, const std::string& text) {
    std::ofstream file(path);
    file << text;
    file.close();
    if (!file) return fail("cannot write " + path);
    return {};
}

std::string gateway_text(const TargetOptions& target, const std::string& where) {
    if (!where.empty()) return "one that runs at " + where;
    return target.command.empty() ? "sluice " SLUICE_VERSION ", a process of its own" : target.command;
}

Result<void> write_files(const BenchArguments& arguments, const Conditions& conditions,
                         const std::vector<Series>& series) {
    Result<void> done;
    if (!arguments.json.empty()) done = write(arguments.json, to_json(conditions, series).dump(2) + "\n");
    if (done && !arguments.html.empty()) done = write(arguments.html, html_report(conditions, series));
    if (!done || arguments.markdown.empty()) return done;
    const std::filesystem::path path = arguments.markdown;
    const MarkdownReport report = markdown_report(conditions, series, path.stem().string());
    done = write(path.string(), report.text);
    for (const auto& [name, picture] : report.pictures)
        if (done) done = write((path.parent_path() / name).string(), picture);
    return done;
}

using Step = std::function<Result<std::vector<Series>>(Session&)>;

/// What is to be measured: scenarios, sweeps, or the options as they stand.
Result<std::vector<Step>> plan(const BenchArguments& arguments) {
    std::vector<Step> steps;
    const RunOptions& base = arguments.run;
    for (const Scenario& scenario : scenarios())
        if (arguments.all || std::ranges::find(arguments.scenarios, scenario.name) != arguments.scenarios.end())
            steps.push_back([&scenario, &base](Session& session) { return scenario.run(session, base); });
    const auto measure = [&steps](std::string name, std::string swept, std::vector<Planned> points) {
        const char* const title = points.front().options.load.receipts ? "messages with their receipts"
                                                                       : "messages without receipts";
        steps.push_back([=](Session& session) -> Result<std::vector<Series>> {
            auto series = session.measure(name, title, swept, points);
            if (!series) return std::unexpected(series.error());
            std::vector<Series> all;
            all.push_back(std::move(*series));
            return all;
        });
    };
    for (const std::string& sweep : arguments.sweeps) {
        auto points = parse_sweep(base, sweep);
        if (!points) return fail("--sweep: " + points.error().message);
        const std::string swept = sweep.substr(0, sweep.find('='));
        measure("sweep of " + swept, swept, std::move(*points));
    }
    if (steps.empty()) measure("bench", "", {{"", 0, base}});
    return steps;
}

int bench_main(BenchArguments& arguments) {
    RunOptions& options = arguments.run;
    options.load.receipts = !arguments.no_receipts;
    if (auto taken = take_accounts(arguments); !taken) return usage(taken.error().message);
    if (auto taken = take_target(arguments); !taken) return usage(taken.error().message);
    if (arguments.tls) {
        auto secrets = make_secrets();
        if (!secrets) return failure(secrets.error().message);
        options.load.secrets = std::move(*secrets);
    }
    if (auto fine = check_sizes(options.load.mix, options.load.sizes); !fine) return usage(fine.error().message);
    if (options.threads > options.load.accounts.size())
        return usage("an account's sessions stay on one thread: --threads beyond --accounts does nothing");

    auto steps = plan(arguments);
    if (!steps) return usage(steps.error().message);
    if (is_in_memory(options.target.directory))
        failure(options.target.directory + " is in memory, where a sync costs nothing; --dir names a folder on a disk");

    const Signals signals;
    const Conditions conditions = conditions_now(gateway_text(options.target, arguments.target) +
                                                 (arguments.tls ? ", TLS on both sides" : ""));
    Session session(arguments.runs, signals);
    const Table table(isatty(STDOUT_FILENO) == 1);
    std::vector<Series> all;
    bool faulty = false;
    std::string trouble;
    for (const Step& step : *steps) {
        auto found = step(session);
        if (!found) {  // what was measured until then is still worth its file
            trouble = found.error().message;
            break;
        }
        for (Series& series : *found) {
            session.say(table.text(series));
            for (const Point& point : series.points) faulty |= point.faulty();
            all.push_back(std::move(series));
        }
    }
    if (auto written = write_files(arguments, conditions, all); !written) return failure(written.error().message);
    if (!trouble.empty()) return failure(trouble);
    return faulty ? exit_failed : exit_ok;
}

void add_load_options(CLI::App& command, BenchArguments& a) {
    const char* const group = "Load";
    LoadOptions& load = a.run.load;
    command.add_option("--accounts", a.accounts, "Customers")->check(CLI::Range(1, 100'000))->capture_default_str()
        ->group(group);
    command.add_option("--sessions", load.sessions, "Their sessions, all together")->check(CLI::Range(1, 100'000))
        ->capture_default_str()->group(group);
    command.add_option("--active", load.active, "Sessions that send; 0: all")->check(CLI::Range(0, 100'000))
        ->capture_default_str()->group(group);
    command.add_option("--window", load.window, "Unanswered submit_sm per session")->check(CLI::Range(1, 65535))
        ->capture_default_str()->group(group);
    command.add_option("--rate", a.run.rate, "Open loop: messages due a second, whatever comes back")
        ->check(CLI::Range(0.1, 1e7))->group(group);
    command.add_flag("--no-receipts", a.no_receipts, "Ask for none")->group(group);
    add_value(command, "--size", load.sizes, parse_size_range, "N|MIN-MAX", "Octets of a text")->default_str("140")
        ->group(group);
    add_value(command, "--mix", load.mix, parse_text_mix, "KIND:SHARE,...", "Of gsm7, latin1, ucs2, long")
        ->default_str("gsm7")->group(group);
    command.add_option("--seconds", a.run.seconds, "Of sending that are measured")->check(CLI::Range(0.1, 86'400.0))
        ->capture_default_str()->group(group);
    command.add_option("--count", a.run.count, "Messages that are measured, instead of --seconds")
        ->check(CLI::Range(1, 200'000'000))->group(group);
    command.add_option("--warm-up", a.run.warm_up, "Seconds of sending before that")->check(CLI::Range(0.0, 3600.0))
        ->capture_default_str()->group(group);
    command.add_option("--patience", a.run.patience, "Seconds without progress until what is missing is lost")
        ->check(CLI::Range(0.1, 3600.0))->capture_default_str()->group(group);
    command.add_option("--threads", a.run.threads, "Of the generator")->check(CLI::Range(1, 64))->capture_default_str()
        ->group(group);
    command.add_option("--providers", load.providers, "Message centres behind the gateway")->check(CLI::Range(1, 16))
        ->capture_default_str()->group(group);
    command.add_option("--provider-window", load.provider_window, "Unanswered, per bind to them, either way")
        ->check(CLI::Range(1, 65535))->capture_default_str()->group(group);
}

void add_target_options(CLI::App& command, BenchArguments& a) {
    const char* const group = "Gateway (without --target and --target-command: sluice run, as a child)";
    TargetOptions& target = a.run.target;
    command.add_option("--shards", target.shards, "Reactor threads")->check(CLI::Range(1, 64))->capture_default_str()
        ->group(group);
    command.add_option("--io", target.io, "How it speaks to the kernel")
        ->check(CLI::IsMember({"auto", "io_uring", "epoll"}))->capture_default_str()->group(group);
    command.add_option("--provider-binds", target.provider_binds, "Its binds to each provider")
        ->check(CLI::Range(1, 1000))->capture_default_str()->group(group);
    command.add_option("--settings", a.settings_file, "More lines for its configuration")->type_name("FILE")
        ->group(group);
    command.add_option("--dir", target.directory, "Where it keeps its messages, on a disk")->type_name("DIR")
        ->capture_default_str()->group(group);
    CLI::Option* const foreign =
        command.add_option("--target-command", target.command, "Starts another gateway (docs/benchmarks.md)")
            ->type_name("CMD")->group(group);
    CLI::Option* const secured = command.add_flag("--tls", a.tls, "TLS with its customers and its providers")
                                     ->excludes(foreign)->group(group);
    CLI::Option* const running = command.add_option("--target", a.target, "A gateway that runs already")
                                     ->type_name("HOST[:PORT]")->excludes(foreign)->excludes(secured)->group(group);
    command.add_option("--account", a.given_accounts, "To bind to it with; may be repeated")
        ->type_name("ID:PASSWORD")->expected(1)->allow_extra_args(false)->take_all()->needs(running)->group(group);
    command.add_option("--provider-port", a.run.provider_port, "Where it connects to: 127.0.0.1, this port")
        ->needs(running)->group(group);
    command.add_option("--pid", target.processes, "Its processes, to be looked at; may be repeated")->expected(1)
        ->take_all()->needs(running)->group(group);
    command.add_option("--admin", target.admin, "Its admin port, if it is a sluice")->type_name("HOST:PORT")
        ->needs(running)->group(group);
}

}  // namespace

void add_bench_command(CLI::App& app, int& exit_code) {
    auto arguments = std::make_shared<BenchArguments>();
    arguments->run.target.directory = "/var/tmp";
    CLI::App* command = app.add_subcommand("bench", "Measure a gateway end to end, and account for every message");
    command->footer(
        "Customers and providers are this program; the gateway is a process of its own on loopback.\n"
        "docs/benchmarks.md says what each figure means, and how it can mislead.\n\n"
        "Examples:\n"
        "  sluice bench\n"
        "  sluice bench --sessions 100 --window 10 --rate 20000 --runs 5 --json result.json\n"
        "  sluice bench --size 20-160 --mix gsm7:80,ucs2:15,long:5 --sweep window=1,10,100,1000\n"
        "  sluice bench --all --runs 5 --html report.html\n"
        "  sluice bench --target-command bench/peers/NAME/start\n"
        "  sluice bench --target 127.0.0.1:2775 --account acme:secret --provider-port 2776 --pid 4711\n\n"
        "Exit codes: 0 measured, and nothing lost; 1 something was lost or doubled, or nothing could be measured;\n"
        "2 usage.");
    command->add_option("--runs", arguments->runs, "Repetitions: medians and spread are shown")
        ->check(CLI::Range(1, 1000))->capture_default_str();
    command->add_option("--sweep", arguments->sweeps, "Measure at each of these; may be repeated")
        ->type_name("NAME=VALUE,...")->expected(1)->allow_extra_args(false)->take_all();
    std::vector<std::string> names;
    std::string list = "One of the goals, may be repeated:";
    for (const Scenario& scenario : scenarios()) {
        names.push_back(scenario.name);
        list += std::string("\n") + scenario.name + ": " + scenario.title;
    }
    command->add_option("--scenario", arguments->scenarios, list)->check(CLI::IsMember(names))->type_name("NAME")
        ->expected(1)->allow_extra_args(false)->take_all();
    command->add_flag("--all", arguments->all, "All scenarios");
    command->add_option("--json", arguments->json, "Write everything measured, of every run")->type_name("FILE");
    command->add_option("--html", arguments->html, "Write a report with plots, one file")->type_name("FILE");
    command->add_option("--markdown", arguments->markdown, "Write the tables, and the plots beside them as SVG")
        ->type_name("FILE");
    add_load_options(*command, *arguments);
    add_target_options(*command, *arguments);
    command->callback([arguments, &exit_code] { exit_code = bench_main(*arguments); });
}

}  // namespace sluice::tools
