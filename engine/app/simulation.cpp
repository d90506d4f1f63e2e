#include "engine/app/simulation.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "codecs/smpp/pdu.hpp"
#include "engine/app/message_id_text.hpp"
#include "engine/app/simulation_peer.hpp"

namespace sluice::app {

using smpp::CommandId;
using smpp::CommandStatus;

namespace {

/// What may come at once after a pause: a tenth of a second's worth.
routing::Rate with_burst(std::uint32_t per_second) { return {per_second, std::max(1u, per_second / 10)}; }

bool percent(Random& random, double share) { return share > 0 && random.chance(share / 100); }

/// Does a message that ends in this state get a receipt?
bool wants_receipt(std::uint8_t registered_delivery, smpp::MessageState state) {
    namespace rd = smpp::registered_delivery;
    switch (registered_delivery & rd::receipt_mask) {
        case rd::receipt_final: return true;
        case rd::receipt_failure: return state != smpp::MessageState::delivered;
        case rd::receipt_success: return state == smpp::MessageState::delivered;
        default: return false;
    }
}

/// Ids that no earlier run has used: about a million a second before they could meet the next run's.
std::uint64_t first_id_by_clock(const Clock& clock) {
    return static_cast<std::uint64_t>(std::chrono::floor<seconds>(clock.wall()).time_since_epoch().count()) << 20;
}

}  // namespace

Simulation::Simulation(const MessageCentreOptions& options, std::unique_ptr<io::Io> io, const Clock& clock)
    : options_(options),
      random_(options.seed),
      reactor_(std::move(io), *this, clock),
      rate_(with_burst(options.slow_down ? 0 : options.rate), reactor_.now().mono),
      originating_rate_(with_burst(options.mobile_originated.per_second), reactor_.now().mono),
      next_id_(options.first_id != 0 ? options.first_id : first_id_by_clock(clock)) {
    reactor_.at_turn_end([this] { retired_.clear(); });
    if (options.mobile_originated.per_second != 0) originate();
}

Simulation::~Simulation() = default;

Result<io::Endpoint> Simulation::listen(const io::Endpoint& endpoint) {
    auto listener = reactor_.io().listen(endpoint, {});
    if (!listener) return std::unexpected(listener.error());
    listener_ = *listener;
    return reactor_.io().local_endpoint(listener_);
}

void Simulation::stop(nanoseconds patience) {
    stopping_ = true;
    reactor_.io().stop_listening(listener_);
    for (auto& peer : peers_) {
        if (!peer) continue;
        Peer& still_here = *peer;
        still_here.session().unbind(reactor_.now().mono);
        still_here.link.touch();
    }
    wait_for_the_end(reactor_.now().mono + patience);
}

void Simulation::wait_for_the_end(MonoTime limit) {
    const MonoTime now = reactor_.now().mono;
    if (now >= limit || reactor_.io().links() == 0) return reactor_.stop();
    // Nothing tells that the last link has sent what it had to: it is looked for.
    reactor_.timers().arm(std::min(limit, now + milliseconds(5)), [this, limit] { wait_for_the_end(limit); });
}

// ---- sessions

Simulation::Peer* Simulation::find(io::LinkId link) {
    if (link.index >= peers_.size() || !peers_[link.index]) return nullptr;
    Peer* const peer = peers_[link.index].get();
    return peer->link.link() == link ? peer : nullptr;
}

void Simulation::on_accept(io::LinkId link, io::ListenerId, const io::Endpoint&) {
    if (stopping_) return reactor_.io().abort(link);
    if (options_.tls) reactor_.io().secure(link, options_.tls);
    session::SessionConfig config;
    config.role = session::Role::message_centre;
    config.timers = options_.timers;
    config.window = options_.window;
    // What is unanswered is bounded by max_pending, all sessions together; what is lost on purpose counts nowhere.
    config.peer_window = std::numeric_limits<std::uint32_t>::max();
    config.system_id = "sluice-mc";
    if (link.index >= peers_.size()) peers_.resize(link.index + 1);
    peers_[link.index] = std::make_unique<Peer>(*this, link, config);
}

std::size_t Simulation::on_data(io::LinkId link, ByteView data) {
    Peer* const peer = find(link);
    return peer != nullptr ? peer->link.receive(data) : data.size();
}

void Simulation::on_drained(io::LinkId link) {
    Peer* const peer = find(link);
    if (peer != nullptr && peer->system != nullptr) pump(*peer->system);
}

void Simulation::on_close(io::LinkId link, std::error_code) {
    if (Peer* const peer = find(link)) peer->link.lost();
}

void Simulation::bind(Peer& peer, const smpp::Bind& bind) {
    const MonoTime now = reactor_.now().mono;
    if (stopping_) return peer.session().refuse_bind(CommandStatus::ESME_RBINDFAIL, now);
    if (!options_.system_id.empty() && bind.system_id != options_.system_id)
        return peer.session().refuse_bind(CommandStatus::ESME_RINVSYSID, now);
    if (!options_.password.empty() && bind.password != options_.password)
        return peer.session().refuse_bind(CommandStatus::ESME_RINVPASWD, now);
    auto system = systems_.find(bind.system_id);
    if (system == systems_.end()) {
        system = systems_.emplace(bind.system_id, System()).first;
        system->second.name = bind.system_id;
    }
    peer.system = &system->second;
    ++peer.system->peers;
    peer.session().accept_bind(now);
}

void Simulation::bound(Peer& peer) {
    counters_.sessions.add(1);
    if (!peer.session().can_send()) return;
    peer.system->receivers.push_back(&peer);
    pump(*peer.system);
}

void Simulation::ended(Peer& peer) {
    peer.link.close();
    if (peer.system != nullptr) {
        counters_.sessions.add(-1);
        System& system = *std::exchange(peer.system, nullptr);
        std::erase(system.receivers, &peer);
        --system.peers;
        forget_if_idle(system);
    }
    retired_.push_back(std::move(peers_[peer.link.link().index]));
}

void Simulation::forget_if_idle(const System& system) {
    if (system.peers == 0 && system.deliveries == 0) systems_.erase(systems_.find(system.name));
}

// ---- submissions

void Simulation::take(Peer& peer, const smpp::Header& header, ByteView body) {
    if (header.id == CommandId::submit_sm) {
        const auto pdu = smpp::decode<smpp::SubmitSm>(body);
        if (!pdu) return peer.session().respond_error(header.id, header.sequence, pdu.error().status);
        submit(peer, header,
               {pdu->source_addr, pdu->destination_addr, pdu->source_addr_ton, pdu->source_addr_npi, pdu->dest_addr_ton,
                pdu->dest_addr_npi, pdu->esm_class, pdu->registered_delivery, pdu->data_coding, message_text(*pdu)});
    } else if (header.id == CommandId::data_sm) {
        const auto pdu = smpp::decode<smpp::DataSm>(body);
        if (!pdu) return peer.session().respond_error(header.id, header.sequence, pdu.error().status);
        submit(peer, header,
               {pdu->source_addr, pdu->destination_addr, pdu->source_addr_ton, pdu->source_addr_npi, pdu->dest_addr_ton,
                pdu->dest_addr_npi, pdu->esm_class, pdu->registered_delivery, pdu->data_coding, message_text(*pdu)});
    } else {
        peer.session().respond_unsupported(header.id, header.sequence);
    }
}

void Simulation::submit(Peer& peer, const smpp::Header& header, const Submission& submission) {
    counters_.submits.add();
    if (options_.close_after != 0 && ++peer.submits == options_.close_after) {
        counters_.unanswered.add();
        return peer.link.abort();
    }
    if (percent(random_, options_.never_answer)) return counters_.unanswered.add();

    const CommandStatus status = judge();
    const Answer reply{peer.link.link(), header.sequence, header.id, status,
                       status == CommandStatus::ESME_ROK ? next_id_++ : 0};
    const MonoTime now = reactor_.now().mono;
    const MonoTime at = answer_time();

    std::array<Handle, 2> receipts;
    std::size_t count = 0;
    if (status == CommandStatus::ESME_ROK) {
        const smpp::MessageState state = options_.outcomes.draw(random_);
        if (wants_receipt(submission.registered_delivery, state) && !percent(random_, options_.receipt_lost)) {
            count = percent(random_, options_.receipt_twice) ? 2 : 1;
            const bool first = percent(random_, options_.receipt_first);
            for (std::size_t i = 0; i < count; ++i)
                receipts[i] = add_receipt(*peer.system, submission, reply.id, state);
            if (first) {
                while (count > 0) make_ready(receipts[--count]);
                pump(*peer.system);
            }
        }
    }
    if (at <= now) {
        answer(peer, reply);
    } else {
        answer_later(at, reply);
    }
    if (count == 0) return;
    const MonoTime due = at + options_.receipt_delay.draw(random_);
    for (std::size_t i = 0; i < count; ++i) deliver_at(due, receipts[i]);
}

CommandStatus Simulation::judge() {
    if (!rate_.take(reactor_.now().mono)) return CommandStatus::ESME_RTHROTTLED;
    if (full()) return CommandStatus::ESME_RMSGQFUL;
    return options_.errors.draw(random_);
}

MonoTime Simulation::answer_time() {
    MonoTime at = reactor_.now().mono;
    if (options_.slow_down && options_.rate != 0) {
        at = std::max(at, next_slot_);
        next_slot_ = at + seconds(1) / options_.rate;
    }
    return at + options_.latency.draw(random_);
}

void Simulation::answer(Peer& peer, const Answer& answer) {
    if (answer.status != CommandStatus::ESME_ROK) {
        counters_.refused.add();
        return peer.session().respond(answer.command, answer.sequence, answer.status);
    }
    counters_.accepted.add();
    peer.session().respond(answer.command, answer.sequence, answer.status, message_id_text_max + 1,
                           [&](std::uint8_t* to) {
        const std::size_t size = write_message_id(answer.id, options_.response_id, reinterpret_cast<char*>(to));
        to[size] = 0;
        return size + 1;
    });
}

void Simulation::answer_later(MonoTime at, const Answer& reply) {
    const Handle handle = answers_.emplace(reply);
    reactor_.timers().arm(at, [this, handle] {
        const Answer due = answers_.at(handle);
        answers_.erase(handle);
        Peer* const peer = find(due.link);
        if (peer == nullptr) return;  // it left; its message goes on all the same
        answer(*peer, due);
        peer->link.touch();
    });
}

}  // namespace sluice::app
