// Any text in every coding, beside headers of any size: its parts make it up, fit, and take no character apart.

#include <vector>

#include "codecs/sms/segment.hpp"
#include "tests/smpp/require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sluice;
    using namespace sluice::sms;
    using smpp::test::require;
    if (size < 4) return 0;
    const std::size_t whole = data[0] % 150u;
    const HeaderSizes headers{whole, whole + data[1] % 30u};  // concatenation comes on top of the rest
    const Coding coding{static_cast<std::uint8_t>(data[2] % 3)};
    // Long texts out of short inputs.
    std::vector<std::uint8_t> text;
    for (unsigned i = 0; i <= data[3] % 64u; ++i) text.insert(text.end(), data + 4, data + size);
    const auto parts = segment(coding, text, headers);
    if (!parts) return 0;
    require(!parts->empty() && parts->size() <= 255, "1 to 255 parts");
    std::vector<std::uint8_t> joined;
    for (const ByteView part : *parts) {
        require(part.size() <= room_beside(coding, parts->size() == 1 ? headers.whole : headers.part), "a part fits");
        require(parts->size() == 1 || !part.empty(), "no part is empty");
        joined.insert(joined.end(), part.begin(), part.end());
        const bool last = part.data() + part.size() == text.data() + text.size();
        if (last || part.size() < 2) continue;
        if (coding == Coding::ucs2 && text.size() % 2 == 0) {
            const bool high = (part[part.size() - 2] & 0xFC) == 0xD8, low = (part.data()[part.size()] & 0xFC) == 0xDC;
            require(!(high && low), "a surrogate pair stays together");
        }
    }
    require(joined == text, "the parts make up the text");
    return 0;
}
