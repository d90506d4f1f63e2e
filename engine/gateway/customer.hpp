#pragma once

#include "engine/gateway/connection.hpp"

namespace sluice::gateway {

class Egress;
class Ingress;
class Operations;

/// A customer's session: binds it to its account, hands its messages in, and takes what is for it.
class Customer final : public Connection {
public:
    struct Services {
        Ingress& ingress;
        Egress& egress;
        Operations& operations;
        /// The connection behind a link, if it is still there.
        std::function<Connection*(io::LinkId)> find;
    };

    Customer(Core& core, Services& services, io::LinkId link, const io::Endpoint& peer);

    void on_bind(session::Session&, const smpp::Header&, const smpp::Bind&) override;
    void on_bound(session::Session&) override;
    void on_request(session::Session&, const smpp::Header&, ByteView body) override;
    void on_response(session::Session&, std::uint64_t cookie, const smpp::Header&, ByteView body) override;
    void on_unanswered(session::Session&, std::uint64_t cookie) override;
    void on_window_open(session::Session&) override;

    /// The verdict on a bind that waits for its password.
    void authenticated(PartyId account, bool right);

private:
    void ended(session::EndReason reason, smpp::CommandStatus status) override;
    void refuse(smpp::CommandStatus status, std::string_view why);
    smpp::CommandStatus take(const smpp::Header& header, ByteView body);

    Services& services_;
    bool counted_ = false;  ///< in the account's sessions
};

}  // namespace sluice::gateway
