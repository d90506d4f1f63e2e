#include "engine/gateway/redeal.hpp"

#include <cstring>
#include <thread>
#include <unordered_map>
#include <vector>

#include "engine/gateway/delivery_rows.hpp"
#include "engine/gateway/lane.hpp"
#include "engine/gateway/message_store.hpp"
#include "engine/gateway/record.hpp"
#include "engine/gateway/refunds.hpp"
#include "engine/gateway/wire.hpp"

namespace sluice::gateway {

using storage::Batch;
using storage::Key;
using storage::LoadRequest;
using storage::Table;

namespace {

constexpr std::size_t rows_per_batch = 4096;
constexpr std::size_t octets_per_batch = 8 << 20;

}  // namespace

/// One new shard being filled.
class Deal::Filler {
public:
    explicit Filler(std::unique_ptr<storage::Store> store) : store_(std::move(store)) {}

    /// Everything is written as settled: rows speak for it, and lanes are read on demand like any backlog.
    Result<void> add(Message& m) {
        if (m.stage == Stage::queued) {
            m.lane_row = lane_key(m.destination(), m.priority);
            batch_.put(Table::queue, {m.lane_row, m.position}, octets(m.id));
            ++lane_rows_[m.lane_row];
        } else {
            m.lane_row = 0;
        }
        m.time_row = time_key(m.stage == Stage::waiting    ? m.due_at
                              : m.stage == Stage::awaiting ? m.expires_at + MessageStoreConfig{}.receipt_grace
                                                           : m.expires_at);
        batch_.put(Table::queue, {m.time_row, m.id}, octets(m.id));
        m.has_row = true;
        counts_.entered(m);
        if (m.charge != Money{}) balances_[m.account].reserved += m.charge;
        row_.clear();
        encode_row(row_, m);
        batch_.put(Table::message, {0, m.id}, row_);
        highest_id_ = std::max({highest_id_, m.id, m.position});
        return added();
    }
    Result<void> put(Table table, Key key, ByteView value) {
        batch_.put(table, key, value);
        return added();
    }
    /// What has been paid in and spent; what is put aside follows from the messages.
    void add(PartyId account, const Balance& balance) {
        Balance& its = balances_[account];
        its.credited += balance.credited;
        its.spent += balance.spent;
        its.opened = its.opened || balance.opened;
    }
    /// What goes back to the account's database.
    void add(PartyId account, const Refunds::Row& owed) { refunds_[account] += owed; }
    /// What was sent to a provider that has a cap.
    void add(PartyId provider, const SentCounts::Row& row) { sent_[provider].join(row); }
    /// Movements that may not be in the charging records yet: this shard's journal begins with them.
    Result<void> add(ByteView movements) {
        batch_.journal.append(movements);
        return batch_.journal.size() < octets_per_batch ? Result<void>() : flush();
    }
    void not_before(MessageId id) { highest_id_ = std::max(highest_id_, id); }

    Result<void> finish() {
        for (const auto& [lane, rows] : lane_rows_) batch_.put(Table::meta, {1, lane}, octets(rows));
        batch_.put(Table::meta, {0, 1}, octets(highest_id_));
        counts_.write_changes(batch_);
        for (const auto& [account, balance] : balances_) Charges::put_row(batch_, account, balance);
        for (const auto& [account, owed] : refunds_)
            batch_.put(Table::meta, {Refunds::refund_tag, account}, wire::octets_of(owed));
        for (const auto& [provider, row] : sent_) SentCounts::put_row(batch_, provider, row);
        return flush();
    }

private:
    static ByteView octets(const std::uint64_t& value) {
        return {reinterpret_cast<const std::uint8_t*>(&value), sizeof value};
    }
    Result<void> added() {
        if (++rows_ < rows_per_batch && batch_.values.size() < octets_per_batch) return {};
        return flush();
    }
    Result<void> flush() {
        batch_.number = store_->next_batch();
        store_->submit(std::move(batch_));
        storage::Completion completion;
        while (!store_->poll(completion)) {
            // Nobody has been told anything yet: better an error than a start that waits for a full disk.
            if (store_->stats().stalled)
                return fail("the disk does not take the messages for the new number of shards");
            std::this_thread::sleep_for(microseconds(100));
        }
        batch_ = std::move(completion.batch);
        batch_.clear();
        rows_ = 0;
        return {};
    }

