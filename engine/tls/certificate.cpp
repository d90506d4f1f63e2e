#include "engine/tls/certificate.hpp"

#include <arpa/inet.h>

#include <wolfssl/options.h>

#include <wolfssl/ssl.h>
#include <wolfssl/openssl/x509v3.h>
#include <wolfssl/wolfcrypt/sha256.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <memory>
#include <optional>

#include "engine/tls/handles.hpp"
#include "engine/tls/library.hpp"
#include "engine/tls/stream.hpp"

namespace sluice::tls {
namespace {

constexpr std::size_t max_file = 1024 * 1024;

std::unexpected<Error> wrong(std::string_view what, std::string_view why) {
    std::string text("'");
    text += what;
    text += "' ";
    text += why;
    return fail(std::move(text));
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

Digest sha256(ByteView octets) {
    Digest digest;
    wc_Sha256Hash(octets.data(), static_cast<word32>(octets.size()), digest.data());
    return digest;
}

/// One element of DER: its tag, its contents, and the octets of both together; takes it from the front of `der`.
struct Element {
    std::uint8_t tag = 0;
    ByteView contents, whole;
};
std::optional<Element> take_element(ByteView& der) {
    if (der.size() < 2) return std::nullopt;
    std::size_t header = 2, length = der[1];
    if (length >= 0x80) {
        const std::size_t octets = length & 0x7F;
        if (octets == 0 || octets > 3 || der.size() < 2 + octets) return std::nullopt;
        length = 0;
        for (std::size_t i = 0; i < octets; ++i) length = length << 8 | der[2 + i];
        header += octets;
    }
    if (der.size() - header < length) return std::nullopt;
    const Element element{der[0], der.subspan(header, length), der.first(header + length)};
    der = der.subspan(header + length);
    return element;
}

/// The SubjectPublicKeyInfo of a certificate (RFC 5280 section 4.1): after the optional version come serial number,
/// signature algorithm, issuer, validity and subject.
std::optional<ByteView> public_key_info(ByteView certificate) {
    constexpr std::uint8_t explicit_version = 0xA0;
    const auto outer = take_element(certificate);
    if (!outer) return std::nullopt;
    ByteView inside = outer->contents;
    const auto to_be_signed = take_element(inside);
    if (!to_be_signed) return std::nullopt;
    ByteView fields = to_be_signed->contents;
    int before = 5;
    if (!fields.empty() && fields[0] == explicit_version) ++before;
    for (; before > 0; --before)
        if (!take_element(fields)) return std::nullopt;
    const auto info = take_element(fields);
    return info ? std::optional(info->whole) : std::nullopt;
}

WallTime time_of(const WOLFSSL_ASN1_TIME* time) {
    std::tm parts{};
    if (time == nullptr || wolfSSL_ASN1_TIME_to_tm(time, &parts) != WOLFSSL_SUCCESS) return {};
    return WallTime(seconds(::timegm(&parts)));
}

std::string lower_case(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
    return text;
}

/// The DNS names and addresses among the subject's alternative names.
void read_alternative_names(WOLFSSL_X509* certificate, CertificateFacts& facts) {
    auto* const names = static_cast<WOLFSSL_GENERAL_NAMES*>(
        wolfSSL_X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
    if (names == nullptr) return;
    for (int i = 0; i < wolfSSL_sk_GENERAL_NAME_num(names); ++i) {
        const WOLFSSL_GENERAL_NAME* const name = wolfSSL_sk_GENERAL_NAME_value(names, i);
        const bool is_name = name->type == GEN_DNS, is_address = name->type == GEN_IPADD;
        if (!is_name && !is_address) continue;
        WOLFSSL_ASN1_STRING* const value = is_name ? name->d.dNSName : name->d.iPAddress;
        const ByteView octets(wolfSSL_ASN1_STRING_data(value),
                              static_cast<std::size_t>(wolfSSL_ASN1_STRING_length(value)));
        char text[INET6_ADDRSTRLEN];
        if (is_name) facts.names.push_back(lower_case(std::string(as_text(octets))));
        else if ((octets.size() == 4 || octets.size() == 16) &&
                 ::inet_ntop(octets.size() == 4 ? AF_INET : AF_INET6, octets.data(), text, sizeof text) != nullptr)
            facts.addresses.emplace_back(text);
    }
    wolfSSL_sk_GENERAL_NAME_pop_free(names, nullptr);
}

Result<CertificateFacts> facts_of(WOLFSSL_X509* certificate) {
    int size = 0;
    const unsigned char* der = wolfSSL_X509_get_der(certificate, &size);
    if (der == nullptr) return fail("holds no certificate");
    const ByteView octets(der, static_cast<std::size_t>(size));
    CertificateFacts facts;
    if (const char* name = wolfSSL_X509_get_subjectCN(certificate)) facts.common_name = name;
    read_alternative_names(certificate, facts);
    if (facts.names.empty() && facts.addresses.empty() && !facts.common_name.empty())
        facts.names.push_back(lower_case(facts.common_name));
    facts.not_before = time_of(wolfSSL_X509_get_notBefore(certificate));
    facts.not_after = time_of(wolfSSL_X509_get_notAfter(certificate));
    facts.digest = sha256(octets);
    const auto key = public_key_info(octets);
    if (!key) return fail("holds a certificate without a public key");
    facts.key_digest = sha256(*key);
    return facts;
}

/// Whether the private key is that of the certificate. The library's own check does not tell one key of a curve from
/// another; a handshake does, as the client in it asks for a proof.
bool belong_together(const Identity& identity) {
    const auto server_context = Context::server({.identities = {identity}});
    const auto client_context = Context::client({.verify = false});
    if (!server_context || !client_context) return false;
    Stream client(*client_context, {}, nullptr);
    OutBuffer hello, answer;
    ByteView nothing;
    client.handshake(nothing, hello);
    Stream server(*server_context, hello.view());
    ByteView in = hello.view();
    server.handshake(in, answer);
    in = answer.view();
    return client.handshake(in, hello) == Stream::Progress::done;
}

Result<std::string> read_file(const std::filesystem::path& file) {
    std::error_code error;
    if (!std::filesystem::exists(file, error))
        return wrong(file.string(), error ? "cannot be reached" : "does not exist");
    // Anything else (a pipe, a device) could keep us waiting for ever.
    if (!std::filesystem::is_regular_file(file, error)) return wrong(file.string(), "is not a file");
    if (std::filesystem::file_size(file, error) > max_file) return wrong(file.string(), "is larger than 1 MiB");
    std::ifstream in(file, std::ios::binary);
    std::string text(std::istreambuf_iterator<char>(in), {});
    if (!in || text.empty()) return wrong(file.string(), "cannot be read, or is empty");
    return text;
}

}  // namespace

Result<Digest> parse_digest(std::string_view text) {
    constexpr std::string_view prefix = "sha256:";
    const auto no_digest = [&] { return wrong(text, "is not \"sha256:\" and 64 hex digits"); };
    if (!text.starts_with(prefix)) return no_digest();
    Digest digest{};
    std::size_t digits = 0;
    for (const char c : text.substr(prefix.size())) {
        if (c == ':') continue;
        const int value = hex_value(c);
        if (value < 0 || digits == 2 * digest.size()) return no_digest();
        auto& octet = digest[digits++ / 2];
        octet = static_cast<std::uint8_t>(octet << 4 | value);
    }
    if (digits != 2 * digest.size()) return no_digest();
    return digest;
}

std::string to_string(const Digest& digest) {
    std::string text = "sha256:";
    for (const std::uint8_t octet : digest) {
        text += "0123456789abcdef"[octet >> 4];
        text += "0123456789abcdef"[octet & 15];
    }
    return text;
}

std::optional<std::string> expiry_warning(const CertificateFacts& facts, WallTime now) {
    constexpr seconds ahead = std::chrono::hours(30 * 24);
    if (facts.not_after - now > ahead) return std::nullopt;
    const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(facts.not_after));
    char date[16];
    std::snprintf(date, sizeof date, "%04d-%02u-%02u", int(day.year()), unsigned(day.month()), unsigned(day.day()));
    const bool over = facts.not_after < now;
    return (over ? "has expired on " : "expires on ") + std::string(date) +
           (over ? ": peers will refuse it" : "; renew it");
}

Result<CertificateFacts> facts_of_pem(std::string_view pem) {
    start_library();
    const X509Handle certificate(wolfSSL_X509_load_certificate_buffer(
        reinterpret_cast<const unsigned char*>(pem.data()), static_cast<int>(pem.size()), WOLFSSL_FILETYPE_PEM));
    if (!certificate) return fail("holds no certificate in PEM (\"-----BEGIN CERTIFICATE-----\")");
    return facts_of(certificate.get());
}

Result<CertificateFacts> facts_of_der(ByteView der) {
    start_library();
    const X509Handle certificate(wolfSSL_X509_load_certificate_buffer(der.data(), static_cast<int>(der.size()),
                                                                      WOLFSSL_FILETYPE_ASN1));
    if (!certificate) return fail("holds no certificate");
    return facts_of(certificate.get());
}

Result<Identity> load_identity(const std::filesystem::path& certificate, const std::filesystem::path& key) {
    start_library();
    Identity identity;
    auto chain = read_file(certificate);
    if (!chain) return std::unexpected(chain.error());
    auto facts = facts_of_pem(*chain);
    if (!facts) return wrong(certificate.string(), facts.error().message);
    auto secret = read_file(key);
    if (!secret) return std::unexpected(secret.error());
    identity = {std::move(*chain), std::move(*secret), std::move(*facts)};

    const ContextHandle context(wolfSSL_CTX_new(wolfSSLv23_server_method()));
    if (!context) return fail("out of memory");
    const auto octets = [](const std::string& text) { return reinterpret_cast<const unsigned char*>(text.data()); };
    if (wolfSSL_CTX_use_certificate_chain_buffer(context.get(), octets(identity.chain_pem),
                                                 static_cast<long>(identity.chain_pem.size())) != WOLFSSL_SUCCESS)
        return wrong(certificate.string(), "holds a certificate that cannot be used");
    if (wolfSSL_CTX_use_PrivateKey_buffer(context.get(), octets(identity.key_pem),
                                          static_cast<long>(identity.key_pem.size()),
                                          WOLFSSL_FILETYPE_PEM) != WOLFSSL_SUCCESS)
        return wrong(key.string(), "holds no private key in PEM without a password");
    if (!belong_together(identity))
        return wrong(key.string(), "is not the key of the certificate in '" + certificate.string() + "'");
    return identity;
}

Result<std::string> load_authorities(const std::filesystem::path& file) {
    auto pem = read_file(file);
    if (!pem) return pem;
    if (auto facts = facts_of_pem(*pem); !facts) return wrong(file.string(), facts.error().message);
    return pem;
}

}  // namespace sluice::tls
