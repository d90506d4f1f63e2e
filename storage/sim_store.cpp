#include "storage/sim_store.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/base/check.hpp"

namespace sluice::storage {

void SimDisk::apply(const Batch& batch, std::vector<LoadResult>& loads) {
    if (!batch.journal.empty()) {
        const ByteView segment = batch.journal;
        journal_[batch.number].assign(segment.begin(), segment.end());
        used_bytes_ += batch.journal.size();
    }
    for (const TableOp& op : batch.ops) {
        Rows& rows = tables_[static_cast<std::size_t>(op.table)];
        if (const auto old = rows.find(op.key); old != rows.end()) {
            used_bytes_ -= old->second.size();
            rows.erase(old);
        }
        if (op.kind == TableOp::Kind::erase) continue;
        const ByteView value = ByteView(batch.values).subspan(op.offset, op.length);
        rows.emplace(op.key, std::vector<std::uint8_t>(value.begin(), value.end()));
        used_bytes_ += value.size();
    }
    while (!journal_.empty() && journal_.begin()->first < batch.release_before) {
        used_bytes_ -= journal_.begin()->second.size();
        journal_.erase(journal_.begin());
    }
    next_batch_ = batch.number + 1;
    loads.clear();
    for (const LoadRequest& request : batch.loads) loads.push_back(load(request));
}

LoadResult SimDisk::load(const LoadRequest& request) const {
    LoadResult result{.tag = request.tag};
    const Rows& rows = table(request.table);
    for (auto row = rows.lower_bound(request.first); row != rows.end() && row->first <= request.last; ++row) {
        if (result.rows.size() == request.limit || result.values.size() >= request.max_bytes) {
            result.more = true;
            break;
        }
        ByteView value = row->second;
        if (request.follow && request.table == Table::queue) value = message_of(value);
        result.rows.push_back({row->first, static_cast<std::uint32_t>(result.values.size()),
                               static_cast<std::uint32_t>(value.size())});
        result.values.insert(result.values.end(), value.begin(), value.end());
    }
    return result;
}

ByteView SimDisk::message_of(ByteView queue_row) const {
    Key key;
    if (queue_row.size() != sizeof key.low) return {};
    std::memcpy(&key.low, queue_row.data(), sizeof key.low);
    const auto message = table(Table::message).find(key);
    return message == table(Table::message).end() ? ByteView() : ByteView(message->second);
}

SimStore::SimStore(SimDisk& disk, const Clock& clock, SimOptions options)
    : disk_(disk), clock_(clock), options_(options), random_(options.seed), next_batch_(disk.next_batch()) {}

void SimStore::submit(Batch batch) {
    SLUICE_CHECK(in_flight_ < max_in_flight);
    SLUICE_CHECK(batch.number == next_batch_);
    started_ = true;
    ++next_batch_;
    ++in_flight_;
    waiting_.push_back(std::move(batch));
    if (under_way_.empty()) begin(clock_.mono());
}

bool SimStore::poll(Completion& completion) {
    if (completed_.empty()) return false;
    completion = std::move(completed_.front());
    completed_.pop_front();
    --in_flight_;
    return true;
}

Result<void> SimStore::replay(const std::function<void(std::uint64_t number, ByteView segment)>& visit) {
    SLUICE_CHECK(!started_);
    for (const auto& [number, segment] : disk_.journal()) visit(number, segment);
    return {};
}

LoadResult SimStore::load_now(const LoadRequest& request) {
    SLUICE_CHECK(!started_);
    return disk_.load(request);
}

StoreStats SimStore::stats() const {
    StoreStats stats = stats_;
    stats.disk_bytes = stats.used_bytes = disk_.used_bytes();
    stats.scarce = stats.used_bytes > options_.scarce_above;
    return stats;
}

bool SimStore::step() {
    if (under_way_.empty() || stalled_) return false;
    end(std::max(clock_.mono(), began_));
    return true;
}

bool SimStore::commit_due(MonoTime now) {
    bool any = false;
    while (!under_way_.empty() && due_ <= now) {
        if (stalled_ || random_.chance(options_.failure_rate)) {
            ++stats_.failed_commits;
            stats_.stalled = true;
            due_ += options_.retry_delay;
        } else {
            end(due_);
            any = true;
        }
    }
    return any;
}

std::optional<MonoTime> SimStore::next_due() const {
    if (under_way_.empty()) return std::nullopt;
    return due_;
}

void SimStore::set_stalled(bool stalled) {
    stalled_ = stalled;
    if (stalled) stats_.stalled = true;
}

void SimStore::crash() {
    const bool reached_disk = random_.chance(0.5) && !stalled_;
    if (reached_disk) {
        std::vector<LoadResult> nobody_reads;
        for (const Batch& batch : under_way_) disk_.apply(batch, nobody_reads);
    }
    under_way_.clear();
    waiting_.clear();
    completed_.clear();
}

/// Takes everything that waits, as the committer does when its last sync has ended.
void SimStore::begin(MonoTime now) {
    under_way_.assign(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(waiting_.end()));
    waiting_.clear();
    began_ = now;
    const auto spread = static_cast<std::uint64_t>((options_.max_latency - options_.min_latency).count());
    due_ = now + options_.min_latency + nanoseconds(random_.below(spread + 1));
}

void SimStore::end(MonoTime now) {
    for (Batch& batch : under_way_) {
        Completion completion;
        disk_.apply(batch, completion.loads);
        stats_.bytes_journaled += batch.journal.size();
        completion.batch = std::move(batch);
        completed_.push_back(std::move(completion));
    }
    under_way_.clear();
    ++stats_.commits;
    stats_.commit_nanoseconds += static_cast<std::uint64_t>((now - began_).count());
    stats_.stalled = false;
    if (!waiting_.empty()) begin(now);
}

}  // namespace sluice::storage
