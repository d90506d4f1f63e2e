#pragma once

#include <CLI/CLI.hpp>

#include "engine/app/client.hpp"
#include "tools/tls_options.hpp"

namespace sluice::tools {

/// Where a customer connects to and as whom, on the command line.
class CustomerOptions {
public:
    CustomerOptions() { client.bind.system_id = client.bind.password = "demo"; }

    void add_to(CLI::App& command);
    /// Fills in the rest of `client`: looks up the host and reads the certificates.
    Result<void> resolve();

    app::ClientOptions client;

    static constexpr const char* group = "Session";  ///< of their options, where others may join them

private:
    std::string host_ = "127.0.0.1:2775";
    TlsClientOptions tls_;
};

/// Unbinds all sessions and waits a moment for the answers.
void unbind_and_wait(app::Client& client);

}  // namespace sluice::tools
