#pragma once

#include <optional>
#include <span>
#include <string>

#include "codecs/smpp/receipt.hpp"
#include "engine/base/time.hpp"
#include "engine/routing/vendor_tlv.hpp"

namespace sluice::gateway {

/// What the TLVs of a provider's own say in a receipt (interop R15); empty where they say nothing,
/// or nothing that can be read as the profile has it.
struct VendorFacts {
    std::string message_id;
    std::optional<smpp::MessageState> state;
    std::string error;
    std::optional<std::uint32_t> mcc_mnc;
    std::optional<WallTime> done_date;
    bool any = false;  ///< one of those that the profile names is there
};

VendorFacts read_vendor_tlvs(std::span<const routing::VendorTlv> known, const smpp::TlvView& tlvs);

/// Writes the TLVs that SMPP does not define to `to`, those that fit, and returns their size.
std::size_t copy_undefined_tlvs(const smpp::TlvView& tlvs, MutableBytes to);

/// "name=value name=value" of those that are there, for the log; empty if none is.
std::string vendor_tlvs_text(std::span<const routing::VendorTlv> known, const smpp::TlvView& tlvs);

}  // namespace sluice::gateway
