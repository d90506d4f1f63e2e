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

CommandId command_of(const wire::OperationNote& note) {
    return note.id == 0 ? CommandId::cancel_sm : CommandId{note.reply.command};
}

/// The sender that a request names must be the message's; an empty one is not compared.
bool same_source(const Message& m, std::string_view source_addr) {
    if (source_addr.empty()) return true;
    const auto pdu = smpp::decode<smpp::SubmitSm>(m.body_view());
    return pdu && pdu->source_addr == source_addr;
}

/// On its way, or there already, a message can be neither cancelled nor replaced.
bool waits(const Message& m) {
    return m.leg == Leg::forward && (m.stage == Stage::queued || m.stage == Stage::waiting);
}

/// Messages that one submit_multi may have made, and cancel_sm requests without message_id that a shard may have begun.
constexpr std::uint32_t most_members = limits::submit_multi_messages;
constexpr std::size_t most_groups = 16;
constexpr std::uint32_t rows_at_once = 256;

}  // namespace

// ---- at the session's shard

CommandStatus Operations::begin(const Party& account, CommandId command, std::string_view message_id, ByteView body,
                                const wire::ReplyTo& reply) {
    core_.counters.queries.add();
    if (account.account == nullptr) return failure_of(command);
    if (command == CommandId::cancel_sm && message_id.empty()) return begin_cancel_all(account, body, reply);
    const MessageId id = parse_shown_id(message_id, account.account->message_id_format);
    if (id == 0) return command == CommandId::query_sm ? CommandStatus::ESME_RINVMSGID : failure_of(command);
    const wire::OperationNote note{reply, id, account.id, 0};
    if (const std::uint32_t home = home_shard(id, core_.shards); home != core_.shard)
        core_.send(home, wire::Type::operation, note, body);
    else
        on_operation(note, body);
    return CommandStatus::ESME_ROK;
}

CommandStatus Operations::begin_cancel_all(const Party& account, ByteView body, const wire::ReplyTo& reply) {
    const auto pdu = smpp::decode<smpp::CancelSm>(body);
    if (!pdu) return CommandStatus::ESME_RCANCELFAIL;
    if (pdu->destination_addr.empty()) return CommandStatus::ESME_RINVDSTADR;
    if (groups_.size() >= most_groups) return CommandStatus::ESME_RTHROTTLED;
    const std::uint32_t id = ++last_group_;
    groups_.emplace(id, Group{reply, core_.shards, false});
    const wire::OperationNote note{{0, id, wire::cancel_part, core_.shard, 0}, 0, account.id, 0};
    for (std::uint32_t shard = 0; shard < core_.shards; ++shard)
        if (shard != core_.shard) core_.send(shard, wire::Type::operation, note, body);
    on_operation(note, body);
    return CommandStatus::ESME_ROK;
}

void Operations::on_part(std::uint32_t id, CommandStatus status) {
    const auto found = groups_.find(id);
    if (found == groups_.end()) return;
    Group& group = found->second;
    group.any = group.any || status == CommandStatus::ESME_ROK;
    if (--group.parts > 0) return;
    core_.answer(group.reply, group.any ? CommandStatus::ESME_ROK : CommandStatus::ESME_RCANCELFAIL);
    groups_.erase(found);
}

// ---- where the messages are

void Operations::on_operation(const wire::OperationNote& note, ByteView body) {
    const auto job = std::make_shared<Job>();
    job->note = note;
    job->body.assign(body.begin(), body.end());
    job->error = failure_of(command_of(note));
    if (note.id == 0) {
        job->last = UINT64_MAX;
        all_.push_back(job);
        if (all_.size() == 1) start_all();
        return;
    }
    Message* const m = core_.messages->find(note.id);
    if (m != nullptr && (m->parts > 0 || stands_alone(*m))) {
        apply(*job, *m);
        return conclude(job);
    }
    const auto slots = static_cast<std::uint32_t>(limits::slots / core_.shards);
    job->next = note.id;
    job->last = note.id + (std::uint64_t{most_members / slots + 2} << 16);
    look_in_memory(*job);
    look_on_disk(job);
}

/// Messages of one submit_multi have ids that follow each other.
bool Operations::stands_alone(const Message& m) const {
    if (m.shown_id != m.id) return true;
    const Message* next = core_.messages->find(core_.messages->ids().after(m.id));
    return next != nullptr && next->shown_id != m.id;
}

void Operations::start_all() {
    const JobRef job = all_.front();
    look_in_memory(*job);
    look_on_disk(job);
}

void Operations::look_in_memory(Job& job) {
    std::vector<MessageId> found;
    if (job.note.id == 0) {
        core_.messages->for_each_in_memory([&](const Message& m) {
            if (concerns(job, m)) found.push_back(m.id);
        });
    } else {
        MessageId id = job.note.id;
        for (std::uint32_t n = 0; n < most_members; ++n, id = core_.messages->ids().after(id)) {
            const Message* m = core_.messages->find(id);
            if (m != nullptr && m->shown_id != job.note.id) break;
            if (m != nullptr) found.push_back(id);
        }
    }
    for (const MessageId id : found)
        if (Message* m = core_.messages->find(id)) apply(job, *m);
}

void Operations::look_on_disk(const JobRef& job) {
    storage::LoadRequest request;
    request.table = storage::Table::message;
    request.first = {0, job->next};
    request.last = {0, job->last};
    request.limit = rows_at_once;
    core_.messages->load(request, [this, job](const storage::LoadResult& result) {
        job->more = result.more;
        if (!result.rows.empty()) job->next = result.rows.back().key.low + 1;
        job->fetching = 1;  // this look itself
        for (const storage::LoadedRow& row : result.rows) {
            Message stored;
            if (job->seen.contains(row.key.low) || !read_snapshot(result.value(row), stored) || !concerns(*job, stored))
                continue;
            ++job->fetching;
            core_.messages->fetch(row.key.low, [this, job](Message* m) {
                if (m != nullptr) apply(*job, *m);
                looked(job);
            });
        }
        looked(job);
    });
}

