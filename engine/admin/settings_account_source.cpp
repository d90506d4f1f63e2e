#include <algorithm>

#include "engine/admin/password.hpp"
#include "engine/admin/settings_sections.hpp"
#include "engine/admin/settings_text.hpp"

namespace sluice::admin {
namespace {

constexpr Choices<bool, 2> known_choices{{{"cache", true}, {"refuse", false}}};
constexpr Choices<bool, 2> unknown_choices{{{"wait", true}, {"refuse", false}}};

void read_database_name(TableReader& reader, const Settings& settings, std::string& database) {
    std::vector<std::string_view> names;
    for (const sql::DatabaseConfig& known : settings.databases) names.push_back(known.name);
    if (reader.text("database", database, 1, 64) && std::ranges::find(names, database) == names.end())
        reader.error("database", "there is no database '" + database + "'" + did_you_mean(database, names));
    reader.require("database");
}

void read_scheme(TableReader& reader, std::string& scheme) {
    if (!reader.text("password_scheme", scheme, 1, 40)) return;
    std::string all;
    for (const auto& [name, kind] : legacy_hashes) {
        if (name == scheme) return;
        all += (all.empty() ? "" : ", ") + std::string(name);
    }
    reader.error("password_scheme", "'" + scheme + "' is not one of " + all);
}

}  // namespace

void read_account_source(TableReader& reader, const Settings& settings, accounts::SourceConfig& source,
                         routing::Account& defaults) {
    reader.text("name", source.name, 1, 64);
    reader.require("name");
    read_database_name(reader, settings, source.database);
    if (reader.text("find", source.find, 1, 4000) && std::ranges::count(source.find, '?') != 1)
        reader.error("find", "must have one ? where the system_id goes, as in "
                             "\"SELECT * FROM SmppServerUsers WHERE SystemID = ?\"");
    reader.require("find");
    read_scheme(reader, source.scheme);
    reader.duration("cache", source.cache, seconds(0), std::chrono::hours(24));
    reader.duration("cache_unknown", source.cache_unknown, seconds(0), std::chrono::hours(24));
    reader.choice("known_when_away", source.known_from_cache, known_choices);
    reader.choice("unknown_when_away", source.unknown_wait, unknown_choices);
    reader.number("max_accounts", source.max_accounts, 1, 1'000'000);
    reader.table("defaults", [&](TableReader& table) {
        read_account_rules(table, defaults);
        read_account_charging(table, defaults.charging);
    });
    defaults.system_id = source.name;
    defaults.key = routing::stable_key(source.name);
    defaults.enabled = false;
    defaults.is_source = true;
}

}  // namespace sluice::admin
