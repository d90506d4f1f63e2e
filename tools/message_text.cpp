#include "tools/message_text.hpp"

#include "codecs/sms/segment.hpp"
#include "codecs/sms/udh.hpp"
#include "codecs/sms/utf8.hpp"
#include "codecs/smpp/hex.hpp"
#include "codecs/smpp/pdu.hpp"
#include "codecs/smpp/values.hpp"

namespace sluice::tools {
namespace {

struct Form {
    sms::Charset charset;
    sms::Coding coding;
    smpp::DataCoding data_coding;
    const char* name;
};
constexpr Form gsm7{sms::Charset::gsm7, sms::Coding::gsm7, smpp::DataCoding::mc_default, "GSM 7"};
constexpr Form latin1{sms::Charset::latin1, sms::Coding::octets, smpp::DataCoding::latin1, "Latin-1"};
constexpr Form ucs2{sms::Charset::ucs2, sms::Coding::ucs2, smpp::DataCoding::ucs2, "UCS-2"};

Result<MessageText> split(sms::Coding coding, smpp::DataCoding data_coding, ByteView octets) {
    const auto parts = sms::segment(coding, octets);
    if (!parts) return fail("the text is too long: it would take more than 255 messages");
    MessageText text{static_cast<std::uint8_t>(data_coding), {}};
    for (const ByteView part : *parts) text.parts.emplace_back(part.begin(), part.end());
    return text;
}

/// The first character that the set lacks.
std::string missing_character(std::string_view text, const Form& form) {
    while (!text.empty()) {
        const std::string_view before = text;
        sms::take_code_point(text);
        const std::string_view character = before.substr(0, before.size() - text.size());
        if (!sms::encode(form.charset, character)) {
            if (!sms::encode(sms::Charset::ucs2, character)) return "the text is not UTF-8";
            return std::string(form.name) + " has no \"" + std::string(character) + "\"";
        }
    }
    return {};
}

Result<MessageText> encode_as(const Form& form, std::string_view utf8) {
    const auto octets = sms::encode(form.charset, utf8);
    if (!octets) return fail(missing_character(utf8, form));
    return split(form.coding, form.data_coding, *octets);
}

}  // namespace

Result<TextCoding> parse_text_coding(std::string_view name) {
    if (name == "auto") return TextCoding::automatic;
    if (name == "gsm7") return TextCoding::gsm7;
    if (name == "latin1") return TextCoding::latin1;
    if (name == "ucs2") return TextCoding::ucs2;
    if (name == "binary") return TextCoding::binary;
    return fail('"' + std::string(name) + "\" is none of auto, gsm7, latin1, ucs2, binary");
}

Result<MessageText> encode_text(std::string_view utf8, TextCoding coding) {
    switch (coding) {
        case TextCoding::automatic: return encode_as(sms::encode(gsm7.charset, utf8) ? gsm7 : ucs2, utf8);
        case TextCoding::gsm7: return encode_as(gsm7, utf8);
        case TextCoding::latin1: return encode_as(latin1, utf8);
        case TextCoding::ucs2: return encode_as(ucs2, utf8);
        case TextCoding::binary: break;
    }
    const auto octets = smpp::parse_hex(utf8);
    if (!octets) return fail("binary wants hex digits, two an octet");
    return split(sms::Coding::octets, smpp::DataCoding::octets_too, *octets);
}

std::string readable_text(const smpp::DeliverSm& pdu) {
    ByteView text = smpp::message_text(pdu);
    if ((pdu.esm_class & smpp::esm_class::udhi) != 0)
        if (const auto header = sms::UserDataHeader::parse(text)) text = text.subspan(header->size());
    switch (static_cast<smpp::DataCoding>(pdu.data_coding)) {
        case smpp::DataCoding::ucs2: return sms::decode(sms::Charset::ucs2, text);
        case smpp::DataCoding::latin1: return sms::decode(sms::Charset::latin1, text);
        default: return sms::decode(sms::Charset::gsm7, text);
    }
}

}  // namespace sluice::tools
