#include "tools/bench/customers.hpp"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <utility>

#include "codecs/smpp/pdu.hpp"
#include "codecs/smpp/receipt.hpp"

namespace sluice::bench {

using smpp::CommandId;
using smpp::CommandStatus;

namespace {

/// Connections that may be on their way to being bound: below any gateway's limit of unbound ones.
constexpr std::size_t max_under_way = 32;
/// A session that was told to slow down sends nothing for so long.
constexpr milliseconds rest_after_refusal{10};
/// With an open loop the thread rests so long after it has sent something: messages due in between go out together, and
/// what comes back meanwhile is seen late by that much. Else it would wake for every message, and be the bottleneck.
constexpr microseconds send_quantum{250};
constexpr std::size_t max_early = 1'000'000;
constexpr std::size_t finished_slots = std::size_t{1} << 18;
constexpr std::uint32_t destinations = 10'000;

std::uint64_t id_of(std::uint32_t account, std::string_view message_id) {
    const std::uint64_t hash = XXH3_64bits_withSeed(message_id.data(), message_id.size(), account);
    return hash != 0 ? hash : 1;
}

/// "4477009xxxxx": the same number for every ten thousandth message.
std::array<char, 12> destination_of(std::uint32_t message) {
    std::array<char, 12> digits{'4', '4', '7', '7', '0', '0', '9', '0', '0', '0', '0', '0'};
    std::uint32_t rest = message % destinations;
    for (std::size_t i = digits.size(); rest != 0; rest /= 10) digits[--i] = static_cast<char>('0' + rest % 10);
    return digits;
}

}  // namespace

class Customers::Session final : public Party {
public:
    Session(Customers& customers, const Planned& planned, io::LinkId id, const session::SessionConfig& config)
        : Party(customers.work_.reactor, id, config), number(planned.number), account(planned.account),
          customers_(customers) {}

    void on_bind(session::Session&, const smpp::Header&, const smpp::Bind&) override {}
    void on_bound(session::Session&) override { customers_.bound(*this); }
    void on_request(session::Session& session, const smpp::Header& header, ByteView body) override {
        if (header.id != CommandId::deliver_sm) return session.respond_unsupported(header.id, header.sequence);
        const auto pdu = smpp::decode<smpp::DeliverSm>(body);
        if (!pdu) return session.respond_error(header.id, header.sequence, pdu.error().status);
        customers_.receipt(account, *pdu);
        session.respond(header.id, header.sequence, CommandStatus::ESME_ROK, smpp::DeliverSmResp{});
    }
    void on_response(session::Session&, std::uint64_t cookie, const smpp::Header& header, ByteView body) override {
        customers_.answered(*this, static_cast<std::uint32_t>(cookie), header, body);
    }
    void on_unanswered(session::Session&, std::uint64_t cookie) override {
        customers_.work_.ledger.answered(static_cast<std::uint32_t>(cookie), Answer::unanswered);
        customers_.work_.counters.unanswered.add();
        customers_.mark_ready(*this);
    }
    void on_end(session::Session&, session::EndReason reason, CommandStatus status) override {
        customers_.ended(*this, reason, status);
    }
    void on_drained() override { customers_.mark_ready(*this); }

