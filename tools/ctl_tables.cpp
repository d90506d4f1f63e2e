#include "tools/ctl_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::tools {

namespace {

/// A value as a cell: peers choose some of the texts, so that nothing in them may move the cursor.
std::string cell(const CtlJson& value) {
    if (value.is_null()) return "-";
    if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
    if (!value.is_string()) return value.dump();
    std::string text;
    for (const char c : value.get<std::string>()) {
        const auto octet = static_cast<unsigned char>(c);
        if (octet >= 0x20 && octet != 0x7F) text += c;
        else fmt::format_to(std::back_inserter(text), "\\x{:02x}", octet);
    }
    return text.empty() ? "-" : text;
}

struct Column {
    const char* title;
    const char* field;
};

/// Numbers stand to the right.
void print_table(const CtlJson& rows, const std::vector<Column>& columns, std::string_view if_empty) {
    if (rows.empty()) return fmt::print("{}\n", if_empty);
    std::vector<std::size_t> widths;
    std::vector<bool> numbers;
    for (const Column& column : columns) {
        std::size_t width = std::string_view(column.title).size();
        for (const CtlJson& row : rows) width = std::max(width, cell(row[column.field]).size());
        widths.push_back(width);
        numbers.push_back(rows.front()[column.field].is_number());
    }
    const auto print_row = [&](auto text_of) {
        std::string line;
        for (std::size_t i = 0; i < columns.size(); ++i)
            line += numbers[i] ? fmt::format("{:>{}}  ", text_of(columns[i]), widths[i])
                               : fmt::format("{:<{}}  ", text_of(columns[i]), widths[i]);
        line.erase(line.find_last_not_of(' ') + 1);
        fmt::print("{}\n", line);
    };
    print_row([](const Column& column) { return std::string(column.title); });
    for (const CtlJson& row : rows) print_row([&](const Column& column) { return cell(row[column.field]); });
}

void print_fields(const CtlJson& object, std::string_view indent = "") {
    std::size_t width = 0;
    for (const auto& [name, value] : object.items()) width = std::max(width, name.size());
    for (const auto& [name, value] : object.items()) {
        std::string label = name;
        std::ranges::replace(label, '_', ' ');
        fmt::print("{}{:<{}}  {}\n", indent, label, width, cell(value));
    }
}

void print_lines(std::string_view title, const CtlJson& lines) {
    if (lines.empty()) return;
    fmt::print("{}\n", title);
    for (const CtlJson& line : lines) fmt::print("  {}\n", cell(line));
}

std::string duration(std::int64_t seconds) {
    if (seconds < 60) return fmt::format("{}s", seconds);
    if (seconds < 3600) return fmt::format("{}m{:02}s", seconds / 60, seconds % 60);
    if (seconds < 86400) return fmt::format("{}h{:02}m", seconds / 3600, seconds / 60 % 60);
    return fmt::format("{}d{:02}h", seconds / 86400, seconds / 3600 % 24);
}

/// "2026-11-26T14:00Z" of a time with seconds.
std::string minute(const CtlJson& time) { return cell(time).substr(0, 16) + "Z"; }

}  // namespace

void print_status(const CtlJson& s) {
    fmt::print("{} {}, up {}, {}\n", cell(s["system_id"]), cell(s["version"]),
               duration(s["uptime_seconds"].get<std::int64_t>()), s["healthy"].get<bool>() ? "healthy" : "NOT HEALTHY");
    for (const CtlJson& trouble : s["troubles"]) fmt::print("  ! {}\n", cell(trouble));
    for (const CtlJson& note : s["notes"]) fmt::print("  note: {}\n", cell(note));
    std::string listening;
    for (const CtlJson& at : s["listening"]) listening += (listening.empty() ? "" : ", ") + cell(at);
    fmt::print("listening  {}\n", listening.empty() ? "nowhere" : listening);
    fmt::print("running    {} shards, {}, node {}, settings {}\n", cell(s["shards"]), cell(s["io"]), cell(s["node"]),
               cell(s["settings"]));
    fmt::print("bound      {} sessions, {} with providers\n", cell(s["sessions"]), cell(s["provider_binds"]));
    fmt::print("messages   {} queued, {} in memory\n", cell(s["messages"]["queued"]), cell(s["messages"]["in_memory"]));
    fmt::print("receipts   {} to come, {} held\n", cell(s["receipts"]["outstanding"]), cell(s["receipts"]["held"]));
    fmt::print("log        level {}, {} lines lost\n", cell(s["log"]["level"]), cell(s["log"]["lost"]));
    fmt::print("since the start\n");
    CtlJson seen = CtlJson::object();
    for (const auto& [name, total] : s["totals"].items())
        if (total != 0) seen[name] = total;
    if (seen.empty()) fmt::print("  nothing has happened\n");
    print_fields(seen, "  ");
}

