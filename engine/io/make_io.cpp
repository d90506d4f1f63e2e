#include "engine/io/make_io.hpp"

#include "engine/io/epoll_io.hpp"
#include "engine/io/uring_io.hpp"

namespace sluice::io {

std::string_view to_string(Backend backend) {
    switch (backend) {
        case Backend::io_uring: return "io_uring";
        case Backend::epoll: return "epoll";
        case Backend::simulated: return "simulated";
    }
    return "unknown";
}

Result<std::unique_ptr<Io>> make_io(BackendChoice choice, std::string* fallback_reason) {
    if (choice == BackendChoice::epoll) return EpollIo::create();
    auto io = UringIo::create();
    if (io || choice == BackendChoice::io_uring) return io;
    if (fallback_reason) *fallback_reason = io.error().message;
    return EpollIo::create();
}

}  // namespace sluice::io
