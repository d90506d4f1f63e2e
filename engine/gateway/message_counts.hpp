#pragma once

#include <cstdint>
#include <unordered_map>
#include <unordered_set>

#include "engine/gateway/message.hpp"
#include "storage/store.hpp"

namespace sluice::gateway {

/// How many messages of a shard are not final, and how many of those await a provider's receipt: exact at any time and
/// over any restart. Messages that live and die in the journal are counted in memory alone, and again when it is
/// replayed. Of messages with a row the numbers stand in Table::meta, changed by the batch that changes the message.
class MessageCounts {
public:
    std::uint64_t unfinished() const { return unfinished_; }
    std::uint64_t awaiting() const { return awaiting_; }

    /// Mobile-terminated and on its way to a provider, or with one.
    static bool is_unfinished(const Message& m) { return m.kind == Kind::submitted && m.leg == Leg::forward; }
    static bool is_awaiting(const Message& m) { return is_unfinished(m) && m.stage == Stage::awaiting; }

    // ---- called by MessageStore as it records the same fact
    /// A new message, or one found in the journal; `m.has_row` as it is.
    void entered(const Message& m) {
        if (!is_unfinished(m)) return;
        ++unfinished_;
        awaiting_ += is_awaiting(m);
        if (m.has_row) row_entered(m);
    }
    /// It awaits a receipt from now on.
    void awaits(const Message& m) {
        ++awaiting_;
        if (m.has_row) change_awaiting_rows(+1);
    }
    /// It becomes final; `m` is still as before.
    void left(const Message& m);
    /// It gets its first row.
    void row_entered(const Message& m);

    // ---- in Table::meta
    void write_changes(storage::Batch& batch);
    /// One row of Table::meta; false if it is not of ours.
    bool restore(storage::Key key, ByteView value);
    /// visit(account, messages that are not final and have a row)
    template <class Visit>
    void for_each_account(Visit&& visit) const {
        for (const auto& [account, rows] : account_rows_) visit(account, rows);
    }

    /// In Table::meta: (account_tag, account) and (awaiting_tag, 0), eight octets each; none for zero.
    static constexpr std::uint64_t account_tag = 2;
    static constexpr std::uint64_t awaiting_tag = 3;

private:
    void change_awaiting_rows(int by) {
        awaiting_rows_ += static_cast<std::uint64_t>(by);
        awaiting_rows_changed_ = true;
    }

    std::uint64_t unfinished_ = 0;
    std::uint64_t awaiting_ = 0;
    std::uint64_t awaiting_rows_ = 0;
    bool awaiting_rows_changed_ = false;
    std::unordered_map<PartyId, std::uint64_t> account_rows_;
    std::unordered_set<PartyId> changed_accounts_;
};

}  // namespace sluice::gateway
