#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "codecs/smpp/bodies.hpp"
#include "engine/app/session_link.hpp"
#include "engine/io/make_io.hpp"
#include "engine/reactor/reactor.hpp"
#include "engine/routing/throttle.hpp"
#include "engine/session/session.hpp"

namespace sluice::app {

struct ClientOptions {
    io::Endpoint endpoint;
    session::BindRequest bind;
    std::uint32_t binds = 1;
    std::uint32_t window = 10;  ///< submit_sm unanswered per bind, 1 to 65535
    std::uint32_t rate = 0;     ///< submit_sm a second, all binds together; 0: as the windows allow
    session::Timers timers;
    io::BackendChoice io = io::BackendChoice::automatic;
    std::shared_ptr<const tls::Context> tls;  ///< none: in clear
    std::string server_name;                  ///< what the server's certificate must be for
};

/// Where a client's messages come from and what becomes of them. Called inside of Client::turn.
class ClientEvents {
public:
    virtual ~ClientEvents() = default;

    /// The next message, good until the next call; nullptr when there is none now. `cookie` comes back, once, in
    /// on_answer or on_unanswered.
    virtual const smpp::SubmitSm* next(std::uint64_t& cookie) = 0;
    virtual void on_answer(std::uint64_t cookie, smpp::CommandStatus status, std::string_view message_id) = 0;
    /// Its outcome is unknown.
    virtual void on_unanswered(std::uint64_t cookie) = 0;
    /// A receipt or a mobile-originated message; returns what it is answered with.
    virtual smpp::CommandStatus on_deliver(const smpp::DeliverSm& pdu) = 0;
    /// A connection that failed or ended, with the reason for people. Not called after `Client::unbind`.
    virtual void on_down(std::string reason) = 0;
};

/// A customer: some sessions to one message centre, driven by the thread that calls `turn`. A session that ends is not
/// bound again.
class Client final : public io::LinkEvents {
public:
    /// Connects; the binds follow in the first turns. `events` outlives the client.
    static Result<std::unique_ptr<Client>> open(const ClientOptions& options, ClientEvents& events);
    ~Client() override;

    /// Sends what may be sent, and waits at most `max_wait` for something to happen.
    void turn(nanoseconds max_wait);
    void unbind();

    std::size_t bound() const { return bound_; }
    /// Connections that are bound, or may still become so.
    std::size_t alive() const { return alive_; }
    const Now& now() { return reactor_.now(); }

    // ---- LinkEvents
    void on_accept(io::LinkId, io::ListenerId, const io::Endpoint&) override {}
    void on_connect(io::LinkId link, std::error_code error) override;
    std::size_t on_data(io::LinkId link, ByteView data) override;
    void on_drained(io::LinkId) override {}
    void on_close(io::LinkId link, std::error_code error) override;

private:
    class Connection;

    Client(const ClientOptions& options, ClientEvents& events, std::unique_ptr<io::Io> io);
    Connection* find(io::LinkId link);
    void ended(Connection& connection, session::EndReason reason, smpp::CommandStatus status);
    void pump();

    ClientOptions options_;
    ClientEvents& events_;
    SystemClock clock_;
    reactor::Reactor reactor_;
    routing::TokenBucket rate_;
    std::vector<std::unique_ptr<Connection>> connections_;
    std::vector<std::unique_ptr<Connection>> retired_;  ///< over; destroyed once nobody is inside them any more
    reactor::TimerId wake_for_rate_;
    std::size_t next_connection_ = 0;
    std::size_t bound_ = 0;
    std::size_t alive_ = 0;
    bool unbinding_ = false;
};

}  // namespace sluice::app
