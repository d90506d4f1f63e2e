#include <fmt/format.h>
#include <fmt/ranges.h>

#include <mutex>

#include "engine/admin/log.hpp"
#include "engine/app/admin_server.hpp"
#include "engine/app/gateway.hpp"
#include "engine/app/message_centre.hpp"
#include "tools/command.hpp"
#include "tools/host_port.hpp"
#include "tools/signals.hpp"
#include "tools/status_line.hpp"

namespace sluice::tools {
namespace {

struct RunArguments {
    std::string config, data, listen, io, admin;
    std::optional<std::uint32_t> shards;
    bool no_status = false;
};

/// What the command line says goes before what the file says, also when the file is read again.
Result<void> overlay(const RunArguments& arguments, admin::Settings& settings) {
    if (!arguments.data.empty()) settings.server.data_directory = arguments.data;
    if (arguments.shards) settings.server.shards = *arguments.shards;
    if (arguments.io == "epoll") settings.server.io = admin::IoChoice::epoll;
    if (arguments.io == "io_uring") settings.server.io = admin::IoChoice::io_uring;
    if (arguments.io == "auto") settings.server.io = admin::IoChoice::automatic;
    if (!arguments.listen.empty()) {
        const auto endpoint = parse_host_port(arguments.listen);
        if (!endpoint) return std::unexpected(endpoint.error());
        settings.listeners = {{*endpoint, false, {}}};
    }
    if (arguments.admin == "none") {
        settings.admin.enabled = false;
    } else if (!arguments.admin.empty()) {
        const auto endpoint = parse_host_port(arguments.admin);
        if (!endpoint) return std::unexpected(endpoint.error());
        settings.admin = {true, *endpoint};
    }
    return {};
}

/// The settings to run with, and for the embedded default the message centre behind them.
class Runner {
public:
    explicit Runner(const RunArguments& arguments) : arguments_(arguments) {}

    int run() {
        auto settings = load();
        if (!settings) {
            failure(settings.error().message);
            return exit_configuration;
        }
        for (const std::string& warning : settings->warnings) fmt::print(stderr, "warning: {}\n", warning);
        if (auto usage = overlay(arguments_, *settings); !usage) {
            failure(usage.error().message);
            return exit_usage;
        }
        if (arguments_.config.empty())
            if (auto started = start_message_centre(*settings); !started) return failure(started.error().message);

        auto logger = admin::Logger::open(admin::Logger::config_of(settings->log), clock_);
        if (!logger) return failure(logger.error().message);
        logger_ = std::move(*logger);
        log_settings_ = settings->log;
        logger_->set_levels(settings->log.levels);
        logger_->set_privacy(settings->privacy);
        log_ = logger_->line("gateway");
        auto gateway = app::Gateway::start(*settings, app::Gateway::Logs::of(*logger_));
        if (!gateway) return failure(explain(gateway.error().message, "--listen 127.0.0.1:PORT"));
        gateway_ = std::move(*gateway);
        if (settings->admin.enabled)
            if (auto admin = start_admin(settings->admin.endpoint); !admin)
                return failure(explain(admin.error().message, "--admin 127.0.0.1:PORT, or --admin none"));

        greet();
        watch();
        signals_.give_up();  // a second signal ends us at once: what was acknowledged is on disk
        const seconds patience = gateway_->shutdown_patience();
        fmt::print("stopping: unbinding everybody, for up to {} s; the same signal again ends it at once\n",
                   patience.count());
        std::fflush(stdout);
        admin_.reset();
        gateway_->stop(patience);
        if (message_centre_) message_centre_->stop(seconds(1));
        return exit_ok;
    }

private:
    Result<admin::Settings> load() const {
        return arguments_.config.empty() ? admin::embedded_default() : admin::load_settings(arguments_.config);
    }

