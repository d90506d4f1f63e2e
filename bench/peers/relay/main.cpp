#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <fstream>
#include <optional>
#include <thread>

#include "bench/peers/relay/relay.hpp"

namespace {

volatile std::sig_atomic_t stopping = 0;

using sluice::Result;
using sluice::relay::Options;
using sluice::relay::Relay;

Result<void> read_accounts(const std::string& path, Options& options) {
    std::ifstream in(path);
    if (!in) return sluice::fail(path + ": cannot be read");
    for (std::string name, password; in >> name >> password;) options.accounts[name] = password;
    if (options.accounts.empty()) return sluice::fail(path + ": no line \"system_id password\" in it");
    return {};
}

Result<void> run(const Options& options) {
    Relay relay(options);
    if (auto opened = relay.open(); !opened) return opened;
    // The provider may come up a moment after us.
    for (int tries = 1; stopping == 0; ++tries) {
        const auto connected = relay.connect();
        if (connected) break;
        if (tries == 300) return connected;
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    bool said = false;
    while (stopping == 0) {
        // A signal that comes between the test above and the wait is seen after that time at the latest.
        if (auto turned = relay.turn(sluice::milliseconds(100)); !turned) return turned;
        if (said || !relay.bound()) continue;
        std::printf("ready %d\n", static_cast<int>(::getpid()));
        std::fflush(stdout);
        said = true;
    }
    return {};
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Relays SMPP messages, stores nothing and looks at next to nothing: the limit to compare with");
    std::uint16_t port = 0;
    std::string provider, accounts, folder, receipts;
    bool journal = false;
    Options options;
    app.add_option("--listen", port, "Port of 127.0.0.1 for customers")->required();
    app.add_option("--provider", provider, "HOST:PORT, both numbers")->required();
    app.add_option("--receipts", receipts, "Whether every message asks for one")->required()
        ->check(CLI::IsMember({"on", "off"}));
    app.add_option("--accounts", accounts, "Lines of system_id and password")->required();
    app.add_option("--dir", folder, "Where the journal goes")->required()->check(CLI::ExistingDirectory);
    app.add_option("--binds", options.binds, "To the provider")->check(CLI::Range(1, 100))->capture_default_str();
    app.add_flag("--journal", journal, "Requests go on when they are in a synced journal");
    CLI11_PARSE(app, argc, argv);

    const auto failure = [](const std::string& message) {
        std::fprintf(stderr, "relay: %s\n", message.c_str());
        return 1;
    };
    options.listen = *sluice::io::Endpoint::parse("127.0.0.1:" + std::to_string(port));
    const auto endpoint = sluice::io::Endpoint::parse(provider);
    if (!endpoint) return failure("--provider: " + endpoint.error().message);
    options.provider = *endpoint;
    options.receipts = receipts == "on";
    if (journal) options.journal = folder + "/journal";
    if (const auto read = read_accounts(accounts, options); !read) return failure(read.error().message);

    struct sigaction action {};
    action.sa_handler = [](int) { stopping = 1; };
    sigaction(SIGTERM, &action, nullptr);
    sigaction(SIGINT, &action, nullptr);
    const auto ran = run(options);
    return ran ? 0 : failure(ran.error().message);
}
