#include "tools/bench/child.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <iterator>
#include <system_error>
#include <thread>

namespace sluice::bench {

namespace {

std::string read_file(const std::string& path) {
    std::ifstream file(path);
    return std::string(std::istreambuf_iterator<char>(file), {});
}

/// After fork, so only what is allowed there.
[[noreturn]] void become(char* const* arguments, int output, int errors, pid_t parent) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(127);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    std::signal(SIGPIPE, SIG_DFL);
    const int input = ::open("/dev/null", O_RDONLY);
    ::dup2(input, 0);
    ::dup2(output, 1);
    ::dup2(errors, 2);
    ::execvp(arguments[0], arguments);
    ::_exit(127);
}

}  // namespace

Result<std::unique_ptr<Child>> Child::start(const std::vector<std::string>& arguments, std::string output,
                                            std::string errors) {
    std::vector<char*> pointers;
    for (const std::string& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
    pointers.push_back(nullptr);
    const int flags = O_CREAT | O_TRUNC | O_WRONLY | O_APPEND | O_CLOEXEC;
    const int out = ::open(output.c_str(), flags, 0600), err = ::open(errors.c_str(), flags, 0600);
    if (out < 0 || err < 0) return fail(output + ": " + std::system_category().message(errno));
    const pid_t parent = ::getpid(), pid = ::fork();
    if (pid == 0) become(pointers.data(), out, err, parent);
    const int error = errno;
    ::close(out);
    ::close(err);
    if (pid < 0) return fail(arguments[0] + ": " + std::system_category().message(error));
    ::setpgid(pid, pid);  // whoever is first
    return std::unique_ptr<Child>(new Child(pid, std::move(output), std::move(errors)));
}

Child::~Child() { kill(); }

bool Child::running() {
    if (!ended_ && ::waitpid(pid_, nullptr, WNOHANG) == pid_) ended_ = true;
    return !ended_;
}

Result<std::string> Child::wait_for_line(std::string_view prefix, nanoseconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    for (;;) {
        const bool last = !running() || std::chrono::steady_clock::now() >= end;
        const std::string said = read_file(output_);
        for (std::size_t at = 0, newline; (newline = said.find('\n', at)) != said.npos; at = newline + 1) {
            const std::string_view line(said.data() + at, newline - at);
            if (line.starts_with(prefix)) return std::string(line.substr(prefix.size()));
        }
        if (last) return fail((ended_ ? "it ended" : "it did not become ready") + last_words());
        std::this_thread::sleep_for(milliseconds(5));
    }
}

std::string Child::last_words() const {
    std::string said = read_file(output_) + read_file(errors_);
    if (said.empty()) return ", and said nothing";
    if (said.size() > 2000) said.erase(0, said.size() - 2000);
    return "; it said:\n" + said;
}

void Child::stop(nanoseconds patience) {
    if (!running()) return;
    ::kill(pid_, SIGTERM);
    const auto end = std::chrono::steady_clock::now() + patience;
    while (running() && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(milliseconds(5));
    kill();
}

void Child::kill() {
    ::kill(-pid_, SIGKILL);  // the group: what it started and left behind as well
    if (!ended_) ::waitpid(pid_, nullptr, 0);
    ended_ = true;
}

}  // namespace sluice::bench
