#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace sluice::gateway {

/// The keyword of a long message is in its first part alone: here the others find it, on whichever shard they come in.
/// What does not fit overwrites older ones. A part that comes before the first, or after that was overwritten, has no
/// keyword. Any thread.
class PartKeywords {
public:
    /// `message`: a hash of what all parts of a message have in common. `keyword` is not 0.
    void put(std::uint64_t message, std::uint64_t keyword) {
        Place& place = places_[message % size];
        place.keyword.store(keyword, std::memory_order_relaxed);
        place.check.store(message ^ keyword, std::memory_order_relaxed);
    }
    /// 0: not known.
    std::uint64_t find(std::uint64_t message) const {
        const Place& place = places_[message % size];
        const std::uint64_t keyword = place.keyword.load(std::memory_order_relaxed);
        return (place.check.load(std::memory_order_relaxed) ^ keyword) == message ? keyword : 0;  // both of one `put`
    }

private:
    static constexpr std::size_t size = 4096;
    struct Place {
        std::atomic<std::uint64_t> keyword{0}, check{0};
    };
    std::array<Place, size> places_;
};

}  // namespace sluice::gateway
