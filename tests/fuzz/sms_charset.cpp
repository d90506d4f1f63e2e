// Any octets in every character set: what is decoded is UTF-8, what encodes decodes to the same, and septets come back
// from being packed behind a header of any size.

#include "codecs/sms/charset.hpp"
#include "codecs/sms/data_coding.hpp"
#include "codecs/sms/septets.hpp"
#include "codecs/sms/transliterate.hpp"
#include "tests/smpp/require.hpp"

namespace {

using namespace sluice;
using namespace sluice::sms;
using smpp::test::require;

constexpr Charset all[] = {Charset::gsm7, Charset::latin1, Charset::ucs2, Charset::ascii, Charset::utf8};

void decode_any(ByteView octets) {
    for (const Charset charset : all) {
        const std::string text = decode(charset, octets);
        require(encode(Charset::utf8, text).has_value(), "what is decoded is UTF-8");
    }
}

void encode_any(std::string_view text) {
    for (const Charset charset : all) {
        const auto encoded = encode(charset, text);
        const bool marked =
            charset == Charset::ucs2 && encoded && encoded->size() >= 2 &&
            (((*encoded)[0] == 0xFE && (*encoded)[1] == 0xFF) || ((*encoded)[0] == 0xFF && (*encoded)[1] == 0xFE));
        if (encoded && !marked) require(decode(charset, *encoded) == text, "what encodes decodes to the same");
        if (charset != Charset::utf8 && charset != Charset::ucs2)
            require(encode(charset, transliterate(text, charset)).has_value(), "what is transliterated encodes");
    }
}

void pack_any(ByteView octets, std::uint8_t header) {
    std::vector<std::uint8_t> septets(octets.begin(), octets.end());
    for (std::uint8_t& septet : septets) septet &= 0x7F;
    const unsigned fill = fill_bits(header);
    require(fill < 7 && (header * 8u + fill) % 7 == 0, "fill bits lead to a septet's boundary");
    const auto unpacked = unpack_septets(pack_septets(septets, fill), fill);
    const bool padding = !septets.empty() && (septets.back() == 0 || septets.back() == 0x0D);
    require(unpacked == septets || (padding && unpacked.size() + 1 == septets.size()), "septets come back");
    unpack_septets(octets, fill);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const ByteView octets(data + 2, size - 2);
    decode_any(octets);
    encode_any(as_text(octets));
    pack_any(octets, data[0]);
    const std::string national = decode_gsm7(octets, {data[0], data[1]});
    require(encode(Charset::utf8, national).has_value(), "national tables hold characters");
    const Alphabet alphabet = alphabet_of(data[0]);
    if (alphabet != Alphabet::other) require(alphabet_of(in_ucs2(data[0])) == Alphabet::ucs2, "UCS-2 stays UCS-2");
    return 0;
}
