#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <memory>

#include "engine/admin/password.hpp"
#include "engine/admin/settings_document.hpp"
#include "tools/command.hpp"
#include "tools/ctl_client.hpp"
#include "tools/kept_command.hpp"
#include "tools/top_up.hpp"

namespace sluice::tools {
namespace {

constexpr KeptKind accounts{"account", "system_id", "password_hash"};

struct AccountArguments : KeptArguments {
    std::string password_hash;
    bool password = false;
    std::vector<std::string> numbers;
    TopUp top_up;
};

Result<std::string> password_from_input() {
    std::string clear;
    std::getline(std::cin, clear);
    return admin::hash_password(clear);
}

Result<void> set_password(Lines& lines, const AccountArguments& arguments) {
    if (!arguments.password_hash.empty())
        if (auto done = change_line(lines, accounts, "password_hash=" + toml_text(arguments.password_hash)); !done)
            return done;
    if (!arguments.password) return {};
    const auto hash = password_from_input();
    if (!hash) return std::unexpected(hash.error());
    return change_line(lines, accounts, "password_hash=" + toml_text(*hash));
}

/// What the lines say of the account's numbers.
Result<std::vector<std::string>> numbers_in(const Lines& lines) {
    std::vector<std::string> numbers;
    for (const std::string& line : lines) {
        if (!line.starts_with("numbers")) continue;
        const auto document = admin::parse_document(line, "numbers");
        if (!document) return std::unexpected(document.error());
        if (const auto* entry = document->find("numbers"))
            for (const admin::Value& item : entry->value.items) numbers.push_back(item.text);
    }
    return numbers;
}

/// Adds numbers and prefixes to those of the account, or takes them out.
Result<void> change_numbers(Lines& lines, const std::vector<std::string>& wanted, bool add) {
    auto numbers = numbers_in(lines);
    if (!numbers) return std::unexpected(numbers.error());
    for (const std::string& number : wanted) {
        const auto place = std::ranges::find(*numbers, number);
        if (!add && place == numbers->end()) return fail("'" + number + "' is none of its numbers");
        if (!add) numbers->erase(place);
        else if (place == numbers->end()) numbers->push_back(number);
    }
    std::string list;
    for (const std::string& number : *numbers) list += (list.empty() ? "[" : ", ") + toml_text(number);
    return change_line(lines, accounts, "numbers=" + (list.empty() ? list : list + "]"));
}

/// Credits are in the store of the gateway that runs: it alone can book them.
int top_up(const AccountArguments& arguments) {
    const auto settings = admin::load_settings(arguments.config);
    if (!settings) {
        fmt::print(stderr, "{}\n", settings.error().message);
        return exit_configuration;
    }
    if (!settings->admin.enabled) return failure("the admin port is off: nobody can be told (admin.enabled)");
    CtlClient client(settings->admin.endpoint.to_string());
    TopUp wanted = arguments.top_up;
    wanted.system_id = arguments.name;
    const auto reply = client.request("POST", wanted.path(), wanted.request());
    if (!reply) return failure("no gateway answers at " + client.address() + ": " + reply.error().message);
    const CtlJson body = CtlJson::parse(reply->body, nullptr, false);
    if (reply->status != 200 || !body.is_object() || !body.contains("booked"))
        return failure(body.is_object() ? body.value("error", reply->body)
                                        : "what answers at " + client.address() + " is no gateway");
    print_top_up(body);
    return exit_ok;
}

}  // namespace

void add_account_command(CLI::App& app, int& exit_code) {
    auto arguments = std::make_shared<AccountArguments>();
    CLI::App* command = app.add_subcommand(
        "account", "Add, change, list and remove accounts kept beside the configuration; credit accounts");
    command->require_subcommand(1);
    command->footer(
        "Accounts are kept in the data directory and read after the configuration. A gateway that runs is told\n"
        "at once.\n\n"
        "Examples:\n"
        "  sluice account set shop max_sessions=4 rate=\n"
        "  printf %s \"$SECRET\" | sluice account add shop --password rate=50 'senders=[\"Shop\"]'\n"
        "  sluice account assign shop 447700900123 '44770091*'\n"
        "  sluice account remove shop\n"
        "  sluice account topup shop 250 --reference 'invoice 4711'\n\n"
        "Exit codes: 0 done; 1 refused, nothing was changed; 2 usage; 3 the configuration has errors.");
    const auto common = [&](CLI::App* each) {
        each->add_option("--config,-c", arguments->config, "Configuration file")
            ->capture_default_str()
            ->type_name("FILE");
    };
    const auto name = [&](CLI::App* each) {
        each->add_option("system_id", arguments->name, "The account")->required();
    };
    const auto changes = [&](CLI::App* each) {
        each->add_option("--password-hash", arguments->password_hash, "What `sluice hash-password` printed")
            ->type_name("HASH");
        each->add_flag("--password", arguments->password, "Read the password from standard input");
        each->add_option("changes", arguments->changes,
                         "Keys of [[account]] with values as TOML has them; no value: the default")
            ->type_name("KEY=VALUE");
    };
    CLI::App* add = command->add_subcommand("add", "Add an account");
    CLI::App* set = command->add_subcommand("set", "Change one that was added");
    CLI::App* assign = command->add_subcommand(
        "assign", "Give numbers and prefixes to one that was added: messages to them are its own");
    CLI::App* release = command->add_subcommand("release", "Take them from it");
    CLI::App* shown = command->add_subcommand("list", "Show those that were added");
    CLI::App* remove =
        command->add_subcommand("remove", "Remove one that was added; its messages stay, and wait for one of its name");
    CLI::App* credit =
        command->add_subcommand("topup", "Book credits for an account of the gateway that runs, wherever it is kept");
    for (CLI::App* each : {add, set, assign, release, shown, remove, credit}) common(each);
    for (CLI::App* each : {add, set, assign, release, remove, credit}) name(each);
    for (CLI::App* each : {assign, release})
        each->add_option("numbers", arguments->numbers, "As 447700900123, or 44770* for all that begin so")->required();
    arguments->top_up.add_options(*credit);
    for (CLI::App* each : {add, set}) changes(each);
    const auto password = [arguments](Lines& lines) { return set_password(lines, *arguments); };
    add->callback([=, &exit_code] { exit_code = add_kept(*arguments, accounts, password); });
    set->callback([=, &exit_code] { exit_code = set_kept(*arguments, accounts, password); });
    assign->callback([=, &exit_code] {
        exit_code = set_kept(*arguments, accounts,
                             [&](Lines& lines) { return change_numbers(lines, arguments->numbers, true); });
    });
    release->callback([=, &exit_code] {
        exit_code = set_kept(*arguments, accounts,
                             [&](Lines& lines) { return change_numbers(lines, arguments->numbers, false); });
    });
    credit->callback([arguments, &exit_code] { exit_code = top_up(*arguments); });
    shown->callback([arguments, &exit_code] { exit_code = list_kept(*arguments, accounts); });
    remove->callback([arguments, &exit_code] { exit_code = remove_kept(*arguments, accounts); });
}

}  // namespace sluice::tools
