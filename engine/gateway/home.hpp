#pragma once

#include "codecs/smpp/pdu.hpp"
#include "engine/gateway/core.hpp"

namespace sluice::gateway {

/// What decides whose a mobile-originated message is: its numbers, read as its provider writes them, and the first word of
/// its text, where any rule asks for that. A later part of a long message has the first word of the first part, as far as
/// that is remembered (part_keywords.hpp).
routing::HomeRequest home_request(Core& core, const Party& provider, const smpp::MessageBody& pdu);

}  // namespace sluice::gateway
