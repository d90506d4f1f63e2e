#include "engine/gateway/convert.hpp"

#include <algorithm>

#include "codecs/smpp/receipt.hpp"
#include "codecs/sms/charset.hpp"
#include "codecs/sms/data_coding.hpp"
#include "codecs/sms/segment.hpp"
#include "codecs/sms/septets.hpp"
#include "codecs/sms/transliterate.hpp"
#include "codecs/sms/udh.hpp"

namespace sluice::gateway {

using routing::Alphabet;
using routing::Segmentation;
using routing::TextProfile;
using routing::Unmappable;
using Octets = std::vector<std::uint8_t>;

namespace {

constexpr std::size_t max_short_message = 254;
constexpr std::size_t receipt_characters = 20;  // v3.4 appendix B

sms::Charset charset_of(Alphabet alphabet) {
    switch (alphabet) {
        case Alphabet::latin1: return sms::Charset::latin1;
        case Alphabet::ascii: return sms::Charset::ascii;
        case Alphabet::utf8: return sms::Charset::utf8;
        default: return sms::Charset::gsm7;
    }
}
bool is_packed(Alphabet alphabet) { return alphabet == Alphabet::gsm7_packed; }
bool is_gsm7(Alphabet alphabet) { return alphabet == Alphabet::gsm7 || alphabet == Alphabet::gsm7_packed; }

bool is_sar(smpp::Tag tag) {
    return tag == smpp::Tag::sar_msg_ref_num || tag == smpp::Tag::sar_total_segments ||
           tag == smpp::Tag::sar_segment_seqnum;
}

std::optional<sms::Concatenation> sar_part(const smpp::TlvView& tlvs) {
    const auto reference = tlvs.integer(smpp::Tag::sar_msg_ref_num);
    const auto total = tlvs.integer(smpp::Tag::sar_total_segments), part = tlvs.integer(smpp::Tag::sar_segment_seqnum);
    if (!reference || !total || !part || *total > 255 || *part < 1 || *part > *total) return std::nullopt;
    return sms::Concatenation{static_cast<std::uint16_t>(*reference), static_cast<std::uint8_t>(*total),
                              static_cast<std::uint8_t>(*part), *reference > 0xFF};
}

/// A message taken apart.
struct UserData {
    smpp::MessageBody pdu;
    bool in_payload = false;
    std::optional<sms::UserDataHeader> header;
    ByteView text;                              ///< behind the header
    std::optional<sms::Concatenation> part;     ///< of a longer message
    bool sar = false;                           ///< says so in TLVs
    sms::Alphabet alphabet{};