    std::unique_ptr<storage::Store> store_;
    Batch batch_;
    std::vector<std::uint8_t> row_;
    std::unordered_map<std::uint64_t, std::uint64_t> lane_rows_;
    std::size_t rows_ = 0;
    MessageCounts counts_;
    std::unordered_map<PartyId, Balance> balances_;
    std::unordered_map<PartyId, Refunds::Row> refunds_;
    std::unordered_map<PartyId, SentCounts::Row> sent_;
    MessageId highest_id_ = 0;
};

namespace {

/// What the journal says of messages beyond, or instead of, their rows.
struct Replayed {
    std::unordered_map<MessageId, Message> young;
    Movements movements;  ///< not known to be in the charging records
    Result<void> result;
};

Message* row_of(storage::Store& store, std::unordered_map<MessageId, Message>& young, MessageId id) {
    LoadRequest request;
    request.first = request.last = {0, id};
    const storage::LoadResult found = store.load_now(request);
    Message m;
    if (found.rows.empty() || !read_snapshot(found.value(found.rows.front()), m)) return nullptr;
    return &young.emplace(id, std::move(m)).first->second;
}

storage::LoadResult facts_of(storage::Store& store, Key first, Key last) {
    LoadRequest request;
    request.table = Table::meta;
    request.first = first;
    request.last = last;
    request.limit = UINT32_MAX;
    request.max_bytes = UINT32_MAX;
    return store.load_now(request);
}

/// The fact under `key`, or 0.
std::uint64_t number_of(storage::Store& store, Key key) {
    const storage::LoadResult found = facts_of(store, key, key);
    std::uint64_t number = 0;
    if (!found.rows.empty() && found.rows.front().length == sizeof number)
        std::memcpy(&number, found.value(found.rows.front()).data(), sizeof number);
    return number;
}

Replayed replay(storage::Store& store) {
    Replayed out;
    const std::uint64_t recorded = number_of(store, Charges::written_key);
    bool damaged = false;
    out.result = store.replay([&](std::uint64_t number, ByteView segment) {
        Record record;
        while (next_record(segment, record, damaged)) {
            const auto found = out.young.find(record.id);
            switch (record.type) {
                case RecordType::snapshot: {
                    Message m;
                    if (read_snapshot(record.payload, m)) out.young.insert_or_assign(record.id, std::move(m));
                    break;
                }
                case RecordType::settled:
                case RecordType::done:
                    if (found != out.young.end()) out.young.erase(found);
                    break;
                case RecordType::movement:
                    if (number > recorded) write_movement(out.movements, record.id, record.payload);
                    break;
                default: {
                    Message* m = found != out.young.end() ? &found->second : row_of(store, out.young, record.id);
                    if (m != nullptr) apply_record(record, *m);
                }
            }
        }
    });
    if (out.result && damaged) out.result = fail("a journal is damaged");
    return out;
}

}  // namespace

Deal::Deal(std::vector<std::unique_ptr<storage::Store>> to) {
    for (auto& store : to) fillers_.push_back(std::make_unique<Filler>(std::move(store)));
    const auto put = [this](std::uint32_t shard, Key key, ByteView value) {
        if (auto added = fillers_[shard]->put(Table::receipt, key, value); !added) index_written_ = added;
    };
    index_ = std::make_unique<ReceiptRedeal>(static_cast<std::uint32_t>(fillers_.size()), put);
}
Deal::~Deal() = default;

Deal::Filler& Deal::home(MessageId id) {
    return *fillers_[home_shard(id, static_cast<std::uint32_t>(fillers_.size()))];
}

Result<void> Deal::take(storage::Store& from) {
    Replayed replayed = replay(from);
    if (!replayed.result) return replayed.result;
    if (auto taken = index_->take(from); !taken) return taken;
    if (!index_written_) return index_written_;

    LoadRequest request;
    request.last = {0, UINT64_MAX};
    request.limit = 4096;
    for (;;) {
        const storage::LoadResult found = from.load_now(request);
        for (const storage::LoadedRow& row : found.rows) {
            Message m;
            if (replayed.young.contains(row.key.low) || !read_snapshot(found.value(row), m)) continue;
            if (auto added = home(m.id).add(m); !added) return added;
            ++messages_;
        }
        if (!found.more || found.rows.empty()) break;
        request.first = {0, found.rows.back().key.low + 1};
    }
    for (auto& [id, m] : replayed.young) {
        // Accepted for later, and nothing has been recorded of it since.
        if (m.stage == Stage::queued && m.leg == Leg::forward && m.due_at != WallTime{}) m.stage = Stage::waiting;
        // What is young need not be in the index of any shard.
        if (MessageCounts::is_awaiting(m))
            awaiting_.push_back({{m.receipt_key, id}, m.expires_at + MessageStoreConfig{}.receipt_grace});
        if (auto added = home(id).add(m); !added) return added;
        ++messages_;
    }

    LoadRequest held;
    held.table = Table::held;
    held.last = {UINT64_MAX, UINT64_MAX};
    held.limit = UINT32_MAX;
    held.max_bytes = UINT32_MAX;
    const storage::LoadResult receipts = from.load_now(held);
    for (const storage::LoadedRow& row : receipts.rows)
        if (auto added = fillers_[row.key.high % fillers_.size()]->put(Table::held, row.key, receipts.value(row));
            !added)
            return added;

    for (auto& filler : fillers_) filler->not_before(number_of(from, {0, 1}));
    take_sent_counts(from);
    if (auto taken = take_deliveries(from); !taken) return taken;
    return take_credits(from, replayed.movements);
}

Result<void> Deal::take_credits(storage::Store& from, ByteView movements) {
    if (auto added = fillers_.front()->add(movements); !added) return added;
    const auto owner = [this](std::uint64_t account) -> Filler& {
        return *fillers_[owner_shard(static_cast<PartyId>(account), static_cast<std::uint32_t>(fillers_.size()))];
    };
    const storage::LoadResult balances = facts_of(from, {Charges::balance_tag, 0}, {Charges::balance_tag, UINT64_MAX});
    for (const storage::LoadedRow& row : balances.rows) {
        Balance balance;
        if (!Charges::read_row(balances.value(row), balance)) continue;
        owner(row.key.low).add(static_cast<PartyId>(row.key.low), balance);
    }
    const storage::LoadResult references =
        facts_of(from, {Charges::reference_tag, 0}, {Charges::reference_tag, UINT64_MAX});
    for (const storage::LoadedRow& row : references.rows) {
        if (row.length != sizeof(PartyId)) continue;
        const auto account = wire::read<PartyId>(references.value(row));
        if (auto added = owner(account).put(Table::meta, row.key, references.value(row)); !added) return added;
    }
    return take_refunds(from);
}

/// The account decides where it is; every shard knows who pays where.
Result<void> Deal::take_refunds(storage::Store& from) {
    const storage::LoadResult refunds = facts_of(from, {Refunds::refund_tag, 0}, {Refunds::refund_tag, UINT64_MAX});
    for (const storage::LoadedRow& row : refunds.rows) {
        if (row.length != sizeof(Refunds::Row)) continue;
        const auto account = static_cast<PartyId>(row.key.low);
        const std::uint32_t owner = owner_shard(account, static_cast<std::uint32_t>(fillers_.size()));
        fillers_[owner]->add(account, wire::read<Refunds::Row>(refunds.value(row)));
    }
    const storage::LoadResult payers = facts_of(from, {Refunds::payer_tag, 0}, {Refunds::payer_tag, UINT64_MAX});
    for (const storage::LoadedRow& row : payers.rows)
        for (auto& filler : fillers_)
            if (auto added = filler->put(Table::meta, row.key, payers.value(row)); !added) return added;
    return {};
}

/// All to one shard: each counts its own, and only the sum means something.
void Deal::take_sent_counts(storage::Store& from) {
    const storage::LoadResult sent = facts_of(from, {SentCounts::tag, 0}, {SentCounts::tag, UINT64_MAX});
    for (const storage::LoadedRow& row : sent.rows) {
        SentCounts::Row its;
        if (SentCounts::read_row(sent.value(row), its)) fillers_.front()->add(static_cast<PartyId>(row.key.low), its);
    }
}

/// The first shard keeps them for all.
Result<void> Deal::take_deliveries(storage::Store& from) {
    const storage::LoadResult known = facts_of(from, {DeliveryRows::tag, 0}, {DeliveryRows::tag, UINT64_MAX});
    for (const storage::LoadedRow& row : known.rows)
        if (auto added = fillers_.front()->put(Table::meta, row.key, known.value(row)); !added) return added;
    return {};
}

Result<void> Deal::finish() {
    // Now, because they are newer than what any shard's index has under the same key.
    for (const auto& [entry, until] : awaiting_) index_->add(entry.key, entry.id, until);
    index_->finish();
    if (!index_written_) return index_written_;
    for (auto& filler : fillers_)
        if (auto finished = filler->finish(); !finished) return finished;
    return {};
}

Result<Redealt> redeal(storage::DataDirectory& directory, const storage::Generation& from, std::uint32_t shards,
                       const OpenStore& open) {
    auto next = directory.begin_generation(shards, from.node);
    if (!next) return std::unexpected(next.error());
    std::uint64_t messages = 0;
    {
        std::vector<std::unique_ptr<storage::Store>> to;
        for (std::uint32_t i = 0; i < shards; ++i) {
            auto store = open(next->shard_directory(i));
            if (!store) return std::unexpected(store.error());
            to.push_back(std::move(*store));
        }
        Deal deal(std::move(to));
        for (std::uint32_t i = 0; i < from.shards; ++i) {
            auto store = open(from.shard_directory(i));
            if (!store) return std::unexpected(store.error());
            if (auto taken = deal.take(**store); !taken) return std::unexpected(taken.error());
        }
        if (auto finished = deal.finish(); !finished) return std::unexpected(finished.error());
        messages = deal.messages();
    }
    if (auto finished = directory.finish_generation(*next); !finished) return std::unexpected(finished.error());
    return Redealt{*next, messages};
}

}  // namespace sluice::gateway
