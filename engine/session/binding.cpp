#include <array>

#include "engine/session/session.hpp"

namespace sluice::session {

namespace {

bool speaks_34(std::uint8_t interface_version) { return interface_version >= smpp::interface_version_34; }

State bound_state(CommandId bind) {
    switch (bind) {
        case CommandId::bind_transmitter: return State::bound_tx;
        case CommandId::bind_receiver: return State::bound_rx;
        default: return State::bound_trx;
    }
}

}  // namespace

bool Session::tlvs_allowed() const {
    return speaks_34(config_.interface_version) && speaks_34(peer_interface_version_);
}

// ---- esme

void Session::bind(const BindRequest& request, MonoTime now) {
    if (state_ == State::closed) return;
    SLUICE_CHECK(config_.role == Role::esme && !bind_pending_);
    SLUICE_CHECK(state_ == State::open || state_ == State::outbound);
    bind_pending_ = true;
    bind_command_ = request.type;
    bind_sequence_ = window_.draw_sequence();
    state_deadline_ = now + config_.timers.response;
    const smpp::Bind body{.system_id = request.system_id,
                          .password = request.password,
                          .system_type = request.system_type,
                          .interface_version = config_.interface_version,
                          .addr_ton = request.addr_ton,
                          .addr_npi = request.addr_npi,
                          .address_range = request.address_range,
                          .tlvs = {}};
    write_pdu(request.type, CommandStatus::ESME_ROK, bind_sequence_, body);
}

void Session::handle_bind_response(const smpp::Header& header, ByteView body, MonoTime now) {
    if (header.id == CommandId::generic_nack || header.status != CommandStatus::ESME_ROK)
        return end(EndReason::bind_refused, header.status);
    // Providers leave out the version, or the whole body (interop P3, W6): what cannot be read is not there.
    if (const auto response = smpp::decode<smpp::BindResp>(body)) {
        peer_system_id_ = response->system_id;
        const auto version = response->tlvs.integer(smpp::Tag::sc_interface_version);
        peer_interface_version_ = static_cast<std::uint8_t>(version.value_or(0));
    }
    enter_bound(now);
}

void Session::handle_outbind(const smpp::Header& header, ByteView body) {
    if (!peer_may_send(CommandId::outbind) || bind_pending_) return refuse(header, CommandStatus::ESME_RINVBNDSTS);
    const auto outbind = smpp::decode<smpp::Outbind>(body);
    if (!outbind) return count_malformed();
    state_ = State::outbound;
    events_.on_outbind(*this, *outbind);
}

// ---- message centre

void Session::outbind(std::string_view system_id, std::string_view password, MonoTime) {
    if (state_ == State::closed) return;
    SLUICE_CHECK(config_.role == Role::message_centre && state_ == State::open);
    state_ = State::outbound;
    write_pdu(CommandId::outbind, CommandStatus::ESME_ROK, window_.draw_sequence(),
              smpp::Outbind{system_id, password, {}});
}

void Session::handle_bind(const smpp::Header& header, ByteView body) {
    if (config_.role == Role::message_centre && (bound() || bind_pending_))
        return refuse(header, CommandStatus::ESME_RALYBND);
    if (!peer_may_send(header.id)) return refuse(header, CommandStatus::ESME_RINVBNDSTS);

    const auto bind = smpp::decode<smpp::Bind>(body);
    if (!bind) {
        write_pdu(smpp::response_of(header.id), bind.error().status, header.sequence);
        return count_malformed();
    }
    bind_pending_ = true;
    bind_command_ = header.id;
    bind_sequence_ = header.sequence;
    peer_interface_version_ = bind->interface_version;
    peer_system_id_ = bind->system_id;
    state_deadline_ = MonoTime::max();  // it is the owner's turn now
    events_.on_bind(*this, header, *bind);
}

void Session::accept_bind(MonoTime now) {
    if (state_ == State::closed) return;
    SLUICE_CHECK(config_.role == Role::message_centre && bind_pending_);
    std::array<std::uint8_t, smpp::tlv_header_size + 1> octets;
    smpp::TlvWriter tlvs(octets);
    if (speaks_34(peer_interface_version_))
        tlvs.integer(smpp::Tag::sc_interface_version, config_.interface_version);
    write_pdu(smpp::response_of(bind_command_), CommandStatus::ESME_ROK, bind_sequence_,
              smpp::BindResp{config_.system_id, tlvs.view()});
    enter_bound(now);
}

void Session::refuse_bind(CommandStatus status, MonoTime) {
    if (state_ == State::closed) return;
    SLUICE_CHECK(config_.role == Role::message_centre && bind_pending_ && status != CommandStatus::ESME_ROK);
    write_pdu(smpp::response_of(bind_command_), status, bind_sequence_);
    end(EndReason::bind_refused, status);
}

void Session::enter_bound(MonoTime now) {
    state_ = bound_state(bind_command_);
    bind_pending_ = false;
    state_deadline_ = MonoTime::max();
    last_received_ = last_request_ = reading_time(now);
    events_.on_bound(*this);
}

}  // namespace sluice::session
