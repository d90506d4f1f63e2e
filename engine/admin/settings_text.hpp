#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/result.hpp"
#include "engine/base/time.hpp"
#include "engine/routing/provider.hpp"

/// How settings write quantities. Errors say what is allowed and leave out where it was.
namespace sluice::admin {

/// "250ms", "30s", "5m", "2h", "7d", or several in falling order ("1h30m"); "0" alone needs no unit.
Result<nanoseconds> parse_duration(std::string_view text);
/// In the largest units that are exact: "1h30m", "250ms", "0s".
std::string duration_text(nanoseconds duration);

/// Octets: "4096", "64KiB", "10MiB", "2GiB", "1TiB".
Result<std::uint64_t> parse_size(std::string_view text);
std::string size_text(std::uint64_t octets);

/// "HOST:PORT" with a name, an IPv4 address or an IPv6 address in brackets; port 0 to 65535.
Result<routing::HostPort> parse_host_port(std::string_view text);

/// " (did you mean 'x'?)" for the candidate that is a few typing errors away; empty if none is.
std::string did_you_mean(std::string_view text, std::span<const std::string_view> candidates);

}  // namespace sluice::admin
