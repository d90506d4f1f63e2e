#pragma once

#include <cstdint>
#include <string_view>

#include "codecs/smpp/named_tlv.hpp"

namespace sluice::routing {

/// What a provider tells in a TLV of its own.
enum class TlvMeaning : std::uint8_t {
    none,           ///< a name for people, nothing else
    message_id,     ///< the message's id at the provider
    message_state,  ///< a number as message_state has them, or a word as `stat` has them
    error,          ///< of a message that failed, for `err` in the account's receipt
    mcc_mnc,        ///< the network that the message went to
    done_date,      ///< when the final state was reached
};
std::string_view to_string(TlvMeaning meaning);

struct VendorTlv {
    smpp::NamedTlv tlv;
    TlvMeaning means = TlvMeaning::none;
    friend bool operator==(const VendorTlv&, const VendorTlv&) = default;
};

}  // namespace sluice::routing
