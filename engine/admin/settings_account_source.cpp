#include <algorithm>

#include "engine/admin/password.hpp"
#include "engine/admin/settings_sections.hpp"
#include "engine/admin/settings_status.hpp"
#include "engine/admin/settings_text.hpp"

namespace sluice::admin {
namespace {

using accounts::StatementText;

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

/// False when it is not there.
bool read_statement(TableReader& reader, const char* key, StatementText& statement,
                    const std::vector<std::string_view>& names, StatementText::Needs needs, const char* example) {
    std::string written;
    if (!reader.text(key, written, 1, 4000)) return false;
    auto parsed = StatementText::parse(written, names, needs);
    if (parsed) statement = std::move(*parsed);
    else reader.error(key, parsed.error().message + ", as in \"" + example + "\"");
    return true;
}

/// Credits that are in the database: the statements, and what they mean for each account of the source.
void read_credit_statements(TableReader& reader, accounts::SourceConfig& source, routing::Charging& charging) {
    const std::vector<std::string_view> names{"credits", "system_id"};
    const bool charges = read_statement(reader, "charge", source.charge, names, StatementText::Needs::all,
                                        "UPDATE SmppServerUsers SET Credits = Credits - {credits} "
                                        "WHERE SystemID = {system_id} AND Credits >= {credits}");
    charging.gives_back = read_statement(reader, "give_back", source.give_back, names, StatementText::Needs::all,
                                         "UPDATE SmppServerUsers SET Credits = Credits + {credits} "
                                         "WHERE SystemID = {system_id}");
    std::string status;
    const bool has_status = reader.text("charge_when_away", status, 1, 40);
    if (has_status) {
        if (const auto parsed = parse_status(status)) charging.away_status = *parsed;
        else reader.error("charge_when_away", parsed.error().message);
    }
    if (!charges) {
        if (charging.gives_back) reader.error("give_back", "means nothing without charge");
        if (has_status) reader.error("charge_when_away", "means nothing without charge");
        return;
    }
    if (charging.on() || charging.opening != Money{})
        reader.error("charge", "the credits are either in the database or here: take charging.mode and credits out of "
                               "the defaults");
    charging.mode = routing::ChargingMode::database;
}

}  // namespace

void read_account_source(TableReader& reader, const Settings& settings, accounts::SourceConfig& source,
                         routing::Account& defaults) {
    reader.text("name", source.name, 1, 64);
    reader.require("name");
    read_database_name(reader, settings, source.database);
    read_statement(reader, "find", source.find, {"system_id"}, StatementText::Needs::all,
                   "SELECT * FROM SmppServerUsers WHERE SystemID = {system_id}");
    reader.require("find");
    read_statement(reader, "owner", source.owner, accounts::owner_names, StatementText::Needs::one,
                   "SELECT SystemID FROM SmppServerUsers WHERE AddressRange = {number}");
    read_scheme(reader, source.scheme);
    reader.duration("cache", source.cache, seconds(0), std::chrono::hours(24));
    reader.duration("cache_unknown", source.cache_unknown, seconds(0), std::chrono::hours(24));
    reader.choice("known_when_away", source.known_from_cache, known_choices);
    reader.choice("unknown_when_away", source.unknown_wait, unknown_choices);
    reader.number("max_accounts", source.max_accounts, 1, 1'000'000);
    reader.table("defaults", [&](TableReader& table) {
        read_account_rules(table, defaults);
        read_account_charging(table, defaults.charging, reader.has("charge"));
    });
    read_credit_statements(reader, source, defaults.charging);
    defaults.system_id = source.name;
    defaults.key = routing::stable_key(source.name);
    defaults.enabled = false;
    defaults.is_source = true;
}

}  // namespace sluice::admin
