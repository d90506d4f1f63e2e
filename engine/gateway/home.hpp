#pragma once

#include <array>
#include <span>

#include "codecs/smpp/pdu.hpp"
#include "engine/gateway/core.hpp"

namespace sluice::gateway {

/// What decides whose a mobile-originated message is: its numbers, read as its provider writes them, and the first
/// word of its text, where any rule asks for that. A later part of a long message has the first word of the first
/// part, as far as that is remembered (part_keywords.hpp).
routing::HomeRequest home_request(Core& core, const Party& provider, const smpp::MessageBody& pdu);

/// Those that get it.
struct Owners {
    std::uint8_t count = 0;
    std::array<PartyId, routing::max_home_owners> parties{};
    std::span<const PartyId> all() const { return {parties.data(), count}; }
};
/// The numbers of found accounts, and those that databases know the owners of, come where those of configured accounts
/// do: after the rules with numbers or keywords, before the rules for what is left. `answer` is what databases say;
/// none: what is remembered of that. While they cannot be asked, what they decide is nobody's.
Owners owners_of(Core& core, const routing::HomeRequest& request,
                 const accounts::NumberOwners::Answer* answer = nullptr);
/// What databases are asked.
accounts::NumberOwners::Question question_of(const routing::HomeRequest& request);
/// Databases decide, and have to be asked.
bool must_ask(Core& core, const routing::HomeRequest& request);

}  // namespace sluice::gateway
