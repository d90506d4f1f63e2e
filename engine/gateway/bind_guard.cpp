#include "engine/gateway/bind_guard.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cmath>

#include "engine/base/bytes.hpp"

namespace sluice::gateway {

namespace {
constexpr std::size_t entry_count = 8192;
constexpr nanoseconds remembered = std::chrono::hours(24);
}  // namespace

BindGuard::BindGuard(std::uint64_t seed) : seed_(seed), entries_(entry_count) {}

BindGuard::Keys BindGuard::keys(const io::Endpoint& peer, std::string_view system_id) const {
    const ByteView octets = peer.network();
    // A key of another kind has another seed; 0 means no entry.
    const std::uint64_t address = XXH3_64bits_withSeed(octets.data(), octets.size(), seed_) | 1;
    const std::uint64_t account = XXH3_64bits_withSeed(system_id.data(), system_id.size(), seed_ + 1) | 1;
    return {XXH3_64bits_withSeed(system_id.data(), system_id.size(), address) | 1, address, account};
}

BindGuard::Entry* BindGuard::find(std::uint64_t key) {
    for (std::size_t i = 0; i < places; ++i)
        if (Entry& entry = entries_[(key / 2 + i) % entry_count]; entry.key == key) return &entry;
    return nullptr;
}

BindGuard::Entry& BindGuard::make(std::uint64_t key, MonoTime now) {
    if (Entry* known = find(key)) return *known;
    Entry* least = nullptr;
    for (std::size_t i = 0; i < places; ++i) {
        Entry& entry = entries_[(key / 2 + i) % entry_count];
        if (least == nullptr || failures(entry, now) < failures(*least, now)) least = &entry;
    }
    *least = {key, 0, now, {}, {}};
    return *least;
}

double BindGuard::failures(const Entry& entry, MonoTime now) {
    const double minutes = std::chrono::duration<double>(now - entry.at) / half_life;
    return entry.failures * std::exp2(-minutes);
}

nanoseconds BindGuard::wait(const Entry* entry, double free, nanoseconds most, MonoTime now) {
    const double beyond = entry == nullptr ? 0 : failures(*entry, now) - free;
    if (beyond <= 0) return {};
    const double times = std::exp2(std::min(beyond - 1, 20.0));
    return std::min(most, std::chrono::duration_cast<nanoseconds>(first * times));
}

std::optional<nanoseconds> BindGuard::enter(const io::Endpoint& peer, std::string_view system_id, MonoTime now) {
    const Keys its = keys(peer, system_id);
    Entry* const pair = find(its.pair);
    Entry* const address = find(its.address);
    const nanoseconds of_pair = wait(pair, free_of_pair, longest, now);
    const nanoseconds of_address = wait(address, free_of_address, longest, now);
    nanoseconds result{};
    for (const auto& [entry, each] : {std::pair(pair, of_pair), std::pair(address, of_address)}) {
        if (each == nanoseconds{}) continue;
        const MonoTime ends = std::max(entry->row_ends, now) + each;
        if (ends - now > longest_row) return std::nullopt;
        result = std::max(result, ends - now);
    }
    if (of_pair != nanoseconds{}) pair->row_ends = std::max(pair->row_ends, now) + of_pair;
    if (of_address != nanoseconds{}) address->row_ends = std::max(address->row_ends, now) + of_address;
    if (pair == nullptr || pair->good_until <= now)
        result = std::max(result, wait(find(its.account), free_of_account, longest_elsewhere, now));
    return result;
}

void BindGuard::failed(const io::Endpoint& peer, std::string_view system_id, MonoTime now) {
    const Keys its = keys(peer, system_id);
    for (const std::uint64_t key : {its.pair, its.address, its.account}) {
        Entry& entry = make(key, now);
        entry.failures = failures(entry, now) + 1;
        entry.at = now;
    }
}

void BindGuard::succeeded(const io::Endpoint& peer, std::string_view system_id, MonoTime now) {
    Entry& pair = make(keys(peer, system_id).pair, now);
    pair.failures = 0;
    pair.at = now;
    pair.row_ends = {};
    pair.good_until = now + remembered;
}

}  // namespace sluice::gateway
