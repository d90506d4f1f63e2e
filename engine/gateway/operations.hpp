#pragma once

#include "codecs/smpp/pdu.hpp"
#include "engine/gateway/core.hpp"

namespace sluice::gateway {

/// query_sm, cancel_sm and replace_sm, decided at the message's home shard from what is stored.
class Operations {
public:
    explicit Operations(Core& core) : core_(core) {}

    /// `body` is the request's body, well formed. ESME_ROK: the answer follows. Anything else is the answer.
    smpp::CommandStatus begin(const Party& account, smpp::CommandId command, std::string_view message_id, ByteView body,
                              const wire::ReplyTo& reply);

    // ---- between shards
    void on_operation(const wire::OperationNote& note, ByteView body);

    /// Writes the answer to query_sm (called on the session's shard).
    std::function<void(const wire::OperationDone&)> answer_query;

private:
    void decide(Message* m, const wire::OperationNote& note, ByteView body);
    void query(Message& m, const wire::OperationNote& note, ByteView body);
    smpp::CommandStatus cancel(Message& m, ByteView body, const wire::ReplyTo& reply);
    smpp::CommandStatus replace(Message& m, ByteView body, const wire::ReplyTo& reply);

    Core& core_;
};

}  // namespace sluice::gateway
