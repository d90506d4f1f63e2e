#include "codecs/smpp/mask.hpp"

#include <algorithm>
#include <span>

#include "codecs/smpp/layout.hpp"

namespace sluice::smpp {

namespace {

/// Masks fields of a body where they are in a copy of it.
class Mask {
public:
    Mask(const Privacy& privacy, ByteView original, std::span<std::uint8_t> copy)
        : privacy_(privacy), original_(original), copy_(copy) {}

    template <class Body>
    void fields(const Body& body) {
        if constexpr (requires { body.source_addr; }) address(as_bytes(body.source_addr));
        if constexpr (requires { body.destination_addr; }) address(as_bytes(body.destination_addr));
        if constexpr (requires { body.esme_addr; }) address(as_bytes(body.esme_addr));
        if constexpr (requires { body.dest_address; })
            for (const auto& entry : body.dest_address) fields(entry);
        if constexpr (requires { body.unsuccess_sme; })
            for (const auto& entry : body.unsuccess_sme) fields(entry);
        bool udhi = false, wide = false;
        if constexpr (requires { body.esm_class; }) udhi = (body.esm_class & esm_class::udhi) != 0;
        if constexpr (requires { body.data_coding; }) wide = DataCoding{body.data_coding} == DataCoding::ucs2;
        if constexpr (requires { body.short_message; }) text(body.short_message, udhi, wide);
        if constexpr (requires { body.tlvs; }) {
            for (const Tlv tlv : body.tlvs) {
                const TlvRow* const row = find_tlv(tlv.tag);
                if (tlv.tag == Tag::message_payload) text(tlv.value, udhi, wide);
                else if (tlv.tag != Tag::receipted_message_id && (row == nullptr || row->kind != TlvKind::integer))
                    address(tlv.value);  // callback_num, subaddresses, vendors' own: what they are for is not asked
            }
        }
    }

private:
    std::span<std::uint8_t> place(ByteView field) {
        return copy_.subspan(static_cast<std::size_t>(field.data() - original_.data()), field.size());
    }
    static std::span<char> as_chars(std::span<std::uint8_t> octets) {
        return {reinterpret_cast<char*>(octets.data()), octets.size()};
    }
    void address(ByteView field) {
        if (!field.empty()) privacy_.mask_address(as_chars(place(field)));
    }
    void text(ByteView field, bool udhi, bool wide) {
        if (field.empty()) return;
        if (udhi) field = field.subspan(std::min<std::size_t>(field.size(), 1 + std::size_t{field[0]}));
        if (field.empty()) return;
        const std::span<std::uint8_t> octets = place(field);
        if (!privacy_.text) return privacy_.mask_numbers(as_chars(octets));  // a receipt's may have some
        for (std::size_t i = 0; i < octets.size(); ++i) octets[i] = wide && i % 2 == 0 ? 0 : '*';
    }

    const Privacy& privacy_;
    ByteView original_;
    std::span<std::uint8_t> copy_;
};

}  // namespace

std::vector<std::uint8_t> masked(ByteView pdu, const Privacy& privacy) {
    std::vector<std::uint8_t> copy(pdu.begin(), pdu.end());
    if (!privacy.any()) return copy;
    if (pdu.size() < header_size) return {};
    const Header header = read_header(pdu.data());
    const ByteView body = pdu.subspan(header_size);
    DecodeOptions options;
    options.max_short_message = 255;
    bool readable = false;
    with_body_of(header.id, [&]<class Body>(std::type_identity<Body>) {
        if (const auto read = decode<Body>(body, options)) {
            readable = true;
            Mask(privacy, body, std::span(copy).subspan(header_size)).fields(*read);
        }
    });
    if (readable) return copy;
    copy.resize(header_size);
    Header shortened = header;
    shortened.length = header_size;
    write_header(copy.data(), shortened);
    return copy;
}

}  // namespace sluice::smpp
