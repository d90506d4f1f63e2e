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
        const Handle last = notes_.emplace(Entry{note, until, {}});
        order_.push_back(last);
        if (const std::uint64_t* first = first_.find(note.key)) {
            Entry* at = &notes_.at(Handle::unpack(*first));
            while (at->next.valid()) at = &notes_.at(at->next);
            at->next = last;
        } else {
            first_.put(note.key, last.packed());
        }
    }

    /// Those under `key`, in the order in which they came.
    std::vector<wire::ReceiptNote> take(std::uint64_t key) {
        std::vector<wire::ReceiptNote> taken;
        const std::uint64_t* const first = first_.find(key);
        if (first == nullptr) return taken;
        for (Handle at = Handle::unpack(*first); at.valid();) {
            const Entry& entry = notes_.at(at);
            taken.push_back(entry.note);
            const Handle next = entry.next;
            notes_.erase(at);
            at = next;
        }
        first_.erase(key);
        return taken;
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
        Handle next;  ///< under the same key
    };

    template <class Condition>
    std::vector<wire::ReceiptNote> take_while(Condition&& condition) {
        std::vector<wire::ReceiptNote> taken;
        for (pass_taken(); !order_.empty() && condition(notes_.at(order_.front())); pass_taken())
            for (wire::ReceiptNote& note : take(notes_.at(order_.front()).note.key)) taken.push_back(std::move(note));
        return taken;
    }
    void pass_taken() {
        while (!order_.empty() && notes_.find(order_.front()) == nullptr) order_.pop_front();
    }

    Slab<Entry> notes_;
    FlatMap first_;             ///< of each key, a packed handle
    std::deque<Handle> order_;  ///< as they came; some were taken
};

}  // namespace sluice::gateway
