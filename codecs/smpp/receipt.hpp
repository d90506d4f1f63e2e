#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "codecs/smpp/bodies.hpp"
#include "codecs/smpp/values.hpp"
#include "engine/base/bytes.hpp"
#include "engine/base/time.hpp"

/// Delivery receipts, both ways: the text of v3.4 appendix B, which every message centre writes in its own manner, and
/// the TLVs receipted_message_id, message_state and network_error_code.
namespace sluice::smpp {

// ---- reading

enum class ReceiptKind : std::uint8_t { none, receipt, intermediate };

/// What an esm_class says about a deliver_sm or data_sm. Only this tells a receipt from a subscriber's message; the
/// text alone never does, since anyone can write such a text.
constexpr ReceiptKind receipt_kind(std::uint8_t esm_class) {
    if ((esm_class & esm_class::delivery_receipt) != 0) return ReceiptKind::receipt;
    if ((esm_class & esm_class::intermediate_notification) != 0) return ReceiptKind::intermediate;
    return ReceiptKind::none;
}

/// The values of a receipt's text, as they stand there; empty where they are missing.
struct ReceiptText {
    std::string_view id;
    std::string_view sub;
    std::string_view dlvrd;
    std::string_view submit_date;  ///< see `parse_date` in time.hpp
    std::string_view done_date;
    std::string_view stat;
    std::string_view err;   ///< letters or digits of any number
    std::string_view text;  ///< the beginning of the message
};

/// Finds "key:value" pairs in any order and case; whatever else stands between blanks is passed over. Everything after
/// "text:" is the message's and is not looked at. Of a repeated key the first counts.
ReceiptText parse_receipt_text(std::string_view text);

/// How a `stat` begins, in upper case, and what it means.
struct StatName {
    std::string_view prefix;
    MessageState state;
};

/// The state that a `stat` means, in any case, by its beginning (DELIVRD, DELIVERED; FAILED, BUFFERED and other common
/// words too). The provider's own names, if any, come first.
std::optional<MessageState> state_of_stat(std::string_view stat, std::span<const StatName> own_names = {});

/// network_error_code (v5.0 §4.8.4).
struct NetworkError {
    std::uint8_t type = 0;  ///< 3: GSM; 0: the peer did not say
    std::uint16_t code = 0;

    friend bool operator==(const NetworkError&, const NetworkError&) = default;
};

/// Reads the TLV's value: three octets, or three ASCII digits as some peers write it.
std::optional<NetworkError> parse_network_error(ByteView value);

struct Receipt {
    ReceiptKind kind = ReceiptKind::none;
    std::string_view message_id;  ///< as the provider wrote it; see canonical_message_id
    std::optional<MessageState> state;
    std::optional<NetworkError> network_error;
    ReceiptText text;
};

struct ReceiptOptions {
    std::span<const StatName> own_stat_names;
    /// Room for a receipt whose text is in UCS-2, half its size; such a text is not read without it. `Receipt` may
    /// then point into it.
    MutableBytes scratch;
};

/// Reads a receipt: TLVs first, the text (short_message or message_payload) fills the gaps. A message_state of 0
/// (SCHEDULED) gives way to the text's `stat`: some providers send it with every receipt. The views point into the
/// body's octets.
Receipt read_receipt(const DeliverSm& body, const ReceiptOptions& options = {});
Receipt read_receipt(const DataSm& body, const ReceiptOptions& options = {});

// ---- writing

/// What a receipt tells.
struct ReceiptReport {
    std::string_view message_id;  ///< cut after 64 characters
    std::uint16_t submitted = 1;  ///< `sub` and `dlvrd`: short messages, 0 to 999
    std::uint16_t delivered = 0;
    WallTime submit_date;
    WallTime done_date;
    MessageState state = MessageState::delivered;
    std::string_view err = "000";  ///< cut after 16 characters
    std::optional<NetworkError> network_error;
    std::string_view text;  ///< the message in the receipt's alphabet; its first 20 characters are taken
};

/// The longest text that `write_receipt_text` writes.
inline constexpr std::size_t receipt_text_max = 192;

/// Writes "id:... sub:001 dlvrd:001 submit date:YYMMDDhhmm done date:YYMMDDhhmm stat:DELIVRD err:000 text:..." in full
/// (strict parsers fail on less), dates in UTC. `to` has room for `receipt_text_max` octets. Returns the size.
std::size_t write_receipt_text(const ReceiptReport& report, MutableBytes to);

/// The longest TLVs that `write_receipt_tlvs` writes.
inline constexpr std::size_t receipt_tlvs_max = (4 + 65) + (4 + 1) + (4 + 3);

/// Adds receipted_message_id, message_state and, when known, network_error_code. False when one did not fit.
bool write_receipt_tlvs(const ReceiptReport& report, TlvWriter& to);

}  // namespace sluice::smpp
