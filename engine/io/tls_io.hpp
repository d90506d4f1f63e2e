#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/counters.hpp"
#include "engine/io/link_io.hpp"
#include "engine/tls/stream.hpp"

namespace sluice::io {

/// How long a TLS handshake may take.
inline constexpr nanoseconds tls_handshake_limit = seconds(10);

struct TlsCounters {
    Counter handshakes;  ///< completed
    Counter resumed;     ///< of these, the ones that went on from an earlier session
    Counter failed;
    Gauge under_way;
    Gauge links;  ///< secured, the handshake done
};

/// Any Io with TLS on those links that its owner secures; the others pass through.
///
/// What a turn has written to a link is encrypted once, in records as large as TLS allows; what arrives is decrypted
/// into the buffer that is offered. A handshake is done in the turns of its thread, a few steps a turn.
class TlsIo final : public Io, private LinkEvents {
public:
    /// `clock` outlives this.
    TlsIo(std::unique_ptr<Io> plain, const Clock& clock) : plain_(std::move(plain)), clock_(clock) {}
    ~TlsIo() override;

    /// Speaks TLS on the link: called in on_accept with a server's context, or right after `connect` with a client's,
    /// before `out` is asked for. `server_name`, of a client: what the peer's certificate must be for, and is asked
    /// for. On a client's link on_connect tells the end of the handshake. Errors are those of tls::category as well.
    void secure(LinkId link, std::shared_ptr<const tls::Context> context, std::string server_name = {});
    /// Null on plain links, and before the handshake is done. Valid until this thread's next call to the link.
    const tls::PeerFacts* tls_peer(LinkId link) const;
    const TlsCounters& tls_counters() const { return counters_; }

    Result<ListenerId> listen(const Endpoint& endpoint, const ListenOptions& options) override {
        return plain_->listen(endpoint, options);
    }
    Endpoint local_endpoint(ListenerId listener) const override { return plain_->local_endpoint(listener); }
    void stop_listening(ListenerId listener) override { plain_->stop_listening(listener); }
    LinkId connect(const Endpoint& endpoint) override { return plain_->connect(endpoint); }
    OutBuffer& out(LinkId link) override;
    std::size_t unsent(LinkId link) const override;
    void touch(LinkId link) override;
    void pause(LinkId link) override;
    void resume(LinkId link) override;
    void close(LinkId link) override;
    void abort(LinkId link) override;
    bool write_file(int fd, std::uint64_t offset, ByteView octets, std::function<void(int)> done) override {
        return plain_->write_file(fd, offset, octets, std::move(done));
    }
    bool is_writing_file() const override { return plain_->is_writing_file(); }
    std::size_t turn(LinkEvents& events, nanoseconds timeout) override;
    void wake() override { plain_->wake(); }
    std::size_t links() const override { return plain_->links(); }
    Backend backend() const override { return plain_->backend(); }

private:
    enum class State : std::uint8_t {
        connecting,  ///< TCP, a client's
        waiting,     ///< for the client's first records; holds no memory of the library's
        shaking,
        open,
        gone,  ///< keeps what a late call of the owner writes from going out in clear
    };
    struct Secured {
        LinkId id;
        State state;
        std::shared_ptr<const tls::Context> context;
        std::string server_name;
        std::unique_ptr<tls::Stream> stream;
        std::unique_ptr<tls::PeerFacts> peer;
        OutBuffer out;  ///< plaintext from the owner, until the end of the turn
        OutBuffer in;   ///< plaintext for the owner that it has not consumed
        bool touched = false;
        bool paused = false;
        bool resumed = false;
        bool queued = false;   ///< for a step of its handshake
        bool granted = false;  ///< that step
        bool peer_finished = false;
        bool above_high_water = false;  ///< on_drained is owed
    };
    struct Dated {
        MonoTime at;
        LinkId id;
    };
    using SessionKey = std::pair<const tls::Context*, std::string>;
    struct Remembered {
        std::shared_ptr<const tls::Context> context;
        tls::Session session;
    };

    // ---- from the plain Io
    void on_accept(LinkId link, ListenerId listener, const Endpoint& peer) override;
    void on_connect(LinkId link, std::error_code error) override;
    std::size_t on_data(LinkId link, ByteView data) override;
    void on_drained(LinkId link) override;
    void on_close(LinkId link, std::error_code error) override;
    void on_accept_trouble(ListenerId listener, std::error_code error) override;

    Secured* find(LinkId link) const {
        if (link.index >= secured_.size()) return nullptr;
        Secured* const found = secured_[link.index].get();
        return found != nullptr && found->id == link ? found : nullptr;
    }
    LinkEvents& event() {
        ++delivered_;
        return *events_;
    }
    static bool in_handshake(const Secured& link) {
        return link.state == State::waiting || link.state == State::shaking;
    }
    void touch(Secured& link);
    void remove(Secured& link);

    // ---- the handshake
    void shake(Secured& link);
    void expire_handshakes();
    bool room_to_begin();
    bool may_step(Secured& link);
    void grant_steps();
    /// At most `timeout`, and no longer than until a handshake can go on or has taken too long.
    nanoseconds handshake_wait(nanoseconds timeout);
    void begin_client(Secured& link);
    void begin_server(Secured& link, ByteView hello);
    void step(Secured& link, ByteView& records);
    void complete(Secured& link);
    /// Tells the owner, and sends the peer what the library has to say about it.
    void fail(Secured& link, std::error_code error);

    // ---- the open link
    void decrypt(Secured& link, ByteView octets);
    void offer(Secured& link);
    void end_input(Secured& link);
    bool seal(Secured& link);
    void say_goodbye(Secured& link);

    std::unique_ptr<Io> plain_;
    const Clock& clock_;
    TlsCounters counters_;
    LinkEvents* events_ = nullptr;
    std::size_t delivered_ = 0;

    std::vector<std::unique_ptr<Secured>> secured_;  // by LinkId::index
    std::vector<LinkId> gone_;                       // since the last turn: their buffers may still be in use
    std::vector<LinkId> touched_, updating_;
    std::deque<Dated> deadlines_;  // of handshakes, in order, as the limit is the same for all
    std::deque<Dated> begun_;      // servers' handshakes that hold memory, oldest first; some are over
    std::size_t holding_ = 0;      // of them, those that are not
    MonoTime now_{};               // of this turn, while there are handshakes
    // For steps. Handshakes that are under way come first: the sooner they are over, the fewer hold memory.
    std::deque<LinkId> queue_, queue_to_begin_;
    std::size_t steps_left_ = 0;
    std::map<SessionKey, Remembered> sessions_;
    SpareBuffers spares_;
};

}  // namespace sluice::io
