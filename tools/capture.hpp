#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "engine/base/bytes.hpp"
#include "engine/base/result.hpp"
#include "engine/base/time.hpp"
#include "engine/io/io.hpp"

namespace sluice::tools {

/// A TCP segment of a capture; `data` is good until the call returns.
struct TcpSegment {
    WallTime at{};
    io::Endpoint from, to;
    std::uint32_t sequence = 0;
    bool syn = false;
    ByteView data;
};

/// Does a file that begins so hold a capture (pcap or pcapng)?
bool is_capture(ByteView beginning);

/// Reads a capture of Ethernet, Linux "cooked", loopback or raw IP packets and hands over its TCP segments that carry
/// data or begin a connection. Takes IPv4 and IPv6; fragments are passed over. Closes `file`.
Result<void> read_capture(std::FILE* file, const std::function<void(const TcpSegment&)>& segment);

}  // namespace sluice::tools
