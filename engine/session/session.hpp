#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "codecs/smpp/pdu.hpp"
#include "engine/base/bytes.hpp"
#include "engine/base/check.hpp"
#include "engine/base/limits.hpp"
#include "engine/base/out_buffer.hpp"
#include "engine/base/time.hpp"
#include "engine/session/window.hpp"

/// The SMPP session machine (v3.4 §2.2, v5.0 §2.3), for both roles: octets and time go in, octets and events come out.
/// It knows no sockets, reads no clock and starts no timers of its own, so the gateway, the message-centre simulator,
/// the command-line client, the benchmark and the simulation all run the very same code.
namespace sluice::session {

enum class Role : std::uint8_t { message_centre, esme };

using smpp::CommandId;
using smpp::CommandStatus;
using State = smpp::SessionState;

enum class EndReason : std::uint8_t {
    peer_unbound,          ///< unbind from the peer, answered
    unbound,               ///< our unbind was answered, or its answer did not come in time
    peer_closed,           ///< the connection went away (Session::connection_lost)
    bind_refused,          ///< we refused the peer's bind, or it refused ours
    session_init_timeout,  ///< no bind in time, or no answer to ours
    enquire_link_timeout,
    inactive,
    framing,          ///< a command_length that no PDU can have: the stream cannot be trusted any more
    too_many_errors,  ///< nothing but nonsense before the bind
};
std::string_view to_string(EndReason reason);

struct Timers {
    nanoseconds session_init = seconds(10);  ///< connection to bind
    nanoseconds enquire_link = seconds(30);  ///< silence before we send enquire_link; zero: never
    nanoseconds response = seconds(10);      ///< for every request of ours, the bind and enquire_link too
    nanoseconds inactivity = {};             ///< no requests but enquire_link: unbind; zero: never
};

struct SessionConfig {
    Role role = Role::message_centre;
    Timers timers;
    std::uint32_t window = 100;        ///< our requests that may be unanswered, 1 to 65535
    std::uint32_t peer_window = 1000;  ///< the peer's requests that we hold unanswered before we stop reading it
    std::uint8_t interface_version = 0x34;  ///< ours: sent in the bind, or as sc_interface_version in the answer
    std::string system_id;                  ///< message centre: sent in the bind response
};

/// What an ESME session binds with.
struct BindRequest {
    CommandId type = CommandId::bind_transceiver;
    std::string system_id, password, system_type, address_range;
    std::uint8_t addr_ton = 0, addr_npi = 0;
};

class Session;

/// What a session tells its owner, always from inside a call the owner made. Views are good until the event returns.
/// An event may call anything of the session but receive, tick and its destructor; only on_readable may call receive.
class SessionEvents {
public:
    virtual ~SessionEvents() = default;

