#include "tools/send_job.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codecs/sms/udh.hpp"
#include "codecs/smpp/pdu.hpp"
#include "codecs/smpp/receipt.hpp"

namespace sluice::tools {

using smpp::CommandStatus;

namespace {

/// Receipts kept that match nothing yet; a message centre cannot make us keep more.
constexpr std::size_t max_early = 100'000;

double in_ms(nanoseconds duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

std::string status_text(CommandStatus status) {
    const auto* row = smpp::find_status(status);
    return row != nullptr ? fmt::format("{} ({})", row->name, row->meaning)
                          : fmt::format("{:#x}", static_cast<std::uint32_t>(status));
}

std::string list(const std::map<std::string, std::uint64_t>& counts) {
    std::string text;
    for (const auto& [name, count] : counts) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, name);
    return text;
}

}  // namespace

SendJob::SendJob(const SendOrder& order)
    : order_(order), reference_(static_cast<std::uint8_t>(SystemClock().wall().time_since_epoch().count())) {
    pdu_.source_addr_ton = order_.from.ton;
    pdu_.source_addr_npi = order_.from.npi;
    pdu_.source_addr = order_.from.digits;
    pdu_.esm_class = order_.text.parts.size() > 1 ? smpp::esm_class::udhi : 0;
    pdu_.validity_period = order_.validity;
    pdu_.schedule_delivery_time = order_.schedule;
    pdu_.registered_delivery =
        order_.receipts ? smpp::registered_delivery::receipt_final : smpp::registered_delivery::receipt_none;
    pdu_.data_coding = order_.text.data_coding;
}

std::string SendJob::label(std::uint64_t index) const {
    const std::size_t parts = order_.text.parts.size();
    if (parts == 1) return destination(index).digits;
    return fmt::format("{} part {}/{}", destination(index).digits, index % parts + 1, parts);
}

std::vector<std::uint8_t> SendJob::body_of(std::uint64_t index) const {
    const auto& parts = order_.text.parts;
    const std::size_t part = index % parts.size();
    if (parts.size() == 1) return parts[0];
    const auto header = sms::concatenation_header({static_cast<std::uint8_t>(reference_ + index / parts.size()),
                                                   static_cast<std::uint8_t>(parts.size()),
                                                   static_cast<std::uint8_t>(part + 1)});
    std::vector<std::uint8_t> body(header.begin(), header.end());
    body.insert(body.end(), parts[part].begin(), parts[part].end());
    return body;
}

const smpp::SubmitSm* SendJob::next(std::uint64_t& cookie) {
    if (next_ == total()) return nullptr;
    cookie = next_++;
    const MonoTime now = client_->now().mono;
    if (cookie == 0) first_ = now;
    in_flight_.emplace(cookie, now);
    body_ = body_of(cookie);
    const TypedAddress& to = destination(cookie);
    pdu_.dest_addr_ton = to.ton;
    pdu_.dest_addr_npi = to.npi;
    pdu_.destination_addr = to.digits;
    pdu_.short_message = body_;
    return &pdu_;
}

void SendJob::on_answer(std::uint64_t cookie, CommandStatus status, std::string_view message_id) {
    const auto flight = in_flight_.extract(cookie);
    const Sent sent{cookie, flight.mapped()};
    last_ = client_->now().mono;
    ++answered_;
    latencies_.push_back(last_ - sent.at);
    if (status != CommandStatus::ESME_ROK) {
        ++refusals_[status_text(status)];
        if (!many()) fmt::print("{} refused: {}\n", label(cookie), status_text(status));
        return;
    }
    ++accepted_;
    if (!many()) fmt::print("{} accepted, id {} ({:.1f} ms)\n", label(cookie), message_id, in_ms(last_ - sent.at));
    if (!order_.receipts) return;
    ++awaited_;
    std::string id(message_id);
    if (const auto early = early_.extract(id)) return settle(sent, id, early.mapped());
    without_receipt_.emplace(std::move(id), sent);
}

void SendJob::on_unanswered(std::uint64_t cookie) {
    in_flight_.erase(cookie);
    ++answered_;
    ++unanswered_;
    if (!many()) fmt::print("{} was not answered: it may have been accepted\n", label(cookie));
}

CommandStatus SendJob::on_deliver(const smpp::DeliverSm& pdu) {
    const smpp::Receipt receipt = smpp::read_receipt(pdu);
    if (receipt.kind == smpp::ReceiptKind::none) {
        ++originated_;
        if (!many())
            fmt::print("message from {} to {}: {}\n", pdu.source_addr, pdu.destination_addr, readable_text(pdu));
        return CommandStatus::ESME_ROK;
    }
    if (receipt.kind != smpp::ReceiptKind::receipt || !receipt.state || !smpp::row_of(*receipt.state).final)
        return CommandStatus::ESME_ROK;  // only what it came to in the end counts
    std::string id(receipt.message_id);
    Outcome outcome{*receipt.state, std::string(receipt.text.err)};
    if (const auto waiting = without_receipt_.extract(id)) {
        settle(waiting.mapped(), id, outcome);
    } else if (early_.size() < max_early) {
        early_.emplace(std::move(id), std::move(outcome));
    }
    return CommandStatus::ESME_ROK;
}

void SendJob::settle(const Sent& sent, const std::string& id, const Outcome& outcome) {
    ++receipts_;
    if (outcome.state != smpp::MessageState::delivered) ++failed_;
    const std::string_view stat = smpp::row_of(outcome.state).stat;
    ++states_[std::string(stat)];
    if (!many())
        fmt::print("{} {}{}, id {} ({:.1f} ms)\n", label(sent.index), stat,
                   outcome.state == smpp::MessageState::delivered ? "" : " err " + outcome.err, id,
                   in_ms(client_->now().mono - sent.at));
}

void SendJob::on_down(std::string reason) {
    fmt::print(stderr, "sluice: {}\n", reason);
    last_trouble_ = std::move(reason);
}

std::string SendJob::progress() const {
    return fmt::format("{} of {} accepted, {} refused, {} receipts", accepted_, total(), answered_ - accepted_,
                       receipts_);
}

void SendJob::print_summary() const {
    const double elapsed = std::chrono::duration<double>(last_ - first_).count();
    fmt::print("{} of {} accepted{}\n", accepted_, total(),
               elapsed > 0 ? fmt::format(", {:.0f} a second", static_cast<double>(answered_) / elapsed) : "");
    if (!latencies_.empty()) {
        std::vector<nanoseconds> sorted = latencies_;
        std::ranges::sort(sorted);
        const auto at = [&](double share) {
            return in_ms(sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))]);
        };
        fmt::print("answered after {:.2f} ms (half), {:.2f} ms (99 %), {:.2f} ms (all)\n", at(0.5), at(0.99), at(1));
    }
    if (!refusals_.empty()) fmt::print("refused: {}\n", list(refusals_));
    if (unanswered_ > 0) fmt::print("not answered: {}\n", unanswered_);
    if (order_.receipts) fmt::print("receipts: {} of {}: {}\n", receipts_, awaited_, list(states_));
    if (originated_ > 0) fmt::print("messages received: {}\n", originated_);
}

}  // namespace sluice::tools
