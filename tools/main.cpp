#include <csignal>
#include <cstdio>
#include <system_error>

#include "tools/command.hpp"

namespace sluice::tools {

const char* program_name = "sluice";

int failure(const std::string& message) {
    std::fprintf(stderr, "sluice: %s\n", message.c_str());
    return exit_failed;
}

}  // namespace sluice::tools

int main(int argc, char** argv) {
    using namespace sluice::tools;
    std::signal(SIGPIPE, SIG_IGN);  // a reader that went away is an error of the write
    if (argc > 0) program_name = argv[0];

    CLI::App app("Sluice, an SMPP gateway.", "sluice");
    app.set_version_flag("--version", "sluice " SLUICE_VERSION);
    app.require_subcommand(1);
    app.get_formatter()->column_width(34);
    app.footer("Exit codes: 0 done; 1 what was asked for failed; 2 usage; 3 errors in the configuration;\n"
               "4 no gateway answers.\n"
               "Each command has examples: sluice COMMAND --help");

    int exit_code = exit_ok;
    add_run_command(app, exit_code);
    add_check_command(app, exit_code);
    add_send_command(app, exit_code);
    add_receive_command(app, exit_code);
    add_mc_command(app, exit_code);
    add_dump_command(app, exit_code);
    add_ctl_command(app, exit_code);
    add_account_command(app, exit_code);
    add_home_command(app, exit_code);
    add_hash_password_command(app, exit_code);
    add_bench_command(app, exit_code);
    add_tune_command(app, exit_code);
    add_route_command(app, exit_code);
    add_tls_command(app, exit_code);
    add_trigger_command(app, exit_code);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? exit_ok : exit_usage;
    } catch (const std::system_error& error) {
        if (error.code() == std::errc::broken_pipe) return exit_failed;  // nobody reads on: `sluice dump ... | head`
        return failure(error.what());
    }
    return exit_code;
}