void print_log_levels(const CtlJson& log) {
    fmt::print("level {}\n", cell(log["level"]));
    print_fields(log["subsystems"], "  ");
}

void print_sessions(const CtlJson& body) {
    CtlJson rows = body["sessions"];
    for (CtlJson& row : rows) {
        row["age"] = duration(row["age_seconds"].get<std::int64_t>());
        row["silent"] = duration(row["silent_seconds"].get<std::int64_t>());
        row["used"] = fmt::format("{}/{}", cell(row["in_flight"]), cell(row["window"]));
        row["rates"] = fmt::format("{}/{}", cell(row["pdus_in_per_second"]), cell(row["pdus_out_per_second"]));
        if (row["tls"] == "") row["tls"] = "no";
        else if (row["certificate"] != "") row["tls"] = cell(row["tls"]) + " " + cell(row["certificate"]);
    }
    print_table(rows,
                {{"ID", "id"}, {"PEER", "peer"}, {"ROLE", "role"}, {"NAME", "name"}, {"BIND", "bind"},
                 {"TLS", "tls"}, {"VERSION", "interface_version"}, {"WINDOW", "used"}, {"AGE", "age"},
                 {"SILENT", "silent"},
                 {"IN/OUT A SECOND", "rates"}, {"IN", "pdus_in"}, {"OUT", "pdus_out"}, {"MALFORMED", "malformed"},
                 {"TIMEOUTS", "response_timeouts"}},
                "no sessions");
}

void print_providers(const CtlJson& body) {
    CtlJson rows = body["providers"];
    for (CtlJson& row : rows) {
        row["binds"] = fmt::format("{}/{}", cell(row["binds_up"]), cell(row["binds_wanted"]));
        row["windows"] = fmt::format("{}/{}", cell(row["window_limit"]), cell(row["window"]));
        row["rates"] = fmt::format("{}/{}", row["rate_limit"] == 0 ? "-" : cell(row["rate_limit"]),
                                   row["rate"] == 0 ? "-" : cell(row["rate"]));
        row["delivers"] =
            !row.contains("quality") ? CtlJson("-")
            : !row["quality"]["known"].get<bool>()
                ? CtlJson(fmt::format("? ({} known)", cell(row["quality"]["ended"])))
                : CtlJson(fmt::format("{}% of {}", cell(row["quality"]["percent"]), cell(row["quality"]["ended"])));
        for (const char* const window : {"hour", "day"})
            row[window] = !row.contains(window)
                              ? CtlJson("-")
                              : CtlJson(fmt::format("{}/{} until {}", cell(row[window]["used"]),
                                                    cell(row[window]["max"]), minute(row[window]["resets_at"])));
    }
    print_table(rows,
                {{"NAME", "name"}, {"HEALTH", "health"}, {"BINDS", "binds"}, {"BIND", "bind"}, {"HELD", "held"},
                 {"QUEUED", "queued"}, {"AT MOST", "max_queued"}, {"IN FLIGHT", "in_flight"}, {"WINDOW", "windows"},
                 {"RATE", "rates"}, {"DELIVERS", "delivers"}, {"THIS HOUR", "hour"}, {"THIS DAY", "day"}},
                "no providers are configured");
}

void print_accounts(const CtlJson& body) {
    CtlJson rows = body["accounts"];
    for (CtlJson& row : rows) {
        row["credits"] = row.contains("available") ? cell(row["available"]) : "-";
        row["put_aside"] = row.contains("reserved") ? cell(row["reserved"]) : "-";
    }
    print_table(rows,
                {{"SYSTEM ID", "system_id"}, {"SOURCE", "source"}, {"ENABLED", "enabled"}, {"SESSIONS", "sessions"},
                 {"MAX", "max_sessions"}, {"RATE", "rate"}, {"UNFINISHED", "unfinished"}, {"TO DELIVER", "to_deliver"},
                 {"IN FLIGHT", "in_flight"}, {"CREDITS", "credits"}, {"RESERVED", "put_aside"}},
                "no accounts are configured");
}

void print_queues(const CtlJson& body) {
    print_table(body["queues"],
                {{"FOR", "kind"}, {"NAME", "name"}, {"SHARD", "shard"}, {"PRIORITY", "priority"},
                 {"MESSAGES", "messages"}, {"IN MEMORY", "in_memory"}, {"ON DISK", "on_disk"}},
                "every queue is empty");
    if (body["queues"].size() > 1) fmt::print("{} messages in all\n", cell(body["total"]));
}

