#pragma once

#include <cstdint>
#include <string_view>
#include <tuple>
#include <type_traits>

#include "codecs/smpp/bodies.hpp"
#include "codecs/smpp/command.hpp"
#include "codecs/smpp/status.hpp"

/// The fields of every PDU body, in order: the one table behind decode, encode, check, dump and the generators of the
/// tests (v3.4 §4, v5.0 §4.1 to §4.6; for 3.3's own commands v3.3 §6.3).
namespace sluice::smpp {

/// What an integer field stands for, where its values have names.
enum class Meaning : std::uint8_t {
    number, ton, npi, esm_class, registered_delivery, data_coding, message_state, interface_version, status,
};

/// For fields that have no status of their own: the PDU ends too early.
inline constexpr CommandStatus too_short = CommandStatus::ESME_RINVCMDLEN;

/// A C-octet string. Sizes count the NUL.
template <class Body>
struct TextField {
    const char* name;
    std::string_view Body::*member;
    std::uint16_t max;
    CommandStatus error = too_short;
    std::uint16_t long_max = max;  ///< with DecodeOptions::long_credentials
    bool secret = false;           ///< not to be shown
};

template <class Body, class Integer>
struct IntegerField {
    const char* name;
    Integer Body::*member;
    CommandStatus error = too_short;
    Meaning meaning = Meaning::number;
};

/// One octet of length, and that many octets.
template <class Body>
struct OctetsField {
    const char* length_name;
    const char* name;
    ByteView Body::*member;
    CommandStatus error;
};

/// One octet of count, and that many entries.
template <class Body, class Entry>
struct ListField {
    const char* count_name;
    const char* name;
    ListView<Entry> Body::*member;
    CommandStatus error;
};

/// One octet, 1 or 2, that says which of two rows of fields follows.
template <class Body, class First, class Second>
struct ChoiceField {
    const char* name;
    std::uint8_t Body::*member;
    CommandStatus error;
    First first;
    Second second;
};

/// `fields`: a tuple of the above. `response`: an answer, whose body may be left out.
template <class Body>
struct Layout;

namespace layout {

using enum CommandStatus;

template <class Body>
constexpr auto text(const char* name, std::string_view Body::*member, std::uint16_t max,
                    CommandStatus error = too_short) {
    return TextField<Body>{name, member, max, error};
}
template <class Body, class Integer>
constexpr auto integer(const char* name, Integer Body::*member, CommandStatus error = too_short,
                       Meaning meaning = Meaning::number) {
    return IntegerField<Body, Integer>{name, member, error, meaning};
}
template <class Body, class Entry>
constexpr auto list(const char* count_name, const char* name, ListView<Entry> Body::*member, CommandStatus error) {
    return ListField<Body, Entry>{count_name, name, member, error};
}
template <class Body, class First, class Second>
constexpr auto choice(const char* name, std::uint8_t Body::*member, CommandStatus error, First first, Second second) {
    return ChoiceField<Body, First, Second>{name, member, error, first, second};
}

// Fields that several bodies have.
template <class B>
constexpr auto service_type = text("service_type", &B::service_type, 6, ESME_RINVSERTYP);
template <class B>
constexpr auto message_id = text("message_id", &B::message_id, 65, ESME_RINVMSGID);
template <class B>
constexpr auto esm_class = integer("esm_class", &B::esm_class, ESME_RINVESMCLASS, Meaning::esm_class);
template <class B>
constexpr auto protocol_id = integer("protocol_id", &B::protocol_id);
template <class B>
constexpr auto priority_flag = integer("priority_flag", &B::priority_flag, ESME_RINVPRTFLG);
template <class B>
constexpr auto schedule = text("schedule_delivery_time", &B::schedule_delivery_time, 17, ESME_RINVSCHED);
template <class B>
constexpr auto validity = text("validity_period", &B::validity_period, 17, ESME_RINVEXPIRY);
template <class B>
constexpr auto registered =
    integer("registered_delivery", &B::registered_delivery, ESME_RINVREGDLVFLG, Meaning::registered_delivery);
template <class B>
constexpr auto replace_if_present =
    integer("replace_if_present_flag", &B::replace_if_present_flag, ESME_RINVREPFLAG);
template <class B>
constexpr auto data_coding = integer("data_coding", &B::data_coding, too_short, Meaning::data_coding);
template <class B>
constexpr auto default_message = integer("sm_default_msg_id", &B::sm_default_msg_id, ESME_RINVDFTMSGID);
template <class B>
constexpr auto short_message = OctetsField<B>{"sm_length", "short_message", &B::short_message, ESME_RINVMSGLEN};
template <class B>
constexpr auto destinations = list("number_of_dests", "dest_address", &B::dest_address, ESME_RINVNUMDESTS);
template <class B>
constexpr auto final_date = text("final_date", &B::final_date, 17);
template <class B>
constexpr auto message_state = integer("message_state", &B::message_state, too_short, Meaning::message_state);

template <class B>
constexpr auto system_id = TextField<B>{"system_id", &B::system_id, 16, ESME_RINVSYSID, 65};
template <class B>
constexpr auto password = TextField<B>{"password", &B::password, 9, ESME_RINVPASWD, 65, true};

// Addresses: three fields each.
template <class B>
constexpr auto source(std::uint16_t max = 21) {
    return std::tuple{integer("source_addr_ton", &B::source_addr_ton, ESME_RINVSRCTON, Meaning::ton),
                      integer("source_addr_npi", &B::source_addr_npi, ESME_RINVSRCNPI, Meaning::npi),
                      text("source_addr", &B::source_addr, max, ESME_RINVSRCADR)};
}
template <class B>
constexpr auto destination(std::uint16_t max = 21) {
    return std::tuple{integer("dest_addr_ton", &B::dest_addr_ton, ESME_RINVDSTTON, Meaning::ton),
                      integer("dest_addr_npi", &B::dest_addr_npi, ESME_RINVDSTNPI, Meaning::npi),
                      text("destination_addr", &B::destination_addr, max, ESME_RINVDSTADR)};
}

/// One row of fields out of fields and rows.
template <class... Parts>
constexpr auto row(const Parts&... parts) {
    const auto as_tuple = []<class Part>(const Part& part) {
        if constexpr (requires { std::tuple_size<Part>::value; })
            return part;
        else
            return std::tuple{part};
    };
    return std::tuple_cat(as_tuple(parts)...);
}

struct Request {
    static constexpr bool response = false;
};
struct Response {
    static constexpr bool response = true;
};

}  // namespace layout

template <>
struct Layout<EmptyBody> : layout::Response {
    static constexpr auto fields = std::tuple();
};

template <>
struct Layout<Bind> : layout::Request {
    static constexpr auto fields = layout::row(
        layout::system_id<Bind>, layout::password<Bind>,
        layout::text("system_type", &Bind::system_type, 13, CommandStatus::ESME_RINVSYSTYP),
        layout::integer("interface_version", &Bind::interface_version, too_short, Meaning::interface_version),
        layout::integer("addr_ton", &Bind::addr_ton, too_short, Meaning::ton),
        layout::integer("addr_npi", &Bind::addr_npi, too_short, Meaning::npi),
        layout::text("address_range", &Bind::address_range, 41));
};

template <>
struct Layout<BindResp> : layout::Response {
    static constexpr auto fields = layout::row(layout::system_id<BindResp>);
};

template <>
struct Layout<Outbind> : layout::Request {
    static constexpr auto fields = layout::row(layout::system_id<Outbind>, layout::password<Outbind>);
};

template <>
struct Layout<MessageBody> : layout::Request {
    using B = MessageBody;
    static constexpr auto fields = layout::row(
        layout::service_type<B>, layout::source<B>(), layout::destination<B>(), layout::esm_class<B>,
        layout::protocol_id<B>, layout::priority_flag<B>, layout::schedule<B>, layout::validity<B>,
        layout::registered<B>, layout::replace_if_present<B>, layout::data_coding<B>, layout::default_message<B>,
        layout::short_message<B>);
};

template <>
struct Layout<MessageIdResp> : layout::Response {
    static constexpr auto fields = layout::row(layout::message_id<MessageIdResp>);
};

template <>
struct Layout<DataSm> : layout::Request {
    using B = DataSm;
    static constexpr auto fields =
        layout::row(layout::service_type<B>, layout::source<B>(65), layout::destination<B>(65), layout::esm_class<B>,
                    layout::registered<B>, layout::data_coding<B>);
};

template <>
struct Layout<Destination> {
    static constexpr auto fields = layout::row(layout::choice(
        "dest_flag", &Destination::dest_flag, CommandStatus::ESME_RINVDESTFLAG, layout::destination<Destination>(),
        layout::row(layout::text("dl_name", &Destination::dl_name, 21, CommandStatus::ESME_RINVDLNAME))));
};

template <>
struct Layout<SubmitMulti> : layout::Request {
    using B = SubmitMulti;
    static constexpr auto fields = layout::row(
        layout::service_type<B>, layout::source<B>(), layout::destinations<B>, layout::esm_class<B>,
        layout::protocol_id<B>, layout::priority_flag<B>, layout::schedule<B>, layout::validity<B>,
        layout::registered<B>, layout::replace_if_present<B>, layout::data_coding<B>, layout::default_message<B>,
        layout::short_message<B>);
};

template <>
struct Layout<UnsuccessSme> {
    static constexpr auto fields =
        layout::row(layout::destination<UnsuccessSme>(),
                    layout::integer("error_status_code", &UnsuccessSme::error_status_code, too_short, Meaning::status));
};

template <>
struct Layout<SubmitMultiResp> : layout::Response {
    using B = SubmitMultiResp;
    static constexpr auto fields =
        layout::row(layout::message_id<B>, layout::list("no_unsuccess", "unsuccess_sme", &B::unsuccess_sme, too_short));
};

template <>
struct Layout<QuerySm> : layout::Request {
    static constexpr auto fields = layout::row(layout::message_id<QuerySm>, layout::source<QuerySm>());
};

template <>
struct Layout<QuerySmResp> : layout::Response {
    using B = QuerySmResp;
    static constexpr auto fields =
        layout::row(layout::message_id<B>, layout::final_date<B>, layout::message_state<B>,
                    layout::integer("error_code", &B::error_code));
};

template <>
struct Layout<CancelSm> : layout::Request {
    using B = CancelSm;
    static constexpr auto fields =
        layout::row(layout::service_type<B>, layout::message_id<B>, layout::source<B>(), layout::destination<B>());
};

template <>
struct Layout<ReplaceSm> : layout::Request {
    using B = ReplaceSm;
    static constexpr auto fields =
        layout::row(layout::message_id<B>, layout::source<B>(), layout::schedule<B>, layout::validity<B>,
                    layout::registered<B>, layout::default_message<B>, layout::short_message<B>);
};

template <>
struct Layout<AlertNotification> : layout::Request {
    using B = AlertNotification;
    static constexpr auto fields = layout::row(
        layout::source<B>(65), layout::integer("esme_addr_ton", &B::esme_addr_ton, too_short, Meaning::ton),
        layout::integer("esme_addr_npi", &B::esme_addr_npi, too_short, Meaning::npi),
        layout::text("esme_addr", &B::esme_addr, 65));
};

template <>
struct Layout<BroadcastSm> : layout::Request {
    using B = BroadcastSm;
    static constexpr auto fields =
        layout::row(layout::service_type<B>, layout::source<B>(), layout::message_id<B>, layout::priority_flag<B>,
                    layout::schedule<B>, layout::validity<B>, layout::replace_if_present<B>, layout::data_coding<B>,
                    layout::default_message<B>);
};

template <>
struct Layout<CancelBroadcastSm> : layout::Request {
    using B = CancelBroadcastSm;
    static constexpr auto fields = layout::row(layout::service_type<B>, layout::message_id<B>, layout::source<B>());
};

template <>
struct Layout<ParamRetrieve> : layout::Request {
    static constexpr auto fields = layout::row(layout::text("param_name", &ParamRetrieve::param_name, 32));
};

template <>
struct Layout<ParamRetrieveResp> : layout::Response {
    static constexpr auto fields = layout::row(layout::text("param_value", &ParamRetrieveResp::param_value, 101));
};

template <>
struct Layout<QueryLastMsgs> : layout::Request {
    using B = QueryLastMsgs;
    static constexpr auto fields = layout::row(
        layout::source<B>(), layout::integer("num_messages", &B::num_messages, CommandStatus::ESME_RINVNUMMSGS));
};

template <>
struct Layout<LastMessage> {
    static constexpr auto fields =
        layout::row(layout::text("msgid", &LastMessage::msgid, 9, CommandStatus::ESME_RINVMSGID));
};

template <>
struct Layout<QueryLastMsgsResp> : layout::Response {
    static constexpr auto fields =
        layout::row(layout::list("number_msgs", "msgid", &QueryLastMsgsResp::msgid, too_short));
};

template <>
struct Layout<QueryMsgDetails> : layout::Request {
    using B = QueryMsgDetails;
    static constexpr auto fields = layout::row(
        layout::text("original_message_id", &B::original_message_id, 9, CommandStatus::ESME_RINVMSGID),
        layout::source<B>(), layout::integer("sm_length", &B::sm_length));
};

template <>
struct Layout<QueryMsgDetailsResp> : layout::Response {
    using B = QueryMsgDetailsResp;
    static constexpr auto fields = layout::row(
        layout::service_type<B>, layout::source<B>(), layout::destinations<B>, layout::protocol_id<B>,
        layout::priority_flag<B>, layout::schedule<B>, layout::validity<B>, layout::registered<B>,
        layout::data_coding<B>, layout::short_message<B>, layout::message_id<B>, layout::final_date<B>,
        layout::message_state<B>, layout::integer("error_code", &B::error_code));
};

/// Calls `visit(std::type_identity<Body>())` with the body type of the command; false when the command is unknown.
template <class Visit>
constexpr bool with_body_of(CommandId id, Visit&& visit) {
    switch (id) {
#define SLUICE_ROW(value, name, body, versions, permission) \
    case CommandId::name: visit(std::type_identity<body>()); return true;
        SLUICE_SMPP_COMMANDS(SLUICE_ROW)
#undef SLUICE_ROW
    }
    return false;
}

}  // namespace sluice::smpp
