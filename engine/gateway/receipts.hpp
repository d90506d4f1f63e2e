#pragma once

#include <deque>
#include <unordered_map>

#include "codecs/smpp/pdu.hpp"
#include "engine/gateway/core.hpp"
#include "engine/gateway/early_receipts.hpp"
#include "engine/gateway/receipt_index.hpp"

namespace sluice::gateway {

/// Brings receipts home. The index from a provider's message_id to ours is dealt over the shards by hash, whichever
/// link and shard a receipt comes in on: link's shard -> index's shard -> message's home, where it is recorded; then
/// the provider is answered. Receipts that find nothing wait for a moment in memory, then for a while on disk: their
/// submit_sm_resp may follow.
class Receipts {
public:
    Receipts(Core& core, MessageStore& messages) : core_(core), index_(messages, {}) {}

    /// Reads back the index. Before the messages, the youngest of which announce themselves.
    Result<void> recover();
    /// Reads back what was held. After the messages.
    void recover_held();
    /// The limits of the present configuration.
    void configure();

    /// A deliver_sm or data_sm from a provider. False if it is no receipt (and nothing was done).
    bool take(const Party& provider, const smpp::DeliverSm& pdu, const wire::ReplyTo& reply);

    /// What the index knows a message by to which `provider` has given `provider_id`.
    std::uint64_t key_of(PartyId provider, std::string_view provider_id);
    /// The provider has taken `m` (m.receipt_key is set): receipts for it can be matched from now on.
    void index(const Message& m) { tell_index(m, wire::IndexNote::Kind::put); }
    /// The index is to answer `kept` once the entry is on disk.
    void keep(const Message& m) { tell_index(m, wire::IndexNote::Kind::keep); }
    /// The message's end is on disk: no receipt is waited for any more.
    void over(std::uint64_t key, MessageId id);
    /// The entry of `id` in this shard's index is on disk, or needs not be.
    void kept(MessageId id);
    /// At the end of a turn.
    void work() { index_.work(core_.now().wall); }
    /// A held receipt that was given to its message is recorded there: `serial` is its reply's sequence.
    void release(std::uint32_t serial);
    /// It is on disk what was held as `row`: its provider is being answered.
    void held_committed(std::uint64_t row);
    void tick();

    std::size_t held() const { return held_.size(); }
    std::size_t quarantined() const { return quarantine_.size(); }
    /// A receipt that has not found its message (yet).
    struct Unmatched {
        wire::ReceiptNote note;
        WallTime since{};
        bool quarantined = false;  ///< it is kept to be looked at, and not matched any more
    };
    /// Up to `limit` of those that are held and the newest `limit` of those in quarantine; `then` is called later.
    void list(std::size_t limit, std::function<void(std::vector<Unmatched>)> then);
    /// What a ReceiptNote's `reading` means, for people.
    static std::string_view reading_text(std::uint8_t reading);
    const ReceiptIndex& receipt_index() const { return index_; }

    // ---- between shards
    void on_index(const wire::IndexNote& note);
    /// `note` is for it to change.
    void on_receipt(wire::ReceiptNote& note);
    void on_matched(const wire::ReceiptNote& note);
    void on_habit(const wire::HabitNote& note);

private:
    struct Held {
        std::uint64_t row = 0;
        wire::ReceiptNote note;
    };
    struct Until {
        MonoTime at{};
        std::uint64_t key = 0;
        std::uint64_t row = 0;
    };
    /// What has been seen of how a provider writes its ids (interop R1).
    struct Habit {
        std::uint64_t plain = 0;  ///< receipts whose id read like the one in the response
        std::uint8_t other = 0;   ///< the other reading that has matched; 0: none
    };

    Habit& habit_of(PartyId provider) {
        if (lately_ == nullptr || lately_->first != provider) [[unlikely]]
            lately_ = &*habits_.try_emplace(provider).first;
        return lately_->second;
    }
    std::uint32_t shard_of(std::uint64_t key) const { return static_cast<std::uint32_t>(key % core_.shards); }
    void tell_index(const Message& m, wire::IndexNote::Kind kind);
    void tell_index(const wire::IndexNote& note);
    void route(wire::ReceiptNote& note);
    void matched(wire::ReceiptNote& note, MessageId id);
    void unmatched(wire::ReceiptNote& note);
    void wait_a_moment(const wire::ReceiptNote& note);
    void expire_early();
    void hold(const wire::ReceiptNote& note);
    /// Tells the history, which has no message for it yet, what its provider is answered.
    void note_answer(const wire::ReceiptNote& note, smpp::CommandStatus status);
    void learn(PartyId provider, std::uint8_t reading);
    void give_held(std::uint64_t key);
    wire::ReplyTo give(storage::Key row);
    void apply(Message* m, const wire::ReceiptNote& note, bool fires = true);
    void ask_triggers(const Message& m, const wire::ReceiptNote& note);

    Core& core_;
    ReceiptIndex index_;
    EarlyReceipts early_;
    bool early_timer_ = false;  ///< it is armed
    std::unordered_multimap<std::uint64_t, Held> held_;
    std::unordered_map<std::uint32_t, storage::Key> given_;  ///< rows of held receipts on the way to their message
    std::uint32_t next_given_ = 1;
    std::deque<Until> held_until_;
    std::deque<Held> to_answer_;  ///< once they are on disk; while the history keeps PDUs
    std::deque<std::uint64_t> quarantine_;  ///< rows, oldest first
    std::unordered_map<PartyId, Habit> habits_;
    /// In `habits_`: mostly the next receipt is of the same provider.
    std::pair<const PartyId, Habit>* lately_ = nullptr;
};

}  // namespace sluice::gateway
