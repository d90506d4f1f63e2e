#include "tools/host_port.hpp"

#include <charconv>

#include "engine/admin/settings.hpp"

namespace sluice::tools {

Result<routing::HostPort> parse_host_port(std::string_view text, std::uint16_t default_port) {
    const auto wrong = [&] {
        return fail('"' + std::string(text) + "\" is not HOST:PORT, for instance 127.0.0.1:2775 or [::1]:2775");
    };
    routing::HostPort result{{}, default_port};
    std::string_view port;
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == text.npos) return wrong();
        result.host = text.substr(1, end - 1);
        port = text.substr(end + 1);
    } else {
        result.host = text.substr(0, text.find(':'));
        port = text.substr(result.host.size());
    }
    if (result.host.empty()) return wrong();
    if (port.empty()) return default_port != 0 ? Result<routing::HostPort>(result) : wrong();
    const auto parsed = std::from_chars(port.data() + 1, port.data() + port.size(), result.port);
    if (port[0] != ':' || parsed.ec != std::errc() || parsed.ptr != port.data() + port.size()) return wrong();
    return result;
}

Result<io::Endpoint> resolve_endpoint(std::string_view text, std::uint16_t default_port) {
    const auto name = parse_host_port(text, default_port);
    if (!name) return std::unexpected(name.error());
    const auto addresses = admin::resolve(*name);
    if (!addresses) return std::unexpected(addresses.error());
    return addresses->front();
}

}  // namespace sluice::tools
