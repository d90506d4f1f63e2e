#include "engine/routing/cidr.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace sluice::routing {
namespace {

constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

bool bits_equal(const std::uint8_t* a, const std::uint8_t* b, unsigned bits) {
    const unsigned whole = bits / 8;
    if (!std::equal(a, a + whole, b)) return false;
    const unsigned rest = bits % 8;
    return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

}  // namespace

Result<Cidr> Cidr::parse(std::string_view text) {
    const auto wrong = [&](const char* why) { return fail("'" + std::string(text) + "' " + why); };
    const std::size_t slash = text.find('/');
    const std::string host(text.substr(0, slash));
    Cidr cidr;
    if (inet_pton(AF_INET, host.c_str(), cidr.address_.data()) == 1) cidr.ipv6_ = false;
    else if (inet_pton(AF_INET6, host.c_str(), cidr.address_.data()) == 1) cidr.ipv6_ = true;
    else return wrong("is not an address range; write \"192.0.2.7\", \"10.0.0.0/8\" or \"2001:db8::/32\"");

    const unsigned width = cidr.ipv6_ ? 128 : 32;
    unsigned bits = width;
    if (slash != std::string_view::npos) {
        const std::string_view digits = text.substr(slash + 1);
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
        if (error != std::errc() || end != digits.data() + digits.size() || bits > width)
            return wrong(cidr.ipv6_ ? "has a prefix length that is not 0 to 128"
                                    : "has a prefix length that is not 0 to 32");
    }
    cidr.bits_ = static_cast<std::uint8_t>(bits);
    for (unsigned bit = bits; bit < width; ++bit)
        if (cidr.address_[bit / 8] & (0x80u >> (bit % 8))) return wrong("has bits set beyond its prefix length");
    return cidr;
}

bool Cidr::contains(ByteView address) const {
    if (address.size() == 16 && std::equal(mapped_prefix.begin(), mapped_prefix.end(), address.begin()) && !ipv6_)
        address = address.subspan(mapped_prefix.size());
    return address.size() == (ipv6_ ? 16u : 4u) && bits_equal(address.data(), address_.data(), bits_);
}

bool Cidr::is_loopback() const {
    if (!ipv6_) return bits_ >= 8 && address_[0] == 127;
    std::array<std::uint8_t, 16> loopback{};
    loopback.back() = 1;
    return bits_ == 128 && address_ == loopback;
}

std::string Cidr::to_string() const {
    char text[INET6_ADDRSTRLEN] = {};
    inet_ntop(ipv6_ ? AF_INET6 : AF_INET, address_.data(), text, sizeof text);
    return std::string(text) + "/" + std::to_string(bits_);
}

}  // namespace sluice::routing