    /// message_centre: a peer asks to be bound. Answer with accept_bind or refuse_bind, now or later.
    virtual void on_bind(Session& session, const smpp::Header& header, const smpp::Bind& bind) = 0;
    /// esme: outbind came; answer it with Session::bind.
    virtual void on_outbind(Session& session, const smpp::Outbind& outbind) = 0;
    /// The session is bound (either role): messages may flow.
    virtual void on_bound(Session& session) = 0;
    /// A request that this state and role allow, header and body as received; enquire_link, unbind, binds, unknown
    /// commands and commands out of state never get here. Answer with Session::respond, now or later, if the command
    /// has an answer (alert_notification has none).
    virtual void on_request(Session& session, const smpp::Header& header, ByteView body) = 0;
    /// The answer to a request of ours; a generic_nack that names it counts.
    virtual void on_response(Session& session, std::uint64_t cookie, const smpp::Header& header, ByteView body) = 0;
    /// A request of ours will never be answered: its timer ran out, or the session ended. Outcome unknown.
    virtual void on_unanswered(Session& session, std::uint64_t cookie) = 0;
    /// The window had been filled and has room again; at most once a receive or tick, after all their other events.
    virtual void on_window_open(Session& session) = 0;
    /// receive() had stopped because of peer_window; offer it data again.
    virtual void on_readable(Session& session) = 0;
    /// It is over: flush and close the connection. Every on_unanswered came before. The last event. `status` is that
    /// of the refused bind, else ESME_ROK.
    virtual void on_end(Session& session, EndReason reason, CommandStatus status) = 0;
};

struct SessionCounters {
    std::uint64_t pdus_in = 0, pdus_out = 0;
    std::uint64_t malformed = 0;          ///< answered with an error, the bind stayed; unknown commands too
    std::uint64_t unknown_responses = 0;  ///< answers to nothing (interop P15)
    std::uint64_t out_of_state = 0;       ///< ESME_RINVBNDSTS, ESME_RALYBND, or ignored where there is no answer
    std::uint64_t response_timeouts = 0;
};

class Session {
public:
    /// `events` and `out` outlive the session. Nothing is written before the first receive, tick or call. The owner
    /// destroys a session only outside of its calls, never inside an event.
    Session(const SessionConfig& config, SessionEvents& events, OutBuffer& out, MonoTime now);
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    // ---- driven by the owner; `now` never goes back
    /// Consumes whole PDUs from `data` and returns how many octets; stops early only when peer_window is full or the
    /// session has ended. Tells everything through the events. What was not consumed is offered again, with what
    /// follows it. Allocates nothing for requests and responses.
    std::size_t receive(ByteView data, MonoTime now);
    /// The connection is gone: ends with peer_closed (unbound, if unbind was under way).
    void connection_lost(MonoTime now);
    /// When tick must be called next; MonoTime::max() for never. May move either way after any call; cheap.
    MonoTime deadline() const;
    void tick(MonoTime now);

    // ---- binding; after the end all of these do nothing, so late decisions are harmless
    void bind(const BindRequest& request, MonoTime now);  ///< esme, state open or outbound, once
    void outbind(std::string_view system_id, std::string_view password, MonoTime now);  ///< message centre, state open
    /// A message centre learns what a peer may have only when it knows who it is: call it before accept_bind.
    void set_windows(std::uint32_t window, std::uint32_t peer_window) {
        window_.set_limit(window);
        config_.peer_window = peer_window;
    }
    void accept_bind(MonoTime now);                              ///< answers the pending bind
    void refuse_bind(CommandStatus status, MonoTime now);  ///< answers the pending bind, then ends
    /// Orderly end; on_end follows when the peer has answered, or at once where nothing is bound. A bind that waits for
    /// our answer is refused with ESME_RBINDFAIL.
    void unbind(MonoTime now);

    /// Asks the peer at once whether it is there, because its place is wanted: enquire_link, or a shorter wait for the
    /// one that is under way. Whatever comes from the peer within `limit` keeps the session; else it ends. Does nothing
    /// while peer_window keeps us from reading, since then silence is our own doing.
    void probe(nanoseconds limit, MonoTime now);
    /// How long nothing has come from the peer; stands still while peer_window keeps us from reading.
    nanoseconds silence(MonoTime now) const { return reading_time(now) - last_received_; }

    // ---- requests of ours
    bool window_open() const { return !window_.full(); }
    std::uint32_t in_flight() const { return window_.size(); }
    /// How many may be.
    std::uint32_t window_size() const { return window_.limit(); }
    /// In on_response: how long the peer took, on the clock that stands still while peer_window keeps us from reading.
    nanoseconds answered_after() const { return answered_after_; }
    /// Neither side owes the other an answer, that to a bind included.
    bool quiet() const { return window_.empty() && peer_requests_ == 0 && !bind_pending_; }
    /// Writes one request if the window is open and the state allows it. `write(std::uint8_t* to) -> std::size_t`
    /// writes the body, at most `max_body` octets, and calls nothing of this session. Returns the sequence_number, or
    /// 0 when it may not be sent now. `cookie` comes back in on_response or on_unanswered, exactly once; never for
    /// alert_notification, which nobody answers.
    template <class Write>
    std::uint32_t send(CommandId id, std::size_t max_body, Write&& write, std::uint64_t cookie, MonoTime now);
    /// The same with one of the bodies of codecs/smpp.
    template <class Body>
    std::uint32_t send(CommandId id, const Body& body, std::uint64_t cookie, MonoTime now);

