#include "tools/bench/disk_sync.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <vector>

namespace sluice::bench {

namespace {

constexpr std::size_t page = 4096;
constexpr std::size_t pages = 4096;

/// A file of its own that goes with it.
class Scratch {
public:
    explicit Scratch(const std::string& path) : fd_(::open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600)) {
        if (fd_ >= 0) ::unlink(path.c_str());
    }
    ~Scratch() {
        if (fd_ >= 0) ::close(fd_);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    bool write(const std::vector<char>& data, std::size_t at) const {
        return ::pwrite(fd_, data.data(), data.size(), static_cast<off_t>(at)) == static_cast<ssize_t>(data.size());
    }
    bool sync() const { return ::fdatasync(fd_) == 0; }
    bool fine() const { return fd_ >= 0; }

private:
    int fd_;
};

}  // namespace

Result<LatencySummary> measure_syncs(const std::string& folder, std::size_t octets, std::uint32_t count,
                                     nanoseconds interval, const tools::Signals& signals) {
    const auto broken = [&] { return fail(folder + ": " + std::system_category().message(errno)); };
    const Scratch file(folder + "/sync");
    if (!file.fine()) return broken();
    const std::vector<char> data((std::max<std::size_t>(octets, 1) + page - 1) / page * page, 'x');
    const std::size_t size = page * pages / data.size() * data.size();
    for (std::size_t at = 0; at < size; at += data.size())
        if (!file.write(data, at)) return broken();
    if (!file.sync()) return broken();

    Histogram times;
    MonoTime due = std::chrono::steady_clock::now();
    for (std::uint32_t i = 0; i < count; ++i, due += interval) {
        if (const auto now = std::chrono::steady_clock::now(); now < due && signals.wait(due - now))
            return fail("interrupted");
        const MonoTime begin = std::chrono::steady_clock::now();
        if (!file.write(data, i * data.size() % size) || !file.sync()) return broken();
        times.record(std::chrono::steady_clock::now() - begin);
    }
    return LatencySummary::of(times);
}

}  // namespace sluice::bench
