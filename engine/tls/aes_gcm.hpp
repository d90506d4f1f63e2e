#pragma once

#include <cstdint>

#include "engine/base/bytes.hpp"

/// AES-GCM by nettle. Not for use outside of engine/tls.
namespace sluice::tls {

/// One record's worth. Key of 16 or 32 octets; `out` has room for as much as `in`, and may be the same place.
struct AesGcmJob {
    ByteView key, nonce, additional, in;
    std::uint8_t* out;
};
bool aes_gcm_fits(const AesGcmJob& job, std::size_t tag_size);
void aes_gcm_encrypt(const AesGcmJob& job, MutableBytes tag);
/// False when the tag is wrong: then `out` is worth nothing.
bool aes_gcm_decrypt(const AesGcmJob& job, ByteView tag);

}  // namespace sluice::tls
