#include "codecs/smpp/receipt.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "codecs/smpp/pdu.hpp"
#include "codecs/smpp/time.hpp"
#include "engine/base/check.hpp"

namespace sluice::smpp {

namespace {

constexpr std::size_t id_max = 64;
constexpr std::size_t err_max = 16;
constexpr std::size_t text_max = 20;

struct Key {
    std::string_view name;
    std::string_view ReceiptText::*member;
};
/// In the order of appendix B.
constexpr Key keys[] = {
    {"id", &ReceiptText::id},
    {"sub", &ReceiptText::sub},
    {"dlvrd", &ReceiptText::dlvrd},
    {"submit date", &ReceiptText::submit_date},
    {"done date", &ReceiptText::done_date},
    {"stat", &ReceiptText::stat},
    {"err", &ReceiptText::err},
    {"text", &ReceiptText::text},
};

constexpr std::uint64_t blanks = 1ull << ' ' | 1ull << '\t' | 1ull << '\r' | 1ull << '\n' | 1ull << '\0';
constexpr bool is_blank(char c) {
    const auto octet = static_cast<unsigned char>(c);
    return octet <= ' ' && (blanks >> octet & 1) != 0;
}
constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
constexpr char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

bool begins_with_key(std::string_view text, std::string_view name) {
    if (text.size() <= name.size() || text[name.size()] != ':') return false;
    for (std::size_t i = 0; i < name.size(); ++i)
        if (lower(text[i]) != name[i]) return false;
    return true;
}

/// The key that stands, with its colon, at the front of `text`.
const Key* key_at(std::string_view text) {
    if (text.empty() || lower(text.front()) < 'd' || lower(text.front()) > 't') return nullptr;
    const auto key = std::ranges::find_if(keys, [&](const Key& each) { return begins_with_key(text, each.name); });
    return key != std::end(keys) ? &*key : nullptr;
}

void skip_blanks(std::string_view& text) {
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at != end && is_blank(*at)) ++at;
    text = {at, end};
}

std::string_view take_word(std::string_view& text) {
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at != end && !is_blank(*at)) ++at;
    const std::string_view word(text.data(), at);
    text = {at, end};
    return word;
}

std::string_view without_trailing_nuls(std::string_view text) {
    return text.substr(0, text.find_last_not_of('\0') + 1);
}

constexpr std::uint64_t each_octet = 0x0101010101010101;

/// Eight characters, the first one lowest (little-endian).
std::uint64_t load_eight(const char* from) {
    std::uint64_t octets;
    std::memcpy(&octets, from, 8);
    return octets;
}

/// The lowest bit that is set belongs to the first octet that is not above ' ', or is a colon; what is behind that one
/// may be wrong.
constexpr std::uint64_t ends_of_value(std::uint64_t octets) {
    const std::uint64_t not_colons = octets ^ ':' * each_octet;
    const std::uint64_t blanks_at = (octets - (' ' + 1) * each_octet) & ~octets;
    const std::uint64_t colons_at = (not_colons - each_octet) & ~not_colons;
    return (blanks_at | colons_at) & 0x80 * each_octet;
}

/// What nearly all texts have behind the id, with values as long as in appendix B: '?' is of a value.
class UsualRest {
    static constexpr std::string_view form =
        " sub:??? dlvrd:??? submit date:?????????? done date:?????????? stat:??????? err:??? text:";
    struct Word {
        std::size_t at;
        std::uint64_t keys, values;  ///< the characters of keys; all bits of those of values
    };
    static constexpr auto words = [] {
        std::array<Word, (form.size() + 7) / 8> result{};
        for (std::size_t i = 0; i < result.size(); ++i) {
            Word& word = result[i];
            word.at = std::min(8 * i, form.size() - 8);
            for (std::size_t octet = 0; octet < 8; ++octet) {
                const auto character = static_cast<std::uint64_t>(form[word.at + octet]);
                (character == '?' ? word.values : word.keys) |= (character == '?' ? 0xFF : character) << 8 * octet;
            }
        }
        return result;
    }();
    struct Place {
        std::size_t at, size;
    };
    static consteval Place place(std::string_view key) {
        const std::size_t at = form.find(key) + key.size();
        return {at, form.find_first_not_of('?', at) - at};
    }

public:
    static constexpr std::size_t size = form.size();

    /// `at` has `size` characters.
    static bool stands_at(const char* at) {
        std::uint64_t wrong = 0;
        for (const Word& word : words) {
            const std::uint64_t octets = load_eight(at + word.at);
            wrong |= ((octets ^ word.keys) & ~word.values) | (ends_of_value(octets) & word.values);
        }
        return wrong == 0;
    }
    static void read(const char* at, ReceiptText& result) {
        const auto value = [at](Place its) { return std::string_view(at + its.at, its.size); };
        result.sub = value(place(" sub:"));
        result.dlvrd = value(place(" dlvrd:"));
        result.submit_date = value(place(" submit date:"));
        result.done_date = value(place(" done date:"));
        result.stat = value(place(" stat:"));
        result.err = value(place(" err:"));
    }
};

