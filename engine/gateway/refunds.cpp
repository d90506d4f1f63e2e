#include "engine/gateway/refunds.hpp"

#include <algorithm>

namespace sluice::gateway {

using Outcome = accounts::Credits::Outcome;
using storage::Table;

namespace {
constexpr seconds longest_pause{30};
}  // namespace

void Refunds::know(PartyId account, const std::string& source, const std::string& system_id) {
    Payer& known = payers_[account];
    const Payer now{source, system_id};
    if (known == now) return;
    known = now;
    const std::string value = source + '\0' + system_id;
    core_.messages->put_row(Table::meta, {payer_tag, account}, as_bytes(value));
}

void Refunds::add(const Message& m) {
    const routing::Account* const account = core_.party(m.account).account;
    const bool gives_back = account != nullptr ? account->charging.mode == routing::ChargingMode::database &&
                                                     account->charging.gives_back
                                               : payers_.contains(m.account);
    if (!gives_back || m.charge == Money{}) return;
    core_.messages->put_row(Table::meta, {refund_tag, m.id}, wire::octets_of(Row{m.charge.micros, m.account, 0}));
    if (more_on_disk_ || loading_ || queue_.size() >= limits::refunds_in_memory) more_on_disk_ = true;
    else queue_.push_back({m.id, m.account, m.charge});
}

void Refunds::recover() {
    storage::LoadRequest request;
    request.table = Table::meta;
    request.first = {payer_tag, 0};
    request.last = {payer_tag, UINT64_MAX};
    request.limit = request.max_bytes = UINT32_MAX;
    const storage::LoadResult found = core_.messages->store().load_now(request);
    for (const storage::LoadedRow& row : found.rows) {
        const std::string_view value = as_text(found.value(row));
        const std::size_t end = value.find('\0');
        if (end == std::string_view::npos) continue;
        payers_[static_cast<PartyId>(row.key.low)] = {std::string(value.substr(0, end)), std::string(value.substr(end + 1))};
    }
    more_on_disk_ = true;
}

void Refunds::load() {
    more_on_disk_ = false;
    loading_ = true;
    storage::LoadRequest request;
    request.table = Table::meta;
    request.first = {refund_tag, 0};
    request.last = {refund_tag, UINT64_MAX};
    request.limit = limits::refunds_in_memory;
    core_.messages->load(request, [this](const storage::LoadResult& found) {
        loading_ = false;
        for (const storage::LoadedRow& row : found.rows) {
            if (row.length != sizeof(Row)) continue;
            const auto value = wire::read<Row>(found.value(row));
            queue_.push_back({row.key.low, value.account, {value.amount}});
        }
        more_on_disk_ = more_on_disk_ || found.more;
        core_.reactor->wake();
    });
}

void Refunds::work() {
    if (!asked_.empty() || loading_ || core_.now().mono < rests_until_) return;
    if (!queue_.empty()) return ask();
    if (more_on_disk_) load();
}

/// For the account of the first, all that wait of it, in one statement.
void Refunds::ask() {
    const PartyId account = queue_.front().account;
    const auto payer = payers_.find(account);
    Money sum;
    std::erase_if(queue_, [&](const Refund& refund) {
        if (refund.account != account || asked_.size() >= limits::unpaid_together) return false;
        asked_.push_back(refund);
        sum += refund.amount;
        return true;
    });
    if (payer == payers_.end() || core_.move_credits == nullptr) return answered(Outcome::away);
    core_.move_credits(payer->second.source, payer->second.system_id, Money{} - sum,
                       [this, reactor = core_.reactor](Outcome outcome) {
                           reactor->post([this, outcome] { answered(outcome); });
                       });
}

void Refunds::answered(Outcome outcome) {
    const std::vector<Refund> asked = std::exchange(asked_, {});
    if (outcome == Outcome::moved || outcome == Outcome::too_few) {
        if (outcome == Outcome::too_few)  // its row is gone: there is nobody to give it to
            core_.log('E', "credits could not be given back: no account " + payers_[asked.front().account].system_id);
        else core_.counters.refunds.add(asked.size());
        for (const Refund& refund : asked) core_.messages->erase_row(Table::meta, {refund_tag, refund.id});
        pause_ = seconds(1);
        core_.reactor->wake();
        return;
    }
    // Others come first then: they may be in another database.
    queue_.insert(queue_.end(), asked.begin(), asked.end());
    rests_until_ = core_.now().mono + pause_;
    pause_ = std::min(longest_pause, pause_ * 2);
    core_.reactor->timers().arm(rests_until_, [] {});  // to have a turn then
}

}  // namespace sluice::gateway
