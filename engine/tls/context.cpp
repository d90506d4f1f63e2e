#include "engine/tls/context.hpp"

#include <algorithm>

#include "engine/base/check.hpp"
#include "engine/tls/handles.hpp"
#include "engine/tls/library.hpp"
#include "engine/tls/stream.hpp"

namespace sluice::tls {
namespace {

/// How long a session may be resumed, in seconds. The library changes the keys of tickets about every hour.
constexpr unsigned resumable = 1800;

const unsigned char* octets(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
long size(std::string_view text) { return static_cast<long>(text.size()); }

int take_any_certificate(int, WOLFSSL_X509_STORE_CTX*) { return 1; }

/// Whether all ciphers of the list are of TLS 1.3.
bool only13(std::string_view list) {
    while (list.starts_with("TLS13-")) {
        const auto end = list.find(':');
        if (end == list.npos) return true;
        list.remove_prefix(end + 1);
    }
    return false;
}

/// Each certificate of `pem` in turn, as the library's bulk loader gives up at the first that it does not like.
template <class Each>
void for_each_certificate(std::string_view pem, Each&& each) {
    constexpr std::string_view begin = "-----BEGIN", end = "-----END";
    for (auto at = pem.find(begin); at != pem.npos; at = pem.find(begin, at)) {
        auto until = pem.find(end, at);
        if (until == pem.npos) return;
        until = std::min(pem.find('\n', until), pem.size());
        each(pem.substr(at, until - at));
        at = until;
    }
}

}  // namespace

struct Context::Named {
    std::vector<std::string> names;
    ContextHandle handle;

