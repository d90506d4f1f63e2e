#include "engine/gateway/charges.hpp"

#include <algorithm>

#include "engine/gateway/record.hpp"

namespace sluice::gateway {

using storage::Key;
using storage::Table;

namespace {

struct Row {
    std::int64_t credited, reserved, spent;
    std::uint64_t opened;
};
static_assert(sizeof(Row) == 32);

/// How often the row that says what is written is renewed for its own sake.
constexpr seconds note_every{1};
/// How long a journal segment is kept for charging records that are not written.
constexpr seconds carry_after{30};

}  // namespace

Charges::Place& Charges::place(PartyId account) {
    const std::uint64_t key = std::uint64_t{account} + 1;
    if (const std::uint64_t* known = by_account_.find(key)) return places_[*known];
    by_account_.put(key, places_.size());
    places_.push_back({account, false, {}, {}});
    return places_.back();
}

Charges::Place& Charges::change(PartyId account) {
    Place& its = place(account);
    if (!std::exchange(its.changed, true)) changed_.push_back(static_cast<std::uint32_t>(&its - places_.data()));
    return its;
}

void Charges::free(Place& place, Money amount) {
    if (place.freed == Money{}) freed_.push_back(static_cast<std::uint32_t>(&place - places_.data()));
    place.freed += amount;
}

// ---- what happens

void Charges::reserve(const Message& m, WallTime now) {
    change(m.account).balance.reserved += m.charge;
    move(Movement::Kind::reserved, m, smpp::MessageState::enroute, {}, now);
}

void Charges::settle(Message& m, smpp::MessageState state, WallTime now) {
    if (m.charge == Money{}) return;
    Balance& balance = change(m.account).balance;
    balance.reserved -= m.charge;
    balance.spent += m.charge;
    move(Movement::Kind::settled, m, state, {}, now);
    m.charge = {};
}

void Charges::release(Message& m, smpp::MessageState state, std::string_view error, WallTime now) {
    if (m.charge == Money{}) return;
    Place& its = change(m.account);
    its.balance.reserved -= m.charge;
    free(its, m.charge);
    move(Movement::Kind::released, m, state, error, now);
    m.charge = {};
}

void Charges::credit(PartyId account, Money amount, MessageId id, std::string_view reference, bool opening,
                     WallTime now) {
    Place& its = change(account);
    its.balance.credited += amount;
    its.balance.opened = its.balance.opened || opening;
    if (!opening) free(its, amount);
    Movement movement;
    movement.at = now.time_since_epoch().count();
    movement.amount = amount.micros;
    movement.message = id;
    movement.account = account;
    movement.kind = Movement::Kind::credited;
    move(movement, reference);
}

void Charges::move(Movement::Kind kind, const Message& m, smpp::MessageState state, std::string_view error,
                   WallTime now) {
    Movement movement;
    movement.at = now.time_since_epoch().count();
    movement.amount = m.charge.micros;
    movement.message = m.id;
    movement.shown_id = m.shown_id;
    movement.accepted_at = m.accepted_at.time_since_epoch().count();
    movement.account = m.account;
    movement.provider = m.provider;
    movement.kind = kind;
    movement.state = state;
    movement.part = m.part;
    movement.parts = m.parts;
    movement.units = m.charge_units;
    movement.error_size = static_cast<std::uint8_t>(std::min(error.size(), sizeof movement.error));
    std::copy_n(error.begin(), movement.error_size, movement.error);
    move(movement, as_text(m.body_view()));
}

void Charges::move(Movement movement, std::string_view text) {
    if (records_ == nullptr) return;
    text = text.substr(0, Movement::most_text);
    movement.text_size = static_cast<std::uint8_t>(text.size());
    write_movement(open_, movement, text);
}

// ---- batches

bool Charges::read_row(ByteView value, Balance& balance) {
    Row row;
    if (value.size() != sizeof row) return false;
    std::memcpy(&row, value.data(), sizeof row);
    balance = {{row.credited}, {row.reserved}, {row.spent}, row.opened != 0};
    return true;
}

void Charges::put_row(storage::Batch& batch, PartyId account, const Balance& balance) {
    const Row row{balance.credited.micros, balance.reserved.micros, balance.spent.micros, balance.opened};
    batch.put(Table::meta, {balance_tag, account}, {reinterpret_cast<const std::uint8_t*>(&row), sizeof row});
}

void Charges::write_rows(storage::Batch& batch) {
    for (const std::uint32_t at : changed_) {
        places_[at].changed = false;
        put_row(batch, places_[at].account, places_[at].balance);
    }
    changed_.clear();
    if (written_now_ > written_) {
        written_ = written_now_;
        batch.put(Table::meta, written_key, {reinterpret_cast<const std::uint8_t*>(&written_), sizeof written_});
    }
    note_written_ = false;
    if (std::exchange(carry_, false)) {
        for (Unwritten& old : unwritten_) {
            batch.journal.append(old.movements);
            old.segment = batch.number;
            old.since = now_;
        }
    }
    if (open_.empty()) return;
    batch.journal.append(open_);
    unwritten_octets_ += open_.size();
    unwritten_.push_back({batch.number, batch.number, now_, std::move(open_)});
    open_ = {};
}

void Charges::committed(std::uint64_t batch) {
    committed_ = batch;
    hand_over();
}

void Charges::hand_over() {
    while (handed_ < unwritten_.size() && unwritten_[handed_].batch <= committed_) {
        const Unwritten& next = unwritten_[handed_];
        if (records_ != nullptr && !records_->take(shard_, next.batch, next.movements)) return;
        ++handed_;
    }
}

void Charges::work(MonoTime now) {
    now_ = now;
    if (!unwritten_.empty()) {
        hand_over();
        const std::uint64_t written = records_ != nullptr ? records_->written(shard_) : UINT64_MAX;
        for (; handed_ > 0 && unwritten_.front().batch <= written; --handed_) {
            const std::uint64_t segment = unwritten_.front().segment;
            unwritten_octets_ -= unwritten_.front().movements.size();
            unwritten_.pop_front();
            // A segment is done with when nothing in it is left.
            if (unwritten_.empty() || unwritten_.front().segment > segment) written_now_ = segment;
        }
        carry_ = carry_ || (!unwritten_.empty() && now - unwritten_.front().since >= carry_after);
    }
    if (written_now_ > written_ && now - noted_at_ >= note_every) {
        noted_at_ = now;
        note_written_ = true;
    }
}

std::uint64_t Charges::needed_from(std::uint64_t otherwise) const {
    return unwritten_.empty() ? otherwise : std::min(otherwise, unwritten_.front().segment);
}

// ---- the start

bool Charges::restore(Key key, ByteView value) {
    if (key == written_key && value.size() == sizeof written_) {
        std::memcpy(&written_, value.data(), sizeof written_);
        written_now_ = written_;
        return true;
    }
    Balance balance;
    if (key.high != balance_tag || !read_row(value, balance)) return false;
    place(static_cast<PartyId>(key.low)).balance = balance;
    return true;
}

void Charges::replayed(std::uint64_t batch, MessageId id, ByteView payload) {
    if (batch <= written_ || records_ == nullptr) return;
    if (unwritten_.empty() || unwritten_.back().batch != batch) unwritten_.push_back({batch, batch, {}, {}});
    Movements& its = unwritten_.back().movements;
    const std::size_t before = its.size();
    write_movement(its, id, payload);
    unwritten_octets_ += its.size() - before;
    committed_ = batch;
}

Balance Charges::of(PartyId account) const {
    const std::uint64_t* known = by_account_.find(std::uint64_t{account} + 1);
    return known != nullptr ? places_[*known].balance : Balance{};
}

}  // namespace sluice::gateway
