#include "engine/gateway/parts.hpp"

#include "engine/gateway/finish.hpp"

namespace sluice::gateway {
namespace {

bool ends_well(smpp::MessageState state) {
    return state == smpp::MessageState::delivered || state == smpp::MessageState::accepted;
}

bool can_be_dropped(const Message& m) { return m.stage == Stage::queued || m.stage == Stage::waiting; }

/// Those of the others that are in memory and have not set out.
void drop_queued(Core& core, MessageId first, std::uint8_t parts, MessageId but) {
    for (std::uint64_t i = 0; i < parts; ++i) {
        const MessageId id = first + (i << 16);
        Message* const part = id != but ? core.messages->find(id) : nullptr;
        if (part != nullptr && part->leg == Leg::forward && can_be_dropped(*part)) drop(core, *part);
    }
}

void answer_after_commit(Core& core, const wire::ReplyTo& reply) {
    if (reply.command != 0) core.messages->after_commit(after_commit(AfterCommit::What::reported, reply, 0));
}

void failed(Core& core, Message* first, Message& m, const wire::ReplyTo& reply) {
    const MessageId first_id = m.first_part(), id = m.id;
    const std::uint8_t parts = m.parts;
    if (first != nullptr && first != &m) {
        first->decided = true;
        if (first->part_over) drop(core, *first);
        else core.messages->replaced(*first);
    }
    report_or_drop(core, m, reply);
    drop_queued(core, first_id, parts, id);
}

/// `first` knows the outcome of `m` from now on.
void count(Core& core, Message& first, Message& m, const wire::ReplyTo& reply) {
    if (m.final_state == smpp::MessageState::accepted) first.part_accepted = true;
    const WallTime done_at = std::max(first.done_at, m.done_at);
    const bool last = --first.parts_left == 0;
    if (&first != &m) drop(core, m);
    first.done_at = done_at;
    if (last) {
        first.final_state = first.part_accepted ? smpp::MessageState::accepted : smpp::MessageState::delivered;
        first.set_error({});
        return report_or_drop(core, first, reply);
    }
    if (&first == &m) {
        first.final_state = smpp::MessageState::enroute;  // of the whole
        core.messages->part_over(first);
    } else {
        core.messages->replaced(first);
    }
    answer_after_commit(core, reply);
}

bool is_decided(const Message* first) { return first == nullptr || first->decided || first->leg == Leg::report; }

void settle_part(Core& core, Message* first, Message& m, const wire::ReplyTo& reply) {
    if (is_decided(first)) {
        answer_after_commit(core, reply);
        drop(core, m);
        if (first != nullptr && first != &m) core.messages->let_go(*first);
    } else if (!ends_well(m.final_state)) {
        failed(core, first, m, reply);
    } else {
        count(core, *first, m, reply);
    }
}

/// Reads the first part, and if need be the other again, which may have been settled meanwhile.
void settle_later(Core& core, MessageId first, MessageId part) {
    core.messages->fetch(first, [&core, first, part](Message*) {
        if (Message* m = core.messages->find(part)) return settle_part(core, core.messages->find(first), *m, {});
        core.messages->fetch(part, [&core, first, part](Message* m) {
            if (m == nullptr) return;
            if (core.messages->find(first) == nullptr) return settle_later(core, first, part);
            settle_part(core, core.messages->find(first), *m, {});
        });
    });
}

}  // namespace

MessageId accept_parts(Core& core, const Message& like, const Split& split, const wire::ReplyTo& reply) {
    const std::size_t parts = split.parts.size();
    const MessageId first = core.messages->ids().next_run(core.now().wall, parts);
    for (std::size_t i = 0; i < parts; ++i) {
        Message m;
        m.id = first + (std::uint64_t{i} << 16);
        m.kind = like.kind;
        m.account = like.account;
        m.provider = like.provider;
        m.shown_id = like.shown_id != 0 ? like.shown_id : first;
        m.priority = like.priority;
        m.registered_delivery = like.registered_delivery;
        m.explicit_validity = like.explicit_validity;
        m.accepted_at = like.accepted_at;
        m.expires_at = like.expires_at;
        m.due_at = like.due_at;
        m.own_text = true;
        m.charge = {like.charge.micros / static_cast<std::int64_t>(parts)};  // without a rest: each has one price
        m.charge_units = like.charge != Money{} ? 1 : 0;
        m.set_body(split.parts[i]);
        if (like.kind == Kind::submitted) {
            m.part = static_cast<std::uint8_t>(i + 1);
            m.parts = static_cast<std::uint8_t>(parts);
            m.parts_left = i == 0 ? m.parts : std::uint8_t{0};
        }
        const auto what = like.kind == Kind::submitted && i == 0 ? AfterCommit::What::accepted
                                                                 : AfterCommit::What::reported;
        core.messages->accept(std::move(m), after_commit(what, i == 0 ? reply : wire::ReplyTo{}, 0), core.now());
    }
    return first;
}

void finish_part(Core& core, Message& m, smpp::MessageState state, std::string_view error, const wire::ReplyTo& reply) {
    if (m.part_over && m.part != 1) return answer_after_commit(core, reply);  // on its way to the first part already
    m.final_state = state;
    m.set_error(error);
    if (m.part == 1) return settle_part(core, &m, m, reply);
    if (Message* first = core.messages->find(m.first_part())) return settle_part(core, first, m, reply);
    const MessageId first = m.first_part(), id = m.id;
    core.messages->part_over(m);
    answer_after_commit(core, reply);
    settle_later(core, first, id);
}

void drop_if_decided(Core& core, MessageId part) {
    const Message* const m = core.messages->find(part);
    if (m == nullptr || m->leg != Leg::forward || !can_be_dropped(*m)) return;
    core.messages->fetch(m->first_part(), [&core, part](Message* first) {
        Message* const waiting = core.messages->find(part);
        if (is_decided(first) && waiting != nullptr && waiting->leg == Leg::forward && can_be_dropped(*waiting))
            drop(core, *waiting);
    });
}

void resume_part(Core& core, const Message& m) {
    if (m.part != 1) settle_later(core, m.first_part(), m.id);
}

}  // namespace sluice::gateway
