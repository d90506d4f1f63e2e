#include "tools/bench/secrets.hpp"

namespace sluice::bench {

Result<std::shared_ptr<const Secrets>> make_secrets() {
    auto secrets = std::make_shared<Secrets>();
    auto files = tls::make_self_signed({secret_name}, 1);
    if (!files) return std::unexpected(files.error());
    secrets->files = std::move(*files);
    auto facts = tls::facts_of_pem(secrets->files.certificate_pem);
    if (!facts) return std::unexpected(facts.error());
    auto providers = tls::Context::server(
        {.identities = {{secrets->files.certificate_pem, secrets->files.key_pem, std::move(*facts)}}});
    if (!providers) return std::unexpected(providers.error());
    secrets->providers = std::move(*providers);
    auto customers = tls::Context::client({.authorities = secrets->files.certificate_pem});
    if (!customers) return std::unexpected(customers.error());
    secrets->customers = std::move(*customers);
    return secrets;
}

}  // namespace sluice::bench
