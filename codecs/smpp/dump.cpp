#include "codecs/smpp/dump.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "codecs/smpp/fields.hpp"
#include "codecs/smpp/hex.hpp"
#include "codecs/smpp/layout.hpp"

namespace sluice::smpp {

namespace {

template <class... Args>
void line(std::string& out, fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out), format, std::forward<Args>(args)...);
    out += '\n';
}

/// In quotation marks, what is not printable ASCII as \xhh.
std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        const auto octet = static_cast<std::uint8_t>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (octet >= 0x20 && octet < 0x7F) {
            out += c;
        } else {
            fmt::format_to(std::back_inserter(out), "\\x{:02x}", octet);
        }
    }
    out += '"';
    return out;
}

std::string esm_class_text(std::uint8_t value) {
    constexpr std::string_view modes[] = {"default mode", "datagram", "forward", "store and forward"};
    std::string out(modes[value & esm_class::mode_mask]);
    switch (value & esm_class::type_mask) {
        case 0: break;
        case esm_class::delivery_receipt: out += ", delivery receipt"; break;
        case esm_class::delivery_acknowledgement: out += ", delivery acknowledgement"; break;
        case esm_class::user_acknowledgement: out += ", user acknowledgement"; break;
        case esm_class::conversation_abort: out += ", conversation abort"; break;
        case esm_class::intermediate_notification: out += ", intermediate notification"; break;
        default: out += ", reserved type"; break;
    }
    if ((value & esm_class::udhi) != 0) out += ", UDHI";
    if ((value & esm_class::reply_path) != 0) out += ", reply path";
    return out;
}

std::string registered_delivery_text(std::uint8_t value) {
    constexpr std::string_view receipts[] = {"no receipt", "receipt", "receipt on failure", "receipt on success"};
    std::string out(receipts[value & registered_delivery::receipt_mask]);
    if ((value & registered_delivery::delivery_acknowledgement) != 0) out += ", delivery acknowledgement";
    if ((value & registered_delivery::user_acknowledgement) != 0) out += ", user acknowledgement";
    if ((value & registered_delivery::intermediate_notification) != 0) out += ", intermediate notification";
    return out;
}

/// What a value is called; empty when there is no name for it.
std::string name_of_value(Meaning meaning, std::uint32_t value) {
    const auto octet = static_cast<std::uint8_t>(value);
    switch (meaning) {
        case Meaning::number: return {};
        case Meaning::ton: return std::string(name_of(Ton{octet}));
        case Meaning::npi: return std::string(name_of(Npi{octet}));
        case Meaning::esm_class: return esm_class_text(octet);
        case Meaning::registered_delivery: return registered_delivery_text(octet);
        case Meaning::data_coding: return std::string(name_of(DataCoding{octet}));
        case Meaning::message_state: return std::string(name_of(MessageState{octet}));
        case Meaning::interface_version: return fmt::format("{}.{}", octet >> 4, octet & 0x0F);
        case Meaning::status: return std::string(name_of(CommandStatus{value}));
    }
    return {};
}

std::string number_text(Meaning meaning, std::uint32_t value) {
    const std::string name = name_of_value(meaning, value);
    return name.empty() ? fmt::format("{}", value) : fmt::format("{} ({})", value, name);
}

/// Prints fields as they are read, so that those before a broken one are shown.
class Printer {
public:
    Printer(std::string& out, const DumpOptions& options) : out_(out), options_(options) {}

    template <class Body>
    bool fields(detail::Reader& from, Body& body) {
        return std::apply(
            [&](const auto&... field) {
                return ((detail::read_field(from, body, field) && (print(body, field), true)) && ...);
            },
            Layout<Body>::fields);
    }
    template <class Body>
    void fields(const Body& body) {
        std::apply([&](const auto&... field) { (print(body, field), ...); }, Layout<Body>::fields);
    }

private:
    template <class Body>
    void print(const Body& body, const TextField<Body>& field) {
        const std::string_view value = body.*field.member;
        put(field.name, field.secret && !options_.secrets ? "(not shown)" : quoted(value));
    }
    template <class Body, class Integer>
    void print(const Body& body, const IntegerField<Body, Integer>& field) {
        put(field.name, number_text(field.meaning, body.*field.member));
    }
    template <class Body>
    void print(const Body& body, const OctetsField<Body>& field) {
        const ByteView value = body.*field.member;
        put(field.length_name, fmt::format("{}", value.size()));
        put(field.name, fmt::format("{} {}", to_hex(value), quoted(as_text(value))));
    }
    template <class Body, class Entry>
    void print(const Body& body, const ListField<Body, Entry>& field) {
        const ListView<Entry>& list = body.*field.member;
        put(field.count_name, fmt::format("{}", list.size()));
        std::size_t number = 0;
        for (const Entry& entry : list) {
            put(field.name, fmt::format("#{}", ++number));
            indent_ += 2;
            fields(entry);
            indent_ -= 2;
        }
    }
    template <class Body, class First, class Second>
    void print(const Body& body, const ChoiceField<Body, First, Second>& field) {
        const std::uint8_t flag = body.*field.member;
        put(field.name, fmt::format("{}", flag));
        const auto print_row = [&](const auto&... chosen) { (print(body, chosen), ...); };
        if (flag == 1)
            std::apply(print_row, field.first);
        else
            std::apply(print_row, field.second);
    }
    void put(std::string_view name, std::string_view value) {
        line(out_, "{:{}}{}: {}", "", indent_, name, value);
    }

