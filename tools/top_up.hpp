#pragma once

#include <CLI/CLI.hpp>

#include <string>

#include "tools/ctl_client.hpp"
#include "tools/ctl_tables.hpp"

/// Booking credits, for `sluice ctl topup` and `sluice account topup`.
namespace sluice::tools {

struct TopUp {
    std::string system_id, amount, reference;

    /// All but the account, which `command` has.
    void add_options(CLI::App& command);
    /// Where the admin port takes it, and what is sent there.
    std::string path() const;
    std::string request() const;
};

/// What the admin port answers, on standard output.
void print_top_up(const CtlJson& body);

}  // namespace sluice::tools
