#include "engine/gateway/core.hpp"

#include <algorithm>

#include "engine/gateway/charging.hpp"
#include "engine/gateway/refunds.hpp"

namespace sluice::gateway {

Party& Core::look_up_party(PartyId id) {
    const std::uint64_t* known = party_places.find(std::uint64_t{id} + 1);
    return known != nullptr ? *reinterpret_cast<Party*>(*known) : add_party(id);
}

Party& Core::add_party(PartyId id) {
    auto& slot = parties[id];
    slot = std::make_unique<Party>();
    slot->id = id;
    for (std::uint8_t i = 0; i < slot->lanes.size(); ++i) {
        slot->lanes[i] = &messages->lane(id, static_cast<std::uint8_t>(slot->lanes.size() - 1 - i));
        slot->lanes[i]->belongs_to(*slot);
    }
    slot->remotes.resize(shards);
    slot->shared = &accounts->of(id);
    party_places.put(std::uint64_t{id} + 1, reinterpret_cast<std::uintptr_t>(slot.get()));
    return *slot;
}

void Core::note_accepted(MessageId id, PartyId by, PartyId whom, std::string_view source,
                         std::string_view destination) {
    if (history == nullptr) return;
    source = source.substr(0, UINT8_MAX);
    destination = destination.substr(0, UINT8_MAX);
    history->note(id, wall_microseconds(), TraceEvent::accepted, by, whom, 1 + source.size() + destination.size(),
                  [&](std::uint8_t* to) {
                      char* const addresses = reinterpret_cast<char*>(to + 1);
                      *to = static_cast<std::uint8_t>(source.size());
                      std::ranges::copy(destination, std::ranges::copy(source, addresses).out);
                      config.privacy.mask_address({addresses, source.size()});
                      config.privacy.mask_address({addresses + source.size(), destination.size()});
                  });
    if (arrival != nullptr) [[unlikely]] note_pdu(id, TraceEvent::pdu_in, by, arrival->header(), arrival->body());
}

void Core::note_receipt(const wire::ReceiptNote& receipt) {
    if (history == nullptr) return;
    // Where PDUs are kept, the receipt's is found by the message id that it names.
    const std::size_t named = config.history_pdus ? receipt.provider_id_size : 0;
    history->note(receipt.id, wall_microseconds(), TraceEvent::receipt, receipt.provider,
                  static_cast<std::uint32_t>(receipt.state),
                  sizeof receipt.done_at + 1 + receipt.error_size + named, [&](std::uint8_t* to) {
                      std::memcpy(to, &receipt.done_at, sizeof receipt.done_at);
                      to += sizeof receipt.done_at;
                      *to++ = receipt.error_size;
                      std::copy_n(receipt.provider_id().data(), named,
                                  std::copy_n(receipt.error, receipt.error_size, to));
                  });
    if (receipt.mcc_mnc != 0) note(receipt.id, TraceEvent::network, receipt.provider, receipt.mcc_mnc);
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
    quality.assign(next->routes().weighs_quality() ? next->providers().size() : 0, 100);
    for (const routing::Provider& provider : next->providers()) refresh_health(party(party_of(provider)));
    snapshot = std::move(next);
    found_accounts.clear();
    if (directory != nullptr)
        for (const accounts::Directory::Found& each : directory->all()) add_found(each);
}

void Core::refresh_health(const Party& its) {
    if (its.provider == nullptr) return;
    using routing::Health;
    health[its.provider->id] = !its.provider->enabled ? Health::excluded
                               : !its.reachable()     ? Health::down
                               : its.capped           ? Health::capped
                                                      : Health::up;
}

bool Core::add_found(const accounts::Directory::Found& its) {
    if (its.snapshot != snapshot.get()) return false;
    const routing::Account& account = *its.account;
    const PartyId id = party_of(account);
    Party& known = party(id);
    if (known.account == &account) return false;
    if (known.account != nullptr && known.account->system_id != account.system_id) {
        log('E', "the accounts " + known.account->system_id + " and " + account.system_id +
                     " cannot be told apart; rename one");
        return false;
    }
    if (known.account != nullptr && !found_accounts.contains(id)) return false;  // the configuration has it by now
    known.account = &account;
    known.converts = snapshot->converts_for(account);
    if (const std::string taken = found_accounts.put(id, its.account); !taken.empty() && shard == 0)
        log('W', "the account " + account.system_id + " does not get the numbers of others: " + taken);
    open_balance(*this, account);
    if (account.charging.gives_back_elsewhere())
        refunds->know(id, snapshot->accounts()[account.id].system_id, account.system_id);
    return true;
}

const routing::Account* Core::find_account(std::string_view system_id) {
    if (const routing::Account* configured = snapshot->find_account(system_id)) return configured;
    const Party* const its = find_party(party_of_account(system_id));
    return its != nullptr && its->account != nullptr && its->account->system_id == system_id ? its->account : nullptr;
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
