#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include <fstream>
#include <iostream>
#include <iterator>

#include "engine/admin/settings.hpp"
#include "engine/admin/utc_text.hpp"
#include "tools/command.hpp"
#include "tools/route/simulation.hpp"

namespace sluice::tools {
namespace {

struct SimulateArguments {
    std::string file, config, html, at;
    RouteSimulation::Options options;
    bool json = false;
};

int simulate(SimulateArguments& arguments) {
    const auto at = arguments.at.empty() ? SystemClock().wall() : admin::parse_utc(arguments.at);
    if (!at) return failure("--at is a time in UTC, as 2026-12-01T14:00, not '" + arguments.at + "'");
    arguments.options.at = *at;
    if (arguments.options.per_hour > 0 && arguments.options.hours == 0) arguments.options.hours = 24;
    const auto settings = admin::load_settings(arguments.config);
    if (!settings) {
        fmt::print(stderr, "{}\n", settings.error().message);
        return exit_configuration;
    }
    const auto snapshot = routing::Snapshot::compile(settings->accounts, settings->providers, settings->routes,
                                                     settings->homes);
    if (!snapshot) return failure(arguments.config + ": " + snapshot.error().message);
    auto simulation = RouteSimulation::create(**snapshot, arguments.options);
    if (!simulation) return failure(simulation.error().message);

    std::string text;
    if (arguments.file == "-") {
        text.assign(std::istreambuf_iterator<char>(std::cin), {});
    } else {
        std::ifstream in(arguments.file, std::ios::binary);
        if (!in) return failure("'" + arguments.file + "' cannot be read");
        text.assign(std::istreambuf_iterator<char>(in), {});
    }
    if (auto added = simulation->add(text); !added) return failure(arguments.file + ": " + added.error().message);
    if (!simulation->any()) return failure(arguments.file + ": there is no destination in it");
    if (auto ran = simulation->run(); !ran) return failure(ran.error().message);
    if (arguments.json) fmt::print("{}\n", simulation->json().dump(2));
    else fmt::print("{}", simulation->text());
    if (arguments.html.empty()) return exit_ok;
    std::ofstream out(arguments.html);
    out << simulation->html("Where " + arguments.file + " goes");
    return out.flush() ? exit_ok : failure("'" + arguments.html + "' cannot be written");
}

}  // namespace

void add_route_command(CLI::App& app, int& exit_code) {
    CLI::App* route = app.add_subcommand("route", "Try routes and prices without sending anything");
    route->require_subcommand(1);
    route->footer("Examples:\n"
                  "  sluice route simulate --config sluice.toml --account acme numbers.txt\n\n"
                  "Exit codes: 0 done; others as each command says.");
    auto arguments = std::make_shared<SimulateArguments>();
    SimulateArguments& a = *arguments;
    CLI::App* command = route->add_subcommand("simulate", "Where a list of destinations would go, and what that costs");
    command->footer(
        "FILE has a destination a line, or is CSV with the headings to, account, from and count (of messages), of\n"
        "which only `to` must be there. Each message is of one part. No gateway is asked: all providers are taken to\n"
        "be up, to deliver everything and, without --hours or --per-hour, to be far from their caps.\n\n"
        "Examples:\n"
        "  sluice route simulate --config sluice.toml --account acme numbers.txt\n"
        "  sluice route simulate --config sluice.toml --down north --html plan.html traffic.csv\n"
        "  sluice route simulate --config sluice.toml --at 2026-12-01T22:00 numbers.txt\n"
        "  sluice route simulate --config sluice.toml --per-hour 50000 --html day.html traffic.csv\n"
        "  cut -d, -f3 cdr.csv | sluice route simulate --config sluice.toml --account acme --json -\n\n"
        "Exit codes: 0 done; 1 a file cannot be read or a name is unknown; 2 usage; 3 errors in the configuration.");
    command->add_option("file", a.file, "Destinations; - reads them from standard input")
        ->required()
        ->type_name("FILE|-");
    command->add_option("--config", a.config, "The configuration")->required()->type_name("FILE");
    command->add_option("--account", a.options.account, "Whose messages they are, where the file does not say");
    command->add_option("--from", a.options.from, "Their sender, where the file does not say");
    command->add_option("--down", a.options.down, "A provider to be taken for unreachable; may be repeated")
        ->expected(1)->allow_extra_args(false)->take_all();
    command->add_option("--at", a.at,
                        "When they are sent, for hours of routes and dates of prices, in UTC; now without it")
        ->type_name("TIME");
    command->add_option("--hours", a.options.hours,
                        "The list comes in each of so many hours, from that of --at on: caps count")
        ->check(CLI::Range(1u, RouteSimulation::most_hours));
    command->add_option("--per-hour", a.options.per_hour,
                        "So many messages come an hour, in the proportions of the list, for --hours (24)")
        ->check(CLI::Range(std::uint64_t{1}, RouteSimulation::most_messages));
    command->add_option("--seed", a.options.seed, "Decides where weights decide")->capture_default_str();
    command->add_flag("--json", a.json, "For programs");
    command->add_option("--html", a.html, "Write a page with a plot, too")->type_name("FILE");
    command->callback([arguments, &exit_code] { exit_code = simulate(*arguments); });
}

}  // namespace sluice::tools
