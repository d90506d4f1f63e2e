#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/admin/kept_tables.hpp"
#include "engine/admin/settings.hpp"

/// What the commands have in common that add, change, list and remove tables kept beside the configuration.
namespace sluice::tools {

struct KeptArguments {
    std::string config = "sluice.toml";
    std::string name;
    std::vector<std::string> changes;  ///< "key=value"
};

/// Which tables, as the configuration has them.
struct KeptKind {
    std::string_view key;       ///< "account"
    std::string_view name_key;  ///< "system_id"
    std::string_view secret;    ///< a key that `list_kept` does not show; may be empty
};

using Lines = std::vector<std::string>;

/// TOML's basic string: a name may have any character that a terminal lets through.
std::string toml_text(std::string_view text);
/// Puts "key = value" in the place of what the lines say of the key; an empty value takes it out.
Result<void> change_line(Lines& lines, const KeptKind& kind, const std::string& wanted);

/// Adds a table, or changes one that was added: `edit` first, then `arguments.changes`. When
/// the configuration as a whole is wrong then, that is said and nothing is changed. A gateway
/// that runs is told. Returns the exit code, as all do.
int add_kept(const KeptArguments& arguments, const KeptKind& kind, const std::function<Result<void>(Lines&)>& edit);
int set_kept(const KeptArguments& arguments, const KeptKind& kind, const std::function<Result<void>(Lines&)>& edit);
int remove_kept(const KeptArguments& arguments, const KeptKind& kind);
int list_kept(const KeptArguments& arguments, const KeptKind& kind);

}  // namespace sluice::tools
