#pragma once

#include <CLI/CLI.hpp>

#include <memory>
#include <string>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/tls/context.hpp"

/// TLS on the command line.
namespace sluice::tools {

/// Of a client.
struct TlsClientOptions {
    bool wanted = false, insecure = false;
    std::string authorities, server_name, certificate, key;
    std::vector<std::string> pins;

    void add_to(CLI::App& command);
    /// Null without TLS.
    Result<std::shared_ptr<const tls::Context>> context() const;
};

/// Of a server.
struct TlsServerOptions {
    std::string certificate, key, client_authorities;

    void add_to(CLI::App& command);
    /// Null without a certificate.
    Result<std::shared_ptr<const tls::Context>> context() const;
};

}  // namespace sluice::tools
