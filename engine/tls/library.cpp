#include "engine/tls/library.hpp"

#include <wolfssl/options.h>

#include <wolfssl/ssl.h>
#include <wolfssl/wolfcrypt/cryptocb.h>
#include <wolfssl/wolfcrypt/error-crypt.h>

#include "engine/base/check.hpp"
#include "engine/tls/aes_gcm.hpp"

namespace sluice::tls {
namespace {

constexpr int device = 0x51;  // any number that nobody else registers in this process

/// wolfSSL describes both directions alike, but for the constness of the tag.
template <class Job>
AesGcmJob job_of(const Job& job) {
    return {{reinterpret_cast<const std::uint8_t*>(job.aes->devKey), static_cast<std::size_t>(job.aes->keylen)},
            {job.iv, job.ivSz},
            {job.authIn, job.authInSz},
            {job.in, job.sz},
            job.out};
}

/// Debian builds wolfSSL without the processor's AES instructions; wolfSSL lets this do AES-GCM instead, and nettle
/// uses them where there are any. Everything else is left to wolfSSL.
int on_job(int, wc_CryptoInfo* info, void*) {
    if (info->algo_type != WC_ALGO_TYPE_CIPHER || info->cipher.type != WC_CIPHER_AES_GCM) return CRYPTOCB_UNAVAILABLE;
    if (info->cipher.enc != 0) {
        const auto& wanted = info->cipher.aesgcm_enc;
        const AesGcmJob job = job_of(wanted);
        if (!aes_gcm_fits(job, wanted.authTagSz)) return CRYPTOCB_UNAVAILABLE;
        aes_gcm_encrypt(job, {wanted.authTag, wanted.authTagSz});
        return 0;
    }
    const auto& wanted = info->cipher.aesgcm_dec;
    const AesGcmJob job = job_of(wanted);
    if (!aes_gcm_fits(job, wanted.authTagSz)) return CRYPTOCB_UNAVAILABLE;
    return aes_gcm_decrypt(job, {wanted.authTag, wanted.authTagSz}) ? 0 : AES_GCM_AUTH_E;
}

}  // namespace

void start_library() {
    static const bool started = wolfSSL_Init() == WOLFSSL_SUCCESS;
    SLUICE_CHECK(started);  // it fails for want of memory alone
}

int aes_gcm_device() {
    static const bool registered = wc_CryptoCb_RegisterDevice(device, on_job, nullptr) == 0;
    return registered ? device : INVALID_DEVID;
}

}  // namespace sluice::tls
