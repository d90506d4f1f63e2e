#pragma once

#include <deque>

#include "codecs/smpp/pdu.hpp"
#include "codecs/smpp/receipt.hpp"
#include "peer.hpp"

namespace sluice::sim {

/// A message centre: takes messages, refuses some, and reports each one it took on any of
/// its sessions, sometimes before its answer, sometimes twice, again and again until the
/// receipt is taken. Brings mobile-originated messages too.
class SimProvider final : public Peer {
public:
    SimProvider(io::SimNet& net, const Clock& clock, Ledger& ledger, std::uint64_t seed, std::string name, bool odd)
        : Peer(net, clock, ledger, seed), name_(std::move(name)), odd_(odd) {
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
    static constexpr std::uint32_t window = 10;
    /// Numbers that a rule gives to both accounts; the second one in the first settings only.
    static constexpr const char *for_both = "777", *at_times_nobodys = "888";
    /// Numbers of nobody, which scripts give to both accounts or drop; one of
    /// both, which they keep until it is asked again.
    static constexpr const char *scripted = "999", *dropped = "666", *kept = "555";
    void behave() { faults_ = false; }
    void stop_originating() { originating_ = false; }
    /// Brings messages too that scripts decide about (sim_program).
    void meet_scripts() { scripts_ = true; }
    bool owes_nothing() const { return receipts_.empty() && outstanding_.empty(); }
    std::string owes() const {
        std::string all = name_ + " still owes";
        for (const Owed& owed : receipts_) all += " " + owed.id + owed.text;
        for (const auto& [cookie, owed] : outstanding_) all += " " + owed.id + owed.text + " (not answered)";
        return all + ", with " + std::to_string(links_.size()) + " links";
    }

    void on_accept(io::LinkId link, io::ListenerId, const io::Endpoint&) override {
        session::SessionConfig config;
        config.role = session::Role::message_centre;
        config.system_id = name_;
        config.window = window;
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
        PeerLink& peer = *find(s);
        const CommandAndSequence request{header.id, header.sequence, peer.link};
        ledger_.offered[name_].push_back(now());
        watch_window(request, peer);
        Ledger::Sent* sent = taken_in(peer, *pdu);
        Ledger::Arrival* copy = sent != nullptr ? &sent->copies.back() : nullptr;
        const auto refuse = [&](smpp::CommandStatus status, bool again) {
            if (copy != nullptr) (again ? copy->refused : copy->answered) = true;
            if (sent != nullptr && !again) sent->refused_for_good = true;
            answered(request);
            s.respond(header.id, header.sequence, status);
        };
        if (faults_ && random_.chance(0.03)) return refuse(smpp::CommandStatus::ESME_RTHROTTLED, true);
        if (faults_ && random_.chance(0.03)) return refuse(smpp::CommandStatus::ESME_RSYSERR, true);
        if (faults_ && random_.chance(0.01)) return refuse(smpp::CommandStatus::ESME_RINVDSTADR, false);
        const std::string id = name_ + std::to_string(++ids_);
        if (sent != nullptr)
            ledger_.taken[name_].push_back({sent, now(), ledger_.hour_began, reactor_->now().wall,
                                            ledger_.starts.size(), ledger_.delayed.contains(peer.connection)});
        if (pdu->registered_delivery & 1) {
            const bool undelivered = random_.chance(0.1);
            const auto delay = random_.chance(0.05) ? nanoseconds(0) : milliseconds(random_.below(4000));
            receipts_.push_back({now() + delay, id, undelivered ? smpp::MessageState::undeliverable
                                                                : smpp::MessageState::delivered});
            if (random_.chance(0.05)) receipts_.push_back(receipts_.back());
        }
        nanoseconds delay{0};
        if (random_.chance(0.3)) delay = milliseconds(random_.below(300));
        if (faults_ && odd_ && random_.chance(0.005)) return;  // no answer, ever
        if (faults_ && odd_ && random_.chance(0.005)) delay = Ledger::patience + milliseconds(random_.below(2000));
        if (copy != nullptr) copy->answered = delay < Ledger::patience;
        if (delay == nanoseconds(0)) return accept(request, id);
        reactor_->timers().arm(now() + delay, [this, request, id] { accept(request, id); });
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
        io::LinkId link;
    };
    struct Owed {
        MonoTime at{};
        std::string id;
        smpp::MessageState state{};
        std::string text{};  ///< of a mobile-originated message; empty: a receipt
        std::string to{};
    };

    /// Writes down that a message came in; null where nobody has sent it.
    Ledger::Sent* taken_in(const PeerLink& peer, const smpp::SubmitSm& pdu) {
        std::string text(as_text(pdu.short_message));
        const bool replaced = text.ends_with("/new");
        if (replaced) text.resize(text.size() - 4);
        if (text.ends_with("/multi")) text += pdu.destination_addr.back();
        ledger_.trace(now(), name_ + " got " + text + " on " + std::to_string(peer.connection));
        const auto found = ledger_.sent.find(text);
        if (found == ledger_.sent.end()) {
            ledger_.wrong.push_back(name_ + " got a message that nobody sent: " + text);
            return nullptr;
        }
        Ledger::Sent& sent = found->second;
        if (!sent.copies.empty() && !ledger_.may_come_again(sent.copies.back(), arrival(peer)))
            ledger_.wrong.push_back("a copy without a reason: " + text);
        if (sent.copies.empty()) ledger_.first_copies.push_back({peer.connection, text});
        if (sent.timed && sent.jumps == ledger_.jumps && reactor_->now().wall < sent.due_at)
            ledger_.wrong.push_back("sent before its time: " + text);
        if (sent.cancelled && now() > sent.decided_at + settling)
            ledger_.wrong.push_back("sent after cancel_sm: " + text);
        if (sent.replaced && !replaced && now() > sent.decided_at + settling)
            ledger_.wrong.push_back("sent as it was before replace_sm: " + text);
        sent.copies.push_back(arrival(peer));
        return &sent;
    }
    void accept(const CommandAndSequence& request, const std::string& id) {
        PeerLink* peer = find(request.link);
        if (peer == nullptr) return;
        answered(request);
        peer->session->respond(request.id, request.sequence, smpp::CommandStatus::ESME_ROK, id.size() + 1,
                               [&](std::uint8_t* at) {
                                   std::memcpy(at, id.c_str(), id.size() + 1);
                                   return id.size() + 1;
                               });
        if (faults_ && odd_ && random_.chance(0.01)) {  // and once more
            smpp::MessageIdResp response;
            response.message_id = id;
            smpp::write_pdu(reactor_->io().out(peer->link), smpp::response_of(request.id),
                            smpp::CommandStatus::ESME_ROK, request.sequence, response);
        }
        touch(*peer);
    }
    /// No more may be unanswered on a link than its window; what had no answer in time does not
    /// count any more. Nothing can be told of a link that was partitioned: what had no answer in
    /// time arrives together with what came in its place.
    void watch_window(const CommandAndSequence& request, const PeerLink& peer) {
        auto& open = unanswered_[request.link.packed()];
        std::erase_if(open,
                      [this](const auto& one) { return now() - one.second + milliseconds(500) > Ledger::patience; });
        open[request.sequence] = now();
        if (open.size() > window && !ledger_.delayed.contains(peer.connection))
            ledger_.wrong.push_back(name_ + " has more than the window on a link");
    }
    void answered(const CommandAndSequence& request) { unanswered_[request.link.packed()].erase(request.sequence); }

    void again(Owed owed) {
        owed.at = now() + milliseconds(200);
        receipts_.push_back(owed);
    }
    void pump() {
        if (originating_ && random_.chance(0.1)) {
            const bool first = random_.chance(0.5);
            const std::string text = name_ + "/mo/" + std::to_string(++ids_);
            auto& owners = ledger_.originated[text].delivered;
            std::string to = first ? "31699887766" : "31688776655";
            if (ids_ % 4 == 0) to = for_both;
            if (ids_ % 4 == 1) to = at_times_nobodys;
            if (scripts_ && ids_ % 8 == 2) to = scripted;
            if (scripts_ && ids_ % 8 == 3) to = dropped;
            if (scripts_ && ids_ % 8 == 6) to = kept;
            if (to != "31688776655" && to != dropped) owners["alpha"];
            if (to != "31699887766" && to != dropped) owners["beta"];
            receipts_.push_back({now(), {}, {}, text, to});
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

    /// What was under way when something else was decided has arrived by then.
    static constexpr seconds settling{10};

    std::string name_;
    bool odd_;  ///< answers late, twice or never at times
    std::map<std::uint64_t, std::map<std::uint32_t, MonoTime>> unanswered_;  ///< by link and sequence_number
    std::deque<Owed> receipts_;
    std::map<std::uint64_t, Owed> outstanding_;
    std::uint64_t cookie_ = 0;
    std::uint64_t ids_ = 0;
    bool faults_ = true;
    bool originating_ = true;
    bool scripts_ = false;
};

}  // namespace sluice::sim
