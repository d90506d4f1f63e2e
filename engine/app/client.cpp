#include "engine/app/client.hpp"

#include <algorithm>

#include "codecs/smpp/pdu.hpp"

namespace sluice::app {

using smpp::CommandId;
using smpp::CommandStatus;

class Client::Connection final : public session::SessionEvents {
public:
    Connection(Client& client, io::LinkId id, const session::SessionConfig& config)
        : link(client.reactor_, *this, id, config), client_(client) {}

    void on_bind(session::Session&, const smpp::Header&, const smpp::Bind&) override {}
    void on_outbind(session::Session&, const smpp::Outbind&) override {}
    void on_bound(session::Session&) override { ++client_.bound_; }
    void on_request(session::Session& session, const smpp::Header& header, ByteView body) override {
        if (header.id != CommandId::deliver_sm) return session.respond_unsupported(header.id, header.sequence);
        const auto pdu = smpp::decode<smpp::DeliverSm>(body);
        if (!pdu) return session.respond_error(header.id, header.sequence, pdu.error().status);
        session.respond(header.id, header.sequence, client_.events_.on_deliver(*pdu), smpp::DeliverSmResp{});
    }
    void on_response(session::Session&, std::uint64_t cookie, const smpp::Header& header, ByteView body) override {
        // An id that cannot be read is none (interop P1, P2).
        const auto pdu = smpp::decode<smpp::SubmitSmResp>(body);
        client_.events_.on_answer(cookie, header.status, pdu ? pdu->message_id : std::string_view());
    }
    void on_unanswered(session::Session&, std::uint64_t cookie) override { client_.events_.on_unanswered(cookie); }
    void on_window_open(session::Session&) override {}
    void on_readable(session::Session&) override { link.resume(); }
    void on_end(session::Session&, session::EndReason reason, CommandStatus status) override {
        client_.ended(*this, reason, status);
    }

    bool has_room() {
        return link.session().can_send() && link.session().window_open() && !link.congested();
    }

    SessionLink link;

private:
    Client& client_;
};

Client::Client(const ClientOptions& options, ClientEvents& events, std::unique_ptr<io::Io> io)
    : options_(options),
      events_(events),
      reactor_(std::move(io), *this, clock_),
      rate_({options.rate, std::max(1u, options.rate / 100)}, reactor_.now().mono) {
    reactor_.at_turn_end([this] {
        pump();
        retired_.clear();
    });
}

Client::~Client() = default;

Result<std::unique_ptr<Client>> Client::open(const ClientOptions& options, ClientEvents& events) {
    auto io = io::make_io(options.io);
    if (!io) return std::unexpected(io.error());
    std::unique_ptr<Client> client(new Client(options, events, std::move(*io)));
    for (std::uint32_t i = 0; i < options.binds; ++i) {
        const io::LinkId link = client->reactor_.io().connect(options.endpoint);
        if (options.tls) client->reactor_.io().secure(link, options.tls, options.server_name);
    }
    client->alive_ = options.binds;
    return client;
}

void Client::turn(nanoseconds max_wait) { reactor_.turn(max_wait); }

void Client::unbind() {
    unbinding_ = true;
    const auto open = connections_.size();
    for (std::size_t i = open; i-- > 0;) {  // a session that ends at once leaves the list
        Connection& connection = *connections_[i];
        connection.link.session().unbind(now().mono);
        connection.link.touch();
    }
}

Client::Connection* Client::find(io::LinkId link) {
    const auto found = std::ranges::find(connections_, link, [](const auto& c) { return c->link.link(); });
    return found != connections_.end() ? found->get() : nullptr;
}

void Client::on_connect(io::LinkId link, std::error_code error) {
    if (error) {
        --alive_;
        return events_.on_down("cannot connect to " + options_.endpoint.to_string() + ": " + error.message());
    }
    session::SessionConfig config;
    config.role = session::Role::esme;
    config.timers = options_.timers;
    config.window = options_.window;
    connections_.push_back(std::make_unique<Connection>(*this, link, config));
    connections_.back()->link.session().bind(options_.bind, now().mono);
    connections_.back()->link.touch();
}

std::size_t Client::on_data(io::LinkId link, ByteView data) {
    Connection* const connection = find(link);
    return connection != nullptr ? connection->link.receive(data) : data.size();
}

void Client::on_close(io::LinkId link, std::error_code) {
    if (Connection* const connection = find(link)) connection->link.lost();
}

void Client::ended(Connection& connection, session::EndReason reason, CommandStatus status) {
    connection.link.close();
    --alive_;
    const auto found = std::ranges::find(connections_, &connection, [](const auto& c) { return c.get(); });
    retired_.push_back(std::move(*found));
    connections_.erase(found);
    bound_ = static_cast<std::size_t>(
        std::ranges::count_if(connections_, [](const auto& c) { return c->link.session().bound(); }));
    if (unbinding_) return;
    const std::string_view name = smpp::name_of(status);
    events_.on_down(reason == session::EndReason::bind_refused
                        ? "the bind was refused: " + (name.empty() ? std::to_string(static_cast<std::uint32_t>(status))
                                                                   : std::string(name))
                        : "the session ended: " + std::string(session::to_string(reason)));
}

void Client::pump() {
    if (bound_ == 0 || unbinding_) return;
    for (std::size_t without_room = 0; without_room < connections_.size();) {
        Connection& connection = *connections_[next_connection_++ % connections_.size()];
        if (!connection.has_room()) {
            ++without_room;
            continue;
        }
        if (!rate_.take(now().mono)) {
            const MonoTime at = rate_.ready_at(now().mono);
            if (!reactor_.timers().rearm(wake_for_rate_, at)) wake_for_rate_ = reactor_.timers().arm(at, [] {});
            return;
        }
        std::uint64_t cookie = 0;
        const smpp::SubmitSm* const message = events_.next(cookie);
        if (message == nullptr) return rate_.put_back(1);
        connection.link.session().send(CommandId::submit_sm, *message, cookie, now().mono);
        connection.link.touch();
        without_room = 0;
    }
}

}  // namespace sluice::app
