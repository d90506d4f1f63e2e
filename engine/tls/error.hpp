#pragma once

#include <system_error>

namespace sluice::tls {

/// What ends a TLS link that neither the library nor an alert of the peer names.
enum class Fault {
    truncated = 1,  ///< the connection ended without the peer's close_notify: octets may be missing
    timed_out,      ///< the handshake took too long
    not_tls,        ///< what the peer says is not TLS
    crowded,        ///< too many handshakes at once, and this one was the oldest
    wrong_name,     ///< the certificate is for another name
    wrong_pin,      ///< the certificate is not one of those that are pinned
    flooded,        ///< the peer made us answer and did not read the answers
    internal,       ///< out of memory
};

/// Errors of TLS links: a Fault; `alert_base` plus a TLS alert that the peer sent; or, negative, an error of wolfSSL.
const std::error_category& category();
inline constexpr int alert_base = 1000;

inline std::error_code make_error_code(Fault fault) { return {static_cast<int>(fault), category()}; }

}  // namespace sluice::tls

template <>
struct std::is_error_code_enum<sluice::tls::Fault> : std::true_type {};