    std::string& out_;
    const DumpOptions& options_;
    int indent_ = 2;
};

Meaning meaning_of(Tag tag) {
    switch (tag) {
        case Tag::message_state: return Meaning::message_state;
        case Tag::sc_interface_version: return Meaning::interface_version;
        case Tag::broadcast_error_status: return Meaning::status;
        default: return Meaning::number;
    }
}

std::string tlv_value(const Tlv& tlv, const TlvRow* row) {
    if (row != nullptr && row->kind == TlvKind::text) return quoted(tlv_text(tlv.value));
    if (row != nullptr && row->kind == TlvKind::integer)
        if (const auto value = tlv_integer(tlv.value)) return number_text(meaning_of(tlv.tag), *value);
    return to_hex(tlv.value);
}

/// What is unusual about a TLV in this PDU.
std::string tlv_remark(const Tlv& tlv, const TlvRow* row, CommandId id) {
    if (row == nullptr) return vendor_specific(tlv.tag) ? " [vendor]" : " [unknown]";
    std::string out;
    if (tlv.value.size() < row->min_length || tlv.value.size() > row->max_length)
        out += fmt::format(" [{} octets, specified {} to {}]", tlv.value.size(), row->min_length, row->max_length);
    if (!defined_for(tlv.tag, id)) out += " [not specified here]";
    return out;
}

/// A TLV that SMPP does not define but the options name. False if they do not either.
bool print_named(std::string& out, const Tlv& tlv, const DumpOptions& options) {
    const auto named = std::ranges::find(options.tlvs, tlv.tag, &NamedTlv::tag);
    if (named == options.tlvs.end()) return false;
    const auto text = named_tlv_text(named->type, tlv.value);
    const bool is_string = named->type == NamedTlvType::c_octet_string;
    line(out, "  tlv 0x{:04x} {} {}{}", static_cast<unsigned>(tlv.tag), named->name,
         !text ? to_hex(tlv.value) : is_string ? quoted(*text) : *text, text ? "" : " [not of its type]");
    return true;
}

void print_tlvs(std::string& out, const TlvView& tlvs, CommandId id, const DumpOptions& options) {
    for (const Tlv tlv : tlvs) {
        const TlvRow* row = find_tlv(tlv.tag);
        if (row == nullptr && print_named(out, tlv, options)) continue;
        line(out, "  tlv 0x{:04x} {} {}{}", static_cast<unsigned>(tlv.tag), row != nullptr ? row->name : "-",
             tlv_value(tlv, row), tlv_remark(tlv, row, id));
    }
}

template <class Body>
bool is_secret(const TextField<Body>& field) {
    return field.secret;
}
bool is_secret(const auto&) { return false; }

template <class Body>
bool has_secret() {
    return std::apply([](const auto&... field) { return (is_secret(field) || ... || false); }, Layout<Body>::fields);
}

/// Says whether the body's octets hold something that is not to be shown.
template <class Body>
bool print_body(std::string& out, CommandId id, ByteView octets, const DumpOptions& options) {
    const bool withhold = has_secret<Body>() && !options.secrets;
    Printer printer(out, options);
    if (const auto body = decode<Body>(octets, options.decode)) {
        // An answer may have left its fields out.
        if (!octets.empty()) printer.fields(*body);
        print_tlvs(out, body->tlvs, id, options);
    } else {
        detail::Reader from(octets, options.decode);
        Body partial;
        printer.fields(from, partial);
        line(out, "! malformed {}: {}", body.error().field, name_of(body.error().status));
        if (!withhold && from.left() > 0) line(out, "! not read: {}", to_hex({from.at, from.left()}));
    }
    return withhold;
}

std::string named(std::string_view name, std::uint32_t value) {
    return fmt::format("{} (0x{:08x})", name.empty() ? "unknown" : name, value);
}

}  // namespace

std::string dump(ByteView pdu, const DumpOptions& options) {
    std::string out;
    bool withhold = false;
    if (pdu.size() < header_size) {
        line(out, "! {} octets are no PDU header", pdu.size());
    } else {
        const Header header = read_header(pdu.data());
        line(out, "{}", named(name_of(header.id), static_cast<std::uint32_t>(header.id)));
        line(out, "  command_length: {}", header.length);
        line(out, "  command_status: {}", named(name_of(header.status), static_cast<std::uint32_t>(header.status)));
        line(out, "  sequence_number: {}", header.sequence);
        if (header.length != pdu.size()) line(out, "! malformed command_length: {} octets are here", pdu.size());
        const ByteView body = pdu.subspan(header_size);
        const bool is_known = with_body_of(header.id, [&]<class Body>(std::type_identity<Body>) {
            withhold = print_body<Body>(out, header.id, body, options);
        });
        if (!is_known) line(out, "! malformed command_id: {}", name_of(CommandStatus::ESME_RINVCMDID));
    }
    if (options.octets && !withhold) out += hex_dump(pdu);
    return out;
}

}  // namespace sluice::smpp
