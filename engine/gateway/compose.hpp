#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "codecs/smpp/pdu.hpp"
#include "engine/base/bytes.hpp"
#include "engine/gateway/message.hpp"
#include "engine/routing/account.hpp"

/// Bodies of what we send, made from messages.
namespace sluice::gateway {

/// What kind of PDU carries it on its present leg.
smpp::CommandId command_for(const Message& m);

struct Outgoing {
    smpp::CommandId command{};
    ByteView body;          ///< of the message itself, or in `scratch`
    std::uint32_t patch_at = 0;  ///< offset of registered_delivery in the body
    std::uint8_t registered_delivery = 0;
    bool patched = false;

    std::size_t write(std::uint8_t* to) const {
        std::memcpy(to, body.data(), body.size());
        if (patched) to[patch_at] = registered_delivery;
        return body.size();
    }
};

/// The body to send now; `scratch` keeps it where it had to be made anew. `with_tlvs`: the peer takes TLVs.
Outgoing compose(const Message& m, const routing::Account* account, bool with_tlvs, std::vector<std::uint8_t>& scratch);

/// The body (well formed, its times empty) up to its TLVs.
ByteView cut_tlvs(ByteView body);

/// The id as this account is shown it.
std::string shown_id(MessageId id, routing::IdFormat format);
/// The same with its NUL, into octets of which it may write over `shown_id_room`; returns how many are the id's.
std::size_t write_shown_id(MessageId id, routing::IdFormat format, std::uint8_t* to);
inline constexpr std::size_t shown_id_room = 24;
/// The reverse; 0 when it is no id of ours.
MessageId parse_shown_id(std::string_view text, routing::IdFormat format);

/// A body as Message keeps it: `pdu` with schedule_delivery_time and validity_period emptied.
void store_body(Message& m, smpp::MessageBody pdu);

}  // namespace sluice::gateway
