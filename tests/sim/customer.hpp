#pragma once

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
                const io::Endpoint& gateway, int binds)
        : Peer(net, clock, ledger, seed), system_id_(std::move(system_id)), gateway_(gateway) {
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
        if (random_.chance(0.02) && submitting_)
            return s.respond(header.id, header.sequence, smpp::CommandStatus::ESME_RX_T_APPN);
        if (smpp::receipt_kind(pdu->esm_class) != smpp::ReceiptKind::none) receipt(*pdu);
        else originated(*pdu);
        s.respond(header.id, header.sequence, smpp::CommandStatus::ESME_ROK, 1, [](std::uint8_t* to) {
            *to = 0;
            return std::size_t{1};
        });
    }
    void on_response(session::Session&, std::uint64_t cookie, const smpp::Header& header, ByteView body) override {
        const std::string text = texts_.at(cookie);
        texts_.erase(cookie);
        ledger_.trace(now(), "answer " + text + " " + std::to_string(static_cast<std::uint32_t>(header.status)));
        if (header.status != smpp::CommandStatus::ESME_ROK) return;
        const auto response = smpp::decode<smpp::SubmitSmResp>(body);
        if (!response || response->message_id.empty()) {
            ledger_.wrong.push_back("ESME_ROK without a message_id for " + text);
            return;
        }
        Ledger::Sent& sent = ledger_.sent.at(text);
        sent.id = response->message_id;
        if (!ledger_.text_of_id.emplace(sent.id, text).second) ledger_.wrong.push_back("message_id twice: " + sent.id);
        for (const auto& [id, stat] : early_)
            if (id == sent.id) note(sent, stat);
        std::erase_if(early_, [&](const auto& e) { return e.first == sent.id; });
    }
    void on_unanswered(session::Session&, std::uint64_t cookie) override { texts_.erase(cookie); }

private:
    void lost(PeerLink& peer) override {
        const int bind = bind_of_.at(peer.session.get());
        bind_of_.erase(peer.session.get());
        again(bind);
    }
    void again(int bind) {
        reactor_->timers().arm(now() + milliseconds(100 + random_.below(900)), [this, bind] { connect(bind); });
    }
    void connect(int bind) { connecting_[reactor_->io().connect(gateway_).packed()] = bind; }

    void submit_soon(io::LinkId link) {
        reactor_->timers().arm(now() + milliseconds(1 + random_.below(60)), [this, link] {
            PeerLink* peer = find(link);
            if (peer == nullptr || !peer->session->bound() || !submitting_) return;
            if (peer->session->can_send())
                for (std::uint64_t n = random_.below(5); n > 0 && peer->session->window_open(); --n) submit(*peer);
            touch(*peer);
            submit_soon(link);
        });
    }
    void submit(PeerLink& peer) {
        const std::string text = system_id_ + "/" + std::to_string(++count_);
        Ledger::Sent& sent = ledger_.sent[text];
        sent.account = system_id_;
        sent.wants_receipt = random_.chance(0.8);
        ++sent.submits;
        smpp::SubmitSm pdu;
        pdu.source_addr = "1000";
        pdu.dest_addr_ton = 1;
        pdu.dest_addr_npi = 1;
        pdu.destination_addr = "4477009001";
        pdu.registered_delivery = sent.wants_receipt ? 1 : 0;
        pdu.priority_flag = static_cast<std::uint8_t>(random_.below(2));
        pdu.short_message = as_bytes(text);
        const std::uint64_t cookie = ++cookie_;
        texts_[cookie] = text;
        ledger_.trace(now(), "submit " + text);
        const std::size_t size = smpp::encoded_size(pdu);
        if (peer.session->send(smpp::CommandId::submit_sm, size,
                               [&](std::uint8_t* to) { return smpp::encode(pdu, {to, size}); }, cookie, now()) == 0)
            texts_.erase(cookie);
    }
    void receipt(const smpp::DeliverSm& pdu) {
        const smpp::Receipt receipt = smpp::read_receipt(pdu);
        const std::string id(receipt.message_id), stat(receipt.text.stat);
        ledger_.trace(now(), system_id_ + " receipt " + id + " " + stat);
        const auto text = ledger_.text_of_id.find(id);
        if (text == ledger_.text_of_id.end()) {
            early_.emplace_back(id, stat);  // its answer was lost on the way, or is still to come
            return;
        }
        Ledger::Sent& sent = ledger_.sent.at(text->second);
        if (sent.account != system_id_) ledger_.wrong.push_back("a receipt of " + sent.account + " came to " + system_id_);
        if (!sent.wants_receipt) ledger_.wrong.push_back("a receipt that nobody asked for: " + text->second);
        note(sent, stat);
    }
    void note(Ledger::Sent& sent, const std::string& stat) {
        ++sent.final_receipts;
        if (!sent.stat.empty() && sent.stat != stat) ledger_.wrong.push_back("two final states: " + sent.id);
        sent.stat = stat;
    }
    void originated(const smpp::DeliverSm& pdu) {
        const std::string text(as_text(pdu.short_message));
        ledger_.trace(now(), system_id_ + " mo " + text);
        const auto found = ledger_.originated.find(text);
        if (found == ledger_.originated.end()) return ledger_.wrong.push_back("a message out of nowhere: " + text);
        if (found->second.owner != system_id_) ledger_.wrong.push_back(text + " came to " + system_id_);
        ++found->second.delivered;
    }

    std::string system_id_;
    io::Endpoint gateway_;
    std::map<std::uint64_t, int> connecting_;
    std::map<session::Session*, int> bind_of_;
    std::map<std::uint64_t, std::string> texts_;  ///< submitted and not answered, by cookie
    std::vector<std::pair<std::string, std::string>> early_;
    std::uint64_t cookie_ = 0;
    int count_ = 0;
    bool submitting_ = true;
};

}  // namespace sluice::sim
