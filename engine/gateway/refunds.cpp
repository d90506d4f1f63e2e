#include "engine/gateway/refunds.hpp"

#include <algorithm>
#include <numeric>

namespace sluice::gateway {

using Outcome = accounts::Credits::Outcome;
using storage::Table;

namespace {

constexpr seconds longest_pause{30};

constexpr std::uint64_t most_together = limits::unpaid_together;

storage::LoadRequest all_of(std::uint64_t tag) {
    storage::LoadRequest request;
    request.table = Table::meta;
    request.first = {tag, 0};
    request.last = {tag, UINT64_MAX};
    request.limit = request.max_bytes = UINT32_MAX;
    return request;
}

}  // namespace

Refunds::Row& Refunds::Row::operator+=(const Row& other) {
    amount += other.amount;
    step = std::gcd(step, other.step);
    messages += other.messages;
    return *this;
}

Money Refunds::portion(const Owed& owed) {
    if (owed.messages <= most_together) return owed.amount;
    const std::int64_t share = owed.amount.micros / static_cast<std::int64_t>(owed.messages) *
                               static_cast<std::int64_t>(most_together);
    return std::max(owed.step, Money{share - share % owed.step.micros});
}

// ---- who is owed what

void Refunds::know(PartyId account, const std::string& source, const std::string& system_id) {
    Payer& known = payers_[account];
    const Payer now{source, system_id};
    if (known != now) {
        known = now;
        const std::string value = source + '\0' + system_id;
        core_.messages->put_row(Table::meta, {payer_tag, account}, as_bytes(value));
    }
    if (const auto owed = owed_.find(account); owed != owed_.end()) line_up(account, owed->second);
}

Refunds::Payer Refunds::payer_of(PartyId account) const {
    const auto known = payers_.find(account);
    return known != payers_.end() ? known->second : Payer{};
}

bool Refunds::gives_back(const std::string& source) const {
    const routing::Account* const its = core_.snapshot->find_account(source);
    return its != nullptr && its->charging.gives_back_elsewhere();
}

void Refunds::add(const Message& m) {
    const routing::Account* const account = core_.party(m.account).account;
    const bool owed_to = account != nullptr ? account->charging.gives_back_elsewhere() : payers_.contains(m.account);
    if (!owed_to || m.charge == Money{}) return;
    Owed& owed = owed_[m.account];
    owed.step = {std::gcd(owed.step.micros, m.charge.micros)};
    change(m.account, owed, owed.amount + m.charge, owed.messages + 1);
    line_up(m.account, owed);
}

/// In memory, in the gauges and in the open batch.
void Refunds::change(PartyId account, Owed& owed, Money amount, std::uint64_t messages) {
    count(owed, -1);
    owed.amount = amount;
    owed.messages = messages;
    count(owed, 1);
    if (amount == Money{}) return core_.messages->erase_row(Table::meta, {refund_tag, account});
    const Row row{amount.micros, owed.step.micros, messages};
    core_.messages->put_row(Table::meta, {refund_tag, account}, wire::octets_of(row));
}

void Refunds::mark(Owed& owed, State state) {
    count(owed, -1);
    owed.state = state;
    count(owed, 1);
}

void Refunds::count(const Owed& owed, std::int64_t times) {
    const auto messages = static_cast<std::int64_t>(owed.messages) * times;
    core_.counters.refunds_owed.add(messages);
    if (owed.state != State::due) core_.counters.refunds_stuck.add(messages);
}

void Refunds::line_up(PartyId account, Owed& owed) {
    if (owed.state == State::due || owed.settling) return;
    const std::string source = payer_of(account).source;
    mark(owed, gives_back(source) ? State::due : State::no_source);
    if (owed.state == State::due) lines_[source].accounts.push_back(account);
}

void Refunds::look_again() {
    for (auto& [source, line] : lines_) {
        line.accounts.clear();
        line.rests_until = {};
    }
    std::erase_if(lines_, [](const auto& line) { return line.second.asked == 0; });
    for (auto& [account, owed] : owed_) {
        if (asked_for(account)) continue;
        mark(owed, State::no_source);
        line_up(account, owed);
    }
}

bool Refunds::quiet() const {
    return std::ranges::none_of(lines_, [](const auto& line) { return line.second.asked != 0; }) &&
           std::ranges::none_of(owed_, [](const auto& owed) { return owed.second.settling; });
}

bool Refunds::asked_for(PartyId account) const {
    return std::ranges::any_of(lines_, [account](const auto& line) { return line.second.asked == account; });
}

void Refunds::write_off(PartyId account, std::function<void(const Owed& given_up)> done) {
    const auto found = owed_.find(account);
    if (found == owed_.end()) return done({});
    Owed given_up = found->second;
    Owed left;
    for (const auto& [source, line] : lines_)
        if (line.asked == account)
            left = {line.amount, given_up.step, std::min(given_up.messages, most_together), State::due};
    given_up.amount -= left.amount;
    given_up.messages -= left.messages;
    change(account, found->second, left.amount, left.messages);
    if (left.messages == 0 && !given_up.settling) owed_.erase(found);
    core_.counters.refunds_written_off.add(given_up.messages);
    if (given_up.messages > 0)
        core_.log('W', "credits of " + payer_of(account).system_id + ", " + to_string(given_up.amount) +
                           ", were written off: they will not be given back");
    when_on_disk(account, [given_up, done = std::move(done)] { done(given_up); });
}

/// What is read with a batch comes when that is on disk.
void Refunds::when_on_disk(PartyId account, std::function<void()> then) {
    storage::LoadRequest request;
    request.table = Table::meta;
    request.first = request.last = {refund_tag, account};
    core_.messages->load(request, [then = std::move(then)](const storage::LoadResult&) { then(); });
}

void Refunds::recover() {
    const storage::LoadResult payers = core_.messages->store().load_now(all_of(payer_tag));
    for (const storage::LoadedRow& row : payers.rows) {
        const std::string_view value = as_text(payers.value(row));
        const std::size_t end = value.find('\0');
        if (end == std::string_view::npos) continue;
        payers_[static_cast<PartyId>(row.key.low)] = {std::string(value.substr(0, end)),
                                                      std::string(value.substr(end + 1))};
    }
    const storage::LoadResult refunds = core_.messages->store().load_now(all_of(refund_tag));
    for (const storage::LoadedRow& row : refunds.rows) {
        if (row.length != sizeof(Row)) continue;
        const auto value = wire::read<Row>(refunds.value(row));
        const auto account = static_cast<PartyId>(row.key.low);
        Owed& owed = owed_[account];
        owed = {{value.amount}, {value.step}, value.messages, State::no_source};
        count(owed, 1);
        line_up(account, owed);
    }
}

// ---- giving it back

bool Refunds::rests(PartyId account) const {
    const auto line = lines_.find(payer_of(account).source);
    return line != lines_.end() && core_.reactor->now().mono < line->second.rests_until;
}

void Refunds::work() {
    if (core_.draining) return;
    for (auto& [source, line] : lines_)
        if (line.asked == 0 && !line.accounts.empty() && core_.now().mono >= line.rests_until) ask(source, line);
}

void Refunds::ask(const std::string& source, Line& line) {
    while (!line.accounts.empty() && line.asked == 0) {
        const PartyId account = line.accounts.front();
        line.accounts.pop_front();
        const auto found = owed_.find(account);
        if (found == owed_.end() || found->second.state != State::due || found->second.settling) continue;
        if (const Payer payer = payer_of(account); payer.source == source) {
            line.asked = account;
            line.amount = portion(found->second);
            const auto done = [this, reactor = core_.reactor, source](Outcome outcome) {
                reactor->post([this, source, outcome] { answered(source, outcome); });
            };
            if (core_.move_credits == nullptr) return done(Outcome::away);
            return core_.move_credits(source, payer.system_id, Money{} - line.amount, done);
        }
        mark(found->second, State::no_source);  // it was found in another one since
        line_up(account, found->second);
    }
}

void Refunds::answered(const std::string& source, Outcome outcome) {
    Line& line = lines_.at(source);
    const PartyId account = std::exchange(line.asked, 0);
    const auto found = owed_.find(account);
    SLUICE_CHECK(found != owed_.end() && found->second.amount >= line.amount);
    Owed& owed = found->second;
    if (outcome == Outcome::moved) {
        line.pause = seconds(1);
        taken(account, owed, line.amount);
        return core_.reactor->wake();
    }
    if (outcome == Outcome::too_few) {
        mark(owed, State::no_account);
        core_.log('E', "source " + source + " has no account " + payer_of(account).system_id + " to give " +
                           to_string(owed.amount) + " back to: `sluice ctl refunds` shows it");
        return core_.reactor->wake();
    }
    mark(owed, State::no_source);  // another one's, perhaps
    line_up(account, owed);
    line.rests_until = core_.now().mono + line.pause;
    line.pause = std::min(longest_pause, line.pause * 2);
    core_.reactor->timers().arm(line.rests_until, [] {});  // to have a turn then
}

void Refunds::taken(PartyId account, Owed& owed, Money amount) {
    const Money left = owed.amount - amount;
    const std::uint64_t done = left == Money{} ? owed.messages : std::min(owed.messages - 1, most_together);
    core_.counters.refunds.add(done);
    change(account, owed, left, owed.messages - done);
    owed.settling = true;
    when_on_disk(account, [this, account] {
        const auto its = owed_.find(account);
        its->second.settling = false;
        if (its->second.messages == 0) {
            owed_.erase(its);
        } else {
            mark(its->second, State::no_source);
            line_up(account, its->second);
        }
        core_.reactor->wake();
    });
}

}  // namespace sluice::gateway
