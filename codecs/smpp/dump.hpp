#pragma once

#include <span>
#include <string>

#include "codecs/smpp/named_tlv.hpp"
#include "codecs/smpp/pdu.hpp"
#include "engine/base/bytes.hpp"

namespace sluice::smpp {

struct DumpOptions {
    bool octets = true;    ///< ends with a hex dump of the whole PDU
    bool secrets = false;  ///< shows passwords; without it, PDUs that carry one get no hex dump
    DecodeOptions decode;
    std::span<const NamedTlv> tlvs;  ///< names and types for tags that SMPP does not define
};

/// A PDU for people, several lines, each ended: the header, every field with its name, values by name where they have
/// one, TLVs with what is unusual about them, the octets. Any octets will do; where they are no well-formed PDU, a line
/// beginning with "!" says which field is at fault and what status it deserves, after the fields that could be read.
std::string dump(ByteView pdu, const DumpOptions& options = {});

}  // namespace sluice::smpp
