#include "engine/admin/settings_sections.hpp"

#include <algorithm>

#include "engine/admin/settings_text.hpp"
#include "engine/base/limits.hpp"

namespace sluice::admin {
namespace {

using std::chrono::hours;

constexpr nanoseconds day = hours(24);
constexpr std::uint64_t max_messages = 10'000'000'000;

constexpr Choices<IoChoice, 3> io_choices{
    {{"auto", IoChoice::automatic}, {"io_uring", IoChoice::io_uring}, {"epoll", IoChoice::epoll}}};
constexpr Choices<LogLevel, 6> log_levels{{{"trace", LogLevel::trace},
                                           {"debug", LogLevel::debug},
                                           {"info", LogLevel::info},
                                           {"warning", LogLevel::warning},
                                           {"error", LogLevel::error},
                                           {"off", LogLevel::off}}};
constexpr Choices<LogFormat, 2> log_formats{{{"text", LogFormat::text}, {"json", LogFormat::json}}};
constexpr Choices<Privacy::Numbers, 3> masks{{{"none", Privacy::Numbers::none},
                                              {"last4", Privacy::Numbers::last4},
                                              {"all", Privacy::Numbers::all}}};
constexpr Choices<bool, 2> after_last{{{"repeat", true}, {"fail", false}}};
constexpr Choices<routing::Segmentation, 4> segmentations{{{"as_is", routing::Segmentation::as_is},
                                                           {"udh8", routing::Segmentation::udh8},
                                                           {"udh16", routing::Segmentation::udh16},
                                                           {"sar", routing::Segmentation::sar}}};
constexpr Choices<routing::Unmappable, 3> unmappables{{{"ucs2", routing::Unmappable::ucs2},
                                                       {"transliterate", routing::Unmappable::transliterate},
                                                       {"refuse", routing::Unmappable::refuse}}};
/// What a provider has brought was acknowledged, and is not refused afterwards.
constexpr Choices<routing::Unmappable, 2> unmappables_of_accounts{
    {{"ucs2", routing::Unmappable::ucs2}, {"transliterate", routing::Unmappable::transliterate}}};
constexpr Choices<routing::Alphabet, 5> alphabets{{{"gsm7", routing::Alphabet::gsm7},
                                                   {"gsm7_packed", routing::Alphabet::gsm7_packed},
                                                   {"latin1", routing::Alphabet::latin1},
                                                   {"ascii", routing::Alphabet::ascii},
                                                   {"utf8", routing::Alphabet::utf8}}};

void read_schedule(TableReader& reader, routing::RetrySchedule& schedule) {
    constexpr std::size_t max_delays = 32;
    // A schedule that goes on for ever must not do so without a pause.
    constexpr nanoseconds least_repeated = milliseconds(100);

    std::vector<nanoseconds> delays;
    const bool given = reader.texts("delays", [&](const std::string& text, const Value& item,
                                                  const std::string& field) {
        const auto delay = parse_duration(text);
        if (!delay) reader.context().error(item.at, field, "'" + text + "': " + delay.error().message);
        else if (*delay > 7 * day) reader.context().error(item.at, field, "is longer than 7d");
        else delays.push_back(*delay);
    });
    if (delays.size() > max_delays) reader.error("delays", "has more than " + std::to_string(max_delays) + " entries");
    if (given) schedule.delays = std::move(delays);
    reader.choice("then", schedule.repeat_last, after_last);
    if (schedule.repeat_last && !schedule.delays.empty() && schedule.delays.back() < least_repeated)
        reader.error("delays", "ends with " + duration_text(schedule.delays.back()) +
                                   ", which would be repeated; at least " + duration_text(least_repeated) +
                                   ", or then = \"fail\"");
}

}  // namespace

void read_server(TableReader& reader, ServerSettings& server) {
    reader.text("system_id", server.system_id, 1, 15);
    reader.number("node", server.node, 0, 255);
    const Value* shards = reader.has("shards") ? reader.raw("shards") : nullptr;
    if (shards != nullptr && shards->kind == Value::Kind::text && shards->text == "auto") server.shards = 0;
    else if (shards != nullptr && shards->kind == Value::Kind::text)
        reader.error("shards", "'" + shards->text + "' is neither \"auto\" nor a number");
    else reader.number("shards", server.shards, 1, limits::max_shards);
    reader.path("data_directory", server.data_directory);
    reader.size("max_data_size", server.max_data_bytes, 64ull << 20, 64ull << 40);
    reader.choice("io", server.io, io_choices);
}

void read_listener(TableReader& reader, ListenerSettings& listener) {
    reader.endpoint("endpoint", listener.endpoint, true);
    reader.require("endpoint");
    reader.boolean("optional", listener.optional);
    if (reader.has("tls") || reader.describing())
        reader.table("tls", [&](TableReader& table) { read_listener_tls(table, listener.tls.emplace()); });
}

void read_admin(TableReader& reader, AdminSettings& admin) {
    reader.boolean("enabled", admin.enabled);
    reader.endpoint("endpoint", admin.endpoint, true);
    if (admin.enabled && !is_loopback(admin.endpoint))
        reader.warning("endpoint", admin.endpoint.to_string() + " can be reached from other machines");
}

void read_log(TableReader& reader, LogSettings& log) {
    reader.choice("level", log.level, log_levels);
    reader.choice("format", log.format, log_formats);
    reader.path("file", log.file);
    reader.entries("levels", [&](const Value::Entry& entry, const std::string& field) {
        const auto known = std::ranges::find(log_levels, entry.value.text,
                                             [](const auto& level) { return level.first; });
        if (entry.value.kind != Value::Kind::text || known == log_levels.end())
            return reader.context().error(entry.at, field, "is not trace, debug, info, warning, error or off");
        if (std::ranges::find(log_subsystems, entry.key) == log_subsystems.end()) {
            std::string all;
            for (const std::string_view name : log_subsystems) all.append(all.empty() ? "" : ", ").append(name);
            return reader.context().error(entry.at, field, "nothing logs under this name; there are " + all);
        }
        log.levels[entry.key] = known->second;
    });
}

void read_history(TableReader& reader, HistorySettings& history) {
    reader.boolean("enabled", history.enabled);
    reader.duration("keep", history.keep, std::chrono::minutes(1), 3660 * day);
    reader.size("max_size", history.max_bytes, 4ull << 20, 64ull << 30);
    reader.boolean("pdus", history.pdus);
}

void read_privacy(TableReader& reader, Privacy& privacy) {
    reader.choice("mask_numbers", privacy.numbers, masks);
    reader.boolean("mask_text", privacy.text);
}

void read_limits(TableReader& reader, LimitSettings& limits) {
    reader.number("max_sessions", limits.max_sessions, 1, 1'000'000);
    reader.number("max_sessions_per_address", limits.max_sessions_per_address, 1, 1'000'000);
    reader.number("max_unbound", limits.max_unbound, 1, 1'000'000);
    reader.number("max_queued", limits.max_queued, 1, max_messages);
    reader.number("max_young", limits.max_young, 1000, 100'000'000);
    reader.number("max_receipts_outstanding", limits.max_receipts_outstanding, 1000, max_messages);
    reader.number("max_receipts_in_memory", limits.max_receipts_in_memory, 1000, 1'000'000'000);
    reader.number("password_threads", limits.password_threads, 1, 64);
    reader.number("password_queue", limits.password_queue, 1, 100'000);
}

void read_timers(TableReader& reader, TimerSettings& timers) {
    reader.duration("session_init", timers.session_init, seconds(1), hours(1));
    reader.duration("enquire_link", timers.enquire_link, seconds(0), day);
    reader.duration("response", timers.response, seconds(1), hours(1));
    reader.duration("inactivity", timers.inactivity, seconds(0), 7 * day);
    reader.duration("probe", timers.probe, milliseconds(100), hours(1));
    reader.duration("shutdown", timers.shutdown, seconds(0), hours(1));
}

void read_message(TableReader& reader, MessageSettings& message) {
    reader.duration("default_validity", message.default_validity, seconds(1), 366 * day);
    reader.duration("max_validity", message.max_validity, seconds(1), 366 * day);
    reader.duration("receipt_hold", message.receipt_hold, seconds(1), 7 * day);
    reader.duration("receipt_lifetime", message.receipt_lifetime, seconds(60), 366 * day);
    reader.duration("delivery_validity", message.delivery_validity, seconds(1), 366 * day);
    if (message.default_validity > message.max_validity)
        reader.error("default_validity", "is longer than max_validity, " + duration_text(message.max_validity));
}

void read_retry(TableReader& reader, routing::RetryPolicy& retry) {
    for (const auto& [key, schedule] : {std::pair("throttled", &retry.throttled), {"temporary", &retry.temporary},
                                        {"permanent", &retry.permanent}, {"unknown", &retry.unknown},
                                        {"unanswered", &retry.unanswered}})
        reader.table(key, [&](TableReader& table) { read_schedule(table, *schedule); });
}

void read_rate(TableReader& reader, routing::Rate& rate, std::uint32_t default_burst_divisor) {
    reader.number("rate", rate.per_second, 0, 10'000'000);
    const bool burst = reader.number("burst", rate.burst, 1, 100'000'000);
    if (burst && rate.per_second == 0) reader.error("burst", "means nothing without a rate");
    if (!burst && rate.per_second > 0) rate.burst = std::max(rate.per_second / default_burst_divisor, 1u);
}

void read_address(TableReader& reader, std::string_view key, routing::HostPort& value) {
    routing::HostPort read;
    if (!reader.endpoint(key, read, false)) return;
    if (io::Endpoint::parse(read.to_string())) value = std::move(read);
    else reader.error(key, "'" + read.host + "' is not an address; names are not resolved here");
}

void read_text(TableReader& reader, routing::TextProfile& text, bool may_refuse) {
    reader.choice("default_alphabet", text.default_alphabet, alphabets);
    reader.choice("segmentation", text.segmentation, segmentations);
    if (may_refuse) reader.choice("unmappable", text.unmappable, unmappables);
    else reader.choice("unmappable", text.unmappable, unmappables_of_accounts);
}

void read_country_code(TableReader& reader, std::string& country_code) {
    std::string read;
    if (!reader.text("country_code", read, 1, 3)) return;
    const bool digits = std::ranges::all_of(read, [](char c) { return c >= '0' && c <= '9'; });
    if (!digits || read.starts_with('0'))
        reader.error("country_code", "'" + read + "' is not 1 to 3 digits, as \"44\"");
    else country_code = std::move(read);
}

}  // namespace sluice::admin
