#pragma once

#include <deque>
#include <optional>

#include "codecs/smpp/pdu.hpp"
#include "codecs/smpp/receipt.hpp"
#include "peer.hpp"

namespace sluice::sim {

/// A customer with a few binds: submits numbered texts, notes the ids it is given, and takes receipts and
/// mobile-originated messages. Connects again after every end.
class SimCustomer final : public Peer {
public:
    SimCustomer(io::SimNet& net, const Clock& clock, Ledger& ledger, std::uint64_t seed, std::string system_id,
                const io::Endpoint& gateway, int binds, bool odd, bool operations)
        : Peer(net, clock, ledger, seed), system_id_(std::move(system_id)), gateway_(gateway), odd_(odd),
          operations_(operations) {
        for (int i = 0; i < binds; ++i) connect(i);
    }

    void stop_submitting() { submitting_ = false; }

    void on_accept(io::LinkId, io::ListenerId, const io::Endpoint&) override {}
    void on_connect(io::LinkId link, std::error_code error) override {
        const int bind = connecting_.at(link.packed());
        connecting_.erase(link.packed());
        if (error) return again(bind);
        session::SessionConfig config;
        config.role = session::Role::esme;
        config.window = 20;
        PeerLink& peer = open(link, config);
        bind_of_[peer.session.get()] = bind;
        session::BindRequest request;
        request.system_id = system_id_;
        request.password = "secret";
        request.type = bind == 0   ? smpp::CommandId::bind_transceiver
                       : bind == 1 ? smpp::CommandId::bind_transmitter
                                   : smpp::CommandId::bind_receiver;
        peer.session->bind(request, now());
        touch(peer);
    }
    void on_bound(session::Session& s) override {
        if (PeerLink* peer = find(s)) submit_soon(peer->link);
    }

    void on_request(session::Session& s, const smpp::Header& header, ByteView body) override {
        const auto pdu = smpp::decode<smpp::DeliverSm>(body);
        if (!pdu) {
            ledger_.wrong.push_back(system_id_ + " got a malformed deliver_sm");
            return s.respond(header.id, header.sequence, smpp::CommandStatus::ESME_RSYSERR);
        }
        const PeerLink& peer = *find(s);
        Ledger::Arrival arrived = arrival(peer);
        arrived.refused = submitting_ && random_.chance(0.02);
        nanoseconds delay{0};
        if (submitting_ && odd_ && random_.chance(0.1)) delay = milliseconds(random_.below(200));
        if (submitting_ && odd_ && random_.chance(0.005)) delay = Ledger::patience + milliseconds(random_.below(2000));
        const bool never = submitting_ && odd_ && random_.chance(0.005);
        arrived.answered = !arrived.refused && !never && delay < Ledger::patience;
        if (smpp::receipt_kind(pdu->esm_class) != smpp::ReceiptKind::none) receipt(*pdu, arrived);
        else if (arrived.answered) originated(*pdu);
        if (never) return;
        const auto answer = [this, link = peer.link, id = header.id, sequence = header.sequence,
                             refused = arrived.refused] {
            PeerLink* still = find(link);
            if (still == nullptr) return;
            const auto status = refused ? smpp::CommandStatus::ESME_RX_T_APPN : smpp::CommandStatus::ESME_ROK;
            still->session->respond(id, sequence, status, 1, [](std::uint8_t* to) {
                *to = 0;
                return std::size_t{1};
            });
            if (submitting_ && odd_ && random_.chance(0.01))  // and once more
                smpp::write_pdu(reactor_->io().out(link), smpp::response_of(id), status, sequence,
                                smpp::MessageIdResp{});
            touch(*still);
        };
        if (delay == nanoseconds(0)) return answer();
        reactor_->timers().arm(now() + delay, answer);
    }
    void on_response(session::Session&, std::uint64_t cookie, const smpp::Header& header, ByteView body) override {
        const Asked asked = asked_.at(cookie);
        asked_.erase(cookie);
        const bool good = header.status == smpp::CommandStatus::ESME_ROK;
        ledger_.trace(now(), "answer " + asked.text + " " + std::to_string(static_cast<std::uint32_t>(header.status)));
        switch (asked.command) {
            case smpp::CommandId::submit_sm: return good ? submitted(asked, body) : void();
            case smpp::CommandId::submit_multi: return good ? submitted_to_many(asked, body) : void();
            default:
                if (good && asked.foreign) ledger_.wrong.push_back(system_id_ + " could act on " + asked.text);
                if (!good || asked.foreign) return;
                ++ledger_.operations_done;
                Ledger::Sent& sent = ledger_.sent.at(asked.text);
                sent.decided_at = now();
                if (asked.command == smpp::CommandId::cancel_sm) sent.cancelled = true;
                if (asked.command == smpp::CommandId::replace_sm) sent.replaced = true;
                if (asked.command == smpp::CommandId::query_sm) queried(sent, asked, body);
        }
    }
    void on_unanswered(session::Session&, std::uint64_t cookie) override {
        const Asked asked = asked_.at(cookie);
        asked_.erase(cookie);
        if (asked.command == smpp::CommandId::cancel_sm) ledger_.sent.at(asked.text).maybe_cancelled = true;
    }

private:
    void lost(PeerLink& peer) override {
        const int bind = bind_of_.at(peer.session.get());
        bind_of_.erase(peer.session.get());
        again(bind);
    }
    void again(int bind) {
        reactor_->timers().arm(now() + milliseconds(100 + random_.below(900)), [this, bind] { connect(bind); });
    }
    void connect(int bind) {
        const io::LinkId link = reactor_->io().connect(gateway_);
        connecting_[link.packed()] = bind;
        // A connection that is cut while it is made is never heard of again.
        reactor_->timers().arm(now() + seconds(10), [this, link] {
            const auto waiting = connecting_.find(link.packed());
            if (waiting == connecting_.end()) return;
            const int cut = waiting->second;
            connecting_.erase(waiting);
            reactor_->io().abort(link);
            again(cut);
        });
    }

