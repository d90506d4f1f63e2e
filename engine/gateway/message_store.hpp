#pragma once

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <queue>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "engine/base/flat_map.hpp"
#include "engine/base/result.hpp"
#include "engine/base/slab.hpp"
#include "engine/base/time.hpp"
#include "engine/gateway/charges.hpp"
#include "engine/gateway/lane.hpp"
#include "engine/gateway/message.hpp"
#include "engine/gateway/message_counts.hpp"
#include "engine/gateway/message_id.hpp"
#include "engine/gateway/record.hpp"
#include "engine/gateway/sent_counts.hpp"
#include "storage/store.hpp"

namespace sluice::gateway {

/// What is to happen once a batch is on disk. Whoever asked gets it back through Callbacks::committed, in order.
struct AfterCommit {
    enum class What : std::uint8_t {
        accepted,  ///< answer the submitter, queue the message
        reported,  ///< answer the provider that sent the receipt, queue the report
        held,      ///< answer the provider: its receipt is kept as row `message` until its message is known
        answered,  ///< answer a query_sm, cancel_sm or replace_sm, or a receipt that changed nothing
        over,      ///< the message's end is recorded: its entry under the key `link` in the receipt index may go
        freed,     ///< credits of the account `message` may be reserved again: `link` of them (Money::micros)
        kept,      ///< the entry of `message` in the receipt index is on disk: its home may settle it
    };
    What what{};
    std::uint8_t shard = 0;      ///< that holds the link
    std::uint32_t command = 0;   ///< command_id of the request to answer; 0: nobody waits
    std::uint32_t sequence = 0;
    std::uint32_t status = 0;
    std::uint64_t link = 0;      ///< packed handle of the session that asked; `over`: a key of the receipt index
    MessageId message = 0;
    Handle self;                 ///< of the message; MessageStore sets it
};

struct MessageStoreConfig {
    std::size_t max_young = 60'000;          ///< messages in memory above which the oldest are settled
    seconds young_age{10};                   ///< a journal segment older than this is emptied by settling
    std::uint64_t max_journal = 256 << 20;   ///< octets written since a segment, above which it is emptied likewise
    std::size_t max_open_journal = 4 << 20;  ///< octets in the open batch above which intake is refused
    /// Rows a lane reads at once, when half as many are left of what it read before; fewer where there are many lanes.
    std::size_t load_rows = 2048;
    seconds receipt_grace{3600};             ///< after validity: how long a receipt may still come
};

/// The messages of one shard, in memory and on disk, and the only code that writes either. See "Young and settled" in
/// docs/architecture.md. Everything here is recorded into the open batch; `end_of_turn` hands that to the Store.
class MessageStore {
public:
    struct Callbacks {
        std::function<void(const AfterCommit&)> committed;
        std::function<void(Lane&)> ready;        ///< the lane has (more) messages that may go
        std::function<void(Message&)> expired;   ///< its validity is over, or its receipt never came; the owner decides
        std::function<void(Message&)> awaiting;  ///< found in the journal: it awaits a receipt, index it
        /// It will be settled soon, and then a start does not find it: make the receipt index keep its entry, and say
        /// `kept`.
        std::function<void(Message&)> keep;
    };

    MessageStore(storage::Store& store, IdSource ids, const MessageStoreConfig& config, Callbacks callbacks);

    /// Rebuilds what is young from the journal and the lanes' counts from `meta`. Before anything else, once.
    Result<void> recover(Now now);

