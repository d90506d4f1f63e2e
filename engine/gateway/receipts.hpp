#pragma once

#include <deque>
#include <unordered_map>

#include "codecs/smpp/pdu.hpp"
#include "engine/base/flat_map.hpp"
#include "engine/gateway/core.hpp"

namespace sluice::gateway {

/// Brings receipts home. The index from a provider's message_id to ours is dealt over the shards by hash, whichever
/// link and shard a receipt comes in on: link's shard -> index's shard -> message's home, where it is recorded; then
/// the provider is answered. Receipts that find nothing are kept on disk for a while: their submit_sm_resp may follow.
class Receipts {
public:
    explicit Receipts(Core& core) : core_(core) {}

    /// Reads back what was held. After the messages have been recovered.
    void recover();

    /// A deliver_sm or data_sm from a provider. False if it is no receipt (and nothing was done).
    bool take(const Party& provider, const smpp::DeliverSm& pdu, const wire::ReplyTo& reply);

    /// The provider has taken `m` and given it m.provider_id: receipts for it can be matched from now on.
    void index(const Message& m);
    /// No receipt will be waited for any more.
    void forget(const Message& m);
    /// A held receipt that was given to its message is recorded there: `serial` is its reply's sequence.
    void release(std::uint32_t serial);
    void tick();

    std::size_t held() const { return held_.size(); }

    // ---- between shards
    void on_index(const wire::IndexNote& note);
    void on_receipt(wire::ReceiptNote note);
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

    std::uint32_t shard_of(std::uint64_t key) const { return static_cast<std::uint32_t>(key % core_.shards); }
    void route(const wire::ReceiptNote& note);
    void hold(const wire::ReceiptNote& note);
    void learn(PartyId provider, std::uint8_t reading);
    wire::ReplyTo give(storage::Key row);
    void apply(Message* m, const wire::ReceiptNote& note);

    Core& core_;
    FlatMap index_;
    std::unordered_multimap<std::uint64_t, Held> held_;
    std::unordered_map<std::uint32_t, storage::Key> given_;  ///< rows of held receipts on the way to their message
    std::uint32_t next_given_ = 1;
    std::deque<Until> held_until_;
    std::deque<std::uint64_t> quarantine_;  ///< rows, oldest first
    std::unordered_map<PartyId, Habit> habits_;
};

}  // namespace sluice::gateway
