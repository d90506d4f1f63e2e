#include "engine/io/make_io.hpp"

#include "engine/io/epoll_io.hpp"

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
    static_cast<void>(choice), static_cast<void>(fallback_reason);
    return EpollIo::create();
}

}  // namespace sluice::io
