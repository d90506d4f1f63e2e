#pragma once

#include "engine/admin/settings.hpp"
#include "engine/admin/settings_reader.hpp"

/// The parts of a settings file, each read by its own function.
namespace sluice::admin {

void read_server(TableReader& reader, ServerSettings& server);
void read_listener(TableReader& reader, ListenerSettings& listener);
void read_listener_tls(TableReader& reader, ListenerTls& settings);
void read_admin(TableReader& reader, AdminSettings& admin);
void read_log(TableReader& reader, LogSettings& log);
void read_history(TableReader& reader, HistorySettings& history);
void read_privacy(TableReader& reader, Privacy& privacy);
void read_limits(TableReader& reader, LimitSettings& limits);
void read_timers(TableReader& reader, TimerSettings& timers);
void read_message(TableReader& reader, MessageSettings& message);
void read_retry(TableReader& reader, routing::RetryPolicy& retry);
void read_http(TableReader& reader, http::ClientConfig& http);
void read_database(TableReader& reader, sql::DatabaseConfig& database);
void read_charging(TableReader& reader, ChargingRecordSettings& charging);
/// `credits` and `charging` of an account. `elsewhere`: its credits are in a database, and no mode need be said.
void read_account_charging(TableReader& reader, routing::Charging& charging, bool elsewhere = false);
void read_account(TableReader& reader, routing::Account& account);
/// `defaults` is the account that stands for those of the source. Finds databases by name in `settings`.
void read_account_source(TableReader& reader, const Settings& settings, accounts::SourceConfig& source,
                         routing::Account& defaults);
/// The keys that accounts and the defaults of a source have alike.
void read_account_rules(TableReader& reader, routing::Account& account);
/// `provider.retry` holds the file's defaults before.
void read_provider(TableReader& reader, routing::Provider& provider);
void read_provider_tls(TableReader& reader, routing::ProviderTls& settings);
/// Says how many the file names, good ones or not.
std::size_t read_account_certificates(TableReader& reader, std::vector<routing::CertificateMatch>& certificates);
/// When a route applies: `hours`, `days` and `time_zone`.
void read_hours(TableReader& reader, routing::Hours& hours);
/// Finds accounts and providers by name in `settings`.
void read_route(TableReader& reader, const Settings& settings, routing::RouteRule& route);
void read_home(TableReader& reader, const Settings& settings, routing::HomeRule& home);

/// The place among accounts or providers of the one that an item of a list, or the value of a key, names; else an error
/// that says what is near.
std::optional<routing::AccountId> find_account(const Settings& settings, const std::string& name, ReadContext& context,
                                               Position at, const std::string& field);
std::optional<routing::ProviderId> find_provider(const Settings& settings, const std::string& name,
                                                 ReadContext& context, Position at, const std::string& field);
void read_scripts(TableReader& reader, script::Limits& limits);
/// Finds accounts and providers by name in `settings`; the script's text goes into `program`.
void read_trigger(TableReader& reader, const Settings& settings, script::Program& program, script::Trigger& trigger);

/// What goes for accounts and providers alike.
void read_rate(TableReader& reader, routing::Rate& rate, std::uint32_t default_burst_divisor);
void read_text(TableReader& reader, routing::TextProfile& text, bool may_refuse);
/// `allowed_addresses`
void read_addresses(TableReader& reader, std::vector<routing::Cidr>& ranges);
/// One of `password`, `password_file` and `password_env`: what SMPP sends in clear and so must be known in clear.
void read_clear_password(TableReader& reader, std::string& password);
/// An endpoint whose host is an address: it is used on reactors, where no name is resolved.
void read_address(TableReader& reader, std::string_view key, routing::HostPort& value);
/// A whole number, or text with decimals: fractions of TOML are not exact.
bool read_money(TableReader& reader, std::string_view key, Money& value, Money most);
inline constexpr Money most_price = Money::of(1'000'000);
void read_price(TableReader& reader, std::optional<Money>& price);
void read_country_code(TableReader& reader, std::string& country_code);

}  // namespace sluice::admin