    void submit_soon(io::LinkId link) {
        reactor_->timers().arm(now() + milliseconds(1 + random_.below(60)), [this, link] {
            PeerLink* peer = find(link);
            if (peer == nullptr || !peer->session->bound() || !submitting_) return;
            if (peer->session->can_send())
                for (std::uint64_t n = random_.below(5); n > 0 && peer->session->window_open(); --n) submit(*peer);
            if (operations_ && peer->session->can_send() && peer->session->window_open() && random_.chance(0.2))
                operate(*peer);
            touch(*peer);
            submit_soon(link);
        });
    }
    struct Asked {
        smpp::CommandId command{};
        std::string text;
        MonoTime at{};
        bool foreign = false;  ///< about a message of somebody else
    };

    template <class Body>
    bool ask(PeerLink& peer, smpp::CommandId command, const Body& pdu, const std::string& text, bool foreign = false) {
        const std::uint64_t cookie = ++cookie_;
        asked_[cookie] = {command, text, now(), foreign};
        ledger_.trace(now(), "ask " + std::to_string(static_cast<std::uint32_t>(command)) + " " + text);
        if (peer.session->send(command, pdu, cookie, now()) != 0) return true;
        asked_.erase(cookie);
        return false;
    }
    void submit(PeerLink& peer) {
        if (operations_ && random_.chance(0.02)) return submit_to_many(peer);
        const std::string text = system_id_ + "/" + std::to_string(++count_);
        Ledger::Sent& sent = ledger_.sent[text];
        sent.account = system_id_;
        sent.wants_receipt = random_.chance(0.8);
        sent.submitted_at = now();
        sent.jumps = ledger_.jumps;
        smpp::SubmitSm pdu;
        pdu.source_addr = "1000";
        pdu.dest_addr_ton = 1;
        pdu.dest_addr_npi = 1;
        pdu.destination_addr = "4477009001";
        pdu.registered_delivery = sent.wants_receipt ? 1 : 0;
        pdu.priority_flag = static_cast<std::uint8_t>(random_.below(2));
        sent.priority = pdu.priority_flag;
        pdu.short_message = as_bytes(text);
        if (operations_ && random_.chance(0.05)) {
            const int after = 1 + static_cast<int>(random_.below(15));
            schedule_ = std::string("0000000000") + (after < 10 ? "0" : "") + std::to_string(after) + "000R";
            pdu.schedule_delivery_time = schedule_;
            sent.timed = true;
            sent.due_at = reactor_->now().wall + seconds(after);
        }
        if (operations_ && random_.chance(0.03)) {
            pdu.validity_period = "000000000020000R";
            sent.expires = true;
        }
        ask(peer, smpp::CommandId::submit_sm, pdu, text);
    }
    void submit_to_many(PeerLink& peer) {
        const std::string text = system_id_ + "/" + std::to_string(++count_) + "/multi";
        std::array<std::uint8_t, 255> room;
        smpp::ListWriter<smpp::Destination> list(room);
        const bool wants_receipt = random_.chance(0.8);
        for (const char* to : {"44770090010", "44770090011", "44770090012"}) {
            smpp::Destination destination;
            destination.dest_flag = smpp::dest_flag_sme;
            destination.dest_addr_ton = destination.dest_addr_npi = 1;
            destination.destination_addr = to;
            SLUICE_CHECK(list.add(destination));
            Ledger::Sent& sent = ledger_.sent[text + to[10]];
            sent.account = system_id_;
            sent.wants_receipt = wants_receipt;
            sent.submitted_at = now();
            sent.timed = true;  // the ids of its parts are not known: their order cannot be judged
            sent.jumps = ~0ull;
        }
        smpp::SubmitMulti pdu;
        pdu.source_addr = "1000";
        pdu.dest_address = list.view();
        pdu.registered_delivery = wants_receipt ? 1 : 0;
        pdu.short_message = as_bytes(text);
        ask(peer, smpp::CommandId::submit_multi, pdu, text);
    }
    /// query_sm, cancel_sm or replace_sm for a message of late, now and then for one of somebody else.
    void operate(PeerLink& peer) {
        const bool foreign = random_.chance(0.1) && !ledger_.text_of_id.empty();
        std::string text;
        if (foreign) {
            auto one = ledger_.text_of_id.begin();
            std::advance(one, static_cast<std::ptrdiff_t>(random_.below(ledger_.text_of_id.size())));
            text = one->second;
        } else if (!late_.empty()) {
            text = late_[random_.below(late_.size())];
        }
        const auto found = ledger_.sent.find(text);
        if (found == ledger_.sent.end()) return;
        const Ledger::Sent& sent = found->second;
        const bool not_mine = sent.account != system_id_;
        ++ledger_.operations;
        switch (random_.below(4)) {
            case 0: {
                smpp::CancelSm pdu;
                pdu.message_id = sent.id;
                pdu.source_addr = "1000";
                ask(peer, smpp::CommandId::cancel_sm, pdu, text, not_mine);
                return;
            }
            case 1: {
                smpp::ReplaceSm pdu;
                const std::string changed = text + "/new";
                pdu.message_id = sent.id;
                pdu.source_addr = "1000";
                pdu.registered_delivery = sent.wants_receipt ? 1 : 0;
                pdu.short_message = as_bytes(changed);
                ask(peer, smpp::CommandId::replace_sm, pdu, text, not_mine);
                return;
            }
            default: {
                smpp::QuerySm pdu;
                pdu.message_id = sent.id;
                pdu.source_addr = "1000";
                ask(peer, smpp::CommandId::query_sm, pdu, text, not_mine);
            }
        }
    }