    // ---- answers of ours; each answers one on_request, in any order; after the end they do nothing
    /// `write` as in send; not called where `status` is an error and the specification leaves the body out.
    template <class Write>
    void respond(CommandId request, std::uint32_t sequence, CommandStatus status, std::size_t max_body,
                 Write&& write);
    /// The same with one of the bodies of codecs/smpp.
    template <class Body>
    void respond(CommandId request, std::uint32_t sequence, CommandStatus status, const Body& body);
    /// An answer without a body.
    void respond(CommandId request, std::uint32_t sequence, CommandStatus status);
    /// For a request whose body is malformed: counts it and, where the command has an answer, answers without a body.
    void respond_error(CommandId request, std::uint32_t sequence, CommandStatus status);
    /// For a command that the owner does not support: counts it as unknown, answers with generic_nack (interop P14).
    void respond_unsupported(CommandId request, std::uint32_t sequence);

    // ---- facts
    State state() const { return state_; }
    bool bound() const { return state_ == State::bound_tx || state_ == State::bound_rx || state_ == State::bound_trx; }
    bool can_send() const;     ///< in this state our role may send submit_sm (esme) or deliver_sm (message centre)
    bool can_receive() const;  ///< in this state the peer's messages may come in
    /// True when both sides speak 3.4 or later: only then TLVs are sent (interop S1). A message centre that does not
    /// say its version counts as older (v3.4 §5.3.2.25); many do not and take TLVs all the same.
    bool tlvs_allowed() const;
    /// As the peer said it; 0 when it did not.
    std::uint8_t peer_interface_version() const { return peer_interface_version_; }
    /// Empty before the bind, or when the peer's answer had none.
    std::string_view peer_system_id() const { return peer_system_id_; }
    const SessionCounters& counters() const { return counters_; }

private:
    // receiving (session.cpp, binding.cpp)
    bool has_room_for(const smpp::Header& header) const {
        return peer_requests_ < config_.peer_window || !reaches_owner(header.id) || !smpp::has_response(header.id);
    }
    bool reaches_owner(CommandId request) const {
        if (request == CommandId::enquire_link || request == CommandId::unbind) return false;
        return bound() && peer_may_send(request);
    }
    void handle_request(const smpp::Header& header, ByteView body, MonoTime now);
    void handle_response(const smpp::Header& header, ByteView body, MonoTime now);
    void handle_bind(const smpp::Header& header, ByteView body);
    void handle_bind_response(const smpp::Header& header, ByteView body, MonoTime now);
    void handle_outbind(const smpp::Header& header, ByteView body);
    void handle_unbind(const smpp::Header& header);
    void refuse(const smpp::Header& header, CommandStatus status);
    void count_malformed();

    // sending
    bool may_send(CommandId id) const {
        return smpp::allowed(id, state_, config_.role == Role::esme ? smpp::Issuer::esme : smpp::Issuer::mc);
    }
    bool peer_may_send(CommandId id) const {
        return smpp::allowed(id, state_, config_.role == Role::esme ? smpp::Issuer::mc : smpp::Issuer::esme);
    }
    template <class Write>
    void write_pdu(CommandId id, CommandStatus status, std::uint32_t sequence, std::size_t max_body, Write&& write);
    template <class Body>
    void write_pdu(CommandId id, CommandStatus status, std::uint32_t sequence, const Body& body);
    void write_pdu(CommandId id, CommandStatus status, std::uint32_t sequence);
    void settle_peer_request() {
        SLUICE_CHECK(peer_requests_ > 0);
        --peer_requests_;
        if (stopped_at_) announce_readable();
    }

    // timers (timers.cpp)
    MonoTime reading_time(MonoTime now) const { return stopped_at_.value_or(now) - stopped_for_; }
    MonoTime enquire_link_deadline() const;
    void expire_requests(MonoTime now);
    void watch_peer(MonoTime now);
    void enquire(nanoseconds limit, MonoTime reading);

    // changes of state
    void enter_bound(MonoTime now);
    void begin_unbind(EndReason reason, MonoTime now);
    void end(EndReason reason, CommandStatus status = CommandStatus::ESME_ROK);
    void announce_window();
    void announce_readable();

    SessionConfig config_;
    SessionEvents& events_;
    OutBuffer& out_;
    Window window_;
    SessionCounters counters_;
    std::string peer_system_id_;

