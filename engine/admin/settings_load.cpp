#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>
#include <tuple>

#include "engine/admin/kept_tables.hpp"
#include "engine/admin/settings.hpp"
#include "engine/admin/settings_sections.hpp"

namespace sluice::admin {
namespace {

constexpr std::size_t max_problems = 100;
constexpr std::size_t max_homes = 10'000;
constexpr std::size_t max_databases = 16;  // each has threads of its own
constexpr std::uintmax_t max_file = 256u << 20;

/// Each element of [[key]] in turn, and where it was.
template <class Item, class Read>
std::vector<Position> read_all(TableReader& reader, std::string_view key, std::vector<Item>& items, Read&& read) {
    std::vector<Position> positions;
    reader.tables(key, [&](TableReader& table) {
        Item item;
        read(table, item);
        items.push_back(std::move(item));
        positions.push_back(table.at());
    });
    return positions;
}

/// Says so when a name was used by an earlier element.
template <class Item>
void check_distinct(TableReader& table, std::string_view key, const std::vector<Item>& earlier,
                    std::string Item::*member, const std::string& name) {
    const auto found = std::ranges::find(earlier, name, member);
    if (!name.empty() && found != earlier.end())
        table.error(key, "'" + name + "' is taken by number " + std::to_string(found - earlier.begin() + 1) +
                             " of them already");
}

/// The demonstration account has a password that everybody knows.
void check_demo(TableReader& table, const routing::Account& account, const std::vector<ListenerSettings>& listeners) {
    if (account.system_id != demo_system_id) return;
    for (const ListenerSettings& listener : listeners)
        if (!is_loopback(listener.endpoint))
            table.error("system_id", "the account 'demo' is for trying things out on this machine, but the listener " +
                                         listener.endpoint.to_string() +
                                         " is open to others; give the account another name and password");
}

void read_databases(TableReader& reader, Settings& settings) {
    read_all(reader, "database", settings.databases, [&](TableReader& table, sql::DatabaseConfig& database) {
        read_database(table, database);
        check_distinct(table, "name", settings.databases, &sql::DatabaseConfig::name, database.name);
    });
    if (settings.databases.size() > max_databases)
        reader.error("database", "there are more than " + std::to_string(max_databases));
}

using NumberOwners = std::map<routing::NumberPattern, std::string>;

void read_one_account(TableReader& table, Settings& settings, NumberOwners& owners, routing::Account& account) {
    account.id = static_cast<routing::AccountId>(settings.accounts.size());
    read_account(table, account);
    check_distinct(table, "system_id", settings.accounts, &routing::Account::system_id, account.system_id);
    check_demo(table, account, settings.listeners);
    for (const routing::NumberPattern number : account.numbers)
        if (const auto [owner, added] = owners.emplace(number, account.system_id);
            !added && owner->second != account.system_id)
            table.error("numbers", number.digits() + (number.is_exact() ? "" : "*") + " belongs to account '" +
                                       owner->second + "' already");
}

/// What commands keep, each table by `read`. What is wrong there is said with the file's own name and lines.
template <class Item, class Read>
void read_kept(ReadContext& context, const Settings& settings, std::string_view key, std::vector<Item>& items,
               Read&& read) {
    const auto files = KeptTables(settings.server.data_directory, key).list();
    if (!files) return context.error({1, 1}, "server.data_directory", files.error().message);
    for (const std::filesystem::path& file : *files) {
        std::ifstream in(file, std::ios::binary);
        std::ostringstream text;
        text << in.rdbuf();
        const auto document = parse_document(text.view(), file.string());
        if (!document) {
            context.error({1, 1}, std::string(key), document.error().message);
            continue;
        }
        ReadContext own;
        own.folder = file.parent_path();
        TableReader reader(*document, "", own);
        read_all(reader, key, items, read);
        reader.finish();
        for (const ReadContext::Problem& problem : own.errors)
            context.error({1, 1}, std::string(key), file.string() + ":" + std::to_string(problem.at.line) + ":" +
                                                        std::to_string(problem.at.column) + ": " + problem.text);
    }
}

void read_accounts(TableReader& reader, Settings& settings) {
    NumberOwners owners;
    const auto read = [&](TableReader& table, routing::Account& account) {
        read_one_account(table, settings, owners, account);
    };
    read_all(reader, "account", settings.accounts, read);
    if (!reader.describing()) read_kept(reader.context(), settings, "account", settings.accounts, read);
}

void read_account_sources(TableReader& reader, Settings& settings) {
    read_all(reader, "account_source", settings.account_sources,
             [&](TableReader& table, accounts::SourceConfig& source) {
                 routing::Account defaults;
                 defaults.id = static_cast<routing::AccountId>(settings.accounts.size());
                 read_account_source(table, settings, source, defaults);
                 check_distinct(table, "name", settings.accounts, &routing::Account::system_id, source.name);
                 settings.accounts.push_back(std::move(defaults));
             });
    if (settings.account_sources.size() > max_databases)
        reader.error("account_source", "there are more than " + std::to_string(max_databases));
}

void read_providers(TableReader& reader, Settings& settings) {
    read_all(reader, "provider", settings.providers, [&](TableReader& table, routing::Provider& provider) {
        provider.id = static_cast<routing::ProviderId>(settings.providers.size());
        provider.retry = settings.retry;
        read_provider(table, provider);
        check_distinct(table, "name", settings.providers, &routing::Provider::name, provider.name);
    });
}

/// Beside providers with price lists, one that costs nothing would get every message.
void warn_of_free_targets(TableReader& reader, const Settings& settings, std::size_t route, Position at) {
    const auto priced = [&](const routing::RouteTarget& target) {
        return settings.providers[target.provider].prices.table != nullptr;
    };
    const auto& targets = settings.routes[route].targets;
    if (std::ranges::none_of(targets, priced)) return;
    for (const routing::RouteTarget& target : targets)
        if (!priced(target) && target.cost == Money{})
            reader.context().warning(at, "route[" + std::to_string(route + 1) + "]",
                                     "'" + settings.providers[target.provider].name +
                                         "' has neither prices nor a cost, and so is cheaper than all that have");
}

void read_routes(TableReader& reader, Settings& settings) {
    const std::vector<Position> positions =
        read_all(reader, "route", settings.routes,
                 [&](TableReader& table, routing::RouteRule& route) { read_route(table, settings, route); });
    if (reader.describing() || !reader.context().errors.empty()) return;

    if (settings.routes.empty())
        reader.context().warning({1, 1}, "route", "there is none, so every message is refused");
    for (std::size_t i = 0; i < settings.routes.size(); ++i) warn_of_free_targets(reader, settings, i, positions[i]);
    const auto table = routing::RouteTable::compile(settings.routes);
    if (!table) {
        reader.context().error({1, 1}, "", table.error().message);
        return;
    }
    for (const auto [rule, by] : table->shadowed())
        reader.context().warning(positions[rule], "route[" + std::to_string(rule + 1) + "]",
                                 "can never match: " + settings.routes[by].label(by) + " always decides before it");
}

void read_homes(TableReader& reader, Settings& settings) {
    const auto read = [&](TableReader& table, routing::HomeRule& home) { read_home(table, settings, home); };
    read_all(reader, "home", settings.homes, read);
    if (!reader.describing()) read_kept(reader.context(), settings, "home", settings.homes, read);
    if (settings.homes.size() > max_homes)
        reader.error("home", "there are more than " + std::to_string(max_homes));
}

void read_triggers(TableReader& reader, Settings& settings) {
    script::Program& program = settings.program;
    reader.table("scripts", [&](TableReader& table) { read_scripts(table, program.limits); });
    read_all(reader, "trigger", program.triggers, [&](TableReader& table, script::Trigger& trigger) {
        read_trigger(table, settings, program, trigger);
        check_distinct(table, "name", program.triggers, &script::Trigger::name, trigger.name);
    });
}

void read_listeners(TableReader& reader, Settings& settings) {
    read_all(reader, "listener", settings.listeners, [&](TableReader& table, ListenerSettings& listener) {
        read_listener(table, listener);
        const auto same = std::ranges::find(settings.listeners, listener.endpoint, &ListenerSettings::endpoint);
        if (same != settings.listeners.end() && listener.endpoint.port != 0)
            table.error("endpoint", listener.endpoint.to_string() + " is listened to already");
    });
    if (!settings.listeners.empty()) return;
    settings.listeners = embedded_default().listeners;
    reader.context().warning({1, 1}, "listener", "there is none: only this machine can bind, to 127.0.0.1:2775");
}

/// The listeners are read before the accounts and the providers before the routes, wherever they are in the file.
void read_settings(TableReader& reader, Settings& settings) {
    reader.table("server", [&](TableReader& table) { read_server(table, settings.server); });
    read_listeners(reader, settings);
    reader.table("admin", [&](TableReader& table) { read_admin(table, settings.admin); });
    reader.table("log", [&](TableReader& table) { read_log(table, settings.log); });
    reader.table("history", [&](TableReader& table) { read_history(table, settings.history); });
    reader.table("privacy", [&](TableReader& table) { read_privacy(table, settings.privacy); });
    reader.table("limits", [&](TableReader& table) { read_limits(table, settings.limits); });
    reader.table("timers", [&](TableReader& table) { read_timers(table, settings.timers); });
    reader.table("message", [&](TableReader& table) { read_message(table, settings.message); });
    reader.table("charging", [&](TableReader& table) { read_charging(table, settings.charging); });
    reader.table("retry", [&](TableReader& table) { read_retry(table, settings.retry); });
    reader.table("http", [&](TableReader& table) { read_http(table, settings.http); });
    read_databases(reader, settings);
    read_accounts(reader, settings);
    read_account_sources(reader, settings);
    read_providers(reader, settings);
    read_routes(reader, settings);
    read_homes(reader, settings);
    read_triggers(reader, settings);
    if (settings.accounts.size() >= routing::no_account || settings.providers.size() >= routing::no_provider)
        reader.context().error({1, 1}, "", "there are more than 65534 accounts or providers");
    reader.finish();
}

std::vector<std::string> report(std::vector<ReadContext::Problem>& problems, std::string_view name) {
    std::ranges::sort(problems, {}, [](const ReadContext::Problem& problem) {
        return std::tie(problem.at, problem.text);
    });
    std::vector<std::string> lines;
    for (const ReadContext::Problem& problem : problems) {
        if (lines.size() == max_problems) {
            lines.push_back("and " + std::to_string(problems.size() - max_problems) + " more");
            break;
        }
        lines.push_back(std::string(name) + ":" + std::to_string(problem.at.line) + ":" +
                        std::to_string(problem.at.column) + ": " + problem.text);
    }
    return lines;
}

}  // namespace

Result<Settings> parse_settings(std::string_view text, std::string_view name, const std::filesystem::path& folder) {
    const auto document = parse_document(text, name);
    if (!document) return std::unexpected(document.error());
    ReadContext context;
    context.folder = folder;
    Settings settings;
    settings.source = name;
    TableReader reader(*document, "", context);
    read_settings(reader, settings);
    if (!context.errors.empty()) {
        std::string lines;
        for (const std::string& line : report(context.errors, name)) lines += (lines.empty() ? "" : "\n") + line;
        return fail(std::move(lines));
    }
    settings.warnings = report(context.warnings, name);
    return settings;
}

Result<Settings> load_settings(const std::filesystem::path& file) {
    const auto wrong = [&](const char* why) { return fail(file.string() + ": " + why); };
    std::error_code error;
    if (!std::filesystem::exists(file, error)) return wrong("there is no such file");
    if (!std::filesystem::is_regular_file(file, error)) return wrong("is not a file");
    if (std::filesystem::file_size(file, error) > max_file) return wrong("is larger than 256 MiB");
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    if (!in || !(text << in.rdbuf())) return wrong("cannot be read, or is empty");
    return parse_settings(text.view(), file.string(), file.parent_path());
}

std::vector<std::string> settings_keys() {
    std::vector<std::string> keys;
    ReadContext context;
    context.keys = &keys;
    const Value nothing;
    Settings settings;
    TableReader reader(nothing, "", context);
    read_settings(reader, settings);
    return keys;
}

}  // namespace sluice::admin
