#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

/// The values of single fields: names for people, and the bits of the packed ones. The bodies in pdu.hpp keep plain
/// integers, since peers send any value.
namespace sluice::smpp {

/// source_addr_ton, dest_addr_ton and the like (v5.0 §4.7.1).
enum class Ton : std::uint8_t {
    unknown = 0, international = 1, national = 2, network_specific = 3, subscriber_number = 4, alphanumeric = 5,
    abbreviated = 6,
};

/// source_addr_npi, dest_addr_npi and the like (v5.0 §4.7.2).
enum class Npi : std::uint8_t {
    unknown = 0, e164 = 1, x121 = 3, f69 = 4, e212 = 6, national = 8, private_plan = 9, ermes = 10, internet = 14,
    wap_client_id = 18,
};

/// data_coding (v5.0 §4.7.7). Other values follow 3GPP TS 23.038; see codecs/sms.
enum class DataCoding : std::uint8_t {
    mc_default = 0x00, ascii = 0x01, octets = 0x02, latin1 = 0x03, octets_too = 0x04, jis = 0x05, cyrillic = 0x06,
    hebrew = 0x07, ucs2 = 0x08, pictogram = 0x09, iso_2022_jp = 0x0A, kanji = 0x0D, ks_c_5601 = 0x0E,
};

/// esm_class (v5.0 §4.7.12).
namespace esm_class {
inline constexpr std::uint8_t mode_mask = 0x03;
inline constexpr std::uint8_t datagram = 0x01;
inline constexpr std::uint8_t forward = 0x02;  ///< "transaction" mode
inline constexpr std::uint8_t store_and_forward = 0x03;
inline constexpr std::uint8_t type_mask = 0x3C;
inline constexpr std::uint8_t delivery_receipt = 0x04;
inline constexpr std::uint8_t delivery_acknowledgement = 0x08;
inline constexpr std::uint8_t user_acknowledgement = 0x10;
inline constexpr std::uint8_t conversation_abort = 0x18;
inline constexpr std::uint8_t intermediate_notification = 0x20;
inline constexpr std::uint8_t udhi = 0x40;
inline constexpr std::uint8_t reply_path = 0x80;
}  // namespace esm_class

/// registered_delivery (v5.0 §4.7.21). v3.4 §5.2.17 heads the intermediate bit "bit 5"; its own pattern says bit 4.
namespace registered_delivery {
inline constexpr std::uint8_t receipt_mask = 0x03;
inline constexpr std::uint8_t receipt_none = 0x00;
inline constexpr std::uint8_t receipt_final = 0x01;    ///< success or failure
inline constexpr std::uint8_t receipt_failure = 0x02;  ///< failure only
inline constexpr std::uint8_t receipt_success = 0x03;  ///< success only (5.0)
inline constexpr std::uint8_t delivery_acknowledgement = 0x04;
inline constexpr std::uint8_t user_acknowledgement = 0x08;
inline constexpr std::uint8_t intermediate_notification = 0x10;
}  // namespace registered_delivery

/// dest_flag of submit_multi (v3.4 §5.2.25): what kind of destination follows.
inline constexpr std::uint8_t dest_flag_sme = 1;
inline constexpr std::uint8_t dest_flag_list = 2;

/// message_state (v5.0 §4.7.15; SCHEDULED and SKIPPED are new in 5.0).
enum class MessageState : std::uint8_t {
    scheduled = 0, enroute = 1, delivered = 2, expired = 3, deleted = 4, undeliverable = 5, accepted = 6, unknown = 7,
    rejected = 8, skipped = 9,
};

struct MessageStateRow {
    MessageState value;
    std::string_view name;
    std::string_view stat;  ///< in a receipt's text: seven letters (v3.4 appendix B; where it has none, ours)
    bool final;             ///< nothing is to follow
};

inline constexpr auto message_states = std::to_array<MessageStateRow>({
    {MessageState::scheduled, "SCHEDULED", "SCHEDLD", false},
    {MessageState::enroute, "ENROUTE", "ENROUTE", false},
    {MessageState::delivered, "DELIVERED", "DELIVRD", true},
    {MessageState::expired, "EXPIRED", "EXPIRED", true},
    {MessageState::deleted, "DELETED", "DELETED", true},
    {MessageState::undeliverable, "UNDELIVERABLE", "UNDELIV", true},
    {MessageState::accepted, "ACCEPTED", "ACCEPTD", true},
    {MessageState::unknown, "UNKNOWN", "UNKNOWN", true},
    {MessageState::rejected, "REJECTED", "REJECTD", true},
    {MessageState::skipped, "SKIPPED", "SKIPPED", true},
});

/// The state's row. `state` must be one of the ten; see `message_state_from` for octets from a peer.
constexpr const MessageStateRow& row_of(MessageState state) { return message_states[static_cast<std::size_t>(state)]; }

constexpr std::optional<MessageState> message_state_from(std::uint32_t value) {
    if (value >= message_states.size()) return std::nullopt;
    return MessageState{static_cast<std::uint8_t>(value)};
}

}  // namespace sluice::smpp
