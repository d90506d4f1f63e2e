#include "credits.hpp"

#include <fmt/format.h>

#include "engine/gateway/refunds.hpp"

namespace sluice::sim {

using gateway::Balance;
using gateway::PartyId;
using Kind = ChargingLedger::Kind;

namespace {

std::int64_t available(const Credits::Shards& shards, PartyId account) {
    return shards.front()->core().party(account).shared->available.load();
}

Balance sum(const Credits::Shards& shards, PartyId account) {
    Balance sum;
    for (gateway::Shard* shard : shards) {
        const Balance its = shard->messages().charges().of(account);
        sum.credited += its.credited;
        sum.reserved += its.reserved;
        sum.spent += its.spent;
    }
    return sum;
}

}  // namespace

void Credits::set(routing::Account& account) const {
    if (!on_) return;
    routing::Charging& charging = account.charging;
    if (kept_ == Kept::in_bank) {
        charging.mode = routing::ChargingMode::database;
        charging.gives_back = true;
        if (account.system_id == "alpha") charging.price = parse_money("0.25");
        charging.settle_at = account.system_id == "alpha" ? routing::SettleAt::receipt : routing::SettleAt::response;
    } else if (account.system_id == "alpha") {
        charging.mode = routing::ChargingMode::prepaid;
        charging.opening = Money::of(20);
        charging.price = parse_money("0.25");
        charging.settle_at = routing::SettleAt::receipt;
    } else {
        charging.mode = routing::ChargingMode::postpaid;
        charging.credit_limit = Money::of(200);
        charging.settle_at = routing::SettleAt::response;
    }
}

gateway::MoveCredits Credits::mover(std::uint32_t shard) {
    if (kept_ != Kept::in_bank) return {};
    return [this, shard](const std::string& source, const std::string& system_id, Money amount,
                         accounts::Credits::Done done) {
        if (source != system_id) wrong_.push_back(system_id + " is asked for at " + source);
        bank_.move(shard, system_id, amount, std::move(done));
    };
}

void Credits::find_accounts(const Shards& shards, const routing::Snapshot& snapshot) const {
    if (kept_ != Kept::in_bank) return;
    for (const routing::Account& account : snapshot.accounts())
        for (gateway::Shard* shard : shards)
            shard->refunds().know(gateway::party_of(account), account.system_id, account.system_id);
}

void Credits::stop(bool in_good_order) {
    records_.crash();
    life_ = std::make_shared<int>();
    if (kept_ != Kept::in_bank) return;
    for (const auto& [account, left] : bank_.stop(in_good_order)) {
        unsettled_[account].taken += left.taken;
        unsettled_[account].given_back += left.given_back;
        if (in_good_order && left.taken + left.given_back != Money{})
            wrong_.push_back("an orderly end with a statement under way");
    }
}

bool Credits::settled(const Shards& shards) const {
    bool any = false;
    for (gateway::Shard* shard : shards)
        shard->refunds().for_each([&](const auto&, const auto&) { any = true; });
    return !any;
}

void Credits::check_floor(const Shards& shards, const routing::Snapshot& snapshot) {
    for (const routing::Account& account : snapshot.accounts()) {
        const std::int64_t now = available(shards, gateway::party_of(account));
        if (account.charging.limited() && now < account.charging.floor().micros && wrong_.size() < 20)
            wrong_.push_back(account.system_id + " has " + to_string(Money{now}) + ", below its limit");
    }
}

void Credits::check_start(const Shards& shards,
                          const std::vector<std::map<gateway::MessageId, gateway::Message>>& messages,
                          const routing::Snapshot& snapshot) {
    if (!on_) return;
    for (std::size_t i = 0; i < shards.size(); ++i) {
        std::map<PartyId, Money> reserved;
        for (const auto& [id, m] : messages[i]) reserved[m.account] += m.charge;
        for (const routing::Account& account : snapshot.accounts()) {
            const PartyId id = gateway::party_of(account);
            const Balance its = shards[i]->messages().charges().of(id);
            if (its.reserved != reserved[id])
                wrong_.push_back(fmt::format("shard {} started with {} reserved for {}, its messages come to {}", i,
                                             to_string(its.reserved), account.system_id, to_string(reserved[id])));
        }
    }
    for (const routing::Account& account : snapshot.accounts()) {
        const PartyId id = gateway::party_of(account);
        const Balance all = sum(shards, id);
        Paid& paid = paid_[account.system_id];
        const Money least = account.charging.opening + paid.sure;
        if (all.credited < least || all.credited > least + paid.asked)
            wrong_.push_back(fmt::format("{} was credited {}, paid in are {} and perhaps {}", account.system_id,
                                         to_string(all.credited), to_string(least), to_string(paid.asked)));
        if (available(shards, id) != all.available().micros)
            wrong_.push_back(fmt::format("{} may spend {}, and has {}", account.system_id,
                                         to_string(Money{available(shards, id)}), to_string(all.available())));
        paid = {all.credited - account.charging.opening, {}, paid.references};  // that is certain now
    }
    check_floor(shards, snapshot);
}

void Credits::pay_in(const Shards& shards, const routing::Account& account) {
    const PartyId id = gateway::party_of(account);
    Paid& paid = paid_[account.system_id];
    const Money amount{static_cast<std::int64_t>(random_.below(40)) * 125'000};
    const std::string reference = random_.chance(0.7) ? fmt::format("{}", ++paid.references) : "";
    gateway::Core& owner = shards[gateway::owner_shard(id, static_cast<std::uint32_t>(shards.size()))]->core();
    const auto once = [&] {
        paid.asked += amount;
        gateway::top_up(owner, id, amount, reference,
                        [&paid, amount, life = std::weak_ptr(life_)](bool booked) {
            if (life.expired()) return;
            paid.asked -= amount;
            if (booked) paid.sure += amount;
        });
    };
    once();
    if (!reference.empty() && random_.chance(0.3)) once();  // somebody is impatient
}

void Credits::some_time(const Shards& shards, const routing::Snapshot& snapshot) {
    if (!on_) return;
    check_floor(shards, snapshot);
    if (kept_ == Kept::in_bank) {
        check_paid(snapshot);
        bank_.some_time();
        if (random_.chance(0.1)) find_accounts(shards, snapshot);
    }
    for (const routing::Account& account : snapshot.accounts())
        if (kept_ == Kept::here && random_.chance(0.1)) pay_in(shards, account);
    records_.slow = random_.chance(0.7);
    if (random_.chance(0.3)) records_.write();
    records_.full = random_.chance(0.05);
}

/// Nothing is accepted that the bank has not been paid for, at any time.
void Credits::check_paid(const routing::Snapshot& snapshot) {
    for (const routing::Account& account : snapshot.accounts()) {
        const Bank::Account& its = bank_.accounts.at(account.system_id);
        const Money accepted = records_.sum(gateway::party_of(account), Kind::reserved);
        if (accepted > its.taken - its.taken_unsaid && wrong_.size() < 20)
            wrong_.push_back(fmt::format("messages of {} cost {}, and {} were taken for them", account.system_id,
                                         to_string(accepted), to_string(its.taken - its.taken_unsaid)));
    }
}

/// What the bank took is the price of what was accepted, and what it got back that of what has failed; but for what it
/// has not said, and what was under way when the gateway stopped.
void Credits::judge_bank(const Shards& shards, const routing::Account& account, std::vector<std::string>& found) const {
    const PartyId id = gateway::party_of(account);
    const Bank::Account& its = bank_.accounts.at(account.system_id);
    const auto left = unsettled_.find(account.system_id);
    const Bank::Unsettled unsettled = left != unsettled_.end() ? left->second : Bank::Unsettled{};
    const auto within = [&](std::string_view what, Money is, Money least, Money more) {
        if (is < least || is > least + more)
            found.push_back(fmt::format("{}: the bank has {} {}, not {} and perhaps {}", account.system_id, what,
                                        to_string(is), to_string(least), to_string(more)));
    };
    within("taken", its.taken - its.taken_unsaid, records_.sum(id, Kind::reserved), unsettled.taken);
    within("got back", its.given_back - its.given_unsaid, records_.sum(id, Kind::released), unsettled.given_back);
    for (gateway::Shard* shard : shards) {
        const gateway::Counters& counters = shard->counters();
        if (counters.refunds_owed.value() != 0 || counters.refunds_stuck.value() != 0)
            found.push_back(fmt::format("{} refunds are counted in the end, {} stuck", counters.refunds_owed.value(),
                                        counters.refunds_stuck.value()));
    }
}

void Credits::judge_messages(const Ledger& ledger, std::vector<std::string>& found) const {
    std::size_t judged = 0;
    for (const auto& [text, sent] : ledger.sent) {
        if (sent.id.empty() || text.find("/multi") != std::string::npos) continue;
        const gateway::MessageId id = std::stoull(sent.id);
        if (records_.find(id, Kind::reserved) == nullptr) found.push_back("nothing was reserved for " + text);
        const bool settled = records_.find(id, Kind::settled) != nullptr;
        const bool released = records_.find(id, Kind::released) != nullptr;
        if (settled == released)
            found.push_back((settled ? "settled and released: " : "neither settled nor released: ") + text);
        const bool delivered = sent.stat == "DELIVRD" || sent.stat == "ACCEPTD";
        const bool failed =
            sent.stat == "DELETED" || (sent.account == "alpha" && (sent.stat == "EXPIRED" || sent.stat == "UNDELIV"));
        if (delivered && !settled) found.push_back("delivered and not charged: " + text);
        if (failed && settled) found.push_back("charged, and " + sent.stat + ": " + text);
        judged += delivered || failed;
    }
    // A bank that is away lets little through.
    if (judged < (kept_ == Kept::in_bank ? 5u : 20u))
        found.push_back("too few messages ended in a way that can be judged: " + std::to_string(judged));
}

void Credits::judge(const Shards& shards, const Ledger& ledger, const routing::Snapshot& snapshot,
                    std::vector<std::string>& found) {
    if (!on_) return;
    found.insert(found.end(), wrong_.begin(), wrong_.end());
    found.insert(found.end(), records_.wrong.begin(), records_.wrong.end());
    for (const routing::Account& account : snapshot.accounts()) {
        const PartyId id = gateway::party_of(account);
        const Balance all = sum(shards, id);
        const auto same = [&](std::string_view what, Money is, Money should) {
            if (is != should)
                found.push_back(
                    fmt::format("{}: {} is {}, not {}", account.system_id, what, to_string(is), to_string(should)));
        };
        same("reserved in the end", all.reserved, {});
        if (kept_ == Kept::in_bank) judge_bank(shards, account, found);
        else same("to be spent", {available(shards, id)}, all.available());
        same("credited, by the records", records_.sum(id, Kind::credited), all.credited);
        same("spent, by the records", records_.sum(id, Kind::settled), all.spent);
        same("reserved and given back, by the records",
             records_.sum(id, Kind::reserved) - records_.sum(id, Kind::released), all.spent);
    }
    judge_messages(ledger, found);
}

std::string Credits::summary() const {
    if (!on_) return "no credits";
    std::string text = fmt::format("{} movements recorded, {} of them twice", records_.all.size(), records_.repeated);
    if (kept_ == Kept::in_bank)
        for (const auto& [name, account] : bank_.accounts) {
            const auto left = unsettled_.find(name);
            const Bank::Unsettled unsettled = left != unsettled_.end() ? left->second : Bank::Unsettled{};
            text += fmt::format(", {} paid {} ({} unsaid, {} at stops) and got {} back ({} unsaid, {} at stops)", name,
                                to_string(account.taken), to_string(account.taken_unsaid), to_string(unsettled.taken),
                                to_string(account.given_back), to_string(account.given_unsaid),
                                to_string(unsettled.given_back));
        }
    return text;
}

}  // namespace sluice::sim
