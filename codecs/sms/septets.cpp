#include "codecs/sms/septets.hpp"

namespace sluice::sms {

std::vector<std::uint8_t> pack_septets(ByteView septets, unsigned fill) {
    std::vector<std::uint8_t> octets((septets.size() * 7 + fill + 7) / 8);
    std::size_t bit = fill;
    for (const std::uint8_t septet : septets) {
        const unsigned shifted = static_cast<unsigned>(septet & 0x7F) << (bit % 8);
        octets[bit / 8] |= static_cast<std::uint8_t>(shifted);
        if (shifted > 0xFF) octets[bit / 8 + 1] |= static_cast<std::uint8_t>(shifted >> 8);
        bit += 7;
    }
    return octets;
}

std::vector<std::uint8_t> unpack_septets(ByteView octets, unsigned fill) {
    const std::size_t bits = octets.size() * 8;
    std::vector<std::uint8_t> septets;
    if (bits < fill) return septets;
    septets.reserve((bits - fill) / 7);
    std::size_t bit = fill;
    for (; bit + 7 <= bits; bit += 7) {
        unsigned pair = octets[bit / 8];
        if (bit / 8 + 1 < octets.size()) pair |= static_cast<unsigned>(octets[bit / 8 + 1]) << 8;
        septets.push_back(static_cast<std::uint8_t>(pair >> (bit % 8) & 0x7F));
    }
    constexpr std::uint8_t carriage_return = 0x0D;
    const bool ends_even = bit == bits;  // the last septet may be seven spare bits
    if (ends_even && !septets.empty() && (septets.back() == 0 || septets.back() == carriage_return)) septets.pop_back();
    return septets;
}

}  // namespace sluice::sms
