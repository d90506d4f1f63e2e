#include <algorithm>

#include "engine/session/session.hpp"

namespace sluice::session {

MonoTime Session::deadline() const {
    MonoTime next = state_deadline_;
    if (stopped_at_) return next;

    const auto consider = [&](MonoTime reading) { next = std::min(next, reading + stopped_for_); };
    const Timers& timers = config_.timers;
    if (const Window::Request* oldest = window_.oldest()) consider(oldest->sent + timers.response);
    if (!bound()) return next;
    if (enquire_link_sequence_ != 0) {
        consider(enquire_link_deadline());
    } else if (timers.enquire_link > nanoseconds::zero()) {
        consider(last_received_ + timers.enquire_link);
    }
    if (timers.inactivity > nanoseconds::zero()) consider(last_request_ + timers.inactivity);
    return next;
}

void Session::tick(MonoTime now) {
    if (now >= state_deadline_) {
        end(state_ == State::unbound ? unbind_reason_ : EndReason::session_init_timeout);
    } else {
        expire_requests(now);
        if (bound()) watch_peer(now);
    }
    announce_window();
}

/// A peer that sends anything at all is alive, so its answer may take its turn behind what it is sending.
MonoTime Session::enquire_link_deadline() const {
    return std::max(enquire_link_sent_, last_received_) + enquire_link_limit_;
}

void Session::expire_requests(MonoTime now) {
    const MonoTime reading = reading_time(now);
    for (const Window::Request* oldest = window_.oldest();
         oldest != nullptr && reading >= oldest->sent + config_.timers.response; oldest = window_.oldest()) {
        const std::uint64_t cookie = oldest->cookie;
        window_.take(oldest->sequence);
        ++counters_.response_timeouts;
        events_.on_unanswered(*this, cookie);
    }
}

void Session::enquire(nanoseconds limit, MonoTime reading) {
    enquire_link_sequence_ = window_.draw_sequence();
    enquire_link_sent_ = reading;
    enquire_link_limit_ = limit;
    write_pdu(CommandId::enquire_link, CommandStatus::ESME_ROK, enquire_link_sequence_);
}

void Session::probe(nanoseconds limit, MonoTime now) {
    if (!bound() || stopped_at_) return;
    const MonoTime reading = reading_time(now);
    if (enquire_link_sequence_ == 0) return enquire(limit, reading);
    const MonoTime asked = std::max(enquire_link_sent_, last_received_);
    enquire_link_limit_ = std::min(enquire_link_limit_, reading - asked + limit);
}

void Session::watch_peer(MonoTime now) {
    const Timers& timers = config_.timers;
    const MonoTime reading = reading_time(now);
    if (enquire_link_sequence_ != 0) {
        if (reading >= enquire_link_deadline()) return end(EndReason::enquire_link_timeout);
    } else if (timers.enquire_link > nanoseconds::zero() && reading >= last_received_ + timers.enquire_link) {
        window_.release_memory();
        enquire(timers.response, reading);
    }
    if (timers.inactivity > nanoseconds::zero() && reading >= last_request_ + timers.inactivity)
        begin_unbind(EndReason::inactive, now);
}

}  // namespace sluice::session
