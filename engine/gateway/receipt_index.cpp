#include "engine/gateway/receipt_index.hpp"

#include <cstring>

// Entries and look-ups; how tables become runs is in receipt_index_disk.cpp.
namespace sluice::gateway {

using storage::LoadRequest;
using storage::LoadResult;
using storage::Table;

struct ReceiptIndex::LookUp {
    struct Page {
        std::uint64_t run = 0;
        std::uint64_t page = 0;
        std::vector<ReceiptEntry> entries;
    };
    std::uint64_t key = 0;
    std::function<void(MessageId)> then;
    std::uint64_t epoch = 0;
    std::vector<Page> pages;  ///< of the newest run first
    std::size_t pending = 0;
};

// ---- entries

void ReceiptIndex::put(std::uint64_t key, MessageId id, WallTime until) {
    active_.table.put(key, id);
    active_.until = std::max(active_.until, std::chrono::ceil<seconds>(until.time_since_epoch()).count());
}

void ReceiptIndex::keep(std::uint64_t key, MessageId id) {
    // Not found with this id: it is in a run, or over, or the key is a newer message's.
    if (const MessageId* found = active_.table.find(key)) {
        if (*found == id) active_.to_log.push_back({key, id});
    } else if (spilling_) {
        const MessageId* spilled = spilling_->layer.table.find(key);
        if (spilled != nullptr && *spilled == id) spilling_->layer.to_log.push_back({key, id});
    }
}

void ReceiptIndex::erase(std::uint64_t key, MessageId id) {
    if (MessageId* found = active_.table.find(key)) {
        if (*found != id) return;
        MessageId* const spilled = spilling_ ? spilling_->layer.table.find(key) : nullptr;
        if (spilled == nullptr && !run_may_have(key)) return active_.table.erase(key);
        *found = 0;  // an older message's entry must not come to light
        active_.to_log.push_back({key, 0});
        return;
    }
    if (MessageId* spilled = spilling_ ? spilling_->layer.table.find(key) : nullptr) {
        if (*spilled == id) *spilled = 0;
        return;
    }
    const auto found = found_.find(key);
    if (found == found_.end() || found->second.id != id) return;
    if (ReceiptRun* its = run(found->second.run)) its->kill(found->second.position);
    found_.erase(found);
}

ReceiptIndex::Where ReceiptIndex::find(std::uint64_t key, MessageId& id) {
    const MessageId* found = active_.table.find(key);
    if (found == nullptr && spilling_) found = spilling_->layer.table.find(key);
    if (found == nullptr) return run_may_have(key) ? Where::on_disk : Where::nowhere;
    id = *found;
    return id != 0 ? Where::here : Where::nowhere;
}

bool ReceiptIndex::run_may_have(std::uint64_t key) const {
    bool any = false;
    for (const ReceiptRun& run : runs_) any |= run.may_have(key);  // all of them: the lines of cache come together
    return any;
}

ReceiptRun* ReceiptIndex::run(std::uint64_t number) {
    for (ReceiptRun& run : runs_)
        if (run.header.number == number) return &run;
    return nullptr;
}

// ---- look-ups

void ReceiptIndex::look_up(std::uint64_t key, std::function<void(MessageId)> then) {
    const auto up = std::make_shared<LookUp>();
    up->key = key;
    up->then = std::move(then);
    up->epoch = epoch_;
    for (auto run = runs_.rbegin(); run != runs_.rend(); ++run)
        if (run->may_have(key)) up->pages.push_back({run->header.number, run->page_of(key), {}});
    up->pending = up->pages.size();
    if (up->pending == 0) return answer(up);
    for (LookUp::Page& page : up->pages) {
        LoadRequest request;
        request.table = Table::receipt;
        request.first = request.last = {page.run, page.page};
        messages_.load(request, [this, up, &page](const LoadResult& result) {
            if (!result.rows.empty()) {
                const ByteView value = result.value(result.rows.front());
                page.entries.resize(value.size() / sizeof(ReceiptEntry));
                std::memcpy(static_cast<void*>(page.entries.data()), value.data(),
                            page.entries.size() * sizeof(ReceiptEntry));
            }
            if (--up->pending == 0) answer(up);
        });
    }
}

void ReceiptIndex::answer(const std::shared_ptr<LookUp>& up) {
    MessageId id = 0;
    switch (find(up->key, id)) {
        case Where::here: return up->then(id);
        case Where::nowhere: return up->then(0);
        case Where::on_disk: break;
    }
    if (up->epoch != epoch_) return look_up(up->key, std::move(up->then));  // other runs than when it began
    for (const LookUp::Page& page : up->pages) {
        const auto found = std::ranges::lower_bound(page.entries, up->key, {}, &ReceiptEntry::key);
        if (found == page.entries.end() || found->key != up->key) continue;
        const std::uint64_t position = page.page * receipt_rows::entries_per_page +
                                       static_cast<std::uint64_t>(found - page.entries.begin());
        if (found->id == 0 || run(page.run)->is_dead(position)) return up->then(0);
        // Beyond that many their erase is missed: such an entry is over when it is asked for next.
        if (found_.size() >= max_found) found_.clear();
        found_[up->key] = {page.run, position, found->id};
        return up->then(found->id);
    }
    up->then(0);
}

// ---- facts

std::uint64_t ReceiptIndex::on_disk() const {
    std::uint64_t entries = 0;
    for (const ReceiptRun& run : runs_) entries += run.live();
    return entries;
}

std::size_t ReceiptIndex::memory() const {
    std::size_t octets = active_.table.memory() + (spilling_ ? spilling_->layer.table.memory() : 0);
    for (const ReceiptRun& run : runs_) octets += run.memory();
    return octets;
}

}  // namespace sluice::gateway
