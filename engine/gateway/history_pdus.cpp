#include <algorithm>
#include <vector>

#include "codecs/smpp/mask.hpp"
#include "engine/gateway/core.hpp"

// PDUs for the history, as `history.pdus` asks for them. Not for the hot path.
namespace sluice::gateway {

namespace {

std::vector<std::uint8_t> whole_pdu(smpp::Header header, ByteView body) {
    std::vector<std::uint8_t> pdu(smpp::header_size + body.size());
    header.length = static_cast<std::uint32_t>(pdu.size());
    smpp::write_header(pdu.data(), header);
    std::ranges::copy(body, pdu.begin() + smpp::header_size);
    return pdu;
}

}  // namespace

void Core::note_pdu(MessageId id, TraceEvent event, PartyId its, const smpp::Header& header, ByteView body) {
    if (history == nullptr || !config.history_pdus || id == 0) return;
    const std::vector<std::uint8_t> pdu = smpp::masked(whole_pdu(header, body), config.privacy);
    note(id, event, its, static_cast<std::uint32_t>(header.id),
         ByteView(pdu).first(std::min(pdu.size(), history::max_tail)));
}

HeldArrival Core::hold_arrival() const {
    if (arrival == nullptr) return nullptr;
    return std::make_shared<HeldPdu>(arrival->header(),
                                     std::vector<std::uint8_t>(arrival->body().begin(), arrival->body().end()));
}

void Core::note_receipt_pdu(PartyId provider, std::string_view receipted_message_id, const smpp::Header& header,
                            ByteView body) {
    if (history == nullptr || !config.history_pdus) return;
    const std::string_view named = receipted_message_id.substr(0, wire::ReceiptNote::longest_id);
    const std::vector<std::uint8_t> pdu = smpp::masked(whole_pdu(header, body), config.privacy);
    std::vector<std::uint8_t> tail{static_cast<std::uint8_t>(named.size())};
    tail.insert(tail.end(), named.begin(), named.end());
    tail.insert(tail.end(), pdu.begin(), pdu.end());
    tail.resize(std::min(tail.size(), history::max_tail));
    note(0, TraceEvent::receipt_pdu, provider, static_cast<std::uint32_t>(header.id), tail);
}

}  // namespace sluice::gateway
