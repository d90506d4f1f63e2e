#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sluice {

/// How many octets stand before the first zero octet at `at`; `limit` when there is none among so many.
/// Octets from there to `end` may be read, which is at or behind `at + limit`. The texts of PDUs are short:
/// to call memchr takes as long as to find their ends.
[[gnu::always_inline]] inline std::size_t text_size(const std::uint8_t* at, std::size_t limit,
                                                    const std::uint8_t* end) {
#if defined(__SSE2__)
    if (end - at >= 16) {
        const __m128i octets = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        const auto zeros = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(octets, _mm_setzero_si128())));
        if (zeros != 0) return std::min(limit, static_cast<std::size_t>(std::countr_zero(zeros)));
    }
#endif
    const void* const nul = limit > 0 ? std::memchr(at, 0, limit) : nullptr;
    return nul != nullptr ? static_cast<std::size_t>(static_cast<const std::uint8_t*>(nul) - at) : limit;
}

}  // namespace sluice
