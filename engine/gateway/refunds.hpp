#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>

#include "engine/gateway/core.hpp"

namespace sluice::gateway {

/// Credits that go back to where accounts keep them: a database of their own (routing::ChargingMode::database).
///
/// What an account is owed is one row, changed with the end of its messages and when the database has taken some of it:
/// none is lost, and there are no more of them than accounts. The database may get one portion twice: when the program
/// stops between its answer and the commit, and when it does not say whether it took it. Each source is asked for one
/// account at a time, and while it is away with growing pauses.
///
/// What nobody can take is kept: that of accounts whose source the configuration has lost, or which gives nothing back
/// any more, until it is back; that of accounts without a row there, until they are found again, or the configuration
/// is loaded or the program started. Somebody may write it off.
class Refunds {
public:
    enum class State : std::uint8_t {
        due,         ///< its turn comes
        away,        ///< likewise, when its source answers again
        no_source,   ///< nothing gives it back
        no_account,  ///< its source has no such account
    };
    struct Owed {
        Money amount;
        Money step;  ///< what the amount, and each price in it, is a multiple of
        std::uint64_t messages = 0;
        State state = State::no_source;
        bool settling = false;  ///< some of it has been given back, and that is not on disk: no more until it is
    };
    struct Payer {
        std::string source, system_id;
        friend bool operator==(const Payer&, const Payer&) = default;
    };

    explicit Refunds(Core& core) : core_(core) {}

    /// The account pays in a database, and was found in this source: kept on disk, for after a
    /// restart it is not known until it has bound again.
    void know(PartyId account, const std::string& source, const std::string& system_id);
    /// What `m` has cost goes back, if its account pays in a database that gives back. Before its charge is released.
    void add(const Message& m);
    /// The configuration has changed: what nobody could take is tried again.
    void look_again();

    /// Names of accounts from before, and what they are owed. Once the configuration is there.
    void recover();
    /// At the end of a turn.
    void work();

    /// Nothing is under way with a database, or on its way to the disk.
    bool quiet() const;

    /// visit(Payer, Owed) for each account that is owed something by this shard.
    template <class Visit>
    void for_each(Visit&& visit) const {
        for (const auto& [account, owed] : owed_) {
            if (owed.messages == 0) continue;
            Owed seen = owed;
            if (seen.state == State::due && rests(account)) seen.state = State::away;
            visit(payer_of(account), seen);
        }
    }
    /// Gives up what this shard owes the account, but for what the database is asked to take at this moment.
    /// `done` hears what that was, when it is on disk.
    void write_off(PartyId account, std::function<void(const Owed& given_up)> done);

    /// One row of Table::meta each: (payer_tag, account) and (refund_tag, account).
    static constexpr std::uint64_t payer_tag = 6;
    static constexpr std::uint64_t refund_tag = 7;
    struct Row {
        std::int64_t amount = 0, step = 0;  ///< Money::micros
        std::uint64_t messages = 0;

        Row& operator+=(const Row& other);
    };
    /// How much of it is given back together: all, or the share of limits::unpaid_together messages in whole steps,
    /// for prices without fractions must not make any.
    static Money portion(const Owed& owed);

private:
    /// Those of one source, in the order of their turns.
    struct Line {
        std::deque<PartyId> accounts;
        PartyId asked = 0;  ///< 0: nothing is under way
        Money amount;       ///< that was asked for
        MonoTime rests_until{};
        seconds pause{1};
    };
    void change(PartyId account, Owed& owed, Money amount, std::uint64_t messages);
    void mark(Owed& owed, State state);
    void line_up(PartyId account, Owed& owed);
    void count(const Owed& owed, std::int64_t times);
    bool gives_back(const std::string& source) const;
    bool asked_for(PartyId account) const;
    bool rests(PartyId account) const;
    Payer payer_of(PartyId account) const;
    void ask(const std::string& source, Line& line);
    void answered(const std::string& source, accounts::Credits::Outcome outcome);
    void taken(PartyId account, Owed& owed, Money amount);
    void when_on_disk(PartyId account, std::function<void()> then);

    Core& core_;
    std::unordered_map<PartyId, Payer> payers_;
    std::unordered_map<PartyId, Owed> owed_;
    std::map<std::string, Line> lines_;  ///< by source
};

}  // namespace sluice::gateway
