#pragma once

#include <optional>

#include "engine/app/simulation.hpp"

namespace sluice::app {

/// One connection.
class Simulation::Peer final : public session::SessionEvents {
public:
    Peer(Simulation& simulation, io::LinkId id, const session::SessionConfig& config)
        : link(simulation.reactor_, *this, id, config), simulation_(simulation) {}

    session::Session& session() { return link.session(); }

    void on_bind(session::Session&, const smpp::Header&, const smpp::Bind& bind) override {
        simulation_.bind(*this, bind);
    }
    void on_outbind(session::Session&, const smpp::Outbind&) override {}
    void on_bound(session::Session&) override { simulation_.bound(*this); }
    void on_request(session::Session&, const smpp::Header& header, ByteView body) override {
        simulation_.take(*this, header, body);
    }
    void on_response(session::Session&, std::uint64_t cookie, const smpp::Header& header, ByteView) override {
        simulation_.delivered(Handle::unpack(cookie), header.status);
    }
    void on_unanswered(session::Session&, std::uint64_t cookie) override {
        simulation_.undelivered(Handle::unpack(cookie));
    }
    void on_window_open(session::Session&) override {
        if (system != nullptr) simulation_.pump(*system);
    }
    void on_readable(session::Session&) override { link.resume(); }
    void on_end(session::Session&, session::EndReason, smpp::CommandStatus) override { simulation_.ended(*this); }

    SessionLink link;
    System* system = nullptr;   ///< whose session this is, once it has asked to be bound
    std::uint64_t submits = 0;
    bool over = false;

private:
    Simulation& simulation_;
};

/// What submit_sm and data_sm have in common.
struct Simulation::Submission {
    std::string_view from, to;
    std::uint8_t from_ton = 0, from_npi = 0, to_ton = 0, to_npi = 0;
    std::uint8_t esm_class = 0, registered_delivery = 0, data_coding = 0;
    ByteView text;
};

}  // namespace sluice::app
