#include "tools/bench/providers.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "codecs/smpp/pdu.hpp"
#include "codecs/smpp/receipt.hpp"

namespace sluice::bench {

using smpp::CommandId;
using smpp::CommandStatus;

namespace {

constexpr milliseconds retry_delay{100};

/// The gateway may take it later.
bool is_temporary(CommandStatus status) {
    return status == CommandStatus::ESME_RX_T_APPN || status == CommandStatus::ESME_RTHROTTLED ||
           status == CommandStatus::ESME_RMSGQFUL || status == CommandStatus::ESME_RSYSERR;
}

struct IdText {
    explicit IdText(std::uint64_t id) {
        size = static_cast<std::size_t>(std::to_chars(digits.data(), digits.data() + digits.size(), id).ptr -
                                        digits.data());
    }
    std::string_view view() const { return {digits.data(), size}; }
    std::array<char, 20> digits;
    std::size_t size;
};


template <std::size_t size>
std::uint8_t keep(std::string_view from, char (&to)[size]) {
    const std::size_t kept = std::min(from.size(), size);
    std::copy_n(from.data(), kept, to);
    return static_cast<std::uint8_t>(kept);
}

}  // namespace

class Providers::Bind final : public Party {
public:
    Bind(Providers& providers, std::uint32_t number, io::LinkId id, const session::SessionConfig& config)
        : Party(providers.work_.reactor, id, config), provider(number),
          last(providers.work_.options.sessions), providers_(providers) {}

    void on_bind(session::Session& session, const smpp::Header&, const smpp::Bind& bind) override {
        const MonoTime now = providers_.work_.reactor.now().mono;
        if (bind.system_id != provider_system_id) return session.refuse_bind(CommandStatus::ESME_RINVSYSID, now);
        if (bind.password != provider_password) return session.refuse_bind(CommandStatus::ESME_RINVPASWD, now);
        session.accept_bind(now);
    }
    void on_bound(session::Session&) override { providers_.bound(*this); }
    void on_request(session::Session& session, const smpp::Header& header, ByteView body) override {
        if (header.id != CommandId::submit_sm) return session.respond_unsupported(header.id, header.sequence);
        const auto pdu = smpp::decode<smpp::SubmitSm>(body);
        if (!pdu) return session.respond_error(header.id, header.sequence, pdu.error().status);
        providers_.take(*this, header, *pdu);
    }
    void on_response(session::Session&, std::uint64_t cookie, const smpp::Header& header, ByteView) override {
        providers_.acknowledged(Handle::unpack(cookie), header.status);
    }
    void on_unanswered(session::Session&, std::uint64_t cookie) override {
        providers_.again_later(Handle::unpack(cookie));
    }
    void on_end(session::Session&, session::EndReason, CommandStatus) override { providers_.ended(*this); }
    void on_drained() override {}

