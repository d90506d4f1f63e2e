#include "codecs/smpp/tlv.hpp"

#include "engine/base/check.hpp"

namespace sluice::smpp {

std::optional<std::uint32_t> tlv_integer(ByteView value) {
    if (value.empty() || value.size() > 8) return std::nullopt;
    std::uint64_t result = 0;
    for (const std::uint8_t octet : value) result = result << 8 | octet;
    if (result > UINT32_MAX) return std::nullopt;
    return static_cast<std::uint32_t>(result);
}

std::string_view tlv_text(ByteView value) {
    const std::string_view text = as_text(value);
    return text.substr(0, text.find('\0'));
}

bool TlvWriter::integer(Tag tag, std::uint32_t value) {
    const TlvRow* row = find_tlv(tag);
    SLUICE_CHECK(row != nullptr && row->kind == TlvKind::integer);
    std::uint8_t octets[8];
    store_be(octets, std::uint64_t{value});
    return this->octets(tag, ByteView(octets).last(row->max_length));
}

}  // namespace sluice::smpp
