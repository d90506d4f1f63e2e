#include "tools/bench/probe.hpp"

#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <sstream>

namespace sluice::bench {

namespace {

/// "Name:   123 kB" in /proc/PID/status, or "name: 123" in /proc/PID/io.
std::uint64_t value_after(const std::string& text, const std::string& name) {
    const auto at = text.find(name + ":");
    return at == text.npos ? 0 : std::strtoull(text.c_str() + at + name.size() + 1, nullptr, 10);
}

std::string read_proc(pid_t process, const char* file) {
    std::ifstream stream("/proc/" + std::to_string(process) + "/" + file);
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

void add_times(const std::string& stat, ProcessUse& use) {
    const auto name_end = stat.rfind(')');  // the name before it may have blanks
    if (name_end == stat.npos) return;
    std::istringstream fields(stat.substr(name_end + 1));
    std::string skipped;
    for (int i = 0; i < 11; ++i) fields >> skipped;  // state to cmajflt
    std::uint64_t user = 0, system = 0;
    fields >> user >> system;
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    use.user_seconds += static_cast<double>(user) / ticks;
    use.system_seconds += static_cast<double>(system) / ticks;
}

}  // namespace

ProcessUse use_of(const std::vector<pid_t>& processes) {
    ProcessUse use;
    for (const pid_t process : processes) {
        clockid_t clock;
        timespec time{};
        if (::clock_getcpuclockid(process, &clock) == 0 && ::clock_gettime(clock, &time) == 0)
            use.cpu_seconds += static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
        add_times(read_proc(process, "stat"), use);
        const std::string status = read_proc(process, "status");
        use.anonymous_bytes += value_after(status, "RssAnon") * 1024;
        use.file_bytes += value_after(status, "RssFile") * 1024;
        use.written_bytes += value_after(read_proc(process, "io"), "\nwrite_bytes");
    }
    return use;
}

std::optional<double> sum_of_metric(std::string_view text, std::string_view name) {
    std::optional<double> sum;
    while (!text.empty()) {
        const std::string line(text.substr(0, text.find('\n')));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        if (!line.starts_with(name) || line.size() == name.size()) continue;
        if (const char next = line[name.size()]; next != '{' && next != ' ') continue;
        sum = sum.value_or(0) + std::strtod(line.c_str() + line.rfind(' ') + 1, nullptr);
    }
    return sum;
}

bool is_in_memory(const std::string& folder) {
    struct statfs facts;
    return ::statfs(folder.c_str(), &facts) == 0 && (facts.f_type == TMPFS_MAGIC || facts.f_type == RAMFS_MAGIC);
}

}  // namespace sluice::bench
