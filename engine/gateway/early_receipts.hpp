#pragma once

#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "engine/base/flat_map.hpp"
#include "engine/base/slab.hpp"
#include "engine/base/time.hpp"
#include "engine/gateway/wire.hpp"

namespace sluice::gateway {

/// Receipts that overtook the response to their message, as they come by another link or another shard: mostly the
/// response is microseconds behind. They wait here for a moment, in memory, their providers unanswered; so nothing is
/// lost that anybody was told is safe. Then they are kept on disk, and answered.
class EarlyReceipts {
public:
    static constexpr milliseconds patience{20};

    std::size_t size() const { return notes_.size(); }

    /// Until `until`, which is not before that of any other.
    void add(const wire::ReceiptNote& note, MonoTime until) {
        const Handle last = notes_.emplace(note, until);
        order_.push_back(last);
        if (const std::uint64_t* first = first_.find(note.key)) {
            Entry* at = &notes_.at(Handle::unpack(*first));
            while (at->next.valid()) at = &notes_.at(at->next);
            at->next = last;
        } else {
            first_.put(note.key, last.packed());
        }
    }

    /// Those under `key`, in the order in which they came: `visit(wire::ReceiptNote&)`, which may
    /// change what it is given, and call anything here.
    template <class Visit>
    void take(std::uint64_t key, Visit&& visit) {
        const std::uint64_t* const first = first_.find(key);
        if (first == nullptr) return;
        Handle at = Handle::unpack(*first);
        first_.erase(key);  // from here on nobody else finds them
        for (Handle each = at; each.valid(); each = notes_.at(each).next) notes_.at(each).taken = true;
        while (at.valid()) {
            Entry& entry = notes_.at(at);
            visit(entry.note);
            const Handle next = entry.next;
            notes_.erase(at);
            at = next;
        }
    }

    /// Those whose time is over, with all that wait under the same key.
    std::vector<wire::ReceiptNote> expire(MonoTime now) {
        return take_while([now](const Entry& entry) { return entry.until <= now; });
    }
    /// All of them.
    std::vector<wire::ReceiptNote> take_all() {
        return take_while([](const Entry&) { return true; });
    }

    /// When the first one's time is over.
    std::optional<MonoTime> next_expiry() {
        pass_taken();
        if (order_.empty()) return std::nullopt;
        return notes_.at(order_.front()).until;
    }

private:
    struct Entry {
        wire::ReceiptNote note;
        MonoTime until{};
        Handle next;         ///< under the same key
        bool taken = false;  ///< and being visited
    };

    template <class Condition>
    std::vector<wire::ReceiptNote> take_while(Condition&& condition) {
        std::vector<wire::ReceiptNote> taken;
        for (pass_taken(); !order_.empty() && condition(notes_.at(order_.front())); pass_taken())
            take(notes_.at(order_.front()).note.key, [&](const wire::ReceiptNote& note) { taken.push_back(note); });
        return taken;
    }
    void pass_taken() {
        const auto is_taken = [this](Handle handle) {
            const Entry* const entry = notes_.find(handle);
            return entry == nullptr || entry->taken;
        };
        while (!order_.empty() && is_taken(order_.front())) order_.pop_front();
    }

    Slab<Entry> notes_;
    FlatMap first_;             ///< of each key, a packed handle
    std::deque<Handle> order_;  ///< as they came; some were taken
};

}  // namespace sluice::gateway
