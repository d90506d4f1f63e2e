#pragma once

#include <cstdint>
#include <vector>

#include "codecs/smpp/tlv.hpp"

/// Lengths of TLVs, as the specification has them and as peers write them (interop P9).
namespace sluice::smpp {

/// How the length of a TLV's value stands to its row in tag.hpp.
enum class TlvLength : std::uint8_t {
    right,     ///< as the row has it; any length of a tag that SMPP does not define
    mendable,  ///< an integer of another width whose value fits the row's, a text without its NUL
    wrong,     ///< the value cannot be had in a length that the row allows
};

TlvLength tlv_length(const Tlv& tlv);

/// What `tlv_length` says of a chain. One walk, and nothing is copied.
struct TlvLengths {
    std::size_t mendable = 0;
    std::size_t wrong = 0;
    Tlv first_wrong;

    bool all_right() const { return mendable == 0 && wrong == 0; }
};
TlvLengths tlv_lengths(const TlvView& tlvs);

/// The chain with what is mendable written as its row has it, and without what is wrong; everything else, repeated and
/// undefined TLVs as well, as it is and in the same order.
std::vector<std::uint8_t> mend_tlvs(const TlvView& tlvs);

}  // namespace sluice::smpp
