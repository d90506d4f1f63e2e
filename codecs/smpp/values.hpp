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

/// Names for people; empty for values that SMPP does not define.
constexpr std::string_view name_of(Ton ton) {
    switch (ton) {
        case Ton::unknown: return "unknown";
        case Ton::international: return "international";
        case Ton::national: return "national";
        case Ton::network_specific: return "network specific";
        case Ton::subscriber_number: return "subscriber number";
        case Ton::alphanumeric: return "alphanumeric";
        case Ton::abbreviated: return "abbreviated";
    }
    return {};
}
constexpr std::string_view name_of(Npi npi) {
    switch (npi) {
        case Npi::unknown: return "unknown";
        case Npi::e164: return "ISDN E.163/E.164";
        case Npi::x121: return "data X.121";
        case Npi::f69: return "telex F.69";
        case Npi::e212: return "land mobile E.212";
        case Npi::national: return "national";
        case Npi::private_plan: return "private";
        case Npi::ermes: return "ERMES";
        case Npi::internet: return "internet IP";
        case Npi::wap_client_id: return "WAP client id";
    }
    return {};
}
constexpr std::string_view name_of(DataCoding coding) {
    switch (coding) {
        case DataCoding::mc_default: return "message centre default";
        case DataCoding::ascii: return "IA5/ASCII";
        case DataCoding::octets:
        case DataCoding::octets_too: return "octets";
        case DataCoding::latin1: return "Latin-1";
        case DataCoding::jis: return "JIS";
        case DataCoding::cyrillic: return "ISO-8859-5";
        case DataCoding::hebrew: return "ISO-8859-8";
        case DataCoding::ucs2: return "UCS-2";
        case DataCoding::pictogram: return "pictogram";
        case DataCoding::iso_2022_jp: return "ISO-2022-JP";
        case DataCoding::kanji: return "extended Kanji";
        case DataCoding::ks_c_5601: return "KS C 5601";
    }
    switch (static_cast<std::uint8_t>(coding) >> 4) {
        case 0xC: return "GSM message waiting, discard";
        case 0xD: return "GSM message waiting, store";
        case 0xE: return "GSM message waiting, store, UCS-2";
        case 0xF: return "GSM message class";
        default: return {};
    }
}
constexpr std::string_view name_of(MessageState state) {
    const auto known = message_state_from(static_cast<std::uint8_t>(state));
    return known ? row_of(*known).name : std::string_view();
}

}  // namespace sluice::smpp