    const std::uint32_t provider;
    bool was_bound = false;
    /// The latest message of each customer's session that came over this bind, plus 1.
    std::vector<std::uint32_t> last;

private:
    Providers& providers_;
};

Providers::~Providers() = default;

Result<io::Endpoint> Providers::listen(const io::Endpoint& endpoint) {
    const auto listener = work_.reactor.io().listen(endpoint, {});
    if (!listener) return std::unexpected(listener.error());
    // Ids that no earlier run has used.
    const auto clock = static_cast<std::uint64_t>(
        std::chrono::floor<seconds>(SystemClock().wall()).time_since_epoch().count());
    providers_.push_back({*listener, clock << 28 | std::uint64_t{*listener} << 24, {}, 0, {}});
    return work_.reactor.io().local_endpoint(*listener);
}

void Providers::on_accept(io::LinkId link, io::ListenerId listener) {
    if (work_.options.secrets) work_.reactor.io().secure(link, work_.options.secrets->providers);
    session::SessionConfig config;
    config.role = session::Role::message_centre;
    config.window = work_.options.provider_window;
    config.peer_window = std::numeric_limits<std::uint32_t>::max();  // everything is answered at once
    config.timers.response = seconds(60);
    config.system_id = "bench";
    const auto provider = std::ranges::find(providers_, listener, &Provider::listener) - providers_.begin();
    work_.parties.add(std::make_unique<Bind>(*this, static_cast<std::uint32_t>(provider), link, config));
}

void Providers::bound(Bind& bind) {
    bind.was_bound = true;
    work_.counters.binds.add(1);
    if (bind.link.session().can_send()) providers_[bind.provider].receivers.push_back(&bind);
}

void Providers::ended(Bind& bind) {
    if (bind.was_bound) work_.counters.binds.add(-1);
    std::erase(providers_[bind.provider].receivers, &bind);
    work_.parties.retire(bind);
}

// ---- submissions

void Providers::take(Bind& bind, const smpp::Header& header, const smpp::SubmitSm& pdu) {
    work_.note_event();
    note_delivery(bind, pdu);
    Provider& provider = providers_[bind.provider];
    const std::uint64_t id = provider.next_id++;
    const IdText text(id);
    bind.link.session().respond(header.id, header.sequence, CommandStatus::ESME_ROK,
                                smpp::SubmitSmResp{text.view(), {}});
    if ((pdu.registered_delivery & smpp::registered_delivery::receipt_mask) == smpp::registered_delivery::receipt_none)
        return;
    provider.due.push_back(add_receipt(bind.provider, id, pdu));
}

void Providers::note_delivery(Bind& bind, const smpp::SubmitSm& pdu) {
    const auto message = Composer::read(work_.options.run, pdu.esm_class, smpp::message_text(pdu));
    if (!message || !work_.ledger.known(*message)) return work_.counters.strangers.add();
    if (!work_.ledger.delivered(*message)) return work_.counters.duplicated.add();
    work_.counters.delivered.add();
    work_.latencies.provider.record(work_.event_time - work_.ledger.due(*message));
    std::uint32_t& last = bind.last[work_.ledger.session(*message)];
    if (*message + 1 < last) work_.counters.out_of_order.add();
    last = std::max(last, *message + 1);
}

// ---- receipts

Handle Providers::add_receipt(std::uint32_t provider, std::uint64_t id, const smpp::SubmitSm& pdu) {
    const Handle handle = receipts_.emplace();
    Receipt& receipt = receipts_.at(handle);
    receipt.provider = provider;
    receipt.id = id;
    receipt.submitted = work_.reactor.now().wall;
    receipt.from_ton = pdu.source_addr_ton;
    receipt.from_npi = pdu.source_addr_npi;
    receipt.to_ton = pdu.dest_addr_ton;
    receipt.to_npi = pdu.dest_addr_npi;
    receipt.from_size = keep(pdu.source_addr, receipt.from);
    receipt.to_size = keep(pdu.destination_addr, receipt.to);
    const bool characters = pdu.esm_class == 0 && pdu.data_coding != static_cast<std::uint8_t>(smpp::DataCoding::ucs2);
    receipt.text_size = characters ? keep(as_text(pdu.short_message), receipt.text) : std::uint8_t{0};
    return handle;
}

void Providers::pump() {
    for (Provider& provider : providers_)
        if (!provider.due.empty()) pump(provider);
}

void Providers::pump(Provider& provider) {
    for (std::size_t full = 0; full < provider.receivers.size() && !provider.due.empty();) {
        Bind& bind = *provider.receivers[provider.next_receiver++ % provider.receivers.size()];
        if (!bind.has_room()) {
            ++full;
            continue;
        }
        full = 0;
        send(bind, provider.due.front());
        provider.due.pop_front();
    }
}

void Providers::send(Bind& bind, Handle handle) {
    const Receipt& receipt = receipts_.at(handle);
    const IdText id(receipt.id);
    smpp::ReceiptReport report;
    report.message_id = id.view();
    report.delivered = 1;
    report.submit_date = receipt.submitted;
    report.done_date = work_.reactor.now().wall;
    report.text = {receipt.text, receipt.text_size};
    std::array<std::uint8_t, smpp::receipt_text_max> text;
    std::array<std::uint8_t, smpp::receipt_tlvs_max> tlv_octets;
    smpp::TlvWriter tlvs(tlv_octets);
    if (bind.link.session().tlvs_allowed()) smpp::write_receipt_tlvs(report, tlvs);

    smpp::DeliverSm pdu;
    pdu.source_addr_ton = receipt.to_ton;
    pdu.source_addr_npi = receipt.to_npi;
    pdu.source_addr = {receipt.to, receipt.to_size};
    pdu.dest_addr_ton = receipt.from_ton;
    pdu.dest_addr_npi = receipt.from_npi;
    pdu.destination_addr = {receipt.from, receipt.from_size};
    pdu.esm_class = smpp::esm_class::delivery_receipt;
    pdu.short_message = ByteView(text.data(), smpp::write_receipt_text(report, text));
    pdu.tlvs = tlvs.view();
    work_.counters.receipts_sent.add();
    bind.link.session().send(CommandId::deliver_sm, pdu, handle.packed(), work_.reactor.now().mono);
    bind.link.touch();
}

void Providers::acknowledged(Handle handle, CommandStatus status) {
    if (status != CommandStatus::ESME_ROK) {
        work_.counters.receipts_refused.add();
        if (is_temporary(status)) return again_later(handle);
    }
    receipts_.erase(handle);
}

void Providers::again_later(Handle handle) {
    work_.reactor.timers().arm(work_.reactor.now().mono + retry_delay, [this, handle] {
        providers_[receipts_.at(handle).provider].due.push_back(handle);
    });
}

}  // namespace sluice::bench
