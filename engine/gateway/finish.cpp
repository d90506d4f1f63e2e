#include "engine/gateway/finish.hpp"

#include "engine/gateway/charging.hpp"
#include "engine/gateway/event_triggers.hpp"
#include "engine/gateway/parts.hpp"

namespace sluice::gateway {

void drop(Core& core, Message& m) {
    if (MessageCounts::is_unfinished(m)) --core.party(m.account).shared->queued;
    charge_at_end(core, m, smpp::MessageState::deleted, {});
    core.note(m.id, TraceEvent::done, m.destination());
    core.messages->done(m);
}

namespace {

/// A receipt that is written tells the history the final state too: one event less for most messages.
void report_or_drop(Core& core, Message& m, const wire::ReplyTo& reply, bool final_is_noted) {
    const Now& now = core.now();
    if (core.fires(script::Event::state_change) && m.kind == Kind::submitted) [[unlikely]] fire_state_change(core, m);
    const Party& account = core.party(m.account);
    const bool allowed = account.account == nullptr || account.account->receipts.allowed;
    if (MessageCounts::is_unfinished(m) && allowed && m.wants_receipt(m.final_state)) {
        --account.shared->queued;
        m.expires_at = now.wall + core.config.delivery_validity;
        core.note(m.id, TraceEvent::report, m.account, static_cast<std::uint32_t>(m.final_state));
        core.messages->report(m, after_commit(AfterCommit::What::reported, reply, m.id), now);
        return;
    }
    if (!final_is_noted)
        core.note(m.id, TraceEvent::final_state, m.provider, static_cast<std::uint32_t>(m.final_state));
    if (reply.command != 0) core.messages->after_commit(after_commit(AfterCommit::What::reported, reply, 0));
    drop(core, m);
}

}  // namespace

void report_or_drop(Core& core, Message& m, const wire::ReplyTo& reply) { report_or_drop(core, m, reply, true); }

void finish(Core& core, Message& m, smpp::MessageState state, std::string_view error, const wire::ReplyTo& reply) {
    if (m.done_at == WallTime{}) m.done_at = core.now().wall;
    if (MessageCounts::is_awaiting(m) && !m.part_over) {
        core.messages->after_commit({AfterCommit::What::over, 0, 0, 0, 0, m.receipt_key, m.id});
        if (!core.quality.empty() && state != smpp::MessageState::deleted)
            core.party(m.provider).shared->deliveries.ended(state == smpp::MessageState::delivered, core.now().wall);
    }
    charge_at_end(core, m, state, error);
    if (m.parts > 0 && m.leg == Leg::forward) {
        core.note(m.id, TraceEvent::final_state, m.provider, static_cast<std::uint32_t>(state));
        return finish_part(core, m, state, error, reply);
    }
    m.final_state = state;
    m.set_error(error);
    report_or_drop(core, m, reply, false);
}

}  // namespace sluice::gateway
