#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/session/session.hpp"

namespace sluice::session::test {

using Octets = std::vector<std::uint8_t>;

/// Octets of a text, NULs included: octets("abc\0"sv).
Octets octets(std::string_view text);
Octets operator+(Octets left, const Octets& right);

Octets pdu(CommandId id, std::uint32_t sequence, const Octets& body = {},
           CommandStatus status = CommandStatus::ESME_ROK);
Octets bind_body(std::string_view system_id = "esme", std::uint8_t interface_version = 0x34);

/// A session with an owner that writes down what it is told, and a peer that is this test.
class Driver final : public SessionEvents {
public:
    explicit Driver(const SessionConfig& config);
    explicit Driver(Role role, State state = State::open);
    /// Brings a fresh session to this state, as a peer and an owner would.
    void enter(State state);

    /// The peer sends; returns how many octets were consumed.
    std::size_t receive(const Octets& data) { return session.receive(data, now); }
    std::size_t receive(CommandId id, std::uint32_t sequence, const Octets& body = {},
                        CommandStatus status = CommandStatus::ESME_ROK) {
        return receive(pdu(id, sequence, body, status));
    }
    std::uint32_t send(CommandId id, std::uint64_t cookie);
    /// Time goes by, with every tick that falls due.
    void pass(nanoseconds time);

    /// What the owner was told since the last call: "request submit_sm 7, unanswered 3".
    std::string told();
    /// What the session wrote since the last call: "submit_sm_resp ESME_ROK 7".
    std::string said();
    /// The octets it wrote, in place of said().
    Octets written();

    std::function<void(const smpp::Header&, const smpp::Bind&)> when_bind;
    std::function<void()> when_outbind, when_bound, when_readable, when_window_open, when_unanswered, when_end;
    std::function<void(const smpp::Header&, ByteView)> when_request, when_response;

    OutBuffer out;
    MonoTime now{seconds(1000)};
    Session session;  ///< after all it uses

private:
    void tell(const std::string& what);
    void on_bind(Session&, const smpp::Header& header, const smpp::Bind& bind) override;
    void on_outbind(Session&, const smpp::Outbind& outbind) override;
    void on_bound(Session&) override;
    void on_request(Session&, const smpp::Header& header, ByteView body) override;
    void on_response(Session&, std::uint64_t cookie, const smpp::Header& header, ByteView body) override;
    void on_unanswered(Session&, std::uint64_t cookie) override;
    void on_window_open(Session&) override;
    void on_readable(Session&) override;
    void on_end(Session&, EndReason reason, CommandStatus status) override;

    const Role role_;
    std::string told_;
    bool ended_ = false;
};

/// "esme", "bound_trx" for messages of tests.
std::string_view name(Role role);
std::string_view name(State state);

}  // namespace sluice::session::test
