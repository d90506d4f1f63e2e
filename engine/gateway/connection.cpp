#include "engine/gateway/connection.hpp"

namespace sluice::gateway {

Connection::Connection(Core& core, io::LinkId link, const io::Endpoint& peer, const session::SessionConfig& config)
    : core_(core), link_(link), peer_(peer), session_(config, *this, core.reactor->io().out(link), core.now().mono),
      since_(core.now().mono) {
    arm();
}

Connection::~Connection() {
    if (timer_.valid()) core_.reactor->timers().cancel(timer_);
}

std::size_t Connection::on_data(ByteView data) {
    in_data_ = true;
    const std::size_t consumed = session_.receive(data, core_.now().mono);
    in_data_ = false;
    if (ended_) return data.size();
    // What is left is the beginning of a PDU, unless the session stopped because the peer has too much unanswered.
    if (consumed < data.size() && smpp::frame(data.subspan(consumed)).kind == smpp::Frame::Kind::pdu)
        core_.reactor->io().pause(link_);
    arm();
    return consumed;
}

void Connection::on_readable(session::Session&) { core_.reactor->io().resume(link_); }

void Connection::on_lost() {
    lost_ = true;
    session_.connection_lost(core_.now().mono);
}

void Connection::on_drained() {
    if (ended_) return;
    touch();
    on_window_open(session_);
}

void Connection::end_of_turn() {
    touched_ = false;
    if (ended_) return;
    core_.reactor->io().touch(link_);
    arm();
}

void Connection::arm() {
    // Deadlines mostly move later (another answer came): the timer then finds that it is early and goes on waiting.
    const MonoTime deadline = session_.deadline();
    if (deadline >= armed_at_) return;
    if (timer_.valid() && core_.reactor->timers().rearm(timer_, deadline)) {
        armed_at_ = deadline;
        return;
    }
    timer_ = core_.reactor->timers().arm(deadline, [this] { on_timer(); });
    armed_at_ = deadline;
}

void Connection::on_timer() {
    timer_ = {};
    armed_at_ = MonoTime::max();
    if (ended_) return;
    touch();
    session_.tick(core_.now().mono);
}

void Connection::on_end(session::Session&, session::EndReason reason, smpp::CommandStatus status) {
    ended_ = true;
    ended(reason, status);
    core_.ended.push_back(this);
}

}  // namespace sluice::gateway
