#pragma once

#include <memory>
#include <optional>
#include <string>
#include <system_error>

#include "engine/base/bytes.hpp"
#include "engine/base/out_buffer.hpp"
#include "engine/tls/context.hpp"
#include "engine/tls/error.hpp"

struct WOLFSSL;
struct WOLFSSL_SESSION;

namespace sluice::tls {

/// What a handshake has come to.
struct PeerFacts {
    const char* version = "";  ///< "TLSv1.3"
    const char* cipher = "";   ///< "TLS_AES_128_GCM_SHA256"
    bool resumed = false;      ///< without a certificate, which was shown when the session began
    bool verified = false;     ///< the certificate was checked against authorities
    std::optional<CertificateFacts> certificate;
};

/// What a client may keep, to begin its next connection to the same server more cheaply.
class Session {
public:
    Session() = default;
    explicit Session(WOLFSSL_SESSION* session) : session_(session) {}

private:
    friend class Stream;
    struct Free {
        void operator()(WOLFSSL_SESSION* session) const;
    };
    std::unique_ptr<WOLFSSL_SESSION, Free> session_;
};

/// The octets of TLS records at the front of `data` that are whole.
struct Records {
    std::size_t octets = 0;
    bool is_tls = true;  ///< false: what follows them cannot be a record
};
Records whole_records(ByteView data);

/// One end of one TLS connection, without any I/O: records go in and out through the caller's buffers. For one thread.
class Stream {
public:
    enum class Progress : std::uint8_t {
        done,
        wants_input,
        ended,   ///< the peer has said, by its close_notify, that no more will come
        failed,  ///< see error(); what tells the peer is in the output
    };

    /// A server's. `hello`: the first records of the client, where the name is read that it asks for.
    Stream(std::shared_ptr<const Context> context, ByteView hello);
    /// A client's. `server_name`: what the certificate must be for, a DNS name or an address; empty: anything.
    /// `session`, may be null: of an earlier connection under the same context and name.
    Stream(std::shared_ptr<const Context> context, std::string server_name, Session* session);
    ~Stream();
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    /// Goes as far as `input` allows, and takes what it used from its front. Costs 0.3 to 3 ms of CPU in all.
    Progress handshake(ByteView& input, OutBuffer& output);
    /// After the handshake: all of `input` goes in, and what the peer has said comes to the end of `plain`. `output`
    /// gets what the protocol itself has to answer.
    Progress read(ByteView input, OutBuffer& plain, OutBuffer& output);
    /// In as few records as it fits. False when it failed.
    bool write(ByteView plain, OutBuffer& output);
    /// Says close_notify.
    void close(OutBuffer& output);

    std::error_code error() const { return error_; }
    /// After the handshake.
    PeerFacts peer() const;
    /// A client's, after the handshake; empty when the server has given none, and with TLS 1.2.
    Session session() const;

private:
    friend class Context;
    static void set_callbacks(WOLFSSL_CTX* context);
    static int on_receive(WOLFSSL* connection, char* to, int size, void* self);
    static int on_send(WOLFSSL* connection, char* from, int size, void* self);

    struct Free {
        void operator()(WOLFSSL* connection) const;
    };

    void begin(std::string_view name);
    Progress stopped(int result);
    bool peer_is_right();

    std::shared_ptr<const Context> context_;
    std::string server_name_;
    std::unique_ptr<WOLFSSL, Free> connection_;
    ByteView input_;               // of the call under way
    OutBuffer* output_ = nullptr;  // likewise
    std::error_code error_;
};

}  // namespace sluice::tls
