#include "engine/gateway/shard.hpp"

#include <algorithm>

#include "codecs/smpp/time.hpp"
#include "engine/gateway/charging.hpp"
#include "engine/gateway/compose.hpp"
#include "engine/gateway/parts.hpp"

namespace sluice::gateway {

using smpp::CommandId;
using smpp::CommandStatus;
using wire::Type;

namespace {
/// How often draining looks for sessions that may be unbound.
constexpr milliseconds drain_look{10};
}  // namespace

Shard::Shard(Options options)
    : store_(*options.store),
      reactor_(std::move(options.io), *this, *options.clock),
      messages_(store_, IdSource(options.config.node, options.shard, options.shards), options.config.store,
                {[this](const AfterCommit& then) { committed(then); }, [this](Lane& lane) { egress_.ready(lane); },
                 [this](Message& m) { egress_.expire(m); },
                 [this](Message& m) { m.part_over ? resume_part(core_, m) : receipts_.index(m); },
                 [this](Message& m) { receipts_.keep(m); }}),
      receipts_(core_, messages_),
      egress_(core_, receipts_),
      ingress_(core_),
      triggers_(core_, ingress_),
      operations_(core_),
      providers_(core_, ingress_, egress_, receipts_),
      services_{ingress_, egress_, operations_, [this](io::LinkId link) { return find(link); }},
      outbinds_(core_, services_),
      unowned_(core_),
      deliveries_(core_),
      refunds_(core_) {
    core_.shard = options.shard;
    core_.shards = options.shards;
    core_.config = options.config;
    core_.reactor = &reactor_;
    core_.messages = &messages_;
    core_.accounts = options.accounts;
    core_.admission = options.admission;
    core_.authenticate = std::move(options.authenticate);
    core_.move_credits = std::move(options.move_credits);
    core_.refunds = &refunds_;
    core_.triggers = &triggers_;
    core_.look_ups = options.look_ups;
    core_.directory = options.directory;
    core_.number_owners = options.number_owners;
    core_.guard = BindGuard(options.seed);
    core_.session_log = options.session_log ? std::move(options.session_log) : options.log;
    core_.trigger_log = options.trigger_log ? std::move(options.trigger_log) : options.log;
    core_.log = std::move(options.log);
    core_.history = options.history;
    core_.random = Random(options.seed);
    core_.overflow.resize(options.shards);
    messages_.record_charges(options.charging_records, options.shard);
    core_.answer = [this](const wire::ReplyTo& reply, CommandStatus status) { answer(reply, status); };
    operations_.answer_query = [this](const wire::OperationDone& done) { answer_query(done); };
    reactor_.join(*options.mesh, options.shard,
                  [this](std::size_t from, std::uint32_t type, ByteView record) { receive(from, type, record); });
    reactor_.at_turn_end([this] { end_of_turn(); });
}

Result<void> Shard::start(std::shared_ptr<const routing::Snapshot> snapshot, const Endpoints& endpoints) {
    core_.adopt(std::move(snapshot));
    triggers_.adopt(core_.config.program);
    if (auto recovered = receipts_.recover(); !recovered) return recovered;
    if (auto recovered = messages_.recover(reactor_.now()); !recovered) return recovered;
    receipts_.recover_held();
    refunds_.recover();
    messages_.counts().for_each_account([this](PartyId account, std::uint64_t rows) {
        core_.party(account).shared->queued += static_cast<std::int64_t>(rows);
    });
    messages_.for_each_in_memory([this](Message& m) {
        if (MessageCounts::is_unfinished(m) && !m.has_row) ++core_.party(m.account).shared->queued;
    });
    messages_.charges().for_each([this](PartyId account, const Balance& balance) {
        AccountShared& shared = *core_.party(account).shared;
        shared.available += balance.available().micros;
        if (balance.opened) shared.opened = true;
    });
    messages_.sent_counts().for_each([this](PartyId provider, const SentCounts::Row& row) {
        core_.party(provider).shared->sent.restore(row.hour, row.in_hour, row.in_day);
    });
    core_.exchange_totals();
    messages_.for_each_lane([this](Lane& lane) { egress_.ready(lane); });
    providers_.apply(endpoints);
    unowned_.look_again();
    deliveries_.recover();
    each_second();
    return {};
}

Result<io::ListenerId> Shard::listen(const io::Endpoint& endpoint, const io::ListenOptions& options,
                                     std::shared_ptr<const tls::Context> tls) {
    auto listener = reactor_.io().listen(endpoint, options);
    if (!listener) return listener;
    listeners_.push_back(*listener);
    listener_tls_.resize(*listener + 1);
    listener_tls_[*listener] = std::move(tls);
    return listener;
}

void Shard::apply(const GatewayConfig& config, std::shared_ptr<const routing::Snapshot> snapshot,
                  const Endpoints& endpoints) {
    core_.config = config;
    messages_.configure(config.store);
    receipts_.configure();
    core_.adopt(std::move(snapshot));
    open_balances(core_);
    refunds_.look_again();
    triggers_.adopt(core_.config.program);
    providers_.apply(endpoints);
    unowned_.look_again();
    for_each_connection([this](Connection& connection) {
        const Party* party = connection.party();
        if (party != nullptr && is_account(party->id) && (party->account == nullptr || !party->account->enabled)) {
            connection.session().unbind(core_.now().mono);
            connection.touch();
        }
    });
}

void Shard::stop_listening() {
    for (const io::ListenerId listener : listeners_) reactor_.io().stop_listening(listener);
    listeners_.clear();
    providers_.stop_listening();
}

void Shard::drain(nanoseconds patience) {
    if (core_.draining) return;
    stop_listening();
    core_.draining = true;
    deliveries_.write();
    unbind_all_at_ = core_.now().mono + patience;
    unbind_quiet();
}

void Shard::unbind_quiet() {
    const MonoTime now = core_.now().mono;
    bool busy = false;
    for_each_connection([&](Connection& connection) {
        if (connection.ended()) return;
        if (now < unbind_all_at_ && !connection.session().quiet()) {
            busy = true;
            return;
        }
        connection.session().unbind(now);
        connection.touch();
    });
    if (busy) reactor_.timers().arm(now + drain_look, [this] { unbind_quiet(); });
}

bool Shard::drained() const {
    return messages_.idle() && messages_.charges().quiet() && ingress_.unpaid() == 0 && refunds_.quiet() &&
           std::ranges::all_of(connections_, [](const auto& c) { return c == nullptr; });
}

// ---- links

Connection* Shard::find(io::LinkId link) {
    if (link.index >= connections_.size()) return nullptr;
    Connection* const connection = connections_[link.index].get();
    return connection != nullptr && connection->link() == link && !connection->ended() ? connection : nullptr;
}

void Shard::place(io::LinkId link, std::unique_ptr<Connection> connection) {
    if (link.index >= connections_.size()) connections_.resize(link.index + 1);
    auto& slot = connections_[link.index];
    if (slot) {  // its link is gone and the number is used again in the same turn
        SLUICE_CHECK(slot->ended());
        retired_.push_back(std::move(slot));
    }
    slot = std::move(connection);
}

void Shard::on_accept(io::LinkId link, io::ListenerId listener, const io::Endpoint& peer) {
    if (providers_.owns_listener(listener)) {
        if (auto connection = providers_.on_accept(link, listener, peer)) place(link, std::move(connection));
        return;
    }
    if (core_.draining) return reactor_.io().abort(link);  // it was under way when listening stopped
    auto admitted = core_.admission->enter(peer);
    if (admitted) {
        if (const auto& tls = listener_tls_[listener]) reactor_.io().secure(link, tls);
        return place(link, std::make_unique<Customer>(core_, services_, link, peer, std::move(*admitted)));
    }
    reactor_.io().abort(link);
    switch (admitted.error()) {
        case Admission::Refusal::sessions: core_.counters.refused_max_sessions.add(); break;
        case Admission::Refusal::address: core_.counters.refused_per_address.add(); break;
        case Admission::Refusal::unbound: core_.counters.refused_max_unbound.add(); break;
    }
    Refused& refused = refused_[static_cast<std::size_t>(admitted.error())];
    ++refused.count;
    refused.last = peer;
}

void Shard::log_refused() {
    // A line a second, however many they are.
    static constexpr std::string_view limits[] = {"max_sessions", "max_sessions_per_address", "max_unbound"};
    for (std::size_t i = 0; i < refused_.size(); ++i) {
        if (refused_[i].count == 0) continue;
        core_.session_log('W', std::to_string(refused_[i].count) + " connections refused, over limits." +
                           std::string(limits[i]) + "; the last from " + refused_[i].last.to_string());
        refused_[i].count = 0;
    }
}

void Shard::on_connect(io::LinkId link, std::error_code error) {
    auto connection = providers_.owns(link) ? providers_.on_connect(link, error) : outbinds_.on_connect(link, error);
    if (connection) place(link, std::move(connection));
}

std::size_t Shard::on_data(io::LinkId link, ByteView data) {
    Connection* const connection = find(link);
    return connection != nullptr ? connection->on_data(data) : data.size();
}

void Shard::on_drained(io::LinkId link) {
    if (Connection* connection = find(link)) connection->on_drained();
}

void Shard::on_close(io::LinkId link, std::error_code error) {
    if (error.category() == tls::category()) note_tls_trouble(link, error);
    if (Connection* connection = find(link)) connection->on_lost();
}

/// One line a second, as anybody can make handshakes fail. Many clients end a session without TLS's goodbye.
void Shard::note_tls_trouble(io::LinkId link, std::error_code error) {
    const Connection* const connection = find(link);
    if (connection == nullptr) return;
    const bool mere_end = error == tls::Fault::truncated && connection->party() != nullptr;
    if (mere_end || ++tls_troubles_ == 1)
        core_.session_log(mere_end ? 'D' : 'W',
                          "TLS link with " + connection->peer().to_string() + ": " + error.message());
}

void Shard::bury() {
    for (Connection* connection : core_.ended) {
        if (!connection->link_is_gone()) reactor_.io().close(connection->link());
        auto& slot = connections_[connection->link().index];
        if (slot.get() == connection) slot.reset();
    }
    core_.ended.clear();
    retired_.clear();
}

// ---- a turn

void Shard::end_of_turn() {
    const Now& now = core_.now();
    messages_.poll(now);
    messages_.tick(now);
    egress_.pump();
    receipts_.work();
    unowned_.work();
    refunds_.work();
    messages_.end_of_turn();
    core_.exchange_totals();
    core_.flush_overflow();
    if (core_.history != nullptr) core_.history->publish();
    for (Connection* const connection : core_.touched) connection->end_of_turn();
    core_.touched.clear();
    if (!core_.ended.empty()) bury();
}

void Shard::each_second() {
    const storage::StoreStats disk = store_.stats();
    core_.disk_stalled = disk.stalled || disk.scarce;  // a full store cannot even erase: it must not come to that
    if (const auto more = std::exchange(tls_troubles_, 0); more > 1)
        core_.session_log('W', std::to_string(more - 1) + " more TLS links failed within a second");
    receipts_.tick();
    log_refused();
    for_each_connection([](Connection& connection) { connection.sample_rates(); });
    egress_.look_at_providers();
    deliveries_.tick();
    egress_.reroute_waiting();
    outbinds_.tick();
    std::uint64_t queued = 0;
    messages_.for_each_lane([&](Lane& lane) {
        queued += lane.size();
        if (lane.backlogged()) egress_.ready(lane);
    });
    core_.counters.queued.set(static_cast<std::int64_t>(queued));
    core_.counters.unfinished.set(static_cast<std::int64_t>(messages_.counts().unfinished()));
    core_.counters.receipts_outstanding.set(static_cast<std::int64_t>(messages_.counts().awaiting()));
    core_.counters.in_memory.set(static_cast<std::int64_t>(messages_.in_memory()));
    reactor_.timers().arm(core_.now().mono + seconds(1), [this] { each_second(); });
}

// ---- answers

void Shard::committed(const AfterCommit& then) {
    if (then.what == AfterCommit::What::over) return receipts_.over(then.link, then.message);
    if (then.what == AfterCommit::What::kept) return receipts_.kept(then.message);
    if (then.what == AfterCommit::What::freed) {
        core_.party(static_cast<PartyId>(then.message)).shared->available += static_cast<std::int64_t>(then.link);
        return;
    }
    if (then.what == AfterCommit::What::held) {
        answer({then.link, then.sequence, then.command, then.shard, 0}, CommandStatus{then.status});
        return receipts_.held_committed(then.message);
    }
    if (then.message != 0) messages_.enqueue(then, core_.now());
    if (then.what == AfterCommit::What::accepted) {
        core_.counters.accepted.add();
        answer_accepted(then);
    } else if (then.command != 0) {
        answer({then.link, then.sequence, then.command, then.shard, 0}, CommandStatus{then.status});
        if (core_.config.history_pdus && then.command < wire::cancel_part) [[unlikely]] {
            const std::uint8_t no_message_id = 0;
            core_.note_pdu(then.message, TraceEvent::pdu_out, 0,
                           {0, smpp::response_of(CommandId{then.command}), CommandStatus{then.status}, then.sequence},
                           {&no_message_id, 1});
        }
    }
}

void Shard::answer_accepted(const AfterCommit& then) {
    if (then.command == 0) return;
    const auto command = CommandId{then.command};
    std::uint8_t count = 0;
    const std::vector<std::uint8_t> unsuccess =
        command == CommandId::submit_multi ? ingress_.take_unsuccess(then.message, count) : std::vector<std::uint8_t>();
    Connection* const connection = find(io::LinkId::unpack(then.link));
    if (connection == nullptr) return;  // it left before its answer: the message goes on, as accepted
    const routing::Account* account = connection->party()->account;
    const auto format = account != nullptr ? account->message_id_format : routing::IdFormat::decimal;
    connection->touch();
    connection->session().respond(command, then.sequence, CommandStatus::ESME_ROK,
                                  shown_id_room + 1 + unsuccess.size(),
                                  [&](std::uint8_t* to) {
        std::size_t size = write_shown_id(then.message, format, to);
        if (command == CommandId::submit_multi) {
            to[size++] = count;
            std::copy(unsuccess.begin(), unsuccess.end(), to + size);
            size += unsuccess.size();
        }
        if (core_.config.history_pdus) [[unlikely]]
            core_.note_pdu(then.message, TraceEvent::pdu_out, connection->party()->id,
                           {0, smpp::response_of(command), CommandStatus::ESME_ROK, then.sequence}, {to, size});
        return size;
    });
}

void Shard::answer(const wire::ReplyTo& reply, CommandStatus status) {
    if (reply.command == 0) return;
    if (reply.shard != core_.shard) return core_.send(reply.shard, Type::answer, wire::AnswerNote{reply, status, 0});
    if (reply.command == wire::held_receipt) return receipts_.release(reply.sequence);
    if (reply.command == wire::cancel_part) return operations_.on_part(reply.sequence, status);
    Connection* const connection = find(io::LinkId::unpack(reply.link));
    if (connection == nullptr) return;
    const auto command = CommandId{reply.command};
    const bool has_id = command == CommandId::deliver_sm || command == CommandId::data_sm;
    connection->touch();
    connection->session().respond(command, reply.sequence, status, 1, [&](std::uint8_t* to) {
        if (has_id) *to = 0;  // an empty message_id
        return std::size_t{has_id};
    });
}

void Shard::answer_query(const wire::OperationDone& done) {
    Connection* const connection = find(io::LinkId::unpack(done.reply.link));
    if (connection == nullptr) return;
    const routing::Account* account = connection->party()->account;
    const std::string id = shown_id(done.id, account != nullptr ? account->message_id_format
                                                                 : routing::IdFormat::decimal);
    smpp::QuerySmResp response;
    response.message_id = id;
    const auto final_date = smpp::format_absolute(WallTime(microseconds(done.done_at)));
    if (done.done_at != 0) response.final_date = final_date;
    response.message_state = static_cast<std::uint8_t>(done.state);
    response.error_code = done.error_code;
    const std::size_t size = smpp::encoded_size(response);
    connection->touch();
    connection->session().respond(CommandId::query_sm, done.reply.sequence, CommandStatus::ESME_ROK, size,
                                  [&](std::uint8_t* to) { return smpp::encode(response, {to, size}); });
}

// ---- other shards

void Shard::receive(std::size_t from, std::uint32_t type, ByteView record) {
    const auto shard = static_cast<std::uint32_t>(from);
    switch (Type{type}) {
        case Type::send:
            return egress_.on_send(shard, wire::read<wire::SendNote>(record), record.subspan(sizeof(wire::SendNote)));
        case Type::outcome:
            return egress_.on_outcome(shard, wire::read<wire::OutcomeNote>(record),
                                      as_text(record.subspan(sizeof(wire::OutcomeNote))));
        case Type::outlets: return egress_.on_outlets(shard, wire::read<wire::OutletsNote>(record));
        case Type::index: return receipts_.on_index(wire::read<wire::IndexNote>(record));
        case Type::kept: return messages_.kept(wire::read<wire::IndexNote>(record).id);
        case Type::receipt: {
            auto note = wire::read<wire::ReceiptNote>(record);
            return receipts_.on_receipt(note);
        }
        case Type::matched: return receipts_.on_matched(wire::read<wire::ReceiptNote>(record));
        case Type::answer: {
            const auto note = wire::read<wire::AnswerNote>(record);
            return answer(note.reply, note.status);
        }
        case Type::operation:
            return operations_.on_operation(wire::read<wire::OperationNote>(record),
                                            record.subspan(sizeof(wire::OperationNote)));
        case Type::habit: return receipts_.on_habit(wire::read<wire::HabitNote>(record));
        case Type::probe: return Customer::probe(core_, core_.party(wire::read<wire::AccountNote>(record).account));
        case Type::outbind: return outbinds_.wanted(wire::read<wire::AccountNote>(record).account);
        case Type::operation_done: return answer_query(wire::read<wire::OperationDone>(record));
    }
}

}  // namespace sluice::gateway
