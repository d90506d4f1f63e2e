#pragma once

#include <deque>

#include "codecs/smpp/pdu.hpp"
#include "codecs/smpp/receipt.hpp"
#include "peer.hpp"

namespace sluice::sim {

/// A message centre: takes messages, refuses some, and reports each one it took on any of its sessions, sometimes before
/// its answer, sometimes twice, again and again until the receipt is taken. Brings mobile-originated messages too.
class SimProvider final : public Peer {
public:
    SimProvider(io::SimNet& net, const Clock& clock, Ledger& ledger, std::uint64_t seed, std::string name)
        : Peer(net, clock, ledger, seed), name_(std::move(name)) {
        io::Endpoint any = address_;
        any.port = 2775;
        SLUICE_CHECK(reactor_->io().listen(any, {}).has_value());
        pump();
    }

    io::Endpoint endpoint() const {
        io::Endpoint e = address_;
        e.port = 2775;
        return e;
    }
    void behave() { faults_ = false; }
    void stop_originating() { originating_ = false; }
    bool owes_nothing() const { return receipts_.empty() && outstanding_.empty(); }

    void on_accept(io::LinkId link, io::ListenerId, const io::Endpoint&) override {
        session::SessionConfig config;
        config.role = session::Role::message_centre;
        config.system_id = name_;
        config.window = 10;
        open(link, config);
    }
    void on_connect(io::LinkId, std::error_code) override {}
    void on_bind(session::Session& s, const smpp::Header&, const smpp::Bind&) override { s.accept_bind(now()); }
    void on_bound(session::Session&) override {}

    void on_request(session::Session& s, const smpp::Header& header, ByteView body) override {
        const auto pdu = smpp::decode<smpp::SubmitSm>(body);
        if (!pdu) {
            ledger_.wrong.push_back(name_ + " got a malformed submit_sm");
            return s.respond(header.id, header.sequence, smpp::CommandStatus::ESME_RSYSERR);
        }
        const std::string text(as_text(pdu->short_message));
        const auto found = ledger_.sent.find(text);
        if (found == ledger_.sent.end()) ledger_.wrong.push_back(name_ + " got a message that nobody sent: " + text);
        ledger_.trace(now(), name_ + " got " + text);
        if (faults_ && random_.chance(0.03))
            return s.respond(header.id, header.sequence, smpp::CommandStatus::ESME_RTHROTTLED);
        if (faults_ && random_.chance(0.03))
            return s.respond(header.id, header.sequence, smpp::CommandStatus::ESME_RSYSERR);
        if (found != ledger_.sent.end()) {
            if (found->second.at_providers++ == 0) found->second.order = ++ledger_.order;
        }
        if (faults_ && random_.chance(0.01))
            return s.respond(header.id, header.sequence, smpp::CommandStatus::ESME_RINVDSTADR);
        if (found != ledger_.sent.end()) ++found->second.taken;
        const std::string id = name_ + std::to_string(++ids_);
        if (pdu->registered_delivery & 1) {
            const bool undelivered = random_.chance(0.1);
            const auto delay = random_.chance(0.05) ? nanoseconds(0) : milliseconds(random_.below(4000));
            receipts_.push_back({now() + delay, id, undelivered ? smpp::MessageState::undeliverable
                                                                : smpp::MessageState::delivered});
            if (random_.chance(0.05)) receipts_.push_back(receipts_.back());
        }
        const auto answer = [id](session::Session& to, CommandAndSequence request) {
            to.respond(request.id, request.sequence, smpp::CommandStatus::ESME_ROK, id.size() + 1, [&](std::uint8_t* at) {
                std::memcpy(at, id.c_str(), id.size() + 1);
                return id.size() + 1;
            });
        };
        const CommandAndSequence request{header.id, header.sequence};
        if (!random_.chance(0.3)) return answer(s, request);
        PeerLink* peer = find(s);
        reactor_->timers().arm(now() + milliseconds(random_.below(300)), [this, answer, request, link = peer->link] {
            if (PeerLink* still = this->find(link)) {
                answer(*still->session, request);
                touch(*still);
            }
        });
    }
    void on_response(session::Session&, std::uint64_t cookie, const smpp::Header& header, ByteView) override {
        const auto found = outstanding_.find(cookie);
        if (found == outstanding_.end()) return;
        const Owed owed = found->second;
        outstanding_.erase(found);
        if (header.status != smpp::CommandStatus::ESME_ROK) return again(owed);
        if (!owed.text.empty()) ledger_.originated.at(owed.text).acknowledged = true;
    }
    void on_unanswered(session::Session&, std::uint64_t cookie) override {
        const auto found = outstanding_.find(cookie);
        if (found == outstanding_.end()) return;
        again(found->second);
        outstanding_.erase(found);
    }

private:
    struct CommandAndSequence {
        smpp::CommandId id;
        std::uint32_t sequence;
    };
    struct Owed {
        MonoTime at{};
        std::string id;
        smpp::MessageState state{};
        std::string text{};  ///< of a mobile-originated message; empty: a receipt
        std::string to{};
    };

    void again(Owed owed) {
        owed.at = now() + milliseconds(200);
        receipts_.push_back(owed);
    }
    void pump() {
        if (originating_ && random_.chance(0.1)) {
            const bool first = random_.chance(0.5);
            const std::string text = name_ + "/mo/" + std::to_string(++ids_);
            ledger_.originated[text].owner = first ? "alpha" : "beta";
            receipts_.push_back({now(), {}, {}, text, first ? "31699887766" : "31688776655"});
        }
        for (std::size_t n = receipts_.size(); n > 0; --n) {
            Owed owed = receipts_.front();
            receipts_.pop_front();
            if (owed.at > now() || !deliver(owed)) receipts_.push_back(owed);
        }
        reactor_->timers().arm(now() + milliseconds(20), [this] { pump(); });
    }
    bool deliver(const Owed& owed) {
        std::vector<PeerLink*> open;
        for (auto& [key, peer] : links_)
            if (!peer.over && peer.session->can_send() && peer.session->window_open()) open.push_back(&peer);
        if (open.empty()) return false;
        PeerLink& peer = *open[random_.below(open.size())];
        smpp::DeliverSm pdu;
        std::array<std::uint8_t, smpp::receipt_text_max> text;
        pdu.source_addr = "4477009001";
        pdu.destination_addr = owed.text.empty() ? "1000" : std::string_view(owed.to);
        if (owed.text.empty()) {
            smpp::ReceiptReport report;
            report.message_id = owed.id;
            report.state = owed.state;
            pdu.esm_class = smpp::esm_class::delivery_receipt;
            pdu.short_message = ByteView(text).first(smpp::write_receipt_text(report, text));
        } else {
            pdu.short_message = as_bytes(owed.text);
        }
        const std::uint64_t cookie = ++cookie_;
        const std::size_t size = smpp::encoded_size(pdu);
        if (peer.session->send(smpp::CommandId::deliver_sm, size,
                               [&](std::uint8_t* to) { return smpp::encode(pdu, {to, size}); }, cookie, now()) == 0)
            return false;
        outstanding_[cookie] = owed;
        ledger_.trace(now(), name_ + " reports " + owed.id + owed.text);
        touch(peer);
        return true;
    }

    std::string name_;
    std::deque<Owed> receipts_;
    std::map<std::uint64_t, Owed> outstanding_;
    std::uint64_t cookie_ = 0;
    std::uint64_t ids_ = 0;
    bool faults_ = true;
    bool originating_ = true;
};

}  // namespace sluice::sim
