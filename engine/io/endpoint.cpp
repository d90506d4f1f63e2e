#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "engine/io/io.hpp"

namespace sluice::io {

Result<Endpoint> Endpoint::parse(std::string_view text) {
    const auto refuse = [&](const char* why) {
        return fail(std::string(1, '"').append(text).append("\": ").append(why));
    };

    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return refuse("expected address:port, as 127.0.0.1:2775 or [::1]:2775");
    std::string_view host = text.substr(0, colon);
    const std::string_view port = text.substr(colon + 1);

    Endpoint endpoint;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
    if (error != std::errc{} || end != port.data() + port.size()) return refuse("the port must be 0 to 65535");

    if (host.empty()) host = "[::]";
    if (host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
        endpoint.ipv6 = true;
    } else if (host.find(':') != std::string_view::npos) {
        return refuse("an IPv6 address is written in brackets, as [::1]:2775");
    }
    if (inet_pton(endpoint.ipv6 ? AF_INET6 : AF_INET, std::string(host).c_str(), endpoint.address) != 1)
        return refuse(endpoint.ipv6 ? "not an IPv6 address" : "not an IPv4 address (names are not accepted here)");
    return endpoint;
}

std::string Endpoint::to_string() const {
    char host[INET6_ADDRSTRLEN];
    inet_ntop(ipv6 ? AF_INET6 : AF_INET, address, host, sizeof host);
    std::string text = host;
    if (ipv6) text.insert(0, 1, '[').push_back(']');
    return text.append(1, ':').append(std::to_string(port));
}

ByteView Endpoint::network() const {
    static constexpr std::uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    if (!ipv6) return {address, 4};
    return std::equal(std::begin(mapped), std::end(mapped), address) ? ByteView(address + 12, 4) : ByteView(address, 8);
}

bool Endpoint::is_loopback() const {
    if (!ipv6) return address[0] == 127;
    in6_addr in6;
    std::memcpy(&in6, address, sizeof in6);
    return IN6_IS_ADDR_LOOPBACK(&in6);
}

}  // namespace sluice::io
