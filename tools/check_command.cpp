#include <fmt/format.h>

#include "engine/admin/settings.hpp"
#include "engine/routing/snapshot.hpp"
#include "tools/command.hpp"

namespace sluice::tools {
namespace {

std::string rate_text(const routing::Rate& rate) {
    return rate.per_second == 0 ? "no rate limit" : fmt::format("{} messages/s", rate.per_second);
}

std::string targets_text(const routing::RouteRule& rule, const std::vector<routing::Provider>& providers) {
    if (rule.rejects) return fmt::format("rejects with {}", smpp::name_of(rule.reject_status));
    std::string text;
    for (const routing::RouteTarget& target : rule.targets)
        text += (text.empty() ? "to " : ", ") + providers[target.provider].name;
    return text;
}

std::string destinations_text(const routing::RouteRule& rule) {
    if (rule.destinations.empty()) return "every destination";
    return fmt::format("{} destination{}", rule.destinations.size(), rule.destinations.size() == 1 ? "" : "s");
}

int check(const std::string& file) {
    const auto settings = admin::load_settings(file);
    if (!settings) {
        fmt::print(stderr, "{}\n", settings.error().message);
        return exit_configuration;
    }
    for (const std::string& warning : settings->warnings) fmt::print(stderr, "warning: {}\n", warning);
    const auto snapshot = routing::Snapshot::compile(settings->accounts, settings->providers, settings->routes,
                                                    settings->homes);
    if (!snapshot) {
        fmt::print(stderr, "{}: {}\n", file, snapshot.error().message);
        return exit_configuration;
    }
    fmt::print("{}: no errors\n", file);
    for (const auto& listener : settings->listeners) fmt::print("listener  {}\n", listener.endpoint.to_string());
    for (const routing::Account& account : settings->accounts)
        if (!account.is_source)
            fmt::print("account   {}: {} sessions, {}{}\n", account.system_id, account.max_sessions,
                       rate_text(account.rate), account.enabled ? "" : ", disabled");
    for (const accounts::SourceConfig& source : settings->account_sources)
        fmt::print("accounts  {}: found in database {}\n", source.name, source.database);
    for (const routing::Provider& provider : settings->providers)
        fmt::print("provider  {}: {} x {} to {}, window {}, {}{}\n", provider.name, provider.binds,
                   routing::to_string(provider.bind), provider.endpoints.front().to_string(), provider.window,
                   rate_text(provider.rate), provider.enabled ? "" : ", disabled");
    for (std::size_t i = 0; i < settings->routes.size(); ++i) {
        const routing::RouteRule& rule = settings->routes[i];
        fmt::print("{}: {} {}\n", rule.label(static_cast<routing::RuleId>(i)), destinations_text(rule),
                   targets_text(rule, settings->providers));
    }
    return exit_ok;
}

}  // namespace

void add_check_command(CLI::App& app, int& exit_code) {
    auto file = std::make_shared<std::string>();
    CLI::App* command = app.add_subcommand("check", "Check a configuration file");
    command->footer(
        "Prints every error and warning with its line; when there is no error, what the file amounts to.\n\n"
        "Example:\n  sluice check sluice.toml\n\n"
        "Exit codes: 0 no errors (there may be warnings); 2 usage; 3 errors.");
    command->add_option("file", *file, "Configuration file")->required()->type_name("FILE");
    command->callback([file, &exit_code] { exit_code = check(*file); });
}

}  // namespace sluice::tools
