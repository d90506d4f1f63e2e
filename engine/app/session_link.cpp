#include "engine/app/session_link.hpp"

namespace sluice::app {

SessionLink::SessionLink(reactor::Reactor& reactor, session::SessionEvents& events, io::LinkId link,
                         const session::SessionConfig& config)
    : reactor_(reactor),
      io_(reactor.io()),
      link_(link),
      session_(config, events, io_.out(link), reactor.now().mono) {
    arm();
}

SessionLink::~SessionLink() { reactor_.timers().cancel(timer_); }

std::size_t SessionLink::receive(ByteView data) {
    receiving_ = true;
    const std::size_t consumed = session_.receive(data, reactor_.now().mono);
    receiving_ = false;
    if (gone_) return data.size();
    // What is left is the beginning of a PDU, unless the session stopped because the peer has too much unanswered.
    if (smpp::frame(data.subspan(consumed)).kind == smpp::Frame::Kind::pdu) io_.pause(link_);
    arm();
    return consumed;
}

void SessionLink::lost() {
    gone_ = true;
    session_.connection_lost(reactor_.now().mono);
}

void SessionLink::touch() {
    if (receiving_ || gone_) return;
    io_.touch(link_);
    arm();
}

void SessionLink::close() {
    if (gone_) return;
    gone_ = true;
    io_.close(link_);
}

void SessionLink::abort() {
    if (gone_) return;
    gone_ = true;
    io_.abort(link_);
    session_.connection_lost(reactor_.now().mono);
}

void SessionLink::arm() {
    // Deadlines mostly move later, as answers come: then the timer finds that it is early and goes on waiting.
    const MonoTime deadline = session_.deadline();
    if (deadline >= armed_at_) return;
    armed_at_ = deadline;
    if (!reactor_.timers().rearm(timer_, deadline))
        timer_ = reactor_.timers().arm(deadline, [this] { on_timer(); });
}

void SessionLink::on_timer() {
    armed_at_ = MonoTime::max();
    session_.tick(reactor_.now().mono);
    touch();
}

}  // namespace sluice::app
