#include <memory>

#include "tools/command.hpp"
#include "tools/kept_command.hpp"

namespace sluice::tools {

namespace {
constexpr KeptKind homes{"home", "name", ""};
}

void add_home_command(CLI::App& app, int& exit_code) {
    auto arguments = std::make_shared<KeptArguments>();
    CLI::App* command =
        app.add_subcommand("home", "Add, change, list and remove rules that say whose mobile-originated messages are");
    command->require_subcommand(1);
    command->footer(
        "Rules are kept in the data directory and read after those of the configuration, by name. A gateway that runs\n"
        "is told at once; what is nobody's so far is asked about again.\n\n"
        "Examples:\n"
        "  sluice home add win 'to=[\"12345\"]' 'keywords=[\"WIN\"]' 'accounts=[\"games\"]'\n"
        "  sluice home add block 'to=[\"447700900100-447700900199\"]' 'accounts=[\"shop\", \"archive\"]'\n"
        "  sluice home set win 'keywords=[\"WIN\", \"PLAY\"]' share=\n"
        "  sluice home remove block\n\n"
        "`sluice ctl route home` says whose a message would be. An account's own numbers: `sluice account set`.\n"
        "Exit codes: 0 done; 1 refused, nothing was changed; 2 usage; 3 the configuration has errors.");
    const auto add = [&](const char* name, const char* help, bool changes) {
        CLI::App* const its = command->add_subcommand(name, help);
        its->add_option("--config,-c", arguments->config, "Configuration file")
            ->capture_default_str()
            ->type_name("FILE");
        if (std::string_view(name) != "list") its->add_option("name", arguments->name, "The rule")->required();
        if (changes)
            its->add_option("changes", arguments->changes,
                            "Keys of [[home]] with values as TOML has them; no value: the default")
                ->type_name("KEY=VALUE");
        return its;
    };
    const auto nothing_else = [](Lines&) { return Result<void>(); };
    add("add", "Add a rule", true)->callback([=, &exit_code] {
        exit_code = add_kept(*arguments, homes, nothing_else);
    });
    add("set", "Change one that was added", true)->callback([=, &exit_code] {
        exit_code = set_kept(*arguments, homes, nothing_else);
    });
    add("list", "Show those that were added, in their order", false)->callback([=, &exit_code] {
        exit_code = list_kept(*arguments, homes);
    });
    add("remove", "Remove one that was added; what waits for its accounts stays theirs", false)
        ->callback([=, &exit_code] { exit_code = remove_kept(*arguments, homes); });
}

}  // namespace sluice::tools
