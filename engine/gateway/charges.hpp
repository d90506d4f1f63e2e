#pragma once

#include <deque>
#include <string_view>
#include <vector>

#include "engine/base/flat_map.hpp"
#include "engine/base/money.hpp"
#include "engine/gateway/movement.hpp"
#include "storage/store.hpp"

namespace sluice::gateway {

/// What one shard has of an account's credits. An account's balance is the sum over all shards; of one shard alone it
/// may be below zero, since credits booked here pay for messages there.
struct Balance {
    Money credited;       ///< opening balance, top-ups, corrections
    Money reserved;       ///< put aside for messages of this shard
    Money spent;
    bool opened = false;  ///< the opening balance is in `credited`

    Money available() const { return credited - reserved - spent; }
};

/// The shard that books an account's top-ups.
constexpr std::uint32_t owner_shard(PartyId account, std::uint32_t shards) { return (account >> 1) % shards; }

/// The credits of one shard, exact over any restart: the row of an account is written by the batch that changes a
/// message, so a crash leaves both or neither. Only what is on disk is ever given back to be reserved again.
///
/// Movements go into the journal with their batch, and after its commit to the charging records. Their segments are
/// kept until those have written them; a start hands over again what may be missing. What is not written for long goes
/// into the journal again with a new batch, so that no segment is kept for ever.
class Charges {
public:
    /// Without `records` none are made.
    void record_to(ChargingRecords* records, std::uint32_t shard) {
        records_ = records;
        shard_ = shard;
    }

    // ---- recorded into the open batch
    /// `m.charge` is put aside for a new message, which has its id.
    void reserve(const Message& m, WallTime now);
    /// `m.charge` is spent, or given back; the message has none any more. Nothing happens where it has none.
    void settle(Message& m, smpp::MessageState state, WallTime now);
    void release(Message& m, smpp::MessageState state, std::string_view error, WallTime now);
    /// `id` names the movement.
    void credit(PartyId account, Money amount, MessageId id, std::string_view reference, bool opening, WallTime now);

    // ---- called by MessageStore
    bool changed() const { return !changed_.empty() || !open_.empty() || note_written_ || carry_; }
    /// Writes what has changed; calls free(account, amount) for each account that
    /// has something to spend once the batch is on disk.
    template <class Free>
    void write(storage::Batch& batch, Free&& free) {
        write_rows(batch);
        for (const std::uint32_t place : freed_) {
            free(places_[place].account, places_[place].freed);
            places_[place].freed = {};
        }
        freed_.clear();
    }
    void committed(std::uint64_t batch);
    /// Hands over what has found no room before, and looks what has been written. Once a turn.
    void work(MonoTime now);
    /// The first journal segment that is needed here, if that is before `otherwise`.
    std::uint64_t needed_from(std::uint64_t otherwise) const;

    // ---- at the start
    /// One row of Table::meta; false if it is not of ours.
    bool restore(storage::Key key, ByteView value);
    /// A movement in the journal; `batch` never goes back.
    void replayed(std::uint64_t batch, MessageId id, ByteView payload);

    // ---- facts
    Balance of(PartyId account) const;
    /// visit(account, balance)
    template <class Visit>
    void for_each(Visit&& visit) const {
        for (const Place& place : places_) visit(place.account, place.balance);
    }
    /// Nothing is left for the charging records, and it is on disk how far they are.
    bool quiet() const { return unwritten_.empty() && written_now_ == written_; }
    /// The charging records do not follow: nothing that is to be charged may be taken in.
    bool crowded() const { return unwritten_octets_ > most_waiting; }

    /// In Table::meta: (balance_tag, account), and (0, 2) for the journal segment up to which records are written.
    static constexpr std::uint64_t balance_tag = 4;
    static constexpr storage::Key written_key{0, 2};
    /// (reference_tag, hash of account and reference) -> account: top-ups that were booked under a reference.
    static constexpr std::uint64_t reference_tag = 5;
    /// As a row has it, for those who read rows themselves.
    static bool read_row(ByteView value, Balance& balance);
    static void put_row(storage::Batch& batch, PartyId account, const Balance& balance);

private:
    struct Place {
        PartyId account = 0;
        bool changed = false;
        Balance balance;
        Money freed;  ///< by the open batch
    };
    /// Of a batch that was submitted, until they are written.
    struct Unwritten {
        std::uint64_t batch = 0;     ///< as the charging records know it
        std::uint64_t segment = 0;   ///< of the journal that has them, lately
        MonoTime since{};            ///< when they came there
        Movements movements;
    };
    static constexpr std::size_t most_waiting = 8u << 20;

    Place& place(PartyId account);
    Place& change(PartyId account);
    void free(Place& place, Money amount);
    void move(Movement movement, std::string_view text);
    void move(Movement::Kind kind, const Message& m, smpp::MessageState state, std::string_view error, WallTime now);
    void write_rows(storage::Batch& batch);
    void hand_over();

    ChargingRecords* records_ = nullptr;
    std::uint32_t shard_ = 0;
    std::vector<Place> places_;
    FlatMap by_account_;                    ///< in places_, by account + 1
    std::vector<std::uint32_t> changed_;    ///< in places_: by the open batch
    std::vector<std::uint32_t> freed_;      ///< likewise
    Movements open_;                        ///< of the open batch
    std::deque<Unwritten> unwritten_;       ///< oldest first; those before `handed_` are with the charging records
    std::size_t handed_ = 0;
    std::size_t unwritten_octets_ = 0;
    std::uint64_t committed_ = 0;           ///< batches up to this one are on disk
    bool carry_ = false;                    ///< the next batch takes along what is not written
    std::uint64_t written_ = 0;             ///< segments up to this one are, as the row says it
    std::uint64_t written_now_ = 0;         ///< as it is
    bool note_written_ = false;             ///< it is time to say so in the row
    MonoTime noted_at_{}, now_{};
};

}  // namespace sluice::gateway
