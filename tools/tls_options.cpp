#include "tools/tls_options.hpp"

namespace sluice::tools {
namespace {

const char* const group = "TLS";

}  // namespace

void TlsClientOptions::add_to(CLI::App& command) {
    CLI::Option* const on = command.add_flag("--tls", wanted, "Speak TLS")->group(group);
    command.add_option("--tls-ca", authorities, "Certificates to trust; without it, the system's")
        ->type_name("FILE")->needs(on)->group(group);
    command.add_option("--tls-name", server_name, "What the certificate must be for; without it, the host")
        ->type_name("NAME")->needs(on)->group(group);
    command.add_option("--tls-pin", pins, "Trust this certificate or key alone; may be repeated")
        ->type_name("sha256:HEX")->expected(1)->allow_extra_args(false)->take_all()->needs(on)->group(group);
    command.add_flag("--tls-insecure", insecure, "Believe whoever answers")->needs(on)->group(group);
    CLI::Option* const shown = command.add_option("--tls-certificate", certificate, "To show, if asked for one")
                                   ->type_name("FILE")->needs(on)->group(group);
    CLI::Option* const its_key =
        command.add_option("--tls-key", key, "Its private key")->type_name("FILE")->needs(shown)->group(group);
    shown->needs(its_key);
}

Result<std::shared_ptr<const tls::Context>> TlsClientOptions::context() const {
    if (!wanted) return nullptr;
    tls::ClientOptions options;
    options.verify = !insecure;
    for (const std::string& pin : pins) {
        const auto digest = tls::parse_digest(pin);
        if (!digest) return fail("--tls-pin: " + digest.error().message);
        options.pins.push_back(*digest);
    }
    if (!authorities.empty()) {
        auto trusted = tls::load_authorities(authorities);
        if (!trusted) return fail("--tls-ca: " + trusted.error().message);
        options.authorities = std::move(*trusted);
    }
    if (!certificate.empty()) {
        auto identity = tls::load_identity(certificate, key);
        if (!identity) return std::unexpected(identity.error());
        options.identity.push_back(std::move(*identity));
    }
    return tls::Context::client(std::move(options));
}

void TlsServerOptions::add_to(CLI::App& command) {
    CLI::Option* const shown =
        command.add_option("--tls-certificate", certificate, "Speak TLS, with this certificate")
            ->type_name("FILE")->group(group);
    CLI::Option* const its_key =
        command.add_option("--tls-key", key, "Its private key")->type_name("FILE")->needs(shown)->group(group);
    shown->needs(its_key);
    command.add_option("--tls-client-ca", client_authorities, "Ask for client certificates that these have signed")
        ->type_name("FILE")->needs(shown)->group(group);
}

Result<std::shared_ptr<const tls::Context>> TlsServerOptions::context() const {
    if (certificate.empty()) return nullptr;
    auto identity = tls::load_identity(certificate, key);
    if (!identity) return std::unexpected(identity.error());
    tls::ServerOptions options;
    options.identities.push_back(std::move(*identity));
    if (!client_authorities.empty()) {
        auto trusted = tls::load_authorities(client_authorities);
        if (!trusted) return fail("--tls-client-ca: " + trusted.error().message);
        options.client_authorities = std::move(*trusted);
        options.client_certificates = tls::ClientCertificates::required;
    }
    return tls::Context::server(std::move(options));
}

}  // namespace sluice::tools