    // ---- a message's life, in order
    /// Takes a new message: gives it an id unless it has one, and records it. Its lane gets it when `committed` comes
    /// (see `enqueue`).
    MessageId accept(Message&& message, const AfterCommit& then, Now now);
    /// After its commit: queued, or waiting when due_at is in the future. Does nothing for what went straight to disk.
    void enqueue(const AfterCommit& then, Now now);
    void sending(Message& m);
    /// The provider has it and a receipt is to come (provider_id and receipt_key are set).
    void sent(Message& m);
    /// It has been put into the receipt index.
    void indexed(Message& m);
    void kept(MessageId id);
    /// A try failed; it waits until due_at (which the caller has set, with attempts and provider).
    void retry(Message& m);
    /// Not sent after all (the link went away, or throttled): back to where it was in its lane.
    void requeue(Message& m);
    /// It moves to another provider's lane (m.provider is set by this).
    void reroute(Message& m, PartyId provider);
    /// What nobody had a claim to is now for this account.
    void readdress(Message& m, PartyId account);
    /// A final state was reached and a receipt is owed (final_state, error, done_at are set).
    void report(Message& m, const AfterCommit& then, Now now);
    /// The same for what is not sent at all any more; no one waits for the commit.
    void report(Message& m, Now now) { report(m, AfterCommit{AfterCommit::What::reported, 0, 0, 0, 0, 0, m.id}, now); }
    /// Nothing is owed any more. `m` is gone.
    void done(Message& m);
    /// replace_sm, or what happened to another part, changed it: recorded anew.
    void replaced(Message& m);
    /// This part has its final state and waits for what becomes of the others (see parts.hpp): recorded anew.
    void part_over(Message& m);

    // ---- its credits
    /// What was put aside for it is spent, or given back, for this state.
    /// It keeps none; nothing happens if it has none.
    void spend(Message& m, smpp::MessageState state) { charges_.settle(m, state, now_.wall); }
    void give_back(Message& m, smpp::MessageState state, std::string_view error) {
        charges_.release(m, state, error, now_.wall);
    }
    /// Books credits for an account, other than for a message. They may be reserved once that is on disk; an
    /// opening balance is the caller's to give at once.
    void credit(PartyId account, Money amount, std::string_view reference, bool opening, Now now);

    // ---- finding
    Message* find(MessageId id);                            ///< in memory
    Message* find(Handle handle) { return young_.find(handle); }
    /// Reads a message that is only on disk into memory; then calls `then` with it, or null if it does not exist.
    void fetch(MessageId id, std::function<void(Message*)> then);
    /// Forgets in memory what was fetched only to be looked at.
    void let_go(Message& m);
    Lane& lane(PartyId destination, std::uint8_t priority) { return lane_with(lane_key(destination, priority)); }

    // ---- other rows
    void put_row(storage::Table table, storage::Key key, ByteView value) { open_.put(table, key, value); }
    void erase_row(storage::Table table, storage::Key key) { open_.erase(table, key); }
    void load(storage::LoadRequest request, std::function<void(const storage::LoadResult&)> then);
    void after_commit(const AfterCommit& then) { open_waiters_.push_back(then); }

    // ---- driven by the shard
    /// Takes what the store has completed. Returns whether there was anything.
    bool poll(Now now);
    /// Timers: due retries, expiries, settling.
    void tick(Now now);
    /// Reads on in a lane that has room in memory and rows on disk.
    void load_more(Lane& lane);
    /// Hands the open batch over if none is under way.
    void end_of_turn();
    bool idle() const { return in_flight_ == 0 && open_.empty() && !charges_.changed(); }

    // ---- facts
    /// Intake must be refused for now (ESME_RMSGQFUL): the disk does not follow.
    bool full() const { return open_.journal.size() > config_.max_open_journal; }
    /// Octets of rows in the open batch.
    std::size_t open_values() const { return open_.values.size(); }
    std::size_t in_memory() const { return young_.size(); }
    const MessageCounts& counts() const { return counts_; }
    const Charges& charges() const { return charges_; }
    SentCounts& sent_counts() { return sent_counts_; }
    /// Before `recover`.
    void record_charges(ChargingRecords* records, std::uint32_t shard) { charges_.record_to(records, shard); }
    std::size_t journal_segments() const { return segments_.size(); }
    storage::Store& store() const { return store_; }
    template <class Visit>
    void for_each_lane(Visit&& visit) { for (auto& lane : lanes_) visit(*lane); }
    template <class Visit>
    void for_each_in_memory(Visit&& visit) { young_.for_each([&](Handle, Message& m) { visit(m); }); }
    IdSource& ids() { return ids_; }
    /// From now on; what is beyond a smaller bound leaves memory in the turns to come.
    void configure(const MessageStoreConfig& config) { config_ = config; }

private:
    struct Segment {
        std::uint64_t number = 0;
        MonoTime born{};
        std::uint64_t behind = 0;  ///< octets written before it, of `written_`
        std::size_t live = 0;
        Message* first = nullptr;
    };
    struct Due {
        WallTime at;
        MessageId id;
        bool operator>(const Due& other) const { return at != other.at ? at > other.at : id > other.id; }
    };

