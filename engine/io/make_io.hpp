#pragma once

#include <memory>
#include <string>

#include "engine/io/io.hpp"

namespace sluice::io {

enum class BackendChoice : std::uint8_t {
    automatic,  ///< io_uring where the kernel offers all that is needed, else epoll
    io_uring,
    epoll,
};

/// Makes an Io for one thread: `turn` is called on one thread only, though the Io may be made on another. What was
/// chosen is in `Io::backend()`; when `automatic` came down to epoll, `*fallback_reason` says why.
Result<std::unique_ptr<Io>> make_io(BackendChoice choice, std::string* fallback_reason = nullptr);

}  // namespace sluice::io
