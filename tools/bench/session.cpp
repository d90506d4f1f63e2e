#include "tools/bench/session.hpp"

#include <fmt/format.h>

#include <charconv>
#include <random>

namespace sluice::bench {

namespace {

Result<std::uint32_t> parse_count(std::string_view name, std::string_view text, std::uint32_t min, std::uint32_t max) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size() && value >= min && value <= max) return value;
    return fail(fmt::format("{} is {} to {}, not \"{}\"", name, min, max, text));
}

constexpr struct {
    std::string_view name;
    std::uint32_t min, max;
    std::uint32_t& (*field)(RunOptions&);
} counts[] = {
    {"shards", 1, 64, [](RunOptions& o) -> std::uint32_t& { return o.target.shards; }},
    {"sessions", 1, 100'000, [](RunOptions& o) -> std::uint32_t& { return o.load.sessions; }},
    {"active", 0, 100'000, [](RunOptions& o) -> std::uint32_t& { return o.load.active; }},
    {"window", 1, 65535, [](RunOptions& o) -> std::uint32_t& { return o.load.window; }},
    {"provider-window", 1, 65535, [](RunOptions& o) -> std::uint32_t& { return o.load.provider_window; }},
    {"provider-binds", 1, 1000, [](RunOptions& o) -> std::uint32_t& { return o.target.provider_binds; }},
    {"threads", 1, 64, [](RunOptions& o) -> std::uint32_t& { return o.threads; }},
};

}  // namespace

void name_accounts(LoadOptions& load, std::uint32_t count) {
    load.accounts.clear();
    for (std::uint32_t i = 0; i < count; ++i) load.accounts.push_back({fmt::format("bench{}", i), "secret"});
}

Result<void> set(RunOptions& options, std::string_view name, std::string_view value) {
    for (const auto& row : counts) {
        if (row.name != name) continue;
        const auto parsed = parse_count(name, value, row.min, row.max);
        if (!parsed) return std::unexpected(parsed.error());
        row.field(options) = *parsed;
        return {};
    }
    if (name == "rate") {
        const auto parsed = parse_count(name, value, 1, 10'000'000);
        if (!parsed) return std::unexpected(parsed.error());
        options.rate = *parsed;
        return {};
    }
    if (name == "accounts") {
        const auto parsed = parse_count(name, value, 1, 100'000);
        if (!parsed) return std::unexpected(parsed.error());
        name_accounts(options.load, *parsed);
        return {};
    }
    if (name == "size") {
        const auto parsed = parse_size_range(value);
        if (!parsed) return std::unexpected(parsed.error());
        options.load.sizes = *parsed;
        return check_sizes(options.load.mix, options.load.sizes);
    }
    return fail(fmt::format("\"{}\" cannot be swept; shards, sessions, active, window, rate, size, accounts, "
                            "provider-binds, provider-window and threads can", name));
}

std::vector<std::pair<std::string, std::string>> settings_of(const RunOptions& options) {
    const LoadOptions& load = options.load;
    std::vector<std::pair<std::string, std::string>> settings{
        {"accounts", std::to_string(load.accounts.size())}, {"sessions", std::to_string(load.sessions)},
        {"window", std::to_string(load.window)}, {"receipts", load.receipts ? "on" : "off"},
        {"size", load.sizes.min == load.sizes.max ? std::to_string(load.sizes.min)
                                                  : fmt::format("{}-{}", load.sizes.min, load.sizes.max)},
        {"providers", std::to_string(load.providers)}, {"provider-window", std::to_string(load.provider_window)},
        {"threads", std::to_string(options.threads)}};
    if (load.active != 0) settings.emplace_back("active", std::to_string(load.active));
    if (options.rate > 0) settings.emplace_back("rate", fmt::format("{:.0f}", options.rate));
    if (options.target.command.empty() && !options.target.endpoint) {
        settings.emplace_back("shards", std::to_string(options.target.shards));
        settings.emplace_back("io", options.target.io);
        settings.emplace_back("provider-binds", std::to_string(options.target.provider_binds));
    }
    if (options.count > 0)
        settings.emplace_back("count", std::to_string(options.count));
    else
        settings.emplace_back("seconds", fmt::format("{:g}", options.seconds));
    settings.emplace_back("warm-up", fmt::format("{:g}", options.warm_up));
    return settings;
}

Result<std::vector<Planned>> parse_sweep(const RunOptions& base, std::string_view text) {
    const auto equals = text.find('=');
    if (equals == text.npos) return fail(fmt::format("\"{}\" is not NAME=VALUE,VALUE,..., as shards=1,2,4", text));
    const std::string_view name = text.substr(0, equals);
    std::vector<Planned> points;
    for (std::string_view rest = text.substr(equals + 1);;) {
        const std::string_view value = rest.substr(0, rest.find(','));
        Planned point{fmt::format("{}={}", name, value), 0, base};
        if (auto taken = set(point.options, name, value); !taken) return std::unexpected(taken.error());
        std::from_chars(value.data(), value.data() + value.size(), point.at);
        points.push_back(std::move(point));
        if (value.size() == rest.size()) return points;
        rest.remove_prefix(value.size() + 1);
    }
}

Result<RunResult> Session::once(const std::string& label, const RunOptions& options) {
    auto folder = Folder::create(options.target.directory);
    if (!folder) return std::unexpected(folder.error());
    RunOptions own = options;
    own.load.run = static_cast<std::uint16_t>(std::random_device()());
    return run_once(own, folder->path(), signals_,
                    [&](const std::string& step, double share) { show(label, step, share); });
}

Result<Series> Session::measure(std::string name, std::string title, std::string swept, std::vector<Planned> points) {
    Series series{std::move(name), std::move(title), std::move(swept), {}, {}};
    for (const Planned& planned : points)
        series.points.push_back({planned.label, planned.at, settings_of(planned.options), {}});
    for (std::uint32_t run = 0; run < runs_; ++run)
        for (std::size_t i = 0; i < points.size(); ++i) {
            const std::string label = fmt::format("{} {}{}run {}/{}", series.name, points[i].label,
                                                  points[i].label.empty() ? "" : " ", run + 1, runs_);
            auto result = once(label, points[i].options);
            if (!result) return std::unexpected(result.error());
            say(fmt::format("{}: {:.0f} msg/s, {:.2f} us of CPU a message, {} messages{}{}", label, result->rate(),
                            metric("cpu_us").of(*result).value_or(0), result->messages,
                            result->void_because.empty() ? "" : ", void",
                            result->faults.empty() ? "" : "; FAULT: " + result->faults.front()));
            series.points[i].runs.push_back(std::move(*result));
        }
    return series;
}

void Session::show(const std::string& what, const std::string& step, double share) {
    constexpr int width = 30;
    const int full = static_cast<int>(share * width);
    status_.show(fmt::format("{} [{:=<{}}{:{}}] {}", what, "", full, "", width - full, step));
}

void Session::say(const std::string& line) {
    status_.clear();
    fmt::print("{}\n", line);
    std::fflush(stdout);
}

}  // namespace sluice::bench
