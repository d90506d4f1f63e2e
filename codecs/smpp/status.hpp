#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "codecs/smpp/lookup.hpp"
#include "codecs/smpp/version.hpp"

namespace sluice::smpp {

// command_status, name (v5.0's where v3.4 has another), versions, meaning.
#define SLUICE_SMPP_STATUSES(X) \
    X(0x0000, ESME_ROK, v34 | v50, "success") \
    X(0x0001, ESME_RINVMSGLEN, v34 | v50, "message length invalid") \
    X(0x0002, ESME_RINVCMDLEN, v34 | v50, "command_length invalid") \
    X(0x0003, ESME_RINVCMDID, v34 | v50, "unknown/unsupported command_id") \
    X(0x0004, ESME_RINVBNDSTS, v34 | v50, "PDU not allowed in this bind state") \
    X(0x0005, ESME_RALYBND, v34 | v50, "session already bound") \
    X(0x0006, ESME_RINVPRTFLG, v34 | v50, "bad priority_flag") \
    X(0x0007, ESME_RINVREGDLVFLG, v34 | v50, "bad or refused registered_delivery") \
    X(0x0008, ESME_RSYSERR, v34 | v50, "message centre system error") \
    X(0x000A, ESME_RINVSRCADR, v34 | v50, "bad source address") \
    X(0x000B, ESME_RINVDSTADR, v34 | v50, "bad destination address") \
    X(0x000C, ESME_RINVMSGID, v34 | v50, "unknown message_id") \
    X(0x000D, ESME_RBINDFAIL, v34 | v50, "bind refused") \
    X(0x000E, ESME_RINVPASWD, v34 | v50, "bad password") \
    X(0x000F, ESME_RINVSYSID, v34 | v50, "bad system_id") \
    X(0x0011, ESME_RCANCELFAIL, v34 | v50, "cancel failed") \
    X(0x0013, ESME_RREPLACEFAIL, v34 | v50, "replace failed") \
    X(0x0014, ESME_RMSGQFUL, v34 | v50, "queue full (per destination or global)") \
    X(0x0015, ESME_RINVSERTYP, v34 | v50, "bad service_type") \
    X(0x0033, ESME_RINVNUMDESTS, v34 | v50, "bad number_of_dests") \
    X(0x0034, ESME_RINVDLNAME, v34 | v50, "unknown/bad distribution list") \
    X(0x0040, ESME_RINVDESTFLAG, v34 | v50, "bad dest_flag") \
    X(0x0042, ESME_RINVSUBREP, v34 | v50, "submit-with-replace not possible") \
    X(0x0043, ESME_RINVESMCLASS, v34 | v50, "bad esm_class") \
    X(0x0044, ESME_RCNTSUBDL, v34 | v50, "distribution lists not allowed") \
    X(0x0045, ESME_RSUBMITFAIL, v34 | v50, "submit failed (generic)") \
    X(0x0048, ESME_RINVSRCTON, v34 | v50, "bad source TON") \
    X(0x0049, ESME_RINVSRCNPI, v34 | v50, "bad source NPI") \
    X(0x0050, ESME_RINVDSTTON, v34 | v50, "bad destination TON") \
    X(0x0051, ESME_RINVDSTNPI, v34 | v50, "bad destination NPI") \
    X(0x0053, ESME_RINVSYSTYP, v34 | v50, "bad system_type") \
    X(0x0054, ESME_RINVREPFLAG, v34 | v50, "bad replace_if_present_flag") \
    X(0x0055, ESME_RINVNUMMSGS, v34 | v50, "bad number of messages") \
    X(0x0058, ESME_RTHROTTLED, v34 | v50, "rate limit exceeded") \
    X(0x0061, ESME_RINVSCHED, v34 | v50, "bad schedule_delivery_time") \
    X(0x0062, ESME_RINVEXPIRY, v34 | v50, "bad validity_period") \
    X(0x0063, ESME_RINVDFTMSGID, v34 | v50, "predefined message unknown") \
    X(0x0064, ESME_RX_T_APPN, v34 | v50, "receiver: temporary error, retry later") \
    X(0x0065, ESME_RX_P_APPN, v34 | v50, "receiver: permanent error, do not retry") \
    X(0x0066, ESME_RX_R_APPN, v34 | v50, "receiver: this message is rejected") \
    X(0x0067, ESME_RQUERYFAIL, v34 | v50, "query failed") \
    X(0x00C0, ESME_RINVTLVSTREAM, v34 | v50, "TLVs cannot be decoded") \
    X(0x00C1, ESME_RTLVNOTALLWD, v34 | v50, "TLV not allowed here") \
    X(0x00C2, ESME_RINVTLVLEN, v34 | v50, "TLV length invalid") \
    X(0x00C3, ESME_RMISSINGTLV, v34 | v50, "required TLV missing") \
    X(0x00C4, ESME_RINVTLVVAL, v34 | v50, "TLV value invalid") \
    X(0x00FE, ESME_RDELIVERYFAILURE, v34 | v50, "delivery failed (transaction mode)") \
    X(0x00FF, ESME_RUNKNOWNERR, v34 | v50, "unknown error") \
    X(0x0100, ESME_RSERTYPUNAUTH, v50, "service_type denied to this ESME") \
    X(0x0101, ESME_RPROHIBITED, v50, "operation denied to this ESME") \
    X(0x0102, ESME_RSERTYPUNAVAIL, v50, "service_type out of service") \
    X(0x0103, ESME_RSERTYPDENIED, v50, "service_type denied for this content") \
    X(0x0104, ESME_RINVDCS, v50, "bad data_coding") \
    X(0x0105, ESME_RINVSRCADDRSUBUNIT, v50, "bad source_addr_subunit") \
    X(0x0106, ESME_RINVDSTADDRSUBUNIT, v50, "bad dest_addr_subunit") \
    X(0x0107, ESME_RINVBCASTFREQINT, v50, "bad broadcast_frequency_interval") \
    X(0x0108, ESME_RINVBCASTALIAS_NAME, v50, "bad broadcast alias name") \
    X(0x0109, ESME_RINVBCASTAREAFMT, v50, "bad broadcast area format") \
    X(0x010A, ESME_RINVNUMBCAST_AREAS, v50, "bad number of broadcast areas") \
    X(0x010B, ESME_RINVBCASTCNTTYPE, v50, "bad broadcast_content_type") \
    X(0x010C, ESME_RINVBCASTMSGCLASS, v50, "bad broadcast_message_class") \
    X(0x010D, ESME_RBCASTFAIL, v50, "broadcast_sm failed") \
    X(0x010E, ESME_RBCASTQUERYFAIL, v50, "query_broadcast_sm failed") \
    X(0x010F, ESME_RBCASTCANCELFAIL, v50, "cancel_broadcast_sm failed") \
    X(0x0110, ESME_RINVBCAST_REP, v50, "bad broadcast_rep_num") \
    X(0x0111, ESME_RINVBCASTSRVGRP, v50, "bad broadcast_service_group") \
    X(0x0112, ESME_RINVBCASTCHANIND, v50, "bad broadcast_channel_indicator")

/// command_status (v3.4 §5.1.3, v5.0 §4.7.6). Any 32-bit value can arrive; 0x400 to 0x4FF are the vendors'.
enum class CommandStatus : std::uint32_t {
#define SLUICE_ROW(value, name, versions, meaning) name = value,
    SLUICE_SMPP_STATUSES(SLUICE_ROW)
#undef SLUICE_ROW
};

struct Status {
    CommandStatus value;
    std::string_view name;
    Versions versions;
    std::string_view meaning;
};

inline constexpr auto statuses = std::to_array<Status>({
#define SLUICE_ROW(code, spelling, defined, explained) {CommandStatus::spelling, #spelling, defined, explained},
    SLUICE_SMPP_STATUSES(SLUICE_ROW)
#undef SLUICE_ROW
});

namespace detail {
constexpr std::size_t status_slot(CommandStatus status) { return static_cast<std::uint32_t>(status); }
using StatusLookup = Lookup<statuses, status_slot, 0x113>;
}  // namespace detail

/// The status's row, or nullptr for a value that SMPP does not define.
constexpr const Status* find_status(CommandStatus status) { return detail::StatusLookup::find(status); }
constexpr const Status* find_status(std::string_view name) { return detail::StatusLookup::find(name); }

/// The status's name, as ESME_RTHROTTLED; empty when SMPP does not define it.
constexpr std::string_view name_of(CommandStatus status) {
    const Status* row = find_status(status);
    return row != nullptr ? row->name : std::string_view();
}

}  // namespace sluice::smpp
