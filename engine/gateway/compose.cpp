#include "engine/gateway/compose.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>

#include "codecs/smpp/receipt.hpp"
#include "engine/gateway/convert.hpp"

namespace sluice::gateway {
namespace {

/// Offset of esm_class in a body: behind service_type, source and destination. Bodies in messages are well formed.
std::uint32_t fixed_part(ByteView body) {
    const std::uint8_t* at = body.data();
    const std::uint8_t* const end = at + body.size();
    const auto after_string = [&](const std::uint8_t* from) {
        const void* nul = std::memchr(from, 0, static_cast<std::size_t>(end - from));
        SLUICE_CHECK(nul != nullptr);
        return static_cast<const std::uint8_t*>(nul) + 1;
    };
    at = after_string(at);      // service_type
    at = after_string(at + 2);  // source
    at = after_string(at + 2);  // destination
    return static_cast<std::uint32_t>(at - body.data());
}

/// esm_class, protocol_id, priority_flag, two empty times, then registered_delivery, as store_body writes it.
constexpr std::uint32_t registered_delivery_at = 5;

/// Every alphabet has these at the same place.
constexpr bool is_plain(std::uint8_t c) {
    return c == ' ' || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/// The first characters of the text that the receipt is for: of the body, or in `rewritten` where that has others.
std::string_view receipt_text(const Message& m, const smpp::MessageBody& original, const routing::Account* account,
                              std::string& rewritten) {
    constexpr std::size_t shown = 20;
    if (m.part > 1) return {};
    static constexpr routing::TextProfile unknown{};
    const routing::TextProfile& theirs = account != nullptr ? account->text : unknown;
    const routing::TextProfile& its = m.own_text ? parts_profile : theirs;
    const ByteView beginning = smpp::message_text(original).first(std::min(shown, smpp::message_text(original).size()));
    const bool octets_are_text = original.data_coding < 4 && original.data_coding != 2 &&
                                 (original.esm_class & smpp::esm_class::udhi) == 0 &&
                                 its.default_alphabet != routing::Alphabet::gsm7_packed;
    if (octets_are_text && std::ranges::all_of(beginning, is_plain)) return as_text(beginning);
    return rewritten = text_for_receipt(original, its, theirs.default_alphabet);
}

Outgoing compose_report(const Message& m, const routing::Account* account, bool with_tlvs,
                        std::vector<std::uint8_t>& scratch) {
    const auto original = smpp::decode<smpp::SubmitSm>(m.body_view());
    SLUICE_CHECK(original.has_value());
    std::array<std::uint8_t, 21> id;
    const std::size_t id_size = write_shown_id(
        m.shown_id, account != nullptr ? account->message_id_format : routing::IdFormat::decimal, id.data());
    smpp::ReceiptReport report;
    report.message_id = as_text({id.data(), id_size - 1});
    report.delivered = m.final_state == smpp::MessageState::delivered ? 1 : 0;
    report.submit_date = m.accepted_at;
    report.done_date = m.done_at;
    report.state = m.final_state;
    if (m.error_size > 0) report.err = m.error_text();
    std::string rewritten;
    report.text = receipt_text(m, *original, account, rewritten);
    std::array<std::uint8_t, smpp::receipt_text_max> short_message;
    const std::size_t size = smpp::write_receipt_text(report, short_message);

    std::array<std::uint8_t, smpp::receipt_tlvs_max + 16 + limits::receipt_tlvs> tlv_octets;
    smpp::TlvWriter tlvs(tlv_octets);
    if (with_tlvs && (account == nullptr || account->receipts.tlvs)) {
        smpp::write_receipt_tlvs(report, tlvs);
        if (const auto reference = original->tlvs.find(smpp::Tag::user_message_reference))
            tlvs.octets(smpp::Tag::user_message_reference, *reference);
        for (const smpp::Tlv tlv : smpp::TlvView(m.report_tlvs)) tlvs.octets(tlv.tag, tlv.value);
    }

    smpp::DeliverSm receipt;
    receipt.service_type = original->service_type;
    receipt.source_addr_ton = original->dest_addr_ton;
    receipt.source_addr_npi = original->dest_addr_npi;
    receipt.source_addr = original->destination_addr;
    receipt.dest_addr_ton = original->source_addr_ton;
    receipt.dest_addr_npi = original->source_addr_npi;
    receipt.destination_addr = original->source_addr;
    receipt.esm_class = m.kind == Kind::notice ? smpp::esm_class::intermediate_notification
                                               : smpp::esm_class::delivery_receipt;
    receipt.short_message = {short_message.data(), size};
    receipt.tlvs = tlvs.view();
    scratch.resize(smpp::encoded_size(receipt));
    smpp::encode(receipt, scratch);
    return {smpp::CommandId::deliver_sm, scratch};
}

}  // namespace

smpp::CommandId command_for(const Message& m) {
    return m.to_account() ? smpp::CommandId::deliver_sm : smpp::CommandId::submit_sm;
}

Outgoing compose(const Message& m, const routing::Account* account, bool with_tlvs,
                 std::vector<std::uint8_t>& scratch) {
    if (m.leg == Leg::report || m.kind == Kind::notice) return compose_report(m, account, with_tlvs, scratch);
    Outgoing out{command_for(m), m.body_view()};
    if (m.kind == Kind::submitted) {
        out.patch_at = fixed_part(out.body) + registered_delivery_at;
        // A final state is wanted whichever way it went; what the account asked for is decided when its receipt is due.
        out.registered_delivery = m.registered_delivery & smpp::registered_delivery::receipt_mask
                                      ? smpp::registered_delivery::receipt_final |
                                            (m.registered_delivery & smpp::registered_delivery::intermediate_notification)
                                      : 0;
        out.patched = true;
    }
    if (!with_tlvs) out.body = cut_tlvs(out.body);
    return out;
}

ByteView cut_tlvs(ByteView body) {
    const std::size_t sm_length_at = fixed_part(body) + registered_delivery_at + 4;
    return body.first(sm_length_at + 1 + body[sm_length_at]);
}

namespace {

constexpr auto digit_pairs = [] {
    std::array<std::uint8_t, 200> pairs{};
    for (std::size_t i = 0; i < 100; ++i) {
        pairs[2 * i] = static_cast<std::uint8_t>('0' + i / 10);
        pairs[2 * i + 1] = static_cast<std::uint8_t>('0' + i % 10);
    }
    return pairs;
}();

/// The eight digits of a number below 10^8: four pairs that do not wait for each other.
void write_eight(std::uint32_t value, std::uint8_t* to) {
    const std::uint32_t high = value / 10'000, low = value % 10'000;
    std::memcpy(to, &digit_pairs[2 * (high / 100)], 2);
    std::memcpy(to + 2, &digit_pairs[2 * (high % 100)], 2);
    std::memcpy(to + 4, &digit_pairs[2 * (low / 100)], 2);
    std::memcpy(to + 6, &digit_pairs[2 * (low % 100)], 2);
}

/// At most 20 digits; returns how many. Ids are long, and std::to_chars finds them two at a time, one after the other.
std::size_t write_decimal(std::uint64_t value, std::uint8_t* to) {
    constexpr std::uint64_t eight = 100'000'000;
    std::array<std::uint8_t, 24> digits;
    write_eight(static_cast<std::uint32_t>(value / eight / eight), digits.data());
    write_eight(static_cast<std::uint32_t>(value / eight % eight), digits.data() + 8);
    write_eight(static_cast<std::uint32_t>(value % eight), digits.data() + 16);
    std::size_t at = 0;
    while (at + 1 < digits.size() && digits[at] == '0') ++at;
    std::memcpy(to, &digits[at], digits.size() - at);
    return digits.size() - at;
}

}  // namespace

std::size_t write_shown_id(MessageId id, routing::IdFormat format, std::uint8_t* to) {
    std::size_t size = 0;
    if (format == routing::IdFormat::hex) {
        char* const text = reinterpret_cast<char*>(to);
        size = static_cast<std::size_t>(std::to_chars(text, text + 20, id, 16).ptr - text);
    } else {
        size = write_decimal(id, to);
    }
    to[size] = 0;
    return size + 1;
}

std::string shown_id(MessageId id, routing::IdFormat format) {
    std::array<std::uint8_t, 21> text;
    const std::size_t size = write_shown_id(id, format, text.data());
    return std::string(as_text({text.data(), size - 1}));
}

MessageId parse_shown_id(std::string_view text, routing::IdFormat format) {
    MessageId id = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), id, format == routing::IdFormat::hex ? 16 : 10);
    return error == std::errc{} && end == text.data() + text.size() ? id : 0;
}

