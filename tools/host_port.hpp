#pragma once

#include <string_view>

#include "engine/base/result.hpp"
#include "engine/io/io.hpp"
#include "engine/routing/provider.hpp"

namespace sluice::tools {

/// "127.0.0.1:2775", "localhost:2775", "[::1]:2775"; without a port `default_port` is taken, unless that is 0.
Result<routing::HostPort> parse_host_port(std::string_view text, std::uint16_t default_port = 0);

/// The first address of what `parse_host_port` understands.
Result<io::Endpoint> resolve_endpoint(std::string_view text, std::uint16_t default_port = 0);

}  // namespace sluice::tools
