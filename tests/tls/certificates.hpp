#pragma once

#include <memory>
#include <string>

#include "engine/tls/context.hpp"

/// The certificates of tests/tls/certificates, by name.
namespace sluice::tls {

inline std::string certificate_path(const std::string& name) { return SLUICE_CERTIFICATES "/" + name; }
inline Identity identity(const std::string& name) {
    return load_identity(certificate_path(name + ".pem"), certificate_path(name + ".key")).value();
}
inline std::string authority(const std::string& name = "authority") {
    return load_authorities(certificate_path(name + ".pem")).value();
}

inline std::shared_ptr<const Context> server_context(ServerOptions options = {}) {
    if (options.identities.empty()) options.identities.push_back(identity("server"));
    return Context::server(std::move(options)).value();
}
/// Trusts the tests' authority.
inline std::shared_ptr<const Context> client_context(ClientOptions options = {}) {
    if (options.authorities.empty()) options.authorities = authority();
    return Context::client(std::move(options)).value();
}

}  // namespace sluice::tls
