// Any octets as a user data header: it lies within them, and with another concatenation element it reads as one.

#include "codecs/sms/udh.hpp"
#include "tests/smpp/require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sluice;
    using namespace sluice::sms;
    using smpp::test::require;
    const auto header = UserDataHeader::parse({data, size});
    if (!header) return 0;
    require(header->size() <= size, "a header lies within its octets");
    std::size_t elements = 1;
    header->for_each([&](const Element& element) { elements += 2 + element.data.size(); });
    require(elements == header->size(), "elements fill it");
    if (const auto part = header->concatenation())
        require(part->part >= 1 && part->part <= part->total, "a part is one of its parts");
    header->language();

    for (const bool wide : {false, true}) {
        const Concatenation part{static_cast<std::uint16_t>(wide ? 0x1234 : 0x34), 3, 2, wide};
        const auto with = with_concatenation(&*header, &part);
        if (!with) continue;
        const auto read = UserDataHeader::parse(*with);
        require(read && read->size() == with->size() && read->concatenation() == part, "what is put in is read");
        const auto without = with_concatenation(&*read, nullptr);
        require(without.has_value(), "what is shorter fits");
        if (!without->empty())
            require(!UserDataHeader::parse(*without)->concatenation(), "what is taken out is gone");
    }
    return 0;
}
