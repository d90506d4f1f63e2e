#include "engine/app/admin_views.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/app/gateway.hpp"
#include "engine/gateway/connection.hpp"
#include "engine/gateway/record.hpp"

namespace sluice::app {

using gateway::PartyId;

namespace {

MessageView view_of(const gateway::Message& m, bool in_memory) {
    MessageView view;
    view.id = m.id;
    view.shown_id = m.shown_id;
    view.account = m.account;
    view.provider = m.provider;
    view.kind = m.kind;
    view.leg = m.leg;
    view.stage = m.stage;
    view.final_state = m.final_state;
    view.priority = m.priority;
    view.attempts = m.attempts;
    view.registered_delivery = m.registered_delivery;
    view.in_memory = in_memory;
    view.accepted_at = m.accepted_at;
    view.expires_at = m.expires_at;
    view.due_at = m.due_at;
    view.done_at = m.done_at;
    view.provider_id = m.provider_id;
    view.error = m.error_text();
    return view;
}

}  // namespace

std::vector<SessionView> view_sessions(gateway::Shard& shard) {
    std::vector<SessionView> views;
    const MonoTime now = shard.core().now().mono;
    shard.for_each_connection([&](gateway::Connection& connection) {
        if (connection.ended()) return;
        SessionView view;
        view.shard = shard.core().shard;
        view.link = connection.link();
        view.peer = connection.peer();
        view.party = connection.party() != nullptr ? connection.party()->id : 0;
        view.state = connection.session().state();
        view.interface_version = connection.session().peer_interface_version();
        view.in_flight = connection.session().in_flight();
        view.window = connection.session().window_size();
        view.rates = connection.rates();
        view.silence = connection.session().silence(now);
        if (const tls::PeerFacts* secured = shard.reactor().io().tls_peer(connection.link())) {
            view.tls_version = secured->version;
            view.tls_cipher = secured->cipher;
            if (secured->certificate) view.certificate = secured->certificate->common_name;
        }
        view.unsent_bytes = shard.reactor().io().unsent(connection.link());
        view.age = now - connection.since();
        view.counters = connection.session().counters();
        views.push_back(view);
    });
    return views;
}

TriggersView view_triggers(gateway::Shard& shard) {
    TriggersView view;
    const gateway::Triggers& triggers = shard.triggers();
    view.waiting = triggers.waiting();
    view.memory = triggers.memory();
    triggers.for_each([&](const std::string& name, const gateway::Triggers::Stats& stats) {
        TriggerView& its = view.triggers.emplace_back();
        its.name = name;
        its.stats = stats;
    });
    if (const auto program = triggers.program())
        for (std::size_t i = 0; i < program->triggers.size(); ++i) {
            const script::Trigger& trigger = program->triggers[i];
            const auto its = std::ranges::find(view.triggers, trigger.name, &TriggerView::name);
            if (its == view.triggers.end()) continue;
            its->configured = true;
            its->place = i;
            its->event = script::name_of(trigger.event);
            its->script = program->scripts[trigger.script].file;
        }
    return view;
}

ShardView view_shard(gateway::Shard& shard) {
    ShardView view;
    gateway::Core& core = shard.core();
    view.draining = core.draining;
    view.journal_segments = shard.messages().journal_segments();
    std::unordered_map<PartyId, std::size_t> places;
    for (const auto& [id, party] : core.parties) {
        places.emplace(id, view.parties.size());
        PartyView& its = view.parties.emplace_back();
        its.party = id;
        for (const gateway::Lane* lane : party->lanes) its.queued += lane->size();
        if (gateway::is_account(id)) its.unfinished = party->shared->queued.load(std::memory_order_relaxed);
        if (gateway::is_account(id)) {
            its.balance = shard.messages().charges().of(id);
            its.available = {party->shared->available.load(std::memory_order_relaxed)};
        }
        its.held = party->held_until > core.now().mono;
        if (party->provider != nullptr) {
            its.health = core.health[party->provider->id];
            its.rate_limit = party->pace.limit();
            its.window_limit = party->pace.window();
            if (!core.quality.empty()) its.deliveries = party->shared->deliveries.sample(core.now().wall);
            if (party->provider->caps.any()) its.sent = party->shared->sent.used(core.now().wall);
        }
    }
    shard.for_each_connection([&](gateway::Connection& connection) {
        if (connection.ended() || connection.party() == nullptr || !connection.session().bound()) return;
        PartyView& its = view.parties[places.at(connection.party()->id)];
        ++its.bound;
        its.in_flight += connection.session().in_flight();
    });
    return view;
}

void add_counts(PartyView& total, const PartyView& party) {
    total.bound += party.bound;
    total.in_flight += party.in_flight;
    total.queued += party.queued;
    total.held = total.held || party.held;
    total.rate_limit += party.rate_limit;
    total.balance.credited += party.balance.credited;
    total.balance.reserved += party.balance.reserved;
    total.balance.spent += party.balance.spent;
}

std::unordered_map<PartyId, PartyView> totals_of(const std::vector<std::optional<ShardView>>& shards) {
    std::unordered_map<PartyId, PartyView> totals;
    for (const auto& shard : shards) {
        if (!shard) continue;
        for (const PartyView& party : shard->parties) {
            PartyView& total = totals[party.party];
            add_counts(total, party);
            if (party.bound > 0)
                total.window_limit = total.window_limit == 0 ? party.window_limit
                                                             : std::min(total.window_limit, party.window_limit);
            // Shards tell each other these, and agree but for moments.
            total.health = party.health;
            total.sent = party.sent;
            total.deliveries = party.deliveries;
            total.unfinished = party.unfinished;
            total.available = party.available;
        }
    }
    return totals;
}

std::vector<LaneView> view_lanes(gateway::Shard& shard) {
    std::vector<LaneView> views;
    shard.messages().for_each_lane([&](const gateway::Lane& lane) {
        if (lane.empty()) return;
        views.push_back({shard.core().shard, static_cast<PartyId>(lane.key() >> 8),
                         static_cast<std::uint8_t>(3 - (lane.key() & 0xFF)), lane.in_memory(), lane.unloaded()});
    });
    return views;
}

void view_message(gateway::Shard& shard, gateway::MessageId id,
                  std::function<void(std::optional<MessageView>)> answer) {
    if (const gateway::Message* m = shard.messages().find(id)) return answer(view_of(*m, true));
    storage::LoadRequest request;
    request.table = storage::Table::message;
    request.first = request.last = {0, id};
    shard.messages().load(request, [&shard, id, answer = std::move(answer)](const storage::LoadResult& result) {
        if (const gateway::Message* m = shard.messages().find(id)) return answer(view_of(*m, true));  // it came back
        gateway::Message m;
        if (result.rows.empty() || !gateway::read_snapshot(result.value(result.rows.front()), m)) return answer({});
        answer(view_of(m, false));
    });
}

PartyNames::PartyNames(const Gateway& gateway) {
    const auto snapshot = gateway.snapshot();
    names_[gateway::nobody] = "(nobody)";
    for (const auto& found : gateway.directory().all())
        names_[gateway::party_of(*found.account)] = found.account->system_id;
    for (const routing::Account& account : snapshot->accounts()) names_[gateway::party_of(account)] = account.system_id;
    for (const routing::Provider& provider : snapshot->providers()) names_[gateway::party_of(provider)] = provider.name;
}

std::string PartyNames::of(PartyId party) const {
    const auto found = names_.find(party);
    if (found != names_.end()) return found->second;
    return fmt::format("({} {:08x}, not configured)", gateway::is_account(party) ? "account" : "provider", party);
}

}  // namespace sluice::app
