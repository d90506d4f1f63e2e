#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/base/limits.hpp"
#include "engine/base/result.hpp"
#include "engine/gateway/lane.hpp"
#include "engine/gateway/message.hpp"
#include "engine/gateway/part_keywords.hpp"
#include "engine/routing/cap.hpp"
#include "engine/routing/delivery_count.hpp"
#include "engine/routing/pace.hpp"
#include "engine/routing/snapshot.hpp"
#include "engine/routing/throttle.hpp"

namespace sluice::gateway {

class Connection;

/// The name of an account or provider in lanes and records: half of its stable key, the lowest bit saying which it is.
constexpr PartyId party_of(const routing::Account& account) { return static_cast<PartyId>(account.key) | 1u; }
inline PartyId party_of_account(std::string_view system_id) {
    return static_cast<PartyId>(routing::stable_key(system_id)) | 1u;
}
constexpr PartyId party_of(const routing::Provider& provider) { return static_cast<PartyId>(provider.key) & ~1u; }
/// The owner of mobile-originated messages that nobody has a claim to: they wait under this name, see unowned.hpp.
inline constexpr PartyId nobody = 1;
constexpr bool is_account(PartyId party) { return (party & 1u) != 0; }

/// Refuses a configuration in which two names have the same PartyId (about one in a million for a thousand names).
Result<void> check_parties(const routing::Snapshot& snapshot);

/// What all shards know about an account, or a provider (its rate, cap and quality), together. Lives as long as the
/// gateway, through reloads.
struct AccountShared {
    routing::SharedRate rate;
    std::atomic<std::uint32_t> sessions{0};
    std::atomic<std::int64_t> queued{0};  ///< its messages that are not final
    /// Credits that can be put aside for messages (Money::micros). What is put aside goes at once; what is given back
    /// or paid in comes when that is on disk.
    std::atomic<std::int64_t> available{0};
    std::atomic<bool> opened{false};      ///< its opening balance has been booked
    routing::CapCount sent;               ///< to a provider that has a cap
    routing::DeliveryCount deliveries;    ///< of a provider, while some route weighs quality
};

/// One shard's messages, for the bounds that hold for all shards together: its own thread writes, the others read.
struct alignas(64) ShardTotals {
    std::atomic<std::uint64_t> unfinished{0};  ///< messages that are not final
    std::atomic<std::uint64_t> awaiting{0};    ///< of those, the ones that a provider has and owes a receipt for
};

class AccountsShared {
public:
    ShardTotals& totals(std::uint32_t shard) { return totals_[shard]; }

    PartKeywords& part_keywords() { return part_keywords_; }

    /// Not for hot paths: locks. The reference is good for ever.
    AccountShared& of(PartyId account);

private:
    PartKeywords part_keywords_;
    std::array<ShardTotals, limits::max_shards> totals_;
    std::mutex mutex_;
    std::unordered_map<PartyId, std::unique_ptr<AccountShared>> accounts_;
};

/// One shard's view of somebody messages go to: a provider, or an account (receipts and mobile-originated messages).
struct Party {
    PartyId id = 0;
    const routing::Account* account = nullptr;    ///< of the present snapshot; null when the configuration lost it
    const routing::Provider* provider = nullptr;  ///< likewise
    AccountShared* shared = nullptr;
    bool converts = false;                        ///< text for it may have to be converted, see convert.hpp

    std::array<Lane*, 4> lanes{};                 ///< highest priority first
    std::uint32_t filled = 0b1111;                ///< a bit each: this lane may have something. 0: it is empty
    std::vector<Connection*> sessions;            ///< of accounts: this shard's bound sessions
    MonoTime probed_at{};                         ///< when those that were silent were last asked (Customer::probe)
    std::vector<Connection*> outlets;             ///< this shard's sessions that may send to it
    std::size_t turn = 0;                         ///< the outlet whose turn it is
    std::uint32_t run = 0;                        ///< messages it has had in a row
    routing::Pace pace;                           ///< of a provider: how fast it can take what this shard sends
    MonoTime held_until{};                        ///< throttled by the peer, or by our own rate
    std::uint32_t throttles = 0;                  ///< in a row
    bool timer_armed = false;
    bool capped = false;                          ///< of a provider: its cap is used up, as this shard last saw it
    bool dirty = false;

    struct Remote {
        std::uint32_t outlets = 0;      ///< sessions that another shard has
        std::uint32_t room = 0;         ///< messages that we may have under way there
        std::uint32_t outstanding = 0;
    };
    std::vector<Remote> remotes;        ///< by shard

    bool reachable_here() const { return !outlets.empty(); }
    bool reachable() const {
        if (!outlets.empty()) return true;
        for (const Remote& remote : remotes)
            if (remote.outlets > 0) return true;
        return false;
    }
    bool empty() const {
        for (const Lane* lane : lanes)
            if (!lane->empty()) return false;
        return true;
    }
};

}  // namespace sluice::gateway
