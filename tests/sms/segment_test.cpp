#include "codecs/sms/segment.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace sluice::sms::test {
namespace {

using Octets = std::vector<std::uint8_t>;

std::vector<std::size_t> sizes(Coding coding, const Octets& text) {
    const auto parts = segment(coding, text).value();
    std::vector<std::size_t> result;
    for (const ByteView part : parts) result.push_back(part.size());
    return result;
}

TEST(Segment, OneMessageWhileItFits) {
    EXPECT_EQ(sizes(Coding::gsm7, Octets(160, 'a')), std::vector<std::size_t>{160});
    EXPECT_EQ(sizes(Coding::octets, Octets(140, 'a')), std::vector<std::size_t>{140});
    EXPECT_EQ(sizes(Coding::ucs2, Octets(140, 0)), std::vector<std::size_t>{140});
    EXPECT_EQ(sizes(Coding::gsm7, {}), std::vector<std::size_t>{0});
}

TEST(Segment, PartsLeaveRoomForTheHeader) {
    EXPECT_EQ(sizes(Coding::gsm7, Octets(161, 'a')), (std::vector<std::size_t>{153, 8}));
    EXPECT_EQ(sizes(Coding::octets, Octets(141, 'a')), (std::vector<std::size_t>{134, 7}));
    EXPECT_EQ(sizes(Coding::ucs2, Octets(142, 0)), (std::vector<std::size_t>{134, 8}));
}

TEST(Segment, OtherHeadersTakeRoomToo) {
    EXPECT_EQ(room_beside(Coding::gsm7, 0), 160u);
    EXPECT_EQ(room_beside(Coding::gsm7, 4), 155u) << "a national language";
    EXPECT_EQ(room_beside(Coding::gsm7, 7), 152u);
    EXPECT_EQ(room_beside(Coding::ucs2, 7), 132u) << "no half character";
    EXPECT_EQ(room_beside(Coding::octets, 200), 0u);
    const Octets text(160, 'a');
    EXPECT_EQ(segment(Coding::gsm7, text, {7, 12})->size(), 2u);
    EXPECT_EQ(segment(Coding::gsm7, text, {7, 12})->front().size(), 146u);
    EXPECT_FALSE(segment(Coding::gsm7, text, {137, 140}));
}

TEST(Segment, AnEscapeStaysWithItsCharacter) {
    Octets text(170, 'a');
    text[152] = gsm7_escape;
    text[153] = 0x65;
    EXPECT_EQ(sizes(Coding::gsm7, text), (std::vector<std::size_t>{152, 18}));
    text[151] = gsm7_escape;  // now 151 and 152 are a pair
    EXPECT_EQ(sizes(Coding::gsm7, text), (std::vector<std::size_t>{153, 17}));
}

TEST(Segment, ASurrogatePairStaysTogether) {
    Octets text(150, 0);
    text[132] = 0xD8, text[133] = 0x3C, text[134] = 0xDF, text[135] = 0x0D;
    EXPECT_EQ(sizes(Coding::ucs2, text), (std::vector<std::size_t>{132, 18}));
    text[134] = 0;  // a lone one has no other half to stay with
    EXPECT_EQ(sizes(Coding::ucs2, text), (std::vector<std::size_t>{134, 16}));
}

TEST(Segment, At255PartsItEnds) {
    EXPECT_EQ(segment(Coding::octets, Octets(255 * 134, 'a'))->size(), 255u);
    EXPECT_FALSE(segment(Coding::octets, Octets(255 * 134 + 1, 'a')));
}

TEST(Segment, PartsMakeUpTheWhole) {
    EXPECT_TRUE(rc::check([](const Octets& seed) {
        Octets text;
        for (int i = 0; i < 40; ++i) text.insert(text.end(), seed.begin(), seed.end());
        for (const Coding coding : {Coding::gsm7, Coding::octets, Coding::ucs2}) {
            const auto parts = segment(coding, text);
            if (!parts) continue;
            Octets joined;
            for (const ByteView part : *parts) {
                RC_ASSERT(parts->size() == 1 ||
                          (!part.empty() && part.size() <= (coding == Coding::gsm7 ? 153u : 134u)));
                joined.insert(joined.end(), part.begin(), part.end());
            }
            RC_ASSERT(joined == text);
        }
    }));
}

}  // namespace
}  // namespace sluice::sms::test
