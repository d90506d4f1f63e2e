#include "bench/peers/relay/relay.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstring>

namespace sluice::relay {

using smpp::CommandId;
using smpp::CommandStatus;
using smpp::Header;

namespace {

constexpr std::size_t most_owed = 4'000'000;
constexpr std::size_t most_held = 10'000;
constexpr std::string_view system_id = "provider", password = "secret";

/// The octets up to a NUL, or all; moves `from` beyond.
std::string_view take_string(ByteView& from) {
    const std::string_view all = as_text(from);
    const std::string_view text = all.substr(0, all.find('\0'));
    from = from.subspan(std::min(text.size() + 1, from.size()));
    return text;
}

std::uint64_t hash_of(std::string_view message_id) {
    const std::uint64_t hash = XXH3_64bits(message_id.data(), message_id.size());
    return hash != 0 ? hash : 1;
}

/// Of the message that a receipt is about; 0 when it does not say.
std::uint64_t receipted(ByteView body) {
    const void* found = memmem(body.data(), body.size(), "id:", 3);
    if (found == nullptr) return 0;
    const std::string_view rest = as_text(body).substr(
        static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - body.data()) + 3);
    const std::size_t end = rest.find(' ');
    return end == std::string_view::npos ? 0 : hash_of(rest.substr(0, end));
}

}  // namespace

Relay::Relay(Options options) : options_(std::move(options)) {}

Result<void> Relay::open() {
    auto ring = io::Uring::create();
    if (!ring) return std::unexpected(ring.error());
    ring_ = std::move(*ring);
    links_.emplace(*ring_, static_cast<LinkOwner&>(*this));
    if (auto listening = links_->listen(options_.listen); !listening) return listening;
    if (!options_.journal.empty()) {
        auto journal = Journal::create(options_.journal);
        if (!journal) return std::unexpected(journal.error());
        journal_.emplace(std::move(*journal));
    }
    return {};
}

Result<void> Relay::connect() {
    while (providers_.size() < options_.binds) {
        Handle id;
        if (const int error = links_->connect(options_.provider, id))
            return fail(options_.provider.to_string() + ": " + std::strerror(error));
        providers_.push_back(id);

        std::string body;
        for (const std::string_view text : {system_id, password, std::string_view()}) body.append(text).push_back('\0');
        body += '\x34';                   // interface_version
        body.append(3, '\0');             // addr_ton, addr_npi, address_range
        std::uint8_t header[smpp::header_size];
        smpp::write_header(header, {static_cast<std::uint32_t>(sizeof header + body.size()),
                                    CommandId::bind_transceiver, CommandStatus::ESME_ROK, 1});
        OutBuffer& out = links_->out(id, *links_->find(id));
        out.append(header);
        out.append(as_bytes(body));
    }
    return {};
}

Result<void> Relay::turn(nanoseconds timeout) {
    if (journal_) journal_->start_write(*ring_);
    links_->turn(timeout);
    next_ = (next_ + 1) % providers_.size();
    if (!fault_.empty()) return fail(fault_);
    return {};
}

std::size_t Relay::on_octets(Handle id, Link& link, ByteView octets) {
    std::size_t used = 0;
    while (!link.closing) {
        const smpp::Frame frame = smpp::frame(octets.subspan(used));
        if (frame.kind == smpp::Frame::Kind::incomplete) break;
        if (frame.kind == smpp::Frame::Kind::bad_length) {
            answer(id, link, {smpp::header_size, CommandId::generic_nack, {}, 0}, CommandStatus::ESME_RINVCMDLEN);
            links_->close(id, link);
            break;
        }
        const ByteView pdu = octets.subspan(used, frame.size);
        used += frame.size;
        if (frame.header.id == CommandId::enquire_link) {
            answer(id, link, frame.header, CommandStatus::ESME_ROK);
        } else if (link.provider) {
            from_provider(id, link, frame.header, pdu);
        } else {
            from_customer(id, link, frame.header, pdu);
        }
    }
    return used;
}

void Relay::on_end(Handle id, Link& link) {
    if (link.provider) {
        fault_ = "the provider has closed a connection";
        return;
    }
    delivers_.take_all_of(id, [&](const InFlight::Request& request) {
        if (Link* provider = links_->find(request.from))
            answer(request.from, *provider, {0, CommandId::deliver_sm, {}, request.sequence},
                   CommandStatus::ESME_RX_P_APPN);
    });
}

void Relay::from_customer(Handle id, Link& link, const Header& header, ByteView pdu) {
    switch (header.id) {
        case CommandId::submit_sm: return submit(id, link, header, pdu);
        case CommandId::deliver_sm_resp: return deliver_answered(id, header, pdu);
        case CommandId::bind_transceiver: return bind(id, link, header, pdu.subspan(smpp::header_size));
        case CommandId::unbind:
            answer(id, link, header, CommandStatus::ESME_ROK);
            return links_->close(id, link);
        default:
            if (!is_response(header.id))
                answer(id, link, {0, CommandId::generic_nack, {}, header.sequence}, CommandStatus::ESME_RINVCMDID);
    }
}

