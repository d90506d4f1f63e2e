#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>

#include "codecs/smpp/bodies.hpp"
#include "codecs/smpp/header.hpp"
#include "codecs/smpp/values.hpp"
#include "engine/base/out_buffer.hpp"

/// Decoding and encoding of PDU bodies, generated from the tables in layout.hpp.
namespace sluice::smpp {

/// What is wrong with a body: the status to answer with, and the field's name (a string constant).
struct DecodeError {
    CommandStatus status = CommandStatus::ESME_ROK;
    const char* field = "";
};

struct DecodeOptions {
    /// Takes a system_id and password of up to 64 characters, where the specification ends at 15 and 8.
    bool long_credentials = true;
    /// 254 (v3.4); 255 for a peer that bound with 5.0.
    std::uint8_t max_short_message = 254;
};

/// Decodes a body. Lenient where peers are known to depart from the specification and nothing is lost by it:
/// - the body of an answer may be absent, one NUL, or TLVs only;
/// - up to three NULs may stand before the TLVs, up to three octets of any kind after them; both are left out;
/// - TLVs may be unknown, repeated or of any length, as long as they end within the PDU;
/// - values are not checked against their ranges, times not against their format.
/// A string that is too long or has no NUL, or an end of the body inside a field, gives that field's status
/// (ESME_RINVSRCADR and so on; ESME_RINVCMDLEN for fields that have none); a short_message that is longer than allowed
/// or than the body ESME_RINVMSGLEN; a cut TLV ESME_RINVTLVSTREAM.
template <class Body>
std::expected<Body, DecodeError> decode(ByteView body, const DecodeOptions& options = {});

/// Octets that `encode` writes.
template <class Body>
std::size_t encoded_size(const Body& body);

/// Writes the body to the front of `to` and returns its size; `to` must have room for `encoded_size(body)` octets.
/// What a field cannot carry is cut, so that the result is always one well-formed body: strings at their first NUL and
/// at the field's length, short_message at 255 octets. Use `check` on values from elsewhere than a decoded body.
template <class Body>
std::size_t encode(const Body& body, MutableBytes to);

/// The first field whose value is longer than `decode` with these options would take, or which has a NUL inside.
template <class Body>
std::expected<void, DecodeError> check(const Body& body, const DecodeOptions& options = {});

/// Appends a whole PDU to `out`, and returns its size.
template <class Body>
std::size_t write_pdu(OutBuffer& out, CommandId id, CommandStatus status, std::uint32_t sequence, const Body& body) {
    const std::size_t size = header_size + encoded_size(body);
    std::uint8_t* to = out.reserve(size);
    write_header(to, {static_cast<std::uint32_t>(size), id, status, sequence});
    encode(body, {to + header_size, size - header_size});
    out.commit(size);
    return size;
}
/// Appends a PDU of a header alone.
inline std::size_t write_pdu(OutBuffer& out, CommandId id, CommandStatus status, std::uint32_t sequence) {
    return write_pdu(out, id, status, sequence, EmptyBody{});
}

/// The text of a message: message_payload when there is no short_message, else short_message.
inline ByteView message_text(ByteView short_message, const TlvView& tlvs) {
    return short_message.empty() ? tlvs.find(Tag::message_payload).value_or(ByteView()) : short_message;
}
inline ByteView message_text(const MessageBody& body) { return message_text(body.short_message, body.tlvs); }
inline ByteView message_text(const DataSm& body) { return message_text({}, body.tlvs); }

/// The text without one NUL at its end that the sender counted in sm_length; only codings whose characters are single
/// octets of text (the default alphabet, ASCII, Latin-1) are touched. For peers whose profile says they do that.
inline ByteView without_trailing_nul(ByteView text, std::uint8_t data_coding) {
    const bool text_coding = data_coding == static_cast<std::uint8_t>(DataCoding::mc_default) ||
                             data_coding == static_cast<std::uint8_t>(DataCoding::ascii) ||
                             data_coding == static_cast<std::uint8_t>(DataCoding::latin1);
    return text_coding && !text.empty() && text.back() == 0 ? text.first(text.size() - 1) : text;
}

}  // namespace sluice::smpp
