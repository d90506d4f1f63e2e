#include "engine/gateway/vendor_tlvs.hpp"

#include <charconv>

#include "codecs/smpp/time.hpp"

namespace sluice::gateway {
namespace {

std::optional<std::uint32_t> number_of(std::string_view text) {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

std::optional<smpp::MessageState> state_of(std::string_view text) {
    if (const auto number = number_of(text)) return smpp::message_state_from(*number);
    return smpp::state_of_stat(text);
}

/// As receipts write dates, or seconds since 1970: ten digits are both, and are seconds where the TLV is an integer.
std::optional<WallTime> date_of(smpp::NamedTlvType type, std::string_view text) {
    if (type != smpp::NamedTlvType::integer) return smpp::parse_date(text);
    const auto number = number_of(text);
    return number && *number != 0 ? std::optional(WallTime(seconds(*number))) : std::nullopt;
}

}  // namespace

VendorFacts read_vendor_tlvs(std::span<const routing::VendorTlv> known, const smpp::TlvView& tlvs) {
    using routing::TlvMeaning;
    VendorFacts facts;
    for (const routing::VendorTlv& vendor : known) {
        const auto value = tlvs.find(vendor.tlv.tag);
        if (!value) continue;
        facts.any = true;
        if (vendor.means == TlvMeaning::none) continue;
        auto text = smpp::named_tlv_text(vendor.tlv.type, *value);
        if (!text || text->empty()) continue;
        switch (vendor.means) {
            case TlvMeaning::none: break;
            case TlvMeaning::message_id: facts.message_id = std::move(*text); break;
            case TlvMeaning::message_state: facts.state = state_of(*text); break;
            case TlvMeaning::error: facts.error = std::move(*text); break;
            case TlvMeaning::mcc_mnc: facts.mcc_mnc = number_of(*text); break;
            case TlvMeaning::done_date: facts.done_date = date_of(vendor.tlv.type, *text); break;
        }
    }
    return facts;
}

std::size_t copy_undefined_tlvs(const smpp::TlvView& tlvs, MutableBytes to) {
    smpp::TlvWriter kept(to);
    for (const smpp::Tlv tlv : tlvs)
        if (smpp::find_tlv(tlv.tag) == nullptr) kept.octets(tlv.tag, tlv.value);
    return kept.size();
}

std::string vendor_tlvs_text(std::span<const routing::VendorTlv> known, const smpp::TlvView& tlvs) {
    std::string all;
    for (const routing::VendorTlv& vendor : known) {
        const auto value = tlvs.find(vendor.tlv.tag);
        if (!value) continue;
        const auto text = smpp::named_tlv_text(vendor.tlv.type, *value);
        if (!all.empty()) all += ' ';
        all += vendor.tlv.name + '=';
        // What a peer wrote must not end the line, nor run on for ever.
        for (const char c : text.value_or("?").substr(0, 64)) all += c >= 0x20 && c < 0x7F ? c : '.';
    }
    return all;
}

}  // namespace sluice::gateway
