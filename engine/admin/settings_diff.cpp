#include <algorithm>

#include "engine/admin/settings.hpp"

namespace sluice::admin {
namespace {

/// Says in `lines` what was added, removed and changed among items that have names.
template <class Item, class Describe>
void diff_named(const std::vector<Item>& running, const std::vector<Item>& wanted, std::string Item::*name,
                const char* what, std::vector<std::string>& lines, Describe&& describe) {
    const auto label = [&](const Item& item) { return std::string(what) + " '" + item.*name + "': "; };
    for (const Item& item : wanted) {
        const auto before = std::ranges::find(running, item.*name, name);
        if (before == running.end()) {
            lines.push_back(label(item) + "added");
            continue;
        }
        // The place in the file does not matter.
        Item same_place = *before;
        same_place.id = item.id;
        if (!(same_place == item)) lines.push_back(label(item) + describe(*before, item));
    }
    for (const Item& item : running)
        if (std::ranges::find(wanted, item.*name, name) == wanted.end()) lines.push_back(label(item) + "removed");
}

std::string account_change(const routing::Account& running, const routing::Account& wanted) {
    const bool binding = running.password_hash != wanted.password_hash || running.enabled != wanted.enabled ||
                         running.system_type != wanted.system_type || running.bind_types != wanted.bind_types ||
                         running.allowed_addresses != wanted.allowed_addresses ||
                         running.max_sessions != wanted.max_sessions || running.require_tls != wanted.require_tls ||
                         running.certificates != wanted.certificates;
    return binding ? "changed; who may bind is checked at the next bind" : "changed";
}

std::string provider_change(const routing::Provider& running, const routing::Provider& wanted) {
    const bool reconnect = running.endpoints != wanted.endpoints || running.system_id != wanted.system_id ||
                           running.password != wanted.password || running.system_type != wanted.system_type ||
                           running.bind != wanted.bind || running.interface_version != wanted.interface_version ||
                           running.address_ton != wanted.address_ton || running.address_npi != wanted.address_npi ||
                           running.address_range != wanted.address_range || running.tls != wanted.tls;
    return reconnect ? "changed; its links bind anew" : "changed";
}

/// Routes name accounts and providers by place, which may shift: compared by name.
struct NamedRoute {
    routing::RouteRule rule;
    std::vector<std::string> names;
    friend bool operator==(const NamedRoute&, const NamedRoute&) = default;
};

NamedRoute named(const routing::RouteRule& rule, const Settings& settings) {
    NamedRoute result{rule, {}};
    for (routing::AccountId& id : result.rule.accounts) {
        result.names.push_back(settings.accounts[id].system_id);
        id = 0;
    }
    for (routing::RouteTarget& target : result.rule.targets) {
        result.names.push_back(settings.providers[target.provider].name);
        target.provider = 0;
    }
    return result;
}

bool same_routes(const Settings& running, const Settings& wanted) {
    return std::ranges::equal(running.routes, wanted.routes,
                              [&](const routing::RouteRule& a, const routing::RouteRule& b) {
                                  return named(a, running) == named(b, wanted);
                              });
}

bool same_homes(const Settings& running, const Settings& wanted) {
    const auto names = [](const routing::HomeRule& home, const Settings& settings) {
        std::vector<std::pair<std::string, std::uint32_t>> all;
        for (const routing::HomeOwner& owner : home.owners)
            all.emplace_back(settings.accounts[owner.account].system_id, owner.weight);
        for (const routing::ProviderId id : home.providers) all.emplace_back(settings.providers[id].name, 0);
        return all;
    };
    return std::ranges::equal(running.homes, wanted.homes, [&](const routing::HomeRule& a, const routing::HomeRule& b) {
        return a.name == b.name && a.to == b.to && a.keywords == b.keywords && a.share == b.share &&
               names(a, running) == names(b, wanted);
    });
}

/// Certificates and the like change live; where to listen does not, nor whether that speaks TLS.
void diff_listeners(const std::vector<ListenerSettings>& running, const std::vector<ListenerSettings>& wanted,
                    SettingsDiff& found) {
    const auto same_place = [](const ListenerSettings& a, const ListenerSettings& b) {
        return a.endpoint == b.endpoint && a.optional == b.optional && a.tls.has_value() == b.tls.has_value();
    };
    if (!std::ranges::equal(running, wanted, same_place)) {
        found.restart.emplace_back("listener: changed");
        return;
    }
    for (std::size_t i = 0; i < running.size(); ++i)
        if (running[i].tls != wanted[i].tls)
            found.live.push_back("listener " + wanted[i].endpoint.to_string() +
                                 ": TLS changed, for connections from now on");
}

/// A new one is there at once; others may be in use.
void diff_databases(const std::vector<sql::DatabaseConfig>& running, const std::vector<sql::DatabaseConfig>& wanted,
                    SettingsDiff& found) {
    const auto named = [](const auto& all, const std::string& name) {
        return std::ranges::find(all, name, &sql::DatabaseConfig::name);
    };
    for (const sql::DatabaseConfig& database : wanted) {
        const auto before = named(running, database.name);
        if (before == running.end()) found.live.push_back("database '" + database.name + "': added");
        else if (*before != database) found.restart.push_back("database '" + database.name + "': changed");
    }
    for (const sql::DatabaseConfig& database : running)
        if (named(wanted, database.name) == wanted.end())
            found.restart.push_back("database '" + database.name + "': removed");
}

}  // namespace

SettingsDiff diff(const Settings& running, const Settings& wanted) {
    SettingsDiff found;
    const auto live = [&](bool same, const char* what) {
        if (!same) found.live.emplace_back(what);
    };
    const auto restart = [&](bool same, const char* what) {
        if (!same) found.restart.emplace_back(what);
    };

    const ServerSettings& server = running.server;
    restart(server.system_id == wanted.server.system_id, "server.system_id: changed");
    restart(server.node == wanted.server.node, "server.node: changed");
    restart(server.shards == wanted.server.shards, "server.shards: changed; the messages are dealt anew at the start");
    restart(server.data_directory == wanted.server.data_directory, "server.data_directory: changed");
    restart(server.max_data_bytes == wanted.server.max_data_bytes, "server.max_data_size: changed");
    restart(server.io == wanted.server.io, "server.io: changed");
    diff_listeners(running.listeners, wanted.listeners, found);
    restart(running.admin == wanted.admin, "admin: changed");
    restart(running.log.format == wanted.log.format, "log.format: changed");
    restart(running.log.file == wanted.log.file, "log.file: changed");
    live(running.log.level == wanted.log.level, "log.level: changed");
    live(running.log.levels == wanted.log.levels, "log.levels: changed");
    restart(running.history.enabled == wanted.history.enabled, "history.enabled: changed");
    HistorySettings history = running.history;
    history.enabled = wanted.history.enabled;
    live(history == wanted.history, "history: changed");
    live(running.privacy == wanted.privacy, "privacy: changed, for what is written from now on");

    LimitSettings limits = running.limits;
    limits.password_threads = wanted.limits.password_threads;
    limits.password_queue = wanted.limits.password_queue;
    live(limits == wanted.limits, "limits: changed");
    restart(running.limits.password_threads == wanted.limits.password_threads, "limits.password_threads: changed");
    restart(running.limits.password_queue == wanted.limits.password_queue, "limits.password_queue: changed");

    restart(running.http == wanted.http, "http: changed");
    diff_databases(running.databases, wanted.databases, found);
    live(running.timers == wanted.timers, "timers: changed, for sessions from now on");
    live(running.message == wanted.message, "message: changed, for messages from now on");
    live(running.charging.no_credit_status == wanted.charging.no_credit_status, "charging.no_credit_status: changed");
    ChargingRecordSettings records = running.charging;
    records.no_credit_status = wanted.charging.no_credit_status;
    restart(records == wanted.charging, "charging: where and how records are written changed");
    live(running.retry == wanted.retry, "retry: changed, from the next failure on");
    live(running.account_sources == wanted.account_sources, "account_source: changed, for look-ups from now on");
    diff_named(running.accounts, wanted.accounts, &routing::Account::system_id, "account", found.live, account_change);
    diff_named(running.providers, wanted.providers, &routing::Provider::name, "provider", found.live, provider_change);
    live(same_routes(running, wanted), "route: the routes changed, for messages from now on");
    live(same_homes(running, wanted),
         "home: who gets mobile-originated messages changed, for those from now on and those that are nobody's");
    live(running.program.limits == wanted.program.limits, "scripts: changed");
    live(running.program.triggers == wanted.program.triggers && running.program.scripts == wanted.program.scripts,
         "trigger: the triggers or their scripts changed, for events from now on");
    return found;
}

}  // namespace sluice::admin
