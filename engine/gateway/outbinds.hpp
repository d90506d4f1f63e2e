#pragma once

#include <memory>
#include <unordered_map>

#include "engine/gateway/customer.hpp"

namespace sluice::gateway {

/// Calls accounts that have an `outbind` setting while something waits for them and they are not bound: connects, says
/// outbind, and lets them bind as any customer does. One shard calls each account, the others ask it to.
class Outbinds {
public:
    Outbinds(Core& core, Customer::Services& services) : core_(core), services_(services) {}

    /// Once a second: looks for accounts that should be called.
    void tick();
    /// Another shard has something for it.
    void wanted(PartyId account);

    bool owns(io::LinkId link) const { return connecting_.contains(link.packed()); }
    /// The connection, or null when the account cannot be reached.
    std::unique_ptr<Connection> on_connect(io::LinkId link, std::error_code error);

private:
    struct Call {
        std::uint32_t failures = 0;
        MonoTime not_before{};
    };

    void call(Party& account);

    Core& core_;
    Customer::Services& services_;
    std::unordered_map<PartyId, Call> calls_;                ///< of accounts that have been called and are not bound
    std::unordered_map<std::uint64_t, PartyId> connecting_;  ///< by link
};

}  // namespace sluice::gateway