void print_triggers(const CtlJson& body) {
    CtlJson rows = body["triggers"];
    for (CtlJson& row : rows)
        for (const char* const field : {"microseconds_a_call", "longest_microseconds"})
            row[field] = fmt::format("{:.1f}", row[field].get<double>());
    print_table(rows,
                {{"NAME", "name"}, {"EVENT", "event"}, {"CALLS", "calls"}, {"ERRORS", "errors"},
                 {"LOOK-UPS", "look_ups"}, {"INSTRUCTIONS A CALL", "instructions_a_call"},
                 {"US A CALL", "microseconds_a_call"}, {"LONGEST US", "longest_microseconds"},
                 {"LAST ERROR", "last_error"}},
                "no triggers are configured");
}

void print_receipts(const CtlJson& body) {
    CtlJson rows = body["receipts"];
    for (CtlJson& row : rows)
        if (!row["final"].get<bool>()) row["message_state"] = cell(row["message_state"]) + " (not final)";
    print_table(rows,
                {{"PLACE", "place"}, {"PROVIDER", "provider"}, {"MESSAGE ID", "message_id"},
                 {"STATE", "message_state"}, {"ERR", "err"}, {"SINCE", "since"}, {"ID READ", "reading"}},
                "no receipt is without its message");
    const std::uint64_t all = body["held"].get<std::uint64_t>() + body["quarantined"].get<std::uint64_t>();
    if (rows.size() < all)
        fmt::print("{} of {} are shown: --limit shows more\n", rows.size(), all);
}

void print_messages(const CtlJson& body) {
    print_table(body["messages"],
                {{"ACCEPTED", "accepted_at"}, {"ID", "id"}, {"ACCOUNT", "account"}, {"PROVIDER", "provider"},
                 {"FROM", "source_addr"}, {"TO", "destination_addr"}, {"STATE", "state"}, {"LAST", "last_event"},
                 {"TRIES FAILED", "failed_tries"}, {"PROVIDER'S ID", "provider_message_id"}},
                "no message fits");
    if (!body["all"].get<bool>())
        fmt::print("looked back to {}: there may be more, which --limit or --until {} show\n",
                   cell(body["looked_back_to"]), cell(body["looked_back_to"]));
}

void print_message(const CtlJson& m) {
    fmt::print("message {} (hex {}), of {}, shard {}\n", cell(m["id"]), cell(m["hex"]), cell(m["made_at"]),
               cell(m["home_shard"]));
    if (m.contains("found_by")) fmt::print("found by {}\n", cell(m["found_by"]));
    if (m.contains("note")) fmt::print("{}\n", cell(m["note"]));
    if (!m["stored"].is_null()) {
        fmt::print("stored\n");
        print_fields(m["stored"], "  ");
    }
    if (m["events"].empty()) return;
    CtlJson rows = m["events"];
    for (CtlJson& row : rows) {
        if (row.contains("trigger")) row["party"] = row["trigger"];
        for (const char* const optional : {"party", "detail"})
            if (!row.contains(optional)) row[optional] = nullptr;
    }
    print_table(rows, {{"TIME", "time"}, {"EVENT", "event"}, {"WITH", "party"}, {"DETAIL", "detail"}}, "");
    for (const CtlJson& row : rows)
        if (row.contains("pdu"))
            fmt::print("{} {} {}\n  {}\n", cell(row["time"]), cell(row["event"]), cell(row["detail"]),
                       cell(row["pdu"]));
}

void print_explanation(const CtlJson& body) {
    for (const CtlJson& line : body["explanation"]) fmt::print("{}\n", cell(line));
}

void print_unowned(const CtlJson& body) {
    print_table(body["messages"],
                {{"ID", "id"}, {"FROM", "from"}, {"TO", "to"}, {"PROVIDER", "provider"}, {"CAME", "accepted_at"},
                 {"UNTIL", "expires_at"}},
                "every message has an owner");
    if (body["messages"].size() < body["count"].get<std::uint64_t>())
        fmt::print("{} of {} are shown: --limit shows more\n", body["messages"].size(), cell(body["count"]));
}

void print_refunds(const CtlJson& body) {
    print_table(body["refunds"],
                {{"SYSTEM ID", "system_id"}, {"SOURCE", "source"}, {"CREDITS", "credits"}, {"MESSAGES", "messages"},
                 {"STATE", "state"}},
                "nothing is to be given back");
    if (body["refunds"].empty()) return;
    fmt::print("{} credits of {} accounts in all\n", cell(body["credits"]), cell(body["accounts"]));
    if (body["refunds"].size() < body["accounts"].get<std::uint64_t>()) fmt::print("--limit shows more\n");
}

void print_write_off(const CtlJson& body) {
    fmt::print("{} credits of {} messages will not be given back to {}\n", cell(body["credits"]),
               cell(body["messages"]), cell(body["system_id"]));
}

void print_reload(const CtlJson& body) {
    if (body["applied"].empty() && body["needs_restart"].empty()) return fmt::print("nothing has changed\n");
    print_lines("applied", body["applied"]);
    print_lines("needs a restart", body["needs_restart"]);
}

}  // namespace sluice::tools
