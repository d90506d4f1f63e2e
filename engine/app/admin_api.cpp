#include "engine/app/admin_api.hpp"

#include "engine/admin/utc_text.hpp"
#include "engine/app/admin_json.hpp"
#include "engine/app/admin_shards.hpp"

namespace sluice::app {

AdminApi::AdminApi(Gateway& gateway, admin::Logger& logger, AdminServer::Options options)
    : gateway_(gateway), logger_(logger), log_(logger.line("admin")), options_(std::move(options)),
      started_at_(clock_.wall()), started_(clock_.mono()) {}

namespace {

/// What stands between `prefix` and `suffix`, if the path has both and something without a slash between them.
std::optional<std::string_view> between(std::string_view path, std::string_view prefix, std::string_view suffix) {
    if (path.size() <= prefix.size() + suffix.size() || !path.starts_with(prefix) || !path.ends_with(suffix))
        return std::nullopt;
    const std::string_view middle = path.substr(prefix.size(), path.size() - prefix.size() - suffix.size());
    return middle.find('/') == std::string_view::npos ? std::optional(middle) : std::nullopt;
}

}  // namespace

HttpResponse AdminApi::handle(const HttpRequest& request) {
    struct Route {
        std::string_view method, path;
        std::function<HttpResponse()> serve;
    };
    const Route routes[] = {
        {"GET", "/metrics", [&] { return metrics(); }},
        {"GET", "/healthz", [&] { return healthz(); }},
        {"GET", "/api/v1/status", [&] { return status(); }},
        {"GET", "/api/v1/sessions", [&] { return sessions(request); }},
        {"GET", "/api/v1/providers", [&] { return providers(request); }},
        {"GET", "/api/v1/accounts", [&] { return accounts(request); }},
        {"GET", "/api/v1/queues", [&] { return queues(request); }},
        {"GET", "/api/v1/messages", [&] { return messages(request); }},
        {"GET", "/api/v1/triggers", [&] { return triggers(); }},
        {"GET", "/api/v1/receipts", [&] { return receipts(request); }},
        {"GET", "/api/v1/refunds", [&] { return refunds(request); }},
        {"GET", "/api/v1/unowned", [&] { return unowned(request); }},
        {"GET", "/api/v1/home-explain", [&] { return explain_home(request); }},
        {"GET", "/api/v1/route-explain", [&] { return explain_route(request); }},
        {"POST", "/api/v1/reload", [&] { return reload(); }},
        {"POST", "/api/v1/drain", [&] { return drain(); }},
        {"POST", "/api/v1/kick", [&] { return kick_all(request); }},
        {"PUT", "/api/v1/log-level", [&] { return set_log_level(request); }},
    };
    bool path_known = false;
    for (const Route& route : routes) {
        if (route.path != request.path) continue;
        if (route.method == request.method) return route.serve();
        path_known = true;
    }
    if (const auto id = between(request.path, "/api/v1/messages/", "")) {
        if (request.method == "GET") return message(*id);
        path_known = true;
    }
    if (const auto session = between(request.path, "/api/v1/sessions/", "/kick")) {
        if (request.method == "POST") return kick(*session);
        path_known = true;
    }
    if (const auto system_id = between(request.path, "/api/v1/accounts/", "/topup")) {
        if (request.method == "POST") return top_up(*system_id, request);
        path_known = true;
    }
    if (const auto system_id = between(request.path, "/api/v1/accounts/", "/write-off")) {
        if (request.method == "POST") return write_off(*system_id);
        path_known = true;
    }
    return path_known ? json_error(405, request.method + " is not for " + request.path)
                      : json_error(404, "there is nothing at " + request.path);
}

AdminApi::Health AdminApi::health() {
    Health health;
    const auto draining = ask_all<bool>(gateway_, [](gateway::Shard& shard) { return shard.core().draining; });
    for (std::size_t shard = 0; shard < draining.size(); ++shard) {
        const std::string name = "shard " + std::to_string(shard);
        if (!draining[shard]) health.troubles.push_back(name + " does not answer");
        const storage::StoreStats store = gateway_.store_stats(shard);
        if (store.stalled)
            health.troubles.push_back(name + ": its store cannot commit; nothing is taken until the disk recovers");
        else if (store.scarce)
            health.troubles.push_back(name + ": its store is nearly full (server.max_data_size); nothing is taken");
        health.draining = health.draining || draining[shard].value_or(false);
    }
    if (health.draining) health.troubles.push_back("draining: no binds and no messages are taken");
    return health;
}

HttpResponse AdminApi::healthz() {
    const Health now = health();
    if (now.troubles.empty()) return {200, "ok\n", "text/plain; charset=utf-8"};
    HttpResponse response{503, {}, "text/plain; charset=utf-8"};
    for (const std::string& trouble : now.troubles) response.body += trouble + "\n";
    return response;
}

HttpResponse AdminApi::status() {
    const Health now = health();
    Json body;
    body["version"] = options_.version;
    body["system_id"] = gateway_.settings().server.system_id;
    body["settings"] = gateway_.settings().source;
    body["started_at"] = admin::utc_text(started_at_);
    body["uptime_seconds"] = std::chrono::duration_cast<seconds>(clock_.mono() - started_).count();
    body["healthy"] = now.troubles.empty();
    body["troubles"] = now.troubles;
    body["draining"] = now.draining;
    body["node"] = gateway_.settings().server.node;
    body["shards"] = gateway_.shards();
    body["io"] = io::to_string(gateway_.backend());
    body["listening"] = Json::array();
    for (const io::Endpoint& endpoint : gateway_.listening()) body["listening"].push_back(endpoint.to_string());
    body["notes"] = gateway_.notes();

    std::int64_t sessions = 0, binds = 0, in_memory = 0, queued = 0, outstanding = 0, held = 0;
    Json totals = Json::object();
    for (std::size_t shard = 0; shard < gateway_.shards(); ++shard) {
        const gateway::Counters& counters = gateway_.counters(shard);
        sessions += counters.sessions.value();
        binds += counters.provider_binds.value();
        in_memory += counters.in_memory.value();
        queued += counters.queued.value();
        outstanding += counters.receipts_outstanding.value();
        held += counters.receipts_held.value();
        counters.for_each([&](std::string_view name, std::string_view, std::uint64_t value) {
            Json& total = totals[std::string(name)];
            total = value + (total.is_null() ? 0 : total.get<std::uint64_t>());
        });
    }
    body["sessions"] = sessions;
    body["provider_binds"] = binds;
    body["messages"] = {{"in_memory", in_memory}, {"queued", queued}};
    body["receipts"] = {{"outstanding", outstanding}, {"held", held}};
    body["totals"] = std::move(totals);

    if (history::History* const history = gateway_.history()) {
        const auto stats = history->files().stats();
        body["history"] = {{"octets", stats.octets}, {"segments", stats.segments}, {"lost", history->lost()}};
        if (stats.since != 0) body["history"]["since"] = admin::utc_text(WallTime(microseconds(stats.since)));
    }
    Json& log = body["log"];
    log["level"] = admin::to_string(logger_.level());
    log["subsystems"] = Json::object();
    for (const auto& subsystem : logger_.subsystems())
        if (subsystem.level) log["subsystems"][subsystem.name] = admin::to_string(*subsystem.level);
    log["lost"] = logger_.lost();
    return json_reply(body);
}

}  // namespace sluice::app
