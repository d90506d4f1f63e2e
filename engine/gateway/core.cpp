#include "engine/gateway/core.hpp"

namespace sluice::gateway {

Party& Core::add_party(PartyId id) {
    auto& slot = parties[id];
    slot = std::make_unique<Party>();
    slot->id = id;
    for (std::uint8_t i = 0; i < slot->lanes.size(); ++i)
        slot->lanes[i] = &messages->lane(id, static_cast<std::uint8_t>(slot->lanes.size() - 1 - i));
    slot->remotes.resize(shards);
    slot->shared = &accounts->of(id);
    party_places.put(std::uint64_t{id} + 1, reinterpret_cast<std::uintptr_t>(slot.get()));
    return *slot;
}

void Core::adopt(std::shared_ptr<const routing::Snapshot> next) {
    for (auto& [id, party] : parties) {
        party->account = nullptr;
        party->provider = nullptr;
        party->converts = false;
    }
    for (const routing::Account& account : next->accounts()) party(party_of(account)).account = &account;
    for (const routing::Provider& provider : next->providers()) party(party_of(provider)).provider = &provider;
    for (const routing::Account& account : next->accounts())
        party(party_of(account)).converts = next->converts_for(account);
    for (const routing::Provider& provider : next->providers())
        party(party_of(provider)).converts = next->converts_for(provider);
    health.assign(next->providers().size(), routing::Health::down);
    for (const routing::Provider& provider : next->providers()) {
        const Party& its = party(party_of(provider));
        health[provider.id] = !provider.enabled ? routing::Health::excluded
                              : its.reachable() ? routing::Health::up
                                                : routing::Health::down;
    }
    snapshot = std::move(next);
    found_accounts.clear();
    if (directory != nullptr)
        for (const accounts::Directory::Found& found : directory->all()) add_found(found);
}

void Core::add_found(const accounts::Directory::Found& found) {
    if (found.snapshot != snapshot.get()) return;
    const PartyId id = party_of(*found.account);
    Party& its = party(id);
    if (its.account != nullptr && its.account->system_id != found.account->system_id)
        return log('E', "the accounts " + its.account->system_id + " and " + found.account->system_id +
                            " cannot be told apart; rename one");
    if (its.account != nullptr && !found_accounts.contains(id)) return;  // the configuration has it by now
    its.account = found.account.get();
    its.converts = snapshot->converts_for(*its.account);
    found_accounts[id] = found.account;
}

void Core::send(std::uint32_t to, wire::Type type, ByteView head, ByteView tail) {
    const auto fill = [&](std::uint8_t* at) {
        std::memcpy(at, head.data(), head.size());
        if (!tail.empty()) std::memcpy(at + head.size(), tail.data(), tail.size());
    };
    const std::size_t size = head.size() + tail.size();
    if (!crowded(to) && reactor->mesh().send(to, static_cast<std::uint32_t>(type), size, fill)) return;
    Waiting waiting{type, std::vector<std::uint8_t>(size)};
    fill(waiting.record.data());
    overflow[to].push_back(std::move(waiting));
}

void Core::exchange_totals() {
    ShardTotals& own = accounts->totals(shard);
    own.unfinished.store(messages->counts().unfinished(), std::memory_order_relaxed);
    own.awaiting.store(messages->counts().awaiting(), std::memory_order_relaxed);
    others_unfinished = others_awaiting = 0;
    for (std::uint32_t other = 0; other < shards; ++other) {
        if (other == shard) continue;
        others_unfinished += accounts->totals(other).unfinished.load(std::memory_order_relaxed);
        others_awaiting += accounts->totals(other).awaiting.load(std::memory_order_relaxed);
    }
}

void Core::flush_overflow() {
    for (std::uint32_t to = 0; to < overflow.size(); ++to) {
        auto& queue = overflow[to];
        while (!queue.empty() &&
               reactor->mesh().send(to, static_cast<std::uint32_t>(queue.front().type), queue.front().record))
            queue.pop_front();
    }
}

}  // namespace sluice::gateway
