#pragma once

#include <cstdint>
#include <optional>

/// data_coding: SMPP's values 0 to 15 (v5.0 §4.7.7), above them 3GPP TS 23.038 §4.
namespace sluice::sms {

/// What the octets of a text are.
enum class Alphabet : std::uint8_t {
    peer_default,  ///< what the peer's default alphabet is
    gsm7,          ///< GSM 7, whatever the peer's default is
    ascii,
    latin1,
    ucs2,
    other,         ///< octets, or an alphabet that is not read here, or compressed, or reserved
};

Alphabet alphabet_of(std::uint8_t data_coding);

/// The value that says the same of a message (class, waiting indication, deletion) with its text in UCS-2. For values
/// whose alphabet is not `other`.
std::uint8_t in_ucs2(std::uint8_t data_coding);

}  // namespace sluice::sms
