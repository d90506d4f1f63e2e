#include "codecs/smpp/pdu.hpp"

#include "codecs/smpp/fields.hpp"
#include "codecs/smpp/layout.hpp"
#include "engine/base/check.hpp"

namespace sluice::smpp {

namespace {

using detail::Reader;

/// Octets after a TLV chain, or between it and the fields, that are no TLV and are put up with.
constexpr std::size_t max_stray = 3;

/// The part of `octets` that is a chain of whole TLVs from the start.
ByteView chain_of(ByteView octets) {
    auto it = TlvView(octets).begin();
    while (it != std::default_sentinel) ++it;
    return octets.first(octets.size() - it.rest().size());
}

/// Takes the rest of the body, which is not empty, as TLVs. A widespread client writes a NUL after short_message which
/// sm_length does not count, so the chain may begin a little later.
bool read_tlvs(ByteView rest, TlvView& tlvs) {
    for (std::size_t skipped = 0; skipped <= max_stray; ++skipped) {
        const ByteView chain = chain_of(rest);
        if (rest.size() - chain.size() <= max_stray) {
            tlvs = TlvView(chain);
            return true;
        }
        if (rest.front() != 0) break;
        rest = rest.subspan(1);
    }
    return false;
}

template <class Body>
constexpr bool begins_with_text = [] {
    if constexpr (std::tuple_size_v<decltype(Layout<Body>::fields)> == 0)
        return false;
    else
        return requires(Body body, Reader from) {
            body.*std::get<0>(Layout<Body>::fields).member = std::string_view();
        };
}();

/// An answer without its fields but with TLVs. A text begins with a printable character, the tags of SMPP's own with
/// an octet below 0x20; and the chain must end with the body.
bool only_tlvs(ByteView body) {
    return body.front() != 0 && body.front() < 0x20 && chain_of(body).size() == body.size();
}

/// What is wrong where the rest of a body is no chain of TLVs. With a short_message whose length lies, what follows it
/// looks like a broken TLV: tells which it is by the tag.
template <class Body>
DecodeError blame_for(ByteView rest) {
    if constexpr (requires(Body body) { body.short_message; }) {
        const Tag tag{load_be<std::uint16_t>(rest.data())};
        if (find_tlv(tag) == nullptr && !vendor_specific(tag)) return {CommandStatus::ESME_RINVMSGLEN, "sm_length"};
    }
    return {CommandStatus::ESME_RINVTLVSTREAM, "tlvs"};
}

bool has_nul(std::string_view value) { return value.find('\0') != value.npos; }

template <class Body>
bool check_field(Reader& result, const Body& body, const TextField<Body>& field) {
    const std::string_view value = body.*field.member;
    if (value.size() < detail::limit_of(field, result.options) && !has_nul(value)) return true;
    return result.fail(field.error, field.name);
}
template <class Body, class Integer>
bool check_field(Reader&, const Body&, const IntegerField<Body, Integer>&) {
    return true;
}
template <class Body>
bool check_field(Reader& result, const Body& body, const OctetsField<Body>& field) {
    if ((body.*field.member).size() <= result.options.max_short_message) return true;
    return result.fail(field.error, field.name);
}
template <class Body, class Entry>
bool check_field(Reader& result, const Body& body, const ListField<Body, Entry>& field) {
    const ListView<Entry>& list = body.*field.member;
    Reader entries(list.raw(), result.options);
    for (std::size_t i = 0; i < list.size(); ++i) {
        Entry entry;
        if (!detail::read_fields(entries, entry)) return result.fail(entries.error.status, entries.error.field);
    }
    return entries.left() == 0 || result.fail(field.error, field.name);
}

}  // namespace

template <class Body>
std::expected<Body, DecodeError> decode(ByteView octets, const DecodeOptions& options) {
    std::expected<Body, DecodeError> result;
    Body& body = *result;
    if constexpr (Layout<Body>::response) {
        if (octets.empty() || (octets.size() == 1 && octets.front() == 0)) return result;
        if constexpr (begins_with_text<Body>) {
            if (only_tlvs(octets)) {
                body.tlvs = TlvView(octets);
                return result;
            }
        }
    }
    Reader from(octets, options);
    if (detail::read_fields(from, body)) {
        const ByteView rest(from.at, from.left());
        if (rest.empty() || read_tlvs(rest, body.tlvs)) return result;
        from.error = blame_for<Body>(rest);
    }
    if constexpr (Layout<Body>::response) {
        // additional_status_info_text (0x001D) and its like begin with a NUL: an empty text as it seems.
        if (chain_of(octets).size() == octets.size()) {
            body = Body{.tlvs = TlvView(octets)};
            return result;
        }
    }
    result = std::unexpected(from.error);  // not returned as it is: then `result` would be copied when all is well
    return result;
}

template <class Body>
std::size_t encoded_size(const Body& body) {
    return detail::size_of_fields(body) + body.tlvs.raw().size();
}

template <class Body>
std::size_t encode(const Body& body, MutableBytes to) {
    SLUICE_CHECK(to.size() >= encoded_size(body));
    std::uint8_t* end = detail::write_fields(body, to.data());
    end = detail::put(end, body.tlvs.raw().data(), body.tlvs.raw().size());
    return static_cast<std::size_t>(end - to.data());
}

template <class Body>
std::expected<void, DecodeError> check(const Body& body, const DecodeOptions& options) {
    Reader result({}, options);
    const bool good =
        std::apply([&](const auto&... fields) { return (check_field(result, body, fields) && ...); },
                   Layout<Body>::fields) &&
        (chain_of(body.tlvs.raw()).size() == body.tlvs.raw().size() ||
         result.fail(CommandStatus::ESME_RINVTLVSTREAM, "tlvs"));
    if (!good) return std::unexpected(result.error);
    return {};
}

template <class Entry>
bool read_entry(ByteView& from, Entry& entry) {
    Reader reader(from, {});
    if (!detail::read_fields(reader, entry)) return false;
    from = from.last(reader.left());
    return true;
}

template <class Entry>
std::size_t write_entry(const Entry& entry, MutableBytes to) {
    if (to.size() < detail::size_of_fields(entry)) return 0;
    return static_cast<std::size_t>(detail::write_fields(entry, to.data()) - to.data());
}

#define SLUICE_BODY(Body) \
    template std::expected<Body, DecodeError> decode<Body>(ByteView, const DecodeOptions&); \
    template std::size_t encoded_size(const Body&); \
    template std::size_t encode(const Body&, MutableBytes); \
    template std::expected<void, DecodeError> check(const Body&, const DecodeOptions&);
SLUICE_BODY(Bind)
SLUICE_BODY(BindResp)
SLUICE_BODY(Outbind)
SLUICE_BODY(MessageBody)
SLUICE_BODY(MessageIdResp)
SLUICE_BODY(DataSm)
SLUICE_BODY(SubmitMulti)
SLUICE_BODY(SubmitMultiResp)
SLUICE_BODY(QuerySm)
SLUICE_BODY(QuerySmResp)
SLUICE_BODY(CancelSm)
SLUICE_BODY(ReplaceSm)
SLUICE_BODY(AlertNotification)
SLUICE_BODY(BroadcastSm)
SLUICE_BODY(CancelBroadcastSm)
SLUICE_BODY(ParamRetrieve)
SLUICE_BODY(ParamRetrieveResp)
SLUICE_BODY(QueryLastMsgs)
SLUICE_BODY(QueryLastMsgsResp)
SLUICE_BODY(QueryMsgDetails)
SLUICE_BODY(QueryMsgDetailsResp)
SLUICE_BODY(EmptyBody)
#undef SLUICE_BODY

#define SLUICE_ENTRY(Entry) \
    template bool read_entry(ByteView&, Entry&); \
    template std::size_t write_entry(const Entry&, MutableBytes);
SLUICE_ENTRY(Destination)
SLUICE_ENTRY(UnsuccessSme)
SLUICE_ENTRY(LastMessage)
#undef SLUICE_ENTRY

}  // namespace sluice::smpp
