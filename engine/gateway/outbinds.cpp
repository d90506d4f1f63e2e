#include "engine/gateway/outbinds.hpp"

#include <algorithm>

namespace sluice::gateway {

namespace {
constexpr seconds first_wait{1};
constexpr seconds longest_wait{300};
}  // namespace

void Outbinds::tick() {
    if (core_.draining) return;
    for (auto& [id, party] : core_.parties) {
        if (party->account == nullptr || party->account->outbind.endpoint.port == 0) continue;
        if (party->reachable()) {
            calls_.erase(id);
            continue;
        }
        if (party->empty() || !party->account->enabled) continue;
        const std::uint32_t caller = (id / 2) % core_.shards;
        if (caller == core_.shard) call(*party);
        else core_.send(caller, wire::Type::outbind, wire::AccountNote{id, 0});
    }
}

void Outbinds::wanted(PartyId account) {
    Party& party = core_.party(account);
    if (core_.draining || party.account == nullptr || party.account->outbind.endpoint.port == 0) return;
    if (!party.reachable()) call(party);
}

void Outbinds::call(Party& party) {
    const MonoTime now = core_.now().mono;
    Call& its = calls_[party.id];
    if (now < its.not_before) return;
    // The next call waits for this one to come to nothing, and twice as long each time.
    const auto wait = std::min<nanoseconds>(first_wait * (1u << std::min(its.failures, 16u)), longest_wait);
    its.not_before = now + core_.config.session_init + wait;
    ++its.failures;
    const auto endpoint = io::Endpoint::parse(party.account->outbind.endpoint.to_string());
    if (!endpoint) return;  // checked where the setting was read
    core_.counters.outbinds_sent.add();
    connecting_.emplace(core_.reactor->io().connect(*endpoint).packed(), party.id);
}

std::unique_ptr<Connection> Outbinds::on_connect(io::LinkId link, std::error_code error) {
    const auto found = connecting_.find(link.packed());
    SLUICE_CHECK(found != connecting_.end());
    Party& party = core_.party(found->second);
    connecting_.erase(found);
    Call& its = calls_[party.id];
    if (error) {
        its.not_before -= core_.config.session_init;  // nobody will bind, so there is nothing to wait for
        if (its.failures == 1 && party.account != nullptr)
            core_.session_log('W', "cannot call " + party.account->system_id + " at " +
                               party.account->outbind.endpoint.to_string() + ": " + error.message());
        return nullptr;
    }
    const routing::Account* const account = party.account;
    if (account == nullptr || core_.draining) {
        core_.reactor->io().close(link);
        return nullptr;
    }
    const auto peer = io::Endpoint::parse(account->outbind.endpoint.to_string());
    auto place = peer ? core_.admission->enter(*peer) : std::unexpected(Admission::Refusal::sessions);
    if (!place) {
        core_.reactor->io().abort(link);
        return nullptr;
    }
    auto customer = std::make_unique<Customer>(core_, services_, link, *peer, std::move(*place));
    customer->session().outbind(account->outbind.system_id, account->outbind.password, core_.now().mono);
    customer->touch();
    return customer;
}

}  // namespace sluice::gateway
