#include "codecs/sms/udh.hpp"

#include <rapidcheck.h>

#include "tests/sms/vectors.hpp"

namespace sluice::sms::test {
namespace {

std::optional<Concatenation> concatenation_of(std::string_view hex) {
    const Octets user_data = octets(hex);
    const auto header = UserDataHeader::parse(user_data);
    return header ? header->concatenation() : std::nullopt;
}

TEST(UserDataHeader, FindsConcatenationBehindOtherElements) {
    EXPECT_EQ(concatenation_of("0b05040b84c0020003f00301"), (Concatenation{0xF0, 3, 1, false}));
    EXPECT_EQ(concatenation_of("060804beef0301"), (Concatenation{0xBEEF, 3, 1, true}));
}

TEST(UserDataHeader, ImpossiblePartsAreNone) {
    for (const char* hex : {"050003010001", "050003010200", "050003010203", "0400020102", "0600040102030405"})
        EXPECT_EQ(concatenation_of(hex), std::nullopt) << hex;
}

TEST(UserDataHeader, TheLastOfTwoCounts) {
    EXPECT_EQ(concatenation_of("0a00030102010003070302"), (Concatenation{7, 3, 2, false}));
}

TEST(UserDataHeader, LengthsBeyondTheEndMakeItInvalid) {
    for (const char* hex : {"", "05", "0500030102", "0100", "0300030102", "05000401020304"})
        EXPECT_FALSE(UserDataHeader::parse(octets(hex))) << hex;
    EXPECT_EQ(UserDataHeader::parse(octets("00"))->size(), 1u);
    EXPECT_EQ(UserDataHeader::parse(octets("0500030a030141"))->size(), 6u) << "the text is not part of it";
}

TEST(UserDataHeader, NamesTheLanguage) {
    const Octets user_data = octets("0625010124010303");
    EXPECT_EQ(UserDataHeader::parse(user_data)->language(), (NationalLanguage{1, 3}));
}

TEST(UserDataHeader, ConcatenationIsPutInAndTakenOut) {
    const Octets ports = octets("0b05040b84c0020003f00301");
    const auto header = UserDataHeader::parse(ports);
    const Concatenation narrow{0x1234, 5, 2, false}, wide{0x1234, 5, 2, true};
    EXPECT_EQ(smpp::to_hex(*with_concatenation(&*header, nullptr)), "0605040b84c002");
    EXPECT_EQ(smpp::to_hex(*with_concatenation(&*header, &narrow)), "0b000334050205040b84c002");
    EXPECT_EQ(smpp::to_hex(*with_concatenation(&*header, &wide)), "0c08041234050205040b84c002");
    EXPECT_EQ(smpp::to_hex(*with_concatenation(nullptr, &wide)), "060804" "12340502");
    const Octets turkish = octets("0b2401012501010003070201");
    const auto national = UserDataHeader::parse(turkish);
    EXPECT_EQ(smpp::to_hex(*with_concatenation(&*national, nullptr)), "06240101250101");
    EXPECT_EQ(smpp::to_hex(*with_concatenation(&*national, &narrow, false)), "050003340502");
    const Octets alone = octets("050003070201");
    const auto only = UserDataHeader::parse(alone);
    EXPECT_TRUE(with_concatenation(&*only, nullptr)->empty()) << "nothing is left";
    Octets full(256, 0);
    full[0] = 255, full[1] = 0x70, full[2] = 253;
    const auto longest = UserDataHeader::parse(full);
    EXPECT_FALSE(with_concatenation(&*longest, &narrow)) << "it would be too long";
}

TEST(UserDataHeader, WhatIsWrittenIsRead) {
    EXPECT_TRUE(rc::check([](std::uint8_t reference, std::uint8_t a, std::uint8_t b) {
        const Concatenation part{reference, std::max<std::uint8_t>({a, b, 1}),
                                 std::max<std::uint8_t>(std::min(a, b), 1), false};
        const auto header = concatenation_header(part);
        const auto read = UserDataHeader::parse(header);
        RC_ASSERT(read && read->size() == header.size() && read->concatenation() == part);
    }));
}

TEST(UserDataHeader, AnyOctetsStayWithinTheirBounds) {
    EXPECT_TRUE(rc::check([](const Octets& any) {
        const auto header = UserDataHeader::parse(any);
        if (!header) return;
        RC_ASSERT(header->size() <= any.size());
        std::size_t size = 1;
        header->for_each([&](const Element& element) { size += 2 + element.data.size(); });
        RC_ASSERT(size == header->size());
    }));
}

TEST(Vectors, UserDataHeaders) {
    SLUICE_VECTORS_OR_SKIP(all, "udh.json");
    for (const auto& vector : all) {
        const Octets user_data = octets(vector.at("hex").get<std::string>());
        const auto header = UserDataHeader::parse(user_data);
        ASSERT_TRUE(header) << vector.dump();
        EXPECT_EQ(header->size(), user_data.size());
        std::size_t i = 0;
        header->for_each([&](const Element& element) {
            const auto& expected = vector.at("ies").at(i++);
            EXPECT_EQ(static_cast<unsigned long>(element.id),
                      std::stoul(expected.at("iei").get<std::string>(), nullptr, 16));
            EXPECT_EQ(smpp::to_hex(element.data), expected.at("hex").get<std::string>());
        });
        EXPECT_EQ(i, vector.at("ies").size());
        const auto part = header->concatenation();
        ASSERT_EQ(part.has_value(), vector.contains("concat")) << vector.dump();
        if (!part) continue;
        EXPECT_EQ(part->reference, vector["concat"]["ref"]);
        EXPECT_EQ(part->total, vector["concat"]["total"]);
        EXPECT_EQ(part->part, vector["concat"]["seq"]);
        EXPECT_EQ(part->wide, vector["concat"]["bits"] == 16);
    }
}

}  // namespace
}  // namespace sluice::sms::test
