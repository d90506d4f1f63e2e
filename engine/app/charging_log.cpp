#include "engine/app/charging_log.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "engine/admin/utc_text.hpp"
#include "engine/gateway/party.hpp"
#include "engine/gateway/record.hpp"
#include "storage/files.hpp"

namespace sluice::app {

using gateway::Movement;

namespace {

constexpr const char* current_name = "current.jsonl";
/// Text that is written at once; more than that waits for the next round.
constexpr std::size_t text_at_once = 1u << 20;
/// How long the thread sleeps when nothing wakes it: it looks at the file's age then.
constexpr milliseconds look{200};

std::string_view name_of(Movement::Kind kind) {
    switch (kind) {
        case Movement::Kind::reserved: return "reserve";
        case Movement::Kind::settled: return "settle";
        case Movement::Kind::released: return "release";
        case Movement::Kind::credited: return "credit";
    }
    return "?";
}

/// Peers choose texts: what is no UTF-8 is replaced.
std::string json_text(std::string_view text) {
    return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// Sender and destination at the beginning of a body: service_type, and twice TON, NPI and address (v3.4 §4.4.1).
struct Addresses {
    std::string_view from, to;
};
Addresses addresses_of(std::string_view body) {
    const auto skip = [&](std::size_t octets) { body.remove_prefix(std::min(octets, body.size())); };
    const auto text = [&] {
        const std::string_view found = body.substr(0, body.find('\0'));
        skip(found.size() + 1);
        return found;
    };
    text();
    skip(2);
    Addresses addresses;
    addresses.from = text();
    skip(2);
    addresses.to = text();
    return addresses;
}

std::string time_text(std::int64_t at) { return admin::utc_text(WallTime(microseconds(at))); }

std::string name_in(const ChargingLog::Names& names, gateway::PartyId party) {
    const auto found = names.find(party);
    if (found != names.end()) return found->second;
    return fmt::format("{:08x}", party);
}

void write_line(std::string& out, const Movement& m, std::string_view text, const ChargingLog::Names& names) {
    const std::string_view kind = name_of(m.kind);
    auto to = std::back_inserter(out);
    fmt::format_to(to, R"({{"id":"{}-{}","kind":"{}","time":"{}","account":{},"amount":"{}")", m.message, kind, kind,
                   time_text(m.at), json_text(name_in(names, m.account)), to_string(Money{m.amount}));
    if (m.kind == Movement::Kind::credited) {
        if (!text.empty()) fmt::format_to(to, R"(,"reference":{})", json_text(text));
    } else {
        const Addresses addresses = addresses_of(text);
        fmt::format_to(to, R"(,"parts":{},"message_id":"{}","submitted":"{}","provider":{},"from":{},"to":{})", m.units,
                       m.shown_id, time_text(m.accepted_at), json_text(name_in(names, m.provider)),
                       json_text(addresses.from), json_text(addresses.to));
        if (m.parts > 0) fmt::format_to(to, R"(,"part":{},"part_of":{})", m.part, m.parts);
        if (m.state != smpp::MessageState::enroute)
            fmt::format_to(to, R"(,"state":"{}")", smpp::row_of(m.state).stat);
        if (m.error_size > 0) fmt::format_to(to, R"(,"error":{})", json_text({m.error, m.error_size}));
    }
    out += "}\n";
}

Result<void> write_all(int file, std::string_view text, std::uint64_t at, const std::string& path) {
    while (!text.empty()) {
        const ssize_t n = ::pwrite(file, text.data(), text.size(), static_cast<off_t>(at));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return std::unexpected(storage::system_error("cannot write", path, errno));
        text.remove_prefix(static_cast<std::size_t>(n));
        at += static_cast<std::uint64_t>(n);
    }
    return {};
}

/// Where the last whole line of a file ends.
Result<std::uint64_t> end_of_lines(int file, std::uint64_t size, const std::string& path) {
    char block[4096];
    while (size > 0) {
        const std::uint64_t begin = size > sizeof block ? size - sizeof block : 0;
        const ssize_t n = ::pread(file, block, size - begin, static_cast<off_t>(begin));
        if (n < 0) return std::unexpected(storage::system_error("cannot read", path, errno));
        const auto end = std::string_view(block, static_cast<std::size_t>(n)).rfind('\n');
        if (end != std::string_view::npos) return begin + end + 1;
        size = begin;
    }
    return 0;
}

}  // namespace

ChargingLog::ChargingLog(const Config& config, const Clock& clock, Report report)
    : config_(config), clock_(clock), report_(std::move(report)) {}

Result<std::unique_ptr<ChargingLog>> ChargingLog::open(const Config& config, const Clock& clock, Report report) {
    if (auto made = storage::make_directory(config.directory.string()); !made) return std::unexpected(made.error());
    std::unique_ptr<ChargingLog> log(new ChargingLog(config, clock, std::move(report)));
    if (auto opened = log->open_current(); !opened) return std::unexpected(opened.error());
    log->thread_ = std::thread([its = log.get()] { its->run(); });
    return log;
}

ChargingLog::~ChargingLog() {
    stopping_.store(true);
    signals_.fetch_add(1);
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
    if (file_ >= 0) ::close(file_);
}

void ChargingLog::set_names(Names names) {
    const std::lock_guard lock(names_mutex_);
    names_ = std::move(names);
}

void ChargingLog::add_name(gateway::PartyId party, const std::string& name) {
    const std::lock_guard lock(names_mutex_);
    names_[party] = name;
}

bool ChargingLog::take(std::uint32_t shard, std::uint64_t batch, const gateway::Movements& movements) {
    Taken taken{shard, batch, movements};
    const bool pushed = queue_.push(taken);
    // Without the lock, since nobody may wait here; a thread that just misses it looks again soon anyway.
    signals_.fetch_add(1, std::memory_order_release);
    wake_.notify_one();
    return pushed;
}

// ---- the file

Result<void> ChargingLog::open_current() {
    const std::string path = (config_.directory / current_name).string();
    file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file_ < 0) return std::unexpected(storage::system_error("cannot open", path, errno));
    struct stat facts {};
    if (::fstat(file_, &facts) != 0) return std::unexpected(storage::system_error("cannot read", path, errno));
    auto end = end_of_lines(file_, static_cast<std::uint64_t>(facts.st_size), path);
    if (!end) return std::unexpected(end.error());
    size_ = *end;
    if (::ftruncate(file_, static_cast<off_t>(size_)) != 0)
        return std::unexpected(storage::system_error("cannot cut", path, errno));
    begun_ = clock_.wall();
    return storage::sync_directory(config_.directory.string());
}

Result<void> ChargingLog::close_current() {
    const std::filesystem::path current = config_.directory / current_name;
    std::string time = admin::utc_text(clock_.wall());
    std::erase_if(time, [](char c) { return c == '-' || c == ':' || c == '.'; });
    std::filesystem::path closed = config_.directory / ("charging-" + time + ".jsonl");
    // link, not rename: it never takes the place of another file.
    for (int n = 2; ::link(current.c_str(), closed.c_str()) != 0; ++n) {
        if (errno != EEXIST || n > 1000)
            return std::unexpected(storage::system_error("cannot name", closed.string(), errno));
        closed = config_.directory / fmt::format("charging-{}-{}.jsonl", time, n);
    }
    if (::unlink(current.c_str()) != 0)
        return std::unexpected(storage::system_error("cannot rename", current.string(), errno));
    ::close(file_);
    file_ = -1;
    size_ = 0;
    return {};
}

Result<void> ChargingLog::write() {
    if (file_ < 0)
        if (auto opened = open_current(); !opened) return opened;
    if (!text_.empty()) {
        const std::string path = (config_.directory / current_name).string();
        if (auto done = write_all(file_, text_, size_, path); !done) return done;
        if (::fdatasync(file_) != 0) return std::unexpected(storage::system_error("cannot sync", path, errno));
        if (size_ == 0) begun_ = clock_.wall();
        size_ += text_.size();
        lines_.fetch_add(text_lines_, std::memory_order_relaxed);
        for (std::size_t shard = 0; shard < gathered_.size(); ++shard)
            if (const std::uint64_t batch = std::exchange(gathered_[shard], 0); batch != 0)
                written_[shard].store(batch, std::memory_order_release);
        text_.clear();
        text_lines_ = 0;
    }
    const bool old = clock_.wall() - begun_ >= config_.max_file_age;
    if (size_ > 0 && (size_ >= config_.max_file_bytes || old)) return close_current();
    return {};
}

// ---- the thread

void ChargingLog::format(const Taken& taken) {
    ByteView rest = taken.movements;
    gateway::Record record;
    bool damaged = false;
    while (gateway::next_record(rest, record, damaged)) {
        Movement movement;
        std::string_view text;
        if (record.type != gateway::RecordType::movement || !gateway::read_movement(record.payload, movement, text))
            continue;
        write_line(text_, movement, text, names_);
        ++text_lines_;
    }
    gathered_[taken.shard] = taken.batch;
}

bool ChargingLog::gather() {
    const std::lock_guard lock(names_mutex_);
    Taken taken;
    const std::uint64_t room = config_.max_file_bytes > size_ ? config_.max_file_bytes - size_ : 0;
    const std::uint64_t most = std::min<std::uint64_t>(room, text_at_once);
    while (text_.size() < std::max<std::uint64_t>(1, most) && queue_.pop(taken)) format(taken);
    return !text_.empty();
}

void ChargingLog::run() {
    pthread_setname_np(pthread_self(), "charging");
    for (;;) {
        const std::uint32_t seen = signals_.load(std::memory_order_acquire);
        const bool last = stopping_.load();
        const bool any = gather();
        const auto written = write();
        if (!written) {
            failures_.fetch_add(1, std::memory_order_relaxed);
            if (!std::exchange(failing_, true))
                report_('E', "charging records: " + written.error().message + "; tried again until it works");
            if (last) return;  // the journal has it, and the next start hands it over again
            std::this_thread::sleep_for(config_.retry);
            continue;
        }
        if (std::exchange(failing_, false)) report_('I', "charging records are written again");
        if (any) continue;
        if (last) return;
        std::unique_lock lock(wake_mutex_);
        wake_.wait_for(lock, look, [&] { return signals_.load(std::memory_order_acquire) != seen; });
    }
}

}  // namespace sluice::app
