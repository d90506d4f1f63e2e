#include <algorithm>
#include <cstring>

#include "engine/gateway/message_store.hpp"

// Reading back: the start, lanes that read on, times that have come, single messages.
namespace sluice::gateway {

using storage::Key;
using storage::LoadRequest;
using storage::LoadResult;
using storage::Table;

void MessageStore::load(LoadRequest request, std::function<void(const LoadResult&)> then) {
    request.tag = next_tag_++;
    const bool messages = request.table == Table::message || request.table == Table::queue;
    message_loads_ += messages;
    loads_.emplace(request.tag, Loading{std::move(then), messages});
    open_.loads.push_back(request);
}

bool MessageStore::is_stale(MessageId id, const LoadResult& result) const {
    const auto found = stale_.find(id);
    return found != stale_.end() && result.tag < found->second;
}

Message* MessageStore::adopt_row(MessageId id, ByteView value) {
    Message message;
    if (!read_snapshot(value, message) || message.id != id) return nullptr;
    message.has_row = true;
    message.kept = message.stage == Stage::awaiting;  // it was not settled before
    return &place(std::move(message));
}

void MessageStore::fetch(MessageId id, std::function<void(Message*)> then) {
    LoadRequest request;
    request.table = Table::message;
    request.first = request.last = {0, id};
    load(request, [this, id, then = std::move(then)](const LoadResult& result) {
        Message* m = find(id);
        if (m == nullptr && is_stale(id, result)) return fetch(id, then);
        if (m == nullptr && !result.rows.empty()) {
            m = adopt_row(id, result.value(result.rows.front()));
            if (m != nullptr && m->stage == Stage::queued && m->lane_row != 0) {
                Lane& lane = lane_of(*m);
                lane.unloaded_less_one();
                lane.insert(*m);
            } else if (m != nullptr && m->stage == Stage::waiting) {
                watch(*m);
            }
        }
        then(m);
    });
}

// ---- lanes

/// What all lanes have read must find its place in memory.
std::size_t MessageStore::rows_at_once() const {
    constexpr std::size_t least = 256, share = 4;
    return std::min(config_.load_rows, std::max(least, config_.max_young / (share * lanes_.size())));
}

void MessageStore::load_more(Lane& lane) {
    // However many are in memory: when older ones are on disk, none of them may go before those are read.
    if (lane.loading() || !lane.backlogged()) return;
    if (lane.head() != nullptr && lane.in_memory() >= rows_at_once() / 2) return;
    lane.load_begins();
    LoadRequest request;
    request.table = Table::queue;
    request.first = {lane.key(), lane.loaded_up_to() + 1};
    request.last = {lane.key(), UINT64_MAX};
    request.limit = static_cast<std::uint32_t>(rows_at_once());
    request.follow = true;
    load(request, [this, &lane, first = request.first.low](const LoadResult& result) {
        loaded_lane(lane, result, first);
    });
}

void MessageStore::loaded_lane(Lane& lane, const LoadResult& result, std::uint64_t first) {
    for (const storage::LoadedRow& row : result.rows) {
        const ByteView value = result.value(row);
        MessageId id = 0;
        if (value.size() >= sizeof id) std::memcpy(&id, value.data(), sizeof id);  // a snapshot begins with its id
        if (id == 0 || find(id) != nullptr || is_stale(id, result)) continue;
        Message* m = adopt_row(id, value);
        if (m == nullptr) continue;
        m->stage = Stage::queued;  // the row under which it was found says so
        m->lane_row = lane.key();
        m->position = row.key.low;
        lane.unloaded_less_one();
        lane.insert(*m);
    }
    lane.load_ends(result.rows.empty() ? first - 1 : result.rows.back().key.low);
    callbacks_.ready(lane);
}

// ---- times

void MessageStore::loaded_times(const LoadResult& result, Now now) {
    for (const storage::LoadedRow& row : result.rows) {
        const MessageId id = row.key.low;
        if (is_stale(id, result)) continue;
        const ByteView value = result.value(row);
        Message* m = find(id);
        if (m == nullptr && value.empty()) {
            open_.erase(Table::queue, row.key);
            continue;
        }
        if (m == nullptr) {
            m = adopt_row(id, value);
            if (m == nullptr) continue;
            m->time_row = row.key.high;
            if (m->lane_row != 0) {  // a queued one whose validity is over
                m->stage = Stage::queued;
                Lane& lane = lane_of(*m);
                lane.unloaded_less_one();
                lane.insert(*m);
            }
        }
        if (m->time_row != row.key.high) {  // left behind by a move
            open_.erase(Table::queue, row.key);
            continue;
        }
        came_due(*m, now);
    }
    if (result.more) times_at_ = now.wall;
}

// ---- start

Result<void> MessageStore::recover(Now now) {
    now_ = now;
    LoadRequest meta;
    meta.table = Table::meta;
    meta.first = {0, 1};
    meta.last = {Charges::balance_tag, UINT64_MAX};
    meta.limit = UINT32_MAX;
    meta.max_bytes = UINT32_MAX;
    const LoadResult facts = store_.load_now(meta);
    for (const storage::LoadedRow& row : facts.rows) {
        if (counts_.restore(row.key, facts.value(row)) || charges_.restore(row.key, facts.value(row))) continue;
        std::uint64_t number = 0;
        if (row.length != sizeof number) continue;
        std::memcpy(&number, facts.value(row).data(), sizeof number);
        if (row.key == Key{0, 1}) {
            ids_.not_before(number);
        } else if (row.key.high == 1) {
            lane_with(row.key.low).restore_rows(number);
        }
    }

    meta.first = {SentCounts::tag, 0};
    meta.last = {SentCounts::tag, UINT64_MAX};
    const LoadResult sent = store_.load_now(meta);
    for (const storage::LoadedRow& row : sent.rows) sent_counts_.restore(row.key, sent.value(row), now.wall);

    bool damaged = false;
    std::uint64_t damaged_segment = 0;
    std::unordered_map<MessageId, std::uint64_t> oldest_segment;
    auto replayed = store_.replay([&](std::uint64_t number, ByteView bytes) {
        segments_.push_back({number, now.mono});
        Record record;
        while (next_record(bytes, record, damaged)) {
            Message* m = find(record.id);
            switch (record.type) {
                case RecordType::snapshot: {
                    if (m != nullptr) {
                        read_snapshot(record.payload, *m);
                    } else {
                        Message message;
                        if (!read_snapshot(record.payload, message)) break;
                        place(std::move(message));
                        oldest_segment.emplace(record.id, number);
                    }
                    break;
                }
                case RecordType::settled:
                case RecordType::done:
                    if (m != nullptr) forget(*m);
                    oldest_segment.erase(record.id);
                    break;
                case RecordType::movement: charges_.replayed(number, record.id, record.payload); break;
                default:
                    if (m == nullptr) {  // it was settled before this happened to it
                        LoadRequest request;
                        request.table = Table::message;
                        request.first = request.last = {0, record.id};
                        const LoadResult found = store_.load_now(request);
                        if (found.rows.empty()) break;
                        m = adopt_row(record.id, found.value(found.rows.front()));
                        if (m == nullptr) break;
                        oldest_segment.emplace(record.id, number);
                    }
                    m->lane_row = 0;  // erased by the batch that this record came with
                    apply_record(record, *m);
                    if (record.type == RecordType::sent) m->kept = false;
            }
        }
        if (damaged && damaged_segment == 0) damaged_segment = number;
    });
    if (!replayed) return std::unexpected(replayed.error());
    if (damaged) return fail("the journal is damaged in segment " + std::to_string(damaged_segment));

    // Segments are numbered without gaps in memory even where the journal has none for a batch without records.
    std::deque<Segment> dense;
    for (const Segment& s : segments_) {
        while (!dense.empty() && dense.back().number + 1 < s.number)
            dense.push_back({dense.back().number + 1, now.mono});
        dense.push_back(s);
    }
    segments_ = std::move(dense);

    young_.for_each([&](Handle, Message& m) {
        Segment& s = segment(oldest_segment.at(m.id));
        m.segment = s.number;
        m.segment_next = s.first;
        if (s.first != nullptr) s.first->segment_prev = &m;
        s.first = &m;
        ++s.live;
        if (!m.has_row) counts_.entered(m);
        switch (m.stage) {
            case Stage::queued:
                if (m.leg == Leg::forward && m.due_at > now.wall) {
                    m.stage = Stage::waiting;
                    watch(m);
                    break;
                }
                watch(m);
                if (m.lane_row != 0) lane_of(m).unloaded_less_one();
                lane_of(m).insert(m);
                break;
            case Stage::waiting: watch(m); break;
            case Stage::awaiting:
                watch(m);
                callbacks_.awaiting(m);
                break;
            default: break;
        }
    });
    return {};
}

}  // namespace sluice::gateway
