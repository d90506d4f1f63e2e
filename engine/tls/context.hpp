#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/tls/certificate.hpp"

struct WOLFSSL_CTX;

namespace sluice::tls {

enum class Version : std::uint8_t { tls12, tls13 };

/// Those with forward secrecy and authenticated encryption, in wolfSSL's names. AES first: it is done by the
/// processor's instructions.
inline constexpr std::string_view default_ciphers =
    "TLS13-AES128-GCM-SHA256:TLS13-AES256-GCM-SHA384:TLS13-CHACHA20-POLY1305-SHA256:"
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

enum class ClientCertificates : std::uint8_t { off, optional, required };

struct ServerOptions {
    /// At least one. A client that asks for a name gets the first that is for it; everybody else the first of all.
    std::vector<Identity> identities;
    Version least = Version::tls12;
    std::string ciphers;  ///< empty: default_ciphers
    ClientCertificates client_certificates = ClientCertificates::off;
    /// Who signs clients' certificates, in PEM. Empty: any certificate is taken, and proves no more than that the
    /// client has its key: good for accounts that name it by its digest.
    std::string client_authorities;
    friend bool operator==(const ServerOptions&, const ServerOptions&) = default;
};

struct ClientOptions {
    Version least = Version::tls12;
    std::string ciphers;
    bool verify = true;       ///< the server's certificate: who signed it, its dates and its names
    std::string authorities;  ///< in PEM; empty: those of the system
    /// Digests of certificates or of their keys. Where there are any, the server must show one of them, and this
    /// stands in for who signed it, dates and names.
    std::vector<Digest> pins;
    std::vector<Identity> identity;  ///< none or one: for servers that want a client certificate
    friend bool operator==(const ClientOptions&, const ClientOptions&) = default;
};

/// Everything that goes for many connections of one kind: certificates, trust, versions, ciphers, the keys of session
/// tickets. Immutable; shared by all threads. A reload makes a new one, and connections keep theirs.
class Context {
public:
    static Result<std::shared_ptr<const Context>> server(ServerOptions options);
    static Result<std::shared_ptr<const Context>> client(ClientOptions options);
    ~Context();
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    bool is_server() const { return server_; }
    /// Whether a certificate that the peer shows has been checked against authorities.
    bool verifies() const { return verifies_; }
    const std::vector<Digest>& pins() const { return pins_; }

private:
    friend class Stream;
    class Builder;
    struct Named;

    Context();
    /// The library's context for a client that asks for `name` (may be empty).
    WOLFSSL_CTX* choose(std::string_view name) const;

    bool server_ = false;
    bool verifies_ = false;
    std::vector<Digest> pins_;
    std::vector<Named> contexts_;
};

}  // namespace sluice::tls
