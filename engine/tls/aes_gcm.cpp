#include "engine/tls/aes_gcm.hpp"

#include <nettle/gcm.h>
#include <nettle/memops.h>

// Apart from library.cpp, as the headers of nettle and wolfSSL define the same macros.
namespace sluice::tls {
namespace {

/// nettle's functions for one length of key.
struct Aes128 {
    gcm_aes128_ctx state;
    static constexpr auto set_key = gcm_aes128_set_key;
    static constexpr auto set_iv = gcm_aes128_set_iv;
    static constexpr auto update = gcm_aes128_update;
    static constexpr auto encrypt = gcm_aes128_encrypt;
    static constexpr auto decrypt = gcm_aes128_decrypt;
    static constexpr auto digest = gcm_aes128_digest;
};
struct Aes256 {
    gcm_aes256_ctx state;
    static constexpr auto set_key = gcm_aes256_set_key;
    static constexpr auto set_iv = gcm_aes256_set_iv;
    static constexpr auto update = gcm_aes256_update;
    static constexpr auto encrypt = gcm_aes256_encrypt;
    static constexpr auto decrypt = gcm_aes256_decrypt;
    static constexpr auto digest = gcm_aes256_digest;
};

template <class Cipher>
void run(const AesGcmJob& job, bool encrypt, MutableBytes tag) {
    Cipher cipher;
    Cipher::set_key(&cipher.state, job.key.data());
    Cipher::set_iv(&cipher.state, job.nonce.size(), job.nonce.data());
    if (!job.additional.empty()) Cipher::update(&cipher.state, job.additional.size(), job.additional.data());
    const auto apply = encrypt ? Cipher::encrypt : Cipher::decrypt;
    apply(&cipher.state, job.in.size(), job.out, job.in.data());
    Cipher::digest(&cipher.state, tag.size(), tag.data());
}

void run(const AesGcmJob& job, bool encrypt, MutableBytes tag) {
    if (job.key.size() == AES128_KEY_SIZE) run<Aes128>(job, encrypt, tag);
    else run<Aes256>(job, encrypt, tag);
}

}  // namespace

bool aes_gcm_fits(const AesGcmJob& job, std::size_t tag_size) {
    return (job.key.size() == AES128_KEY_SIZE || job.key.size() == AES256_KEY_SIZE) && !job.nonce.empty() &&
           tag_size <= GCM_DIGEST_SIZE;
}

void aes_gcm_encrypt(const AesGcmJob& job, MutableBytes tag) { run(job, true, tag); }

bool aes_gcm_decrypt(const AesGcmJob& job, ByteView tag) {
    std::uint8_t computed[GCM_DIGEST_SIZE];
    run(job, false, {computed, tag.size()});
    return memeql_sec(computed, tag.data(), tag.size()) != 0;
}

}  // namespace sluice::tls
