#include "tools/bench/results.hpp"

#include <fmt/format.h>
#include <fmt/chrono.h>
#include <sys/utsname.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "engine/base/check.hpp"

namespace sluice::bench {

namespace {

using Value = std::optional<double>;

/// Latencies that nobody had are no zeros.
Value latency(const LatencySummary& summary, nanoseconds LatencySummary::*member) {
    return summary.count > 0 ? Value(in_ms(summary.*member)) : std::nullopt;
}

/// A message's share of what the gateway used; nothing where it could not be looked at.
Value of_gateway(const RunResult& run, double amount) {
    return run.messages > 0 && run.used.anonymous_bytes > 0 ? Value(run.per_message(amount)) : std::nullopt;
}
Value of_generator(const RunResult& run, double value) {
    return run.generator_cpu_seconds > 0 ? Value(value) : std::nullopt;
}
Value octets(std::uint64_t count) {
    return count > 0 ? Value(static_cast<double>(count) / (1024 * 1024)) : std::nullopt;
}

using L = LatencySummary;
using R = RunResult;

constexpr Metric rows[] = {
    {"messages_per_second", "msg/s", "messages a second", 0,
     [](const R& r) { return r.messages > 0 ? Value(r.rate()) : std::nullopt; }},
    {"cpu_us", "CPU us", "us a message", 2, [](const R& r) { return of_gateway(r, 1e6 * r.used.cpu_seconds); }},
    {"cpu_user_us", "user", "us a message", 2, [](const R& r) { return of_gateway(r, 1e6 * r.used.user_seconds); }},
    {"cpu_system_us", "system", "us a message", 2,
     [](const R& r) { return of_gateway(r, 1e6 * r.used.system_seconds); }},
    {"response_p50_ms", "resp p50", "ms", -1, [](const R& r) { return latency(r.response, &L::p50); }},
    {"response_p90_ms", "resp p90", "ms", -1, [](const R& r) { return latency(r.response, &L::p90); }},
    {"response_p99_ms", "resp p99", "ms", -1, [](const R& r) { return latency(r.response, &L::p99); }},
    {"response_p999_ms", "resp p99.9", "ms", -1, [](const R& r) { return latency(r.response, &L::p999); }},
    {"response_p9999_ms", "resp p99.99", "ms", -1, [](const R& r) { return latency(r.response, &L::p9999); }},
    {"response_max_ms", "resp max", "ms", -1, [](const R& r) { return latency(r.response, &L::max); }},
    {"provider_p50_ms", "prov p50", "ms", -1, [](const R& r) { return latency(r.provider, &L::p50); }},
    {"provider_p99_ms", "prov p99", "ms", -1, [](const R& r) { return latency(r.provider, &L::p99); }},
    {"provider_p999_ms", "prov p99.9", "ms", -1, [](const R& r) { return latency(r.provider, &L::p999); }},
    {"receipt_p50_ms", "rcpt p50", "ms", -1, [](const R& r) { return latency(r.receipt, &L::p50); }},
    {"receipt_p99_ms", "rcpt p99", "ms", -1, [](const R& r) { return latency(r.receipt, &L::p99); }},
    {"receipt_p999_ms", "rcpt p99.9", "ms", -1, [](const R& r) { return latency(r.receipt, &L::p999); }},
    {"anonymous_mib", "anon MiB", "MiB", 1,
     [](const R& r) { return octets(r.used.anonymous_bytes); }},
    {"peak_anonymous_mib", "peak MiB", "MiB", 1,
     [](const R& r) { return octets(r.peak_anonymous_bytes); }},
    {"file_mib", "file MiB", "MiB", 1, [](const R& r) { return octets(r.used.file_bytes); }},
    {"written_bytes", "disk B/msg", "bytes a message", 0,
     [](const R& r) { return of_gateway(r, static_cast<double>(r.used.written_bytes)); }},
    {"syncs_per_second", "syncs/s", "a second", 0,
     [](const R& r) { return r.syncs && r.seconds > 0 ? Value(*r.syncs / r.seconds) : std::nullopt; }},
    {"generator_running", "gen busy %", "%", 0, [](const R& r) { return of_generator(r, 100 * r.generator.running); }},
    {"generator_waiting", "gen waits %", "% of the time without a core", 0,
     [](const R& r) { return of_generator(r, 100 * r.generator.waiting); }},
    {"generator_cpu_us", "gen us/msg", "us a message", 2,
     [](const R& r) { return of_generator(r, r.per_message(1e6 * r.generator_cpu_seconds)); }},
};

nlohmann::json to_json(const RunResult& run) {
    nlohmann::json json;
    for (const Metric& each : rows)
        if (const auto value = each.of(run)) json["measured"][each.key] = *value;
    json["measured"]["messages"] = run.messages;
    json["measured"]["seconds"] = run.seconds;
    json["measured"]["sending_seconds"] = run.sending_seconds;
    const Account& a = run.account;
    json["account"] = {{"sent", a.sent}, {"accepted", a.accepted}, {"refused", a.refused}, {"unanswered", a.unanswered},
                       {"delivered", a.delivered}, {"receipted", a.receipted}, {"lost", a.lost},
                       {"receipts_lost", a.receipts_lost}, {"duplicated", a.duplicated},
                       {"receipts_duplicated", run.receipts_duplicated}, {"out_of_order", run.out_of_order},
                       {"strangers", run.strangers}, {"receipts_unknown", run.receipts_unknown},
                       {"receipts_refused", run.receipts_refused},
                       {"delivered_though_refused", a.delivered_though_refused}};
    for (const auto& [status, count] : run.refusals) {
        const std::string_view name = smpp::name_of(status);
        json["account"]["refusals"][name.empty() ? fmt::format("{:#x}", static_cast<std::uint32_t>(status))
                                                 : std::string(name)] = count;
    }
    if (!run.void_because.empty()) json["void"] = run.void_because;
    if (!run.faults.empty()) json["faults"] = run.faults;
    return json;
}

std::string first_value(const char* file, std::string_view name) {
    std::ifstream stream(file);
    for (std::string line; std::getline(stream, line);)
        if (line.starts_with(name))
            if (const auto colon = line.find(": "); colon != line.npos) return line.substr(colon + 2);
    return {};
}

}  // namespace

double in_ms(nanoseconds duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

std::string Metric::text(double value) const {
    const int wanted = digits >= 0 ? digits : value < 1 ? 3 : value < 10 ? 2 : value < 100 ? 1 : 0;
    return fmt::format("{:.{}f}", value, wanted);
}

std::span<const Metric> metrics() { return rows; }

const Metric& metric(std::string_view key) {
    const auto found = std::ranges::find(rows, key, [](const Metric& each) { return std::string_view(each.key); });
    SLUICE_CHECK(found != std::end(rows));
    return *found;
}

std::optional<Spread> spread_of(std::vector<double> values) {
    if (values.empty()) return std::nullopt;
    std::ranges::sort(values);
    const std::size_t middle = values.size() / 2;
    const double median = values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    return Spread{median, values.front(), values.back(), values.size()};
}

std::optional<Spread> Point::spread(const Metric& metric) const {
    std::vector<double> values;
    for (const RunResult& run : runs)
        if (const auto value = metric.of(run)) values.push_back(*value);
    return spread_of(std::move(values));
}

std::string Point::void_because() const {
    std::size_t count = 0;
    std::string reason;
    for (const RunResult& run : runs) {
        if (run.void_because.empty()) continue;
        ++count;
        reason = run.void_because;
    }
    return 2 * count > runs.size() ? reason : std::string();
}

bool Point::faulty() const {
    return std::ranges::any_of(runs, [](const RunResult& run) { return !run.faults.empty(); });
}

std::string without_directories(std::string_view text) {
    constexpr std::string_view apart = " \t\n'\"=;,|&()<>";
    std::string out;
    while (!text.empty()) {
        const std::size_t begin = std::min(text.find_first_not_of(apart), text.size());
        out += text.substr(0, begin);
        text.remove_prefix(begin);
        std::string_view word = text.substr(0, text.find_first_of(apart));
        text.remove_prefix(word.size());
        if (word.starts_with('/')) {
            while (word.size() > 1 && word.ends_with('/')) word.remove_suffix(1);
            word.remove_prefix(word.rfind('/') + (word.size() > 1 ? 1 : 0));
        }
        out += word;
    }
    return out;
}

std::string told_command(std::span<const std::string> words) {
    constexpr std::string_view option = "--account";
    std::string told = "sluice";
    bool account = false;  // the word is one, with its password
    for (std::string word : words.subspan(std::min<std::size_t>(words.size(), 1))) {
        if (account || word.starts_with(std::string(option) + "="))  // first, as it stands
            if (const std::size_t colon = word.find(':'); colon != word.npos) word.replace(colon + 1, word.npos, "***");
        word = without_directories(word);
        account = word == option;
        told += word.find_first_of(" ;'\"") == word.npos ? " " + word : " '" + word + "'";
    }
    return told;
}

Conditions conditions_now(std::string_view gateway) {
    Conditions facts;
    std::ifstream own("/proc/self/cmdline");
    std::vector<std::string> words;
    for (std::string word; std::getline(own, word, '\0');) words.push_back(std::move(word));
    facts.command = told_command(words);
    facts.gateway = without_directories(gateway);
    facts.version = SLUICE_VERSION;
    facts.time = fmt::format("{:%Y-%m-%d %H:%M} UTC", fmt::gmtime(std::chrono::system_clock::now()));
    facts.machine = first_value("/proc/cpuinfo", "model name");
    facts.cores = std::thread::hardware_concurrency();
    utsname name{};
    if (::uname(&name) == 0) facts.kernel = std::string(name.sysname) + " " + name.release;
    std::ifstream("/proc/loadavg") >> facts.load_before;
    return facts;
}

nlohmann::json to_json(const Conditions& conditions, const std::vector<Series>& series) {
    nlohmann::json json;
    json["conditions"] = {{"command", conditions.command}, {"version", conditions.version}, {"time", conditions.time},
                          {"machine", conditions.machine}, {"kernel", conditions.kernel}, {"cores", conditions.cores},
                          {"gateway", conditions.gateway}, {"load_average_before", conditions.load_before}};
    json["series"] = nlohmann::json::array();
    for (const Series& each : series) {
        nlohmann::json row{{"name", each.name}, {"title", each.title}, {"swept", each.swept}, {"notes", each.notes}};
        row["points"] = nlohmann::json::array();
        for (const Point& point : each.points) {
            nlohmann::json item{{"label", point.label}, {"at", point.at}};
            for (const auto& [name, value] : point.settings) item["settings"][name] = value;
            for (const Metric& each_metric : rows)
                if (const auto spread = point.spread(each_metric))
                    item["spread"][each_metric.key] = {{"median", spread->median}, {"least", spread->least},
                                                       {"most", spread->most}};
            if (const std::string reason = point.void_because(); !reason.empty()) item["void"] = reason;
            for (const RunResult& run : point.runs) item["runs"].push_back(to_json(run));
            row["points"].push_back(std::move(item));
        }
        json["series"].push_back(std::move(row));
    }
    return json;
}

}  // namespace sluice::bench
