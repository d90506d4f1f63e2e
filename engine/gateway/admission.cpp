#include "engine/gateway/admission.hpp"

#include <xxhash.h>

#include <algorithm>

#include "engine/base/bytes.hpp"
#include "engine/base/check.hpp"

namespace sluice::gateway {

namespace {

constexpr std::size_t slot_count = std::size_t{1} << 21;  // twice the largest max_sessions
/// Places that an address may have, from the one its hash names. All of them taken by others is as good as impossible.
constexpr std::size_t reach = 64;

constexpr unsigned count_bits = 24;
constexpr std::uint64_t count_mask = (std::uint64_t{1} << count_bits) - 1;

constexpr std::uint64_t count_of(std::uint64_t slot) { return slot & count_mask; }
constexpr bool same_address(std::uint64_t slot, std::uint64_t address) { return (slot ^ address) >> count_bits == 0; }

std::atomic_ref<std::uint64_t> at(std::uint64_t* slots, std::uint64_t address, std::size_t i) {
    return std::atomic_ref(slots[(address + i) % slot_count]);
}

}  // namespace

Admission::Admission(std::uint64_t seed, const ConnectionLimits& limits)
    : seed_(seed), slots_(static_cast<std::uint64_t*>(std::calloc(slot_count, sizeof(std::uint64_t)))) {
    SLUICE_CHECK(slots_ != nullptr);
    set_limits(limits);
}

void Admission::set_limits(const ConnectionLimits& limits) {
    max_connections_.store(limits.sessions);
    max_per_address_.store(limits.per_address);
    max_unbound_.store(limits.unbound);
}

std::uint64_t Admission::hash(const io::Endpoint& peer) const {
    const ByteView octets = peer.network();
    return XXH3_64bits_withSeed(octets.data(), octets.size(), seed_);
}

std::expected<Admission::Place, Admission::Refusal> Admission::enter(const io::Endpoint& peer) {
    if (connections_.fetch_add(1) >= max_connections_.load()) {
        connections_.fetch_sub(1);
        return std::unexpected(Refusal::sessions);
    }
    if (unbound_.fetch_add(1) >= max_unbound_.load()) {
        unbound_.fetch_sub(1);
        connections_.fetch_sub(1);
        return std::unexpected(Refusal::unbound);
    }
    const std::uint64_t address = hash(peer);
    if (!add(address)) {
        unbound_.fetch_sub(1);
        connections_.fetch_sub(1);
        return std::unexpected(Refusal::sessions);
    }
    Place place(*this, address);
    if (count(address) > max_per_address_.load()) return std::unexpected(Refusal::address);
    return place;
}

void Admission::leave(std::uint64_t address, bool bound) {
    remove(address);
    if (!bound) unbound_.fetch_sub(1);
    connections_.fetch_sub(1);
}

/// Two shards that meet a new address at once may give it a place each, so what counts is the sum. Everything here is
/// sequentially consistent: of two that add, at least one sees both.
std::uint32_t Admission::count(std::uint64_t address) const {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < reach; ++i) {
        const std::uint64_t slot = at(slots_.get(), address, i).load();
        if (same_address(slot, address)) sum += count_of(slot);
    }
    return static_cast<std::uint32_t>(sum);
}

bool Admission::add(std::uint64_t address) {
    const std::uint64_t first = (address & ~count_mask) | 1;
    for (;;) {
        std::size_t free = reach, own = reach;
        for (std::size_t i = 0; i < reach && own == reach; ++i) {
            const std::uint64_t slot = at(slots_.get(), address, i).load();
            if (count_of(slot) == 0) free = std::min(free, i);
            else if (same_address(slot, address)) own = i;
        }
        const std::size_t chosen = own < reach ? own : free;
        if (chosen == reach) return false;
        const auto slot = at(slots_.get(), address, chosen);
        std::uint64_t seen = slot.load();
        const bool still = count_of(seen) == 0 || same_address(seen, address);
        if (still && slot.compare_exchange_strong(seen, count_of(seen) == 0 ? first : seen + 1)) return true;
    }
}

void Admission::remove(std::uint64_t address) {
    for (std::size_t i = 0;; i = (i + 1) % reach) {
        const auto slot = at(slots_.get(), address, i);
        std::uint64_t seen = slot.load();
        if (count_of(seen) > 0 && same_address(seen, address) && slot.compare_exchange_strong(seen, seen - 1)) return;
    }
}

}  // namespace sluice::gateway
