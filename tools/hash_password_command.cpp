#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <iostream>
#include <optional>

#include "engine/admin/password.hpp"
#include "tools/command.hpp"

namespace sluice::tools {
namespace {

/// Asks on the terminal, whose echo is off meanwhile; nothing when the user interrupts.
std::optional<std::string> ask(const char* prompt) {
    struct sigaction interrupted = {}, before = {};
    interrupted.sa_handler = [](int) {};  // ends the read instead of the program, so that the echo comes back
    sigaction(SIGINT, &interrupted, &before);
    termios shown{};
    tcgetattr(STDIN_FILENO, &shown);
    termios hidden = shown;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    fmt::print(stderr, "{}: ", prompt);
    char line[512];
    const auto size = ::read(STDIN_FILENO, line, sizeof line);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &shown);
    sigaction(SIGINT, &before, nullptr);
    fmt::print(stderr, "\n");
    if (size <= 0) return std::nullopt;
    return std::string(line, static_cast<std::size_t>(size) - (line[size - 1] == '\n' ? 1 : 0));
}

int hash(bool from_input, const std::string& scheme) {
    std::string password;
    if (from_input) {
        std::getline(std::cin, password);
    } else if (isatty(STDIN_FILENO) == 0) {
        failure("standard input is no terminal; to read the password from it, say: sluice hash-password -");
        return exit_usage;
    } else {
        const auto first = ask("password");
        const auto second = first ? ask("again") : std::nullopt;
        if (!second) return failure("interrupted");
        if (first != second) return failure("the two are not the same");
        password = *first;
    }
    if (password.empty()) return failure("the password is empty");
    const auto legacy = std::ranges::find(admin::legacy_hashes, scheme, [](const auto& row) { return row.first; });
    const auto line = legacy == admin::legacy_hashes.end() ? admin::hash_password(password)
                                                           : admin::hash_password(password, legacy->second);
    if (!line) return failure(line.error().message);
    fmt::print("password_hash = \"{}\"\n", *line);
    return exit_ok;
}

}  // namespace

void add_hash_password_command(CLI::App& app, int& exit_code) {
    auto source = std::make_shared<std::string>();
    CLI::App* command = app.add_subcommand("hash-password", "Hash a password for the configuration");
    command->footer("Prints the line that goes into [[account]].\n\n"
                    "Examples:\n"
                    "  sluice hash-password                     asks twice, without echo\n"
                    "  printf %s \"$SECRET\" | sluice hash-password -\n\n"
                    "Exit codes: 0 done; 1 the two passwords differ, or none was given; 2 usage.");
    command->add_option("source", *source, "- reads one line from standard input")
        ->check(CLI::IsMember({"-"}))->type_name("[-]");
    auto scheme = std::make_shared<std::string>("scrypt");
    std::vector<std::string> schemes{*scheme};
    for (const auto& [name, kind] : admin::legacy_hashes) schemes.emplace_back(name);
    command->add_option("--scheme", *scheme,
                        "How; all but scrypt only for what other systems have kept, as they are easily guessed")
        ->check(CLI::IsMember(schemes))
        ->capture_default_str();
    command->callback([source, scheme, &exit_code] { exit_code = hash(*source == "-", *scheme); });
}

}  // namespace sluice::tools
