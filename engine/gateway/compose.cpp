#include "engine/gateway/compose.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>

#include "codecs/smpp/receipt.hpp"
#include "engine/base/text_size.hpp"
#include "engine/gateway/convert.hpp"

namespace sluice::gateway {
namespace {

/// A body as Message keeps it, by where its parts lie. It is well formed and its two times are empty (`store_body`), so
/// that nothing of it has to be decoded to be copied, changed at one place, or looked at.
class KeptBody {
public:
    explicit KeptBody(ByteView body)
        : begin_(body.data()), end_(begin_ + body.size()), source_(behind_text(begin_)),
          destination_(behind_text(source_ + 2)), fixed_(behind_text(destination_ + 2)) {}

    // With their NUL; of an address the type and plan before it.
    ByteView service_type() const { return {begin_, source_}; }
    ByteView source() const { return {source_, destination_}; }
    ByteView destination() const { return {destination_, fixed_}; }

    // Behind the destination: esm_class, protocol_id, priority_flag, two empty times, registered_delivery,
    // replace_if_present_flag, data_coding, sm_default_msg_id, sm_length and so many octets, TLVs.
    std::uint8_t esm_class() const { return fixed_[0]; }
    std::size_t registered_delivery_at() const { return static_cast<std::size_t>(fixed_ + 5 - begin_); }
    std::uint8_t data_coding() const { return fixed_[7]; }
    ByteView short_message() const { return {fixed_ + 10, fixed_[9]}; }
    smpp::TlvView tlvs() const { return smpp::TlvView(ByteView(short_message().data() + fixed_[9], end_)); }
    ByteView without_tlvs() const { return {begin_, short_message().data() + fixed_[9]}; }

private:
    const std::uint8_t* behind_text(const std::uint8_t* from) const {
        if (*from == 0) return from + 1;
        const auto left = static_cast<std::size_t>(end_ - from);
        const std::size_t size = text_size(from, left, end_);
        SLUICE_CHECK(size < left);
        return from + size + 1;
    }

