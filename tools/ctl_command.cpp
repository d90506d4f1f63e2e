#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <thread>

#include "engine/admin/settings_text.hpp"
#include "tools/command.hpp"
#include "tools/ctl_client.hpp"
#include "tools/ctl_tables.hpp"
#include "tools/top_up.hpp"

namespace sluice::tools {

namespace {

constexpr int exit_no_gateway = 4;

struct CtlArguments {
    std::string admin = "127.0.0.1:8775";
    bool json = false;
    int limit = 100;
    int watch = 0;  ///< seconds between looks; 0: one look
    std::string message_id, session_id, account, from, to, provider, address, state, since, until, name, text;
    TopUp top_up;
    std::vector<std::string> log_level;
};

using Print = void (*)(const CtlJson&);

int no_gateway(const CtlClient& client, const std::string& why) {
    fmt::print(stderr, "sluice: no gateway answers at {}: {}\n"
                       "Start one with: {} run   or say where it listens with --admin HOST:PORT\n",
               client.address(), why, program_name);
    return exit_no_gateway;
}

/// Asks and prints: as it came (`--json`), or as `print` has it. A refusal goes to standard error.
int ask(const CtlArguments& arguments, std::string_view method, const std::string& path, Print print,
        const std::string& request = {}) {
    CtlClient client(arguments.admin);
    const auto reply = client.request(method, path, request);
    if (!reply) return no_gateway(client, reply.error().message);
    const bool done = reply->status == 200;
    const CtlJson body = CtlJson::parse(reply->body, nullptr, false);
    if (!body.is_object()) return no_gateway(client, "what answers there is no gateway");
    if (arguments.json) {
        fmt::print("{}", reply->body);
        return done ? exit_ok : exit_failed;
    }
    if (body.contains("error")) return failure(body.value("error", std::string()));
    try {
        print(body);
    } catch (const CtlJson::exception&) {
        return failure("the gateway at " + arguments.admin + " answers in another version's way: see it with --json");
    }
    return done ? exit_ok : exit_failed;
}

int show_metrics(const CtlArguments& arguments) {
    CtlClient client(arguments.admin);
    const auto reply = client.request("GET", "/metrics");
    if (!reply) return no_gateway(client, reply.error().message);
    if (reply->status != 200) return no_gateway(client, "what answers there is no gateway");
    fmt::print("{}", reply->body);
    return exit_ok;
}

/// Again and again until it is interrupted or fails, with `--watch`.
int ask_repeatedly(const CtlArguments& arguments, const std::string& path, Print print) {
    for (;;) {
        if (arguments.watch > 0 && !arguments.json) fmt::print("\x1b[H\x1b[2J");  // an empty screen
        const int code = ask(arguments, "GET", path, print);
        std::fflush(stdout);
        if (arguments.watch == 0 || code != exit_ok) return code;
        std::this_thread::sleep_for(std::chrono::seconds(arguments.watch));
    }
}

std::string part(std::string_view text) { return CtlClient({}).quoted(text); }

/// A path with those filters that were given.
std::string filtered(std::string path, std::initializer_list<std::pair<const char*, const std::string*>> filters) {
    char before = '?';
    for (const auto& [name, value] : filters) {
        if (value->empty()) continue;
        path += before + std::string(name) + "=" + part(*value);
        before = '&';
    }
    return path;
}

int kick(const CtlArguments& arguments) {
    const int given = !arguments.session_id.empty() + !arguments.account.empty() + !arguments.address.empty();
    if (given != 1) {
        failure("whose session: an ID of `ctl sessions`, --account or --address, one of them");
        return exit_usage;
    }
    if (!arguments.session_id.empty())
        return ask(arguments, "POST", "/api/v1/sessions/" + part(arguments.session_id) + "/kick",
                   [](const CtlJson&) { fmt::print("it is unbinding\n"); });
    return ask(arguments, "POST",
               filtered("/api/v1/kick", {{"account", &arguments.account}, {"address", &arguments.address}}),
               [](const CtlJson& body) {
                   fmt::print("{} sessions are unbinding\n", body["unbinding"].get<std::size_t>());
               });
}

int log_level(const CtlArguments& arguments) {
    if (arguments.log_level.empty())
        return ask(arguments, "GET", "/api/v1/status", [](const CtlJson& body) { print_log_levels(body["log"]); });
    CtlJson request{{"level", arguments.log_level.back()}};
    if (arguments.log_level.size() == 2) request["subsystem"] = arguments.log_level.front();
    return ask(arguments, "PUT", "/api/v1/log-level",
               [](const CtlJson& body) { fmt::print("level {}\n", body["level"].get<std::string>()); },
               request.dump(-1, ' ', false, CtlJson::error_handler_t::replace));
}

int top_up(const CtlArguments& arguments) {
    return ask(arguments, "POST", arguments.top_up.path(), print_top_up, arguments.top_up.request());
}

}  // namespace

void add_ctl_command(CLI::App& app, int& exit_code) {
    auto arguments = std::make_shared<CtlArguments>();
    CLI::App* command = app.add_subcommand("ctl", "Look into a running gateway and control it");
    command->require_subcommand(1);
    command->fallthrough();
    command->footer(
        "Examples:\n"
        "  sluice ctl status\n"
        "  sluice ctl trace 935264711023099904             what became of a message\n"
        "  sluice ctl messages --to 447700900123 --since 2h\n"
        "  sluice ctl sessions --account demo --watch 2\n"
        "  sluice ctl route explain --account demo --to 447700900123\n"
        "  sluice ctl route home --provider mc --to 12345 --text 'STOP'\n"
        "  sluice ctl log-level debug\n"
        "  sluice ctl sessions --json | jq '.sessions[] | select(.name == \"demo\")'\n\n"
        "Exit codes: 0 done; 1 refused, or not found; 2 usage; 4 no gateway answers there.");
    command->add_option("--admin", arguments->admin, "Where the gateway's admin port is")
        ->type_name("HOST:PORT")->capture_default_str()
        ->check([](const std::string& text) {
            const auto parsed = admin::parse_host_port(text);
            return parsed ? std::string() : parsed.error().message;
        });
    command->add_flag("--json", arguments->json, "Print what the admin port answers as it comes");

    const auto add = [&](CLI::App* parent, const char* name, const char* help, std::function<int()> run) {
        CLI::App* its = parent->add_subcommand(name, help);
        its->fallthrough();
        its->callback([run = std::move(run), &exit_code] { exit_code = run(); });
        return its;
    };
    const auto add_view = [&](const char* name, const char* help, Print print) {
        CLI::App* view = add(command, name, help, [=] {
            return ask_repeatedly(*arguments,
                                  filtered(std::string("/api/v1/") + name,
                                           {{"name", &arguments->name}, {"account", &arguments->account},
                                            {"provider", &arguments->provider}, {"address", &arguments->address}}),
                                  print);
        });
        view->add_option("--watch", arguments->watch, "Show it again every so many seconds")
            ->check(CLI::Range(1, 86'400))->type_name("SECONDS");
        return view;
    };
    add_view("status", "Health, and what happened since the start", print_status);
    CLI::App* sessions = add_view("sessions", "Who is bound", print_sessions);
    sessions->add_option("--account", arguments->account, "Only of this system_id");
    sessions->add_option("--provider", arguments->provider, "Only with this provider");
    sessions->add_option("--address", arguments->address, "Only from this address or range")->type_name("ADDRESS|CIDR");
    add_view("providers", "Binds, health and queue of each provider", print_providers)
        ->add_option("NAME", arguments->name, "This one alone");
    add_view("accounts", "Sessions and messages of each account", print_accounts)
        ->add_option("NAME", arguments->name, "This system_id alone");
    add_view("queues", "What waits, where and how much of it on disk", print_queues)
        ->add_option("NAME", arguments->name, "For this account or provider alone");

    CLI::App* messages = add(command, "messages", "Messages of the history, newest first", [=] {
        const std::string limit = std::to_string(arguments->limit);
        return ask_repeatedly(*arguments,
                              filtered("/api/v1/messages",
                                       {{"state", &arguments->state}, {"account", &arguments->account},
                                        {"provider", &arguments->provider}, {"from", &arguments->from},
                                        {"to", &arguments->to}, {"since", &arguments->since},
                                        {"until", &arguments->until}, {"limit", &limit}}),
                              print_messages);
    });
    messages->add_option("--state", arguments->state, "open, final, or a message_state, as delivered or undeliverable");
    messages->add_option("--account", arguments->account, "Of this system_id");
    messages->add_option("--provider", arguments->provider, "By way of this provider");
    messages->add_option("--from", arguments->from, "source_addr; with * at the end, what it begins with");
    messages->add_option("--to", arguments->to, "destination_addr, likewise");
    messages->add_option("--since", arguments->since, "Accepted since then: 15m, 2h, 7d ago, or 2026-11-25T23:00:00Z");
    messages->add_option("--until", arguments->until, "Accepted until then, likewise");
    messages->add_option("--limit", arguments->limit, "How many at most")
        ->check(CLI::Range(1, 10'000))->capture_default_str();
    messages->add_option("--watch", arguments->watch, "Show it again every so many seconds")
        ->check(CLI::Range(1, 86'400))->type_name("SECONDS");
    add_view("triggers", "Calls, errors and cost of each trigger", print_triggers);

    const auto add_list = [&](const char* name, const char* help, Print print) {
        add(command, name, help,
            [=] {
                return ask(*arguments, "GET",
                           "/api/v1/" + std::string(name) + "?limit=" + std::to_string(arguments->limit), print);
            })
            ->add_option("--limit", arguments->limit, "How many at most")
            ->check(CLI::Range(1, 10'000))
            ->capture_default_str();
    };
    add_list("receipts", "Receipts that wait for their message, or matched nothing; newest first", print_receipts);
    add_list("unowned", "Mobile-originated messages that nobody has a claim to; oldest first", print_unowned);
    add_list("refunds", "What is to be given back to accounts in their database; the largest first", print_refunds);

    add(command, "write-off", "Give up what is to be given back to an account", [=] {
        return ask(*arguments, "POST", "/api/v1/accounts/" + part(arguments->account) + "/write-off", print_write_off);
    })->add_option("SYSTEM_ID", arguments->account, "As `ctl refunds` shows it")->required();

    add(command, "trace", "One message's life, step by step", [=] {
        return ask(*arguments, "GET", "/api/v1/messages/" + part(arguments->message_id), print_message);
    })->add_option("ID", arguments->message_id,
                   "As the account was shown it, decimal or hexadecimal, or as the provider gave it")->required();

    CLI::App* route = command->add_subcommand("route", "Ask the route table");
    route->require_subcommand(1)->fallthrough();
    CLI::App* explain = add(route, "explain", "Where a message would go now, and why", [=] {
        return ask(*arguments, "GET",
                   "/api/v1/route-explain?account=" + part(arguments->account) + "&from=" + part(arguments->from) +
                       "&to=" + part(arguments->to),
                   print_explanation);
    });
    explain->add_option("--account", arguments->account, "system_id of the sender")->required();
    explain->add_option("--from", arguments->from, "source_addr");
    explain->add_option("--to", arguments->to, "destination_addr")->required();
    CLI::App* home = add(route, "home", "Whose a mobile-originated message would be now, and why", [=] {
        return ask(*arguments, "GET",
                   "/api/v1/home-explain?provider=" + part(arguments->provider) + "&from=" + part(arguments->from) +
                       "&to=" + part(arguments->to) + "&text=" + part(arguments->text),
                   print_explanation);
    });
    home->add_option("--provider", arguments->provider, "Name of the provider that brings it")->required();
    home->add_option("--from", arguments->from, "source_addr");
    home->add_option("--to", arguments->to, "destination_addr")->required();
    home->add_option("--text", arguments->text, "Its text, for keywords");

    add(command, "reload", "Read the settings file again and apply it",
        [=] { return ask(*arguments, "POST", "/api/v1/reload", print_reload); });
    add(command, "drain", "Unbind everybody and take nothing more, before it is stopped", [=] {
        return ask(*arguments, "POST", "/api/v1/drain", [](const CtlJson&) {
            fmt::print("draining: stop it when `ctl sessions` is empty\n");
        });
    });
    add(command, "log-level", "Set or show how much is logged", [=] { return log_level(*arguments); })
        ->add_option("LEVEL", arguments->log_level,
                     "trace, debug, info, warning, error or off; a subsystem before it sets that one's alone, and "
                     "`default` gives it the common level again. Without: shows them")
        ->expected(1, 2)->type_name("[SUBSYSTEM] LEVEL");
    CLI::App* kicked = add(command, "kick", "Unbind one session, or all of an account or an address",
                           [=] { return kick(*arguments); });
    kicked->add_option("ID", arguments->session_id, "As `ctl sessions` shows it");
    kicked->add_option("--account", arguments->account, "All of this system_id");
    kicked->add_option("--address", arguments->address, "All customers' from this address or range")
        ->type_name("ADDRESS|CIDR");
    CLI::App* topup = add(command, "topup", "Book credits for an account", [=] { return top_up(*arguments); });
    topup->add_option("SYSTEM_ID", arguments->top_up.system_id, "The account")->required();
    arguments->top_up.add_options(*topup);
    add(command, "metrics", "The metrics as Prometheus reads them", [=] { return show_metrics(*arguments); });
}

}  // namespace sluice::tools
