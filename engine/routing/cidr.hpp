#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/bytes.hpp"
#include "engine/base/result.hpp"

namespace sluice::routing {

/// A range of addresses such as "10.0.0.0/8", "192.0.2.7" or "2001:db8::/32".
class Cidr {
public:
    /// Without "/n" it is one address. Bits below the prefix must be zero ("10.1.0.0/8" is a likely mistake).
    static Result<Cidr> parse(std::string_view text);

    /// `address` has 4 or 16 octets, network order; an IPv4-mapped IPv6 address counts as the IPv4 address.
    bool contains(ByteView address) const;
    /// Every address of the range is a loopback address.
    bool is_loopback() const;
    std::string to_string() const;

    friend bool operator==(const Cidr&, const Cidr&) = default;

private:
    std::array<std::uint8_t, 16> address_{};
    std::uint8_t bits_ = 0;
    bool ipv6_ = false;
};

}  // namespace sluice::routing
