#include "tools/bench/target.hpp"

#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "engine/admin/password.hpp"
#include "engine/io/make_io.hpp"

namespace sluice::bench {

namespace {

constexpr seconds start_limit{60};
constexpr seconds stop_limit{20};

Result<void> write_file(const std::string& path, const std::string& text) {
    std::ofstream file(path);
    file << text;
    file.close();
    if (!file) return fail("cannot write " + path);
    return {};
}

Result<std::string> configuration(const TargetOptions& options, const LoadOptions& load,
                                  const std::vector<io::Endpoint>& providers, const std::string& folder) {
    std::string listener_tls, provider_tls;
    if (load.secrets) {
        const std::string certificate = folder + "/bench.pem", key = folder + "/bench.key";
        for (const auto& [file, contents] : {std::pair(&certificate, &load.secrets->files.certificate_pem),
                                             {&key, &load.secrets->files.key_pem}})
            if (auto written = write_file(*file, *contents); !written) return std::unexpected(written.error());
        listener_tls = fmt::format("[listener.tls]\ncertificate = \"{}\"\nkey = \"{}\"\n", certificate, key);
        provider_tls = fmt::format("tls.ca_file = \"{}\"\n", certificate);
    }
    std::string text = fmt::format("[server]\nshards = {}\nio = \"{}\"\ndata_directory = \"{}/data\"\n\n"
                                   "[[listener]]\nendpoint = \"127.0.0.1:0\"\n{}\n"
                                   "[admin]\nendpoint = \"127.0.0.1:0\"\n\n"
                                   "[limits]\nmax_sessions = 1000000\nmax_sessions_per_address = 1000000\n",
                                   options.shards, options.io, folder, listener_tls);
    for (const Credentials& account : load.accounts) {
        // A cheap hash: binds are not what is measured, and thousands of accounts would take minutes.
        const auto hash = admin::hash_password(account.password, {.log2_n = 10});
        if (!hash) return std::unexpected(hash.error());
        text += fmt::format("\n[[account]]\nsystem_id = \"{}\"\npassword_hash = \"{}\"\nmax_sessions = 100000\n"
                            "window = 1000\npeer_window = 65535\nmax_queued = 1000000000\n", account.system_id, *hash);
    }
    std::string via;
    for (std::size_t i = 0; i < providers.size(); ++i) {
        text += fmt::format("\n[[provider]]\nname = \"p{}\"\nendpoints = [\"{}\"]\nsystem_id = \"{}\"\n"
                            "password = \"{}\"\nbinds = {}\nwindow = {}\npeer_window = 65535\n"
                            "max_queued = 1000000000\ntimers.reconnect_min = \"10ms\"\n"
                            "timers.reconnect_max = \"100ms\"\n{}",
                            i, providers[i].to_string(), provider_system_id, provider_password,
                            options.provider_binds, load.provider_window, provider_tls);
        via += fmt::format("{}\"p{}\"", via.empty() ? "" : ", ", i);
    }
    return text + "\n[[route]]\nvia = [" + via + "]\n" + options.extra_settings;
}

Result<Target> start_own(const TargetOptions& options, const LoadOptions& load,
                         const std::vector<io::Endpoint>& providers, const std::string& folder) {
    const auto text = configuration(options, load, providers, folder);
    if (!text) return std::unexpected(text.error());
    const std::string file = folder + "/sluice.toml";
    if (auto written = write_file(file, *text); !written) return std::unexpected(written.error());

    std::error_code error;
    const std::string program = std::filesystem::read_symlink("/proc/self/exe", error).string();
    auto child =
        Child::start({program, "run", "--config", file, "--no-status"}, folder + "/output", folder + "/errors");
    if (!child) return std::unexpected(child.error());
    const auto listening = (*child)->wait_for_line("sluice " SLUICE_VERSION " listens on ", start_limit);
    if (!listening) return fail("the gateway: " + listening.error().message);
    const auto admin = (*child)->wait_for_line("admin port ", start_limit);
    if (!admin) return fail("the gateway: " + admin.error().message);
    Target target;
    target.endpoint = *io::Endpoint::parse(listening->substr(0, listening->find(' ')));
    target.processes = {(*child)->pid()};
    target.admin = *admin;
    target.expected_binds = options.provider_binds * static_cast<std::uint32_t>(providers.size());
    target.child = std::move(*child);
    return target;
}

Result<Target> start_foreign(const TargetOptions& options, const LoadOptions& load,
                             const std::vector<io::Endpoint>& providers, const std::string& folder) {
    const auto port = free_port();
    if (!port) return std::unexpected(port.error());
    std::string accounts;
    for (const Credentials& account : load.accounts) accounts += account.system_id + " " + account.password + "\n";
    const std::string file = folder + "/accounts";
    if (auto written = write_file(file, accounts); !written) return std::unexpected(written.error());
    const std::string command =
        fmt::format("exec {} --listen {} --provider {} --receipts {} --accounts '{}' --dir '{}'", options.command,
                    *port, providers.front().to_string(), load.receipts ? "on" : "off", file, folder);
    auto child = Child::start({"/bin/sh", "-c", command}, folder + "/output", folder + "/errors");
    if (!child) return std::unexpected(child.error());
    const auto ready = (*child)->wait_for_line("ready", start_limit);
    if (!ready) return fail(options.command + ": " + ready.error().message);
    Target target;
    target.endpoint = *io::Endpoint::parse("127.0.0.1:" + std::to_string(*port));
    std::istringstream processes(*ready);
    for (pid_t process; processes >> process;) target.processes.push_back(process);
    target.child = std::move(*child);
    return target;
}

}  // namespace

Result<std::uint16_t> free_port() {
    const auto io = io::make_io(io::BackendChoice::epoll);
    if (!io) return std::unexpected(io.error());
    const auto listener = (*io)->listen(*io::Endpoint::parse("127.0.0.1:0"), {});
    if (!listener) return std::unexpected(listener.error());
    return (*io)->local_endpoint(*listener).port;
}

void Target::stop() {
    if (child) child->stop(stop_limit);
}

Result<Folder> Folder::create(const std::string& parent) {
    std::error_code error;
    std::filesystem::create_directories(parent, error);
    std::string path = parent + "/sluice-bench-XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) return fail(parent + ": " + std::system_category().message(errno));
    return Folder(std::move(path));
}

Folder::~Folder() {
    std::error_code error;
    if (!path_.empty()) std::filesystem::remove_all(path_, error);
}

Result<Target> start_target(const TargetOptions& options, const LoadOptions& load,
                            const std::vector<io::Endpoint>& providers, const std::string& folder) {
    if (options.endpoint) return Target{*options.endpoint, options.processes, options.admin, 1, nullptr};
    return options.command.empty() ? start_own(options, load, providers, folder)
                                   : start_foreign(options, load, providers, folder);
}

}  // namespace sluice::bench