    State state_ = State::open;
    EndReason unbind_reason_ = EndReason::unbound;
    std::uint8_t peer_interface_version_ = 0;
    std::uint8_t early_errors_ = 0;  ///< malformed PDUs and unknown commands before the bind
    bool bind_pending_ = false;      ///< esme: ours has no answer yet; message centre: the peer's has none
    bool window_was_filled_ = false;
    bool readable_announced_ = false;

    CommandId bind_command_{};
    std::uint32_t bind_sequence_ = 0;
    std::uint32_t enquire_link_sequence_ = 0;  ///< of ours that has no answer yet; 0: none
    std::uint32_t unbind_sequence_ = 0;
    nanoseconds answered_after_{};
    std::uint32_t peer_requests_ = 0;  ///< told by on_request and not answered yet

    MonoTime state_deadline_;  ///< when this state must have been left, whatever comes

    // While peer_window is full we do not read, so silence and missing answers are our own doing. The timers that wait
    // for the peer therefore run on reading time, which stands still meanwhile, and so do the times below.
    std::optional<MonoTime> stopped_at_;
    nanoseconds stopped_for_{};
    MonoTime last_received_{};  ///< any PDU
    MonoTime last_request_{};   ///< either way, enquire_link left aside
    MonoTime enquire_link_sent_{};
    nanoseconds enquire_link_limit_{};  ///< for its answer
};

template <class Write>
std::uint32_t Session::send(CommandId id, std::size_t max_body, Write&& write, std::uint64_t cookie, MonoTime now) {
    SLUICE_CHECK(!smpp::is_response(id) && id != CommandId::unbind);
    if (!bound() || !may_send(id)) return 0;
    const MonoTime reading = reading_time(now);
    std::uint32_t sequence;
    if (smpp::has_response(id)) {
        if (window_.full()) return 0;
        sequence = window_.add(id, cookie, reading);
        window_was_filled_ |= window_.full();
    } else {
        sequence = window_.draw_sequence();
    }
    if (id != CommandId::enquire_link) last_request_ = reading;
    write_pdu(id, CommandStatus::ESME_ROK, sequence, max_body, write);
    return sequence;
}

template <class Body>
std::uint32_t Session::send(CommandId id, const Body& body, std::uint64_t cookie, MonoTime now) {
    const std::size_t size = smpp::encoded_size(body);
    return send(id, size, [&](std::uint8_t* to) { return smpp::encode(body, {to, size}); }, cookie, now);
}

template <class Write>
void Session::respond(CommandId request, std::uint32_t sequence, CommandStatus status, std::size_t max_body,
                      Write&& write) {
    // v3.4 §4.4.2: submit_sm_resp with an error has no body. Elsewhere a body may say more about the error.
    if (request == CommandId::submit_sm && status != CommandStatus::ESME_ROK)
        return respond(request, sequence, status);
    if (state_ == State::closed) return;
    write_pdu(smpp::response_of(request), status, sequence, max_body, write);
    settle_peer_request();
}

template <class Body>
void Session::respond(CommandId request, std::uint32_t sequence, CommandStatus status, const Body& body) {
    const std::size_t size = smpp::encoded_size(body);
    respond(request, sequence, status, size, [&](std::uint8_t* to) { return smpp::encode(body, {to, size}); });
}

template <class Write>
void Session::write_pdu(CommandId id, CommandStatus status, std::uint32_t sequence, std::size_t max_body,
                        Write&& write) {
    SLUICE_CHECK(max_body <= limits::max_pdu - smpp::header_size);
    std::uint8_t* const to = out_.reserve(smpp::header_size + max_body);
    const std::size_t body = write(to + smpp::header_size);
    SLUICE_CHECK(body <= max_body);
    const std::size_t size = smpp::header_size + body;
    smpp::write_header(to, {static_cast<std::uint32_t>(size), id, status, sequence});
    out_.commit(size);
    ++counters_.pdus_out;
}

template <class Body>
void Session::write_pdu(CommandId id, CommandStatus status, std::uint32_t sequence, const Body& body) {
    smpp::write_pdu(out_, id, status, sequence, body);
    ++counters_.pdus_out;
}

}  // namespace sluice::session
