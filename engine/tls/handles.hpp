#pragma once

#include <wolfssl/options.h>

#include <wolfssl/ssl.h>

#include <memory>

/// Owners of what wolfSSL hands out. Not for use outside of engine/tls.
namespace sluice::tls {

template <auto Free>
struct FreedBy {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};

using ContextHandle = std::unique_ptr<WOLFSSL_CTX, FreedBy<wolfSSL_CTX_free>>;
using ConnectionHandle = std::unique_ptr<WOLFSSL, FreedBy<wolfSSL_free>>;
using X509Handle = std::unique_ptr<WOLFSSL_X509, FreedBy<wolfSSL_X509_free>>;

}  // namespace sluice::tls
