#include "codecs/smpp/tlv_length.hpp"

namespace sluice::smpp {
namespace {

bool within(const TlvRow& row, std::size_t length) { return length >= row.min_length && length <= row.max_length; }

TlvLength mendable_if(bool can) { return can ? TlvLength::mendable : TlvLength::wrong; }

}  // namespace

TlvLength tlv_length(const Tlv& tlv) {
    const TlvRow* const row = find_tlv(tlv.tag);
    if (row == nullptr) return TlvLength::right;
    const std::size_t length = tlv.value.size();
    switch (row->kind) {
        case TlvKind::octets: return within(*row, length) ? TlvLength::right : TlvLength::wrong;
        case TlvKind::integer: {
            if (within(*row, length)) return TlvLength::right;
            const auto value = tlv_integer(tlv.value);
            return mendable_if(value && (row->max_length >= 4 || *value >> 8 * row->max_length == 0));
        }
        case TlvKind::text: {
            const std::size_t size = tlv_text(tlv.value).size();
            if (within(*row, length) && size < length) return TlvLength::right;
            return mendable_if(within(*row, size + 1));
        }
    }
    return TlvLength::right;
}

TlvLengths tlv_lengths(const TlvView& tlvs) {
    TlvLengths lengths;
    for (const Tlv tlv : tlvs) {
        const TlvLength its = tlv_length(tlv);
        if (its == TlvLength::mendable) ++lengths.mendable;
        if (its == TlvLength::wrong && lengths.wrong++ == 0) lengths.first_wrong = tlv;
    }
    return lengths;
}

std::vector<std::uint8_t> mend_tlvs(const TlvView& tlvs) {
    // A mended integer is at most 4 octets wider than it came, a text one octet longer.
    std::size_t room = 0;
    for (const Tlv tlv : tlvs) room += tlv_header_size + tlv.value.size() + 4;
    std::vector<std::uint8_t> octets(room);
    TlvWriter writer(octets);
    for (const Tlv tlv : tlvs) {
        switch (tlv_length(tlv)) {
            case TlvLength::right: writer.octets(tlv.tag, tlv.value); break;
            case TlvLength::mendable:
                if (find_tlv(tlv.tag)->kind == TlvKind::integer) writer.integer(tlv.tag, *tlv_integer(tlv.value));
                else writer.text(tlv.tag, tlv_text(tlv.value));
                break;
            case TlvLength::wrong: break;
        }
    }
    octets.resize(writer.size());
    return octets;
}

}  // namespace sluice::smpp
