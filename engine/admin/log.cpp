#include "engine/admin/log.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <array>
#include <atomic>
#include <deque>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "engine/admin/log_queue.hpp"
#include "engine/admin/utc_text.hpp"

namespace sluice::admin {

namespace {

constexpr std::array<std::string_view, 6> level_names{"trace", "debug", "info", "warning", "error", "off"};
constexpr std::string_view level_letters = "TDIWE";

LogLevel level_of(char letter) {
    const std::size_t at = level_letters.find(letter);
    return at != std::string_view::npos ? LogLevel{static_cast<std::uint8_t>(at)} : LogLevel::error;
}

void append_escaped(std::string& to, std::string_view text) {
    for (const char c : text) {
        const auto octet = static_cast<unsigned char>(c);
        if (octet >= 0x20 && octet != 0x7F) to += c;
        else fmt::format_to(std::back_inserter(to), "\\x{:02x}", octet);
    }
}

std::string as_text(const LogRecord& record) {
    std::string line = fmt::format("{} {} {}", utc_text(record.at),
                                   level_letters[static_cast<std::size_t>(record.level)], record.subsystem);
    if (record.shard != LogRecord::no_shard) fmt::format_to(std::back_inserter(line), "/{}", record.shard);
    line += ' ';
    append_escaped(line, record.text);
    return line;
}

std::string as_json(const LogRecord& record) {
    nlohmann::ordered_json line;
    line["time"] = utc_text(record.at);
    line["level"] = to_string(record.level);
    line["subsystem"] = record.subsystem;
    if (record.shard != LogRecord::no_shard) line["shard"] = record.shard;
    line["message"] = record.text;
    return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

struct Subsystem {
    static constexpr std::int8_t common = -1;
    std::string name;
    std::atomic<std::int8_t> level{common};
};

}  // namespace

std::string_view to_string(LogLevel level) { return level_names[static_cast<std::size_t>(level)]; }

std::optional<LogLevel> parse_log_level(std::string_view name) {
    for (std::size_t i = 0; i < level_names.size(); ++i)
        if (level_names[i] == name) return LogLevel{static_cast<std::uint8_t>(i)};
    return std::nullopt;
}

std::string format_line(const LogRecord& record, LogFormat format) {
    return format == LogFormat::json ? as_json(record) : as_text(record);
}

class Logger::State {
public:
    State(const Config& config, const Clock& clock, std::unique_ptr<spdlog::sinks::sink> sink)
        : level_(config.level), clock_(clock), format_(config.format), queue_(config.queue), sink_(std::move(sink)) {
        sink_->set_pattern("%v");
        thread_ = std::thread([this] { run(); });
    }

    ~State() {
        stopping_.store(true, std::memory_order_release);
        signal();
        thread_.join();
    }

    void hand_over(const Subsystem& subsystem, std::int32_t shard, char letter, std::string text) {
        const LogLevel level = level_of(letter);
        const std::int8_t own = subsystem.level.load(std::memory_order_relaxed);
        const LogLevel least = own != Subsystem::common ? LogLevel{static_cast<std::uint8_t>(own)}
                                                        : level_.load(std::memory_order_relaxed);
        if (level < least) return;
        LogRecord record{clock_.wall(), level, shard, subsystem.name, std::move(text)};
        if (queue_.push(record)) signal();
        else lost_.fetch_add(1, std::memory_order_relaxed);
    }

    Subsystem* find(std::string_view name) {
        for (Subsystem& subsystem : subsystems_)
            if (subsystem.name == name) return &subsystem;
        return nullptr;
    }

    void flush() {
        const std::uint64_t target = queue_.pushed();
        for (std::uint64_t done = done_.load(); done < target; done = done_.load()) done_.wait(done);
    }

    std::atomic<LogLevel> level_;
    std::atomic<std::uint64_t> lost_{0};
    std::atomic<Privacy> privacy_{};
    std::mutex subsystems_mutex_;
    std::deque<Subsystem> subsystems_;  ///< at stable addresses

private:
    void signal() {
        signals_.fetch_add(1, std::memory_order_release);
        signals_.notify_one();
    }

    void run() {
        pthread_setname_np(pthread_self(), "log");
        for (;;) {
            const std::uint32_t seen = signals_.load(std::memory_order_acquire);
            const bool last = stopping_.load(std::memory_order_acquire);
            drain();
            if (last) return;
            signals_.wait(seen, std::memory_order_acquire);
        }
    }