    bool is_for(std::string_view name) const {
        const auto dot = std::min(name.find('.'), name.size());
        return std::ranges::any_of(names, [&](const std::string& own) {
            return own == name || (own.starts_with("*.") && std::string_view(own).substr(1) == name.substr(dot));
        });
    }
};

class Context::Builder {
public:
    static Result<ContextHandle> make(bool server, Version least, const std::string& ciphers) {
        start_library();
        ContextHandle handle(wolfSSL_CTX_new(server ? wolfSSLv23_server_method() : wolfSSLv23_client_method()));
        if (!handle) return fail("TLS: out of memory");
        WOLFSSL_CTX* const context = handle.get();
        const std::string list = ciphers.empty() ? std::string(default_ciphers) : ciphers;
        if (wolfSSL_CTX_set_cipher_list(context, list.c_str()) != WOLFSSL_SUCCESS)
            return fail("'" + list + "' names no cipher that there is");
        // A version without ciphers is not offered.
        const bool only12 = list.find("TLS13-") == list.npos;
        if (only12 && least == Version::tls13) return fail("'" + list + "' names no cipher of TLS 1.3");
        wolfSSL_CTX_set_min_proto_version(context, least == Version::tls13 || only13(list) ? TLS1_3_VERSION
                                                                                           : TLS1_2_VERSION);
        wolfSSL_CTX_set_max_proto_version(context, only12 ? TLS1_2_VERSION : TLS1_3_VERSION);
        int groups[] = {WOLFSSL_ECC_X25519, WOLFSSL_ECC_SECP256R1, WOLFSSL_ECC_SECP384R1};
        wolfSSL_CTX_set_groups(context, groups, std::size(groups));
        wolfSSL_CTX_SetDevId(context, aes_gcm_device());
        Stream::set_callbacks(context);
        wolfSSL_CTX_set_mode(context, WOLFSSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        // The library's cache of sessions is one for the whole process, behind locks: tickets do without it.
        wolfSSL_CTX_set_session_cache_mode(context, WOLFSSL_SESS_CACHE_OFF);
        wolfSSL_CTX_set_session_cache_mode(context, WOLFSSL_SESS_CACHE_NO_INTERNAL);
        wolfSSL_CTX_set_timeout(context, resumable);
        return handle;
    }

    static Result<void> use(WOLFSSL_CTX* context, const Identity& identity) {
        if (wolfSSL_CTX_use_certificate_chain_buffer(context, octets(identity.chain_pem), size(identity.chain_pem)) ==
                WOLFSSL_SUCCESS &&
            wolfSSL_CTX_use_PrivateKey_buffer(context, octets(identity.key_pem), size(identity.key_pem),
                                              WOLFSSL_FILETYPE_PEM) == WOLFSSL_SUCCESS)
            return {};
        return fail("the certificate of '" + identity.facts.common_name + "' cannot be used with its key");
    }

    static Result<void> trust(WOLFSSL_CTX* context, std::string_view authorities) {
        std::size_t trusted = 0;
        for_each_certificate(authorities, [&](std::string_view one) {
            bool taken = wolfSSL_CTX_load_verify_buffer(context, octets(one), size(one), WOLFSSL_FILETYPE_PEM) ==
                         WOLFSSL_SUCCESS;
            // One that may not sign others is trusted for itself.
            if (!taken)
                taken = wolfSSL_CTX_trust_peer_buffer(context, octets(one), size(one), WOLFSSL_FILETYPE_PEM) ==
                        WOLFSSL_SUCCESS;
            trusted += taken;
        });
        if (trusted == 0) return fail("none of the certificates to trust can be used");
        return {};
    }

    static void ask_for_certificate(WOLFSSL_CTX* context, const ServerOptions& options) {
        if (options.client_certificates == ClientCertificates::off) {
            wolfSSL_CTX_set_verify(context, WOLFSSL_VERIFY_NONE, nullptr);
            return;
        }
        int mode = WOLFSSL_VERIFY_PEER;
        if (options.client_certificates == ClientCertificates::required) mode |= WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT;
        wolfSSL_CTX_set_verify(context, mode, options.client_authorities.empty() ? take_any_certificate : nullptr);
        // A resumed session carries no certificate, so that who it is could no longer be told.
        wolfSSL_CTX_no_ticket_TLSv13(context);
    }
};

Context::Context() = default;
Context::~Context() = default;

Result<std::shared_ptr<const Context>> Context::server(ServerOptions options) {
    SLUICE_CHECK(!options.identities.empty());
    std::shared_ptr<Context> context(new Context);
    context->server_ = true;
    context->verifies_ = !options.client_authorities.empty();
    for (const Identity& identity : options.identities) {
        auto handle = Builder::make(true, options.least, options.ciphers);
        if (!handle) return std::unexpected(handle.error());
        if (auto used = Builder::use(handle->get(), identity); !used) return std::unexpected(used.error());
        if (context->verifies_)
            if (auto fine = Builder::trust(handle->get(), options.client_authorities); !fine)
                return std::unexpected(fine.error());
        Builder::ask_for_certificate(handle->get(), options);
        // With a ticket of TLS 1.2 from before a restart the library fails the handshake instead of doing it in full.
        wolfSSL_CTX_NoTicketTLSv12(handle->get());
        context->contexts_.push_back({identity.facts.names, std::move(*handle)});
    }
    return context;
}

Result<std::shared_ptr<const Context>> Context::client(ClientOptions options) {
    std::shared_ptr<Context> context(new Context);
    auto handle = Builder::make(false, options.least, options.ciphers);
    if (!handle) return std::unexpected(handle.error());
    WOLFSSL_CTX* const library = handle->get();
    context->pins_ = std::move(options.pins);
    context->verifies_ = options.verify && context->pins_.empty();
    if (context->verifies_) {
        if (options.authorities.empty()) {
            if (wolfSSL_CTX_load_system_CA_certs(library) != WOLFSSL_SUCCESS)
                return fail("the system has no certificates of authorities (package ca-certificates)");
        } else if (auto fine = Builder::trust(library, options.authorities); !fine) {
            return std::unexpected(fine.error());
        }
    }
    wolfSSL_CTX_set_verify(library, context->verifies_ ? WOLFSSL_VERIFY_PEER : WOLFSSL_VERIFY_NONE, nullptr);
    for (const Identity& identity : options.identity)
        if (auto used = Builder::use(library, identity); !used) return std::unexpected(used.error());
    wolfSSL_CTX_UseSessionTicket(library);
    context->contexts_.push_back({{}, std::move(*handle)});
    return context;
}

WOLFSSL_CTX* Context::choose(std::string_view name) const {
    if (!name.empty())
        for (const Named& named : contexts_)
            if (named.is_for(name)) return named.handle.get();
    return contexts_.front().handle.get();
}

}  // namespace sluice::tls
