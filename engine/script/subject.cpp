#include "engine/script/subject.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "codecs/smpp/pdu.hpp"
#include "codecs/smpp/tlv_length.hpp"
#include "codecs/sms/charset.hpp"
#include "codecs/sms/data_coding.hpp"
#include "codecs/sms/septets.hpp"
#include "codecs/sms/udh.hpp"

namespace sluice::script {
namespace {

using Kind = ValueView::Kind;

constexpr EventMask all_messages = bit(Event::submit) | bit(Event::route) | bit(Event::before_send) |
                                   bit(Event::provider_response) | bit(Event::receipt) | bit(Event::state_change) |
                                   bit(Event::originated);
constexpr EventMask editable = bit(Event::submit) | bit(Event::before_send) | bit(Event::originated);
constexpr EventMask submit = bit(Event::submit);
constexpr EventMask later = all_messages & ~(bit(Event::submit) | bit(Event::route) | bit(Event::originated));
constexpr EventMask sessions = bit(Event::bind) | bit(Event::session_closed);

using enum FieldId;
constexpr std::array<FieldRow, field_count> rows{{
    {service_type, "service_type", Kind::text, all_messages, editable, 5, "service_type"},
    {source_addr_ton, "source_addr_ton", Kind::integer, all_messages, editable, 255, "type of the sender's number"},
    {source_addr_npi, "source_addr_npi", Kind::integer, all_messages, editable, 255, "its numbering plan"},
    {source_addr, "source_addr", Kind::text, all_messages, editable, 20, "the sender"},
    {dest_addr_ton, "dest_addr_ton", Kind::integer, all_messages, editable, 255, "type of the recipient's number"},
    {dest_addr_npi, "dest_addr_npi", Kind::integer, all_messages, editable, 255, "its numbering plan"},
    {destination_addr, "destination_addr", Kind::text, all_messages, editable, 20, "the recipient"},
    {esm_class, "esm_class", Kind::integer, all_messages, editable, 255, "esm_class; 0x40: a user data header"},
    {protocol_id, "protocol_id", Kind::integer, all_messages, editable, 255, "protocol_id"},
    {priority_flag, "priority_flag", Kind::integer, all_messages, submit, 3, "0 to 3, 3 goes first"},
    {schedule_delivery_time, "schedule_delivery_time", Kind::text, submit, submit, 16, "as SMPP writes it"},
    {validity_period, "validity_period", Kind::text, submit, submit, 16, "as SMPP writes it"},
    {registered_delivery, "registered_delivery", Kind::integer, all_messages, submit, 255, "which receipts are wanted"},
    {data_coding, "data_coding", Kind::integer, all_messages, editable, 255, "how short_message is coded"},
    {short_message, "short_message", Kind::text, all_messages, editable, 65535,
     "the octets, user data header included"},
    {text, "text", Kind::text, all_messages, editable, 65535, "the text in UTF-8; written, it chooses data_coding"},
    {id, "id", Kind::text, later, 0, 0, "the message's id, in decimal"},
    {account, "account", Kind::text, all_messages | sessions, bit(Event::originated), 64, "system_id of the account"},
    {provider, "provider", Kind::text, all_messages & ~bit(Event::route), submit | bit(Event::provider_response), 64,
     "the provider; setting it takes the place of routing"},
    {provider_id, "provider_id", Kind::text, later & ~bit(Event::before_send), 0, 0, "the provider's message_id"},
    {state, "state", Kind::text, bit(Event::receipt) | bit(Event::state_change), bit(Event::receipt), 16,
     "DELIVERED, UNDELIVERABLE, EXPIRED, ...; UNKNOWN: no report came"},
    {error, "error", Kind::text, bit(Event::receipt) | bit(Event::state_change), bit(Event::receipt), 14,
     "err of the receipt"},
    {status, "status", Kind::integer, bit(Event::provider_response), 0, 0, "command_status of the response"},
    {attempts, "attempts", Kind::integer, bit(Event::before_send) | bit(Event::provider_response), 0, 0,
     "tries that have failed"},
    {address, "address", Kind::text, sessions, 0, 0, "the peer's address, without its port"},
    {bind_type, "bind_type", Kind::text, bit(Event::bind), 0, 0, "bind_transmitter, bind_receiver or bind_transceiver"},
    {system_type, "system_type", Kind::text, bit(Event::bind), 0, 0, "as the peer sent it"},
    {interface_version, "interface_version", Kind::integer, bit(Event::bind), 0, 0, "0x34 for SMPP 3.4"},
    {tls, "tls", Kind::boolean, bit(Event::bind), 0, 0, "whether the session is over TLS"},
    {reason, "reason", Kind::text, bit(Event::session_closed), 0, 0, "why it ended"},
    {duration, "duration", Kind::integer, bit(Event::session_closed), 0, 0, "seconds that it was there"},
}};

std::size_t place(FieldId field) { return static_cast<std::size_t>(field); }

/// Where a number of the body is; null for fields that are none.
std::uint8_t* octet_of(smpp::MessageBody& body, FieldId field) {
    switch (field) {
        case source_addr_ton: return &body.source_addr_ton;
        case source_addr_npi: return &body.source_addr_npi;
        case dest_addr_ton: return &body.dest_addr_ton;
        case dest_addr_npi: return &body.dest_addr_npi;
        case esm_class: return &body.esm_class;
        case protocol_id: return &body.protocol_id;
        case priority_flag: return &body.priority_flag;
        case registered_delivery: return &body.registered_delivery;
        case data_coding: return &body.data_coding;
        default: return nullptr;
    }
}

std::string_view* string_of(smpp::MessageBody& body, FieldId field) {
    switch (field) {
        case service_type: return &body.service_type;
        case source_addr: return &body.source_addr;
        case destination_addr: return &body.destination_addr;
        case schedule_delivery_time: return &body.schedule_delivery_time;
        case validity_period: return &body.validity_period;
        default: return nullptr;
    }
}

sms::Charset default_charset(routing::Alphabet alphabet) {
    switch (alphabet) {
        case routing::Alphabet::latin1: return sms::Charset::latin1;
        case routing::Alphabet::ascii: return sms::Charset::ascii;
        case routing::Alphabet::utf8: return sms::Charset::utf8;
        default: return sms::Charset::gsm7;
    }
}

/// Octets of the user data header in front of a text.
std::size_t header_size(const smpp::MessageBody& body, ByteView octets) {
    if ((body.esm_class & smpp::esm_class::udhi) == 0) return 0;
    const auto header = sms::UserDataHeader::parse(octets);
    return header ? header->size() : octets.size();
}

std::string decode_text(const smpp::MessageBody& body, const routing::TextProfile& profile) {
    const ByteView octets = smpp::message_text(body);
    const std::size_t header = header_size(body, octets);
    const ByteView rest = octets.subspan(header);
    switch (sms::alphabet_of(body.data_coding)) {
        case sms::Alphabet::ucs2: return sms::decode(sms::Charset::ucs2, rest);
        case sms::Alphabet::latin1: return sms::decode(sms::Charset::latin1, rest);
        case sms::Alphabet::ascii: return sms::decode(sms::Charset::ascii, rest);
        case sms::Alphabet::other: return std::string(as_text(rest));
        case sms::Alphabet::gsm7:
        case sms::Alphabet::peer_default: break;
    }
    if (profile.default_alphabet == routing::Alphabet::gsm7_packed)
        return sms::decode(sms::Charset::gsm7, sms::unpack_septets(rest, sms::fill_bits(header)));
    const bool gsm7 = sms::alphabet_of(body.data_coding) == sms::Alphabet::gsm7;
    return sms::decode(gsm7 ? sms::Charset::gsm7 : default_charset(profile.default_alphabet), rest);
}

std::string_view name_of(Kind kind) {
    switch (kind) {
        case Kind::nil: return "nil";
        case Kind::boolean: return "a boolean";
        case Kind::integer: return "a whole number";
        case Kind::number: return "a number";
        case Kind::text: return "a string";
    }
    return {};
}

}  // namespace

std::span<const FieldRow, field_count> field_rows() { return rows; }

const FieldRow* find_field(std::string_view name) {
    const auto found = std::ranges::find(rows, name, &FieldRow::name);
    return found != rows.end() ? &*found : nullptr;
}

std::optional<smpp::CommandStatus> status_named(std::string_view text) {
    if (const smpp::Status* row = smpp::find_status(text))
        return row->value != smpp::CommandStatus::ESME_ROK ? std::optional(row->value) : std::nullopt;
    const bool hex = text.starts_with("0x");
    std::uint32_t value = 0;
    const std::string_view digits = hex ? text.substr(2) : text;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, hex ? 16 : 10);
    if (error != std::errc{} || end != digits.data() + digits.size() || value == 0) return std::nullopt;
    return smpp::CommandStatus{value};
}

