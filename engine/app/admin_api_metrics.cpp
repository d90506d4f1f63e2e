#include <algorithm>
#include <tuple>

#include "engine/admin/metrics.hpp"
#include "engine/app/admin_api.hpp"
#include "engine/app/admin_shards.hpp"
#include "engine/app/admin_views.hpp"

namespace sluice::app {

using admin::MetricsText;

namespace {

void write_counters(MetricsText& out, const Gateway& gateway) {
    // By family, as the format wants it; the shards are in step, since all have the same counters.
    std::vector<std::vector<std::uint64_t>> values(gateway.shards());
    for (std::size_t shard = 0; shard < gateway.shards(); ++shard)
        gateway.counters(shard).for_each([&](auto, auto, std::uint64_t value) { values[shard].push_back(value); });
    std::size_t at = 0;
    gateway.counters(0).for_each([&](std::string_view name, std::string_view help, std::uint64_t) {
        out.counter("sluice_" + std::string(name) + "_total", help);
        for (std::size_t shard = 0; shard < gateway.shards(); ++shard)
            out.sample({{"shard", std::to_string(shard)}}, values[shard][at]);
        ++at;
    });
}

void write_gauges(MetricsText& out, const Gateway& gateway) {
    struct Row {
        std::string_view name, help;
        Gauge gateway::Counters::*gauge;
    };
    using gateway::Counters;
    static constexpr Row rows[] = {
        {"sluice_sessions", "bound sessions of accounts", &Counters::sessions},
        {"sluice_provider_binds", "bound sessions with providers", &Counters::provider_binds},
        {"sluice_messages_in_memory", "messages held in memory", &Counters::in_memory},
        {"sluice_messages_queued", "messages waiting for their destination, in memory or on disk", &Counters::queued},
        {"sluice_messages_unfinished", "messages of accounts that are not in a final state", &Counters::unfinished},
        {"sluice_receipts_outstanding", "messages that a provider took and whose receipt is to come",
         &Counters::receipts_outstanding},
        {"sluice_refunds_owed", "messages whose credits are to be given back in a database", &Counters::refunds_owed},
        {"sluice_refunds_stuck", "of them those that no configured source, or no account in it, takes",
         &Counters::refunds_stuck},
        {"sluice_receipt_index_in_memory", "entries of the receipt index in memory", &Counters::receipts_in_memory},
        {"sluice_receipt_index_on_disk", "entries of the receipt index in runs on disk", &Counters::receipts_on_disk},
        {"sluice_receipts_held", "receipts held because their message is not known yet", &Counters::receipts_held},
        {"sluice_receipts_in_quarantine", "receipts kept that matched nothing", &Counters::receipts_in_quarantine},
    };
    for (const Row& row : rows) {
        out.gauge(row.name, row.help);
        for (std::size_t shard = 0; shard < gateway.shards(); ++shard)
            out.sample({{"shard", std::to_string(shard)}}, (gateway.counters(shard).*row.gauge).value());
    }
}

void write_stores(MetricsText& out, const Gateway& gateway) {
    std::vector<storage::StoreStats> stats;
    for (std::size_t shard = 0; shard < gateway.shards(); ++shard) stats.push_back(gateway.store_stats(shard));
    const auto samples = [&](auto value_of) {
        for (std::size_t shard = 0; shard < stats.size(); ++shard)
            out.sample({{"shard", std::to_string(shard)}}, value_of(stats[shard]));
    };
    using Stats = storage::StoreStats;
    out.counter("sluice_store_commits_total", "transactions committed, each with a full sync");
    samples([](const Stats& s) { return s.commits; });
    out.counter("sluice_store_failed_commits_total", "commits that failed and were tried again");
    samples([](const Stats& s) { return s.failed_commits; });
    out.counter("sluice_store_journal_bytes_total", "bytes written to the journal");
    samples([](const Stats& s) { return s.bytes_journaled; });
    out.counter("sluice_store_commit_seconds_total", "time spent in commits, sync included");
    samples([](const Stats& s) { return 1e-9 * static_cast<double>(s.commit_nanoseconds); });
    out.gauge("sluice_store_disk_bytes", "size of the store's file");
    samples([](const Stats& s) { return s.disk_bytes; });
    out.gauge("sluice_store_used_bytes", "the part of the store's file that holds live data");
    samples([](const Stats& s) { return s.used_bytes; });
    out.gauge("sluice_store_stalled", "1 while commits fail: nothing is taken until the disk recovers");
    samples([](const Stats& s) { return s.stalled ? 1 : 0; });
    out.gauge("sluice_store_scarce", "1 while the store is nearly full: nothing is taken");
    samples([](const Stats& s) { return s.scarce ? 1 : 0; });
}

void write_shards(MetricsText& out, const std::vector<std::optional<ShardView>>& shards) {
    const auto samples = [&](auto value_of) {
        for (std::size_t shard = 0; shard < shards.size(); ++shard)
            if (shards[shard]) out.sample({{"shard", std::to_string(shard)}}, value_of(*shards[shard]));
    };
    out.gauge("sluice_shard_responsive", "1 if the shard's thread answered this scrape in time");
    for (std::size_t shard = 0; shard < shards.size(); ++shard)
        out.sample({{"shard", std::to_string(shard)}}, shards[shard] ? 1 : 0);
    out.gauge("sluice_draining", "1 while no binds and messages are taken because an orderly end is under way");
    samples([](const ShardView& view) { return view.draining ? 1 : 0; });
    out.gauge("sluice_journal_segments", "journal segments that are still needed");
    samples([](const ShardView& view) { return view.journal_segments; });
}

/// Found accounts that have samples of their own.
constexpr std::size_t most_found = 1000;

using Totals = std::unordered_map<gateway::PartyId, PartyView>;

void write_providers(MetricsText& out, Totals& totals, const routing::Snapshot& snapshot) {
    const auto samples = [&](std::string_view name, std::string_view help, auto value_of) {
        out.gauge(name, help);
        for (const routing::Provider& provider : snapshot.providers())
            out.sample({{"provider", provider.name}}, value_of(totals[gateway::party_of(provider)]));
    };
    samples("sluice_provider_up", "1 if a bind that can send is up",
            [](const PartyView& p) {
                return p.health == routing::Health::up || p.health == routing::Health::capped ? 1 : 0;
            });
    samples("sluice_provider_held", "1 while sending rests: the provider throttles, or its rate is used up",
            [](const PartyView& p) { return p.held ? 1 : 0; });
    samples("sluice_provider_rate_limit", "messages a second that its answers let go; 0: as configured",
            [](const PartyView& p) { return p.rate_limit; });
    samples("sluice_provider_window_limit", "requests unanswered per bind that its answers let go; 0: no bind",
            [](const PartyView& p) { return p.window_limit; });
    samples("sluice_provider_sessions", "bound sessions with the provider", [](const PartyView& p) { return p.bound; });
    samples("sluice_provider_queued", "messages waiting for the provider", [](const PartyView& p) { return p.queued; });
    samples("sluice_provider_in_flight", "requests that the provider has not answered",
            [](const PartyView& p) { return p.in_flight; });
    const auto qualities = [&](std::string_view name, std::string_view help, auto value_of) {
        out.gauge(name, help);
        for (const routing::Provider& provider : snapshot.providers())
            if (const auto& known = totals[gateway::party_of(provider)].deliveries)
                out.sample({{"provider", provider.name}}, value_of(*known));
    };
    qualities("sluice_provider_quality_percent",
              "of the messages whose end was learnt within the last hour, those delivered; "
              "100 while fewer than 100 are known",
              [](const routing::DeliveryCount::Sample& known) {
                  return unsigned{routing::DeliveryCount::percent(known)};
              });
    qualities("sluice_provider_quality_messages", "how many that are",
              [](const routing::DeliveryCount::Sample& known) { return known.ended; });
    const auto caps = [&](std::string_view name, std::string_view help, auto value_of) {
        out.gauge(name, help);
        for (const routing::Provider& provider : snapshot.providers()) {
            const routing::CapCount::Used& sent = totals[gateway::party_of(provider)].sent;
            const auto sample = [&](std::string_view window, std::uint64_t most, std::uint64_t used, WallTime ends) {
                if (most != 0)
                    out.sample({{"provider", provider.name}, {"window", window}}, value_of(most, used, ends));
            };
            sample("hour", provider.caps.per_hour, sent.in_hour, sent.hour_ends);
            sample("day", provider.caps.per_day, sent.in_day, sent.day_ends);
        }
    };
    caps("sluice_provider_cap", "parts that the provider may be sent in an hour or day of UTC",
         [](std::uint64_t most, std::uint64_t, WallTime) { return most; });
    caps("sluice_provider_cap_used", "of them those that it has been sent in the present one",
         [](std::uint64_t, std::uint64_t used, WallTime) { return used; });
    caps("sluice_provider_cap_resets_timestamp_seconds", "when the present one ends, in seconds since 1970",
         [](std::uint64_t, std::uint64_t, WallTime ends) {
             return std::chrono::floor<seconds>(ends.time_since_epoch()).count();
         });
}

/// What the samples of one account say.
struct AccountRow {
    std::string name;
    routing::ChargingMode charging = routing::ChargingMode::none;
    PartyView total;
};

/// Those of the configuration, and of the found ones those that do most; the others are one.
std::vector<AccountRow> accounts_of(Totals& totals, const Gateway& gateway) {
    const auto snapshot = gateway.snapshot();
    std::vector<AccountRow> rows, found;
    const auto row_of = [&](const routing::Account& account) {
        return AccountRow{account.system_id, account.charging.mode, totals[gateway::party_of(account)]};
    };
    for (const routing::Account& account : snapshot->accounts())
        if (!account.is_source) rows.push_back(row_of(account));
    for (const auto& each : gateway.directory().all())
        if (snapshot->find_account(each.account->system_id) == nullptr) found.push_back(row_of(*each.account));
    std::ranges::sort(found, std::greater{}, [](const AccountRow& row) {
        return std::tuple(row.total.bound, row.total.unfinished, row.total.queued, row.total.balance.spent, row.name);
    });
    AccountRow others{"(others)", {}, {}};
    for (std::size_t i = 0; i < found.size(); ++i) {
        if (i < most_found) {
            rows.push_back(std::move(found[i]));
            continue;
        }
        add_counts(others.total, found[i].total);
        others.total.unfinished += found[i].total.unfinished;
        others.total.available += found[i].total.available;
        others.charging = std::max(others.charging, found[i].charging);
    }
    if (found.size() > most_found) rows.push_back(std::move(others));
    return rows;
}

void write_accounts(MetricsText& out, const std::vector<AccountRow>& rows) {
    const auto samples = [&](std::string_view name, std::string_view help, auto value_of) {
        out.gauge(name, help);
        for (const AccountRow& row : rows) out.sample({{"account", row.name}}, value_of(row.total));
    };
    samples("sluice_account_sessions", "bound sessions of the account", [](const PartyView& p) { return p.bound; });
    samples("sluice_account_unfinished", "messages of the account that are not in a final state",
            [](const PartyView& p) { return p.unfinished; });
    samples("sluice_account_to_deliver", "receipts and mobile-originated messages waiting for the account",
            [](const PartyView& p) { return p.queued; });
    samples("sluice_account_in_flight", "requests that the account has not answered",
            [](const PartyView& p) { return p.in_flight; });
    using routing::ChargingMode;
    const auto credits = [&](std::string_view name, std::string_view help, bool in_databases, auto value_of) {
        out.gauge(name, help);
        for (const AccountRow& row : rows)
            if (row.charging != ChargingMode::none && (in_databases || row.charging != ChargingMode::database))
                out.sample({{"account", row.name}}, static_cast<double>(value_of(row.total).micros) / Money::unit);
    };
    credits("sluice_account_credits_available", "credits of the account that may be put aside for messages", false,
            [](const PartyView& p) { return p.available; });
    credits("sluice_account_credits_reserved", "credits put aside for messages that are not settled", true,
            [](const PartyView& p) { return p.balance.reserved; });
    credits("sluice_account_credits_spent", "credits that the account's messages have cost, ever", true,
            [](const PartyView& p) { return p.balance.spent; });
}

void write_connections(MetricsText& out, const gateway::Admission& admission) {
    out.gauge("sluice_connections", "connections of customers, bound or not", admission.connections());
    out.gauge("sluice_connections_unbound", "of them those that have not bound yet", admission.unbound());
}

void write_databases(MetricsText& out, const Gateway& gateway) {
    using Stats = sql::Database::Stats;
    std::vector<std::pair<std::string, Stats>> all;
    for (const sql::Database* database : gateway.databases().all())
        all.emplace_back(database->config().name, database->stats());
    const auto samples = [&](auto value_of) {
        for (const auto& [name, stats] : all) out.sample({{"database", name}}, value_of(stats));
    };
    out.counter("sluice_database_answered_total", "statements that the database did");
    samples([](const Stats& s) { return s.answered; });
    out.counter("sluice_database_refused_total", "statements that the database refused");
    samples([](const Stats& s) { return s.refused; });
    out.counter("sluice_database_away_total", "statements not done: the database was away, or too many waited");
    samples([](const Stats& s) { return s.away; });
    out.counter("sluice_database_late_total", "statements that were not answered in time");
    samples([](const Stats& s) { return s.late; });
    out.counter("sluice_database_connects_total", "connections made");
    samples([](const Stats& s) { return s.connects; });
    out.gauge("sluice_database_connected", "connections at present");
    samples([](const Stats& s) { return s.connected; });
    out.gauge("sluice_database_waiting", "statements that wait for a connection");
    samples([](const Stats& s) { return s.waiting; });
    out.gauge("sluice_database_stuck", "threads left behind in the driver");
    samples([](const Stats& s) { return s.stuck; });
}

void write_account_sources(MetricsText& out, const accounts::Directory::Stats& stats) {
    out.gauge("sluice_found_accounts", "accounts found in databases and remembered", stats.accounts);
    out.counter("sluice_account_lookups_cached_total", "look-ups answered from what is remembered", stats.cached);
    out.counter("sluice_account_lookups_asked_total", "look-ups that a database was asked for", stats.asked);
    out.counter("sluice_account_lookups_nobody_total", "look-ups of names that nobody has", stats.nobody);
    out.counter("sluice_account_lookups_away_total", "look-ups while the database was away", stats.away);
    out.counter("sluice_account_lookups_wrong_total",
                "rows that make no account, and statements that a database refused", stats.wrong);
}

/// Shards that did not answer are left out.
void write_triggers(MetricsText& out, const std::vector<std::optional<TriggersView>>& shards) {
    const auto any = [](const auto& shard) { return shard && !shard->triggers.empty(); };
    if (std::ranges::none_of(shards, any)) return;
    const auto samples_of = [&](auto value_of) {
        for (std::size_t shard = 0; shard < shards.size(); ++shard)
            if (shards[shard])
                for (const TriggerView& its : shards[shard]->triggers)
                    out.sample({{"shard", std::to_string(shard)}, {"trigger", its.name}}, value_of(its.stats));
    };
    const auto samples = [&](std::string_view name, std::string_view help, auto value_of) {
        out.counter(name, help);
        samples_of(value_of);
    };
    using Stats = gateway::Triggers::Stats;
    samples("sluice_script_calls_total", "calls of the trigger's script", [](const Stats& s) { return s.runs; });
    samples("sluice_script_errors_total", "calls that failed", [](const Stats& s) { return s.errors; });
    samples("sluice_script_instructions_total", "instructions that it took",
            [](const Stats& s) { return s.instructions; });
    samples("sluice_script_seconds_total", "time that its calls ran, without what they waited",
            [](const Stats& s) { return 1e-9 * static_cast<double>(s.time.count()); });
    out.gauge("sluice_script_longest_seconds", "the longest that one call ran since the start, without what it waited");
    samples_of([](const Stats& s) { return 1e-9 * static_cast<double>(s.longest.count()); });
    samples("sluice_script_look_ups_total", "look-ups that it made", [](const Stats& s) { return s.look_ups; });
    const auto gauge = [&](std::string_view name, std::string_view help, std::size_t TriggersView::*member) {
        out.gauge(name, help);
        for (std::size_t shard = 0; shard < shards.size(); ++shard)
            if (shards[shard]) out.sample({{"shard", std::to_string(shard)}}, *shards[shard].*member);
    };
    gauge("sluice_scripts_waiting", "events whose scripts wait for a look-up", &TriggersView::waiting);
    gauge("sluice_scripts_memory_bytes", "memory that scripts have", &TriggersView::memory);
}

void write_http(MetricsText& out, const http::Client::Stats& stats) {
    out.counter("sluice_http_answered_total", "requests of scripts that were answered", stats.answered);
    out.counter("sluice_http_failed_total", "requests of scripts without an answer", stats.failed);
    out.counter("sluice_http_late_total", "requests of scripts that were not answered in time", stats.late);
    out.counter("sluice_http_refused_total", "requests of scripts refused because too many waited", stats.refused);
    out.gauge("sluice_http_waiting", "requests of scripts that wait for their turn", stats.waiting);
    out.gauge("sluice_http_running", "requests of scripts under way", stats.running);
}

void write_number_owners(MetricsText& out, const accounts::NumberOwners::Stats& stats) {
    out.gauge("sluice_number_owners", "numbers whose owners, or that they have none, databases have told",
              stats.remembered);
    out.counter("sluice_number_lookups_asked_total", "look-ups of numbers that a database was asked for", stats.asked);
    out.counter("sluice_number_lookups_nobody_total", "look-ups of numbers that no database knows", stats.nobody);
    out.counter("sluice_number_lookups_away_total", "look-ups of numbers while the database was away", stats.away);
}

void write_passwords(MetricsText& out, const admin::VerifierPool::Stats& stats) {
    out.counter("sluice_password_verifications_total", "passwords verified by deriving a key", stats.verified);
    out.counter("sluice_password_cache_hits_total", "passwords known from a bind shortly before", stats.cache_hits);
    out.counter("sluice_password_refused_total", "binds refused because too many passwords waited", stats.refused);
    out.gauge("sluice_password_waiting", "passwords waiting to be verified", stats.waiting);
}

void write_tls(MetricsText& out, const Gateway& gateway) {
    const auto samples = [&](auto member) {
        for (std::size_t shard = 0; shard < gateway.shards(); ++shard)
            out.sample({{"shard", std::to_string(shard)}}, (gateway.tls_counters(shard).*member).value());
    };
    using io::TlsCounters;
    out.counter("sluice_tls_handshakes_total", "TLS handshakes completed");
    samples(&TlsCounters::handshakes);
    out.counter("sluice_tls_resumed_total", "TLS handshakes that went on from an earlier session");
    samples(&TlsCounters::resumed);
    out.counter("sluice_tls_failed_total", "TLS handshakes that failed");
    samples(&TlsCounters::failed);
    out.gauge("sluice_tls_handshakes_under_way", "TLS handshakes begun and not over");
    samples(&TlsCounters::under_way);
    out.gauge("sluice_tls_links", "connections that speak TLS");
    samples(&TlsCounters::links);
    out.gauge("sluice_tls_certificate_expiry_seconds", "when a certificate of ours ends, in seconds since 1970");
    for (const Gateway::Certificate& certificate : gateway.certificates())
        out.sample({{"where", certificate.where}, {"common_name", certificate.facts.common_name}},
                   std::chrono::duration_cast<seconds>(certificate.facts.not_after.time_since_epoch()).count());
}

void write_charging(MetricsText& out, const ChargingLog* log) {
    if (log == nullptr) return;
    out.counter("sluice_charging_records_total", "lines of charging records written", log->lines());
    out.counter("sluice_charging_failures_total", "writes of charging records that failed and were tried again",
                log->failures());
}

void write_process(MetricsText& out) {
    const admin::ProcessStats stats = admin::process_stats();
    out.gauge("process_resident_memory_bytes", "resident memory", stats.resident_bytes);
    out.counter("process_cpu_seconds_total", "processor time, user and system", stats.cpu_seconds);
    out.gauge("process_open_fds", "open file descriptors", stats.open_files);
    out.gauge("process_max_fds", "the limit of open file descriptors", stats.max_files);
    out.gauge("process_threads", "threads", stats.threads);
}

}  // namespace

HttpResponse AdminApi::metrics() {
    const auto shards = ask_all<ShardView>(gateway_, view_shard);
    const auto since_epoch = std::chrono::duration<double>(started_at_.time_since_epoch()).count();
    MetricsText out;
    out.gauge("sluice_build_info", "1; the labels say what runs");
    out.sample({{"version", options_.version}, {"io", io::to_string(gateway_.backend())}}, 1);
    out.gauge("sluice_start_time_seconds", "when the admin port was opened, in seconds since 1970", since_epoch);
    out.gauge("sluice_uptime_seconds", "seconds since then",
              std::chrono::duration<double>(clock_.mono() - started_).count());
    write_counters(out, gateway_);
    write_gauges(out, gateway_);
    write_stores(out, gateway_);
    write_shards(out, shards);
    Totals totals = totals_of(shards);
    write_providers(out, totals, *gateway_.snapshot());
    write_accounts(out, accounts_of(totals, gateway_));
    write_connections(out, gateway_.admission());
    write_passwords(out, gateway_.password_stats());
    write_databases(out, gateway_);
    write_triggers(out, ask_all<TriggersView>(gateway_, view_triggers));
    write_http(out, gateway_.http_stats());
    write_account_sources(out, gateway_.directory().stats());
    write_number_owners(out, gateway_.number_owners().stats());
    write_tls(out, gateway_);
    write_charging(out, gateway_.charging_log());
    if (const history::History* const history = gateway_.history()) {
        out.gauge("sluice_history_bytes", "size of the history's files", history->files().stats().octets);
        out.counter("sluice_history_lost_total", "events that the history could not take", history->lost());
    }
    out.counter("sluice_log_lines_lost_total", "log lines that came faster than they could be written", logger_.lost());
    write_process(out);
    return {200, out.take(), MetricsText::content_type};
}

}  // namespace sluice::app
