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

NationalLanguage UserDataHeader::language() const {
    NationalLanguage language;
    for_each([&](const Element& element) {
        if (element.data.size() != 1) return;
        if (element.id == ElementId::single_shift) language.single = element.data[0];
        if (element.id == ElementId::locking_shift) language.locking = element.data[0];
    });
    return language;
}

std::optional<std::vector<std::uint8_t>> with_concatenation(const UserDataHeader* header, const Concatenation* part,
                                                            bool keep_language) {
    std::vector<std::uint8_t> octets{0};
    if (part != nullptr && part->wide) {
        octets.insert(octets.end(), {static_cast<std::uint8_t>(ElementId::concatenation_16), 4,
                                     static_cast<std::uint8_t>(part->reference >> 8),
                                     static_cast<std::uint8_t>(part->reference), part->total, part->part});
    } else if (part != nullptr) {
        const auto alone = concatenation_header(*part);
        octets.insert(octets.end(), alone.begin() + 1, alone.end());
    }
    if (header != nullptr) {
        header->for_each([&](const Element& element) {
            if (element.id == ElementId::concatenation_8 || element.id == ElementId::concatenation_16) return;
            if (!keep_language && (element.id == ElementId::single_shift || element.id == ElementId::locking_shift))
                return;
            octets.push_back(static_cast<std::uint8_t>(element.id));
            octets.push_back(static_cast<std::uint8_t>(element.data.size()));
            octets.insert(octets.end(), element.data.begin(), element.data.end());
        });
    }
    if (octets.size() > 256) return std::nullopt;
    if (octets.size() == 1) return std::vector<std::uint8_t>();
    octets[0] = static_cast<std::uint8_t>(octets.size() - 1);
    return octets;
}

std::array<std::uint8_t, concatenation_header_size> concatenation_header(const Concatenation& part) {
    return {5, static_cast<std::uint8_t>(ElementId::concatenation_8), 3, static_cast<std::uint8_t>(part.reference),
            part.total, part.part};
}

}  // namespace sluice::sms
