#include <charconv>

#include "codecs/smpp/values.hpp"
#include "engine/app/admin_api.hpp"
#include "engine/app/admin_json.hpp"
#include "engine/app/admin_shards.hpp"

namespace sluice::app {

using gateway::PartyId;

HttpResponse AdminApi::explain_route(const HttpRequest& request) {
    const auto snapshot = gateway_.snapshot();
    const std::string_view system_id = request.parameter("account"), to = request.parameter("to"),
                           from = request.parameter("from");
    if (system_id.empty() || to.empty()) return json_error(400, "account and to are needed");
    const auto account = gateway_.find_account(system_id);
    if (account == nullptr) return json_error(404, "there is no account " + std::string(system_id));

    struct View {
        std::vector<routing::Health> health;
        std::vector<std::uint8_t> quality;
        std::shared_ptr<const routing::Snapshot> snapshot;
        std::uint64_t random = 0;
    };
    const auto views = ask_all<View>(gateway_, [](gateway::Shard& shard) {
        gateway::Core& core = shard.core();
        return View{core.health, core.quality, core.snapshot, core.random.next()};
    });
    if (!views.front()) return no_answer(0);
    if (views.front()->snapshot != snapshot) return json_error(503, "the configuration is being changed: ask again");

    const auto ton = [](std::string_view number) {
        return static_cast<std::uint8_t>(number.starts_with('+') ? smpp::Ton::international : smpp::Ton::unknown);
    };
    routing::RouteRequest asked;
    asked.account = account->id;
    asked.charging = &account->charging;
    asked.destination = routing::Address::normalise(to, ton(to), account->country_code);
    asked.source = routing::Address::normalise(from, ton(from));
    asked.at = SystemClock().wall();
    const View& view = *views.front();
    asked.quality = view.quality;
    const auto decision = snapshot->routes().route(asked, view.health, view.random);
    Json body;
    body["account"] = system_id;
    const Privacy privacy = gateway_.privacy();
    body["from"] = privacy.masked_address(std::string(asked.source.text()));
    body["to"] = privacy.masked_address(std::string(asked.destination.text()));
    body["outcome"] = routing::to_string(decision.outcome);
    body["providers"] = Json::array();
    for (const routing::ProviderId id : decision.providers())
        body["providers"].push_back(snapshot->providers()[id].name);
    auto explanation = snapshot->routes().explain(asked, view.health, view.random, snapshot->providers(),
                                                  snapshot->accounts());
    for (std::string& line : explanation) privacy.mask_numbers(line);
    body["explanation"] = std::move(explanation);
    return json_reply(body);
}

HttpResponse AdminApi::reload() {
    if (!options_.reload)
        return json_error(409, "this gateway runs without a settings file: there is nothing to reload");
    const auto diff = options_.reload();
    if (!diff) {
        log_('W', "reload refused: " + diff.error().message);
        return json_error(422, diff.error().message);
    }
    log_('I', "settings reloaded: " + std::to_string(diff->live.size()) + " changes applied, " +
                  std::to_string(diff->restart.size()) + " need a restart");
    return json_reply({{"applied", diff->live}, {"needs_restart", diff->restart}});
}

HttpResponse AdminApi::drain() {
    log_('W', "draining, as the admin port was told: nothing more is taken, everybody is unbound");
    const seconds patience = gateway_.shutdown_patience();
    const std::function<void(gateway::Shard&)> steps[] = {
        [](gateway::Shard& shard) { shard.stop_listening(); },
        [patience](gateway::Shard& shard) { shard.drain(patience); }};
    for (const auto& step : steps) {
        const auto done = ask_all<bool>(gateway_, [step](gateway::Shard& shard) {
            step(shard);
            return true;
        });
        for (std::size_t shard = 0; shard < done.size(); ++shard)
            if (!done[shard]) return no_answer(shard);
    }
    return json_reply({{"draining", true}});
}

HttpResponse AdminApi::set_log_level(const HttpRequest& request) {
    const Json body = Json::parse(request.body, nullptr, false);
    if (!body.is_object() || !body.contains("level") || !body["level"].is_string())
        return json_error(400, R"(expected {"level": "debug"}, with or without "subsystem")");
    const auto name = body["level"].get<std::string>();
    const auto subsystem = body.contains("subsystem") && body["subsystem"].is_string()
                               ? body["subsystem"].get<std::string>()
                               : std::string();
    const auto level = admin::parse_log_level(name);
    if (!level && (name != "default" || subsystem.empty()))
        return json_error(400, "level must be trace, debug, info, warning, error or off" +
                                   std::string(subsystem.empty() ? "" : ", or default") + ", not " + name);
    if (subsystem.empty()) {
        logger_.set_level(*level);
    } else if (!logger_.set_level(subsystem, level)) {
        std::string known;
        for (const auto& its : logger_.subsystems()) known += (known.empty() ? "" : ", ") + its.name;
        return json_error(404, "nothing logs as " + subsystem + "; there are " + known);
    }
    return json_reply({{"subsystem", subsystem}, {"level", name}});
}

HttpResponse AdminApi::kick(std::string_view session) {
    std::uint32_t parts[3] = {};  // as `sessions` writes it: shard, place, generation
    const char* at = session.data();
    const char* const end = at + session.size();
    for (std::size_t i = 0; i < 3; ++i) {
        const auto [next, error] = std::from_chars(at, end, parts[i]);
        if (error != std::errc{} || (i < 2 ? next == end || *next != '.' : next != end))
            return json_error(400, "a session is named as in the list of sessions, for example 0.12.3");
        at = next + 1;
    }
    const auto [shard, index, generation] = parts;
    if (shard >= gateway_.shards()) return json_error(404, "there is no session " + std::string(session));
    const io::LinkId link{index, generation};
    const auto found = ask_slowly<bool>(gateway_, shard, [link](gateway::Shard& its, const auto& answer) {
        gateway::Connection* const connection = its.find(link);
        if (connection == nullptr) return answer(false);
        connection->session().unbind(its.core().now().mono);
        if (!connection->ended()) connection->touch();
        answer(true);
    });
    if (!found) return no_answer(shard);
    if (!*found) return json_error(404, "there is no session " + std::string(session));
    log_('I', "session " + std::string(session) + " unbound, as the admin port was told");
    return json_reply({{"session", session}, {"unbinding", true}});
}

HttpResponse AdminApi::kick_all(const HttpRequest& request) {
    const std::string account(request.parameter("account")), address(request.parameter("address"));
    if (account.empty() == address.empty() || request.query.size() != 1)
        return json_error(400, "whose sessions: account=SYSTEM_ID, or address=ADDRESS or a range, as 192.0.2.0/24");
    const auto known = gateway_.find_account(account);
    if (!account.empty() && known == nullptr) return json_error(404, "there is no account " + account);
    const PartyId party = known != nullptr ? gateway::party_of(*known) : 0;
    const auto range = routing::Cidr::parse(address);
    if (account.empty() && !range) return json_error(400, address + " is no address and no range");
    const auto unbound = ask_all<std::size_t>(gateway_, [party, range](gateway::Shard& shard) {
        std::size_t count = 0;
        shard.for_each_connection([&](gateway::Connection& connection) {
            const gateway::Party* const its = connection.party();
            const bool customer = its == nullptr || gateway::is_account(its->id);
            const io::Endpoint& peer = connection.peer();
            const bool meant = party != 0 ? its != nullptr && its->id == party
                                          : customer && range->contains({peer.address, peer.ipv6 ? 16u : 4u});
            if (connection.ended() || !meant) return;
            connection.session().unbind(shard.core().now().mono);
            if (!connection.ended()) connection.touch();
            ++count;
        });
        return count;
    });
    std::size_t sum = 0;
    for (std::size_t shard = 0; shard < unbound.size(); ++shard) {
        if (!unbound[shard]) return no_answer(shard);
        sum += *unbound[shard];
    }
    log_('I', std::to_string(sum) + " sessions of " + (account.empty() ? address : account) +
                  " unbound, as the admin port was told");
    return json_reply({{"unbinding", sum}});
}

}  // namespace sluice::app