void Subject::begin(Event event) {
    event_ = event;
    has_message_ = tlvs_changed_ = tlvs_changed_before_ = false;
    changed_ = changed_before_ = saved_ = 0;
    body_ = before_ = {};
    for (Fact& fact : facts_) fact.kind = Kind::nil;
    names_.clear();
    names_saved_ = false;
    verdict_ = {};
    no_look_ups_ = nullptr;
}

void Subject::fact(FieldId field, std::string_view value) {
    Fact& its = facts_[place(field)];
    its.kind = Kind::text;
    its.text.assign(value);
}

void Subject::fact(FieldId field, std::int64_t value) {
    Fact& its = facts_[place(field)];
    its.kind = rows[place(field)].kind;
    its.integer = value;
}

void Subject::message(const smpp::MessageBody& body, const routing::TextProfile& profile) {
    body_ = before_ = body;
    profile_ = profile;
    has_message_ = true;
}

namespace {
/// `body` with its octets in `to`; a text beyond the 254 octets of short_message stays where it was.
void copy_into(smpp::MessageBody& body, std::vector<std::uint8_t>& to) {
    std::vector<std::uint8_t> octets(smpp::encoded_size(body));
    smpp::encode(body, octets);
    to = std::move(octets);
    const auto copy = smpp::decode<smpp::MessageBody>(to, {true, 255});
    SLUICE_CHECK(copy.has_value());
    body = *copy;
}
}  // namespace

