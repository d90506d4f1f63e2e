#include "engine/tls/error.hpp"

#include <wolfssl/options.h>

#include <wolfssl/error-ssl.h>
#include <wolfssl/ssl.h>

#include <string>

namespace sluice::tls {
namespace {

std::string text_of(Fault fault) {
    switch (fault) {
        case Fault::truncated: return "the TLS connection was cut off";
        case Fault::timed_out: return "the TLS handshake took too long";
        case Fault::not_tls: return "the peer does not speak TLS";
        case Fault::crowded: return "too many TLS handshakes at once";
        case Fault::wrong_name: return "the peer's certificate is for another name";
        case Fault::wrong_pin: return "the peer's certificate is not one of those pinned";
        case Fault::flooded: return "the peer asked for TLS answers and did not read them";
        case Fault::internal: return "out of memory for TLS";
    }
    return "unknown";
}

class Category final : public std::error_category {
public:
    const char* name() const noexcept override { return "tls"; }
    std::string message(int code) const override {
        if (code >= alert_base) {
            std::string text = "the peer refused TLS: ";
            return text + wolfSSL_alert_desc_string_long(code - alert_base);
        }
        if (code >= 0) return text_of(Fault{code});
        // The most frequent ones deserve better words than the library's.
        switch (code) {
            case ASN_NO_SIGNER_E: return "the peer's certificate is not signed by a known authority";
            case ASN_SELF_SIGNED_E: return "the peer's certificate is self-signed, not signed by a known authority";
            case ASN_AFTER_DATE_E: return "the peer's certificate has expired";
            case ASN_BEFORE_DATE_E: return "the peer's certificate is not valid yet";
            case NO_PEER_CERT: return "the peer showed no certificate";
            case VERSION_ERROR: return "the peer wants a TLS version that is not allowed";
            case MATCH_SUITE_ERROR: return "no TLS cipher in common with the peer";
            default: break;
        }
        char text[WOLFSSL_MAX_ERROR_SZ] = {};
        wolfSSL_ERR_error_string_n(static_cast<unsigned long>(-code), text, sizeof text);
        return std::string("TLS: ") + text;
    }
};

}  // namespace

const std::error_category& category() {
    static const Category instance;
    return instance;
}

}  // namespace sluice::tls
