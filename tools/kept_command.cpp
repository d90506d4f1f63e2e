#include "tools/kept_command.hpp"

#include <fmt/format.h>

#include <fstream>
#include <optional>
#include <sstream>

#include "tools/command.hpp"
#include "tools/ctl_client.hpp"

namespace sluice::tools {
namespace {

Lines lines_of(const std::string& text) {
    Lines lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

std::string joined(const Lines& lines) {
    std::string text;
    for (const std::string& line : lines) text += line + '\n';
    return text;
}

std::string_view key_of(std::string_view line) {
    const std::string_view key = line.substr(0, line.find('='));
    return key.substr(0, key.find_last_not_of(' ') + 1);
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

/// Writes the table, or takes it away where there is no text, unless the whole configuration is wrong then.
int commit(const KeptArguments& arguments, const admin::KeptTables& tables, const std::optional<std::string>& text,
           const std::string& done) {
    const std::string& name = arguments.name;
    const auto before = tables.read(name);
    const auto written = text ? tables.write(name, *text) : tables.remove(name);
    if (!written) return failure(written.error().message);
    const auto settings = admin::load_settings(arguments.config);
    if (settings) return tell_gateway(*settings, done);
    const auto undone = before ? tables.write(name, *before) : tables.remove(name);
    fmt::print(stderr, "{}\n", settings.error().message);
    return failure(undone ? "nothing was changed" : "and it cannot be undone: " + undone.error().message);
}

int with_tables(const KeptArguments& arguments, const KeptKind& kind,
                const std::function<int(const admin::KeptTables&)>& then) {
    const auto settings = admin::load_settings(arguments.config);
    if (!settings) {
        fmt::print(stderr, "{}\n", settings.error().message);
        return exit_configuration;
    }
    return then(admin::KeptTables(settings->server.data_directory, kind.key));
}

int apply(const KeptArguments& arguments, const KeptKind& kind, const admin::KeptTables& tables, Lines lines,
          const std::function<Result<void>(Lines&)>& edit, const char* done) {
    if (const auto edited = edit(lines); !edited) return failure(edited.error().message);
    for (const std::string& wanted : arguments.changes)
        if (const auto changed = change_line(lines, kind, wanted); !changed) return failure(changed.error().message);
    return commit(arguments, tables, joined(lines), arguments.name + done);
}

}  // namespace

std::string toml_text(std::string_view text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') result += '\\';
        if (static_cast<unsigned char>(c) < ' ' || c == 0x7F) result += fmt::format("\\u{:04x}", c);
        else result += c;
    }
    return result + '"';
}

Result<void> change_line(Lines& lines, const KeptKind& kind, const std::string& wanted) {
    const std::size_t equals = wanted.find('=');
    if (equals == std::string::npos || equals == 0)
        return fail("'" + wanted + "' is not KEY=VALUE, as max_sessions=5 or 'senders=[\"Bank\"]'");
    const std::string key(key_of(wanted)), value = wanted.substr(equals + 1);
    if (key == kind.name_key || value.find('\n') != std::string::npos || key.find_first_of("[\n") != std::string::npos)
        return fail("'" + key + "' cannot be set so");
    std::erase_if(lines, [&](const std::string& line) { return key_of(line) == key; });
    if (!value.empty()) lines.push_back(key + " = " + value);
    return {};
}

int add_kept(const KeptArguments& arguments, const KeptKind& kind, const std::function<Result<void>(Lines&)>& edit) {
    return with_tables(arguments, kind, [&](const admin::KeptTables& tables) {
        const std::string& name = arguments.name;
        if (tables.contains(name))
            return failure(fmt::format("there is {} {} already; change it with `{} set`",
                                       kind.key == "account" ? "an account" : "a " + std::string(kind.key), name,
                                       kind.key));
        return apply(arguments, kind, tables,
                     {fmt::format("[[{}]]", kind.key), fmt::format("{} = {}", kind.name_key, toml_text(name))}, edit,
                     " is added");
    });
}

int set_kept(const KeptArguments& arguments, const KeptKind& kind, const std::function<Result<void>(Lines&)>& edit) {
    return with_tables(arguments, kind, [&](const admin::KeptTables& tables) {
        const auto text = tables.read(arguments.name);
        if (!text) return failure(text.error().message + "; those of the configuration are changed there");
        return apply(arguments, kind, tables, lines_of(*text), edit, " is changed");
    });
}

int remove_kept(const KeptArguments& arguments, const KeptKind& kind) {
    return with_tables(arguments, kind, [&](const admin::KeptTables& tables) {
        return commit(arguments, tables, std::nullopt, arguments.name + " is removed");
    });
}

int list_kept(const KeptArguments& arguments, const KeptKind& kind) {
    return with_tables(arguments, kind, [&](const admin::KeptTables& tables) {
        const auto all = tables.list();
        if (!all) return failure(all.error().message);
        for (const std::filesystem::path& file : *all) {
            std::ifstream in(file);
            std::ostringstream text;
            text << in.rdbuf();
            std::string name, rest;
            for (const std::string& line : lines_of(text.str())) {
                const std::string_view key = key_of(line);
                if (key == kind.name_key) name = line.substr(line.find('=') + 2);
                else if (key != kind.secret && !line.starts_with('[')) rest += (rest.empty() ? "" : "; ") + line;
            }
            fmt::print("{:20} {}\n", name, rest);
        }
        return int{exit_ok};
    });
}

}  // namespace sluice::tools
