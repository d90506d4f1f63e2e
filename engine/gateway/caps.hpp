#pragma once

#include "engine/gateway/core.hpp"

/// Caps of providers: what they may be sent in an hour and a day.
///
/// A part counts when it leaves for the provider, before it is written to a link. It is given back when the provider
/// refuses it, or when it did not leave after all, so what counts in the end is what the provider has taken or may have
/// taken: a try without an answer counts, and so does the next one. All shards take from one number
/// (AccountShared::sent), so no more leaves than the cap. What each shard took is a row of its store, see SentCounts.
namespace sluice::gateway {

/// The message is about to leave for the party. False: the party is a provider whose cap does not have so much left,
/// and it is `capped` now. Costs a comparison where there is no cap.
bool count_try(Core& core, Party& party, Message& m);
/// That try is as if it had not been.
void uncount_try(Core& core, Message& m);
/// Brings `party.capped` up to date. True: it has changed.
bool look_at_cap(Core& core, Party& party);

}  // namespace sluice::gateway
