#include "engine/gateway/charging.hpp"

#include <xxhash.h>

#include "engine/gateway/convert.hpp"
#include "engine/gateway/refunds.hpp"
#include "engine/routing/price.hpp"

namespace sluice::gateway {

using smpp::CommandStatus;
using smpp::MessageState;

namespace {

/// Whatever the coding, a text of so many octets is one part.
constexpr std::size_t surely_one_part = 140;
constexpr std::size_t most_units = 255;

bool take(std::atomic<std::int64_t>& available, std::int64_t amount, const routing::Charging& charging) {
    if (!charging.limited()) {
        available.fetch_sub(amount, std::memory_order_relaxed);
        return true;
    }
    const std::int64_t floor = charging.floor().micros;
    std::int64_t seen = available.load(std::memory_order_relaxed);
    do {
        if (seen - amount < floor) return false;
    } while (!available.compare_exchange_weak(seen, seen - amount, std::memory_order_relaxed));
    return true;
}

/// Costs nothing: the provider never had it, or says that it has failed.
bool is_free(const Message& m, MessageState state) {
    switch (state) {
        case MessageState::delivered:
        case MessageState::accepted: return false;
        case MessageState::unknown: return m.stage != Stage::awaiting;
        default: return true;
    }
}

}  // namespace

CommandStatus reserve_charge(Core& core, const Party& party, const routing::RouteDecision& decision, std::size_t units,
                             Message& m) {
    const routing::Charging& charging = party.account->charging;
    if (!charging.on()) return CommandStatus::ESME_ROK;
    const Money price = routing::price_of_part(*party.account, core.snapshot->routes(), decision);
    const Money whole = price * static_cast<std::int64_t>(units);
    if (whole == Money{}) return CommandStatus::ESME_ROK;
    if (core.messages->charges().crowded()) {
        core.counters.refused_full.add();
        return CommandStatus::ESME_RMSGQFUL;
    }
    const bool elsewhere = charging.mode == routing::ChargingMode::database;  // see Purses
    if (!elsewhere && !take(party.shared->available, whole.micros, charging)) {
        core.counters.refused_credit.add();
        return core.config.no_credit_status;
    }
    m.charge = whole;
    m.charge_units = static_cast<std::uint8_t>(units);
    return CommandStatus::ESME_ROK;
}

std::size_t charged_parts(const smpp::MessageBody& pdu, ByteView body, const routing::TextProfile& text) {
    std::size_t octets = pdu.short_message.size();
    if (const auto payload = pdu.tlvs.find(smpp::Tag::message_payload)) octets += payload->size();
    if (octets <= surely_one_part) return 1;
    routing::TextProfile usual;
    usual.segmentation = routing::Segmentation::udh16;
    const Split split = gateway::split(body, text, usual, 0);
    if (split.too_long) return most_units;
    return std::max<std::size_t>(1, split.parts.size());
}

void charge_at_response(Core& core, Message& m) {
    if (m.charge == Money{}) return;
    const routing::Account* const account = core.party(m.account).account;
    if (account == nullptr || account->charging.settle_at == routing::SettleAt::response)
        core.messages->spend(m, MessageState::enroute);
}

void charge_at_end(Core& core, Message& m, MessageState state, std::string_view error) {
    if (m.charge == Money{}) return;
    if (!is_free(m, state)) return core.messages->spend(m, state);
    core.refunds->add(m);
    core.messages->give_back(m, state, error);
}

void open_balances(Core& core) {
    for (const routing::Account& account : core.snapshot->accounts()) {
        if (owner_shard(party_of(account), core.shards) == core.shard) open_balance(core, account);
    }
}

void open_balance(Core& core, const routing::Account& account) {
    if (!account.charging.on() || account.charging.mode == routing::ChargingMode::database || account.is_source) return;
    const PartyId id = party_of(account);
    AccountShared& shared = *core.party(id).shared;
    if (shared.opened.exchange(true)) return;
    // Given at once: were the machine to stop before it is on disk, the next start would book it again.
    core.messages->credit(id, account.charging.opening, "opening balance", true, core.now());
    shared.available.fetch_add(account.charging.opening.micros);
}

void top_up(Core& core, PartyId account, Money amount, std::string reference, std::function<void(bool booked)> done) {
    storage::LoadRequest request;
    request.table = storage::Table::meta;
    request.first = request.last = {Charges::reference_tag,
                                    XXH3_64bits_withSeed(reference.data(), reference.size(), account)};
    const std::uint64_t name = request.first.low;
    // What is read with a batch comes when that is on disk, and knows what the batch says.
    const auto book = [&core, account, amount, reference, request, done] {
        if (!reference.empty()) core.messages->put_row(storage::Table::meta, request.first, wire::octets_of(account));
        core.messages->credit(account, amount, reference, false, core.now());
        core.messages->load(request, [&core, name = request.first.low, done](const storage::LoadResult&) {
            core.top_ups.erase(name);
            done(true);
        });
    };
    if (reference.empty()) return book();
    const bool first = core.top_ups.insert(name).second;
    core.messages->load(request, [&core, account, amount, reference, name, first, book,
                                  done](const storage::LoadResult& found) {
        if (!first && core.top_ups.contains(name)) return top_up(core, account, amount, reference, done);
        if (found.rows.empty() && first) return book();
        if (first) core.top_ups.erase(name);
        done(false);
    });
}

}  // namespace sluice::gateway
