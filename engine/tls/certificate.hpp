#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/bytes.hpp"
#include "engine/base/result.hpp"
#include "engine/base/time.hpp"

namespace sluice::tls {

/// SHA-256 of a whole certificate, or of its public key (SubjectPublicKeyInfo).
using Digest = std::array<std::uint8_t, 32>;

/// "sha256:" and 64 hex digits, colons between them allowed, as `openssl x509 -fingerprint -sha256` prints them.
Result<Digest> parse_digest(std::string_view text);
std::string to_string(const Digest& digest);

/// What one certificate says.
struct CertificateFacts {
    std::string common_name;         ///< of its subject; may be empty
    std::vector<std::string> names;  ///< DNS names that it is for, in lower case, wildcards as they are
    std::vector<std::string> addresses;  ///< likewise, as inet_ntop writes them
    WallTime not_before{}, not_after{};
    Digest digest{};
    Digest key_digest{};  ///< of its public key
    friend bool operator==(const CertificateFacts&, const CertificateFacts&) = default;
};

/// What to say about a certificate that ends within thirty days, or has; nothing about others.
std::optional<std::string> expiry_warning(const CertificateFacts& facts, WallTime now);

/// Of the first certificate in PEM text.
Result<CertificateFacts> facts_of_pem(std::string_view pem);
Result<CertificateFacts> facts_of_der(ByteView der);

/// A certificate, with those of the authorities between it and the root, and its private key.
struct Identity {
    std::string chain_pem;
    std::string key_pem;
    CertificateFacts facts;
    friend bool operator==(const Identity&, const Identity&) = default;
};

/// Reads both files, and checks that they belong together. The error names the file that is wrong.
Result<Identity> load_identity(const std::filesystem::path& certificate, const std::filesystem::path& key);

/// Certificates that are trusted, in PEM: at least one that can be read.
Result<std::string> load_authorities(const std::filesystem::path& file);

}  // namespace sluice::tls
