#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "engine/routing/account.hpp"
#include "engine/routing/keyword.hpp"

namespace sluice::gateway {

/// The keyword of a long message is in its first part alone: here the others find it, on whichever shard they come in.
/// What does not fit overwrites older ones. A part that comes before the first, or after that was overwritten, has no
/// keyword. Any thread.
class PartKeywords {
public:
    /// `message`: a hash of what all parts of a message have in common. `word` is a keyword, and not empty; one that
    /// folding has made longer than routing::max_keyword is not remembered.
    void put(std::uint64_t message, std::string_view word) {
        if (word.size() > octets) return;
        std::array<std::uint64_t, words> padded{};
        std::memcpy(padded.data(), word.data(), word.size());
        Place& place = places_[message % size];
        for (std::size_t i = 0; i < words; ++i) place.word[i].store(padded[i], std::memory_order_relaxed);
        place.check.store(message ^ routing::stable_key(word), std::memory_order_relaxed);
    }
    /// Empty: not known.
    std::string find(std::uint64_t message) const {
        const Place& place = places_[message % size];
        std::array<std::uint64_t, words> padded;
        for (std::size_t i = 0; i < words; ++i) padded[i] = place.word[i].load(std::memory_order_relaxed);
        std::string word(reinterpret_cast<const char*>(padded.data()), octets);
        word.resize(std::min(word.find('\0'), word.size()));
        // All of one `put`, and of this message.
        const bool whole =
            !word.empty() && (place.check.load(std::memory_order_relaxed) ^ routing::stable_key(word)) == message;
        return whole ? word : std::string();
    }

private:
    static constexpr std::size_t size = 4096, octets = routing::max_keyword, words = octets / sizeof(std::uint64_t);
    struct Place {
        std::array<std::atomic<std::uint64_t>, words> word{};
        std::atomic<std::uint64_t> check{0};
    };
    std::array<Place, size> places_;
};

}  // namespace sluice::gateway
