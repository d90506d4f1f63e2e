#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>

#include "engine/admin/account_files.hpp"
#include "engine/admin/password.hpp"
#include "engine/admin/settings.hpp"
#include "tools/command.hpp"
#include "tools/ctl_client.hpp"
#include "tools/top_up.hpp"

namespace sluice::tools {
namespace {

struct AccountArguments {
    std::string config = "sluice.toml";
    std::string system_id;
    std::string password_hash;
    bool password = false;
    std::vector<std::string> changes;  ///< "key=value"
    TopUp top_up;
};

using Lines = std::vector<std::string>;

/// TOML's basic string: a name may have any character that a terminal lets through.
std::string toml_text(std::string_view text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') result += '\\';
        if (static_cast<unsigned char>(c) < ' ' || c == 0x7F) result += fmt::format("\\u{:04x}", c);
        else result += c;
    }
    return result + '"';
}

Lines lines_of(const std::string& text) {
    Lines lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

std::string_view key_of(std::string_view line) {
    const std::string_view key = line.substr(0, line.find('='));
    return key.substr(0, key.find_last_not_of(' ') + 1);
}

/// Puts "key = value" in the place of what the file says of the key; an empty value takes it out.
Result<void> change(Lines& lines, const std::string& wanted) {
    const std::size_t equals = wanted.find('=');
    if (equals == std::string::npos || equals == 0)
        return fail("'" + wanted + "' is not KEY=VALUE, as max_sessions=5 or 'senders=[\"Bank\"]'");
    const std::string key(key_of(wanted)), value = wanted.substr(equals + 1);
    if (key == "system_id" || value.find('\n') != std::string::npos || key.find_first_of("[\n") != std::string::npos)
        return fail("'" + key + "' cannot be set so");
    std::erase_if(lines, [&](const std::string& line) { return key_of(line) == key; });
    if (!value.empty()) lines.push_back(key + " = " + value);
    return {};
}

Result<std::string> password_from_input() {
    std::string clear;
    std::getline(std::cin, clear);
    return admin::hash_password(clear);
}

Result<void> apply_arguments(Lines& lines, const AccountArguments& arguments) {
    if (!arguments.password_hash.empty())
        if (auto done = change(lines, "password_hash=" + toml_text(arguments.password_hash)); !done) return done;
    if (arguments.password) {
        const auto hash = password_from_input();
        if (!hash) return std::unexpected(hash.error());
        if (auto done = change(lines, "password_hash=" + toml_text(*hash)); !done) return done;
    }
    for (const std::string& wanted : arguments.changes)
        if (auto done = change(lines, wanted); !done) return done;
    return {};
}

/// Tells the gateway, if one runs: it reads everything anew.
int tell_gateway(const admin::Settings& settings, const std::string& done) {
    if (!settings.admin.enabled) {
        fmt::print("{}; the admin port is off: it counts from the next start or reload\n", done);
        return exit_ok;
    }
    CtlClient client(settings.admin.endpoint.to_string());
    const auto reply = client.request("POST", "/api/v1/reload");
    if (!reply) fmt::print("{}; no gateway answers at {}: it counts from the next start\n", done, client.address());
    else if (reply->status == 200) fmt::print("{}, and the gateway knows\n", done);
    else return failure(done + ", but the gateway refuses to reload: " + reply->body);
    return exit_ok;
}

/// Writes the account, or takes it away where there is no text, unless the whole configuration is wrong then.
int commit(const AccountArguments& arguments, const admin::AccountFiles& files, const std::optional<std::string>& text,
           const std::string& done) {
    const std::string& name = arguments.system_id;
    const auto before = files.read(name);
    const auto written = text ? files.write(name, *text) : files.remove(name);
    if (!written) return failure(written.error().message);
    const auto settings = admin::load_settings(arguments.config);
    if (settings) return tell_gateway(*settings, done);
    const auto undone = before ? files.write(name, *before) : files.remove(name);
    fmt::print(stderr, "{}\n", settings.error().message);
    return failure(undone ? "nothing was changed" : "and it cannot be undone: " + undone.error().message);
}

std::string joined(const Lines& lines) {
    std::string text;
    for (const std::string& line : lines) text += line + '\n';
    return text;
}

int add_or_set(const AccountArguments& arguments, const admin::AccountFiles& files, bool is_new) {
    const std::string& name = arguments.system_id;
    if (is_new && files.contains(name)) return failure("there is an account " + name + " already; change it with `account set`");
    Lines lines{"[[account]]", "system_id = " + toml_text(name)};
    if (!is_new) {
        const auto text = files.read(name);
        if (!text) return failure(text.error().message + "; those of the configuration are changed there");
        lines = lines_of(*text);
    }
    if (const auto done = apply_arguments(lines, arguments); !done) return failure(done.error().message);
    return commit(arguments, files, joined(lines), name + (is_new ? " is added" : " is changed"));
}

int list(const admin::AccountFiles& files) {
    const auto all = files.list();
    if (!all) return failure(all.error().message);
    for (const std::filesystem::path& file : *all) {
        std::ifstream in(file);
        std::ostringstream text;
        text << in.rdbuf();
        std::string name, rest;
        for (const std::string& line : lines_of(text.str())) {
            const std::string_view key = key_of(line);
            if (key == "system_id") name = line.substr(line.find('=') + 2);
            else if (key != "password_hash" && !line.starts_with('[')) rest += (rest.empty() ? "" : "; ") + line;
        }
        fmt::print("{:20} {}\n", name, rest);
    }
    return exit_ok;
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
    wanted.system_id = arguments.system_id;
    const auto reply = client.request("POST", wanted.path(), wanted.request());
    if (!reply) return failure("no gateway answers at " + client.address() + ": " + reply.error().message);
    const CtlJson body = CtlJson::parse(reply->body, nullptr, false);
    if (reply->status != 200 || !body.is_object() || !body.contains("booked"))
        return failure(body.is_object() ? body.value("error", reply->body) : "what answers at " + client.address() + " is no gateway");
    print_top_up(body);
    return exit_ok;
}

int with_files(const AccountArguments& arguments, const std::function<int(const admin::AccountFiles&)>& then) {
    const auto settings = admin::load_settings(arguments.config);
    if (!settings) {
        fmt::print(stderr, "{}\n", settings.error().message);
        return exit_configuration;
    }
    return then(admin::AccountFiles(settings->server.data_directory));
}

}  // namespace

void add_account_command(CLI::App& app, int& exit_code) {
    auto arguments = std::make_shared<AccountArguments>();
    CLI::App* command = app.add_subcommand("account", "Add, change, list and remove accounts kept beside the configuration; credit accounts");
    command->require_subcommand(1);
    command->footer("Accounts are kept in the data directory and read after the configuration. A gateway that runs is told at once.\n\n"
                    "Examples:\n"
                    "  sluice account set shop max_sessions=4 rate=\n"
                    "  printf %s \"$SECRET\" | sluice account add shop --password rate=50 'senders=[\"Shop\"]'\n"
                    "  sluice account remove shop\n"
                    "  sluice account topup shop 250 --reference 'invoice 4711'\n\n"
                    "Exit codes: 0 done; 1 refused, nothing was changed; 2 usage; 3 the configuration has errors.");
    const auto common = [&](CLI::App* each) {
        each->add_option("--config,-c", arguments->config, "Configuration file")->capture_default_str()->type_name("FILE");
    };
    const auto name = [&](CLI::App* each) {
        each->add_option("system_id", arguments->system_id, "The account")->required();
    };
    const auto changes = [&](CLI::App* each) {
        each->add_option("--password-hash", arguments->password_hash, "What `sluice hash-password` printed")->type_name("HASH");
        each->add_flag("--password", arguments->password, "Read the password from standard input");
        each->add_option("changes", arguments->changes, "Keys of [[account]] with values as TOML has them; no value: the default")
            ->type_name("KEY=VALUE");
    };
    CLI::App* add = command->add_subcommand("add", "Add an account");
    CLI::App* set = command->add_subcommand("set", "Change one that was added");
    CLI::App* shown = command->add_subcommand("list", "Show those that were added");
    CLI::App* remove = command->add_subcommand("remove", "Remove one that was added; its messages stay, and wait for one of its name");
    CLI::App* credit = command->add_subcommand("topup", "Book credits for an account of the gateway that runs, wherever it is kept");
    for (CLI::App* each : {add, set, shown, remove, credit}) common(each);
    for (CLI::App* each : {add, set, remove, credit}) name(each);
    arguments->top_up.add_options(*credit);
    for (CLI::App* each : {add, set}) changes(each);
    add->callback([arguments, &exit_code] {
        exit_code = with_files(*arguments, [&](const auto& files) { return add_or_set(*arguments, files, true); });
    });
    set->callback([arguments, &exit_code] {
        exit_code = with_files(*arguments, [&](const auto& files) { return add_or_set(*arguments, files, false); });
    });
    credit->callback([arguments, &exit_code] { exit_code = top_up(*arguments); });
    shown->callback([arguments, &exit_code] { exit_code = with_files(*arguments, list); });
    remove->callback([arguments, &exit_code] {
        exit_code = with_files(*arguments, [&](const auto& files) {
            return commit(*arguments, files, std::nullopt, arguments->system_id + " is removed");
        });
    });
}

}  // namespace sluice::tools
