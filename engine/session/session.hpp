#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "codecs/smpp/pdu.hpp"
#include "engine/base/bytes.hpp"
#include "engine/base/out_buffer.hpp"
#include "engine/base/time.hpp"

/// The SMPP session machine (v3.4 §2.2, v5.0 §2.3), for both roles: octets and time go in, octets and events come out.
/// It knows no sockets, reads no clock and starts no timers of its own, so the gateway, the message-centre simulator,
/// the command-line client, the benchmark and the simulation all run the very same code.
namespace sluice::session {

enum class Role : std::uint8_t { message_centre, esme };

enum class State : std::uint8_t { open, outbound, bound_tx, bound_rx, bound_trx, unbound, closed };
std::string_view to_string(State state);

enum class EndReason : std::uint8_t {
    peer_unbound,        ///< unbind from the peer, answered
    unbound,             ///< our unbind was answered, or its answer did not come in time
    peer_closed,         ///< the connection went away (Session::connection_lost)
    bind_refused,        ///< we refused the peer's bind, or it refused ours
    session_init_timeout,
    enquire_link_timeout,
    inactive,
    framing,             ///< a command_length that no PDU can have: the stream cannot be trusted any more
    too_many_errors,
};
std::string_view to_string(EndReason reason);

struct Timers {
    nanoseconds session_init = seconds(10);   ///< connection to bind
    nanoseconds enquire_link = seconds(30);   ///< silence before we send enquire_link; zero: never
    nanoseconds response = seconds(10);       ///< for every request of ours
    nanoseconds inactivity = {};              ///< no requests but enquire_link: unbind; zero: never
};

struct SessionConfig {
    Role role = Role::message_centre;
    Timers timers;
    std::uint32_t window = 100;       ///< our requests that may be unanswered, 1 to 65535
    std::uint32_t peer_window = 1000; ///< the peer's requests that we hold unanswered before we stop reading it
    std::uint8_t interface_version = 0x34;
    std::string system_id;            ///< ours: sent in the bind (esme) or the bind response (message centre)
};

/// What an ESME session binds with.
struct BindRequest {
    smpp::CommandId type = smpp::CommandId::bind_transceiver;
    std::string system_id, password, system_type, address_range;
    std::uint8_t addr_ton = 0, addr_npi = 0;
};

class Session;

/// What a session tells its owner, always from inside a call the owner made. Views are good until the event returns.
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
    /// commands and commands out of state never get here. Answer with Session::respond, now or later.
    virtual void on_request(Session& session, const smpp::Header& header, ByteView body) = 0;
    /// The answer to a request of ours; a generic_nack that names it counts.
    virtual void on_response(Session& session, std::uint64_t cookie, const smpp::Header& header, ByteView body) = 0;
    /// A request of ours will never be answered: its timer ran out, or the session ended. Outcome unknown.
    virtual void on_unanswered(Session& session, std::uint64_t cookie) = 0;
    /// The window has room again after window_open() had returned false.
    virtual void on_window_open(Session& session) = 0;
    /// receive() had stopped because of peer_window; offer it data again.
    virtual void on_readable(Session& session) = 0;
    /// It is over: flush and close the connection. Every on_unanswered came before. The last event.
    virtual void on_end(Session& session, EndReason reason, smpp::CommandStatus status) = 0;
};

struct SessionCounters {
    std::uint64_t pdus_in = 0, pdus_out = 0;
    std::uint64_t malformed = 0;          ///< answered with an error, the bind stayed
    std::uint64_t unknown_responses = 0;  ///< answers to nothing (interop P15)
    std::uint64_t out_of_state = 0;       ///< ESME_RINVBNDSTS
    std::uint64_t response_timeouts = 0;
};

class Session {
public:
    /// `out` and `events` outlive the session. Nothing is written before the first receive, tick or call.
    Session(const SessionConfig& config, SessionEvents& events, OutBuffer& out, MonoTime now);

    // ---- driven by the owner
    /// Consumes whole PDUs from `data` and returns how many octets; stops early only when peer_window is full or the
    /// session has ended. Tells everything through the events.
    std::size_t receive(ByteView data, MonoTime now);
    /// The connection is gone: ends with peer_closed.
    void connection_lost(MonoTime now);
    /// When tick must be called next (may move earlier after any call; cheap).
    MonoTime deadline() const;
    void tick(MonoTime now);

    // ---- binding
    void bind(const BindRequest& request, MonoTime now);           ///< esme, state open or outbound
    void outbind(std::string_view system_id, std::string_view password, MonoTime now);  ///< message centre, state open
    void accept_bind(MonoTime now);                                ///< answers the pending bind
    void refuse_bind(smpp::CommandStatus status, MonoTime now);    ///< answers, then ends
    void unbind(MonoTime now);                                     ///< orderly end; on_end follows

    // ---- requests of ours
    bool window_open() const;
    std::uint32_t in_flight() const;
    /// Writes one request if the window is open and the state allows it. `write(std::uint8_t* to) -> std::size_t`
    /// writes the body, at most `max_body` octets. Returns the sequence_number, or 0 when it may not be sent now.
    template <class Write>
    std::uint32_t send(smpp::CommandId id, std::size_t max_body, Write&& write, std::uint64_t cookie, MonoTime now);

    // ---- answers of ours
    /// Answers a request got through on_request. A body is left out where the status is not ESME_ROK and the
    /// specification lets it be. `write` as in send.
    template <class Write>
    void respond(smpp::CommandId request, std::uint32_t sequence, smpp::CommandStatus status, std::size_t max_body,
                 Write&& write);

    // ---- facts
    State state() const;
    bool bound() const;
    bool can_send() const;     ///< in this state our role may send submit_sm (esme) or deliver_sm (message centre)
    bool can_receive() const;  ///< in this state the peer's messages may come in
    /// True when the peer speaks 3.4 or later: only then TLVs are sent to it (interop S1).
    bool tlvs_allowed() const;
    std::uint8_t peer_interface_version() const;
    std::string_view peer_system_id() const;
    const SessionCounters& counters() const;
};

}  // namespace sluice::session
