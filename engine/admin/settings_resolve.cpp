#include <arpa/inet.h>
#include <netdb.h>

#include <algorithm>
#include <cstring>

#include "engine/admin/settings.hpp"

namespace sluice::admin {
namespace {

io::Endpoint endpoint_of(const addrinfo& info, std::uint16_t port) {
    io::Endpoint endpoint;
    endpoint.port = port;
    endpoint.ipv6 = info.ai_family == AF_INET6;
    if (endpoint.ipv6) {
        sockaddr_in6 address;
        std::memcpy(&address, info.ai_addr, sizeof address);
        std::memcpy(endpoint.address, &address.sin6_addr, 16);
    } else {
        sockaddr_in address;
        std::memcpy(&address, info.ai_addr, sizeof address);
        std::memcpy(endpoint.address, &address.sin_addr, 4);
    }
    return endpoint;
}

}  // namespace

Result<std::vector<io::Endpoint>> resolve(const HostPort& name) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int error = getaddrinfo(name.host.c_str(), nullptr, &hints, &found); error != 0)
        return fail(name.to_string() + ": " + gai_strerror(error));
    std::vector<io::Endpoint> endpoints;
    for (const addrinfo* info = found; info != nullptr; info = info->ai_next) {
        if (info->ai_family != AF_INET && info->ai_family != AF_INET6) continue;
        const io::Endpoint endpoint = endpoint_of(*info, name.port);
        if (std::ranges::find(endpoints, endpoint) == endpoints.end()) endpoints.push_back(endpoint);
    }
    freeaddrinfo(found);
    if (endpoints.empty()) return fail(name.to_string() + ": the name has no address");
    return endpoints;
}

bool is_loopback(const HostPort& name) {
    if (name.host == "localhost") return true;
    in6_addr address{};
    if (inet_pton(AF_INET, name.host.c_str(), &address) == 1) return address.s6_addr[0] == 127;
    return inet_pton(AF_INET6, name.host.c_str(), &address) == 1 && IN6_IS_ADDR_LOOPBACK(&address);
}

}  // namespace sluice::admin
