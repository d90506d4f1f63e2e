#include "tools/customer_options.hpp"

#include "tools/host_port.hpp"

namespace sluice::tools {

namespace {
constexpr std::uint16_t smpp_port = 2775;
}

void CustomerOptions::add_to(CLI::App& command) {
    command.add_option("--host", host_, "Where to connect to")->type_name("HOST[:PORT]")->capture_default_str()
        ->group(group);
    command.add_option("--system-id", client.bind.system_id)->capture_default_str()->group(group);
    command.add_option("--password", client.bind.password)->capture_default_str()->group(group);
    tls_.add_to(command);
}

Result<void> CustomerOptions::resolve() {
    const auto endpoint = resolve_endpoint(host_, smpp_port);
    if (!endpoint) return std::unexpected(endpoint.error());
    auto context = tls_.context();
    if (!context) return std::unexpected(context.error());
    client.endpoint = *endpoint;
    client.tls = std::move(*context);
    client.server_name = tls_.server_name.empty() ? parse_host_port(host_, smpp_port)->host : tls_.server_name;
    return {};
}

void unbind_and_wait(app::Client& client) {
    client.unbind();
    const MonoTime limit = client.now().mono + seconds(2);
    while (client.alive() > 0 && client.now().mono < limit) client.turn(milliseconds(100));
}

}  // namespace sluice::tools