void Relay::from_provider(Handle id, Link& link, const Header& header, ByteView pdu) {
    switch (header.id) {
        case CommandId::submit_sm_resp: return submit_answered(id, header, pdu);
        case CommandId::deliver_sm: return deliver(id, link, header, pdu);
        case CommandId::bind_transceiver_resp:
            if (header.status != CommandStatus::ESME_ROK) fault_ = "the provider refuses the bind";
            bound_ += link.bound ? 0 : 1;
            link.bound = true;
            return;
        default:
            if (!is_response(header.id))
                answer(id, link, {0, CommandId::generic_nack, {}, header.sequence}, CommandStatus::ESME_RINVCMDID);
    }
}

void Relay::bind(Handle id, Link& link, const Header& header, ByteView body) {
    if (link.bound) return answer(id, link, header, CommandStatus::ESME_RALYBND);
    const std::string_view name = take_string(body);
    const auto account = options_.accounts.find(name);
    if (account == options_.accounts.end() || account->second != take_string(body))
        return answer(id, link, header, CommandStatus::ESME_RBINDFAIL);
    link.bound = true;
    constexpr std::string_view ours("relay\0", 6);
    std::uint8_t octets[smpp::header_size];
    smpp::write_header(octets, {sizeof octets + ours.size(), smpp::response_of(header.id), CommandStatus::ESME_ROK,
                                header.sequence});
    OutBuffer& out = links_->out(id, link);
    out.append(octets);
    out.append(as_bytes(ours));
}

void Relay::submit(Handle id, Link& link, const Header& header, ByteView pdu) {
    if (!link.bound) return answer(id, link, header, CommandStatus::ESME_RINVBNDSTS);
    if (owed_.size() >= most_owed) return answer(id, link, header, CommandStatus::ESME_RMSGQFUL);
    const Handle to = providers_[next_];
    const std::uint32_t number = submits_.put({id, to, header.sequence});
    if (number == 0) return answer(id, link, header, CommandStatus::ESME_RTHROTTLED);
    if (!journal_) return send(to, pdu, number);
    if (journal_->add_request(pdu, to, number)) return;
    submits_.take(number, to);
    answer(id, link, header, CommandStatus::ESME_RTHROTTLED);
}

void Relay::submit_answered(Handle id, const Header& header, ByteView pdu) {
    const auto request = submits_.take(header.sequence, id);
    if (!request) return;
    if (journal_) journal_->add_answer(pdu);
    send(request->from, pdu, request->sequence);
    if (!options_.receipts || header.status != CommandStatus::ESME_ROK) return;
    ByteView body = pdu.subspan(smpp::header_size);
    const std::uint64_t message = hash_of(take_string(body));
    if (!held_.empty()) {
        if (const auto early = held_.extract(message))
            return forward_receipt(early.mapped().provider, request->from, early.mapped().pdu);
    }
    owed_.put(message, request->from.packed());
}

void Relay::deliver(Handle id, Link& link, const Header& header, ByteView pdu) {
    const std::uint64_t message = receipted(pdu.subspan(smpp::header_size));
    if (!options_.receipts || message == 0) return answer(id, link, header, CommandStatus::ESME_RX_P_APPN);
    if (const std::uint64_t* owner = owed_.find(message)) {
        const Handle customer = Handle::unpack(*owner);
        owed_.erase(message);
        return forward_receipt(id, customer, pdu);
    }
    if (held_.size() >= most_held || !held_.try_emplace(message, Held{id, {pdu.begin(), pdu.end()}}).second)
        answer(id, link, header, CommandStatus::ESME_RX_T_APPN);
}

void Relay::forward_receipt(Handle provider, Handle customer, ByteView pdu) {
    const Header header = smpp::read_header(pdu.data());
    const bool there = links_->find(customer) != nullptr;
    const std::uint32_t number = there ? delivers_.put({provider, customer, header.sequence}) : 0;
    if (number != 0) {
        if (!journal_) return send(customer, pdu, number);
        if (journal_->add_request(pdu, customer, number)) return;
        delivers_.take(number, customer);
    }
    // With no store there is no later: whoever lost his customer or found no room loses the receipt.
    if (Link* link = links_->find(provider)) answer(provider, *link, header, CommandStatus::ESME_RX_P_APPN);
}

void Relay::deliver_answered(Handle id, const Header& header, ByteView pdu) {
    const auto request = delivers_.take(header.sequence, id);
    if (!request) return;
    if (journal_) journal_->add_answer(pdu);
    send(request->from, pdu, request->sequence);
}

void Relay::on_journal(int result) {
    journal_->complete(result, [this](const Journal::Waiting& waiting, ByteView pdu) {
        send(waiting.to, pdu, waiting.number);
    });
}

void Relay::send(Handle to, ByteView pdu, std::uint32_t sequence) {
    Link* link = links_->find(to);
    if (link == nullptr || link->broken) return;
    OutBuffer& out = links_->out(to, *link);
    std::uint8_t* const octets = out.reserve(pdu.size());
    std::memcpy(octets, pdu.data(), pdu.size());
    store_be(octets + 12, sequence);
    out.commit(pdu.size());
}

void Relay::answer(Handle id, Link& link, const Header& request, CommandStatus status) {
    std::uint8_t octets[smpp::header_size];
    smpp::write_header(octets, {sizeof octets, smpp::response_of(request.id), status, request.sequence});
    links_->out(id, link).append(octets);
}

}  // namespace sluice::relay