void Subject::keep() {
    if (!has_message_) return;
    copy_into(body_, kept_);
    copy_into(before_, kept_before_);
}

void Subject::checkpoint() {
    if (has_message_ && changed()) {
        before_ = body_;
        copy_into(before_, kept_before_);
    }
    saved_ = 0;
    names_saved_ = false;
    changed_before_ = changed_;
    tlvs_changed_before_ = tlvs_changed_;
}

void Subject::revert() {
    if (has_message_) body_ = before_;
    for (std::size_t i = 0; i < facts_.size(); ++i)
        if (saved_ >> i & 1) facts_[i] = facts_before_[i];
    saved_ = 0;
    if (names_saved_) names_ = names_before_;
    names_saved_ = false;
    changed_ = changed_before_;
    tlvs_changed_ = tlvs_changed_before_;
    verdict_ = {};
}

bool Subject::get(const FieldRow& field, ValueView& value) {
    value = {};
    if ((field.read & bit(event_)) == 0)
        return refuse(fmt::format("on_{} has no field '{}'", script::name_of(event_), field.name));
    if (field.id <= text) {
        if (!has_message_) return true;
        if (const std::uint8_t* octet = octet_of(body_, field.id)) value = ValueView::of(std::int64_t{*octet});
        else if (const std::string_view* string = string_of(body_, field.id)) value = ValueView::of(*string);
        else if (field.id == short_message) value = ValueView::of(as_text(smpp::message_text(body_)));
        else value = ValueView::of(std::string_view(scratch_ = decode_text(body_, profile_)));
        return true;
    }
    const Fact& fact = facts_[place(field.id)];
    value = {fact.kind, fact.integer, 0, fact.text};
    return true;
}

std::string_view Subject::own(FieldId field, std::string_view value) {
    std::string& its = own_[place(field)];
    its.assign(value);
    return its;
}

