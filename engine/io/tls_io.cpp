#include "engine/io/tls_io.hpp"

namespace sluice::io {

using tls::Fault;
using Progress = tls::Stream::Progress;

namespace {

/// How long a handshake that waits for its peer is safe from being ended for another.
constexpr nanoseconds patience_when_crowded = seconds(1);

}  // namespace

TlsIo::~TlsIo() = default;

// ---- from the owner

void TlsIo::secure(LinkId id, std::shared_ptr<const tls::Context> context, std::string server_name) {
    if (id.index >= secured_.size()) secured_.resize(id.index + 1);
    auto link = std::make_unique<Secured>();
    link->id = id;
    link->state = context->is_server() ? State::waiting : State::connecting;
    link->context = std::move(context);
    link->server_name = std::move(server_name);
    secured_[id.index] = std::move(link);
    if (secured_[id.index]->state == State::waiting) shake(*secured_[id.index]);
}

const tls::PeerFacts* TlsIo::tls_peer(LinkId id) const {
    const Secured* const link = find(id);
    return link != nullptr && link->state == State::open ? link->peer.get() : nullptr;
}

OutBuffer& TlsIo::out(LinkId id) {
    Secured* const link = find(id);
    if (link == nullptr) return plain_->out(id);
    spares_.lend(link->out);
    return link->out;
}

std::size_t TlsIo::unsent(LinkId id) const {
    const Secured* const link = find(id);
    if (link == nullptr) return plain_->unsent(id);
    return link->state == State::gone ? 0 : link->out.size() + plain_->unsent(id);
}

void TlsIo::touch(LinkId id) {
    if (Secured* const link = find(id)) touch(*link);
    else plain_->touch(id);
}

void TlsIo::touch(Secured& link) {
    if (link.touched || link.state == State::gone) return;
    link.touched = true;
    touched_.push_back(link.id);
    plain_->touch(link.id);  // so that the next turn does not wait
}

void TlsIo::pause(LinkId id) {
    Secured* const link = find(id);
    if (link == nullptr) return plain_->pause(id);
    link->paused = true;
    // A handshake goes on.
    if (link->state == State::open) plain_->pause(id);
}

void TlsIo::resume(LinkId id) {
    Secured* const link = find(id);
    if (link == nullptr) return plain_->resume(id);
    if (!std::exchange(link->paused, false) || link->state != State::open) return;
    link->resumed = true;
    plain_->resume(id);
    touch(*link);
}

void TlsIo::close(LinkId id) {
    Secured* const link = find(id);
    if (link == nullptr) return plain_->close(id);
    if (link->state == State::gone) return;
    if (link->state == State::open) say_goodbye(*link);
    plain_->close(id);
    remove(*link);
}

void TlsIo::abort(LinkId id) {
    if (Secured* const link = find(id)) remove(*link);
    plain_->abort(id);
}

/// The owner knows the link no more, though the plain Io may still be sending its last octets.
void TlsIo::remove(Secured& link) {
    if (link.state == State::gone) return;
    if (link.state == State::open) counters_.links.add(-1);
    if (in_handshake(link)) counters_.under_way.add(-1);
    if (link.state == State::shaking && link.context->is_server()) --holding_;
    if (link.state == State::open && !link.context->is_server()) {
        SessionKey key{link.context.get(), link.server_name};
        if (sessions_.size() >= limits::tls_sessions && !sessions_.contains(key)) sessions_.erase(sessions_.begin());
        sessions_.insert_or_assign(std::move(key), Remembered{link.context, link.stream->session()});
    }
    link.state = State::gone;
    link.stream.reset();
    link.peer.reset();
    link.context.reset();
    gone_.push_back(link.id);
}

// ---- the turn

std::size_t TlsIo::turn(LinkEvents& events, nanoseconds timeout) {
    events_ = &events;
    delivered_ = 0;
    if (secured_.empty()) return plain_->turn(*this, timeout);

    for (const LinkId id : gone_)
        if (Secured* const link = find(id)) link->in = OutBuffer(), link->out = OutBuffer();
    gone_.clear();
    steps_left_ = limits::tls_handshake_steps_per_turn;
    if (counters_.under_way.value() > 0) {
        now_ = clock_.mono();
        expire_handshakes();
        grant_steps();
    }

    updating_.swap(touched_);
    for (const LinkId id : updating_) {
        Secured* const link = find(id);
        if (link == nullptr) continue;
        if (std::exchange(link->resumed, false)) {
            offer(*link);
            end_input(*link);
        }
        if (!seal(*link)) fail(*link, link->stream->error());
        link->touched = false;
    }
    updating_.clear();
    if (delivered_ > 0) timeout = {};
    if (counters_.under_way.value() > 0) timeout = handshake_wait(timeout);
    const std::size_t before = delivered_;
    return before + plain_->turn(*this, timeout);
}

void TlsIo::on_accept(LinkId id, ListenerId listener, const Endpoint& peer) { event().on_accept(id, listener, peer); }

void TlsIo::on_accept_trouble(ListenerId listener, std::error_code error) {
    event().on_accept_trouble(listener, error);
}

void TlsIo::on_connect(LinkId id, std::error_code error) {
    Secured* const link = find(id);
    if (link == nullptr) return event().on_connect(id, error);
    if (error) {
        remove(*link);
        return event().on_connect(id, error);
    }
    shake(*link);
    if (may_step(*link)) begin_client(*link);
}

std::size_t TlsIo::on_data(LinkId id, ByteView data) {
    Secured* const link = find(id);
    if (link == nullptr) return event().on_data(id, data);
    if (link->state == State::open) {
        decrypt(*link, data);
        return data.size();
    }
    const tls::Records records = tls::whole_records(data);
    if (records.octets == 0) {
        if (!records.is_tls) fail(*link, Fault::not_tls);
        return records.is_tls ? 0 : data.size();
    }
    if (!may_step(*link)) return 0;
    ByteView rest = data.first(records.octets);
    if (link->state == State::waiting) begin_server(*link, rest);
    step(*link, rest);
    if (link->state == State::gone) return data.size();
    const std::size_t used = records.octets - rest.size();
    if (link->state != State::open) return used;
    decrypt(*link, data.subspan(used));
    return data.size();
}

void TlsIo::on_drained(LinkId id) {
    Secured* const link = find(id);
    if (link == nullptr) return event().on_drained(id);
    // What encryption adds can lift the plain Io's output above the mark though the owner's was not.
    if (!std::exchange(link->above_high_water, false)) return;
    touch(*link);
    event().on_drained(id);
}

void TlsIo::on_close(LinkId id, std::error_code error) {
    Secured* const link = find(id);
    if (link == nullptr) return event().on_close(id, error);
    const bool can_answer = !error && link->state == State::open;
    if (!error) error = Fault::truncated;
    if (link->state != State::open) return fail(*link, error);
    event().on_close(id, error);
    if (can_answer && link->state == State::open) say_goodbye(*link);
    remove(*link);
}

// ---- the handshake

void TlsIo::shake(Secured& link) {
    if (link.state == State::connecting) link.state = State::shaking;
    now_ = clock_.mono();
    deadlines_.push_back({now_ + tls_handshake_limit, link.id});
    counters_.under_way.add(1);
}

void TlsIo::expire_handshakes() {
    while (!deadlines_.empty()) {
        const auto [at, id] = deadlines_.front();
        Secured* const link = find(id);
        if (link != nullptr && in_handshake(*link)) {
            if (at > now_) return;
            fail(*link, Fault::timed_out);
        }
        deadlines_.pop_front();
    }
}

/// Whether a server's handshake may begin. When too many hold memory, one whose peer has kept it waiting makes room.
bool TlsIo::room_to_begin() {
    while (!begun_.empty()) {
        const auto [since, id] = begun_.front();
        Secured* const oldest = find(id);
        if (oldest != nullptr && oldest->state == State::shaking) {
            if (holding_ < limits::tls_handshakes) return true;
            if (since + patience_when_crowded > now_) return false;
            fail(*oldest, Fault::crowded);
        }
        begun_.pop_front();
    }
    return true;
}

/// Whether the link may do a step of its handshake now; otherwise its turn comes, and it is not read until then.
bool TlsIo::may_step(Secured& link) {
    if (std::exchange(link.granted, false)) return true;
    const bool begins = link.stream == nullptr;
    if (steps_left_ > 0 && queue_.empty() && (!begins || (queue_to_begin_.empty() && room_to_begin()))) {
        --steps_left_;
        return true;
    }
    if (!std::exchange(link.queued, true)) {
        (begins ? queue_to_begin_ : queue_).push_back(link.id);
        plain_->pause(link.id);
    }
    return false;
}

void TlsIo::grant_steps() {
    while (steps_left_ > 0 && (!queue_.empty() || (!queue_to_begin_.empty() && room_to_begin()))) {
        auto& queue = queue_.empty() ? queue_to_begin_ : queue_;
        Secured* const link = find(queue.front());
        queue.pop_front();
        if (link == nullptr || !in_handshake(*link)) continue;
        --steps_left_;
        link->queued = false;
        plain_->resume(link->id);
        if (link->state == State::shaking && link->stream == nullptr) begin_client(*link);
        else link->granted = true;
    }
}

nanoseconds TlsIo::handshake_wait(nanoseconds timeout) {
    MonoTime until = deadlines_.empty() ? MonoTime::max() : deadlines_.front().at;
    if (!queue_.empty() || (!queue_to_begin_.empty() && room_to_begin())) {
        plain_->touch(queue_.empty() ? queue_to_begin_.front() : queue_.front());
        return {};
    }
    if (!queue_to_begin_.empty()) until = std::min(until, begun_.front().at + patience_when_crowded);
    return std::clamp<nanoseconds>(until - now_, nanoseconds::zero(), timeout);
}

void TlsIo::begin_client(Secured& link) {
    const auto earlier = sessions_.find({link.context.get(), link.server_name});
    link.stream = std::make_unique<tls::Stream>(link.context, link.server_name,
                                                earlier != sessions_.end() ? &earlier->second.session : nullptr);
    ByteView nothing;
    step(link, nothing);
}

void TlsIo::begin_server(Secured& link, ByteView hello) {
    begun_.push_back({now_, link.id});
    ++holding_;
    link.state = State::shaking;
    link.stream = std::make_unique<tls::Stream>(link.context, hello);
}

void TlsIo::step(Secured& link, ByteView& records) {
    const Progress progress = link.stream->handshake(records, plain_->out(link.id));
    plain_->touch(link.id);
    if (progress == Progress::failed) return fail(link, link.stream->error());
    if (progress == Progress::done) complete(link);
}

void TlsIo::complete(Secured& link) {
    if (link.context->is_server()) --holding_;
    link.state = State::open;
    link.peer = std::make_unique<tls::PeerFacts>(link.stream->peer());
    counters_.under_way.add(-1);
    counters_.links.add(1);
    counters_.handshakes.add();
    if (link.peer->resumed) counters_.resumed.add();
    if (link.paused) plain_->pause(link.id);
    touch(link);
    if (!link.context->is_server()) event().on_connect(link.id, {});
}

void TlsIo::fail(Secured& link, std::error_code error) {
    const LinkId id = link.id;
    const bool still_connecting = link.state != State::open && !link.context->is_server();
    if (link.state != State::open) counters_.failed.add();
    plain_->close(id);
    remove(link);
    if (still_connecting) event().on_connect(id, error);
    else event().on_close(id, error);
}

// ---- the open link

void TlsIo::decrypt(Secured& link, ByteView octets) {
    if (octets.empty() || link.peer_finished) return;
    spares_.lend(link.in);
    const std::size_t unsent_before = plain_->unsent(link.id);
    const Progress progress = link.stream->read(octets, link.in, plain_->out(link.id));
    const std::size_t unsent = plain_->unsent(link.id);
    offer(link);
    if (link.state != State::open) return;
    if (progress == Progress::failed) return fail(link, link.stream->error());
    if (unsent > unsent_before && unsent > 2 * limits::out_high_water) return fail(link, Fault::flooded);
    if (progress == Progress::ended) link.peer_finished = true;
    end_input(link);
}

void TlsIo::offer(Secured& link) {
    if (link.state != State::open || link.paused || link.in.empty()) return;
    touch(link);
    spares_.lend(link.out);
    const std::size_t consumed = event().on_data(link.id, link.in.view());
    if (link.state != State::open) return;
    SLUICE_CHECK(consumed <= link.in.size());
    link.in.consume(consumed);
    if (!link.paused && link.in.size() > limits::max_pdu) {
        const LinkId id = link.id;
        plain_->abort(id);
        remove(link);
        return event().on_close(id, std::make_error_code(std::errc::message_size));
    }
    spares_.take_back(link.in);
}

/// After the peer's close_notify, once the owner has been offered what came before it. Answers still go out.
void TlsIo::end_input(Secured& link) {
    if (link.state != State::open || !link.peer_finished || link.paused) return;
    const LinkId id = link.id;
    event().on_close(id, {});
    if (link.state == State::gone) return;
    say_goodbye(link);
    plain_->close(id);
    remove(link);
}

/// False when the library failed.
bool TlsIo::seal(Secured& link) {
    bool sealed = true;
    if (link.state == State::open && !link.out.empty()) {
        if (link.out.size() + plain_->unsent(link.id) > limits::out_high_water) link.above_high_water = true;
        sealed = link.stream->write(link.out.view(), plain_->out(link.id));
        link.out.clear();
        plain_->touch(link.id);
    }
    if (link.state == State::open) spares_.take_back(link.out);
    return sealed;
}

void TlsIo::say_goodbye(Secured& link) {
    seal(link);
    link.stream->close(plain_->out(link.id));
    plain_->touch(link.id);
}

}  // namespace sluice::io
