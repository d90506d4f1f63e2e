#include "codecs/sms/data_coding.hpp"

namespace sluice::sms {
namespace {

/// Bits 3 and 2 of the general groups (§4, coding groups 00xx and 01xx).
Alphabet general(std::uint8_t data_coding) {
    constexpr std::uint8_t compressed = 0x20;
    if ((data_coding & compressed) != 0) return Alphabet::other;
    switch (data_coding >> 2 & 3) {
        case 0: return Alphabet::gsm7;
        case 2: return Alphabet::ucs2;
        default: return Alphabet::other;
    }
}

}  // namespace

Alphabet alphabet_of(std::uint8_t data_coding) {
    if (data_coding < 0x10) {
        switch (data_coding) {
            case 0x00: return Alphabet::peer_default;
            case 0x01: return Alphabet::ascii;
            case 0x03: return Alphabet::latin1;
            case 0x08: return Alphabet::ucs2;
            default: return Alphabet::other;
        }
    }
    switch (data_coding >> 4) {
        case 0x8:
        case 0x9:
        case 0xA:
        case 0xB: return Alphabet::other;  // reserved: passed through
        case 0xC:
        case 0xD: return Alphabet::gsm7;
        case 0xE: return Alphabet::ucs2;
        case 0xF: return (data_coding & 0x04) != 0 ? Alphabet::other : Alphabet::gsm7;
        default: return general(data_coding);
    }
}

std::uint8_t in_ucs2(std::uint8_t data_coding) {
    constexpr std::uint8_t ucs2 = 0x08, with_class = 0x10;
    if (data_coding < 0x10) return ucs2;
    switch (data_coding >> 4) {
        case 0xC:
        case 0xD:
        case 0xE: return static_cast<std::uint8_t>(0xE0 | (data_coding & 0x0F));
        case 0xF: return static_cast<std::uint8_t>(with_class | ucs2 | (data_coding & 0x03));
        default: return static_cast<std::uint8_t>((data_coding & ~0x0C) | ucs2);
    }
}

}  // namespace sluice::sms
