#include "engine/tls/self_signed.hpp"

#include <arpa/inet.h>

#include <wolfssl/options.h>

#include <wolfssl/ssl.h>
#include <wolfssl/wolfcrypt/asn_public.h>
#include <wolfssl/wolfcrypt/ecc.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "engine/base/bytes.hpp"
#include "engine/tls/handles.hpp"
#include "engine/tls/library.hpp"

namespace sluice::tls {
namespace {

using Octets = std::vector<std::uint8_t>;

constexpr std::size_t max_name = 64;   // of a common name, RFC 5280 appendix A
constexpr std::size_t max_names = 50;
constexpr std::size_t max_der = 8192;

/// The library's generator and keys, freed at the end.
struct Generator {
    WC_RNG rng;
    int ready = wc_InitRng(&rng);
    ~Generator() {
        if (ready == 0) wc_FreeRng(&rng);
    }
};
struct Key {
    ecc_key key;
    int ready = wc_ecc_init(&key);
    ~Key() {
        if (ready == 0) wc_ecc_free(&key);
    }
};

void append_element(Octets& der, std::uint8_t tag, ByteView contents) {
    der.push_back(tag);
    if (contents.size() >= 0x100) der.push_back(0x82), der.push_back(static_cast<std::uint8_t>(contents.size() >> 8));
    else if (contents.size() >= 0x80) der.push_back(0x81);
    der.push_back(static_cast<std::uint8_t>(contents.size()));
    der.insert(der.end(), contents.begin(), contents.end());
}

/// GeneralNames of RFC 5280 section 4.2.1.6.
Octets alternative_names(const std::vector<std::string>& names) {
    constexpr std::uint8_t dns_name = 0x82, address = 0x87, sequence = 0x30;
    Octets each, all;
    for (const std::string& name : names) {
        std::uint8_t octets[16];
        if (::inet_pton(AF_INET, name.c_str(), octets) == 1) append_element(each, address, {octets, 4});
        else if (::inet_pton(AF_INET6, name.c_str(), octets) == 1) append_element(each, address, octets);
        else append_element(each, dns_name, as_bytes(name));
    }
    append_element(all, sequence, each);
    return all;
}

bool is_host_name(const std::string& name) {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::strchr("-._:*", c) != nullptr;
    };
    return !name.empty() && name.size() <= max_name && std::ranges::all_of(name, fits);
}

Result<std::string> pem_of(ByteView der, int type) {
    std::string pem(2 * der.size() + 200, '\0');
    const int size = wc_DerToPem(der.data(), static_cast<word32>(der.size()), reinterpret_cast<byte*>(pem.data()),
                                 static_cast<word32>(pem.size()), type);
    if (size <= 0) return fail("the certificate cannot be written as PEM");
    pem.resize(static_cast<std::size_t>(size));
    return pem;
}

}  // namespace

Result<SelfSigned> make_self_signed(const std::vector<std::string>& names, unsigned days) {
    start_library();
    if (names.empty() || names.size() > max_names) return fail("a certificate has 1 to 50 names");
    for (const std::string& name : names)
        if (!is_host_name(name)) return fail("'" + name + "' is neither a host name nor an address");

    Generator generator;
    Key key;
    const auto certificate = std::make_unique<Cert>();
    if (generator.ready != 0 || key.ready != 0 || wc_ecc_make_key(&generator.rng, 32, &key.key) != 0 ||
        wc_InitCert(certificate.get()) != 0)
        return fail("no key can be made");
    names.front().copy(certificate->subject.commonName, CTC_NAME_SIZE - 1);
    certificate->selfSigned = 1;
    certificate->isCA = 1;  // so that it can be given to others as their authority
    certificate->daysValid = static_cast<int>(days);
    certificate->sigType = CTC_SHA256wECDSA;
    const Octets alternatives = alternative_names(names);
    std::ranges::copy(alternatives, certificate->altNames);
    certificate->altNamesSz = static_cast<int>(alternatives.size());

    Octets der(max_der);
    if (wc_MakeCert(certificate.get(), der.data(), max_der, nullptr, &key.key, &generator.rng) < 0)
        return fail("no certificate can be made of these names");
    const int size = wc_SignCert(certificate->bodySz, certificate->sigType, der.data(), max_der, nullptr, &key.key,
                                 &generator.rng);
    if (size <= 0) return fail("the certificate cannot be signed");
    SelfSigned made;
    auto pem = pem_of(ByteView(der).first(static_cast<std::size_t>(size)), CERT_TYPE);
    if (!pem) return std::unexpected(pem.error());
    made.certificate_pem = std::move(*pem);

    const int key_size = wc_EccKeyToDer(&key.key, der.data(), max_der);
    if (key_size <= 0) return fail("the key cannot be written");
    pem = pem_of(ByteView(der).first(static_cast<std::size_t>(key_size)), ECC_PRIVATEKEY_TYPE);
    ::explicit_bzero(der.data(), der.size());
    if (!pem) return std::unexpected(pem.error());
    made.key_pem = std::move(*pem);
    return made;
}

}  // namespace sluice::tls