bool Subject::set(const FieldRow& field, const ValueView& value) {
    if ((field.write & bit(event_)) == 0)
        return refuse(fmt::format("on_{} cannot set '{}'", script::name_of(event_), field.name));
    if (value.kind != field.kind)
        return refuse(fmt::format("'{}' is {}, not {}", field.name, name_of(field.kind), name_of(value.kind)));
    if (value.kind == Kind::integer && (value.integer < 0 || value.integer > field.max))
        return refuse(fmt::format("'{}' is 0 to {}, not {}", field.name, field.max, value.integer));
    if (value.kind == Kind::text && value.text.size() > field.max)
        return refuse(fmt::format("'{}' has at most {} octets, not {}", field.name, field.max, value.text.size()));
    const bool octets = field.id == short_message || field.id == text;
    if (value.kind == Kind::text && !octets && value.text.find('\0') != std::string_view::npos)
        return refuse(fmt::format("'{}' cannot have a zero octet", field.name));
    if (field.id <= text && !has_message_) return refuse("there is no message");
    if (field.id == text) {
        if (!write_text(value.text)) return false;
    } else if (field.id == short_message) {
        // What short_message cannot hold goes as message_payload; the other of the two is empty.
        const bool longer = value.text.size() > 254;
        if (longer || body_.tlvs.find(smpp::Tag::message_payload)) {
            const auto payload = static_cast<std::uint16_t>(smpp::Tag::message_payload);
            if (!set_tlv(payload, longer ? std::optional(value.text) : std::nullopt)) return false;
        }
        const std::string_view kept = own(short_message, longer ? std::string_view() : value.text);
        body_.short_message = as_bytes(kept);
    } else if (std::uint8_t* octet = octet_of(body_, field.id)) {
        *octet = static_cast<std::uint8_t>(value.integer);
    } else if (std::string_view* string = string_of(body_, field.id)) {
        *string = own(field.id, value.text);
    } else {
        if (field.id == state && std::ranges::find(smpp::message_states, value.text, &smpp::MessageStateRow::name) ==
                                     smpp::message_states.end())
            return refuse(fmt::format("'{}' is no message_state", value.text.substr(0, 32)));
        Fact& fact = facts_[place(field.id)];
        const std::uint64_t its_bit = std::uint64_t{1} << place(field.id);
        if ((saved_ & its_bit) == 0) facts_before_[place(field.id)] = fact;
        saved_ |= its_bit;
        fact.kind = value.kind;
        fact.integer = value.integer;
        fact.text.assign(value.text);
        if (field.id == account) set_names({&value.text, 1}, account);
    }
    changed_ |= std::uint64_t{1} << place(field.id);
    return true;
}

/// In the peer's default alphabet where that has all of it, else in UCS-2. The user data header stays.
bool Subject::write_text(std::string_view utf8) {
    const ByteView before = smpp::message_text(body_);
    const std::size_t header = std::min(header_size(body_, before), before.size());
    std::string octets(as_text(before.first(header)));
    std::uint8_t coding = 0;
    auto encoded = sms::encode(default_charset(profile_.default_alphabet), utf8);
    if (encoded && profile_.default_alphabet == routing::Alphabet::gsm7_packed)
        encoded = sms::pack_septets(*encoded, sms::fill_bits(header));
    if (!encoded) {
        encoded = sms::encode(sms::Charset::ucs2, utf8);
        coding = static_cast<std::uint8_t>(smpp::DataCoding::ucs2);
    }
    if (!encoded) return refuse("'text' is not UTF-8");
    octets.append(as_text(*encoded));
    if (octets.size() > 65535) return refuse("'text' takes more than 65535 octets");
    if (!set(rows[place(short_message)], ValueView::of(std::string_view(octets)))) return false;
    body_.data_coding = coding;
    changed_ |= std::uint64_t{1} << place(data_coding);
    return true;
}

bool Subject::set_tlv(std::uint16_t tag, std::optional<std::string_view> value) {
    if ((editable & bit(event_)) == 0) return refuse(fmt::format("on_{} cannot set TLVs", script::name_of(event_)));
    if (value && smpp::tlv_length({smpp::Tag{tag}, as_bytes(*value)}) != smpp::TlvLength::right) {
        const smpp::TlvRow& row = *smpp::find_tlv(smpp::Tag{tag});
        const std::string range = row.min_length == row.max_length
                                      ? fmt::format("{}", row.min_length)
                                      : fmt::format("{} to {}", row.min_length, row.max_length);
        return refuse(fmt::format("'{}' has {} octets{}, not {}", row.name, range,
                                  row.kind == smpp::TlvKind::text ? " with a NUL as the last" : "", value->size()));
    }
    const bool payload = tag == static_cast<std::uint16_t>(smpp::Tag::message_payload);
    std::size_t size = value ? value->size() + smpp::tlv_header_size : 0;
    std::size_t others = 0;
    for (const smpp::Tlv its : body_.tlvs)
        if (its.tag != smpp::Tag{tag}) {
            size += its.value.size() + smpp::tlv_header_size;
            if (its.tag != smpp::Tag::message_payload) others += its.value.size() + smpp::tlv_header_size;
        }
    if (others + (payload || !value ? 0 : value->size() + smpp::tlv_header_size) > max_tlvs ||
        (value && value->size() > 65535))
        return refuse(fmt::format("the TLVs would take more than {} octets", max_tlvs));
    std::vector<std::uint8_t> octets(size);
    smpp::TlvWriter writer(octets);
    for (const smpp::Tlv its : body_.tlvs)
        if (its.tag != smpp::Tag{tag}) writer.octets(its.tag, its.value);
    if (value) writer.octets(smpp::Tag{tag}, as_bytes(*value));
    tlv_octets_ = std::move(octets);
    body_.tlvs = smpp::TlvView(tlv_octets_);
    tlvs_changed_ = true;
    return true;
}

