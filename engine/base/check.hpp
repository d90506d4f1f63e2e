#pragma once

#include <cstdio>
#include <cstdlib>

namespace sluice {

[[noreturn]] inline void check_failed(const char* what, const char* file, int line) {
    std::fprintf(stderr, "sluice: internal check failed: %s (%s:%d)\n", what, file, line);
    std::abort();
}

}  // namespace sluice

/// An assertion about our own state that stays on in release builds. Never use it on bytes a peer sent: peers can
/// send anything, and one bad PDU must not end a bind, let alone the process.
#define SLUICE_CHECK(condition) \
    (static_cast<bool>(condition) ? void(0) : ::sluice::check_failed(#condition, __FILE__, __LINE__))