void Operations::looked(const JobRef& job) {
    if (--job->fetching > 0) return;
    if (job->more) return look_on_disk(job);
    conclude(job);
    if (job->note.id != 0) return;
    all_.pop_front();
    if (!all_.empty()) start_all();
}

bool Operations::concerns(const Job& job, const Message& m) const {
    if (m.account != job.note.account || m.kind != Kind::submitted) return false;
    if (job.note.id != 0) return m.shown_id == job.note.id || m.id == job.note.id;
    if (m.leg != Leg::forward) return false;
    const auto asked = smpp::decode<smpp::CancelSm>(job.body);
    const auto pdu = smpp::decode<smpp::SubmitSm>(m.body_view());
    return asked && pdu && pdu->source_addr == asked->source_addr &&
           pdu->destination_addr == asked->destination_addr &&
           (asked->service_type.empty() || pdu->service_type == asked->service_type);
}

void Operations::apply(Job& job, Message& m) {
    // A message in parts is its first one to everybody else.
    if (!concerns(job, m) || m.part > 1 || !job.seen.insert(m.id).second) return core_.messages->let_go(m);
    if (m.parts > 0 && command_of(job.note) == CommandId::cancel_sm && job.note.id == m.id && fetch_part(job, m))
        return;
    CommandStatus status = CommandStatus::ESME_ROK;
    switch (command_of(job.note)) {
        case CommandId::query_sm: {
            const auto pdu = smpp::decode<smpp::QuerySm>(job.body);
            if (pdu && same_source(m, pdu->source_addr)) query(job, m);
            return core_.messages->let_go(m);
        }
        case CommandId::cancel_sm: status = cancel(m, job.body); break;
        default: status = replace(m, job.body); break;
    }
    if (status == CommandStatus::ESME_ROK) {
        ++job.done;
    } else {
        job.error = status;
        core_.messages->let_go(m);
    }
}

bool Operations::fetch_part(Job& job, const Message& first) {
    for (std::uint64_t i = 1; i < first.parts; ++i) {
        const MessageId id = first.id + (i << 16);
        if (core_.messages->find(id) != nullptr) continue;
        job.begun_again = true;
        core_.messages->fetch(id, [this, note = job.note, body = job.body](Message* m) {
            if (m != nullptr) on_operation(note, body);
            else core_.answer(note.reply, CommandStatus::ESME_RCANCELFAIL);  // a part has ended
        });
        return true;
    }
    return false;
}

void Operations::conclude(const JobRef& job) {
    if (job->begun_again) return;
    const wire::ReplyTo& reply = job->note.reply;
    if (job->has_state) {
        if (reply.shard == core_.shard) return answer_query(job->state);
        return core_.send(reply.shard, wire::Type::operation_done, job->state);
    }
    if (job->done == 0) return core_.answer(reply, job->error);
    core_.messages->after_commit(after_commit(AfterCommit::What::answered, reply, 0));
}

/// Of several messages under one id the first that is not final speaks for all.
void Operations::query(Job& job, const Message& m) {
    if (job.has_state && (job.state.done_at == 0 || m.leg == Leg::report)) return;
    job.has_state = true;
    wire::OperationDone& done = job.state;
    done = {};
    done.reply = job.note.reply;
    done.id = m.shown_id;
    done.state = m.final_state;
    if (m.leg != Leg::report) return;
    done.done_at = m.done_at.time_since_epoch().count();
    unsigned code = 0;
    const std::string_view error = m.error_text();
    std::from_chars(error.data(), error.data() + error.size(), code);
    done.error_code = static_cast<std::uint8_t>(std::min(code, 255u));
}

CommandStatus Operations::cancel(Message& m, ByteView body) {
    const auto pdu = smpp::decode<smpp::CancelSm>(body);
    if (!pdu || !waits(m)) return CommandStatus::ESME_RCANCELFAIL;
    const auto original = smpp::decode<smpp::SubmitSm>(m.body_view());
    // What the request says beside the id must be so (v3.4 §4.9.1); a destination names one message of a submit_multi.
    if (!original || (!pdu->source_addr.empty() && original->source_addr != pdu->source_addr) ||
        (!pdu->destination_addr.empty() && original->destination_addr != pdu->destination_addr))
        return CommandStatus::ESME_RCANCELFAIL;
    for (std::uint64_t i = 1; i < m.parts; ++i) {
        const Message* part = core_.messages->find(m.id + (i << 16));
        if (part == nullptr || !waits(*part)) return CommandStatus::ESME_RCANCELFAIL;
    }
    finish(core_, m, smpp::MessageState::deleted, {});
    return CommandStatus::ESME_ROK;
}

CommandStatus Operations::replace(Message& m, ByteView body) {
    const auto pdu = smpp::decode<smpp::ReplaceSm>(body);
    if (!pdu || !same_source(m, pdu->source_addr)) return CommandStatus::ESME_RREPLACEFAIL;
    if (!waits(m) || m.parts > 0) return CommandStatus::ESME_RREPLACEFAIL;
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
    m.registered_delivery = pdu->registered_delivery;
    m.expires_at = expires;
    core_.messages->replaced(m);
    if (due > now && due != m.due_at) {
        m.due_at = due;
        core_.messages->retry(m);
    }
    return CommandStatus::ESME_ROK;
}

}  // namespace sluice::gateway