    const std::uint32_t number, account;
    bool sends = false;
    bool was_bound = false;
    bool ready = false;    ///< is in ready_
    bool resting = false;
    Composer::Part part;

private:
    Customers& customers_;
};

Customers::Customers(Workplace& work, std::uint32_t number, std::uint32_t threads)
    : work_(work),
      composer_(work.options.mix, work.options.sizes, work.options.run, work.options.seed + number),
      finished_(finished_slots) {
    const auto accounts = static_cast<std::uint32_t>(work.options.accounts.size());
    for (std::uint32_t i = 0; i < work.options.sessions; ++i)
        if (const std::uint32_t account = i % accounts; account % threads == number) plan_.push_back({i, account});
    phase_.count = 0;
}

Customers::~Customers() = default;

// ---- sessions

void Customers::connect(const io::Endpoint& gateway) {
    gateway_ = gateway;
    connect_more();
}

void Customers::connect_more() {
    while (!unbinding_ && trouble_.empty() && under_way_ < max_under_way && connects_ < plan_.size()) {
        const io::LinkId link = work_.reactor.io().connect(gateway_);
        if (work_.options.secrets) work_.reactor.io().secure(link, work_.options.secrets->customers, secret_name);
        ++connects_;
        ++under_way_;
    }
}

void Customers::on_connect(io::LinkId link, std::error_code error) {
    if (error) {
        --under_way_;
        if (trouble_.empty()) trouble_ = "cannot connect to " + gateway_.to_string() + ": " + error.message();
        return;
    }
    const Planned& planned = plan_[next_planned_++];
    session::SessionConfig config;
    config.role = session::Role::esme;
    config.window = work_.options.window;
    config.timers.session_init = config.timers.response = seconds(60);
    Session& session = work_.parties.add(std::make_unique<Session>(*this, planned, link, config));
    session.sends = is_active(planned.number);
    sessions_.push_back(&session);
    session::BindRequest bind;
    bind.system_id = work_.options.accounts[planned.account].system_id;
    bind.password = work_.options.accounts[planned.account].password;
    session.link.session().bind(bind, work_.reactor.now().mono);
    session.link.touch();
}

bool Customers::is_active(std::uint32_t number) const {
    const std::uint32_t sessions = work_.options.sessions, active = work_.options.active;
    if (active == 0 || active >= sessions) return true;
    const std::uint32_t step = sessions / active;
    return number % step == 0 && number / step < active;
}

void Customers::bound(Session& session) {
    session.was_bound = true;
    --under_way_;
    work_.counters.sessions.add(1);
    mark_ready(session);
    connect_more();
}

void Customers::ended(Session& session, session::EndReason reason, CommandStatus status) {
    if (!unbinding_) {
        work_.counters.sessions_lost.add();
        if (trouble_.empty())
            trouble_ = reason == session::EndReason::bind_refused
                           ? "the bind of " + work_.options.accounts[session.account].system_id +
                                 " was refused: " + std::string(smpp::name_of(status))
                           : "a customer's session ended: " + std::string(session::to_string(reason));
    }
    session.was_bound ? work_.counters.sessions.add(-1) : static_cast<void>(--under_way_);
    std::erase(sessions_, &session);
    std::erase(ready_, &session);
    work_.parties.retire(session);
}

void Customers::unbind() {
    unbinding_ = true;
    const std::vector<Session*> all = sessions_;  // one that ends at once leaves the list
    for (Session* session : all) {
        session->link.session().unbind(work_.reactor.now().mono);
        session->link.touch();
    }
}

// ---- sending

void Customers::begin(const Phase& phase) {
    phase_ = phase;
    sent_ = 0;
    blocked_ = false;
    blocked_until_ = {};
    work_.counters.sending.set(phase.count > 0);
}

void Customers::mark_ready(Session& session) {
    if (!session.sends || session.ready || session.resting) return;
    session.ready = true;
    ready_.push_back(&session);
    if (std::exchange(blocked_, false)) blocked_until_ = std::max(work_.event_time, work_.reactor.now().mono);
}

void Customers::rest(Session& session) {
    if (std::exchange(session.resting, true)) return;
    const io::LinkId link = session.link.link();
    work_.reactor.timers().arm(work_.reactor.now().mono + rest_after_refusal, [this, link] {
        auto* const rested = static_cast<Session*>(work_.parties.find(link));
        if (rested == nullptr) return;
        rested->resting = false;
        mark_ready(*rested);
    });
}

std::optional<std::uint32_t> Customers::next_message() {
    if (next_message_ == block_end_) {
        const auto first = work_.ledger.take_block();
        if (!first) return std::nullopt;
        next_message_ = *first;
        block_end_ = *first + Ledger::block;
    }
    return next_message_++;
}

void Customers::pump() {
    if (work_.counters.sending.value() == 0) return;
    const MonoTime now = std::chrono::steady_clock::now();
    if (now < phase_.begin) return;
    phase_.interval > nanoseconds::zero() ? pump_open(now) : pump_closed(now);
    const MonoTime last = phase_.interval > nanoseconds::zero()
                              ? phase_.begin + static_cast<std::int64_t>(sent_) * phase_.interval : now;
    if (sent_ >= phase_.count || last >= phase_.end) work_.counters.sending.set(0);
}

void Customers::pump_closed(MonoTime now) {
    if (now >= phase_.end) return;
    for (std::size_t left = ready_.size(); left > 0 && sent_ < phase_.count; --left) {
        Session& session = *ready_.front();
        ready_.pop_front();
        session.ready = false;
        while (sent_ < phase_.count && !session.resting && session.has_room())
            if (!send(session, now, now)) return;
        if (session.has_room()) mark_ready(session);
        session.link.touch();
    }
}

void Customers::pump_open(MonoTime now) {
    if (now < rest_until_) return;
    while (sent_ < phase_.count) {
        const MonoTime due = phase_.begin + static_cast<std::int64_t>(sent_) * phase_.interval;
        if (due > now || due >= phase_.end) return;
        rest_until_ = now + send_quantum;
        while (!ready_.empty() && (ready_.front()->resting || !ready_.front()->has_room())) {
            ready_.front()->ready = false;
            ready_.pop_front();
        }
        if (ready_.empty()) {
            blocked_ = true;
            return;
        }
        Session& session = *ready_.front();
        ready_.pop_front();
        session.ready = false;
        work_.latencies.lag.record(now - std::max(due, blocked_until_));
        if (!send(session, due, now)) return;
        session.link.touch();
        mark_ready(session);
    }
}

bool Customers::send(Session& session, MonoTime due, MonoTime now) {
    const auto message = next_message();
    if (!message) {
        phase_.count = sent_;
        if (trouble_.empty()) trouble_ = "the run has become too long: no more than 2^28 messages";
        return false;
    }
    const std::array<char, 12> destination = destination_of(*message);
    smpp::SubmitSm pdu;
    pdu.source_addr_ton = static_cast<std::uint8_t>(smpp::Ton::alphanumeric);
    pdu.source_addr = "bench";
    pdu.dest_addr_ton = static_cast<std::uint8_t>(smpp::Ton::international);
    pdu.dest_addr_npi = static_cast<std::uint8_t>(smpp::Npi::e164);
    pdu.destination_addr = {destination.data(), destination.size()};
    pdu.registered_delivery = work_.options.receipts ? smpp::registered_delivery::receipt_final
                                                     : smpp::registered_delivery::receipt_none;
    composer_.compose(*message, session.part, pdu);
    work_.ledger.sent(*message, session.number, due);
    session.link.session().send(CommandId::submit_sm, pdu, *message, now);
    work_.counters.sent.add();
    ++sent_;
    return true;
}

nanoseconds Customers::max_wait() const {
    constexpr nanoseconds longest = milliseconds(100);
    if (work_.counters.sending.value() == 0) return longest;
    const MonoTime now = std::chrono::steady_clock::now();
    if (now < phase_.begin) return std::min<nanoseconds>(longest, phase_.begin - now);
    if (phase_.interval == nanoseconds::zero() || ready_.empty()) return longest;
    const MonoTime due = phase_.begin + static_cast<std::int64_t>(sent_) * phase_.interval;
    return std::clamp<nanoseconds>(due - now, nanoseconds::zero(), longest);
}

// ---- what comes back

void Customers::answered(Session& session, std::uint32_t message, const smpp::Header& header, ByteView body) {
    mark_ready(session);
    work_.note_event();
    if (header.status != CommandStatus::ESME_ROK) {
        work_.ledger.answered(message, Answer::refused);
        work_.counters.refused.add();
        ++refusals_[header.status];
        return rest(session);
    }
    work_.ledger.answered(message, Answer::accepted);
    work_.counters.accepted.add();
    work_.latencies.response.record(work_.event_time - work_.ledger.due(message));
    if (!work_.options.receipts) return;
    const auto pdu = smpp::decode<smpp::SubmitSmResp>(body);
    const std::uint64_t id = id_of(session.account, pdu ? pdu->message_id : std::string_view());
    if (const std::uint64_t* const early = early_.find(id)) {
        work_.latencies.receipt.record(MonoTime(nanoseconds(static_cast<std::int64_t>(*early))) -
                                       work_.ledger.due(message));
        early_.erase(id);
        remember(id);
        return settle(message);
    }
    awaited_.put(id, message + std::uint64_t{1});
}

void Customers::receipt(std::uint32_t account, const smpp::DeliverSm& pdu) {
    const smpp::Receipt receipt = smpp::read_receipt(pdu);
    if (receipt.kind != smpp::ReceiptKind::receipt) return work_.counters.receipts_unknown.add();
    work_.note_event();
    const std::uint64_t id = id_of(account, receipt.message_id);
    if (const std::uint64_t* const found = awaited_.find(id)) {
        const auto message = static_cast<std::uint32_t>(*found - 1);
        work_.latencies.receipt.record(work_.event_time - work_.ledger.due(message));
        awaited_.erase(id);
        remember(id);
        return settle(message);
    }
    if (finished_[id % finished_.size()] == id) return work_.counters.receipts_duplicated.add();
    if (early_.find(id) != nullptr || early_.size() == max_early) return work_.counters.receipts_unknown.add();
    early_.put(id, static_cast<std::uint64_t>(work_.event_time.time_since_epoch().count()));
}

void Customers::settle(std::uint32_t message) {
    if (work_.ledger.receipted(message)) work_.counters.receipted.add();
}

}  // namespace sluice::bench
