#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "engine/tls/certificate.hpp"
#include "engine/tls/self_signed.hpp"
#include "tools/command.hpp"

namespace sluice::tools {
namespace {

struct SelfSignedArguments {
    std::vector<std::string> names{"localhost", "127.0.0.1", "::1"};
    std::string certificate = "sluice.pem", key = "sluice.key";
    unsigned days = 365;
    bool force = false;
};

/// Only for its owner's eyes where it is `secret`. The error says what is wrong.
Result<void> write_file(const std::string& path, const std::string& text, bool secret, bool replace) {
    const auto wrong = [&] { return fail(path + ": " + std::strerror(errno)); };
    if (replace && ::unlink(path.c_str()) != 0 && errno != ENOENT) return wrong();
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, secret ? 0600 : 0644);
    if (file < 0 && errno == EEXIST) return fail(path + " exists already; --force replaces it");
    if (file < 0) return wrong();
    const auto written = ::write(file, text.data(), text.size());
    const int failed = written == static_cast<ssize_t>(text.size()) ? 0 : errno != 0 ? errno : ENOSPC;
    const bool closed = ::close(file) == 0;
    if (failed == 0 && closed) return {};
    if (failed != 0) errno = failed;
    return wrong();
}

int self_signed(const SelfSignedArguments& arguments) {
    const auto made = tls::make_self_signed(arguments.names, arguments.days);
    if (!made) return failure(made.error().message);
    for (const auto& [path, text, secret] : {std::tuple(&arguments.key, &made->key_pem, true),
                                             {&arguments.certificate, &made->certificate_pem, false}})
        if (const auto written = write_file(*path, *text, secret, arguments.force); !written)
            return failure(written.error().message);
    const auto facts = tls::facts_of_pem(made->certificate_pem);
    if (!facts) return failure(facts.error().message);
    fmt::print("certificate  {}, good until {:%F}\n", arguments.certificate, facts->not_after);
    fmt::print("key          {}\n", arguments.key);
    fmt::print("names       ");
    for (const std::string& name : arguments.names) fmt::print(" {}", name);
    fmt::print("\npin          {}\n", tls::to_string(facts->key_digest));
    fmt::print("\nFor a listener:\n\n[listener.tls]\ncertificate = \"{}\"\nkey = \"{}\"\n", arguments.certificate,
               arguments.key);
    return exit_ok;
}

int show(const std::string& file) {
    const auto pem = tls::load_authorities(file);
    if (!pem) return failure(pem.error().message);
    const auto facts = tls::facts_of_pem(*pem);
    if (!facts) return failure(facts.error().message);
    fmt::print("common name  {}\n", facts->common_name);
    for (const std::string& name : facts->names) fmt::print("for          {}\n", name);
    for (const std::string& address : facts->addresses) fmt::print("for          {}\n", address);
    fmt::print("good from    {:%F}\n", facts->not_before);
    fmt::print("good until   {:%F}\n", facts->not_after);
    fmt::print("certificate  {}\n", tls::to_string(facts->digest));
    fmt::print("public key   {}\n", tls::to_string(facts->key_digest));
    return exit_ok;
}

}  // namespace

void add_tls_command(CLI::App& app, int& exit_code) {
    CLI::App* command = app.add_subcommand("tls", "Make a certificate for a first try, or show one");
    command->require_subcommand(1);
    command->footer("Examples:\n"
                    "  sluice tls self-signed\n"
                    "  sluice tls self-signed --name smsc.example --name 192.0.2.7 --days 90\n"
                    "  sluice tls show sluice.pem\n\n"
                    "Exit codes: 0 done; 1 it failed; 2 usage.");

    auto arguments = std::make_shared<SelfSignedArguments>();
    CLI::App* make = command->add_subcommand("self-signed", "Write a new key and a certificate that it signs itself");
    make->add_option("--name", arguments->names, "A host name or address that it is for; may be repeated")
        ->expected(1)->allow_extra_args(false)->take_all()->capture_default_str();
    make->add_option("--certificate", arguments->certificate, "The file to write it to")->capture_default_str();
    make->add_option("--key", arguments->key, "The file to write its private key to")->capture_default_str();
    make->add_option("--days", arguments->days, "How long it is good")->check(CLI::Range(1u, 36500u))
        ->capture_default_str();
    make->add_flag("--force", arguments->force, "Replace the files if they exist");
    make->callback([arguments, &exit_code] { exit_code = self_signed(*arguments); });

    auto file = std::make_shared<std::string>();
    CLI::App* shown =
        command->add_subcommand("show", "Show who a certificate is for, its dates, and its digests for pins");
    shown->add_option("file", *file, "A certificate in PEM")->required()->type_name("FILE");
    shown->callback([file, &exit_code] { exit_code = show(*file); });
}

}  // namespace sluice::tools
