#pragma once

#include <optional>
#include <vector>

#include "engine/base/slab.hpp"

namespace sluice::relay {

/// Requests that were passed on and not answered yet. The sequence_number they carry on the wire is a slot here, 17
/// bits, under 14 bits of generation, so that a late or invented answer finds nothing.
class InFlight {
public:
    struct Request {
        Handle from, to;             ///< who asked, and who is to answer
        std::uint32_t sequence = 0;  ///< what the asking side calls it
    };

    /// The number to send it under, 1 to 0x7FFFFFFF; 0 when there are too many.
    std::uint32_t put(const Request& request) {
        std::uint32_t index;
        if (!free_.empty()) {
            index = free_.back();  // the one used last is the one in the cache
            free_.pop_back();
        } else if (slots_.size() < most) {
            index = static_cast<std::uint32_t>(slots_.size());
            slots_.emplace_back();
        } else {
            return 0;
        }
        Slot& slot = slots_[index];
        slot.request = request;
        slot.live = true;
        return number(index, slot);
    }

    /// Takes the request answered by `to` under this number.
    std::optional<Request> take(std::uint32_t number_, Handle to) {
        const std::uint32_t index = number_ & (most - 1);
        if (index >= slots_.size()) return std::nullopt;
        Slot& slot = slots_[index];
        if (!slot.live || number(index, slot) != number_ || slot.request.to != to) return std::nullopt;
        free(index, slot);
        return slot.request;
    }

    /// Takes those that `to` will not answer any more. Rare: it looks at all of them.
    template <class Visit>
    void take_all_of(Handle to, Visit&& visit) {
        for (std::uint32_t index = 0; index < slots_.size(); ++index) {
            Slot& slot = slots_[index];
            if (!slot.live || slot.request.to != to) continue;
            free(index, slot);
            visit(slot.request);
        }
    }

private:
    static constexpr std::uint32_t index_bits = 17, most = 1u << index_bits, generations = 1u << 14;

    struct Slot {
        Request request;
        std::uint16_t generation = 1;
        bool live = false;
    };

    static std::uint32_t number(std::uint32_t index, const Slot& slot) {
        return std::uint32_t{slot.generation} << index_bits | index;
    }
    void free(std::uint32_t index, Slot& slot) {
        slot.live = false;
        if (++slot.generation == generations) slot.generation = 1;
        free_.push_back(index);
    }

    std::vector<Slot> slots_;
    std::vector<std::uint32_t> free_;
};

}  // namespace sluice::relay
