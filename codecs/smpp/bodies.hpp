#pragma once

#include <cstdint>
#include <string_view>

#include "codecs/smpp/list.hpp"
#include "codecs/smpp/tlv.hpp"
#include "engine/base/bytes.hpp"

/// PDU bodies (v3.4 §4, v5.0 §4.1 to §4.6, v3.3 §6.3) as plain structs of integers and views. Decoded ones point into
/// the received octets and live as long as those; nothing is copied or allocated. Members have the specification's
/// names; strings come without their NUL. layout.hpp binds members to fields.
///
/// Every body has `tlvs`, also where the specification allows none: peers send them, and they must not be lost.
namespace sluice::smpp {

/// bind_transmitter, bind_receiver, bind_transceiver
struct Bind {
    std::string_view system_id;
    std::string_view password;
    std::string_view system_type;
    std::uint8_t interface_version = 0;
    std::uint8_t addr_ton = 0;
    std::uint8_t addr_npi = 0;
    std::string_view address_range;
    TlvView tlvs;
};

/// The answers to the three binds
struct BindResp {
    std::string_view system_id;
    TlvView tlvs;
};

struct Outbind {
    std::string_view system_id;
    std::string_view password;
    TlvView tlvs;
};

/// submit_sm and deliver_sm, which are laid out alike
struct MessageBody {
    std::string_view service_type;
    std::uint8_t source_addr_ton = 0;
    std::uint8_t source_addr_npi = 0;
    std::string_view source_addr;
    std::uint8_t dest_addr_ton = 0;
    std::uint8_t dest_addr_npi = 0;
    std::string_view destination_addr;
    std::uint8_t esm_class = 0;
    std::uint8_t protocol_id = 0;
    std::uint8_t priority_flag = 0;
    std::string_view schedule_delivery_time;
    std::string_view validity_period;
    std::uint8_t registered_delivery = 0;
    std::uint8_t replace_if_present_flag = 0;
    std::uint8_t data_coding = 0;
    std::uint8_t sm_default_msg_id = 0;
    ByteView short_message;  ///< sm_length is its size
    TlvView tlvs;
};
using SubmitSm = MessageBody;
using DeliverSm = MessageBody;

/// The answers that carry a message_id and nothing else
struct MessageIdResp {
    std::string_view message_id;
    TlvView tlvs;
};
using SubmitSmResp = MessageIdResp;
using DeliverSmResp = MessageIdResp;
using DataSmResp = MessageIdResp;
using BroadcastSmResp = MessageIdResp;
using QueryBroadcastSmResp = MessageIdResp;

struct DataSm {
    std::string_view service_type;
    std::uint8_t source_addr_ton = 0;
    std::uint8_t source_addr_npi = 0;
    std::string_view source_addr;
    std::uint8_t dest_addr_ton = 0;
    std::uint8_t dest_addr_npi = 0;
    std::string_view destination_addr;
    std::uint8_t esm_class = 0;
    std::uint8_t registered_delivery = 0;
    std::uint8_t data_coding = 0;
    TlvView tlvs;
};

/// One destination of submit_multi: an SME's address (dest_flag_sme) or a distribution list's name (dest_flag_list).
struct Destination {
    std::uint8_t dest_flag = 0;
    std::uint8_t dest_addr_ton = 0;
    std::uint8_t dest_addr_npi = 0;
    std::string_view destination_addr;
    std::string_view dl_name;
};

struct SubmitMulti {
    std::string_view service_type;
    std::uint8_t source_addr_ton = 0;
    std::uint8_t source_addr_npi = 0;
    std::string_view source_addr;
    ListView<Destination> dest_address;  ///< number_of_dests is its size
    std::uint8_t esm_class = 0;
    std::uint8_t protocol_id = 0;
    std::uint8_t priority_flag = 0;
    std::string_view schedule_delivery_time;
    std::string_view validity_period;
    std::uint8_t registered_delivery = 0;
    std::uint8_t replace_if_present_flag = 0;
    std::uint8_t data_coding = 0;
    std::uint8_t sm_default_msg_id = 0;
    ByteView short_message;
    TlvView tlvs;
};

/// One destination that submit_multi did not reach.
struct UnsuccessSme {
    std::uint8_t dest_addr_ton = 0;
    std::uint8_t dest_addr_npi = 0;
    std::string_view destination_addr;
    std::uint32_t error_status_code = 0;  ///< a CommandStatus
};

struct SubmitMultiResp {
    std::string_view message_id;
    ListView<UnsuccessSme> unsuccess_sme;  ///< no_unsuccess is its size
    TlvView tlvs;
};

/// query_sm and query_broadcast_sm
struct QuerySm {
    std::string_view message_id;
    std::uint8_t source_addr_ton = 0;
    std::uint8_t source_addr_npi = 0;
    std::string_view source_addr;
    TlvView tlvs;
};
using QueryBroadcastSm = QuerySm;

struct QuerySmResp {
    std::string_view message_id;
    std::string_view final_date;
    std::uint8_t message_state = 0;
    std::uint8_t error_code = 0;
    TlvView tlvs;
};

struct CancelSm {
    std::string_view service_type;
    std::string_view message_id;
    std::uint8_t source_addr_ton = 0;
    std::uint8_t source_addr_npi = 0;
    std::string_view source_addr;
    std::uint8_t dest_addr_ton = 0;
    std::uint8_t dest_addr_npi = 0;
    std::string_view destination_addr;
    TlvView tlvs;
};

struct ReplaceSm {
    std::string_view message_id;
    std::uint8_t source_addr_ton = 0;
    std::uint8_t source_addr_npi = 0;
    std::string_view source_addr;
    std::string_view schedule_delivery_time;
    std::string_view validity_period;
    std::uint8_t registered_delivery = 0;
    std::uint8_t sm_default_msg_id = 0;
    ByteView short_message;
    TlvView tlvs;
};

struct AlertNotification {
    std::uint8_t source_addr_ton = 0;
    std::uint8_t source_addr_npi = 0;
    std::string_view source_addr;
    std::uint8_t esme_addr_ton = 0;
    std::uint8_t esme_addr_npi = 0;
    std::string_view esme_addr;
    TlvView tlvs;
};

struct BroadcastSm {
    std::string_view service_type;
    std::uint8_t source_addr_ton = 0;
    std::uint8_t source_addr_npi = 0;
    std::string_view source_addr;
    std::string_view message_id;
    std::uint8_t priority_flag = 0;
    std::string_view schedule_delivery_time;
    std::string_view validity_period;
    std::uint8_t replace_if_present_flag = 0;
    std::uint8_t data_coding = 0;
    std::uint8_t sm_default_msg_id = 0;
    TlvView tlvs;
};

struct CancelBroadcastSm {
    std::string_view service_type;
    std::string_view message_id;
    std::uint8_t source_addr_ton = 0;
    std::uint8_t source_addr_npi = 0;
    std::string_view source_addr;
    TlvView tlvs;
};

struct ParamRetrieve {
    std::string_view param_name;
    TlvView tlvs;
};

struct ParamRetrieveResp {
    std::string_view param_value;
    TlvView tlvs;
};

struct QueryLastMsgs {
    std::uint8_t source_addr_ton = 0;
    std::uint8_t source_addr_npi = 0;
    std::string_view source_addr;
    std::uint8_t num_messages = 0;
    TlvView tlvs;
};

/// One id in the answer to query_last_msgs.
struct LastMessage {
    std::string_view msgid;
};

struct QueryLastMsgsResp {
    ListView<LastMessage> msgid;  ///< number_msgs is its size
    TlvView tlvs;
};

struct QueryMsgDetails {
    std::string_view original_message_id;
    std::uint8_t source_addr_ton = 0;
    std::uint8_t source_addr_npi = 0;
    std::string_view source_addr;
    std::uint8_t sm_length = 0;  ///< how much of the text is wanted
    TlvView tlvs;
};

struct QueryMsgDetailsResp {
    std::string_view service_type;
    std::uint8_t source_addr_ton = 0;
    std::uint8_t source_addr_npi = 0;
    std::string_view source_addr;
    ListView<Destination> dest_address;
    std::uint8_t protocol_id = 0;
    std::uint8_t priority_flag = 0;
    std::string_view schedule_delivery_time;
    std::string_view validity_period;
    std::uint8_t registered_delivery = 0;
    std::uint8_t data_coding = 0;
    ByteView short_message;
    std::string_view message_id;
    std::string_view final_date;
    std::uint8_t message_state = 0;
    std::uint8_t error_code = 0;
    TlvView tlvs;
};

/// unbind, enquire_link, generic_nack, their answers, and the answers to cancel_sm, replace_sm, cancel_broadcast_sm
struct EmptyBody {
    TlvView tlvs;
};

}  // namespace sluice::smpp