    const std::uint8_t* begin_;
    const std::uint8_t* end_;
    const std::uint8_t* source_;
    const std::uint8_t* destination_;
    const std::uint8_t* fixed_;
};

/// What every alphabet has at the same place: blank, digits, letters.
constexpr auto reads_alike = [] {
    std::array<bool, 256> table{};
    for (const char c : std::string_view(" 0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"))
        table[static_cast<unsigned char>(c)] = true;
    return table;
}();

/// The first characters of the text that the receipt is for: of the body, or in `rewritten` where that has others.
std::string_view receipt_text(const Message& m, const KeptBody& original, const routing::Account* account,
                              std::string& rewritten) {
    constexpr std::size_t shown = 20;
    if (m.part > 1) return {};
    static constexpr routing::TextProfile unknown{};
    const routing::TextProfile& theirs = account != nullptr ? account->text : unknown;
    const routing::TextProfile& its = m.own_text ? parts_profile : theirs;
    const ByteView text = smpp::message_text(original.short_message(), original.tlvs());
    const ByteView beginning = text.first(std::min(shown, text.size()));
    const bool octets_are_text = original.data_coding() < 4 && original.data_coding() != 2 &&
                                 (original.esm_class() & smpp::esm_class::udhi) == 0 &&
                                 its.default_alphabet != routing::Alphabet::gsm7_packed;
    if (octets_are_text && std::ranges::all_of(beginning, [](std::uint8_t c) { return reads_alike[c]; }))
        return as_text(beginning);
    const auto decoded = smpp::decode<smpp::SubmitSm>(m.body_view());
    SLUICE_CHECK(decoded.has_value());
    return rewritten = text_for_receipt(*decoded, its, theirs.default_alphabet);
}

/// What `compose_report` writes at most: the parts of the original, the fixed octets between them, text and TLVs.
constexpr std::size_t report_max = 6 + 2 * (2 + 21) + 10 + smpp::receipt_text_max + smpp::receipt_tlvs_max +
                                   (smpp::tlv_header_size + 2) + limits::receipt_tlvs;

Outgoing compose_report(const Message& m, const routing::Account* account, bool with_tlvs,
                        std::vector<std::uint8_t>& scratch) {
    const KeptBody original(m.body_view());
    std::array<std::uint8_t, shown_id_room> id;
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
    report.text = receipt_text(m, original, account, rewritten);

    if (scratch.size() < report_max) scratch.resize(report_max);
    std::uint8_t* to = scratch.data();
    for (const ByteView part : {original.service_type(), original.destination(), original.source()})
        to = std::copy(part.begin(), part.end(), to);
    *to++ = m.kind == Kind::notice ? smpp::esm_class::intermediate_notification : smpp::esm_class::delivery_receipt;
    to = std::fill_n(to, 8, std::uint8_t{0});  // protocol_id to sm_default_msg_id, the times empty
    const std::size_t size = smpp::write_receipt_text(report, {to + 1, smpp::receipt_text_max});
    *to = static_cast<std::uint8_t>(size);
    to += 1 + size;

    smpp::TlvWriter tlvs({to, scratch.data() + scratch.size()});
    if (with_tlvs && (account == nullptr || account->receipts.tlvs)) {
        smpp::write_receipt_tlvs(report, tlvs);
        if (const auto reference = original.tlvs().find(smpp::Tag::user_message_reference))
            tlvs.octets(smpp::Tag::user_message_reference, *reference);
        for (const smpp::Tlv tlv : smpp::TlvView(m.report_tlvs.view())) tlvs.octets(tlv.tag, tlv.value);
    }
    return {smpp::CommandId::deliver_sm, {scratch.data(), to + tlvs.size()}};
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
        out.patch_at = static_cast<std::uint32_t>(KeptBody(out.body).registered_delivery_at());
        // A final state is wanted whichever way it went; what the account asked for is decided when its receipt is due.
        out.registered_delivery =
            m.registered_delivery & smpp::registered_delivery::receipt_mask
                ? smpp::registered_delivery::receipt_final |
                      (m.registered_delivery & smpp::registered_delivery::intermediate_notification)
                : 0;
        out.patched = true;
    }
    if (!with_tlvs) out.body = cut_tlvs(out.body);
    return out;
}

ByteView cut_tlvs(ByteView body) { return KeptBody(body).without_tlvs(); }

namespace {

/// The eight digits of a number below 10^8, an octet each, the first one lowest: it is split in two, and those, and
/// those, all pieces of a size at once.
constexpr std::uint64_t eight_digits(std::uint64_t value) {
    std::uint64_t pieces = value / 10'000 | value % 10'000 << 32;
    std::uint64_t high = (pieces * 10'486 >> 20) & 0x0000'007F'0000'007F;  // hundreds: right below 10 000
    pieces = high | (pieces - 100 * high) << 16;
    high = (pieces * 103 >> 10) & 0x000F'000F'000F'000F;  // tens: right below 100
    return high | (pieces - 10 * high) << 8;
}
static_assert(eight_digits(12'345'678) == 0x0807'0605'0403'0201 && eight_digits(99'999'999) == 0x0909'0909'0909'0909);

/// Eight digits as characters, as they lie in memory.
constexpr std::uint64_t eight_characters(std::uint64_t value) { return eight_digits(value) | 0x3030'3030'3030'3030; }
/// How many zeros come before the first digit of eight that is none; 7 of nothing but zeros.
std::size_t zeros_before(std::uint64_t value) {
    return std::min<std::size_t>(7, static_cast<std::size_t>(std::countr_zero(eight_digits(value))) / 8);
}

/// All digits of an id but its last eight. They are the same for all
/// ids of 20 ms, and most that are shown are as young.
struct IdFront {
    std::uint64_t value = 0;
    std::uint64_t size = 0;  ///< none for 0
    std::array<std::uint8_t, 16> text{};

    static IdFront of(std::uint64_t value) {
        constexpr std::uint64_t eight = 100'000'000;
        const std::array<std::uint64_t, 2> words{eight_characters(value / eight), eight_characters(value % eight)};
        const std::size_t before = value >= eight ? zeros_before(value / eight) : 8 + zeros_before(value);
        IdFront front{value, 16 - before, {}};
        std::memcpy(front.text.data(), reinterpret_cast<const std::uint8_t*>(words.data()) + before, front.size);
        return front;
    }
};

/// Returns how many digits there are; writes over all of `shown_id_room`.
std::size_t write_decimal(std::uint64_t value, std::uint8_t* to) {
    constinit static thread_local std::array<IdFront, 8> fronts{};
    constexpr std::uint64_t eight = 100'000'000;
    const std::uint64_t before = value / eight;
    const std::uint64_t last = eight_characters(value % eight);
    if (before == 0) [[unlikely]] {
        const std::size_t zeros = zeros_before(value);
        std::memcpy(to, reinterpret_cast<const std::uint8_t*>(&last) + zeros, 8 - zeros);
        return 8 - zeros;
    }
    IdFront& front = fronts[before % fronts.size()];
    if (front.value != before) [[unlikely]] front = IdFront::of(before);
    std::memcpy(to, front.text.data(), front.text.size());
    std::memcpy(to + front.size, &last, 8);
    return front.size + 8;
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
    std::array<std::uint8_t, shown_id_room> text;
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

/// The octets that `pdu` was decoded from, if they are what encoding it would write: most messages come just as they
/// are to be kept. Empty where anything differs: a time is set, a field was changed, octets were passed over.
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
    const auto hold = [](const std::uint8_t* at, auto... octets) { return ((*at++ == octets) && ...); };
    const bool same =
        hold(behind(pdu.service_type), 0, pdu.source_addr_ton, pdu.source_addr_npi) &&
        hold(behind(pdu.source_addr), 0, pdu.dest_addr_ton, pdu.dest_addr_npi) &&
        hold(behind(pdu.destination_addr), 0, pdu.esm_class, pdu.protocol_id, pdu.priority_flag, 0) &&
        hold(behind(pdu.validity_period), 0, pdu.registered_delivery, pdu.replace_if_present_flag, pdu.data_coding,
             pdu.sm_default_msg_id, static_cast<std::uint8_t>(pdu.short_message.size()));
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