/// Reads a text that is written exactly as in appendix B, as nearly all are: these keys in this order, one blank before
/// each, and a value behind each that is neither empty nor has a colon.
/// False where it is another; then `result` is of no use.
class UsualText {
public:
    explicit UsualText(std::string_view text) : at_(text.data()), end_(at_ + text.size()) {}

    bool read(ReceiptText& result) {
        if (!(skip("id:") && value(result.id))) return false;
        if (static_cast<std::size_t>(end_ - at_) >= UsualRest::size && UsualRest::stands_at(at_)) {
            UsualRest::read(at_, result);
            at_ += UsualRest::size;
        } else if (!(skip(" sub:") && value(result.sub) && skip(" dlvrd:") && value(result.dlvrd) &&
                     skip(" submit date:") && value(result.submit_date) && skip(" done date:") &&
                     value(result.done_date) && skip(" stat:") && value(result.stat) && skip(" err:") &&
                     value(result.err) && skip(" text:"))) {
            return false;
        }
        result.text = without_trailing_nuls({at_, end_});
        return true;
    }

private:
    /// `Size` counts the literal's NUL: a comparison of a length that the compiler knows is an instruction or two.
    template <std::size_t Size>
    bool skip(const char (&text)[Size]) {
        if (static_cast<std::size_t>(end_ - at_) < Size - 1 || std::memcmp(at_, text, Size - 1) != 0) return false;
        at_ += Size - 1;
        return true;
    }
    bool value(std::string_view& to) {
        const char* const begin = at_;
        for (; end_ - at_ >= 8; at_ += 8) {  // the key behind it is at least six characters long
            const std::uint64_t ends = ends_of_value(load_eight(at_));
            if (ends == 0) continue;
            at_ += std::countr_zero(ends) / 8;
            to = {begin, at_};
            return at_ != begin && *at_ == ' ';
        }
        return false;
    }

    const char* at_;
    const char* end_;
};

/// Beginnings that tell the states apart, from the seven letters of appendix B and from what is seen instead.
constexpr StatName common_stat_names[] = {
    {"DELIV", MessageState::delivered},
    {"UNDEL", MessageState::undeliverable},
    {"EXPIR", MessageState::expired},
    {"REJEC", MessageState::rejected},
    {"DELET", MessageState::deleted},
    {"ACCEP", MessageState::accepted},
    {"UNKNO", MessageState::unknown},
    {"ENROU", MessageState::enroute},
    {"SCHED", MessageState::scheduled},
    {"SKIP", MessageState::skipped},
    {"FAIL", MessageState::undeliverable},
    {"BUFF", MessageState::enroute},
    {"ACKED", MessageState::accepted},
};

bool begins_with(std::string_view stat, std::string_view prefix) {
    return stat.size() >= prefix.size() &&
           std::equal(prefix.begin(), prefix.end(), stat.begin(), [](char a, char b) { return upper(a) == upper(b); });
}

/// A text behind a user data header that can be one: no receipt begins with a control character.
ByteView without_header(ByteView text, std::uint8_t esm_class) {
    if ((esm_class & esm_class::udhi) == 0 || text.empty()) return text;
    const std::size_t header = text.front() + 1u;
    return text.front() < 0x20 && header <= text.size() ? text.subspan(header) : text;
}

/// The text as octets, one a character. UCS-2 goes to `scratch`, what is beyond Latin-1 as '?'.
std::string_view readable(ByteView text, std::uint8_t data_coding, MutableBytes scratch) {
    const bool ucs2 = data_coding == static_cast<std::uint8_t>(DataCoding::ucs2) && !text.empty() && text.front() == 0;
    if (!ucs2) return as_text(text);
    const std::size_t size = std::min(text.size() / 2, scratch.size());
    for (std::size_t i = 0; i < size; ++i) scratch[i] = text[2 * i] == 0 ? text[2 * i + 1] : '?';
    return as_text(scratch.first(size));
}

Receipt read(std::uint8_t esm_class, std::uint8_t data_coding, ByteView text, const TlvView& tlvs,
             const ReceiptOptions& options) {
    Receipt receipt;
    receipt.kind = receipt_kind(esm_class);
    receipt.text = parse_receipt_text(readable(without_header(text, esm_class), data_coding, options.scratch));

    receipt.message_id = tlvs.text(Tag::receipted_message_id).value_or(std::string_view());
    if (receipt.message_id.empty()) receipt.message_id = receipt.text.id;

    const auto by_tlv = message_state_from(tlvs.integer(Tag::message_state).value_or(UINT32_MAX));
    const auto by_text = state_of_stat(receipt.text.stat, options.own_stat_names);
    const bool tlv_counts = by_tlv && (*by_tlv != MessageState::scheduled || !by_text);
    receipt.state = tlv_counts ? by_tlv : by_text;

    if (const auto value = tlvs.find(Tag::network_error_code)) receipt.network_error = parse_network_error(*value);
    return receipt;
}

