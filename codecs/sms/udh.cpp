#include "codecs/sms/udh.hpp"

namespace sluice::sms {

std::optional<UserDataHeader> UserDataHeader::parse(ByteView user_data) {
    if (user_data.empty() || std::size_t{user_data[0]} + 1 > user_data.size()) return std::nullopt;
    const ByteView elements = user_data.subspan(1, user_data[0]);
    for (ByteView rest = elements; !rest.empty(); rest = rest.subspan(2 + rest[1]))
        if (rest.size() < 2 || rest.size() < std::size_t{2} + rest[1]) return std::nullopt;
    return UserDataHeader(elements);
}

std::optional<Concatenation> UserDataHeader::concatenation() const {
    std::optional<Concatenation> found;
    for_each([&](const Element& element) {
        const ByteView d = element.data;
        Concatenation c;
        if (element.id == ElementId::concatenation_8 && d.size() == 3) {
            c = {d[0], d[1], d[2], false};
        } else if (element.id == ElementId::concatenation_16 && d.size() == 4) {
            c = {load_be<std::uint16_t>(d.data()), d[2], d[3], true};
        }
        if (c.part >= 1 && c.part <= c.total) found = c;
    });
    return found;
}

std::array<std::uint8_t, concatenation_header_size> concatenation_header(const Concatenation& part) {
    return {5, static_cast<std::uint8_t>(ElementId::concatenation_8), 3, static_cast<std::uint8_t>(part.reference),
            part.total, part.part};
}

}  // namespace sluice::sms
