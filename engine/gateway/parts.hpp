#pragma once

#include <string_view>

#include "engine/gateway/convert.hpp"
#include "engine/gateway/core.hpp"

/// Messages that we split because their provider wants parts (interop T5). Every part is a message of its own, with its
/// own place in the queue, its own retries, its own id at the provider and its own records; so a crash sends again only
/// what was not known to be sent. All are accepted in one batch, have one home, and are shown to
/// the account under the id of the first, which counts:
/// - A part that ends well lowers the count in the first part and is gone, both in one batch. The last one makes the
///   receipt, as the first part.
/// - The first that fails makes the receipt itself; the first part notes in the same batch that
///   all is decided. Parts that are still queued are dropped, those under way end unseen: whoever
///   finds the first part decided, or gone, only goes.
namespace sluice::gateway {

/// Accepts the parts that `message` (with everything but an id and a body) was split into. Returns the
/// first's id; `reply` is answered when all are on disk.
MessageId accept_parts(Core& core, const Message& message, const Split& split, const wire::ReplyTo& reply);

/// A part has reached its final state, with m.done_at set. Called by `finish`.
void finish_part(Core& core, Message& m, smpp::MessageState state, std::string_view error, const wire::ReplyTo& reply);

/// A try of this part is over: if it would be tried again although another part has failed, it is dropped.
void drop_if_decided(Core& core, MessageId part);

/// A part that was over when the gateway ended, and whose first part does not know.
void resume_part(Core& core, const Message& m);

}  // namespace sluice::gateway