bool Subject::decide(Verdict::Kind kind, std::string_view status_text, std::int64_t seconds, std::string_view words) {
    static constexpr std::array<EventMask, 6> allowed{
        0xFFFF, bit(Event::bind) | bit(Event::submit) | bit(Event::originated), bit(Event::originated),
        bit(Event::originated), bit(Event::before_send) | bit(Event::provider_response),
        bit(Event::before_send) | bit(Event::provider_response)};
    static constexpr std::array<const char*, 6> verbs{"accept", "reject", "drop", "keep", "hold", "fail"};
    if ((allowed[static_cast<std::size_t>(kind)] & bit(event_)) == 0)
        return refuse(fmt::format("on_{} cannot {}", script::name_of(event_), verbs[static_cast<std::size_t>(kind)]));
    if (event_ == Event::provider_response && kind != Verdict::Kind::none && number_of(FieldId::status) == 0)
        return refuse("the provider has taken the message");
    Verdict next;
    next.kind = kind;
    if (kind == Verdict::Kind::reject) {
        const auto value = status_named(status_text);
        if (!value)
            return refuse(fmt::format("'{}' is no command_status; write a name as \"ESME_RSUBMITFAIL\", or a number",
                                      status_text.substr(0, 40)));
        next.status = *value;
    }
    if (kind == Verdict::Kind::hold) {
        if (seconds < 1 || seconds > 7 * 24 * 3600) return refuse("hold takes 1 to 604800 seconds");
        next.seconds = static_cast<std::uint32_t>(seconds);
    }
    next.text.assign(words.substr(0, 200));
    verdict_ = std::move(next);
    return true;
}

void Subject::set_names(std::span<const std::string_view> names, FieldId stands_for) {
    if (!names_saved_) names_before_ = names_;
    names_saved_ = true;
    names_.assign(names.begin(), names.end());
    changed_ |= std::uint64_t{1} << place(stands_for);
}

bool Subject::set_candidates(std::span<const std::string_view> names) {
    if (event_ != Event::route) return refuse("only on_route can set the candidates");
    if (names.empty() || names.size() > max_candidates)
        return refuse(fmt::format("there are 1 to {} candidates", max_candidates));
    set_names(names, provider);
    return true;
}

/// `account` is the first of them, as everywhere else.
bool Subject::set_owners(std::span<const std::string_view> names) {
    if (event_ != Event::originated) return refuse("only on_originated can set the owners");
    if (names.empty() || names.size() > max_candidates)
        return refuse(fmt::format("there are 1 to {} owners; keep() is for none", max_candidates));
    const std::size_t longest = rows[place(account)].max;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i].empty() || names[i].size() > longest)
            return refuse(
                fmt::format("owner {} has {} octets; a system_id has 1 to {}", i + 1, names[i].size(), longest));
        if (std::ranges::find(names.first(i), names[i]) != names.begin() + static_cast<std::ptrdiff_t>(i))
            return refuse(fmt::format("'{}' is there twice", names[i]));
    }
    const std::string first(names.front());  // which may be what is written over
    std::vector<std::string> all(names.begin(), names.end());
    if (!set(rows[place(account)], ValueView::of(std::string_view(first)))) return false;
    names_ = std::move(all);
    return true;
}

}  // namespace sluice::script
