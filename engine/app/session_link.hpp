#pragma once

#include <functional>

#include "engine/io/io.hpp"
#include "engine/reactor/reactor.hpp"
#include "engine/session/session.hpp"

namespace sluice::app {

/// A link with an SMPP session on it: joins octets, the session and its timer. The owner answers the session's events
/// itself and is asked to destroy this once the session has ended.
class SessionLink final {
public:
    /// `reactor` and `events` outlive this. To be destroyed outside of the session's events.
    SessionLink(reactor::Reactor& reactor, session::SessionEvents& events, io::LinkId link,
                const session::SessionConfig& config);
    ~SessionLink();
    SessionLink(const SessionLink&) = delete;
    SessionLink& operator=(const SessionLink&) = delete;

    session::Session& session() { return session_; }
    io::LinkId link() const { return link_; }

    /// What LinkEvents::on_data is to return.
    std::size_t receive(ByteView data);
    /// The peer closed, or the link broke.
    void lost();
    /// After writing outside of `receive`: sends at the end of the turn and keeps the timer right.
    void touch();
    /// More is waiting to be sent than a peer that reads would leave.
    bool congested() const { return io_.unsent(link_) > limits::out_high_water; }
    /// For SessionEvents::on_readable.
    void resume() { io_.resume(link_); }
    /// For SessionEvents::on_end: sends what is left and closes, unless the link is gone already.
    void close();
    /// Drops the connection without a goodbye; the session ends with peer_closed.
    void abort();

private:
    void arm();
    void on_timer();

    reactor::Reactor& reactor_;
    io::Io& io_;
    io::LinkId link_;
    session::Session session_;
    reactor::TimerId timer_;
    MonoTime armed_at_ = MonoTime::max();
    bool receiving_ = false;
    bool gone_ = false;  ///< the link, not the session
};

}  // namespace sluice::app
