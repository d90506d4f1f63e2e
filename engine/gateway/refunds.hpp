#pragma once

#include <deque>
#include <functional>
#include <string>
#include <unordered_map>

#include "engine/gateway/core.hpp"

namespace sluice::gateway {

/// Credits that go back to where accounts keep them: a database of their own (routing::ChargingMode::database).
///
/// What is to go back is a row, written with the end of its message and erased once the database has taken it, so none is
/// lost. The database may get one twice: when the program stops between the two, and when it does not say whether it took it.
/// While it is away it is asked again with growing pauses. In memory are at most limits::refunds_in_memory; the
/// others are read from disk when those are through.
class Refunds {
public:
    explicit Refunds(Core& core) : core_(core) {}

    /// The account pays in a database, and was found in this source: kept on disk, for after a restart it is not known until it
    /// has bound again.
    void know(PartyId account, const std::string& source, const std::string& system_id);
    /// What `m` has cost goes back, if its account pays in a database that gives back. Before its charge is released.
    void add(const Message& m);

    /// Names of accounts from before, and what was left to be done.
    void recover();
    /// At the end of a turn.
    void work();

    /// One row of Table::meta each: (payer_tag, account) and (refund_tag, message id).
    static constexpr std::uint64_t payer_tag = 6;
    static constexpr std::uint64_t refund_tag = 7;
    struct Row {
        std::int64_t amount = 0;  ///< Money::micros
        PartyId account = 0;
        std::uint32_t reserved = 0;
    };

private:
    struct Payer {
        std::string source, system_id;
        friend bool operator==(const Payer&, const Payer&) = default;
    };
    struct Refund {
        MessageId id = 0;
        PartyId account = 0;
        Money amount;
    };
    void load();
    void ask();
    void answered(accounts::Credits::Outcome outcome);

    Core& core_;
    std::unordered_map<PartyId, Payer> payers_;
    std::deque<Refund> queue_;
    std::vector<Refund> asked_;        ///< of one account; empty: nothing is under way
    bool more_on_disk_ = false;
    bool loading_ = false;
    MonoTime rests_until_{};
    seconds pause_{1};
};

}  // namespace sluice::gateway
