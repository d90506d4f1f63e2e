#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/accounts/directory.hpp"
#include "engine/base/privacy.hpp"
#include "engine/base/result.hpp"
#include "engine/base/time.hpp"
#include "engine/http/client.hpp"
#include "engine/io/io.hpp"
#include "engine/routing/account.hpp"
#include "engine/routing/home.hpp"
#include "engine/routing/provider.hpp"
#include "engine/routing/route.hpp"
#include "engine/script/program.hpp"
#include "engine/sql/database.hpp"
#include "engine/tls/context.hpp"

/// What the configuration file says, as plain values. docs/configuration.md describes every key.
namespace sluice::admin {

using routing::HostPort;

enum class IoChoice : std::uint8_t { automatic, io_uring, epoll };
enum class LogLevel : std::uint8_t { trace, debug, info, warning, error, off };
/// What parts of the program log under.
inline constexpr std::array<std::string_view, 8> log_subsystems{
    "gateway", "sessions", "triggers", "storage", "databases", "history", "admin", "log"};
enum class LogFormat : std::uint8_t { text, json };

struct ServerSettings {
    std::string system_id = "sluice";      ///< in our bind responses
    std::uint32_t node = 0;                ///< 0 to 255, in message ids; unique among nodes
    std::uint32_t shards = 0;              ///< 0: as many as cores
    std::filesystem::path data_directory = "data";
    std::uint64_t max_data_bytes = 64ull << 30; ///< the store's size limit, all shards together
    IoChoice io = IoChoice::automatic;
    friend bool operator==(const ServerSettings&, const ServerSettings&) = default;
};

/// What a listener needs to speak TLS; equal when the files hold the same.
struct ListenerTls {
    tls::ServerOptions options;
    std::shared_ptr<const tls::Context> context;  ///< made of them
    friend bool operator==(const ListenerTls& a, const ListenerTls& b) { return a.options == b.options; }
};

struct ListenerSettings {
    HostPort endpoint;
    bool optional = false;  ///< a failure to listen here is a warning (an IPv6 loopback that a machine may lack)
    std::optional<ListenerTls> tls;  ///< none: in clear
    friend bool operator==(const ListenerSettings&, const ListenerSettings&) = default;
};

struct AdminSettings {
    bool enabled = true;
    HostPort endpoint{"127.0.0.1", 8775};
    friend bool operator==(const AdminSettings&, const AdminSettings&) = default;
};

struct LogSettings {
    LogLevel level = LogLevel::info;
    LogFormat format = LogFormat::text;
    std::filesystem::path file;  ///< empty: standard error
    std::map<std::string, LogLevel> levels;  ///< of subsystems that have one of their own
    friend bool operator==(const LogSettings&, const LogSettings&) = default;
};

/// What is kept of what happened to messages, for people (engine/history).
struct HistorySettings {
    bool enabled = true;
    seconds keep = std::chrono::hours(24 * 7);
    std::uint64_t max_bytes = 1ull << 30;
    bool pdus = false;           ///< every PDU of a message too
    friend bool operator==(const HistorySettings&, const HistorySettings&) = default;
};

struct LimitSettings {
    std::uint32_t max_sessions = 10'000;           ///< customers' connections, all shards together
    std::uint32_t max_sessions_per_address = 1000; ///< likewise, from one peer address
    std::uint32_t max_unbound = 5000;              ///< connections that have not bound yet
    std::uint64_t max_queued = 50'000'000;         ///< messages not in a final state; beyond: ESME_RMSGQFUL
    std::uint32_t max_young = 200'000;             ///< messages in memory per shard before the oldest settle on disk
    std::uint64_t max_receipts_outstanding = 20'000'000; ///< messages whose receipt is to come, all shards together
    std::uint64_t max_receipts_in_memory = 1'000'000;    ///< of the receipt index; the others are on disk
    std::uint32_t password_threads = 1;            ///< that verify passwords
    std::uint32_t password_queue = 256;            ///< binds waiting for them; beyond: ESME_RBINDFAIL
    friend bool operator==(const LimitSettings&, const LimitSettings&) = default;
};

/// Of customers' sessions.
struct TimerSettings {
    seconds session_init = seconds(10);  ///< connection to bind
    seconds enquire_link = seconds(30);  ///< silence before enquire_link; 0: never
    seconds response = seconds(10);      ///< for every request of ours
    seconds inactivity = seconds(0);     ///< no messages: unbind; 0: never
    milliseconds probe = milliseconds(2000); ///< for a silent session to answer when a new bind wants its place
    seconds shutdown = seconds(10);      ///< for unbinding everybody at the end
    friend bool operator==(const TimerSettings&, const TimerSettings&) = default;
};

struct MessageSettings {
    seconds default_validity = std::chrono::hours(24);   ///< for messages that ask for none
    seconds max_validity = std::chrono::hours(24 * 7);   ///< what they ask for is cut to this
    seconds receipt_hold = std::chrono::minutes(5);      ///< a receipt that came before its submit_sm_resp (R4)
    seconds receipt_lifetime = std::chrono::hours(24 * 7); ///< how long a provider's receipt is waited for
    seconds delivery_validity = std::chrono::hours(24 * 7); ///< receipts and mobile-originated messages for a customer
    friend bool operator==(const MessageSettings&, const MessageSettings&) = default;
};

struct ChargingRecordSettings {
    smpp::CommandStatus no_credit_status = smpp::CommandStatus::ESME_RSUBMITFAIL;  ///< the credits have run out
    std::filesystem::path directory;            ///< of charging records; empty: none are written
    std::uint64_t max_file_bytes = 64u << 20;   ///< then the next file begins
    seconds max_file_age = std::chrono::hours(1);
    friend bool operator==(const ChargingRecordSettings&, const ChargingRecordSettings&) = default;
};

struct Settings {
    std::string source = "(built in)";     ///< the file, for messages
    ServerSettings server;
    std::vector<ListenerSettings> listeners;
    AdminSettings admin;
    LogSettings log;
    HistorySettings history;
    Privacy privacy;
    LimitSettings limits;
    TimerSettings timers;
    MessageSettings message;
    ChargingRecordSettings charging;
    routing::RetryPolicy retry;            ///< for providers without their own
    std::vector<sql::DatabaseConfig> databases;
    /// Each has an account of its name, disabled, with its defaults.
    std::vector<accounts::SourceConfig> account_sources;
    http::ClientConfig http;               ///< for requests of scripts
    std::vector<routing::Account> accounts;   ///< ids are places in here, as in Snapshot::compile
    std::vector<routing::Provider> providers; ///< likewise
    std::vector<routing::RouteRule> routes;
    std::vector<routing::HomeRule> homes;
    script::Program program;               ///< the triggers and their scripts
    /// What is legal but likely a mistake, "FILE:LINE:COLUMN: field: ..." each.
    std::vector<std::string> warnings;
};

/// Reads a TOML file. The error holds every mistake found, one a line: "FILE:LINE:COLUMN: field: what is wrong, what is
/// allowed". Reads the files that it names (password_file, to_file), relative to its own folder.
Result<Settings> load_settings(const std::filesystem::path& file);

/// The same from text; `name` stands for the file in messages, and relative files are taken from `folder`.
Result<Settings> parse_settings(std::string_view text, std::string_view name,
                                const std::filesystem::path& folder = {});

/// What `sluice` does without a file: 127.0.0.1:2775 and [::1]:2775, the account demo/demo for this machine alone, and
/// the provider `mc` at 127.0.0.1, whose port the caller fills in when its built-in message centre listens.
Settings embedded_default();
inline constexpr std::string_view demo_system_id = "demo";

/// Every key that a file may have, dotted, "[]" after those that repeat ("account[].system_id"), in the order read.
std::vector<std::string> settings_keys();

/// What a reload would do.
struct SettingsDiff {
    std::vector<std::string> live;     ///< applied at once, one change a line
    std::vector<std::string> restart;  ///< needs a restart; the running value stays until then
    bool empty() const { return live.empty() && restart.empty(); }
};
SettingsDiff diff(const Settings& running, const Settings& wanted);

/// The addresses of a name, by the system's resolver: blocks, so never on a reactor.
Result<std::vector<io::Endpoint>> resolve(const HostPort& name);
/// A literal loopback address or "localhost".
bool is_loopback(const HostPort& name);

}  // namespace sluice::admin
