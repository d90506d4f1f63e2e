#include "engine/session/session.hpp"

#include <algorithm>

namespace sluice::session {

namespace {

/// Malformed PDUs and unknown commands that a peer may send before it is bound.
constexpr std::uint8_t max_early_errors = 10;

/// Does this response, or generic_nack, answer the request?
bool answers(const smpp::Header& response, CommandId request, std::uint32_t sequence) {
    return response.sequence == sequence &&
           (response.id == CommandId::generic_nack || response.id == smpp::response_of(request));
}

}  // namespace

std::string_view to_string(EndReason reason) {
    switch (reason) {
        case EndReason::peer_unbound: return "peer unbound";
        case EndReason::unbound: return "unbound";
        case EndReason::peer_closed: return "peer closed";
        case EndReason::bind_refused: return "bind refused";
        case EndReason::session_init_timeout: return "session init timeout";
        case EndReason::enquire_link_timeout: return "enquire_link timeout";
        case EndReason::inactive: return "inactive";
        case EndReason::framing: return "framing";
        case EndReason::too_many_errors: return "too many errors";
    }
    return "";
}

Session::Session(const SessionConfig& config, SessionEvents& events, OutBuffer& out, MonoTime now)
    : config_(config),
      events_(events),
      out_(out),
      window_(config.window),
      state_deadline_(now + config.timers.session_init) {
    SLUICE_CHECK(config.peer_window >= 1);
    SLUICE_CHECK(config.timers.session_init > nanoseconds::zero() && config.timers.response > nanoseconds::zero());
}

// ---- receiving

std::size_t Session::receive(ByteView data, MonoTime now) {
    if (stopped_at_) {
        stopped_for_ += now - *stopped_at_;
        stopped_at_.reset();
        readable_announced_ = false;
    }
    std::size_t consumed = 0;
    while (state_ != State::closed) {
        const smpp::Frame frame = smpp::frame(data.subspan(consumed));
        if (frame.kind == smpp::Frame::Kind::incomplete) break;
        if (frame.kind == smpp::Frame::Kind::bad_length) {
            // What follows need not be a header at all, so there is no sequence_number to echo (v5.0 §4.1.4).
            ++counters_.malformed;
            write_pdu(CommandId::generic_nack, CommandStatus::ESME_RINVCMDLEN, 0);
            end(EndReason::framing);
            break;
        }
        if (!has_room_for(frame.header)) {
            stopped_at_ = now;
            break;
        }
        consumed += frame.size;
        ++counters_.pdus_in;
        last_received_ = reading_time(now);
        enquire_link_limit_ = config_.timers.response;
        if (smpp::is_response(frame.header.id)) {
            handle_response(frame.header, frame.body, now);
        } else {
            handle_request(frame.header, frame.body, now);
        }
    }
    announce_window();
    return consumed;
}

void Session::handle_request(const smpp::Header& header, ByteView body, MonoTime now) {
    if (!smpp::known(header.id)) {
        write_pdu(CommandId::generic_nack, CommandStatus::ESME_RINVCMDID, header.sequence);
        return count_malformed();
    }
    if (reaches_owner(header.id)) {
        if (smpp::has_response(header.id)) ++peer_requests_;
        last_request_ = reading_time(now);
        return events_.on_request(*this, header, body);
    }
    switch (header.id) {
        case CommandId::enquire_link:
            return write_pdu(CommandId::enquire_link_resp, CommandStatus::ESME_ROK, header.sequence);
        case CommandId::unbind: return handle_unbind(header);
        case CommandId::outbind: return handle_outbind(header, body);
        case CommandId::bind_receiver:
        case CommandId::bind_transmitter:
        case CommandId::bind_transceiver: return handle_bind(header, body);
        default: return refuse(header, CommandStatus::ESME_RINVBNDSTS);
    }
}

void Session::handle_unbind(const smpp::Header& header) {
    // Both may say unbind at the same time: the peer's is answered although the state is unbound by then.
    if (!peer_may_send(CommandId::unbind) && state_ != State::unbound)
        return refuse(header, CommandStatus::ESME_RINVBNDSTS);
    write_pdu(CommandId::unbind_resp, CommandStatus::ESME_ROK, header.sequence);
    end(state_ == State::unbound ? unbind_reason_ : EndReason::peer_unbound);
}

void Session::handle_response(const smpp::Header& header, ByteView body, MonoTime now) {
    if (bind_pending_ && config_.role == Role::esme && answers(header, bind_command_, bind_sequence_))
        return handle_bind_response(header, body, now);
    if (enquire_link_sequence_ != 0 && answers(header, CommandId::enquire_link, enquire_link_sequence_)) {
        enquire_link_sequence_ = 0;
        return;
    }
    if (state_ == State::unbound && answers(header, CommandId::unbind, unbind_sequence_)) return end(unbind_reason_);

    const Window::Request* const request = window_.find(header.sequence);
    if (request == nullptr || !answers(header, request->command, header.sequence)) {
        ++counters_.unknown_responses;
        return;
    }
    const std::uint64_t cookie = request->cookie;
    answered_after_ = reading_time(now) - request->sent;
    window_.erase(header.sequence);
    events_.on_response(*this, cookie, header, body);
}

void Session::refuse(const smpp::Header& header, CommandStatus status) {
    ++counters_.out_of_state;
    if (smpp::has_response(header.id)) write_pdu(smpp::response_of(header.id), status, header.sequence);
}

void Session::count_malformed() {
    ++counters_.malformed;
    const bool early = state_ == State::open || state_ == State::outbound;
    if (early && ++early_errors_ == max_early_errors) end(EndReason::too_many_errors);
}

// ---- answers and requests of ours

void Session::respond(CommandId request, std::uint32_t sequence, CommandStatus status) {
    if (state_ == State::closed) return;
    write_pdu(smpp::response_of(request), status, sequence);
    settle_peer_request();
}

void Session::respond_error(CommandId request, std::uint32_t sequence, CommandStatus status) {
    if (state_ == State::closed) return;
    ++counters_.malformed;
    if (smpp::has_response(request)) respond(request, sequence, status);
}

void Session::respond_unsupported(CommandId request, std::uint32_t sequence) {
    if (state_ == State::closed) return;
    ++counters_.malformed;
    write_pdu(CommandId::generic_nack, CommandStatus::ESME_RINVCMDID, sequence);
    if (smpp::has_response(request)) settle_peer_request();
}

bool Session::can_send() const {
    return may_send(config_.role == Role::esme ? CommandId::submit_sm : CommandId::deliver_sm);
}

bool Session::can_receive() const {
    return peer_may_send(config_.role == Role::esme ? CommandId::deliver_sm : CommandId::submit_sm);
}

void Session::write_pdu(CommandId id, CommandStatus status, std::uint32_t sequence) {
    smpp::write_pdu(out_, id, status, sequence);
    ++counters_.pdus_out;
}

// ---- the end

void Session::unbind(MonoTime now) { begin_unbind(EndReason::unbound, now); }

void Session::begin_unbind(EndReason reason, MonoTime now) {
    if (state_ == State::unbound || state_ == State::closed) return;
    if (!bound() && bind_pending_ && config_.role == Role::message_centre)
        return refuse_bind(CommandStatus::ESME_RBINDFAIL, now);
    if (!bound()) return end(reason);
    state_ = State::unbound;
    unbind_reason_ = reason;
    unbind_sequence_ = window_.draw_sequence();
    state_deadline_ = now + config_.timers.response;
    write_pdu(CommandId::unbind, CommandStatus::ESME_ROK, unbind_sequence_);
    announce_readable();  // requests are refused from now on, so peer_window stops nothing any more
}

void Session::connection_lost(MonoTime) {
    end(state_ == State::unbound ? unbind_reason_ : EndReason::peer_closed);
}

void Session::end(EndReason reason, CommandStatus status) {
    if (state_ == State::closed) return;
    state_ = State::closed;
    state_deadline_ = MonoTime::max();
    while (const Window::Request* oldest = window_.oldest())
        events_.on_unanswered(*this, window_.take(oldest->sequence)->cookie);
    window_.release_memory();
    events_.on_end(*this, reason, status);
}

void Session::announce_window() {
    if (!window_was_filled_ || window_.full()) return;
    window_was_filled_ = false;
    if (bound()) events_.on_window_open(*this);
}

void Session::announce_readable() {
    if (!stopped_at_ || readable_announced_ || (bound() && peer_requests_ >= config_.peer_window)) return;
    readable_announced_ = true;
    events_.on_readable(*this);
}

}  // namespace sluice::session
