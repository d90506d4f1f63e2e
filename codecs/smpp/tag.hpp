#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "codecs/smpp/command.hpp"
#include "codecs/smpp/lookup.hpp"
#include "codecs/smpp/version.hpp"

/// The TLVs (optional parameters) of SMPP 3.4 and 5.0.
namespace sluice::smpp {

/// How a TLV's value is to be read.
enum class TlvKind : std::uint8_t {
    integer,  ///< unsigned, big-endian
    text,     ///< C-octet string, its NUL counted; some peers leave the NUL out
    octets,
};

/// The kinds of PDU that a TLV is defined for; the union of v3.4 (§4) and the groups of v5.0 (§4.1 to §4.6).
using TlvUse = std::uint16_t;
namespace tlv_use {
inline constexpr TlvUse bind_resp = 1 << 0;
inline constexpr TlvUse submission = 1 << 1;  ///< submit_sm, submit_multi; data_sm counts as both this and delivery
inline constexpr TlvUse submission_resp = 1 << 2;
inline constexpr TlvUse delivery = 1 << 3;  ///< deliver_sm
inline constexpr TlvUse delivery_resp = 1 << 4;
inline constexpr TlvUse replacement = 1 << 5;
inline constexpr TlvUse alert = 1 << 6;
inline constexpr TlvUse broadcast = 1 << 7;
inline constexpr TlvUse broadcast_resp = 1 << 8;
inline constexpr TlvUse query_broadcast = 1 << 9;
inline constexpr TlvUse query_broadcast_resp = 1 << 10;
inline constexpr TlvUse cancel_broadcast = 1 << 11;
inline constexpr TlvUse any_resp = 1 << 12;
}  // namespace tlv_use

// tag, name (v5.0's where v3.4 has another), kind, shortest and longest value, versions, uses.
#define SLUICE_SMPP_TLVS(X) \
    X(0x0005, dest_addr_subunit, integer, 1, 1, v34 | v50, submission | delivery | broadcast) \
    X(0x0006, dest_network_type, integer, 1, 1, v34 | v50, submission) \
    X(0x0007, dest_bearer_type, integer, 1, 1, v34 | v50, submission) \
    X(0x0008, dest_telematics_id, integer, 2, 2, v34 | v50, submission) \
    X(0x000D, source_addr_subunit, integer, 1, 1, v34 | v50, submission | delivery | broadcast) \
    X(0x000E, source_network_type, integer, 1, 1, v34 | v50, submission) \
    X(0x000F, source_bearer_type, integer, 1, 1, v34 | v50, submission) \
    X(0x0010, source_telematics_id, integer, 1, 1, v34 | v50, submission) \
    X(0x0017, qos_time_to_live, integer, 4, 4, v34 | v50, submission) \
    X(0x0019, payload_type, integer, 1, 1, v34 | v50, submission | delivery | broadcast) \
    X(0x001D, additional_status_info_text, text, 1, 256, v34 | v50, submission_resp | delivery_resp) \
    X(0x001E, receipted_message_id, text, 1, 65, v34 | v50, delivery) \
    X(0x0030, ms_msg_wait_facilities, integer, 1, 1, v34 | v50, submission) \
    X(0x0201, privacy_indicator, integer, 1, 1, v34 | v50, submission | delivery | broadcast) \
    X(0x0202, source_subaddress, octets, 2, 23, v34 | v50, submission | delivery | broadcast) \
    X(0x0203, dest_subaddress, octets, 2, 23, v34 | v50, submission | delivery | broadcast) \
    X(0x0204, user_message_reference, integer, 2, 2, v34 | v50, \
      submission | delivery | broadcast | query_broadcast | query_broadcast_resp | cancel_broadcast) \
    X(0x0205, user_response_code, integer, 1, 1, v34 | v50, submission | delivery) \
    X(0x020A, source_port, integer, 2, 2, v34 | v50, submission | delivery | broadcast) \
    X(0x020B, dest_port, integer, 2, 2, v34 | v50, submission | delivery | broadcast) \
    X(0x020C, sar_msg_ref_num, integer, 2, 2, v34 | v50, submission | delivery) \
    X(0x020D, language_indicator, integer, 1, 1, v34 | v50, submission | delivery | broadcast) \
    X(0x020E, sar_total_segments, integer, 1, 1, v34 | v50, submission | delivery) \
    X(0x020F, sar_segment_seqnum, integer, 1, 1, v34 | v50, submission | delivery) \
    X(0x0210, sc_interface_version, integer, 1, 1, v34 | v50, bind_resp) \
    X(0x0302, callback_num_pres_ind, integer, 1, 1, v34 | v50, submission | delivery | broadcast) \
    X(0x0303, callback_num_atag, octets, 1, 65, v34 | v50, submission | delivery | broadcast) \
    X(0x0304, number_of_messages, integer, 1, 1, v34 | v50, submission) \
    X(0x0381, callback_num, octets, 4, 19, v34 | v50, submission | delivery | broadcast) \
    X(0x0420, dpf_result, integer, 1, 1, v34 | v50, submission_resp | delivery) \
    X(0x0421, set_dpf, integer, 1, 1, v34 | v50, submission) \
    X(0x0422, ms_availability_status, integer, 1, 1, v34 | v50, alert) \
    X(0x0423, network_error_code, octets, 3, 3, v34 | v50, submission_resp | delivery | delivery_resp) \
    X(0x0424, message_payload, octets, 0, 65535, v34 | v50, submission | delivery | replacement | broadcast) \
    X(0x0425, delivery_failure_reason, integer, 1, 1, v34 | v50, submission_resp | delivery_resp) \
    X(0x0426, more_messages_to_send, integer, 1, 1, v34 | v50, submission) \
    X(0x0427, message_state, integer, 1, 1, v34 | v50, delivery | query_broadcast_resp) \
    X(0x0428, congestion_state, integer, 1, 1, v50, any_resp) \
    X(0x0501, ussd_service_op, integer, 1, 1, v34 | v50, submission | delivery) \
    X(0x0600, broadcast_channel_indicator, integer, 1, 1, v50, broadcast) \
    X(0x0601, broadcast_content_type, octets, 3, 3, v50, broadcast | cancel_broadcast) \
    X(0x0602, broadcast_content_type_info, octets, 1, 255, v50, broadcast) \
    X(0x0603, broadcast_message_class, integer, 1, 1, v50, broadcast) \
    X(0x0604, broadcast_rep_num, integer, 2, 2, v50, broadcast) \
    X(0x0605, broadcast_frequency_interval, octets, 3, 3, v50, broadcast) \
    X(0x0606, broadcast_area_identifier, octets, 1, 101, v50, broadcast | broadcast_resp | query_broadcast_resp) \
    X(0x0607, broadcast_error_status, integer, 4, 4, v50, broadcast_resp) \
    X(0x0608, broadcast_area_success, integer, 1, 1, v50, query_broadcast_resp) \
    X(0x0609, broadcast_end_time, text, 16, 17, v50, query_broadcast_resp) \
    X(0x060A, broadcast_service_group, octets, 1, 255, v50, broadcast) \
    X(0x060B, billing_identification, octets, 1, 1024, v50, submission) \
    X(0x060D, source_network_id, text, 7, 65, v50, submission | delivery) \
    X(0x060E, dest_network_id, text, 7, 65, v50, submission | delivery) \
    X(0x060F, source_node_id, octets, 6, 6, v50, submission | delivery) \
    X(0x0610, dest_node_id, octets, 6, 6, v50, submission | delivery) \
    X(0x0611, dest_addr_np_resolution, integer, 1, 1, v50, submission | delivery) \
    X(0x0612, dest_addr_np_information, octets, 10, 10, v50, submission | delivery) \
    X(0x0613, dest_addr_np_country, integer, 1, 5, v50, submission | delivery) \
    X(0x1201, display_time, integer, 1, 1, v34 | v50, submission | broadcast) \
    X(0x1203, sms_signal, integer, 2, 2, v34 | v50, submission | broadcast) \
    X(0x1204, ms_validity, octets, 1, 4, v34 | v50, submission | broadcast) \
    X(0x130C, alert_on_message_delivery, integer, 0, 1, v34 | v50, submission | broadcast) \
    X(0x1380, its_reply_type, integer, 1, 1, v34 | v50, submission | delivery) \
    X(0x1383, its_session_info, octets, 2, 2, v34 | v50, submission | delivery)

/// Tag of a TLV (v3.4 §5.3.2, v5.0 §4.8). Any 16-bit value can arrive; 0x1400 to 0x3FFF are the vendors'.
enum class Tag : std::uint16_t {
#define SLUICE_ROW(value, name, kind, min, max, versions, use) name = value,
    SLUICE_SMPP_TLVS(SLUICE_ROW)
#undef SLUICE_ROW
};

struct TlvRow {
    Tag value;
    std::string_view name;
    TlvKind kind;
    std::uint16_t min_length;
    std::uint16_t max_length;
    Versions versions;
    TlvUse use;
};

namespace tlv_use {
inline constexpr auto tlv_rows = std::to_array<TlvRow>({
#define SLUICE_ROW(tag, spelling, kind, min, max, defined, where) \
    {Tag::spelling, #spelling, TlvKind::kind, min, max, defined, where},
    SLUICE_SMPP_TLVS(SLUICE_ROW)
#undef SLUICE_ROW
});
}  // namespace tlv_use
using tlv_use::tlv_rows;

namespace detail {
constexpr std::size_t tag_slot(Tag tag) { return static_cast<std::uint16_t>(tag); }
using TlvLookup = Lookup<tlv_rows, tag_slot, 0x1384>;
}  // namespace detail

/// The TLV's row, or nullptr for a tag that SMPP does not define.
constexpr const TlvRow* find_tlv(Tag tag) { return detail::TlvLookup::find(tag); }
constexpr const TlvRow* find_tlv(std::string_view name) { return detail::TlvLookup::find(name); }

/// The tag's name; empty when SMPP does not define it.
constexpr std::string_view name_of(Tag tag) {
    const TlvRow* row = find_tlv(tag);
    return row != nullptr ? row->name : std::string_view();
}
constexpr bool vendor_specific(Tag tag) { return tag >= Tag{0x1400} && tag <= Tag{0x3FFF}; }

/// What a command's PDU counts as in `TlvRow::use`.
constexpr TlvUse tlv_use_of(CommandId id) {
    const TlvUse response = is_response(id) ? tlv_use::any_resp : TlvUse{0};
    switch (id) {
        case CommandId::bind_receiver_resp:
        case CommandId::bind_transmitter_resp:
        case CommandId::bind_transceiver_resp: return response | tlv_use::bind_resp;
        case CommandId::submit_sm:
        case CommandId::submit_multi: return tlv_use::submission;
        case CommandId::submit_sm_resp:
        case CommandId::submit_multi_resp: return response | tlv_use::submission_resp;
        case CommandId::deliver_sm: return tlv_use::delivery;
        case CommandId::deliver_sm_resp: return response | tlv_use::delivery_resp;
        case CommandId::data_sm: return tlv_use::submission | tlv_use::delivery;
        case CommandId::data_sm_resp: return response | tlv_use::submission_resp | tlv_use::delivery_resp;
        case CommandId::replace_sm: return tlv_use::replacement;
        case CommandId::alert_notification: return tlv_use::alert;
        case CommandId::broadcast_sm: return tlv_use::broadcast;
        case CommandId::broadcast_sm_resp: return response | tlv_use::broadcast_resp;
        case CommandId::query_broadcast_sm: return tlv_use::query_broadcast;
        case CommandId::query_broadcast_sm_resp: return response | tlv_use::query_broadcast_resp;
        case CommandId::cancel_broadcast_sm: return tlv_use::cancel_broadcast;
        default: return response;
    }
}

/// True when the TLV is defined for this command in any version; unknown and vendor TLVs are not.
constexpr bool defined_for(Tag tag, CommandId id) {
    const TlvRow* row = find_tlv(tag);
    return row != nullptr && (row->use & tlv_use_of(id)) != 0;
}

}  // namespace sluice::smpp
