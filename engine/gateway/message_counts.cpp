#include "engine/gateway/message_counts.hpp"

#include <cstring>

namespace sluice::gateway {

using storage::Key;
using storage::Table;

void MessageCounts::left(const Message& m) {
    if (!is_unfinished(m)) return;
    const bool awaited = is_awaiting(m);
    SLUICE_CHECK(unfinished_ > 0 && (!awaited || awaiting_ > 0));
    --unfinished_;
    awaiting_ -= awaited;
    if (!m.has_row) return;
    std::uint64_t& rows = account_rows_[m.account];
    SLUICE_CHECK(rows > 0 && (!awaited || awaiting_rows_ > 0));
    --rows;
    changed_accounts_.insert(m.account);
    if (awaited) change_awaiting_rows(-1);
}

void MessageCounts::row_entered(const Message& m) {
    if (!is_unfinished(m)) return;
    ++account_rows_[m.account];
    changed_accounts_.insert(m.account);
    if (is_awaiting(m)) change_awaiting_rows(+1);
}

void MessageCounts::write_changes(storage::Batch& batch) {
    const auto write = [&batch](Key key, const std::uint64_t& number) {
        if (number == 0) batch.erase(Table::meta, key);
        else batch.put(Table::meta, key, {reinterpret_cast<const std::uint8_t*>(&number), sizeof number});
    };
    for (const PartyId account : changed_accounts_) {
        const auto found = account_rows_.find(account);
        write({account_tag, account}, found->second);
        if (found->second == 0) account_rows_.erase(found);
    }
    changed_accounts_.clear();
    if (awaiting_rows_changed_) write({awaiting_tag, 0}, awaiting_rows_);
    awaiting_rows_changed_ = false;
}

bool MessageCounts::restore(Key key, ByteView value) {
    std::uint64_t number = 0;
    if ((key.high != account_tag && key.high != awaiting_tag) || value.size() != sizeof number) return false;
    std::memcpy(&number, value.data(), sizeof number);
    if (key.high == account_tag) {
        account_rows_[static_cast<PartyId>(key.low)] = number;
        unfinished_ += number;
    } else {
        awaiting_rows_ = awaiting_ = number;
    }
    return true;
}

}  // namespace sluice::gateway
