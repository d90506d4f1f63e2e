#pragma once

#include <string_view>

#include "engine/gateway/core.hpp"

namespace sluice::gateway {

/// The message has reached its final state: its receipt is queued for the account if one was asked for, else it is
/// gone. `reply` waits for the commit. `m` may be gone when this returns.
void finish(Core& core, Message& m, smpp::MessageState state, std::string_view error, const wire::ReplyTo& reply = {});

/// The same for a message whose final_state is set, whatever it is a part of.
void report_or_drop(Core& core, Message& m, const wire::ReplyTo& reply);

/// It need not be kept any longer: it was delivered to the account, or nobody wants it.
void drop(Core& core, Message& m);

inline AfterCommit after_commit(AfterCommit::What what, const wire::ReplyTo& reply, MessageId message,
                                smpp::CommandStatus status = smpp::CommandStatus::ESME_ROK) {
    return {what, static_cast<std::uint8_t>(reply.shard), reply.command, reply.sequence,
            static_cast<std::uint32_t>(status), reply.link, message};
}

}  // namespace sluice::gateway
