#include "engine/tls/stream.hpp"

#include <arpa/inet.h>

#include <algorithm>

#include "engine/tls/handles.hpp"

namespace sluice::tls {
namespace {

constexpr std::size_t record_header = 5;
// RFC 8446 section 5.2, RFC 5246 section 6.2.3: what encryption may add to 16 KiB of plaintext.
constexpr std::size_t max_record = 16 * 1024 + 2048;
constexpr std::size_t max_plaintext = 16 * 1024;

/// The server name in a ClientHello, in lower case; empty when there is none, or it spreads over several records.
std::string requested_name(ByteView hello) {
    unsigned char name[256];
    word32 size = sizeof name;
    if (wolfSSL_SNI_GetFromBuffer(hello.data(), static_cast<unsigned>(hello.size()), WOLFSSL_SNI_HOST_NAME, name,
                                  &size) != WOLFSSL_SUCCESS ||
        size > sizeof name)
        return {};
    std::string text(reinterpret_cast<const char*>(name), size);
    std::ranges::transform(text, text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
    return text;
}

/// An address as inet_ntop writes it; none for a name.
std::optional<std::string> plain_address(const std::string& name) {
    for (const int family : {AF_INET, AF_INET6}) {
        std::uint8_t address[16];
        char text[INET6_ADDRSTRLEN];
        if (::inet_pton(family, name.c_str(), address) == 1 && ::inet_ntop(family, address, text, sizeof text))
            return text;
    }
    return std::nullopt;
}

}  // namespace

Records whole_records(ByteView data) {
    Records records;
    while (data.size() - records.octets >= record_header) {
        const std::uint8_t* const header = data.data() + records.octets;
        const std::size_t length = load_be<std::uint16_t>(header + 3);
        const bool known = header[0] >= 20 && header[0] <= 23;  // change_cipher_spec to application_data
        if (!known || header[1] != 3 || length > max_record) {
            records.is_tls = false;
            break;
        }
        if (data.size() - records.octets < record_header + length) break;
        records.octets += record_header + length;
    }
    return records;
}

void Session::Free::operator()(WOLFSSL_SESSION* session) const { wolfSSL_SESSION_free(session); }
void Stream::Free::operator()(WOLFSSL* connection) const { wolfSSL_free(connection); }

Stream::Stream(std::shared_ptr<const Context> context, ByteView hello) : context_(std::move(context)) {
    begin(requested_name(hello));
}

Stream::Stream(std::shared_ptr<const Context> context, std::string server_name, Session* session)
    : context_(std::move(context)), server_name_(std::move(server_name)) {
    begin({});
    if (!connection_) return;
    // Names only, RFC 6066 section 3.
    if (!server_name_.empty() && !plain_address(server_name_))
        wolfSSL_UseSNI(connection_.get(), WOLFSSL_SNI_HOST_NAME, server_name_.data(),
                       static_cast<unsigned short>(server_name_.size()));
    if (session != nullptr && session->session_) wolfSSL_set_session(connection_.get(), session->session_.get());
}

Stream::~Stream() = default;

void Stream::begin(std::string_view name) {
    connection_.reset(wolfSSL_new(context_->choose(name)));
    if (!connection_) return;
    wolfSSL_SetIOReadCtx(connection_.get(), this);
    wolfSSL_SetIOWriteCtx(connection_.get(), this);
}

void Stream::set_callbacks(WOLFSSL_CTX* context) {
    wolfSSL_CTX_SetIORecv(context, on_receive);
    wolfSSL_CTX_SetIOSend(context, on_send);
}

int Stream::on_receive(WOLFSSL*, char* to, int size, void* self) {
    ByteView& input = static_cast<Stream*>(self)->input_;
    if (input.empty()) return WOLFSSL_CBIO_ERR_WANT_READ;
    const std::size_t taken = std::min(input.size(), static_cast<std::size_t>(size));
    std::memcpy(to, input.data(), taken);
    input = input.subspan(taken);
    return static_cast<int>(taken);
}

int Stream::on_send(WOLFSSL*, char* from, int size, void* self) {
    OutBuffer* const output = static_cast<Stream*>(self)->output_;
    if (output != nullptr)  // none while the connection is freed
        output->append({reinterpret_cast<const std::uint8_t*>(from), static_cast<std::size_t>(size)});
    return size;
}

Stream::Progress Stream::stopped(int result) {
    const int code = wolfSSL_get_error(connection_.get(), result);
    if (code == WOLFSSL_ERROR_WANT_READ) return Progress::wants_input;
    if (code == WOLFSSL_ERROR_ZERO_RETURN) return Progress::ended;
    WOLFSSL_ALERT_HISTORY alerts{};
    wolfSSL_get_alert_history(connection_.get(), &alerts);
    if (alerts.last_rx.level == alert_fatal && alerts.last_rx.code >= 0)
        error_ = {alert_base + alerts.last_rx.code, category()};
    else
        error_ = {code < 0 ? code : static_cast<int>(Fault::internal), category()};
    return Progress::failed;
}

Stream::Progress Stream::handshake(ByteView& input, OutBuffer& output) {
    if (!connection_) {
        error_ = Fault::internal;
        return Progress::failed;
    }
    input_ = input;
    output_ = &output;
    const int result = context_->is_server() ? wolfSSL_accept(connection_.get()) : wolfSSL_connect(connection_.get());
    input = input_;
    Progress progress = result == WOLFSSL_SUCCESS ? Progress::done : stopped(result);
    if (progress == Progress::ended) {
        error_ = Fault::truncated;
        progress = Progress::failed;
    }
    if (progress == Progress::done && !peer_is_right()) {
        close(output);
        progress = Progress::failed;
    }
    input_ = {};
    output_ = nullptr;
    return progress;
}

bool Stream::peer_is_right() {
    // A resumed session was begun under the same context and name, and passed then.
    if (context_->is_server() || wolfSSL_session_reused(connection_.get()) != 0) return true;
    const PeerFacts facts = peer();
    if (!context_->pins().empty()) {
        const bool pinned = facts.certificate && std::ranges::any_of(context_->pins(), [&](const Digest& pin) {
            return pin == facts.certificate->digest || pin == facts.certificate->key_digest;
        });
        if (!pinned) error_ = Fault::wrong_pin;
        return pinned;
    }
    if (!context_->verifies() || server_name_.empty()) return true;
    bool named = false;
    if (const auto address = plain_address(server_name_)) {
        named = facts.certificate && std::ranges::find(facts.certificate->addresses, *address) !=
                                         facts.certificate->addresses.end();
    } else {
        const X509Handle certificate(wolfSSL_get_peer_certificate(connection_.get()));
        named = certificate && wolfSSL_X509_check_host(certificate.get(), server_name_.c_str(), server_name_.size(), 0,
                                                       nullptr) == WOLFSSL_SUCCESS;
    }
    if (!named) error_ = Fault::wrong_name;
    return named;
}

Stream::Progress Stream::read(ByteView input, OutBuffer& plain, OutBuffer& output) {
    input_ = input;
    output_ = &output;
    Progress progress = Progress::done;
    while (progress == Progress::done) {
        const int got = wolfSSL_read(connection_.get(), plain.reserve(max_plaintext), max_plaintext);
        if (got > 0) plain.commit(static_cast<std::size_t>(got));
        else progress = stopped(got);
    }
    input_ = {};
    output_ = nullptr;
    return progress;
}

bool Stream::write(ByteView plain, OutBuffer& output) {
    output_ = &output;
    constexpr std::size_t most = 1 << 30;  // a call
    while (!plain.empty()) {
        const auto size = static_cast<int>(std::min(plain.size(), most));
        const int taken = wolfSSL_write(connection_.get(), plain.data(), size);
        if (taken <= 0) {
            stopped(taken);
            break;
        }
        plain = plain.subspan(static_cast<std::size_t>(taken));
    }
    output_ = nullptr;
    return plain.empty();
}

void Stream::close(OutBuffer& output) {
    output_ = &output;
    wolfSSL_shutdown(connection_.get());
    output_ = nullptr;
}

PeerFacts Stream::peer() const {
    PeerFacts facts;
    facts.version = wolfSSL_get_version(connection_.get());
    const auto suite = static_cast<unsigned>(wolfSSL_get_current_cipher_suite(connection_.get()));
    facts.cipher = wolfSSL_get_cipher_name_iana_from_suite(static_cast<unsigned char>(suite >> 8),
                                                           static_cast<unsigned char>(suite));
    facts.resumed = wolfSSL_session_reused(connection_.get()) != 0;
    const X509Handle certificate(wolfSSL_get_peer_certificate(connection_.get()));
    int size = 0;
    const unsigned char* der = certificate ? wolfSSL_X509_get_der(certificate.get(), &size) : nullptr;
    if (der == nullptr) return facts;
    if (auto read = facts_of_der({der, static_cast<std::size_t>(size)})) facts.certificate = std::move(*read);
    facts.verified = context_->verifies();
    return facts;
}

Session Stream::session() const {
    // The library, as a server, fails a handshake of TLS 1.2 with a ticket that it cannot read: so may others.
    if (wolfSSL_version(connection_.get()) != TLS1_3_VERSION) return {};
    WOLFSSL_SESSION* const session = wolfSSL_get1_session(connection_.get());
    if (session != nullptr && wolfSSL_SESSION_has_ticket(session) == 0) {
        wolfSSL_SESSION_free(session);
        return {};
    }
    return Session(session);
}

}  // namespace sluice::tls
