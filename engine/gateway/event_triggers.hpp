#pragma once

#include <functional>
#include <string_view>

#include "engine/gateway/core.hpp"
#include "engine/gateway/triggers.hpp"

/// The events of a message's later life, and of sessions, as triggers see them. Each is called only where Core::fires
/// says that there is a trigger for it. docs/triggers.md says what a crash may repeat.
namespace sluice::gateway {

/// It is about to be sent. True: it is not, since a script holds it or has ended it. Else `changed` has
/// the body for this try, if scripts have made another.
bool fire_before_send(Core& core, Message& m, PooledOctets& changed);

/// The provider has answered. True: a script has decided what becomes of a message that it did not take.
bool fire_provider_response(Core& core, Message& m, smpp::CommandStatus status, bool taken);

/// A receipt has found its message; `then` goes on with what scripts have made of state and error, now or later.
struct ReceiptFacts {
    smpp::MessageState state{};
    std::string error;
};
void fire_receipt(Core& core, const Message& m, const ReceiptFacts& facts,
                  std::function<void(const ReceiptFacts&)> then);

/// It has reached its final state (m.final_state). Scripts can only react.
void fire_state_change(Core& core, const Message& m);

/// A customer's session is over.
void fire_session_closed(Core& core, const Party& account, const io::Endpoint& peer, std::string_view reason,
                         seconds duration);

/// An address as scripts see it.
std::string address_text(const io::Endpoint& peer);

}  // namespace sluice::gateway
