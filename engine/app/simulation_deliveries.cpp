#include <algorithm>
#include <array>
#include <cstring>

#include "codecs/smpp/pdu.hpp"
#include "codecs/smpp/receipt.hpp"
#include "engine/app/message_id_text.hpp"
#include "engine/app/simulation_peer.hpp"

namespace sluice::app {

using smpp::CommandId;
using smpp::CommandStatus;
using smpp::MessageState;

namespace {

/// How long a deliver_sm waits that was refused for now.
constexpr seconds retry_delay{1};

/// The peer may take it later.
bool is_temporary(CommandStatus status) {
    return status == CommandStatus::ESME_RX_T_APPN || status == CommandStatus::ESME_RTHROTTLED ||
           status == CommandStatus::ESME_RMSGQFUL || status == CommandStatus::ESME_RSYSERR;
}

/// The part of the text that goes into the receipt, which is in the default alphabet: nothing of UCS-2, of octets, and
/// of parts that begin with a user data header.
ByteView quotable(std::uint8_t esm_class, std::uint8_t data_coding, ByteView text, std::size_t most) {
    const auto coding = static_cast<smpp::DataCoding>(data_coding);
    const bool characters = coding == smpp::DataCoding::mc_default || coding == smpp::DataCoding::ascii ||
                            coding == smpp::DataCoding::latin1;
    if (!characters || (esm_class & smpp::esm_class::udhi) != 0) return {};
    return text.first(std::min(text.size(), most));
}

std::size_t append(std::string_view text, std::uint8_t* to) {
    std::memcpy(to, text.data(), text.size());
    return text.size();
}

std::size_t write_brief_text(const smpp::ReceiptReport& report, MutableBytes to) {
    std::size_t size = append("id:", to.data());
    size += append(report.message_id, to.data() + size);
    size += append(" stat:", to.data() + size);
    return size + append(smpp::row_of(report.state).stat, to.data() + size);
}

}  // namespace

Handle Simulation::add_receipt(System& system, const Submission& submission, std::uint64_t id, MessageState state) {
    const Handle handle = deliveries_.emplace();
    Delivery& delivery = deliveries_.at(handle);
    delivery.system = &system;
    delivery.from = submission.from;
    delivery.to = submission.to;
    delivery.from_ton = submission.from_ton;
    delivery.from_npi = submission.from_npi;
    delivery.to_ton = submission.to_ton;
    delivery.to_npi = submission.to_npi;
    delivery.receipt = true;
    delivery.state = state;
    delivery.id = id;
    delivery.submitted = reactor_.now().wall;
    const ByteView quoted =
        quotable(submission.esm_class, submission.data_coding, submission.text, sizeof delivery.text);
    std::copy(quoted.begin(), quoted.end(), delivery.text);
    delivery.text_size = static_cast<std::uint8_t>(quoted.size());
    ++system.deliveries;
    counters_.pending.add(1);
    return handle;
}

void Simulation::deliver_at(MonoTime at, Handle handle) {
    const auto now_due = [this, handle] {
        make_ready(handle);
        pump(*deliveries_.at(handle).system);
    };
    if (at <= reactor_.now().mono) return now_due();
    reactor_.timers().arm(at, now_due);
}

void Simulation::make_ready(Handle handle) {
    Delivery& delivery = deliveries_.at(handle);
    if (delivery.done == WallTime()) delivery.done = reactor_.now().wall;
    delivery.system->ready.push_back(handle);
}

void Simulation::pump(System& system) {
    while (!system.ready.empty()) {
        Peer* const peer = receiver_with_room(system);
        if (peer == nullptr) return;
        const Handle handle = system.ready.front();
        system.ready.pop_front();
        const Delivery& delivery = deliveries_.at(handle);
        delivery.receipt ? send_receipt(*peer, handle, delivery) : send_originated(*peer, handle, delivery);
        peer->link.touch();
    }
}

Simulation::Peer* Simulation::receiver_with_room(System& system) {
    for (std::size_t tried = 0; tried < system.receivers.size(); ++tried) {
        Peer* const peer = system.receivers[system.next_receiver++ % system.receivers.size()];
        if (peer->session().can_send() && peer->session().window_open() && !peer->link.congested()) return peer;
    }
    return nullptr;
}

void Simulation::send_receipt(Peer& peer, Handle handle, const Delivery& delivery) {
    counters_.receipts_sent.add();
    char id[message_id_text_max];
    const bool reached = delivery.state == MessageState::delivered;
    smpp::ReceiptReport report;
    report.message_id = {id, write_message_id(delivery.id, options_.receipt_id, id)};
    report.delivered = reached ? 1 : 0;
    report.submit_date = delivery.submitted;
    report.done_date = delivery.done;
    report.state = delivery.state;
    report.err = reached ? "000" : "001";
    report.text = {delivery.text, delivery.text_size};

    const bool tlvs_allowed = peer.session().tlvs_allowed();
    std::array<std::uint8_t, smpp::receipt_text_max> text;
    std::size_t text_size = 0;
    if (options_.receipt_text == ReceiptText::brief) {
        text_size = write_brief_text(report, text);
    } else if (options_.receipt_text == ReceiptText::full || !tlvs_allowed) {
        text_size = smpp::write_receipt_text(report, text);
    }
    std::array<std::uint8_t, smpp::receipt_tlvs_max> tlv_octets;
    smpp::TlvWriter tlvs(tlv_octets);
    if (options_.receipt_tlvs && tlvs_allowed) smpp::write_receipt_tlvs(report, tlvs);

    smpp::DeliverSm pdu;
    pdu.source_addr_ton = delivery.to_ton;
    pdu.source_addr_npi = delivery.to_npi;
    pdu.source_addr = delivery.to;
    pdu.dest_addr_ton = delivery.from_ton;
    pdu.dest_addr_npi = delivery.from_npi;
    pdu.destination_addr = delivery.from;
    pdu.esm_class = smpp::esm_class::delivery_receipt;
    pdu.short_message = ByteView(text.data(), text_size);
    pdu.tlvs = tlvs.view();
    peer.session().send(CommandId::deliver_sm, pdu, handle.packed(), reactor_.now().mono);
}

void Simulation::send_originated(Peer& peer, Handle handle, const Delivery& delivery) {
    counters_.originated_sent.add();
    smpp::DeliverSm pdu;
    pdu.source_addr_ton = delivery.from_ton;
    pdu.source_addr_npi = delivery.from_npi;
    pdu.source_addr = delivery.from;
    pdu.dest_addr_ton = delivery.to_ton;
    pdu.dest_addr_npi = delivery.to_npi;
    pdu.destination_addr = delivery.to;
    pdu.data_coding = options_.mobile_originated.data_coding;
    pdu.short_message = options_.mobile_originated.text;
    peer.session().send(CommandId::deliver_sm, pdu, handle.packed(), reactor_.now().mono);
}

void Simulation::delivered(Handle handle, CommandStatus status) {
    if (status != CommandStatus::ESME_ROK) {
        counters_.deliveries_refused.add();
        if (is_temporary(status)) return deliver_at(reactor_.now().mono + retry_delay, handle);
    } else {
        (deliveries_.at(handle).receipt ? counters_.receipts_acked : counters_.originated_acked).add();
    }
    System& system = *deliveries_.at(handle).system;
    deliveries_.erase(handle);
    --system.deliveries;
    counters_.pending.add(-1);
    forget_if_idle(system);
}

void Simulation::undelivered(Handle handle) {
    // Soon, and not at once: the session that lost it may be about to end.
    deliver_at(reactor_.now().mono + milliseconds(1), handle);
}

void Simulation::originate() {
    const MonoTime now = reactor_.now().mono;
    const auto can_receive = [](const auto& named) { return !named.second.receivers.empty(); };
    const auto receiving = static_cast<std::size_t>(std::count_if(systems_.begin(), systems_.end(), can_receive));
    while (receiving > 0 && !full() && originating_rate_.take(now)) {
        auto turn = next_originating_++ % receiving;
        auto system = std::find_if(systems_.begin(), systems_.end(),
                                   [&](const auto& named) { return can_receive(named) && turn-- == 0; });
        const MobileOriginated& message = options_.mobile_originated;
        const Handle handle = deliveries_.emplace();
        Delivery& delivery = deliveries_.at(handle);
        delivery.system = &system->second;
        delivery.from = message.from;
        delivery.to = message.to;
        delivery.from_ton = message.from_ton;
        delivery.from_npi = message.from_npi;
        delivery.to_ton = message.to_ton;
        delivery.to_npi = message.to_npi;
        ++system->second.deliveries;
        counters_.pending.add(1);
        make_ready(handle);
        pump(system->second);
    }
    const bool blocked = receiving == 0 || full();
    const MonoTime next = blocked ? now + milliseconds(100) : originating_rate_.ready_at(now);
    reactor_.timers().arm(next, [this] { originate(); });
}

}  // namespace sluice::app