    Result<void> start_message_centre(admin::Settings& settings) {
        app::MessageCentreOptions options;
        options.listen = *io::Endpoint::parse("127.0.0.1:0");
        options.io = settings.server.io == admin::IoChoice::epoll ? io::BackendChoice::epoll
                                                                  : io::BackendChoice::automatic;
        auto centre = app::MessageCentre::start(options);
        if (!centre) return std::unexpected(centre.error());
        message_centre_ = std::move(*centre);
        point_to_message_centre(settings);
        return {};
    }

    void point_to_message_centre(admin::Settings& settings) const {
        for (routing::Provider& provider : settings.providers)
            for (routing::HostPort& endpoint : provider.endpoints) endpoint.port = message_centre_->listening().port;
    }

    Result<void> start_admin(const routing::HostPort& endpoint) {
        app::AdminServer::Options options;
        options.endpoint = endpoint;
        options.version = SLUICE_VERSION;
        if (!arguments_.config.empty()) options.reload = [this] { return read_again(); };
        auto server = app::AdminServer::start(*gateway_, *logger_, std::move(options));
        if (!server) return std::unexpected(server.error());
        admin_ = std::move(*server);
        return {};
    }

    static std::string explain(const std::string& error, const char* instead) {
        if (error.find("in use") == error.npos) return error;
        return error + "\n  Another program listens there, perhaps another sluice: `ss -ltnp` shows which."
                       "\n  End it, or choose another port: " + program_name + " run " + instead;
    }

    void greet() const {
        std::vector<std::string> endpoints;
        for (const io::Endpoint& endpoint : gateway_->listening()) endpoints.push_back(endpoint.to_string());
        fmt::print("sluice {} listens on {} ({} shards, {})\n", SLUICE_VERSION, fmt::join(endpoints, ", "),
                   gateway_->shards(), io::to_string(gateway_->backend()));
        if (admin_) fmt::print("admin port {}\n", admin_->listening().to_string());
        for (const std::string& note : gateway_->notes()) fmt::print("note: {}\n", note);
        if (message_centre_) {
            fmt::print("account demo, password demo, from this machine alone; a built-in message centre takes the "
                       "messages\ntry, in another terminal:\n  {} send {}--to +447700900123 \"Hello\"\n",
                       program_name, option("--host ", endpoints.front(), "127.0.0.1:2775"));
            if (admin_)
                fmt::print("  {} ctl {}status\n", program_name,
                           option("--admin ", admin_->listening().to_string(), "127.0.0.1:8775"));
        }
        std::fflush(stdout);
    }

    /// What an example needs to say about where we are: nothing, where that is the usual place.
    static std::string option(const std::string& name, const std::string& value, std::string_view usual) {
        return value == usual ? "" : name + value + " ";
    }

    void watch() {
        StatusLine status(!arguments_.no_status);
        for (;;) {
            warn_of_certificates();
            status.show(status_text());
            const auto signal = signals_.wait(status.period());
            if (signal == SIGHUP) {
                status.finish();
                reload_and_tell();
            } else if (signal) {
                return;
            }
        }
    }

    /// Once a day.
    void warn_of_certificates() {
        const MonoTime now = clock_.mono();
        if (now < next_certificate_check_) return;
        next_certificate_check_ = now + std::chrono::hours(24);
        for (const auto& [where, facts] : gateway_->certificates())
            if (const auto warning = tls::expiry_warning(facts, clock_.wall()))
                log_('W', "the certificate '" + facts.common_name + "' of " + where + " " + *warning);
    }

    std::string status_text() {
        std::int64_t sessions = 0, binds = 0, queued = 0, outstanding = 0;
        std::uint64_t in = 0, out = 0, receipts = 0;
        for (std::size_t shard = 0; shard < gateway_->shards(); ++shard) {
            const gateway::Counters& c = gateway_->counters(shard);
            sessions += c.sessions.value();
            binds += c.provider_binds.value();
            queued += c.queued.value();
            outstanding += c.receipts_outstanding.value();
            in += c.accepted.value();
            out += c.sent.value();
            receipts += c.reports_delivered.value();
        }
        const MonoTime now = clock_.mono();
        return fmt::format("{} sessions, {} binds  in {} ({:.0f}/s)  out {} ({:.0f}/s)  queued {}  "
                           "receipts {} ({:.0f}/s), {} awaited",
                           sessions, binds, in, in_rate_.per_second(in, now), out, out_rate_.per_second(out, now),
                           queued, receipts, receipt_rate_.per_second(receipts, now), outstanding);
    }

