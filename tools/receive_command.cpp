#include <fmt/format.h>

#include "codecs/sms/udh.hpp"
#include "codecs/smpp/pdu.hpp"
#include "codecs/smpp/receipt.hpp"
#include "tools/command.hpp"
#include "tools/customer_options.hpp"
#include "tools/message_text.hpp"
#include "tools/signals.hpp"

namespace sluice::tools {
namespace {

struct ReceiveArguments {
    CustomerOptions customer;
    bool receiver = false;
    std::uint64_t count = 0;
    double wait = 0;
};

/// Prints what comes, a line each.
class Printer final : public app::ClientEvents {
public:
    std::uint64_t received() const { return received_; }

    const smpp::SubmitSm* next(std::uint64_t&) override { return nullptr; }
    void on_answer(std::uint64_t, smpp::CommandStatus, std::string_view) override {}
    void on_unanswered(std::uint64_t) override {}
    smpp::CommandStatus on_deliver(const smpp::DeliverSm& pdu) override {
        ++received_;
        const smpp::Receipt receipt = smpp::read_receipt(pdu);
        if (receipt.kind == smpp::ReceiptKind::none)
            fmt::print("message from {} to {}{}: {}\n", pdu.source_addr, pdu.destination_addr, part_of(pdu),
                       readable_text(pdu));
        else
            fmt::print("receipt {} for the message to {}, id {}{}\n",
                       receipt.state ? smpp::row_of(*receipt.state).stat : "without a state", pdu.source_addr,
                       receipt.message_id, receipt.text.err.empty() ? "" : fmt::format(", err {}", receipt.text.err));
        std::fflush(stdout);
        return smpp::CommandStatus::ESME_ROK;
    }
    void on_down(std::string reason) override { failure(reason); }

private:
    static std::string part_of(const smpp::DeliverSm& pdu) {
        if ((pdu.esm_class & smpp::esm_class::udhi) == 0) return {};
        const auto header = sms::UserDataHeader::parse(smpp::message_text(pdu));
        const auto part = header ? header->concatenation() : std::nullopt;
        return part ? fmt::format(" part {}/{} of {}", part->part, part->total, part->reference) : std::string();
    }

    std::uint64_t received_ = 0;
};

int receive(ReceiveArguments& arguments) {
    if (auto resolved = arguments.customer.resolve(); !resolved) return failure(resolved.error().message);
    app::ClientOptions& options = arguments.customer.client;
    if (arguments.receiver) options.bind.type = smpp::CommandId::bind_receiver;

    const Signals signals;
    Printer printer;
    auto client = app::Client::open(options, printer);
    if (!client) return failure(client.error().message);
    const MonoTime limit = arguments.wait == 0
                               ? MonoTime::max()
                               : (*client)->now().mono + nanoseconds(static_cast<std::int64_t>(arguments.wait * 1e9));
    const auto over = [&] { return arguments.count > 0 && printer.received() >= arguments.count; };
    bool ended = false;
    while (!over() && !ended && (*client)->alive() > 0 && (*client)->now().mono < limit) {
        (*client)->turn(milliseconds(100));
        ended = signals.wait(nanoseconds::zero()).has_value();
    }
    const bool lost = (*client)->alive() == 0;
    unbind_and_wait(**client);
    if (over() || (ended && arguments.count == 0)) return exit_ok;
    if (!lost && arguments.count > 0)
        return failure(fmt::format("{} of {} have come", printer.received(), arguments.count));
    return lost ? exit_failed : exit_ok;
}

}  // namespace

void add_receive_command(CLI::App& app, int& exit_code) {
    auto arguments = std::make_shared<ReceiveArguments>();
    ReceiveArguments& a = *arguments;
    CLI::App* command = app.add_subcommand("receive", "Receive messages and receipts as a customer, and print them");
    command->footer(
        "Each message and receipt is acknowledged and printed on a line of its own, until --count have come,\n"
        "--wait is over, or a signal ends it.\n\n"
        "Examples:\n"
        "  sluice receive                                whatever comes, until Ctrl-C\n"
        "  sluice receive --count 1 --wait 60            one message, within a minute\n"
        "  sluice receive --host smsc.example:2776 --tls --system-id acme --password secret\n\n"
        "Exit codes: 0 done; 1 the bind was refused or lost, or fewer than --count have come; 2 usage.");
    command->add_option("--count", a.count, "Messages and receipts to wait for; 0: any number")->capture_default_str();
    command->add_option("--wait", a.wait, "Seconds to wait at most; 0: no limit")->check(CLI::Range(0.0, 1e6))
        ->capture_default_str();
    command->add_flag("--receiver", a.receiver, "Bind as a receiver, not as a transceiver")
        ->group(CustomerOptions::group);
    a.customer.add_to(*command);
    command->callback([arguments, &exit_code] { exit_code = receive(*arguments); });
}

}  // namespace sluice::tools
