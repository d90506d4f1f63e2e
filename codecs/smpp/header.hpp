#pragma once

#include <cstddef>
#include <cstdint>

#include "codecs/smpp/command.hpp"
#include "codecs/smpp/status.hpp"
#include "engine/base/bytes.hpp"
#include "engine/base/limits.hpp"

namespace sluice::smpp {

inline constexpr std::size_t header_size = 16;

/// The four fields every PDU begins with (v3.4 §3.2, v5.0 §3.2).
struct Header {
    std::uint32_t length = header_size;  ///< of the whole PDU, these 16 octets included
    CommandId id{};
    CommandStatus status{};
    std::uint32_t sequence = 0;

    friend bool operator==(const Header&, const Header&) = default;
};

/// `from` has at least `header_size` octets.
inline Header read_header(const std::uint8_t* from) {
    return {load_be<std::uint32_t>(from), CommandId{load_be<std::uint32_t>(from + 4)},
            CommandStatus{load_be<std::uint32_t>(from + 8)}, load_be<std::uint32_t>(from + 12)};
}
/// `to` has room for `header_size` octets.
inline void write_header(std::uint8_t* to, const Header& header) {
    store_be(to, header.length);
    store_be(to + 4, static_cast<std::uint32_t>(header.id));
    store_be(to + 8, static_cast<std::uint32_t>(header.status));
    store_be(to + 12, header.sequence);
}

/// What stands at the front of a stream.
struct Frame {
    enum class Kind : std::uint8_t {
        incomplete,  ///< no whole PDU yet: `size` is how many octets are needed to go on
        bad_length,  ///< a command_length that no PDU can have: the stream cannot be trusted any more (ESME_RINVCMDLEN)
        pdu,         ///< `header` and `body` are set, `size` octets are to be consumed
    };
    Kind kind = Kind::incomplete;
    std::size_t size = 0;
    Header header;
    ByteView body;
};

/// Finds the PDU at the front of `data`. A bad length is told as soon as the first four octets are there; `header` is
/// then set as far as it has come (all of it when 16 octets are there).
inline Frame frame(ByteView data) {
    Frame result;
    result.size = header_size;
    if (data.size() < sizeof(std::uint32_t)) return result;
    const auto length = load_be<std::uint32_t>(data.data());
    if (data.size() >= header_size) result.header = read_header(data.data());
    if (length < header_size || length > limits::max_pdu) {
        result.kind = Frame::Kind::bad_length;
        result.header.length = length;
        return result;
    }
    result.size = length;
    if (data.size() < length) return result;
    result.kind = Frame::Kind::pdu;
    result.body = data.subspan(header_size, length - header_size);
    return result;
}

}  // namespace sluice::smpp
