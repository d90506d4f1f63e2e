#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/admin/settings.hpp"
#include "engine/base/result.hpp"
#include "engine/base/time.hpp"

namespace sluice::admin {

std::string_view to_string(LogLevel level);
std::optional<LogLevel> parse_log_level(std::string_view name);

/// One line of the log before it is written.
struct LogRecord {
    static constexpr std::int32_t no_shard = -1;

    WallTime at{};
    LogLevel level = LogLevel::info;
    std::int32_t shard = no_shard;
    std::string_view subsystem;  ///< lives as long as the logger
    std::string text;
};

/// The line without its end. Whatever a peer put into the text, it stays one line: control characters are escaped, and
/// in JSON octets that are no UTF-8 are replaced.
///
/// text: `2026-11-21T22:33:27.000042Z I gateway/0 acme bound from 192.0.2.1:40000`
/// json: `{"time":"...","level":"info","subsystem":"gateway","shard":0,"message":"..."}`, one object a line
std::string format_line(const LogRecord& record, LogFormat format);

/// The log. Any thread hands lines over, which costs it a look at the clock and a move; one thread formats and
/// writes them. When the disk or the terminal does not follow, lines are lost and counted, and nobody waits: a warning
/// tells how many were lost.
class Logger {
public:
    struct Config {
        LogLevel level = LogLevel::info;
        LogFormat format = LogFormat::text;
        std::filesystem::path file;               ///< empty: standard error
        std::size_t max_file_bytes = 64u << 20;   ///< then FILE.log becomes FILE.1.log, and so on
        std::size_t max_old_files = 5;
        std::size_t queue = 8192;                 ///< lines, a power of two
    };
    static Config config_of(const LogSettings& settings) {
        Config config;
        config.level = settings.level;
        config.format = settings.format;
        config.file = settings.file;
        return config;
    }

    /// Fails when the file cannot be written. `clock` outlives the logger.
    static Result<std::unique_ptr<Logger>> open(const Config& config, const Clock& clock);
    /// Writes everything that was handed over.
    ~Logger();
    Logger(const Logger&) = delete;
    Logger& operator=(const Logger&) = delete;

    /// What a part of the program logs with: level ('E', 'W', 'I', 'D', 'T') and text. Good as long as the logger;
    /// callable from any thread, on a reactor too. `subsystem` is a short tag that can have a level of its own.
    using Line = std::function<void(char level, std::string text)>;
    Line line(std::string_view subsystem, std::int32_t shard = LogRecord::no_shard);

    LogLevel level() const;
    void set_level(LogLevel level);
    /// Of one subsystem, whatever the others have; nothing: as the others again. False: nobody logs under that name.
    bool set_level(std::string_view subsystem, std::optional<LogLevel> level);

    /// Those of the settings: every subsystem of `log_subsystems` is known afterwards, with its level or the common
    /// one.
    void set_levels(const std::map<std::string, LogLevel>& levels);
    /// Numbers are masked in what is written from now on, whatever is logged.
    void set_privacy(const Privacy& privacy);

    struct SubsystemLevel {
        std::string name;
        std::optional<LogLevel> level;  ///< nothing: the common one
    };
    std::vector<SubsystemLevel> subsystems() const;

    /// Lines lost because the queue was full, or because they could not be written.
    std::uint64_t lost() const;
    /// Waits until everything handed over before is written.
    void flush();

private:
    class State;
    explicit Logger(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace sluice::admin
