#pragma once

#include "engine/gateway/compose.hpp"
#include "engine/gateway/core.hpp"

namespace sluice::gateway {

/// Brings what `compose` made for `party` into the form that its profile, and a session without TLVs, wants. To be
/// called for parties whose `converts` is set, messages with text of our own, and where `tlvs` is false. False: the
/// text cannot be sent to this peer at all. `out` stays good until the next call.
bool convert_outgoing(Core& core, const Party& party, const Message& m, bool tlvs, Outgoing& out);

/// What another shard composed for the account, for a session of ours that takes no TLVs. Good until the next call.
ByteView without_tlvs(const Party& account, ByteView body);

}  // namespace sluice::gateway