    void drain() {
        LogRecord record;
        std::uint64_t written = 0;
        for (; queue_.pop(record); ++written) write(std::move(record));
        if (const std::uint64_t lost = lost_.load(std::memory_order_relaxed); lost > lost_told_) {
            write({clock_.wall(), LogLevel::warning, LogRecord::no_shard, "log",
                   fmt::format("{} lines were lost: they came faster than they could be written", lost - lost_told_)});
            lost_told_ = lost;
        }
        if (written == 0) return;
        guarded([this] { sink_->flush(); });
        done_.fetch_add(written);
        done_.notify_all();
    }

    void write(LogRecord record) {
        privacy_.load(std::memory_order_relaxed).mask_numbers(record.text);
        const std::string line = format_line(record, format_);
        if (!guarded([&] { sink_->log(spdlog::details::log_msg("", spdlog::level::info, line)); }))
            lost_.fetch_add(1, std::memory_order_relaxed);
    }

    /// A full disk must not end the gateway, nor this thread: what cannot be written is lost.
    template <class Work>
    bool guarded(Work&& work) {
        try {
            work();
            return true;
        } catch (const spdlog::spdlog_ex&) {
            return false;
        }
    }

    const Clock& clock_;
    const LogFormat format_;
    LogQueue<LogRecord> queue_;
    std::unique_ptr<spdlog::sinks::sink> sink_;
    std::uint64_t lost_told_ = 0;
    std::atomic<std::uint32_t> signals_{0};
    std::atomic<std::uint64_t> done_{0};  ///< lines taken from the queue
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

Logger::Logger(std::unique_ptr<State> state) : state_(std::move(state)) {}
Logger::~Logger() = default;

Result<std::unique_ptr<Logger>> Logger::open(const Config& config, const Clock& clock) {
    try {
        std::unique_ptr<spdlog::sinks::sink> sink;
        if (config.file.empty()) {
            sink = std::make_unique<spdlog::sinks::stderr_sink_st>();
        } else {
            sink = std::make_unique<spdlog::sinks::rotating_file_sink_st>(config.file.string(), config.max_file_bytes,
                                                                          config.max_old_files);
        }
        return std::unique_ptr<Logger>(new Logger(std::make_unique<State>(config, clock, std::move(sink))));
    } catch (const spdlog::spdlog_ex& error) {
        return fail("log file " + config.file.string() + ": " + error.what());
    }
}

Logger::Line Logger::line(std::string_view subsystem, std::int32_t shard) {
    const std::scoped_lock lock(state_->subsystems_mutex_);
    Subsystem* found = state_->find(subsystem);
    if (found == nullptr) {
        found = &state_->subsystems_.emplace_back();
        found->name = subsystem;
    }
    return [state = state_.get(), found, shard](char level, std::string text) {
        state->hand_over(*found, shard, level, std::move(text));
    };
}

LogLevel Logger::level() const { return state_->level_.load(std::memory_order_relaxed); }
void Logger::set_level(LogLevel level) { state_->level_.store(level, std::memory_order_relaxed); }

void Logger::set_levels(const std::map<std::string, LogLevel>& levels) {
    for (const std::string_view name : log_subsystems) {
        line(name);
        const auto found = levels.find(std::string(name));
        set_level(name, found != levels.end() ? std::optional(found->second) : std::nullopt);
    }
}

void Logger::set_privacy(const Privacy& privacy) { state_->privacy_.store(privacy, std::memory_order_relaxed); }

bool Logger::set_level(std::string_view subsystem, std::optional<LogLevel> level) {
    const std::scoped_lock lock(state_->subsystems_mutex_);
    Subsystem* const found = state_->find(subsystem);
    if (found == nullptr) return false;
    found->level.store(level ? static_cast<std::int8_t>(*level) : Subsystem::common, std::memory_order_relaxed);
    return true;
}

std::vector<Logger::SubsystemLevel> Logger::subsystems() const {
    const std::scoped_lock lock(state_->subsystems_mutex_);
    std::vector<SubsystemLevel> all;
    for (const Subsystem& subsystem : state_->subsystems_) {
        const std::int8_t own = subsystem.level.load(std::memory_order_relaxed);
        all.push_back({subsystem.name, own != Subsystem::common
                                           ? std::optional(LogLevel{static_cast<std::uint8_t>(own)})
                                           : std::nullopt});
    }
    return all;
}

std::uint64_t Logger::lost() const { return state_->lost_.load(std::memory_order_relaxed); }
void Logger::flush() { state_->flush(); }

}  // namespace sluice::admin
