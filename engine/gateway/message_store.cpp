#include "engine/gateway/message_store.hpp"

#include <algorithm>
#include <utility>

// A message's life: what is recorded when. Reading back from disk is in message_store_load.cpp.
namespace sluice::gateway {

using storage::Key;
using storage::Table;

namespace {
constexpr std::size_t settle_per_turn = 512;
constexpr std::uint64_t segments_asked_ahead = 64;
constexpr MessageId ids_reserved_ahead = MessageId{1} << 32;  // a second of them: one row in a second's batches says so
}

MessageStore::MessageStore(storage::Store& store, IdSource ids, const MessageStoreConfig& config, Callbacks callbacks)
    : store_(store), ids_(std::move(ids)), config_(config), callbacks_(std::move(callbacks)) {}

Lane& MessageStore::find_lane(std::uint64_t key) {
    if (const std::uint64_t* place = lane_places_.find(key)) return *lanes_[*place];
    lane_places_.put(key, lanes_.size());
    return *lanes_.emplace_back(std::make_unique<Lane>(key));
}

Message* MessageStore::find(MessageId id) {
    const std::uint64_t* packed = by_id_.find(id);
    return packed != nullptr ? young_.find(Handle::unpack(*packed)) : nullptr;
}

Message& MessageStore::place(Message&& message) {
    const Handle handle = young_.emplace(std::move(message));
    Message& m = young_.at(handle);
    m.self = handle;
    by_id_.put(m.id, handle.packed());
    return m;
}

void MessageStore::forget(Message& m) {
    unpin(m);
    by_id_.erase(m.id);
    young_.erase(m.self);
}

// ---- journal segments

MessageStore::Segment& MessageStore::segment(std::uint64_t number) {
    SLUICE_CHECK(!segments_.empty() && number >= segments_.front().number && number <= segments_.back().number);
    return segments_[number - segments_.front().number];
}

void MessageStore::pin(Message& m) {
    if (m.segment != 0) return;
    const std::uint64_t number = store_.next_batch();
    // The open batch is the one after those already submitted; its number is the store's next.
    while (segments_.empty() || segments_.back().number < number)
        segments_.push_back({segments_.empty() ? number : segments_.back().number + 1, now_.mono, written_});
    Segment& s = segment(number);
    m.segment = number;
    m.segment_prev = nullptr;
    m.segment_next = s.first;
    if (s.first != nullptr) s.first->segment_prev = &m;
    s.first = &m;
    ++s.live;
}

void MessageStore::unpin(Message& m) {
    if (m.segment == 0) return;
    Segment& s = segment(m.segment);
    (m.segment_prev != nullptr ? m.segment_prev->segment_next : s.first) = m.segment_next;
    if (m.segment_next != nullptr) m.segment_next->segment_prev = m.segment_prev;
    m.segment_prev = m.segment_next = nullptr;
    m.segment = 0;
    --s.live;
}

void MessageStore::release_segments() {
    const std::uint64_t oldest_in_flight = store_.next_batch() - in_flight_;
    while (!segments_.empty() && segments_.front().live == 0 && segments_.front().number < oldest_in_flight)
        segments_.pop_front();
    open_.release_before = charges_.needed_from(segments_.empty() ? oldest_in_flight : segments_.front().number);
}

// ---- rows

void MessageStore::lane_changed(Lane& lane) { changed_lanes_.insert(&lane); }

void MessageStore::stale_for_loads(MessageId id) {
    if (message_loads_ > 0) stale_[id] = next_tag_;
}

void MessageStore::put_message_row(const Message& m) {
    const std::size_t at = open_.values.size();
    encode_row(open_.values, m);
    open_.ops.push_back({storage::TableOp::Kind::put, Table::message, Key{0, m.id}, static_cast<std::uint32_t>(at),
                         static_cast<std::uint32_t>(open_.values.size() - at)});
}

void MessageStore::put_lane_row(Message& m) {
    Lane& lane = lane_of(m);
    m.lane_row = lane.key();
    open_.put(Table::queue, {m.lane_row, m.position}, {reinterpret_cast<const std::uint8_t*>(&m.id), sizeof m.id});
    lane.row_added();
    lane_changed(lane);
}

void MessageStore::put_time_row(Message& m) {
    const WallTime when = m.stage == Stage::waiting    ? m.due_at
                          : m.stage == Stage::awaiting ? m.expires_at + config_.receipt_grace
                                                       : m.expires_at;
    m.time_row = time_key(when);
    open_.put(Table::queue, {m.time_row, m.id}, {reinterpret_cast<const std::uint8_t*>(&m.id), sizeof m.id});
}

void MessageStore::erase_lane_row(Message& m) {
    if (m.lane_row == 0) return;
    open_.erase(Table::queue, {m.lane_row, m.position});
    Lane& lane = lane_with(m.lane_row);
    lane.row_erased();
    lane_changed(lane);
    m.lane_row = 0;
    stale_for_loads(m.id);
}

void MessageStore::erase_time_row(Message& m) {
    if (m.time_row == 0) return;
    open_.erase(Table::queue, {m.time_row, m.id});
    m.time_row = 0;
    stale_for_loads(m.id);
}

// ---- life

MessageId MessageStore::accept(Message&& message, const AfterCommit& then, Now now) {
    if (message.id == 0) message.id = ids_.next(now.wall);
    highest_id_ = std::max(highest_id_, message.id);
    if (message.shown_id == 0) message.shown_id = message.id;
    message.position = message.id;
    message.stage = Stage::committing;
    AfterCommit& waiter = open_waiters_.emplace_back(then);
    waiter.message = message.id;
    if (message.charge != Money{}) charges_.reserve(message, now.wall);

    Lane& lane = lane_of(message);
    if (lane.backlogged() && message.due_at <= now.wall) {
        // Those before it are on disk already: it joins them there, and needs neither memory nor a journal record.
        message.stage = Stage::queued;
        message.has_row = true;
        put_lane_row(message);
        put_time_row(message);
        put_message_row(message);
        counts_.entered(message);
        lane.unload(message.position);
        callbacks_.ready(lane);
        return message.id;
    }
    Message& m = place(std::move(message));
    waiter.self = m.self;
    write_snapshot(open_.journal, m);
    pin(m);
    counts_.entered(m);
    return m.id;
}

void MessageStore::enqueue(const AfterCommit& then, Now now) {
    Message* m = find(then.self);
    if (m == nullptr || m->stage != Stage::committing) return;  // went straight to disk, or was cancelled meanwhile
    if (m->leg == Leg::forward && m->due_at > now.wall) {
        m->stage = Stage::waiting;
        watch(*m);
        return;
    }
    m->stage = Stage::queued;
    watch(*m);
    Lane& lane = lane_of(*m);
    lane.insert(*m);
    callbacks_.ready(lane);
}

void MessageStore::watch(const Message& m) {
    // Settled messages have a row that says when to look at them; only what may come due before that is watched here.
    if (m.stage == Stage::waiting) due_.push({m.due_at, m.id});
    else if (m.expires_at < now_.wall + 4 * config_.young_age) due_.push({m.expires_at, m.id});
}

void MessageStore::leave_lane(Message& m) {
    if (m.stage == Stage::queued) lane_of(m).remove(m);
}

void MessageStore::sending(Message& m) {
    leave_lane(m);
    m.stage = Stage::sending;
}

void MessageStore::sent(Message& m) {
    leave_lane(m);
    erase_lane_row(m);
    m.stage = Stage::awaiting;
    m.kept = m.keep_asked = false;
    counts_.awaits(m);
    write_sent(open_.journal, m);
    pin(m);
}

void MessageStore::indexed(Message& m) {
    if (m.segment < asked_before_) ask_to_keep(m);
}

void MessageStore::kept(MessageId id) {
    Message* m = find(id);
    if (m == nullptr || m->stage != Stage::awaiting) return;
    m->kept = true;
    settling_waits_ = false;
}

void MessageStore::retry(Message& m) {
    leave_lane(m);
    erase_lane_row(m);
    m.stage = Stage::waiting;
    write_retry(open_.journal, m);
    pin(m);
    watch(m);
}

void MessageStore::requeue(Message& m) {
    SLUICE_CHECK(m.stage == Stage::sending);
    m.stage = Stage::queued;
    Lane& lane = lane_of(m);
    lane.insert(m);
    callbacks_.ready(lane);
}

void MessageStore::reroute(Message& m, PartyId provider) {
    leave_lane(m);
    erase_lane_row(m);
    m.provider = provider;
    m.stage = Stage::queued;
    m.due_at = {};
    write_retry(open_.journal, m);
    pin(m);
    Lane& lane = lane_of(m);
    lane.insert(m);
    callbacks_.ready(lane);
}

void MessageStore::readdress(Message& m, PartyId account) {
    SLUICE_CHECK(m.stage == Stage::queued && m.kind == Kind::originated);
    leave_lane(m);
    erase_lane_row(m);
    m.account = account;
    write_snapshot(open_.journal, m);
    pin(m);
    Lane& lane = lane_of(m);
    lane.insert(m);
    callbacks_.ready(lane);
}

void MessageStore::report(Message& m, const AfterCommit& then, Now now) {
    counts_.left(m);
    leave_lane(m);
    erase_lane_row(m);
    m.leg = Leg::report;
    m.stage = Stage::committing;
    m.attempts = 0;
    m.due_at = {};
    m.position = ids_.next(now.wall);
    highest_id_ = m.position;
    write_report(open_.journal, m);
    pin(m);
    AfterCommit& waiter = open_waiters_.emplace_back(then);
    waiter.message = m.id;
    waiter.self = m.self;
}

void MessageStore::done(Message& m) {
    counts_.left(m);
    leave_lane(m);
    erase_lane_row(m);
    erase_time_row(m);
    if (m.has_row) {
        open_.erase(Table::message, {0, m.id});
        stale_for_loads(m.id);
    }
    if (m.segment != 0) write_done(open_.journal, m.id);
    forget(m);
}

void MessageStore::replaced(Message& m) {
    write_snapshot(open_.journal, m);
    pin(m);
}

void MessageStore::part_over(Message& m) {
    leave_lane(m);
    erase_lane_row(m);
    m.part_over = true;
    if (m.stage != Stage::awaiting) {
        m.stage = Stage::awaiting;
        counts_.awaits(m);
    }
    m.provider_id.clear();
    write_snapshot(open_.journal, m);
    pin(m);
}

void MessageStore::let_go(Message& m) {
    if (!m.has_row || m.segment != 0 || (m.stage != Stage::queued && m.stage != Stage::awaiting)) return;
    if (m.stage == Stage::queued) {
        Lane& lane = lane_of(m);
        lane.remove(m);
        lane.unload(m.position);
    }
    forget(m);
}

void MessageStore::credit(PartyId account, Money amount, std::string_view reference, bool opening, Now now) {
    highest_id_ = ids_.next(now.wall);
    charges_.credit(account, amount, highest_id_, reference, opening, now.wall);
}

// ---- settling

void MessageStore::settle(Message& m) {
    const bool stays = m.stage == Stage::sending;
    if ((m.stage == Stage::queued || stays) && m.lane_row == 0) put_lane_row(m);
    erase_time_row(m);
    put_time_row(m);
    put_message_row(m);
    write_settled(open_.journal, m.id);
    if (!m.has_row) counts_.row_entered(m);
    m.has_row = true;
    unpin(m);
    if (stays) return;
    if (m.stage == Stage::queued) {
        Lane& lane = lane_of(m);
        lane.remove(m);
        lane.unload(m.position);
    }
    forget(m);
}

void MessageStore::ask_to_keep(Message& m) {
    if (m.stage != Stage::awaiting || m.part_over || m.kept || m.keep_asked) return;
    m.keep_asked = true;
    callbacks_.keep(m);
}

/// So early that the index has answered by the time the segment is emptied.
void MessageStore::ask_ahead(Now now, std::uint64_t before) {
    const bool hurry = crowded();
    asked_before_ = std::max(asked_before_, segments_.front().number);
    before = std::min(before, segments_.back().number + 1);
    if (hurry) before = std::min(before, segments_.front().number + segments_asked_ahead);
    for (std::size_t n = 0; n < settle_per_turn && asked_before_ < before; ++asked_before_) {
        const Segment& next = segment(asked_before_);
        if (!hurry && now.mono - next.born < config_.young_age / 2) return;
        for (Message* m = next.first; m != nullptr; m = m->segment_next, ++n) ask_to_keep(*m);
    }
}

/// There is more in memory, or in the journal for a start to read, than there should be.
bool MessageStore::crowded() const {
    return young_.size() > config_.max_young ||
           (!segments_.empty() && written_ - segments_.front().behind > config_.max_journal);
}

void MessageStore::settle_old(Now now) {
    const std::uint64_t oldest_in_flight = store_.next_batch() - in_flight_;
    if (!segments_.empty()) ask_ahead(now, oldest_in_flight);
    for (std::size_t n = 0; n < settle_per_turn && !segments_.empty() && !settling_waits_;) {
        Segment& oldest = segments_.front();
        if (oldest.number >= oldest_in_flight) return;
        if (oldest.live == 0) {
            segments_.pop_front();
            continue;
        }
        if (!crowded() && now.mono - oldest.born < config_.young_age) return;
        Message* m = oldest.first;
        for (Message* next = nullptr; m != nullptr && n < settle_per_turn; m = next, ++n) {
            next = m->segment_next;
            ask_to_keep(*m);
            // For its report, in a batch under way; for its first part to be read; for the index.
            const bool waits = m->stage == Stage::committing ||
                               (m->stage == Stage::awaiting && (m->part_over ? m->part != 1 : !m->kept));
            if (!waits) settle(*m);
        }
        settling_waits_ = m == nullptr && oldest.live > 0;
    }
}

void MessageStore::came_due(Message& m, Now now) {
    if (m.stage == Stage::waiting && m.due_at <= now.wall && m.expires_at > now.wall) {
        m.stage = Stage::queued;
        if (m.has_row && m.segment == 0) {  // what the disk says must find it in its lane after a crash
            erase_time_row(m);
            put_lane_row(m);
            put_time_row(m);
            put_message_row(m);
        }
        watch(m);
        Lane& lane = lane_of(m);
        lane.insert(m);
        callbacks_.ready(lane);
    } else if (m.stage == Stage::awaiting
                   ? m.expires_at + config_.receipt_grace <= now.wall
                   : m.expires_at <= now.wall && (m.stage == Stage::queued || m.stage == Stage::waiting)) {
        callbacks_.expired(m);
    }
}

void MessageStore::tick(Now now) {
    now_ = now;
    while (!due_.empty() && due_.top().at <= now.wall) {
        const Due due = due_.top();
        due_.pop();
        if (Message* m = find(due.id)) came_due(*m, now);
    }
    if (!times_loading_ && now.wall >= times_at_) {
        times_at_ = now.wall + seconds(1);
        times_loading_ = true;
        storage::LoadRequest request;
        request.table = Table::queue;
        request.first = {time_tag << 56, 0};
        request.last = {time_key(std::chrono::floor<seconds>(now.wall)), UINT64_MAX};
        request.limit = static_cast<std::uint32_t>(config_.load_rows);
        request.follow = true;
        load(request, [this](const storage::LoadResult& result) {
            times_loading_ = false;
            loaded_times(result, now_);
        });
    }
    settle_old(now);
}

// ---- batches

void MessageStore::end_of_turn() {
    if (in_flight_ > 0) return;
    charges_.work(now_.mono);
    if (open_.empty() && open_waiters_.empty() && !charges_.changed()) {
        if (segments_.size() > 1 && segments_.front().live == 0) release_segments();
        return;
    }
    if (highest_id_ > ids_reserved_) {
        ids_reserved_ = highest_id_ + ids_reserved_ahead;
        open_.put(Table::meta, {0, 1}, {reinterpret_cast<const std::uint8_t*>(&ids_reserved_), sizeof ids_reserved_});
    }
    for (Lane* lane : changed_lanes_) {
        const std::uint64_t rows = lane->rows();
        if (rows == 0) open_.erase(Table::meta, {1, lane->key()});
        else open_.put(Table::meta, {1, lane->key()}, {reinterpret_cast<const std::uint8_t*>(&rows), sizeof rows});
    }
    changed_lanes_.clear();
    counts_.write_changes(open_);
    sent_counts_.write_changes(open_);
    release_segments();
    open_.number = store_.next_batch();
    charges_.write(open_, [this](PartyId account, Money amount) {
        open_waiters_.push_back(
            {AfterCommit::What::freed, 0, 0, 0, 0, static_cast<std::uint64_t>(amount.micros), account});
    });
    waiters_.push_back(std::move(open_waiters_));
    if (!spare_waiters_.empty()) {
        open_waiters_ = std::move(spare_waiters_.back());
        spare_waiters_.pop_back();
    } else {
        open_waiters_ = {};
    }
    ++in_flight_;
    written_ += open_.octets();
    store_.submit(std::move(open_));
    if (spare_batches_.empty()) {
        open_ = {};
    } else {
        open_ = std::move(spare_batches_.back());
        spare_batches_.pop_back();
    }
}

bool MessageStore::poll(Now now) {
    now_ = now;
    bool any = false;
    storage::Completion completion;
    while (in_flight_ > 0 && store_.poll(completion)) {
        any = true;
        --in_flight_;
        settling_waits_ = false;
        std::vector<AfterCommit> waiters = std::move(waiters_.front());
        waiters_.pop_front();
        // At the end of them: whoever has waited for this batch finds them given back.
        for (; !waiters.empty() && waiters.back().what == AfterCommit::What::freed; waiters.pop_back())
            callbacks_.committed(waiters.back());
        for (const storage::LoadResult& result : completion.loads) {
            const auto found = loads_.find(result.tag);
            SLUICE_CHECK(found != loads_.end());
            const Loading loading = std::move(found->second);
            loads_.erase(found);
            loading.then(result);
            if (loading.messages && --message_loads_ == 0) stale_.clear();
        }
        charges_.committed(completion.batch.number);
        for (const AfterCommit& waiter : waiters) callbacks_.committed(waiter);
        waiters.clear();
        spare_waiters_.push_back(std::move(waiters));
        completion.batch.clear();
        spare_batches_.push_back(std::move(completion.batch));
    }
    return any;
}

}  // namespace sluice::gateway
