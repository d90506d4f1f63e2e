#pragma once

#include <CLI/CLI.hpp>

/// The subcommands of `sluice`. Each adds itself to the command line, does its work when it is chosen, and leaves its
/// exit code in `exit_code`.
namespace sluice::tools {

/// What a shell sees; docs/cli.md has the table.
enum ExitCode : int {
    exit_ok = 0,
    exit_failed = 1,         ///< what was asked for did not succeed
    exit_usage = 2,          ///< the command line makes no sense
    exit_configuration = 3,  ///< the configuration file has errors
    exit_no_gateway = 4,     ///< no gateway answers at its admin port
};

void add_run_command(CLI::App& app, int& exit_code);
void add_check_command(CLI::App& app, int& exit_code);
void add_send_command(CLI::App& app, int& exit_code);
void add_receive_command(CLI::App& app, int& exit_code);
void add_mc_command(CLI::App& app, int& exit_code);
void add_dump_command(CLI::App& app, int& exit_code);
void add_hash_password_command(CLI::App& app, int& exit_code);
void add_account_command(CLI::App& app, int& exit_code);
void add_home_command(CLI::App& app, int& exit_code);
void add_ctl_command(CLI::App& app, int& exit_code);
void add_bench_command(CLI::App& app, int& exit_code);
void add_tune_command(CLI::App& app, int& exit_code);
void add_route_command(CLI::App& app, int& exit_code);
void add_tls_command(CLI::App& app, int& exit_code);
void add_trigger_command(CLI::App& app, int& exit_code);

/// How the user called us, for examples that can be typed as they stand.
extern const char* program_name;

/// "sluice: message" on standard error; returns exit_failed.
int failure(const std::string& message);

}  // namespace sluice::tools
