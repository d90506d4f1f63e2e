#include "tests/session/driver.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace sluice::session::test {

using namespace std::string_literals;

namespace {

void append(std::string& list, const std::string& item) {
    if (!list.empty()) list += ", ";
    list += item;
}

std::string describe(const smpp::Header& header) {
    std::string text(smpp::name_of(header.id));
    if (smpp::is_response(header.id)) text.append(" ").append(smpp::name_of(header.status));
    return text + " " + std::to_string(header.sequence);
}

CommandId bind_for(State state) {
    switch (state) {
        case State::bound_tx: return CommandId::bind_transmitter;
        case State::bound_rx: return CommandId::bind_receiver;
        default: return CommandId::bind_transceiver;
    }
}

SessionConfig config_for(Role role) {
    SessionConfig config;
    config.role = role;
    config.system_id = "centre";
    return config;
}

}  // namespace

Octets octets(std::string_view text) { return {text.begin(), text.end()}; }

Octets operator+(Octets left, const Octets& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

Octets pdu(CommandId id, std::uint32_t sequence, const Octets& body, CommandStatus status) {
    Octets result(smpp::header_size);
    const auto length = static_cast<std::uint32_t>(smpp::header_size + body.size());
    smpp::write_header(result.data(), {length, id, status, sequence});
    return result + body;
}

Octets bind_body(std::string_view system_id, std::uint8_t interface_version) {
    return octets(system_id) + octets("\0secret\0\0"s) + Octets{interface_version, 0, 0, 0};
}

Driver::Driver(const SessionConfig& config) : session(config, *this, out, now), role_(config.role) {}

Driver::Driver(Role role, State state) : Driver(config_for(role)) { enter(state); }

void Driver::enter(State state) {
    const bool esme = role_ == Role::esme;
    switch (state) {
        case State::open: break;
        case State::outbound:
            if (esme) {
                receive(CommandId::outbind, 1, octets("centre\0secret\0"s));
            } else {
                session.outbind("centre", "secret", now);
            }
            break;
        case State::bound_tx:
        case State::bound_rx:
        case State::bound_trx: {
            const CommandId bind = bind_for(state);
            if (esme) {
                session.bind({.type = bind, .system_id = "esme", .password = "secret"}, now);
                receive(smpp::response_of(bind), 1, octets("centre\0\x02\x10\0\x01\x34"s));
            } else {
                receive(bind, 1, bind_body());
                session.accept_bind(now);
            }
            break;
        }
        case State::unbound:
            enter(State::bound_trx);
            session.unbind(now);
            break;
        case State::closed:
            session.unbind(now);
            break;
    }
    EXPECT_EQ(session.state(), state);
    told();
    said();
}

std::uint32_t Driver::send(CommandId id, std::uint64_t cookie) {
    return session.send(id, 0, [](std::uint8_t*) { return std::size_t{0}; }, cookie, now);
}

void Driver::pass(nanoseconds time) {
    const MonoTime until = now + time;
    while (session.deadline() <= until) {
        now = std::max(now, session.deadline());
        session.tick(now);
        ASSERT_GT(session.deadline(), now) << "tick would be called for ever";
    }
    now = until;
}

std::string Driver::told() { return std::exchange(told_, {}); }

std::string Driver::said() {
    std::string text;
    const Octets all = written();
    for (ByteView rest(all); !rest.empty();) {
        const smpp::Frame frame = smpp::frame(rest);
        EXPECT_EQ(frame.kind, smpp::Frame::Kind::pdu) << "the session wrote something else than PDUs";
        if (frame.kind != smpp::Frame::Kind::pdu) break;
        append(text, describe(frame.header));
        rest = rest.subspan(frame.size);
    }
    return text;
}

Octets Driver::written() {
    const ByteView view = out.view();
    const Octets all(view.begin(), view.end());
    out.clear();
    return all;
}

void Driver::tell(const std::string& what) {
    EXPECT_FALSE(ended_) << what << " after the end";
    append(told_, what);
}

void Driver::on_bind(Session&, const smpp::Header& header, const smpp::Bind& bind) {
    tell(describe(header));
    if (when_bind) when_bind(header, bind);
}

void Driver::on_outbind(Session&, const smpp::Outbind& outbind) {
    tell("outbind from " + std::string(outbind.system_id));
    if (when_outbind) when_outbind();
}

void Driver::on_bound(Session&) {
    tell("bound");
    if (when_bound) when_bound();
}

void Driver::on_request(Session&, const smpp::Header& header, ByteView body) {
    tell(describe(header));
    if (when_request) when_request(header, body);
}

void Driver::on_response(Session&, std::uint64_t cookie, const smpp::Header& header, ByteView body) {
    tell(describe(header) + " for #" + std::to_string(cookie));
    if (when_response) when_response(header, body);
}

void Driver::on_unanswered(Session&, std::uint64_t cookie) {
    tell("unanswered #" + std::to_string(cookie));
    if (when_unanswered) when_unanswered();
}

void Driver::on_window_open(Session&) {
    tell("window open");
    if (when_window_open) when_window_open();
}

void Driver::on_readable(Session&) {
    tell("readable");
    if (when_readable) when_readable();
}

void Driver::on_end(Session&, EndReason reason, CommandStatus status) {
    std::string what = "end: " + std::string(to_string(reason));
    if (status != CommandStatus::ESME_ROK) what.append(" ").append(smpp::name_of(status));
    tell(what);
    ended_ = true;
    if (when_end) when_end();
}

std::string_view name(Role role) { return role == Role::esme ? "esme" : "message_centre"; }

std::string_view name(State state) {
    constexpr std::string_view names[] = {"open", "outbound", "bound_tx", "bound_rx", "bound_trx", "unbound", "closed"};
    return names[static_cast<std::size_t>(state)];
}

}  // namespace sluice::session::test