    std::size_t header_size() const { return header ? header->size() : 0; }
    sms::NationalLanguage language() const { return header ? header->language() : sms::NationalLanguage(); }
    /// GSM 7 whose octets are packed or not by the peer's default alphabet.
    bool is_gsm7(const TextProfile& side) const {
        return alphabet == sms::Alphabet::gsm7 ||
               (alphabet == sms::Alphabet::peer_default && gateway::is_gsm7(side.default_alphabet));
    }
};

/// Nothing when the header is none: such a message is not touched.
std::optional<UserData> take_apart(ByteView body) {
    const auto pdu = smpp::decode<smpp::MessageBody>(body, {true, 255});
    if (!pdu) return std::nullopt;
    UserData data;
    data.pdu = *pdu;
    data.in_payload = pdu->short_message.empty() && pdu->tlvs.find(smpp::Tag::message_payload);
    data.text = smpp::message_text(*pdu);
    data.alphabet = sms::alphabet_of(pdu->data_coding);
    if ((pdu->esm_class & smpp::esm_class::udhi) != 0) {
        data.header = sms::UserDataHeader::parse(data.text);
        if (!data.header) return std::nullopt;
        data.text = data.text.subspan(data.header->size());
        data.part = data.header->concatenation();
    }
    if (!data.part) {
        data.part = sar_part(pdu->tlvs);
        data.sar = data.part.has_value();
    }
    return data;
}

/// A new text: what it is in, and whether it is GSM 7 (national languages are named for nothing else).
struct Text {
    Octets octets;
    std::uint8_t data_coding = 0;
    bool gsm7 = false;
    bool packed = false;  ///< `octets` are septets still, to be packed behind the header
};

Octets septets_of(const UserData& data, const TextProfile& from) {
    if (is_packed(from.default_alphabet)) return sms::unpack_septets(data.text, sms::fill_bits(data.header_size()));
    return {data.text.begin(), data.text.end()};
}

bool are_septets(ByteView octets) {
    return std::ranges::all_of(octets, [](std::uint8_t octet) { return octet < 0x80; });
}

/// The text in UTF-8; nothing when the octets are not in the alphabet that they should be in.
std::optional<std::string> read(const UserData& data, const TextProfile& from) {
    std::string text = data.is_gsm7(from) ? sms::decode_gsm7(septets_of(data, from), data.language())
                                          : sms::decode(charset_of(from.default_alphabet), data.text);
    if (text.find("\xEF\xBF\xBD") != std::string::npos) return std::nullopt;
    return text;
}

/// The text in the alphabet of `to`, or what its profile has instead. Nothing: refused.
std::optional<Text> write(const std::string& text, std::uint8_t data_coding, const TextProfile& to) {
    const sms::Charset charset = charset_of(to.default_alphabet);
    Text written{.octets = {}, .data_coding = data_coding, .gsm7 = is_gsm7(to.default_alphabet),
                 .packed = is_packed(to.default_alphabet)};
    if (auto octets = sms::encode(charset, text)) {
        written.octets = std::move(*octets);
        return written;
    }
    switch (to.unmappable) {
        case Unmappable::refuse: return std::nullopt;
        case Unmappable::transliterate:
            written.octets = *sms::encode(charset, sms::transliterate(text, charset)); break;
        case Unmappable::ucs2:
            written = {.octets = *sms::encode(sms::Charset::ucs2, text), .data_coding = sms::in_ucs2(data_coding)};
            break;
    }
    return written;
}

/// TLVs without those that are written anew.
Octets other_tlvs(const smpp::TlvView& tlvs, bool without_sar, bool without_payload) {
    Octets kept;
    for (const smpp::Tlv tlv : tlvs) {
        if ((without_payload && tlv.tag == smpp::Tag::message_payload) || (without_sar && is_sar(tlv.tag))) continue;
        const ByteView whole(tlv.value.data() - smpp::tlv_header_size, tlv.value.size() + smpp::tlv_header_size);
        kept.insert(kept.end(), whole.begin(), whole.end());
    }
    return kept;
}

void add_tlv(Octets& to, smpp::Tag tag, ByteView value) {
    const std::size_t at = to.size();
    to.resize(at + smpp::tlv_header_size + value.size());
    smpp::TlvWriter(MutableBytes(to).subspan(at)).octets(tag, value);
}

void add_sar(Octets& to, const sms::Concatenation& part) {
    const std::uint8_t reference[] = {static_cast<std::uint8_t>(part.reference >> 8),
                                      static_cast<std::uint8_t>(part.reference)};
    add_tlv(to, smpp::Tag::sar_msg_ref_num, reference);
    add_tlv(to, smpp::Tag::sar_total_segments, ByteView(&part.total, 1));
    add_tlv(to, smpp::Tag::sar_segment_seqnum, ByteView(&part.part, 1));
}

/// How the new message says which part it is.
enum class Form : std::uint8_t { none, udh, sar };

/// Puts a message together again. False when it cannot be.
bool put_together(const UserData& data, const Text& text, Form form, const std::optional<sms::Concatenation>& part,
                  bool tlvs, Octets& out) {
    const auto header = sms::with_concatenation(data.header ? &*data.header : nullptr,
                                                form == Form::udh ? &*part : nullptr, text.gsm7);
    if (!header) return false;
    Octets user_data = *header;
    const Octets packed = text.packed ? sms::pack_septets(text.octets, sms::fill_bits(header->size())) : Octets();
    const Octets& octets = text.packed ? packed : text.octets;
    user_data.insert(user_data.end(), octets.begin(), octets.end());

    smpp::MessageBody pdu = data.pdu;
    pdu.data_coding = text.data_coding;
    pdu.esm_class = static_cast<std::uint8_t>(header->empty() ? pdu.esm_class & ~smpp::esm_class::udhi
                                                              : pdu.esm_class | smpp::esm_class::udhi);
    const bool as_payload = user_data.size() > max_short_message || (data.in_payload && tlvs);
    if (as_payload && (!tlvs || user_data.size() > 0xFFFF)) return false;
    Octets all = other_tlvs(data.pdu.tlvs, data.part.has_value(), as_payload || data.pdu.short_message.empty());
    if (form == Form::sar) add_sar(all, *part);
    pdu.short_message = {};
    if (as_payload) {
        add_tlv(all, smpp::Tag::message_payload, user_data);
    } else {
        pdu.short_message = user_data;
    }
    pdu.tlvs = smpp::TlvView(tlvs ? ByteView(all) : ByteView());
    out.resize(smpp::encoded_size(pdu));
    smpp::encode(pdu, out);
    return true;
}

/// Which form a part is to have for `to`, and with which reference.
Form form_for(const UserData& data, const TextProfile& to, bool tlvs, std::optional<sms::Concatenation>& part) {
    if (!part) return Form::none;
    const bool can_stay = !data.sar || tlvs;
    switch (to.segmentation) {
        case Segmentation::as_is: return data.sar && can_stay ? Form::sar : Form::udh;
        case Segmentation::sar: return tlvs ? Form::sar : Form::udh;
        case Segmentation::udh8: part->wide = false; break;
        case Segmentation::udh16: part->wide = part->wide || data.sar; break;
    }
    return Form::udh;
}

/// Splits text that is GSM 7 septets, UCS-2 or octets.
std::optional<std::vector<ByteView>> pieces(const UserData& data, const Text& text, sms::Coding coding, bool wide) {
    const auto alone = sms::with_concatenation(data.header ? &*data.header : nullptr, nullptr, text.gsm7);
    const sms::Concatenation any{0, 1, 1, wide};
    const auto beside = sms::with_concatenation(data.header ? &*data.header : nullptr, &any, text.gsm7);
    if (!alone || !beside) return std::nullopt;
    return sms::segment(coding, text.octets, {alone->size(), beside->size()});
}

sms::Coding coding_of(const UserData& data, const Text& text) {
    if (sms::alphabet_of(text.data_coding) == sms::Alphabet::ucs2) return sms::Coding::ucs2;
    if (text.gsm7 || data.alphabet == sms::Alphabet::ascii) return sms::Coding::gsm7;  // interop W4
    return sms::Coding::octets;
}

/// The text as parts have it, see `Split`. Nothing: refused, or unreadable.
std::optional<Text> for_parts(const UserData& data, const TextProfile& from, const TextProfile& to, bool& refused) {
    if (data.is_gsm7(from)) {
        Text text{.octets = septets_of(data, from), .data_coding = data.pdu.data_coding, .gsm7 = true};
        if (!are_septets(text.octets)) return std::nullopt;
        if (is_gsm7(to.default_alphabet) || data.alphabet == sms::Alphabet::gsm7) return text;
    } else if (data.alphabet == sms::Alphabet::ucs2) {
        // A byte-order mark (interop W10) would stand in the first part alone.
        return Text{.octets = *sms::encode(sms::Charset::ucs2, sms::decode(sms::Charset::ucs2, data.text)),
                    .data_coding = data.pdu.data_coding};
    } else if (data.alphabet != sms::Alphabet::peer_default) {
        return Text{.octets = {data.text.begin(), data.text.end()}, .data_coding = data.pdu.data_coding};
    }
    const auto text = read(data, from);
    if (!text) return std::nullopt;
    // What the peer's alphabet cannot hold is replaced, or refused, before the parts are made.
    const auto written = write(*text, data.pdu.data_coding, to);
    if (!written) {
        refused = true;
        return std::nullopt;
    }
    if (sms::alphabet_of(written->data_coding) == sms::Alphabet::ucs2) return written;
    const std::string held = sms::decode(charset_of(to.default_alphabet), written->octets);
    TextProfile parts = parts_profile;
    if (to.unmappable == Unmappable::transliterate) parts.unmappable = Unmappable::transliterate;
    return write(held, data.pdu.data_coding, parts);
}

/// Whether the message as it came fits in one short message.
bool fitted(const UserData& data, const TextProfile& from) {
    if (data.is_gsm7(from))
        return septets_of(data, from).size() <= sms::room_beside(sms::Coding::gsm7, data.header_size());
    const auto text = read(data, from);
    if (!text) return true;
    const auto gsm7 = sms::encode(sms::Charset::gsm7, *text);
    const std::size_t ucs2 = gsm7 ? 0 : sms::encode(sms::Charset::ucs2, *text).value_or(Octets()).size();
    return gsm7 ? gsm7->size() <= sms::room_beside(sms::Coding::gsm7, data.header_size())
                : ucs2 <= sms::room_beside(sms::Coding::ucs2, data.header_size());
}

}  // namespace

Conversion convert(ByteView body, const TextProfile& from, const TextProfile& to, bool tlvs, Octets& out) {
    const auto data = take_apart(body);
    if (!data) return Conversion::as_it_is;
    auto part = data->part;
    const Form form = form_for(*data, to, tlvs, part);
    const bool same_form = part == data->part && form == (!data->part ? Form::none : data->sar ? Form::sar : Form::udh);
    const bool repack = data->alphabet == sms::Alphabet::gsm7 &&
                        is_packed(from.default_alphabet) != is_packed(to.default_alphabet);
    const bool rewrite = data->alphabet == sms::Alphabet::peer_default && from.default_alphabet != to.default_alphabet;
    const bool out_of_payload = data->in_payload && !tlvs;
    if (same_form && !repack && !rewrite && !out_of_payload) return Conversion::as_it_is;

    Text text{.octets = {}, .data_coding = data->pdu.data_coding, .gsm7 = true};
    if (data->is_gsm7(from) && (data->alphabet == sms::Alphabet::gsm7 || is_gsm7(to.default_alphabet))) {
        text.octets = septets_of(*data, from);
        text.packed = is_packed(to.default_alphabet);
        if (text.packed && !are_septets(text.octets)) return Conversion::as_it_is;
    } else if (rewrite) {
        const auto utf8 = read(*data, from);
        if (!utf8) return Conversion::as_it_is;
        auto written = write(*utf8, data->pdu.data_coding, to);
        if (!written) return Conversion::refused;
        text = std::move(*written);
    } else {
        text.octets = {data->text.begin(), data->text.end()};
    }
    return put_together(*data, text, form, part, tlvs, out) ? Conversion::converted : Conversion::as_it_is;
}

Split split(ByteView body, const TextProfile& from, const TextProfile& to, std::uint16_t reference) {
    Split result;
    const auto data = take_apart(body);
    if (!data || data->part) return result;
    const bool wants_parts = to.segmentation != Segmentation::as_is;
    const bool other_alphabet = data->alphabet == sms::Alphabet::peer_default &&
                                from.default_alphabet != to.default_alphabet;
    if (!wants_parts && !other_alphabet) return result;
    const auto text = for_parts(*data, from, to, result.refused);
    if (!text) return result;
    const sms::Coding coding = coding_of(*data, *text);
    const bool wide = to.segmentation == Segmentation::udh16;
    const auto parts = pieces(*data, *text, coding, wide);
    if (!parts) {
        result.too_long = wants_parts;
        return result;
    }
    if (parts->size() == 1) return result;
    if (!wants_parts && (coding != sms::Coding::ucs2 || !fitted(*data, from))) return result;

    UserData one = *data;
    one.in_payload = false;
    sms::Concatenation part{reference, static_cast<std::uint8_t>(parts->size()), 0, wide};
    for (const ByteView piece : *parts) {
        ++part.part;
        const Text its{.octets = {piece.begin(), piece.end()}, .data_coding = text->data_coding, .gsm7 = text->gsm7};
        result.parts.emplace_back();
        if (!put_together(one, its, Form::udh, part, true, result.parts.back())) return Split{};
    }
    return result;
}

std::string text_in_utf8(const smpp::MessageBody& pdu, const TextProfile& from) {
    UserData data;
    data.pdu = pdu;
    data.text = smpp::message_text(pdu);
    data.alphabet = sms::alphabet_of(pdu.data_coding);
    if ((pdu.esm_class & smpp::esm_class::udhi) != 0) {
        data.header = sms::UserDataHeader::parse(data.text);
        if (!data.header) return {};
        data.text = data.text.subspan(data.header->size());
    }
    switch (data.alphabet) {
        case sms::Alphabet::other: break;
        case sms::Alphabet::ascii: return sms::decode(sms::Charset::ascii, data.text);
        case sms::Alphabet::latin1: return sms::decode(sms::Charset::latin1, data.text);
        case sms::Alphabet::ucs2: return sms::decode(sms::Charset::ucs2, data.text);
        case sms::Alphabet::gsm7:
        case sms::Alphabet::peer_default:
            return data.is_gsm7(from) ? sms::decode_gsm7(septets_of(data, from), data.language())
                                      : sms::decode(charset_of(from.default_alphabet), data.text);
    }
    return {};
}

std::optional<sms::Concatenation> part_of(const smpp::MessageBody& pdu) {
    if ((pdu.esm_class & smpp::esm_class::udhi) != 0) {
        const auto header = sms::UserDataHeader::parse(smpp::message_text(pdu));
        if (const auto part = header ? header->concatenation() : std::nullopt) return part;
    }
    return sar_part(pdu.tlvs);
}

std::string text_for_receipt(const smpp::MessageBody& pdu, const TextProfile& message, Alphabet receipt) {
    const std::string text = text_in_utf8(pdu, message);
    const sms::Charset charset = charset_of(receipt);
    const Octets shown = *sms::encode(charset, sms::transliterate(text, charset));
    std::size_t size = std::min(shown.size(), receipt_characters);
    // No half of a character at the end.
    if (charset == sms::Charset::utf8) while (size < shown.size() && (shown[size] & 0xC0) == 0x80) --size;
    if (charset == sms::Charset::gsm7 && size > 0 && size < shown.size() && shown[size - 1] == sms::gsm7_escape) --size;
    return std::string(as_text(ByteView(shown).first(size)));
}

std::optional<Octets> unpacked_receipt(const smpp::DeliverSm& pdu, const TextProfile& provider) {
    if (!is_packed(provider.default_alphabet)) return std::nullopt;
    const auto alphabet = sms::alphabet_of(pdu.data_coding);
    if (alphabet != sms::Alphabet::peer_default && alphabet != sms::Alphabet::gsm7) return std::nullopt;
    const ByteView text = smpp::message_text(pdu);
    // Some pack what subscribers write and nothing else.
    if (text.empty() || !smpp::parse_receipt_text(as_text(text)).stat.empty()) return std::nullopt;
    return sms::unpack_septets(text);
}

}  // namespace sluice::gateway