    Message& place(Message&& message);
    void forget(Message& m);
    void pin(Message& m);
    void unpin(Message& m);
    Segment& segment(std::uint64_t number);
    Lane& lane_with(std::uint64_t key) {
        // What a turn does with messages it does with many of one lane in a row.
        Lane*& lane = lately_[(key ^ key >> 9) % lately_.size()];
        if (lane == nullptr || lane->key() != key) [[unlikely]] lane = &find_lane(key);
        return *lane;
    }
    Lane& find_lane(std::uint64_t key);
    Lane& lane_of(const Message& m) { return lane(m.destination(), m.priority); }
    void leave_lane(Message& m);
    void erase_lane_row(Message& m);
    void erase_time_row(Message& m);
    void put_time_row(Message& m);
    void put_message_row(const Message& m);
    void put_lane_row(Message& m);
    void settle(Message& m);
    bool crowded() const;
    void settle_old(Now now);
    void ask_to_keep(Message& m);
    void ask_ahead(Now now, std::uint64_t before);
    void watch(const Message& m);
    void lane_changed(Lane& lane);
    std::size_t rows_at_once() const;
    void loaded_lane(Lane& lane, const storage::LoadResult& result, std::uint64_t first);
    void loaded_times(const storage::LoadResult& result, Now now);
    void came_due(Message& m, Now now);
    void stale_for_loads(MessageId id);
    bool is_stale(MessageId id, const storage::LoadResult& result) const;
    Message* adopt_row(MessageId id, ByteView value);
    void release_segments();

    storage::Store& store_;
    IdSource ids_;
    MessageStoreConfig config_;
    Callbacks callbacks_;
    Slab<Message> young_;
    FlatMap by_id_;
    MessageCounts counts_;
    Charges charges_;
    SentCounts sent_counts_;
    std::deque<Segment> segments_;
    std::uint64_t written_ = 0;  ///< octets of all batches since the start
    std::vector<std::unique_ptr<Lane>> lanes_;
    FlatMap lane_places_;  ///< in lanes_, by key
    std::array<Lane*, 64> lately_{};  ///< by priority and the destination's lowest bits
    std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
    storage::Batch open_;
    std::vector<AfterCommit> open_waiters_;
    std::deque<std::vector<AfterCommit>> waiters_;  ///< of the batches in flight, oldest first
    std::vector<std::vector<AfterCommit>> spare_waiters_;
    std::vector<storage::Batch> spare_batches_;
    struct Loading {
        std::function<void(const storage::LoadResult&)> then;
        bool messages = false;
    };
    std::unordered_map<std::uint64_t, Loading> loads_;
    /// Messages changed while loads were under way, and the tag from which on loads have seen the change.
    std::unordered_map<MessageId, std::uint64_t> stale_;
    std::unordered_set<Lane*> changed_lanes_;
    std::size_t message_loads_ = 0;        ///< of `loads_`, those of messages
    std::uint64_t asked_before_ = 0;       ///< the index was asked to keep what awaits in segments below this
    bool settling_waits_ = false;          ///< for commits, or for the index to keep something
    std::uint64_t next_tag_ = 1;
    std::size_t in_flight_ = 0;
    MessageId highest_id_ = 0;
    MessageId ids_reserved_ = 0;  ///< in Table::meta: a start gives greater ones
    bool times_loading_ = false;
    Now now_{};
    WallTime times_at_{};
};

}  // namespace sluice::gateway
