#include "engine/routing/cidr.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <vector>

namespace sluice::routing {
namespace {

std::vector<std::uint8_t> octets(const char* text) {
    std::vector<std::uint8_t> address(16);
    if (inet_pton(AF_INET, text, address.data()) == 1) address.resize(4);
    else EXPECT_EQ(inet_pton(AF_INET6, text, address.data()), 1) << text;
    return address;
}

bool holds(const char* range, const char* address) { return Cidr::parse(range)->contains(octets(address)); }

TEST(Cidr, Contains) {
    EXPECT_TRUE(holds("10.0.0.0/8", "10.255.1.2"));
    EXPECT_FALSE(holds("10.0.0.0/8", "11.0.0.1"));
    EXPECT_TRUE(holds("192.0.2.7", "192.0.2.7"));
    EXPECT_FALSE(holds("192.0.2.7", "192.0.2.6"));
    EXPECT_TRUE(holds("192.0.2.128/25", "192.0.2.200"));
    EXPECT_FALSE(holds("192.0.2.128/25", "192.0.2.100"));
    EXPECT_TRUE(holds("0.0.0.0/0", "203.0.113.9"));
    EXPECT_TRUE(holds("2001:db8::/33", "2001:db8:7fff::1"));
    EXPECT_FALSE(holds("2001:db8::/33", "2001:db8:8000::1"));
}

TEST(Cidr, MappedAddressesAreTheIpv4Address) {
    EXPECT_TRUE(holds("10.0.0.0/8", "::ffff:10.1.2.3"));
    EXPECT_FALSE(holds("10.0.0.0/8", "::ffff:11.1.2.3"));
    EXPECT_FALSE(holds("10.0.0.0/8", "2001:db8::1"));
    EXPECT_FALSE(holds("::/0", "10.1.2.3"));
}

TEST(Cidr, SaysWhatIsWrong) {
    for (const char* text : {"", "10.0.0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8x", "10.0.0.0/-1", "::/129", "host"})
        EXPECT_FALSE(Cidr::parse(text)) << text;
    EXPECT_EQ(Cidr::parse("10.1.0.0/8").error().message, "'10.1.0.0/8' has bits set beyond its prefix length");
}

TEST(Cidr, Loopback) {
    EXPECT_TRUE(Cidr::parse("127.0.0.1")->is_loopback());
    EXPECT_TRUE(Cidr::parse("127.0.0.0/8")->is_loopback());
    EXPECT_FALSE(Cidr::parse("126.0.0.0/7")->is_loopback());
    EXPECT_TRUE(Cidr::parse("::1")->is_loopback());
    EXPECT_FALSE(Cidr::parse("::/0")->is_loopback());
    EXPECT_EQ(Cidr::parse("2001:db8::/32")->to_string(), "2001:db8::/32");
}

}  // namespace
}  // namespace sluice::routing
