#include "engine/admin/settings_sections.hpp"

namespace sluice::admin {
namespace {

constexpr Choices<tls::Version, 2> versions{{{"1.2", tls::Version::tls12}, {"1.3", tls::Version::tls13}}};
constexpr Choices<tls::ClientCertificates, 3> client_certificates{{{"off", tls::ClientCertificates::off},
                                                                   {"optional", tls::ClientCertificates::optional},
                                                                   {"required", tls::ClientCertificates::required}}};
constexpr std::size_t max_names = 100;
constexpr std::size_t max_pins = 20;

/// The certificate and its key, which are two files.
bool read_identity(TableReader& reader, std::vector<tls::Identity>& identities) {
    std::filesystem::path certificate, key;
    const bool has_certificate = reader.path("certificate", certificate);
    const bool has_key = reader.path("key", key);
    const bool both = has_certificate && has_key;
    if (reader.describing()) return false;
    if (!both) {
        if (reader.has("certificate")) reader.require("key");
        if (reader.has("key")) reader.require("certificate");
        return false;
    }
    auto identity = tls::load_identity(certificate, key);
    if (!identity) {
        // The message begins with the file that is wrong; one file for both is read as the certificate first.
        const bool about_key = key != certificate && identity.error().message.starts_with('\'' + key.string() + '\'');
        reader.error(about_key ? "key" : "certificate", identity.error().message);
        return false;
    }
    if (const auto warning = tls::expiry_warning(identity->facts, SystemClock().wall()))
        reader.warning("certificate", *warning);
    identities.push_back(std::move(*identity));
    return true;
}

void read_ciphers(TableReader& reader, tls::Version& least, std::string& ciphers) {
    reader.choice("min_version", least, versions);
    reader.text("ciphers", ciphers, 1, 2000);
}

/// Certificates to trust; false when the key is absent or wrong.
bool read_authorities(TableReader& reader, std::string_view key, std::string& authorities) {
    std::filesystem::path file;
    if (!reader.path(key, file)) return false;
    auto read = tls::load_authorities(file);
    if (!read) reader.error(key, read.error().message);
    else authorities = std::move(*read);
    return read.has_value();
}

}  // namespace

void read_listener_tls(TableReader& reader, ListenerTls& settings) {
    tls::ServerOptions& options = settings.options;
    bool usable = read_identity(reader, options.identities);
    reader.require("certificate");
    reader.require("key");
    reader.tables("sni", [&](TableReader& table) {
        usable = read_identity(table, options.identities) && usable;
        table.require("certificate");
        table.require("key");
    });
    if (options.identities.size() > max_names)
        reader.error("sni", "has more than " + std::to_string(max_names - 1) + " entries");
    read_ciphers(reader, options.least, options.ciphers);
    reader.choice("client_certificates", options.client_certificates, client_certificates);
    const bool signed_by = read_authorities(reader, "client_ca_file", options.client_authorities);
    if (signed_by && options.client_certificates == tls::ClientCertificates::off)
        reader.error("client_ca_file", "means nothing with client_certificates = \"off\"");
    if (!usable) return;
    auto context = tls::Context::server(options);
    if (context) settings.context = std::move(*context);
    else reader.error(reader.has("ciphers") ? "ciphers" : "certificate", context.error().message);
}

void read_provider_tls(TableReader& reader, routing::ProviderTls& settings) {
    tls::ClientOptions& options = settings.options;
    reader.boolean("verify", options.verify);
    reader.text("server_name", settings.server_name, 1, 253);
    const bool own_authorities = read_authorities(reader, "ca_file", options.authorities);
    reader.texts("pins", [&](const std::string& text, const Value& item, const std::string& field) {
        const auto pin = tls::parse_digest(text);
        if (pin) options.pins.push_back(*pin);
        else reader.context().error(item.at, field, pin.error().message);
    });
    if (options.pins.size() > max_pins) reader.error("pins", "has more than " + std::to_string(max_pins) + " entries");
    read_identity(reader, options.identity);
    read_ciphers(reader, options.least, options.ciphers);
    if (reader.describing() || !reader.context().errors.empty()) return;
    if (!options.verify && options.pins.empty())
        reader.warning("verify", "is off: whoever answers at the provider's address is believed");
    auto context = tls::Context::client(options);
    if (context) settings.context = std::move(*context);
    else reader.error(reader.has("ciphers") ? "ciphers" : own_authorities ? "ca_file" : "verify",
                      context.error().message);
}

std::size_t read_account_certificates(TableReader& reader, std::vector<routing::CertificateMatch>& certificates) {
    std::size_t named = 0;
    constexpr std::string_view common_name = "CN=";
    reader.texts("certificates", [&](const std::string& text, const Value& item, const std::string& field) {
        ++named;
        if (text.starts_with(common_name) && text.size() > common_name.size()) {
            certificates.push_back({text.substr(common_name.size()), {}});
        } else if (const auto digest = tls::parse_digest(text)) {
            certificates.push_back({{}, *digest});
        } else {
            reader.context().error(item.at, field,
                                   "'" + text + "' is neither \"CN=\" and a name nor \"sha256:\" and 64 hex digits");
        }
    });
    if (reader.has("certificates") && certificates.size() > max_pins)
        reader.error("certificates", "has more than " + std::to_string(max_pins) + " entries");
    return named;
}

}  // namespace sluice::admin