    void submitted(const Asked& asked, ByteView body) {
        const auto response = smpp::decode<smpp::SubmitSmResp>(body);
        if (!response || response->message_id.empty()) {
            ledger_.wrong.push_back("ESME_ROK without a message_id for " + asked.text);
            return;
        }
        ledger_.admitted[system_id_].push_back({asked.at, now()});
        acknowledged(asked.text, asked.text, std::string(response->message_id));
        late_.push_back(asked.text);
        if (late_.size() > 40) late_.pop_front();
    }
    void submitted_to_many(const Asked& asked, ByteView body) {
        const auto response = smpp::decode<smpp::SubmitMultiResp>(body);
        if (!response || response->message_id.empty())
            return ledger_.wrong.push_back("ESME_ROK without a message_id for " + asked.text);
        std::string left_out;
        for (const smpp::UnsuccessSme& one : response->unsuccess_sme) left_out += one.destination_addr.back();
        for (const char part : {'0', '1', '2'}) {
            if (left_out.find(part) != std::string::npos) continue;
            ledger_.admitted[system_id_].push_back({asked.at, now()});
            acknowledged(asked.text, asked.text + part, std::string(response->message_id));
        }
    }
    /// `text` has `id` now; `name` is what the id stands for.
    void acknowledged(const std::string& name, const std::string& text, const std::string& id) {
        Ledger::Sent& sent = ledger_.sent.at(text);
        sent.id = id;
        const auto [known, added] = ledger_.text_of_id.emplace(id, name);
        if (!added && known->second != name) ledger_.wrong.push_back("message_id twice: " + id);
        if (const auto early = early_.find({id, destination_of(text)}); early != early_.end()) {
            sent.receipts = early->second.arrivals;
            sent.stat = early->second.stat;
            early_.erase(early);
        }
    }
    void queried(const Ledger::Sent& sent, const Asked& asked, ByteView body) {
        const auto response = smpp::decode<smpp::QuerySmResp>(body);
        if (!response || response->message_id != sent.id || !smpp::message_state_from(response->message_state))
            ledger_.wrong.push_back("a query_sm_resp that makes no sense for " + asked.text);
    }
    static std::string destination_of(const std::string& text) {
        const auto multi = text.find("/multi");
        return multi == std::string::npos ? "4477009001" : "4477009001" + text.substr(multi + 6);
    }

