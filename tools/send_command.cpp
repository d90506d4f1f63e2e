#include <fmt/format.h>

#include <iostream>
#include <iterator>

#include "tools/command.hpp"
#include "tools/customer_options.hpp"
#include "tools/send_job.hpp"
#include "tools/signals.hpp"
#include "tools/status_line.hpp"

namespace sluice::tools {
namespace {

struct SendArguments {
    CustomerOptions customer;
    std::string from = "sluice", text;
    std::vector<std::string> to;
    SendOrder order;
    TextCoding coding = TextCoding::automatic;
    double wait = 30;
};

std::string read_input() {
    std::string text(std::istreambuf_iterator<char>(std::cin), {});
    if (text.ends_with('\n')) text.pop_back();
    return text;
}

int bad_usage(const std::string& message) {
    failure(message);
    return exit_usage;
}

/// Turns the client until `done`, nobody is left to wait for, a signal, or the time. False unless it was `done`.
template <class Done>
bool turn_until(app::Client& client, SendJob& job, const Signals& signals, StatusLine& status, MonoTime limit,
                Done&& done) {
    MonoTime shown = client.now().mono;
    while (!done()) {
        client.turn(milliseconds(100));
        const MonoTime now = client.now().mono;
        if (client.alive() == 0 || now >= limit || signals.wait(nanoseconds::zero())) return done();
        if (now - shown < status.period()) continue;
        status.show(job.progress());
        shown = now;
    }
    return true;
}

int send(SendArguments& arguments) {
    if (auto resolved = arguments.customer.resolve(); !resolved) return failure(resolved.error().message);
    auto text = encode_text(arguments.text == "-" ? read_input() : arguments.text, arguments.coding);
    if (!text) return bad_usage(text.error().message);
    arguments.customer.client.timers.response = seconds(30);
    SendOrder& order = arguments.order;
    order.text = std::move(*text);
    order.from = typed_address(arguments.from);
    for (const std::string& to : arguments.to) order.to.push_back(typed_address(to));

    const Signals signals;
    SendJob job(order);
    auto client = app::Client::open(arguments.customer.client, job);
    if (!client) return failure(client.error().message);
    job.attach(**client);
    {
        StatusLine status(job.many());
        const bool answered = turn_until(**client, job, signals, status, MonoTime::max(),
                                         [&] { return job.all_answered(); });
        const MonoTime limit = (*client)->now().mono + nanoseconds(static_cast<std::int64_t>(arguments.wait * 1e9));
        if (answered && order.receipts)
            turn_until(**client, job, signals, status, limit, [&] { return job.all_receipted(); });
        status.clear();
    }
    if (job.many()) job.print_summary();
    if (!job.all_answered()) failure("not everything was submitted");
    else if (order.receipts && !job.all_receipted()) failure("not every receipt has come; --wait SECONDS waits longer");

    unbind_and_wait(**client);
    return job.successful() ? exit_ok : exit_failed;
}

}  // namespace

void add_send_command(CLI::App& app, int& exit_code) {
    auto arguments = std::make_shared<SendArguments>();
    SendArguments& a = *arguments;
    CLI::App* command = app.add_subcommand("send", "Send messages as a customer and wait for their receipts");
    command->footer(
        "The text is UTF-8. It goes out as GSM 7 where that has all its characters, else as UCS-2; long ones\n"
        "are split.\n\n"
        "Examples:\n"
        "  sluice send --to +447700900123 \"Hello\"\n"
        "  sluice send --to 447700900123 --to 447700900124 --from Sluice \"Grüße 🌍\"\n"
        "  sluice send --to 447700900123 --count 100000 --window 200 --binds 4 \"load\"\n"
        "  fortune | sluice send --host smsc.example:2775 --system-id acme --password secret --to 447700900123 -\n"
        "  sluice send --host smsc.example:2776 --tls --to 447700900123 \"in secret\"\n\n"
        "Exit codes: 0 all accepted and delivered; 1 something was refused, failed, or has no receipt; 2 usage.");
    command->add_option("text", a.text, "What to send; - reads it from standard input")
        ->required()
        ->type_name("TEXT|-");
    command->add_option("--to", a.to, "Destination; may be repeated")
        ->required()->expected(1)->allow_extra_args(false)->take_all();
    command->add_option("--from", a.from, "Sender: a number, or up to 11 characters")->capture_default_str();
    command->add_option("--count", a.order.count, "Messages to each destination")
        ->check(CLI::Range(1, 100'000'000))->capture_default_str();
    add_value(*command, "--coding", a.coding, parse_text_coding, "auto|gsm7|latin1|ucs2|binary",
              "How the text is carried; binary: it is hex");
    command->add_flag("--receipt,!--no-receipt", a.order.receipts, "Ask for receipts, and wait for them (the default)");
    command->add_option("--wait", a.wait, "Seconds to wait for receipts")->check(CLI::Range(0.0, 1e6))
        ->capture_default_str();
    add_value(*command, "--validity", a.order.validity, parse_smpp_time, "TIME",
              "For how long, as 2h, or as SMPP has it");
    add_value(*command, "--schedule", a.order.schedule, parse_smpp_time, "TIME", "In how long to deliver, likewise");

    a.customer.add_to(*command);
    app::ClientOptions& client = a.customer.client;
    const char* const session = CustomerOptions::group;
    command->add_option("--binds", client.binds, "Sessions")->check(CLI::Range(1, 1000))->capture_default_str()
        ->group(session);
    command->add_option("--window", client.window, "Unanswered messages per session")
        ->check(CLI::Range(1, 65535))->capture_default_str()->group(session);
    command->add_option("--rate", client.rate, "Messages a second at most")->group(session);
    command->callback([arguments, &exit_code] { exit_code = send(*arguments); });
}

}  // namespace sluice::tools
