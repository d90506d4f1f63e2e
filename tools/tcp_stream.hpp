#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "engine/base/bytes.hpp"

namespace sluice::tools {

/// One direction of a captured TCP connection: segments in as they were captured, octets out in order. Repeated and
/// overlapping segments count once.
class TcpStream {
public:
    /// `sequence` is the segment's, of the SYN where `syn`. Without a SYN the stream begins at its first segment.
    void add(std::uint32_t sequence, bool syn, ByteView data);
    /// Gives up on what is missing before the earliest segment kept; false when none is kept.
    bool skip_gap();

    /// In order, not yet consumed.
    ByteView ready() const { return ByteView(ready_).subspan(consumed_); }
    void consume(std::size_t octets);
    /// Octets of segments kept because something before them is missing.
    std::size_t kept() const { return kept_; }

private:
    void take_in_order();

    bool started_ = false;
    std::uint64_t next_ = 0;  ///< the stream's sequence number, unwrapped
    std::map<std::uint64_t, std::vector<std::uint8_t>> later_;
    std::size_t kept_ = 0;
    std::vector<std::uint8_t> ready_;
    std::size_t consumed_ = 0;
};

}  // namespace sluice::tools
