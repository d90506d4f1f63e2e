#pragma once

/// Not for use outside of engine/tls.
namespace sluice::tls {

/// Makes wolfSSL ready, once in a process; from any thread.
void start_library();

/// The crypto device (wolfSSL's word) that does AES-GCM; contexts are told to use it.
int aes_gcm_device();

}  // namespace sluice::tls
