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

    Customer(Core& core, Services& services, io::LinkId link, const io::Endpoint& peer, Admission::Place place);

    void on_bind(session::Session&, const smpp::Header&, const smpp::Bind&) override;
    void on_bound(session::Session&) override;
    void on_request(session::Session&, const smpp::Header&, ByteView body) override;
    void on_response(session::Session&, std::uint64_t cookie, const smpp::Header&, ByteView body) override;
    void on_unanswered(session::Session&, std::uint64_t cookie) override;
    void on_window_open(session::Session&) override;

    /// The directory has looked for the account of a bind that waits for it.
    void looked_up(const accounts::Directory::Found& found);
    /// The verdict on a bind that waits for its password; `account` is 0 where there is none of that name.
    void authenticated(PartyId account, bool right);
    /// A bind finds no place left for this account: asks those of its sessions here that have been silent longest
    /// whether they are there. Each has GatewayConfig::probe to answer, then it ends and its place is free.
    static void probe(Core& core, Party& account);

private:
    /// What a bind says, while it waits.
    struct Asked {
        smpp::CommandId type;
        std::uint8_t interface_version;
        std::string system_id, system_type, password;
        ~Asked();
    };

    void ended(session::EndReason reason, smpp::CommandStatus status) override;
    void refuse(smpp::CommandStatus status, std::string_view why);
    void look_up();
    void decide(const routing::Account* account);
    void verify(PartyId account, const std::string& hash);
    void later(MonoTime at, void (Customer::*then)());
    void ask_triggers(PartyId account, const Asked& asked);
    void take_place(PartyId account);
    void wait_for_place(PartyId account);
    smpp::CommandStatus take(const smpp::Header& header, ByteView body);

    Services& services_;
    Admission::Place place_;
    std::unique_ptr<Asked> asked_;
    bool counted_ = false;  ///< in the account's sessions
    bool probed_ = false;
    MonoTime gives_up_at_{};  ///< waiting for a place among the account's sessions
};

}  // namespace sluice::gateway