    /// For SIGHUP and for the admin port, which has a thread of its own.
    Result<admin::SettingsDiff> read_again() {
        const std::lock_guard lock(reload_mutex_);
        auto settings = load();
        if (!settings) return std::unexpected(settings.error());
        if (auto usable = overlay(arguments_, *settings); !usable) return std::unexpected(usable.error());
        for (const std::string& warning : settings->warnings) log_('W', warning);
        auto changed = gateway_->reload(*settings);
        // Only what the file changes: a level that an operator has set stays otherwise.
        if (!changed) return changed;
        if (settings->log.level != log_settings_.level) logger_->set_level(settings->log.level);
        if (settings->log.levels != log_settings_.levels) logger_->set_levels(settings->log.levels);
        log_settings_ = settings->log;
        logger_->set_privacy(settings->privacy);
        return changed;
    }

    void reload_and_tell() {
        if (arguments_.config.empty()) {
            fmt::print("reload: there is no configuration file to read again\n");
        } else if (const auto changed = read_again(); !changed) {
            fmt::print(stderr, "reload refused, everything stays as it was:\n{}\n", changed.error().message);
        } else {
            for (const std::string& change : changed->live) fmt::print("changed: {}\n", change);
            for (const std::string& change : changed->restart) fmt::print("needs a restart: {}\n", change);
            if (changed->empty()) fmt::print("reload: nothing has changed\n");
        }
        std::fflush(stdout);
    }

    const RunArguments& arguments_;
    Signals signals_;
    SystemClock clock_;
    std::unique_ptr<app::MessageCentre> message_centre_;
    std::unique_ptr<admin::Logger> logger_;
    gateway::LogLine log_;
    std::unique_ptr<app::Gateway> gateway_;
    std::unique_ptr<app::AdminServer> admin_;
    std::mutex reload_mutex_;
    MonoTime next_certificate_check_{};
    admin::LogSettings log_settings_;  ///< as the file had them last
    RateMeter in_rate_, out_rate_, receipt_rate_;
};

}  // namespace

void add_run_command(CLI::App& app, int& exit_code) {
    auto arguments = std::make_shared<RunArguments>();
    CLI::App* command = app.add_subcommand("run", "Run the gateway");
    command->footer(
        "Without --config: 127.0.0.1:2775, account demo with password demo from this machine alone, and a built-in\n"
        "message centre that takes the messages and sends receipts.\n\n"
        "Examples:\n"
        "  sluice run\n"
        "  sluice run --config sluice.toml\n"
        "  sluice run --listen 127.0.0.1:3000 --data scratch --admin none\n\n"
        "Signals: SIGTERM, SIGINT: an orderly stop, at the second one at once; SIGHUP: reads the file again.\n"
        "Exit codes: 0 stopped in order; 1 could not start; 2 usage; 3 errors in the configuration.");
    command->add_option("--config", arguments->config, "Configuration file (docs/configuration.md)")->type_name("FILE");
    command->add_option("--data", arguments->data, "Where messages are kept")->type_name("DIR");
    command->add_option("--listen", arguments->listen, "For customers, instead of the file's")->type_name("HOST:PORT");
    command->add_option("--shards", arguments->shards, "Reactor threads; 0: one a core")->check(CLI::Range(0, 64));
    command->add_option("--io", arguments->io, "How to speak to the kernel")
        ->check(CLI::IsMember({"auto", "io_uring", "epoll"}))->type_name("auto|io_uring|epoll");
    command->add_option("--admin", arguments->admin, "Of the admin port")->type_name("HOST:PORT|none");
    command->add_flag("--no-status", arguments->no_status, "No status line");
    command->callback([arguments, &exit_code] { exit_code = Runner(*arguments).run(); });
}

}  // namespace sluice::tools