/// What stands behind the id of a text that we write, up to the value of err. Nearly all of it is the same each time:
/// it is copied whole, and written over where it is not.
class WrittenRest {
    static constexpr char form[] = " sub:000 dlvrd:000 submit date:YYMMDDhhmm done date:YYMMDDhhmm stat:DELIVRD err:";
    static constexpr std::string_view text{form, sizeof form - 1};
    static consteval std::size_t behind(std::string_view key) { return text.find(key) + key.size(); }
    static_assert(std::ranges::all_of(message_states, [](const MessageStateRow& row) { return row.stat.size() == 7; }));

public:
    static constexpr std::size_t size = text.size();

    /// To `size` octets.
    static void write(const ReceiptReport& report, std::uint8_t* to) {
        std::memcpy(to, form, size);
        write_digits(report.submitted, to + behind(" sub:"));
        write_digits(report.delivered, to + behind(" dlvrd:"));
        std::memcpy(to + behind(" submit date:"), format_minutes(report.submit_date).characters.data(), 10);
        std::memcpy(to + behind(" done date:"), format_minutes(report.done_date).characters.data(), 10);
        std::memcpy(to + behind(" stat:"), row_of(report.state).stat.data(), 7);
    }

private:
    static void write_digits(std::uint16_t number, std::uint8_t* to) {
        if (number <= 1) {  // nearly all
            to[2] = static_cast<std::uint8_t>('0' + number);
            return;
        }
        to[0] = static_cast<std::uint8_t>('0' + number / 100 % 10);
        to[1] = static_cast<std::uint8_t>('0' + number / 10 % 10);
        to[2] = static_cast<std::uint8_t>('0' + number % 10);
    }
};

std::uint8_t* append(std::uint8_t* to, std::string_view text) {
    return std::copy(text.begin(), text.end(), to);
}

}  // namespace

ReceiptText parse_receipt_text(std::string_view text) {
    ReceiptText result;
    if (UsualText(text).read(result)) return result;
    result = {};
    for (skip_blanks(text); !text.empty(); skip_blanks(text)) {
        const Key* key = key_at(text);
        if (key == nullptr) {
            take_word(text);
            continue;
        }
        text.remove_prefix(key->name.size() + 1);
        std::string_view& value = result.*key->member;
        if (key->member == &ReceiptText::text) {
            value = without_trailing_nuls(text);
            break;
        }
        skip_blanks(text);
        if (key_at(text) != nullptr) continue;
        const std::string_view word = take_word(text);
        if (value.empty()) value = word;
    }
    return result;
}

std::optional<MessageState> state_of_stat(std::string_view stat, std::span<const StatName> own_names) {
    if (own_names.empty() && stat == "DELIVRD") return MessageState::delivered;  // nearly all
    for (const std::span<const StatName> names : {own_names, std::span<const StatName>(common_stat_names)})
        for (const StatName& name : names)
            if (begins_with(stat, name.prefix)) return name.state;
    return std::nullopt;
}

std::optional<NetworkError> parse_network_error(ByteView value) {
    if (value.size() != 3) return std::nullopt;
    const auto is_digit = [](std::uint8_t octet) { return octet >= '0' && octet <= '9'; };
    if (std::all_of(value.begin(), value.end(), is_digit)) {
        const int code = 100 * (value[0] - '0') + 10 * (value[1] - '0') + (value[2] - '0');
        return NetworkError{0, static_cast<std::uint16_t>(code)};
    }
    return NetworkError{value[0], load_be<std::uint16_t>(value.data() + 1)};
}

Receipt read_receipt(const DeliverSm& body, const ReceiptOptions& options) {
    return read(body.esm_class, body.data_coding, message_text(body), body.tlvs, options);
}

Receipt read_receipt(const DataSm& body, const ReceiptOptions& options) {
    return read(body.esm_class, body.data_coding, message_text(body), body.tlvs, options);
}

std::size_t write_receipt_text(const ReceiptReport& report, MutableBytes to) {
    SLUICE_CHECK(to.size() >= receipt_text_max);
    std::uint8_t* at = append(append(to.data(), "id:"), report.message_id.substr(0, id_max));
    WrittenRest::write(report, at);
    at = append(at + WrittenRest::size, report.err.substr(0, err_max));
    at = append(append(at, " text:"), report.text.substr(0, text_max));
    return static_cast<std::size_t>(at - to.data());
}

bool write_receipt_tlvs(const ReceiptReport& report, TlvWriter& to) {
    const auto state = static_cast<std::uint8_t>(report.state);
    bool fits = to.text(Tag::receipted_message_id, report.message_id.substr(0, id_max)) &&
                to.octets(Tag::message_state, {&state, 1});
    if (report.network_error) {
        std::array<std::uint8_t, 3> value{report.network_error->type};
        store_be(value.data() + 1, report.network_error->code);
        fits = fits && to.octets(Tag::network_error_code, value);
    }
    return fits;
}

}  // namespace sluice::smpp