    struct Early {
        std::vector<Ledger::Arrival> arrivals;
        std::string stat;
    };
    void receipt(const smpp::DeliverSm& pdu, const Ledger::Arrival& arrived) {
        const smpp::Receipt receipt = smpp::read_receipt(pdu);
        const std::string id(receipt.message_id), stat(receipt.text.stat), of(pdu.source_addr);
        ledger_.trace(now(), system_id_ + " receipt " + id + " " + stat + " on " + std::to_string(arrived.connection));
        Ledger::Sent* sent = nullptr;
        if (const auto name = ledger_.text_of_id.find(id); name != ledger_.text_of_id.end()) {
            const std::string part = name->second.ends_with("/multi") ? name->second + of.back() : name->second;
            sent = &ledger_.sent.at(part);
            if (sent->id.empty()) sent = nullptr;
        }
        Early& early = early_[{id, of}];  // its answer was lost on the way, or is still to come
        auto& arrivals = sent != nullptr ? sent->receipts : early.arrivals;
        std::string& known = sent != nullptr ? sent->stat : early.stat;
        if (sent != nullptr) {
            if (sent->account != system_id_)
                ledger_.wrong.push_back("a receipt of " + sent->account + " came to " + system_id_);
            if (!sent->wants_receipt) ledger_.wrong.push_back("a receipt that nobody asked for: " + id);
        }
        if (!arrivals.empty() && !ledger_.may_come_again(arrivals.back(), arrived))
            ledger_.wrong.push_back("a receipt again without a reason: " + id);
        if (!known.empty() && known != stat)
            ledger_.wrong.push_back("two final states: " + id + " " + known + " " + stat);
        arrivals.push_back(arrived);
        known = stat;
        if (sent != nullptr) early_.erase({id, of});
    }
    void originated(const smpp::DeliverSm& pdu) {
        const std::string text(as_text(pdu.short_message));
        ledger_.trace(now(), system_id_ + " mo " + text);
        const auto found = ledger_.originated.find(text);
        if (found == ledger_.originated.end()) return ledger_.wrong.push_back("a message out of nowhere: " + text);
        const auto mine = found->second.delivered.find(system_id_);
        if (mine == found->second.delivered.end()) return ledger_.wrong.push_back(text + " came to " + system_id_);
        ++mine->second;
    }

    std::string system_id_;
    io::Endpoint gateway_;
    std::map<std::uint64_t, int> connecting_;
    std::map<session::Session*, int> bind_of_;
    std::map<std::uint64_t, Asked> asked_;  ///< and not answered, by cookie
    std::deque<std::string> late_;          ///< texts that were acknowledged of late
    /// Receipts of what is not acknowledged, by id and number.
    std::map<std::pair<std::string, std::string>, Early> early_;
    std::string schedule_;
    bool odd_;
    bool operations_;
    std::uint64_t cookie_ = 0;
    int count_ = 0;
    bool submitting_ = true;
};

}  // namespace sluice::sim