namespace {

/// The octets that `pdu` was decoded from, if they are what encoding it would write: most messages come just as they are
/// to be kept. Empty where anything differs: a time is set, a field was changed, octets were passed over.
ByteView as_it_came(const smpp::MessageBody& pdu) {
    if (!pdu.schedule_delivery_time.empty() || !pdu.validity_period.empty()) return {};
    const auto behind = [](std::string_view text) { return as_bytes(text).data() + text.size(); };
    const std::uint8_t* const begin = as_bytes(pdu.service_type).data();
    const std::uint8_t* const text = pdu.short_message.data();
    // First where the fields lie: only octets between two of them are looked at then.
    const bool in_one_piece = begin != nullptr && as_bytes(pdu.source_addr).data() == behind(pdu.service_type) + 3 &&
                              as_bytes(pdu.destination_addr).data() == behind(pdu.source_addr) + 3 &&
                              as_bytes(pdu.schedule_delivery_time).data() == behind(pdu.destination_addr) + 4 &&
                              as_bytes(pdu.validity_period).data() == behind(pdu.schedule_delivery_time) + 1 &&
                              text == behind(pdu.validity_period) + 6;
    if (!in_one_piece || pdu.short_message.size() > UINT8_MAX) return {};
    const auto holds = [](const std::uint8_t* at, std::initializer_list<std::uint8_t> octets) {
        return std::equal(octets.begin(), octets.end(), at);
    };
    const bool same =
        holds(behind(pdu.service_type), {0, pdu.source_addr_ton, pdu.source_addr_npi}) &&
        holds(behind(pdu.source_addr), {0, pdu.dest_addr_ton, pdu.dest_addr_npi}) &&
        holds(behind(pdu.destination_addr), {0, pdu.esm_class, pdu.protocol_id, pdu.priority_flag, 0}) &&
        holds(behind(pdu.validity_period),
              {0, pdu.registered_delivery, pdu.replace_if_present_flag, pdu.data_coding, pdu.sm_default_msg_id,
               static_cast<std::uint8_t>(pdu.short_message.size())});
    const std::uint8_t* const end = text + pdu.short_message.size();
    const ByteView tlvs = pdu.tlvs.raw();
    if (!same || (!tlvs.empty() && tlvs.data() != end)) return {};
    return {begin, static_cast<std::size_t>(end - begin) + tlvs.size()};
}

}  // namespace

void store_body(Message& m, smpp::MessageBody pdu) {
    if (const ByteView octets = as_it_came(pdu); !octets.empty()) return m.set_body(octets);
    pdu.schedule_delivery_time = {};
    pdu.validity_period = {};
    m.body = PooledOctets(smpp::encoded_size(pdu));
    smpp::encode(pdu, {m.body.data(), m.body.size()});
}

}  // namespace sluice::gateway
