#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/accounts/credits.hpp"
#include "engine/base/random.hpp"
#include "engine/base/time.hpp"

namespace sluice::sim {

/// A customer's database with the credits of accounts, as the gateway's statements see it: it answers late, or not in
/// time whatever it has done, is away for a while, and at times has lost an account's row. What the gateway has asked
/// goes on when that stops. Every credit that moves is written down.
class Bank {
public:
    using Outcome = accounts::Credits::Outcome;

    /// `commits` of a shard's store so far.
    explicit Bank(std::uint64_t seed, std::function<std::uint64_t(std::uint32_t shard)> commits)
        : random_(seed ^ 0xBA4Cu), commits_(std::move(commits)) {}

    struct Account {
        Money credits;
        Money taken, given_back;   ///< in all
        Money taken_unsaid;        ///< of it, without the gateway having been told
        Money given_unsaid;
        bool gone = false;         ///< it has no row at present
    };
    std::map<std::string, Account> accounts;

    void move(std::uint32_t shard, const std::string& system_id, Money amount, accounts::Credits::Done done) {
        ++asked;
        if (away_) return done(Outcome::away);
        Statement one{.shard = shard, .system_id = system_id, .amount = amount, .done = std::move(done)};
        one.does_at = now_ + microseconds(random_.below(20'000));
        one.answers_at = one.does_at + microseconds(random_.below(random_.chance(0.05) ? 3'000'000 : 20'000));
        one.says_nothing = troubles_ && random_.chance(0.05);
        one.never_comes = troubles_ && one.says_nothing && random_.chance(0.5);
        under_way_.push_back(std::move(one));
    }
    /// What is due happens; whether anything did.
    bool advance(MonoTime now) {
        now_ = now;
        for (Statement& one : under_way_)
            if (!one.outcome && one.does_at <= now) execute(one);
        std::vector<Statement> due;
        std::erase_if(under_way_, [&](Statement& one) {
            if (!one.outcome || one.answers_at > now) return false;
            due.push_back(std::move(one));
            return true;
        });
        for (const Statement& one : due) {
            if (!one.says_nothing && one.outcome == Outcome::moved)
                told_.push_back({one.shard, one.system_id, one.amount, commits_(one.shard)});
            one.done(one.says_nothing ? Outcome::uncertain : *one.outcome);
        }
        std::erase_if(told_, [this](const Told& told) { return is_on_disk(told); });
        return !due.empty();
    }
    std::optional<MonoTime> next_due() const {
        std::optional<MonoTime> next;
        for (const Statement& one : under_way_) {
            const MonoTime at = one.outcome ? one.answers_at : one.does_at;
            next = next ? std::min(*next, at) : at;
        }
        return next;
    }
    /// A tenth of a second has passed.
    void some_time() {
        if (random_.chance(away_ ? 0.15 : 0.03)) away_ = !away_;
        for (auto& [name, account] : accounts) {
            if (random_.chance(account.gone ? 0.2 : 0.01)) account.gone = !account.gone;
            if (random_.chance(0.1)) account.credits += Money{static_cast<std::int64_t>(random_.below(40)) * 125'000};
        }
    }
    void behave() {
        away_ = troubles_ = false;
        for (auto& [name, account] : accounts) account.gone = false;
    }

    /// What the gateway may not have come to know, or to write down, when it stops now: statements under way, which the
    /// database does or not, and what it was told and what no commit since can have written.
    struct Unsettled {
        Money taken, given_back;

        void add(Money amount) {
            if (amount > Money{}) taken += amount;
            else given_back -= amount;
        }
    };
    std::map<std::string, Unsettled> stop(bool in_good_order) {
        std::map<std::string, Unsettled> left;
        for (Statement& one : under_way_) {
            if (!one.outcome && random_.chance(0.5)) execute(one);
            if (one.outcome == Outcome::moved && !one.says_nothing) left[one.system_id].add(one.amount);
        }
        under_way_.clear();
        for (const Told& told : told_)
            if (!in_good_order && !is_on_disk(told)) left[told.system_id].add(told.amount);
        told_.clear();
        return left;
    }

    std::uint64_t asked = 0, uncertain = 0;

private:
    struct Statement {
        std::uint32_t shard = 0;
        std::string system_id;
        Money amount;
        accounts::Credits::Done done;
        MonoTime does_at{}, answers_at{};
        bool says_nothing = false;  ///< the time is over before it answers
        bool never_comes = false;   ///< and it was never done
        std::optional<Outcome> outcome;
    };
    struct Told {
        std::uint32_t shard = 0;
        std::string system_id;
        Money amount;
        std::uint64_t commits = 0;
    };
    /// One batch may have been on its way when it was told; the next one has it.
    bool is_on_disk(const Told& told) const { return commits_(told.shard) >= told.commits + 2; }
    void execute(Statement& one) {
        Account& account = accounts.at(one.system_id);
        uncertain += one.says_nothing;
        one.outcome = Outcome::too_few;
        if (one.never_comes || account.gone || one.amount > account.credits) return;
        one.outcome = Outcome::moved;
        account.credits -= one.amount;
        if (one.amount > Money{}) {
            account.taken += one.amount;
            if (one.says_nothing) account.taken_unsaid += one.amount;
        } else {
            account.given_back -= one.amount;
            if (one.says_nothing) account.given_unsaid -= one.amount;
        }
    }

    Random random_;
    MonoTime now_{};
    bool away_ = false;
    bool troubles_ = true;
    std::vector<Statement> under_way_;
    std::vector<Told> told_;
    std::function<std::uint64_t(std::uint32_t)> commits_;
};

}  // namespace sluice::sim
