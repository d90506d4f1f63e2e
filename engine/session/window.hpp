#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "codecs/smpp/command.hpp"
#include "engine/base/check.hpp"
#include "engine/base/time.hpp"

namespace sluice::session {

/// The window: our requests that have not been answered. A ring indexed by the low bits of the sequence_number, so that
/// answers in any order are found in one step, threaded by a list in the order of sending, so that the oldest is always
/// at hand for the response timer. A request that stays unanswered blocks nobody: its slot is skipped.
///
/// Slots are allocated when the first request is sent and grow with use; at most half of them are ever taken.
class Window {
public:
    struct Request {
        std::uint64_t cookie = 0;
        MonoTime sent{};
        std::uint32_t sequence = 0;
        smpp::CommandId command{};
    };

    /// `limit`: how many requests may be unanswered, 1 to 65535. `last_sequence`: the number before the first one.
    explicit Window(std::uint32_t limit, std::uint32_t last_sequence = 0);

    bool full() const { return size_ >= limit_; }
    std::uint32_t limit() const { return limit_; }
    /// Applies from now on; requests beyond a smaller limit stay in flight.
    void set_limit(std::uint32_t limit) { limit_ = limit; }
    bool empty() const { return size_ == 0; }
    std::uint32_t size() const { return size_; }

    /// Draws a sequence_number, 1 to 0x7FFFFFFF and then 1 again (v3.4 §3.2), that no request in the window uses. The
    /// session's own requests (bind, enquire_link, unbind) take theirs here and are not part of the window.
    std::uint32_t draw_sequence() {
        do {
            last_sequence_ = last_sequence_ == last_sequence_number ? 1 : last_sequence_ + 1;
        } while (!slots_.empty() && slots_[index_of(last_sequence_)].request.sequence != 0);
        return last_sequence_;
    }

    /// Enters a request, which must find room, and returns its sequence_number. Calls come in the order of `sent`.
    std::uint32_t add(smpp::CommandId command, std::uint64_t cookie, MonoTime sent) {
        SLUICE_CHECK(!full());
        if (2 * (size_ + 1) > slots_.size()) grow();
        const std::uint32_t sequence = draw_sequence();
        link_newest({cookie, sent, sequence, command});
        ++size_;
        return sequence;
    }
    /// Takes out the request that has this sequence_number; nothing when there is none.
    std::optional<Request> take(std::uint32_t sequence) {
        const Request* const found = find(sequence);
        if (found == nullptr) return std::nullopt;
        const Request request = *found;
        erase(sequence);
        return request;
    }
    /// The request with this sequence_number; nullptr when there is none. Good until the next call.
    const Request* find(std::uint32_t sequence) const {
        if (slots_.empty() || sequence == 0) return nullptr;
        const Request& request = slots_[index_of(sequence)].request;
        return request.sequence == sequence ? &request : nullptr;
    }
    /// Takes out one that is there.
    void erase(std::uint32_t sequence) {
        Slot& slot = slots_[index_of(sequence)];
        slot.request.sequence = 0;
        (slot.older == none ? oldest_ : slots_[slot.older].newer) = slot.newer;
        (slot.newer == none ? newest_ : slots_[slot.newer].older) = slot.older;
        --size_;
    }

    /// The request that has waited longest; nullptr when the window is empty. Good until the next call.
    const Request* oldest() const { return oldest_ == none ? nullptr : &slots_[oldest_].request; }

    /// Gives the slots back when no request is in flight, for sessions that have become idle.
    void release_memory();
    std::size_t capacity() const { return slots_.size(); }

private:
    static constexpr std::uint32_t none = UINT32_MAX;
    static constexpr std::uint32_t last_sequence_number = 0x7FFFFFFF;

    struct Slot {
        Request request;  ///< sequence 0: the slot is free
        std::uint32_t older = none;
        std::uint32_t newer = none;
    };

    std::uint32_t index_of(std::uint32_t sequence) const {
        return sequence & static_cast<std::uint32_t>(slots_.size() - 1);
    }
    void link_newest(const Request& request) {
        const std::uint32_t index = index_of(request.sequence);
        slots_[index] = {request, newest_, none};
        (newest_ == none ? oldest_ : slots_[newest_].newer) = index;
        newest_ = index;
    }
    void grow();

    std::vector<Slot> slots_;  ///< none, or a power of two
    std::uint32_t limit_;
    std::uint32_t size_ = 0;
    std::uint32_t last_sequence_;
    std::uint32_t oldest_ = none;
    std::uint32_t newest_ = none;
};

}  // namespace sluice::session
