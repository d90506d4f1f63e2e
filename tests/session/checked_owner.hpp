#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <vector>

#include "engine/base/random.hpp"
#include "engine/session/session.hpp"

namespace sluice::session::test {

inline void require(bool condition, const char* promise) {
    if (!condition) throw std::logic_error(promise);
}

/// An owner that does anything an owner may do, also inside events, and holds the session to its promises:
/// each request gets one answer or one on_unanswered, the window and peer_window are kept, reading stops for a reason,
/// ticks move the deadline on, and nothing comes after on_end. A broken promise is a std::logic_error.
class CheckedOwner final : public SessionEvents {
public:
    struct Held {
        CommandId request;
        std::uint32_t sequence;
    };

    /// `whims`: seeds what it does inside events.
    CheckedOwner(const SessionConfig& config, std::uint64_t whims)
        : config_(config), whims_(whims), session(config, *this, out, now) {}

    /// Octets have come from the peer: they are offered together with those that were not consumed.
    void arrive(ByteView data) {
        inbox_.insert(inbox_.end(), data.begin(), data.end());
        offer();
    }
    void offer() {
        readable_ = false;
        const std::size_t consumed = session.receive(inbox_, now);
        require(consumed <= inbox_.size(), "receive consumes what it was given");
        inbox_.erase(inbox_.begin(), inbox_.begin() + static_cast<std::ptrdiff_t>(consumed));
    }

    void send(CommandId id) {
        const std::uint64_t cookie = ++last_cookie_;
        const bool open = session.window_open();
        const auto body = [](std::uint8_t* to) { return *to = 0, std::size_t{1}; };
        const std::uint32_t sequence = session.send(id, 1, body, cookie, now);
        if (sequence == 0) return;
        require(sequence <= 0x7FFFFFFF, "sequence numbers are in range");
        if (!smpp::has_response(id)) return;
        require(open, "the window is kept");
        require(requests_.emplace(cookie, sequence).second, "cookies are unique");
    }
    void respond(std::size_t which, CommandStatus status = CommandStatus::ESME_ROK) {
        if (held_.empty()) return;
        const auto at = held_.begin() + static_cast<std::ptrdiff_t>(which % held_.size());
        const Held held = *at;
        held_.erase(at);
        session.respond(held.request, held.sequence, status);
    }
    void settle_bind(bool accept) {
        if (!bind_pending_ || ended) return;
        bind_pending_ = false;
        accept ? session.accept_bind(now) : session.refuse_bind(CommandStatus::ESME_RBINDFAIL, now);
    }
    void bind(CommandId type) {
        if (bind_sent_ || ended || (session.state() != State::open && session.state() != State::outbound)) return;
        bind_sent_ = true;
        session.bind({.type = type, .system_id = "esme", .password = "secret"}, now);
    }
    void outbind() {
        if (session.state() == State::open && !bind_pending_) session.outbind("centre", "secret", now);
    }
    void pass(nanoseconds time) {
        const MonoTime until = now + time;
        while (session.deadline() <= until) {
            now = std::max(now, session.deadline());
            session.tick(now);
            require(session.deadline() > now, "a tick moves the deadline on");
        }
        now = until;
    }

    /// What must hold between any two calls.
    void check() const {
        require(session.in_flight() == requests_.size(), "in_flight counts the unanswered");
        require(requests_.size() <= config_.window, "the window is kept");
        require(held_.size() <= config_.peer_window, "peer_window is kept");
        require(ended == (session.state() == State::closed), "on_end comes with the end");
        if (ended) {
            require(requests_.empty(), "nothing is unanswered after the end");
            require(session.deadline() == MonoTime::max(), "no timers after the end");
        } else if (smpp::frame(inbox_).kind == smpp::Frame::Kind::pdu) {
            require(readable_ || held_.size() == config_.peer_window, "reading stops for a reason and goes on");
        }
    }

    const std::vector<Held>& held() const { return held_; }
    bool bind_pending() const { return bind_pending_; }
    bool readable() const { return readable_; }

    OutBuffer out;
    MonoTime now{seconds(1)};
    bool ended = false;

private:
    void on_bind(Session&, const smpp::Header&, const smpp::Bind&) override {
        event();
        require(config_.role == Role::message_centre && !bind_pending_, "one bind at a time");
        bind_pending_ = true;
        if (whims_.chance(0.5)) settle_bind(whims_.chance(0.9));
    }
    void on_outbind(Session&, const smpp::Outbind&) override {
        event();
        if (whims_.chance(0.5)) bind(CommandId::bind_receiver);
    }
    void on_bound(Session&) override {
        event();
        require(session.bound(), "on_bound means bound");
    }
    void on_request(Session&, const smpp::Header& header, ByteView) override {
        event();
        require(session.bound() || session.state() == State::unbound, "requests come to bound sessions");
        if (!smpp::has_response(header.id)) return;
        held_.push_back({header.id, header.sequence});
        if (whims_.chance(0.5)) respond(held_.size() - 1);
        if (whims_.chance(0.2)) send(CommandId::data_sm);
        if (whims_.chance(0.002)) session.unbind(now);
    }
    void on_response(Session&, std::uint64_t cookie, const smpp::Header& header, ByteView) override {
        event();
        const auto found = requests_.find(cookie);
        require(found != requests_.end(), "a request is answered once");
        require(found->second == header.sequence, "an answer is for the request of its number");
        requests_.erase(found);
        if (whims_.chance(0.2)) send(CommandId::data_sm);
        if (whims_.chance(0.002)) session.unbind(now);
    }
    void on_unanswered(Session&, std::uint64_t cookie) override {
        event();
        require(requests_.erase(cookie) == 1, "a request is given up once");
        if (whims_.chance(0.2)) send(CommandId::data_sm);
        if (whims_.chance(0.1)) respond(0);
        if (whims_.chance(0.1)) session.unbind(now);
    }
    void on_window_open(Session&) override {
        event();
        require(session.window_open(), "on_window_open means open");
        if (whims_.chance(0.5)) send(CommandId::data_sm);
    }
    void on_readable(Session&) override {
        event();
        readable_ = true;
    }
    void on_end(Session&, EndReason, CommandStatus) override {
        event();
        require(requests_.empty(), "every on_unanswered comes before on_end");
        ended = true;
        send(CommandId::data_sm);
        respond(0);
        session.unbind(now);
    }
    void event() { require(!ended, "on_end is the last event"); }

    const SessionConfig config_;
    Random whims_;
    std::vector<std::uint8_t> inbox_;
    std::vector<Held> held_;
    std::map<std::uint64_t, std::uint32_t> requests_;  ///< cookie to sequence_number
    std::uint64_t last_cookie_ = 0;
    bool bind_sent_ = false;
    bool bind_pending_ = false;
    bool readable_ = false;

public:
    Session session;  ///< after all it uses
};

}  // namespace sluice::session::test
