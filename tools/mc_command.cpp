#include <fmt/format.h>

#include "tools/command.hpp"
#include "tools/host_port.hpp"
#include "tools/message_text.hpp"
#include "tools/signals.hpp"
#include "tools/status_line.hpp"
#include "tools/tls_options.hpp"
#include "tools/values.hpp"

namespace sluice::tools {
namespace {

const CLI::Range percent(0.0, 100.0, "PERCENT");

struct McArguments {
    app::MessageCentreOptions options;
    TlsServerOptions tls;
    std::string listen = "127.0.0.1:2776";
    std::string mo_from = "447700900999", mo_to = "12345", mo_text = "Hello from the message centre";
    bool no_tlvs = false, no_status = false;
};

std::string status_of(const app::MessageCentreCounters& c, RateMeter& submits, RateMeter& receipts) {
    const MonoTime now = SystemClock().mono();
    return fmt::format("{} sessions  submits {} ({:.0f}/s)  refused {}  receipts {} ({:.0f}/s)  pending {}  MO {}",
                       c.sessions.value(), c.submits.value(), submits.per_second(c.submits.value(), now),
                       c.refused.value(), c.receipts_acked.value(),
                       receipts.per_second(c.receipts_acked.value(), now), c.pending.value(),
                       c.originated_acked.value());
}

int run_message_centre(McArguments& arguments) {
    auto endpoint = resolve_endpoint(arguments.listen);
    if (!endpoint) return failure(endpoint.error().message);
    arguments.options.listen = *endpoint;
    auto context = arguments.tls.context();
    if (!context) return failure(context.error().message);
    arguments.options.tls = std::move(*context);
    arguments.options.receipt_tlvs = !arguments.no_tlvs;
    if (arguments.no_tlvs && arguments.options.receipt_text == app::ReceiptText::none) {
        failure("--receipt-text none with --no-receipt-tlvs leaves nothing in a receipt");
        return exit_usage;
    }
    auto& mo = arguments.options.mobile_originated;
    const TypedAddress from = typed_address(arguments.mo_from), to = typed_address(arguments.mo_to);
    mo.from = from.digits, mo.from_ton = from.ton, mo.from_npi = from.npi;
    mo.to = to.digits, mo.to_ton = to.ton, mo.to_npi = to.npi;
    auto text = encode_text(arguments.mo_text, TextCoding::automatic);
    if (text && text->parts.size() > 1) text = fail("it does not fit into one message");
    if (!text) {
        failure("--mo-text: " + text.error().message);
        return exit_usage;
    }
    mo.data_coding = text->data_coding;
    mo.text = std::move(text->parts.front());

    const Signals signals;
    auto centre = app::MessageCentre::start(arguments.options);
    if (!centre) return failure(centre.error().message);
    fmt::print("message centre listens on {} ({})\n", (*centre)->listening().to_string(),
               io::to_string((*centre)->backend()));
    std::fflush(stdout);

    StatusLine status(!arguments.no_status);
    RateMeter submits, receipts;
    for (std::optional<int> signal; !signal || signal == SIGHUP; signal = signals.wait(status.period()))
        status.show(status_of((*centre)->counters(), submits, receipts));
    signals.give_up();
    status.show(status_of((*centre)->counters(), submits, receipts));
    status.finish();
    (*centre)->stop(seconds(2));
    return exit_ok;
}

}  // namespace

void add_mc_command(CLI::App& app, int& exit_code) {
    auto arguments = std::make_shared<McArguments>();
    app::MessageCentreOptions& o = arguments->options;
    CLI::App* command = app.add_subcommand("mc", "Run the message-centre simulator");
    command->footer(
        "Times are written 20ms, 1.5s, 10min; a range is 10ms..50ms.\n\n"
        "Examples:\n"
        "  sluice mc                                    on 127.0.0.1:2776, everybody may bind\n"
        "  sluice mc --latency 20ms..80ms --receipt-delay 2s --outcomes UNDELIV=3,EXPIRED=2\n"
        "  sluice mc --errors ESME_RTHROTTLED=5,ESME_RSYSERR=1 --never-answer 0.1 --seed 7\n"
        "  sluice mc --response-id hex --receipt-id decimal:10 --receipt-first 20\n"
        "  sluice mc --mo-rate 10 --mo-to 12345 --mo-text \"STOP\"\n\n"
        "Exit codes: 0 ended by a signal; 1 cannot listen; 2 usage.");

    command->add_option("--listen", arguments->listen, "Address and port; port 0: any that is free")
        ->capture_default_str();
    command->add_option("--system-id", o.system_id, "The only system_id that may bind");
    command->add_option("--password", o.password, "The only password to bind with");
    command->add_option("--window", o.window, "deliver_sm unanswered per session")
        ->check(CLI::Range(1, 65535))->capture_default_str();
    command->add_option("--seed", o.seed, "Decides everything that is drawn")->capture_default_str();
    command->add_option("--max-pending", o.max_pending, "Answers and receipts not over yet; beyond: ESME_RMSGQFUL")
        ->check(CLI::Range(1, 100'000'000))->capture_default_str();
    command->add_flag("--no-status", arguments->no_status, "No status line");

    arguments->tls.add_to(*command);

    const char* const answers = "Answers";
    const char* const id_form = "decimal|hex|HEX[:WIDTH]";
    add_value(*command, "--latency", o.latency, parse_delay_range, "TIME[..TIME]", "Of answers")->group(answers);
    command->add_option("--rate", o.rate, "Submits a second; beyond: ESME_RTHROTTLED")->group(answers);
    command->add_flag("--slow", o.slow_down, "Beyond --rate: answer later instead")->group(answers);
    add_value(*command, "--errors", o.errors, parse_error_mix, "STATUS=PERCENT,...", "Refuse so many")->group(answers);
    command->add_option("--never-answer", o.never_answer, "Percent of submits lost without an answer")
        ->check(percent)->group(answers);
    command->add_option("--close-after", o.close_after, "Cut each connection at its Nth submit")->group(answers);
    add_value(*command, "--response-id", o.response_id, parse_id_style, id_form, "Form of ids")->group(answers);
    command->add_option("--first-id", o.first_id, "The first message_id (default: by the clock)")->group(answers);

    const char* const receipts = "Receipts";
    add_value(*command, "--receipt-delay", o.receipt_delay, parse_delay_range, "TIME[..TIME]", "After the answer")
        ->group(receipts);
    add_value(*command, "--outcomes", o.outcomes, parse_outcome_mix, "STAT=PERCENT,...", "What is not DELIVRD")
        ->group(receipts);
    add_value(*command, "--receipt-text", o.receipt_text, parse_receipt_text, "full|brief|none",
              "Appendix B; id and stat; TLVs alone")->group(receipts);
    command->add_flag("--no-receipt-tlvs", arguments->no_tlvs, "Text alone")->group(receipts);
    add_value(*command, "--receipt-id", o.receipt_id, parse_id_style, id_form, "Form of ids there")->group(receipts);
    command->add_option("--receipt-first", o.receipt_first, "Percent that come before the answer")
        ->check(percent)->group(receipts);
    command->add_option("--receipt-twice", o.receipt_twice, "Percent that come twice")
        ->check(percent)->group(receipts);
    command->add_option("--receipt-lost", o.receipt_lost, "Percent that never come")
        ->check(percent)->group(receipts);

    const char* const originated = "Mobile-originated messages";
    command->add_option("--mo-rate", o.mobile_originated.per_second, "Messages a second")
        ->group(originated);
    command->add_option("--mo-from", arguments->mo_from)->capture_default_str()->group(originated);
    command->add_option("--mo-to", arguments->mo_to)->capture_default_str()->group(originated);
    command->add_option("--mo-text", arguments->mo_text)->capture_default_str()->group(originated);

    command->callback([arguments, &exit_code] { exit_code = run_message_centre(*arguments); });
}

}  // namespace sluice::tools
