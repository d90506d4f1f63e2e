#include "engine/gateway/ingress.hpp"

#include <algorithm>
#include <array>

#include "codecs/smpp/time.hpp"
#include "codecs/smpp/tlv_length.hpp"
#include "engine/gateway/charging.hpp"
#include "engine/gateway/compose.hpp"
#include "engine/gateway/finish.hpp"
#include "engine/gateway/parts.hpp"
#include "engine/gateway/triggers.hpp"

namespace sluice::gateway {

using smpp::CommandStatus;
using wire::ReplyTo;

namespace {

const routing::DistributionList* list_of(const Party& party, const smpp::Destination& destination) {
    return destination.dest_flag == smpp::dest_flag_list && party.account != nullptr
               ? party.account->list(destination.dl_name)
               : nullptr;
}

/// A zero octet at the end of packed septets is a part of the last one.
bool packed(const routing::TextProfile& text) { return text.default_alphabet == routing::Alphabet::gsm7_packed; }

bool is_segment_tag(smpp::Tag tag) {
    return tag == smpp::Tag::sar_msg_ref_num || tag == smpp::Tag::sar_total_segments ||
           tag == smpp::Tag::sar_segment_seqnum;
}

}  // namespace

smpp::MessageBody message_body(const smpp::DataSm& pdu) {
    smpp::MessageBody body;
    body.service_type = pdu.service_type;
    body.source_addr_ton = pdu.source_addr_ton;
    body.source_addr_npi = pdu.source_addr_npi;
    body.source_addr = pdu.source_addr;
    body.dest_addr_ton = pdu.dest_addr_ton;
    body.dest_addr_npi = pdu.dest_addr_npi;
    body.destination_addr = pdu.destination_addr;
    body.esm_class = pdu.esm_class;
    body.registered_delivery = pdu.registered_delivery;
    body.data_coding = pdu.data_coding;
    body.tlvs = pdu.tlvs;
    return body;
}

/// Refuses a sender that is not the account's, or puts its own in the place of it.
CommandStatus Ingress::check_sender(const routing::Account& account, smpp::MessageBody& pdu) {
    if (account.senders.empty()) return CommandStatus::ESME_ROK;
    const auto sender = routing::Address::normalise(pdu.source_addr, pdu.source_addr_ton, account.country_code);
    if (account.allows_sender(sender.text())) return CommandStatus::ESME_ROK;
    if (account.default_sender.empty()) return CommandStatus::ESME_RINVSRCADR;
    const bool number = std::ranges::all_of(account.default_sender, [](char c) { return c >= '0' && c <= '9'; });
    pdu.source_addr = account.default_sender;
    pdu.source_addr_ton = static_cast<std::uint8_t>(number ? smpp::Ton::international : smpp::Ton::alphanumeric);
    pdu.source_addr_npi = static_cast<std::uint8_t>(number ? smpp::Npi::e164 : smpp::Npi::unknown);
    return CommandStatus::ESME_ROK;
}

bool Ingress::full() const { return core_.disk_stalled || core_.messages->full(); }

CommandStatus Ingress::times(const routing::Account& account, const smpp::MessageBody& pdu, Message& m) const {
    const WallTime now = core_.reactor->now().wall;
    if (!pdu.schedule_delivery_time.empty()) {
        const auto at = smpp::parse_time(pdu.schedule_delivery_time, now);
        if (!at) return CommandStatus::ESME_RINVSCHED;
        m.due_at = std::min(*at, now + core_.config.max_validity);
    }
    const seconds standard = account.default_validity.count() > 0 ? account.default_validity
                                                                  : core_.config.default_validity;
    m.expires_at = std::max(now, m.due_at) + standard;
    if (!pdu.validity_period.empty()) {
        const auto until = smpp::parse_time(pdu.validity_period, now);
        if (!until || *until <= std::max(now, m.due_at)) return CommandStatus::ESME_RINVEXPIRY;
        m.expires_at = std::min(*until, std::max(now, m.due_at) + core_.config.max_validity);
        m.explicit_validity = true;
    }
    return CommandStatus::ESME_ROK;
}

CommandStatus Ingress::admit(Party& party, smpp::MessageBody pdu, const ReplyTo& reply, MessageId shown, MessageId& id,
                             bool fires) {
    Message m;
    if (const auto status = check(party, pdu, m); status != CommandStatus::ESME_ROK) return status;
    std::vector<std::uint8_t> mended;
    if (!pdu.tlvs.raw().empty()) [[unlikely]]
        if (const auto status = check_tlvs(party, pdu.tlvs, mended); status != CommandStatus::ESME_ROK) return status;
    if (core_.fires(script::Event::submit) && fires) [[unlikely]]
        return triggered(party, pdu, reply, shown, id);
    return take(party, pdu, m, reply, shown, id);
}

namespace {
std::string length_text(const smpp::Tlv& tlv) {
    return std::string(smpp::name_of(tlv.tag)) + " of " + std::to_string(tlv.value.size()) + " octets";
}
}  // namespace

/// Interop P9. Other people's decoders go by the specification's lengths, and some fail on anything else.
CommandStatus Ingress::check_tlvs(const Party& party, smpp::TlvView& tlvs, std::vector<std::uint8_t>& mended) {
    const smpp::TlvLengths lengths = smpp::tlv_lengths(tlvs);
    if (lengths.all_right()) return CommandStatus::ESME_ROK;
    if (lengths.wrong > 0 && party.account != nullptr) {
        core_.log('D', "submit of " + party.account->system_id + " refused: " + length_text(lengths.first_wrong));
        core_.counters.refused_tlv_length.add();
        return CommandStatus::ESME_RINVTLVLEN;
    }
    // A provider is not told: it would bring the message again as it is, or lose it.
    if (lengths.wrong > 0 && party.provider != nullptr)
        core_.log('D', "message of " + party.provider->name + " without its " + length_text(lengths.first_wrong));
    core_.counters.tlvs_left_out.add(lengths.wrong);
    core_.counters.tlvs_mended.add(lengths.mendable);
    mended = smpp::mend_tlvs(tlvs);
    tlvs = smpp::TlvView(mended);
    return CommandStatus::ESME_ROK;
}

CommandStatus Ingress::check(Party& party, smpp::MessageBody& pdu, Message& m) {
    const Now& now = core_.now();
    core_.counters.submits.add();
    const auto refuse = [&](Counter& counter, CommandStatus status) {
        counter.add();
        return status;
    };
    if (party.account == nullptr || !party.account->enabled || core_.draining)
        return refuse(core_.counters.refused_no_route, CommandStatus::ESME_RSUBMITFAIL);
    const routing::Account& account = *party.account;

    // What the message says.
    if (pdu.destination_addr.empty()) return refuse(core_.counters.refused_malformed, CommandStatus::ESME_RINVDSTADR);
    if (!pdu.short_message.empty() && pdu.tlvs.find(smpp::Tag::message_payload))
        return refuse(core_.counters.refused_malformed, CommandStatus::ESME_RTLVNOTALLWD);
    if (const auto status = times(account, pdu, m); status != CommandStatus::ESME_ROK)
        return refuse(core_.counters.refused_malformed, status);
    if (account.strip_trailing_nul && !packed(account.text) && (pdu.esm_class & smpp::esm_class::udhi) == 0)
        pdu.short_message = smpp::without_trailing_nul(pdu.short_message, pdu.data_coding);

    if (const auto status = check_sender(account, pdu); status != CommandStatus::ESME_ROK)
        return refuse(core_.counters.refused_sender, status);

    // What the account may.
    if (!party.shared->rate.take(account.rate, now.mono))
        return refuse(core_.counters.refused_throttled, CommandStatus::ESME_RTHROTTLED);
    if (full() || core_.unfinished() >= core_.config.max_queued ||
        party.shared->queued.load(std::memory_order_relaxed) >= static_cast<std::int64_t>(account.max_queued))
        return refuse(core_.counters.refused_full, CommandStatus::ESME_RMSGQFUL);
    // Those that ask for no receipt may go on.
    if ((pdu.registered_delivery & smpp::registered_delivery::receipt_mask) != 0 &&
        core_.awaiting() >= core_.config.max_receipts_outstanding)
        return refuse(core_.counters.refused_receipts, CommandStatus::ESME_RTHROTTLED);
    return CommandStatus::ESME_ROK;
}

CommandStatus Ingress::take(Party& party, smpp::MessageBody& pdu, Message& m, const ReplyTo& reply, MessageId shown,
                            MessageId& id, const routing::Provider* chosen) {
    const Now& now = core_.now();
    const routing::Account& account = *party.account;
    const auto refuse = [&](Counter& counter, CommandStatus status) {
        counter.add();
        return status;
    };
    // Also where a trigger has chosen: the rule says what the message costs.
    routing::RouteRequest request;
    request.account = account.id;
    request.charging = &account.charging;
    request.destination = routing::Address::normalise(pdu.destination_addr, pdu.dest_addr_ton, account.country_code);
    const routing::RouteTable& routes = core_.snapshot->routes();
    if (routes.asks_source()) request.source = routing::Address::normalise(pdu.source_addr, pdu.source_addr_ton);
    request.at = std::max(now.wall, m.due_at);
    request.quality = core_.quality;
    const auto decision = routes.route(request, core_.health, core_.random.next());
    if (chosen == nullptr) {
        using Outcome = routing::RouteDecision::Outcome;
        if (decision.outcome != Outcome::routed) {
            return refuse(core_.counters.refused_no_route,
                          decision.outcome == Outcome::rejected ? decision.reject_status
                          : decision.outcome == Outcome::no_route || decision.outcome == Outcome::unpriced
                              ? CommandStatus::ESME_RINVDSTADR
                              : CommandStatus::ESME_RSUBMITFAIL);
        }
        if (core_.fires(script::Event::route)) [[unlikely]] return ask_route(party, pdu, decision, reply, shown, id);
        chosen = &core_.snapshot->providers()[decision.candidates[0]];
    }
    const routing::Provider& provider = *chosen;

    m.account = party.id;
    m.provider = party_of(provider);
    m.priority = std::min<std::uint8_t>(pdu.priority_flag, 3);
    m.registered_delivery = pdu.registered_delivery;
    m.accepted_at = now.wall;
    m.shown_id = shown;
    std::uint64_t waiting = 0;
    for (const Lane* lane : core_.party(m.provider).lanes) waiting += lane->size();
    if (waiting >= std::max<std::uint64_t>(1, provider.max_queued / core_.shards))
        return refuse(core_.counters.refused_full, CommandStatus::ESME_RMSGQFUL);

    std::array<std::uint8_t, 4096> tlv_octets;
    if ((pdu.esm_class & smpp::esm_class::udhi) != 0 && pdu.tlvs.find(smpp::Tag::sar_msg_ref_num)) {
        core_.counters.udh_and_sar.add();  // interop P12: the user data header wins
        smpp::TlvWriter kept(tlv_octets);
        bool all = true;
        for (const smpp::Tlv tlv : pdu.tlvs)
            if (!is_segment_tag(tlv.tag)) all = kept.octets(tlv.tag, tlv.value) && all;
        if (all) pdu.tlvs = kept.view();
    }
    store_body(m, pdu);
    Split parts;
    if (core_.snapshot->converts_for(provider)) {
        const CommandStatus status = convert_new(m, account.text, provider.text, parts);
        if (status != CommandStatus::ESME_ROK) return status;
    }
    if (account.charging.on()) {
        const std::size_t units =
            parts.parts.empty() ? charged_parts(pdu, m.body_view(), account.text) : parts.parts.size();
        if (const auto status = reserve_charge(core_, party, decision, units, m); status != CommandStatus::ESME_ROK)
            return status;
        if (account.charging.mode == routing::ChargingMode::database)
            return hold(party, std::move(m), std::move(parts), reply);
    }
    party.shared->queued += static_cast<std::int64_t>(std::max<std::size_t>(1, parts.parts.size()));
    id = accept(party, std::move(m), parts, reply, pdu.source_addr, pdu.destination_addr);
    return CommandStatus::ESME_ROK;
}

MessageId Ingress::accept(Party& party, Message&& m, const Split& parts, const ReplyTo& reply, std::string_view source,
                          std::string_view destination) {
    if (!parts.parts.empty()) core_.counters.split.add();
    const auto what = m.kind == Kind::submitted ? AfterCommit::What::accepted : AfterCommit::What::reported;
    const PartyId whom = m.destination();
    const MessageId id = !parts.parts.empty()
                             ? accept_parts(core_, m, parts, reply)
                             : core_.messages->accept(std::move(m), after_commit(what, reply, 0), core_.now());
    core_.note_accepted(id, party.id, whom, source, destination);
    return id;
}

/// Its PDU is gone, but for what was stored of it.
MessageId Ingress::accept(Party& party, Unpaid::Item&& item, const ReplyTo& reply) {
    const auto body = smpp::decode<smpp::MessageBody>(item.message.body_view(), {true, 255});
    SLUICE_CHECK(body.has_value());
    const std::string source(body->source_addr), destination(body->destination_addr);
    return accept(party, std::move(item.message), item.split, reply, source, destination);
}

CommandStatus Ingress::hold(Party& party, Message&& m, Split&& parts, const ReplyTo& reply) {
    if (together_ != nullptr) {
        together_->add(std::move(m), std::move(parts));
        return CommandStatus::ESME_ROK;
    }
    Unpaid one;
    one.add(std::move(m), std::move(parts));
    one.reply = reply;
    one.pdu = core_.hold_arrival();
    return purses_.hold(party, std::move(one));
}

void Ingress::accept(Party& party, Unpaid&& paid) {
    const Arrival arrival(core_, paid.pdu);
    if (paid.reply.command != static_cast<std::uint32_t>(smpp::CommandId::submit_multi)) {
        for (Unpaid::Item& item : paid.items) accept(party, std::move(item), paid.reply);
        return;
    }
    MessageId shown = 0;
    for (Unpaid::Item& item : paid.items) {
        item.message.shown_id = shown;
        const MessageId id = accept(party, std::move(item), {});
        if (shown == 0) shown = id;
    }
    answer_multi(shown, std::move(paid.unsuccess), paid.unsuccess_count, paid.reply);
}

CommandStatus Ingress::convert_new(const Message& m, const routing::TextProfile& from, const routing::TextProfile& to,
                                   Split& parts) {
    const auto refuse = [&](Counter& counter, CommandStatus status) {
        counter.add();
        return status;
    };
    parts = gateway::split(m.body_view(), from, to, ++reference_);
    if (parts.refused) return refuse(core_.counters.refused_text, CommandStatus::ESME_RINVDCS);
    if (parts.too_long) return refuse(core_.counters.refused_malformed, CommandStatus::ESME_RINVMSGLEN);
    std::vector<std::uint8_t> converted;
    if (parts.parts.empty() && to.unmappable == routing::Unmappable::refuse && m.kind == Kind::submitted &&
        convert(m.body_view(), from, to, true, converted) == Conversion::refused)
        return refuse(core_.counters.refused_text, CommandStatus::ESME_RINVDCS);
    return CommandStatus::ESME_ROK;
}

CommandStatus Ingress::submit(Party& account, const smpp::SubmitSm& pdu, const ReplyTo& reply) {
    MessageId id = 0;
    return admit(account, pdu, reply, 0, id);
}

CommandStatus Ingress::submit(Party& account, const smpp::DataSm& pdu, const ReplyTo& reply) {
    MessageId id = 0;
    return admit(account, message_body(pdu), reply, 0, id);
}

CommandStatus Ingress::submit(Party& account, const smpp::SubmitMulti& pdu, const ReplyTo& reply) {
    if (pdu.dest_address.empty()) {
        core_.counters.refused_malformed.add();
        return CommandStatus::ESME_RINVNUMDESTS;
    }
    std::size_t messages = 0;
    for (const smpp::Destination& destination : pdu.dest_address) {
        const routing::DistributionList* list = list_of(account, destination);
        messages += list != nullptr ? list->numbers.size() : 1;
    }
    if (messages > limits::submit_multi_messages) {
        core_.counters.refused_malformed.add();
        return CommandStatus::ESME_RINVNUMDESTS;
    }
    smpp::MessageBody body;
    body.service_type = pdu.service_type;
    body.source_addr_ton = pdu.source_addr_ton;
    body.source_addr_npi = pdu.source_addr_npi;
    body.source_addr = pdu.source_addr;
    body.esm_class = pdu.esm_class;
    body.protocol_id = pdu.protocol_id;
    body.priority_flag = pdu.priority_flag;
    body.schedule_delivery_time = pdu.schedule_delivery_time;
    body.validity_period = pdu.validity_period;
    body.registered_delivery = pdu.registered_delivery;
    body.data_coding = pdu.data_coding;
    body.sm_default_msg_id = pdu.sm_default_msg_id;
    body.short_message = pdu.short_message;
    body.tlvs = pdu.tlvs;

    Unpaid unpaid;
    const bool pays_elsewhere = account.account != nullptr &&
                                account.account->charging.mode == routing::ChargingMode::database;
    together_ = pays_elsewhere ? &unpaid : nullptr;

    // All destinations share the id that the answer shows; the answer waits for the last one's record, which is in the
    // same batch as, or a later one than, all others.
    MessageId shown = 0;
    CommandStatus first_error = CommandStatus::ESME_ROK;
    std::array<std::uint8_t, 255 * 28> octets;
    smpp::ListWriter<smpp::UnsuccessSme> unsuccess(octets);
    // The answer has room for 255 of them.
    const auto failed = [&](std::uint8_t ton, std::uint8_t npi, std::string_view address, CommandStatus status) {
        if (first_error == CommandStatus::ESME_ROK) first_error = status;
        unsuccess.add({ton, npi, address, static_cast<std::uint32_t>(status)});
    };
    const auto to = [&](std::uint8_t ton, std::uint8_t npi, std::string_view address) {
        body.dest_addr_ton = ton;
        body.dest_addr_npi = npi;
        body.destination_addr = address;
        MessageId id = 0;
        const CommandStatus status = admit(account, body, {}, shown, id);
        if (status != CommandStatus::ESME_ROK) return failed(ton, npi, address, status);
        if (shown == 0) shown = id;
    };
    for (const smpp::Destination& destination : pdu.dest_address) {
        if (destination.dest_flag == smpp::dest_flag_sme) {
            to(destination.dest_addr_ton, destination.dest_addr_npi, destination.destination_addr);
            continue;
        }
        const routing::DistributionList* list = list_of(account, destination);
        if (list == nullptr) {
            failed(0, 0, destination.dl_name, CommandStatus::ESME_RINVDLNAME);
            continue;
        }
        for (const std::string& number : list->numbers)
            to(static_cast<std::uint8_t>(smpp::Ton::international),
               static_cast<std::uint8_t>(smpp::Npi::e164), number);
    }
    together_ = nullptr;
    const auto list = unsuccess.view();
    std::vector<std::uint8_t> raw(list.raw().begin(), list.raw().end());
    const auto count = static_cast<std::uint8_t>(list.size());
    if (!unpaid.items.empty()) {
        unpaid.reply = reply;
        unpaid.pdu = core_.hold_arrival();
        unpaid.unsuccess = std::move(raw);
        unpaid.unsuccess_count = count;
        return purses_.hold(account, std::move(unpaid));
    }
    if (shown == 0) return first_error;
    answer_multi(shown, std::move(raw), count, reply);
    return CommandStatus::ESME_ROK;
}

void Ingress::answer_multi(MessageId shown, std::vector<std::uint8_t> unsuccess, std::uint8_t count,
                           const ReplyTo& reply) {
    if (count > 0) unsuccess_.emplace(shown, Unsuccess{std::move(unsuccess), count});
    core_.messages->after_commit(after_commit(AfterCommit::What::accepted, reply, shown));
}

std::vector<std::uint8_t> Ingress::take_unsuccess(MessageId shown_id, std::uint8_t& count) {
    count = 0;
    const auto found = unsuccess_.find(shown_id);
    if (found == unsuccess_.end()) return {};
    Unsuccess list = std::move(found->second);
    unsuccess_.erase(found);
    count = list.count;
    return std::move(list.raw);
}

CommandStatus Ingress::originate(Party& party, const smpp::DeliverSm& received, const ReplyTo& reply) {
    core_.counters.originated.add();
    if (full()) {
        core_.counters.refused_full.add();
        return CommandStatus::ESME_RX_T_APPN;
    }
    smpp::DeliverSm pdu = received;
    if (party.provider != nullptr && party.provider->strip_trailing_nul && !packed(party.provider->text) &&
        (pdu.esm_class & smpp::esm_class::udhi) == 0)
        pdu.short_message = smpp::without_trailing_nul(pdu.short_message, pdu.data_coding);
    pdu.registered_delivery = 0;
    std::vector<std::uint8_t> mended;
    if (!pdu.tlvs.raw().empty()) [[unlikely]] check_tlvs(party, pdu.tlvs, mended);
    const routing::HomeRequest request = home_request(core_, party, pdu);
    if (must_ask(core_, request) && owner_lookups_ < limits::owner_lookups) [[unlikely]]
        return ask_owner(party, pdu, request, reply);
    return go_home(party, pdu, owners_of(core_, request), reply);
}

CommandStatus Ingress::go_home(Party& party, const smpp::DeliverSm& pdu, const Owners& owners, const ReplyTo& reply) {
    if (core_.fires(script::Event::originated)) [[unlikely]] return triggered(party, pdu, owners, reply);
    MessageId id = 0;
    return originated(party, pdu, reply, owners.all(), id);
}

/// What cannot be looked up in time is kept as nobody's, and asked about again: see Unowned.
CommandStatus Ingress::ask_owner(Party& party, const smpp::DeliverSm& pdu, const routing::HomeRequest& request,
                                 const ReplyTo& reply) {
    const auto kept = std::make_shared<Message>();
    store_body(*kept, pdu);
    ++owner_lookups_;
    const auto answered = [this, provider = party.id, kept, reply,
                           held = core_.hold_arrival()](const accounts::NumberOwners::Answer& answer) {
        --owner_lookups_;
        const Arrival arrival(core_, held);
        const auto again = smpp::decode<smpp::DeliverSm>(kept->body_view(), {true, 255});
        SLUICE_CHECK(again.has_value());
        Party& its = core_.party(provider);
        const CommandStatus status =
            full() ? CommandStatus::ESME_RX_T_APPN
                   : go_home(its, *again, owners_of(core_, home_request(core_, its, *again), &answer), reply);
        if (status != CommandStatus::ESME_ROK) core_.answer(reply, status);
    };
    core_.number_owners->find(question_of(request), [reactor = core_.reactor, answered](const auto& answer) {
        reactor->post([answered, answer] { answered(answer); });
    });
    return CommandStatus::ESME_ROK;
}

CommandStatus Ingress::originated(Party& party, const smpp::DeliverSm& pdu, const ReplyTo& reply,
                                  std::span<const PartyId> owners, MessageId& id) {
    // All of them are in one batch, so that the answer, which the first brings, speaks for all.
    if (owners.empty()) {
        core_.counters.originated_unowned.add();
        id = take_home(party, nobody, pdu, reply);
    }
    for (std::size_t i = 0; i < owners.size(); ++i) {
        const MessageId taken = take_home(party, owners[i], pdu, i == 0 ? reply : ReplyTo{});
        if (i == 0) id = taken;
    }
    return CommandStatus::ESME_ROK;
}

MessageId Ingress::take_home(Party& party, PartyId owner, const smpp::DeliverSm& pdu, const ReplyTo& reply) {
    const Now& now = core_.now();
    Message m;
    m.kind = Kind::originated;
    m.account = owner;
    m.provider = party.id;
    m.priority = std::min<std::uint8_t>(pdu.priority_flag, 3);
    m.accepted_at = now.wall;
    m.expires_at = now.wall + core_.config.delivery_validity;
    store_body(m, pdu);
    Split parts;
    const Party& its = core_.party(owner);
    if (its.account != nullptr && party.provider != nullptr && its.converts) {
        routing::TextProfile to = its.account->text;
        to.unmappable = routing::Unmappable::ucs2;  // a provider is not told what an account cannot read
        if (convert_new(m, party.provider->text, to, parts) != CommandStatus::ESME_ROK) parts = {};
    }
    return accept(party, std::move(m), parts, reply, pdu.source_addr, pdu.destination_addr);
}

}  // namespace sluice::gateway
