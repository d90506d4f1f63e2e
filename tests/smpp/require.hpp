#pragma once

#include <cstdio>
#include <cstdlib>

namespace sluice::smpp::test {

/// For checks that unit tests and fuzzers share: aborts instead of reporting.
inline void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
}

}  // namespace sluice::smpp::test
