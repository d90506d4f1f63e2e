#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "codecs/smpp/lookup.hpp"
#include "codecs/smpp/version.hpp"

/// The commands of SMPP 3.3, 3.4 and 5.0, and who may send them when.
namespace sluice::smpp {

/// Session states (v3.4 §2.2, v5.0 §2.3), as the permission table counts them.
enum class SessionState : std::uint8_t { open, outbound, bound_tx, bound_rx, bound_trx, unbound, closed };
/// Who sends a PDU.
enum class Issuer : std::uint8_t { esme, mc };

/// (state, issuer) pairs in which a command may be sent: bit `state` for an ESME, bit `8 + state` for a message centre.
using Permission = std::uint16_t;

namespace permission {

consteval Permission in(auto... states) { return ((1u << static_cast<unsigned>(states)) | ... | 0u); }
inline constexpr Permission connecting = in(SessionState::open, SessionState::outbound);
inline constexpr Permission transmitting = in(SessionState::bound_tx, SessionState::bound_trx);
inline constexpr Permission receiving = in(SessionState::bound_rx, SessionState::bound_trx);
inline constexpr Permission bound = transmitting | receiving;
inline constexpr Permission connected = connecting | bound | in(SessionState::unbound);

consteval Permission esme(Permission states) { return states; }
consteval Permission mc(Permission states) { return static_cast<Permission>(states << 8); }
consteval Permission both(Permission states) { return esme(states) | mc(states); }

}  // namespace permission

// command_id, name, body (bodies.hpp), versions, permission: the union of the session matrices of v3.4 (table 2-1) and
// v5.0 (table 2-1), v3.4's omissions filled: replace_sm also as transceiver, enquire_link in every state, data_sm from
// both sides.
#define SLUICE_SMPP_COMMANDS(X) \
    X(0x00000001, bind_receiver, Bind, v33 | v34 | v50, esme(connecting)) \
    X(0x00000002, bind_transmitter, Bind, v33 | v34 | v50, esme(connecting)) \
    X(0x00000003, query_sm, QuerySm, v33 | v34 | v50, esme(transmitting)) \
    X(0x00000004, submit_sm, MessageBody, v33 | v34 | v50, esme(transmitting)) \
    X(0x00000005, deliver_sm, MessageBody, v33 | v34 | v50, mc(receiving)) \
    X(0x00000006, unbind, EmptyBody, v33 | v34 | v50, both(bound)) \
    X(0x00000007, replace_sm, ReplaceSm, v33 | v34 | v50, esme(transmitting)) \
    X(0x00000008, cancel_sm, CancelSm, v33 | v34 | v50, esme(transmitting)) \
    X(0x00000009, bind_transceiver, Bind, v34 | v50, esme(connecting)) \
    X(0x0000000B, outbind, Outbind, v34 | v50, mc(in(SessionState::open))) \
    X(0x00000015, enquire_link, EmptyBody, v33 | v34 | v50, both(connected)) \
    X(0x00000021, submit_multi, SubmitMulti, v33 | v34 | v50, esme(transmitting)) \
    X(0x00000022, param_retrieve, ParamRetrieve, v33, esme(transmitting)) \
    X(0x00000023, query_last_msgs, QueryLastMsgs, v33, esme(transmitting)) \
    X(0x00000024, query_msg_details, QueryMsgDetails, v33, esme(transmitting)) \
    X(0x00000102, alert_notification, AlertNotification, v34 | v50, mc(receiving)) \
    X(0x00000103, data_sm, DataSm, v34 | v50, both(bound)) \
    X(0x00000111, broadcast_sm, BroadcastSm, v50, esme(transmitting)) \
    X(0x00000112, query_broadcast_sm, QuerySm, v50, esme(transmitting)) \
    X(0x00000113, cancel_broadcast_sm, CancelBroadcastSm, v50, esme(transmitting)) \
    X(0x80000000, generic_nack, EmptyBody, v33 | v34 | v50, both(connected)) \
    X(0x80000001, bind_receiver_resp, BindResp, v33 | v34 | v50, mc(connecting)) \
    X(0x80000002, bind_transmitter_resp, BindResp, v33 | v34 | v50, mc(connecting)) \
    X(0x80000003, query_sm_resp, QuerySmResp, v33 | v34 | v50, mc(transmitting)) \
    X(0x80000004, submit_sm_resp, MessageIdResp, v33 | v34 | v50, mc(transmitting)) \
    X(0x80000005, deliver_sm_resp, MessageIdResp, v33 | v34 | v50, esme(receiving)) \
    X(0x80000006, unbind_resp, EmptyBody, v33 | v34 | v50, both(bound)) \
    X(0x80000007, replace_sm_resp, EmptyBody, v33 | v34 | v50, mc(transmitting)) \
    X(0x80000008, cancel_sm_resp, EmptyBody, v33 | v34 | v50, mc(transmitting)) \
    X(0x80000009, bind_transceiver_resp, BindResp, v34 | v50, mc(connecting)) \
    X(0x80000015, enquire_link_resp, EmptyBody, v33 | v34 | v50, both(connected)) \
    X(0x80000021, submit_multi_resp, SubmitMultiResp, v33 | v34 | v50, mc(transmitting)) \
    X(0x80000022, param_retrieve_resp, ParamRetrieveResp, v33, mc(transmitting)) \
    X(0x80000023, query_last_msgs_resp, QueryLastMsgsResp, v33, mc(transmitting)) \
    X(0x80000024, query_msg_details_resp, QueryMsgDetailsResp, v33, mc(transmitting)) \
    X(0x80000103, data_sm_resp, MessageIdResp, v34 | v50, both(bound)) \
    X(0x80000111, broadcast_sm_resp, MessageIdResp, v50, mc(transmitting)) \
    X(0x80000112, query_broadcast_sm_resp, MessageIdResp, v50, mc(transmitting)) \
    X(0x80000113, cancel_broadcast_sm_resp, EmptyBody, v50, mc(transmitting))

/// command_id (v3.4 §5.1.2.1, v5.0 §4.7.5). Any 32-bit value can arrive; `known` tells whether it is one of these.
enum class CommandId : std::uint32_t {
#define SLUICE_ROW(value, name, body, versions, permission) name = value,
    SLUICE_SMPP_COMMANDS(SLUICE_ROW)
#undef SLUICE_ROW
};

struct Command {
    CommandId value;
    std::string_view name;
    Versions versions;
    Permission permission;
};

namespace permission {
inline constexpr auto commands = std::to_array<Command>({
#define SLUICE_ROW(id, spelling, body, defined, allowed_when) {CommandId::spelling, #spelling, defined, allowed_when},
    SLUICE_SMPP_COMMANDS(SLUICE_ROW)
#undef SLUICE_ROW
});
}  // namespace permission
using permission::commands;

inline constexpr std::uint32_t response_bit = 0x80000000;

constexpr bool is_response(CommandId id) { return (static_cast<std::uint32_t>(id) & response_bit) != 0; }
/// The response's id for a request's; meaningless for commands without one (see `has_response`).
constexpr CommandId response_of(CommandId request) {
    return CommandId{static_cast<std::uint32_t>(request) | response_bit};
}
constexpr CommandId request_of(CommandId response) {
    return CommandId{static_cast<std::uint32_t>(response) & ~response_bit};
}

namespace detail {
inline constexpr std::size_t command_slots = 2 * 0x114;
constexpr std::size_t command_slot(CommandId id) {
    const auto value = static_cast<std::uint32_t>(id);
    return 2 * std::size_t{value & ~response_bit} + (value >> 31);
}
using CommandLookup = Lookup<commands, command_slot, command_slots>;
}  // namespace detail

/// The command's row, or nullptr for a command_id that SMPP does not define.
constexpr const Command* find_command(CommandId id) { return detail::CommandLookup::find(id); }
constexpr const Command* find_command(std::string_view name) { return detail::CommandLookup::find(name); }

constexpr bool known(CommandId id) { return find_command(id) != nullptr; }
/// The command's name as the specification spells it; empty when it is not known.
constexpr std::string_view name_of(CommandId id) {
    const Command* row = find_command(id);
    return row != nullptr ? row->name : std::string_view();
}
/// True for requests that are to be answered: all but alert_notification and outbind.
constexpr bool has_response(CommandId id) { return !is_response(id) && known(response_of(id)); }

/// May `issuer` send this command in this state? False for unknown commands.
constexpr bool allowed(CommandId id, SessionState state, Issuer issuer) {
    const Command* row = find_command(id);
    if (row == nullptr) return false;
    const unsigned bit = static_cast<unsigned>(state) + (issuer == Issuer::mc ? 8u : 0u);
    return (row->permission >> bit & 1u) != 0;
}

}  // namespace sluice::smpp
