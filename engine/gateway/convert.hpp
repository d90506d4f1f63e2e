#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "codecs/smpp/pdu.hpp"
#include "codecs/sms/udh.hpp"
#include "engine/base/bytes.hpp"
#include "engine/routing/account.hpp"

/// Text between two peers whose profiles differ (interop T1 to T3, T5). Nothing here is reached where they do not.
namespace sluice::gateway {

enum class Conversion : std::uint8_t {
    as_it_is,   ///< there is nothing to do, or it cannot be read as the profile says: it goes as it came
    converted,
    refused,    ///< the other alphabet cannot hold it, and the profile says to refuse it then
};

/// A message's body (well formed, as Message keeps it) as the peer `to` has text; `from` is how the sender has it.
/// - The user data header stays; packed septets are shifted to where the new one ends.
/// - Parts with a user data header and parts with SAR TLVs become what `to` wants, each for itself: a reference of 8
///   bits is taken over as it is, of one of 16 bits only the low 8 go into a header that has room for no more.
/// - What is too long for short_message goes as message_payload.
/// `tlvs`: the peer's session takes TLVs; where not, parts have user data headers and a payload becomes a
/// short_message if it fits. The new body is in `out`.
Conversion convert(ByteView body, const routing::TextProfile& from, const routing::TextProfile& to, bool tlvs,
                   std::vector<std::uint8_t>& out);

/// Bodies of the parts that a message must be split into for `to`: because its profile wants parts and the message is
/// longer than one, or because in UCS-2 it is and was not before. Their text is GSM 7 unpacked or UCS-2 (octets stay
/// octets), and so goes to any peer through `convert` with `parts_profile`. Empty when it stays whole, as parts of a
/// longer message do.
struct Split {
    std::vector<std::vector<std::uint8_t>> parts;
    bool refused = false;   ///< as Conversion::refused
    bool too_long = false;  ///< more than 255 parts
};
Split split(ByteView body, const routing::TextProfile& from, const routing::TextProfile& to, std::uint16_t reference);

/// How parts that we made have their text.
inline constexpr routing::TextProfile parts_profile{};

/// The text in UTF-8, with the replacement character for what cannot be read; empty for octets, or when the user
/// data header is none. `from` is how the sender has it.
std::string text_in_utf8(const smpp::MessageBody& pdu, const routing::TextProfile& from);
/// Which part of a longer message it is, by its header or its TLVs.
std::optional<sms::Concatenation> part_of(const smpp::MessageBody& pdu);

/// The beginning of a message's text as a receipt for its sender shows it: in the sender's default alphabet, not
/// packed, "?" for what that lacks. Empty for octets.
std::string text_for_receipt(const smpp::MessageBody& pdu, const routing::TextProfile& message,
                             routing::Alphabet receipt);

/// A receipt's text of a peer with packed septets; nothing where it is not packed, or reads like a receipt as it is.
std::optional<std::vector<std::uint8_t>> unpacked_receipt(const smpp::DeliverSm& pdu,
                                                          const routing::TextProfile& provider);

}  // namespace sluice::gateway
