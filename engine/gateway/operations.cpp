#include "engine/gateway/operations.hpp"

#include <charconv>

#include "codecs/smpp/time.hpp"
#include "engine/gateway/compose.hpp"
#include "engine/gateway/finish.hpp"

namespace sluice::gateway {

using smpp::CommandId;
using smpp::CommandStatus;

namespace {

CommandStatus failure_of(CommandId command) {
    switch (command) {
        case CommandId::query_sm: return CommandStatus::ESME_RQUERYFAIL;
        case CommandId::cancel_sm: return CommandStatus::ESME_RCANCELFAIL;
        default: return CommandStatus::ESME_RREPLACEFAIL;
    }
}

/// The sender that a request names must be the message's; an empty one is not compared.
bool same_source(const Message& m, std::string_view source_addr) {
    if (source_addr.empty()) return true;
    const auto pdu = smpp::decode<smpp::SubmitSm>(m.body_view());
    return pdu && pdu->source_addr == source_addr;
}

}  // namespace

CommandStatus Operations::begin(const Party& account, CommandId command, std::string_view message_id, ByteView body,
                                const wire::ReplyTo& reply) {
    core_.counters.queries.add();
    if (account.account == nullptr) return failure_of(command);
    const MessageId id = parse_shown_id(message_id, account.account->message_id_format);
    if (id == 0) return command == CommandId::query_sm ? CommandStatus::ESME_RINVMSGID : failure_of(command);
    const wire::OperationNote note{reply, id, account.id, 0};
    if (const std::uint32_t home = home_shard(id, core_.shards); home != core_.shard)
        core_.send(home, wire::Type::operation, note, body);
    else
        on_operation(note, body);
    return CommandStatus::ESME_ROK;
}

void Operations::on_operation(const wire::OperationNote& note, ByteView body) {
    if (Message* m = core_.messages->find(note.id)) return decide(m, note, body);
    std::vector<std::uint8_t> kept(body.begin(), body.end());
    core_.messages->fetch(note.id, [this, note, kept = std::move(kept)](Message* m) { decide(m, note, kept); });
}

void Operations::decide(Message* m, const wire::OperationNote& note, ByteView body) {
    const auto command = CommandId{note.reply.command};
    if (m == nullptr || m->account != note.account || m->kind != Kind::submitted)
        return core_.answer(note.reply, failure_of(command));
    CommandStatus status = CommandStatus::ESME_ROK;
    switch (command) {
        case CommandId::query_sm: return query(*m, note, body);
        case CommandId::cancel_sm: status = cancel(*m, body, note.reply); break;
        default: status = replace(*m, body, note.reply); break;
    }
    if (status != CommandStatus::ESME_ROK) {
        core_.answer(note.reply, status);
        core_.messages->let_go(*m);
    }
}

void Operations::query(Message& m, const wire::OperationNote& note, ByteView body) {
    const auto pdu = smpp::decode<smpp::QuerySm>(body);
    if (!pdu || !same_source(m, pdu->source_addr)) return core_.answer(note.reply, CommandStatus::ESME_RQUERYFAIL);
    wire::OperationDone done;
    done.reply = note.reply;
    done.id = m.shown_id;
    done.state = m.final_state;
    if (m.leg == Leg::report) {
        done.done_at = m.done_at.time_since_epoch().count();
        unsigned code = 0;
        const std::string_view error = m.error_text();
        std::from_chars(error.data(), error.data() + error.size(), code);
        done.error_code = static_cast<std::uint8_t>(std::min(code, 255u));
    }
    if (note.reply.shard == core_.shard) answer_query(done);
    else core_.send(note.reply.shard, wire::Type::operation_done, done);
    core_.messages->let_go(m);
}

CommandStatus Operations::cancel(Message& m, ByteView body, const wire::ReplyTo& reply) {
    const auto pdu = smpp::decode<smpp::CancelSm>(body);
    if (!pdu || !same_source(m, pdu->source_addr)) return CommandStatus::ESME_RCANCELFAIL;
    if (m.leg != Leg::forward || (m.stage != Stage::queued && m.stage != Stage::waiting))
        return CommandStatus::ESME_RCANCELFAIL;  // on its way, or there already
    finish(core_, m, smpp::MessageState::deleted, {}, reply);
    return CommandStatus::ESME_ROK;
}

CommandStatus Operations::replace(Message& m, ByteView body, const wire::ReplyTo& reply) {
    const auto pdu = smpp::decode<smpp::ReplaceSm>(body);
    if (!pdu || !same_source(m, pdu->source_addr)) return CommandStatus::ESME_RREPLACEFAIL;
    if (m.leg != Leg::forward || (m.stage != Stage::queued && m.stage != Stage::waiting))
        return CommandStatus::ESME_RREPLACEFAIL;
    const WallTime now = core_.now().wall;
    WallTime due = m.due_at, expires = m.expires_at;
    if (!pdu->schedule_delivery_time.empty()) {
        const auto at = smpp::parse_time(pdu->schedule_delivery_time, now);
        if (!at) return CommandStatus::ESME_RINVSCHED;
        due = std::min(*at, now + core_.config.max_validity);
    }
    if (!pdu->validity_period.empty()) {
        const auto until = smpp::parse_time(pdu->validity_period, now);
        if (!until || *until <= std::max(now, due)) return CommandStatus::ESME_RINVEXPIRY;
        expires = std::min(*until, std::max(now, due) + core_.config.max_validity);
    }
    auto original = smpp::decode<smpp::SubmitSm>(m.body_view());
    if (!original) return CommandStatus::ESME_RREPLACEFAIL;
    original->short_message = pdu->short_message;
    original->registered_delivery = pdu->registered_delivery;
    original->sm_default_msg_id = pdu->sm_default_msg_id;
    Message changed;  // keeps the new body until the old one, which `original` points into, is no longer needed
    store_body(changed, *original);
    m.body = std::move(changed.body);
    m.body_size = changed.body_size;
    m.registered_delivery = pdu->registered_delivery;
    m.expires_at = expires;
    core_.messages->replaced(m);
    if (due > now && due != m.due_at) {
        m.due_at = due;
        core_.messages->retry(m);
    }
    core_.messages->after_commit(after_commit(AfterCommit::What::answered, reply, 0));
    return CommandStatus::ESME_ROK;
}

}  // namespace sluice::gateway
