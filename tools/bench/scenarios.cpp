#include "tools/bench/scenarios.hpp"

#include <fmt/format.h>

#include "tools/bench/disk_sync.hpp"

namespace sluice::bench {

namespace {

using Found = Result<std::vector<Series>>;

double median_of(const Point& point, const char* key) {
    const auto spread = point.spread(metric(key));
    return spread ? spread->median : 0;
}

Found as_found(Result<Series> series) {
    if (!series) return std::unexpected(series.error());
    std::vector<Series> all;
    all.push_back(std::move(*series));
    return all;
}

RunOptions with(RunOptions options, std::uint32_t sessions, std::uint32_t window, bool receipts) {
    options.load.sessions = sessions;
    options.load.active = 0;
    options.load.window = window;
    options.load.receipts = receipts;
    options.rate = 0;
    return options;
}

/// Accounts only matter for a gateway that is started here, and their number must suit the generator's threads.
RunOptions with_accounts(RunOptions options, std::uint32_t accounts) {
    if (!options.target.endpoint) name_accounts(options.load, std::max(accounts, options.threads));
    return options;
}

/// For points with thousands of messages under way.
RunOptions with_ample_binds(RunOptions options) {
    options.target.provider_binds =
        std::max(options.target.provider_binds, ample_provider_binds(options.target.shards));
    return options;
}
std::string and_binds(const std::string& title, const RunOptions& options) {
    return fmt::format("{}, {} binds to the provider", title, options.target.provider_binds);
}

Found life(Session& session, const RunOptions& base) {
    return as_found(session.measure("life", "the full durable life with receipts, 10 sessions, window 100", "",
                                    {{"", 0, with(base, 10, 100, true)}}));
}

Found life_w10(Session& session, const RunOptions& base) {
    return as_found(session.measure("life-w10", "the full durable life with receipts, 10 sessions, window 10", "",
                                    {{"", 0, with(base, 10, 10, true)}}));
}

Found forward(Session& session, const RunOptions& base) {
    return as_found(session.measure("forward", "forwarded without receipts, 10 sessions, window 100", "",
                                    {{"", 0, with(base, 10, 100, false)}}));
}

/// A commit's octets, as the disk saw them; a page where nothing tells.
std::size_t commit_size(const RunResult& run) {
    if (!run.syncs || *run.syncs <= 0) return 4096;
    return static_cast<std::size_t>(static_cast<double>(run.used.written_bytes) / *run.syncs);
}

/// What a message waits longer for its answer than an enquire_link does is what durability adds: both go through the
/// same sockets and threads.
Found durability(Session& session, const RunOptions& base) {
    constexpr double rate = 100;
    const auto count = static_cast<std::uint32_t>(std::max(20.0, rate * base.seconds));
    RunOptions options = with(base, 1, 100, false);
    options.rate = rate;
    options.enquire_links = count;
    Point gateway{"gateway", 0, settings_of(options), {}}, link{"enquire_link", 0, {}, {}},
        disk{"disk alone", 0, {}, {}};
    const auto only_response = [](Point& point, const LatencySummary& response) {
        point.runs.emplace_back().response = response;
    };
    for (std::uint32_t run = 0; run < session.runs(); ++run) {
        const std::string label = fmt::format("durability run {}/{}", run + 1, session.runs());
        auto measured = session.once(label, options);
        if (!measured) return std::unexpected(measured.error());
        const std::size_t size = commit_size(*measured);
        session.show(label, "syncing the disk alone", 1);
        const auto folder = Folder::create(base.target.directory);
        if (!folder) return std::unexpected(folder.error());
        const auto syncs = measure_syncs(folder->path(), size, count, milliseconds(10), session.signals());
        if (!syncs) return std::unexpected(syncs.error());
        session.say(fmt::format("{}: response p50 {:.2f} ms, p99 {:.2f}; enquire_link: {:.2f}, {:.2f}; the disk alone, "
                                "{} octets: {:.2f}, {:.2f}",
                                label, in_ms(measured->response.p50), in_ms(measured->response.p99),
                                in_ms(measured->enquire_link.p50), in_ms(measured->enquire_link.p99), size,
                                in_ms(syncs->p50), in_ms(syncs->p99)));
        only_response(link, measured->enquire_link);
        only_response(disk, *syncs);
        gateway.runs.push_back(std::move(*measured));
    }
    Series series{"durability", "100 messages a second, enquire_link, and the disk's own write and sync", "", {}, {}};
    const double trip = median_of(link, "response_p50_ms");
    for (const auto& [key, limit] : {std::pair("response_p50_ms", 1.3), std::pair("response_p99_ms", 2.0)}) {
        const double added = median_of(gateway, key) - trip;
        series.notes.push_back(judged(
            fmt::format("{} beyond enquire_link's median, over the disk's own", metric(key).heading),
            added / median_of(disk, key), limit, "times", !gateway.void_because().empty()));
    }
    series.points = {std::move(gateway), std::move(link), std::move(disk)};
    return as_found(std::move(series));
}

Found open_loop(Session& session, const RunOptions& base) {
    const RunOptions closed = with_ample_binds(with(base, 10, 1000, true));
    const std::string title = "what an open loop is set by: closed loop, 10 sessions, window 1000";
    auto highest = session.measure("highest rate", and_binds(title, closed), "", {{"", 0, closed}});
    if (!highest) return std::unexpected(highest.error());
    const double top = median_of(highest->points[0], "messages_per_second");
    std::vector<Planned> points;
    for (const double share : {0.2, 0.4, 0.6, 0.8, 0.9}) {
        RunOptions open = closed;
        open.rate = std::max(1.0, std::floor(share * top / 100) * 100);
        points.push_back({fmt::format("rate={:.0f}", open.rate), open.rate, open});
    }
    auto series = session.measure("open-loop", "latency from when a message was due, with receipts, over the rate",
                                  "rate", std::move(points));
    if (!series) return std::unexpected(series.error());
    const Point& goal = series->points[3];
    series->notes.push_back(fmt::format("the highest rate of the closed loop was {:.0f} a second", top));
    series->notes.push_back(judged("response p99 at 80 % of that", median_of(goal, "response_p99_ms"), 10, "ms",
                                   !goal.void_because().empty()));
    std::vector<Series> all;
    all.push_back(std::move(*highest));
    all.push_back(std::move(*series));
    return all;
}

Found idle_10k(Session& session, const RunOptions& base) {
    // As many messages under way in both, so that what differs is the sessions.
    constexpr std::uint32_t many = 10'000, few = 10;
    RunOptions crowd = with_accounts(with(base, many, 10, true), 10);
    const RunOptions handful = with_accounts(with(base, few, 100, true), 10);
    crowd.load.active = many / 100;
    auto series = session.measure("idle-10k", "10 000 sessions of which 100 send, and 10 that all do", "sessions",
                                  {{"sessions=10", few, handful}, {"sessions=10000", many, crowd}});
    if (!series) return std::unexpected(series.error());
    std::vector<double> memory;
    for (std::size_t run = 0; run < series->points[0].runs.size(); ++run) {
        const auto idle = [&](std::size_t point) {
            return static_cast<double>(series->points[point].runs[run].idle_anonymous_bytes);
        };
        memory.push_back((idle(1) - idle(0)) / (many - few) / 1024);
    }
    series->notes.push_back(judged("memory of the process for a bound session", spread_of(memory)->median, 20, "KiB"));
    series->notes.push_back(judged("processor time a message over that at 10 sessions",
                                   median_of(series->points[1], "cpu_us") / median_of(series->points[0], "cpu_us"), 1.5,
                                   "times"));
    return as_found(std::move(series));
}

Found swept(Session& session, const RunOptions& base, const char* name, const char* title, const char* sweep) {
    const RunOptions options = with_ample_binds(base);
    auto points = parse_sweep(options, sweep);
    if (!points) return std::unexpected(points.error());
    const std::string swept(sweep, std::string_view(sweep).find('='));
    return as_found(session.measure(name, and_binds(title, options), swept, std::move(*points)));
}

Found shards(Session& session, const RunOptions& base) {
    RunOptions options = with_accounts(with(base, 32, 100, true), 8);
    options.target.shards = 8;  // the most that are swept: all points have the binds that suffice for it
    auto found = swept(session, options, "shards",
                       "the full durable life over shards, 8 accounts, 32 sessions, window 100", "shards=1,2,4,8");
    if (!found) return found;
    Series& series = found->front();
    const double one = median_of(series.points[0], "cpu_us");
    for (std::size_t i = 1; i < series.points.size(); ++i)
        series.notes.push_back(judged("processor time a message over one shard's at " + series.points[i].label,
                                      median_of(series.points[i], "cpu_us") / one, 1.25, "times"));
    return found;
}

Found windows(Session& session, const RunOptions& base) {
    return swept(session, with(base, 10, 100, true), "windows",
                 "the full durable life over the window, 10 sessions", "window=1,10,100,1000");
}

Found sessions(Session& session, const RunOptions& base) {
    return swept(session, with_accounts(with(base, 10, 10, true), 1), "sessions",
                 "the full durable life over the number of sessions, window 10", "sessions=1,10,100,1000");
}

constexpr Scenario all[] = {
    {"life", "full life with receipts, window 100", life},
    {"life-w10", "the same at window 10", life_w10},
    {"forward", "without receipts", forward},
    {"durability", "added latency at low load, against the disk's own sync", durability},
    {"open-loop", "latency over the rate", open_loop},
    {"idle-10k", "10 000 bound sessions", idle_10k},
    {"backlog", "--count messages queued while the provider is away, a kill, and the way back", measure_backlog},
    {"shards", "over the number of shards", shards},
    {"windows", "over the window", windows},
    {"sessions", "over the number of sessions", sessions},
};

}  // namespace

std::span<const Scenario> scenarios() { return all; }

std::string judged(const std::string& what, double value, double limit, const char* unit, bool is_void) {
    if (is_void) return fmt::format("VOID {}: {:.3g} {}, not judged by {:g}", what, value, unit, limit);
    const bool met = value <= limit;
    return fmt::format("{} {}: {:.3g} {}, {} {:g}", met ? "GOAL" : "MISSED", what, value, unit,
                       met ? "within" : "beyond", limit);
}

}  // namespace sluice::bench
