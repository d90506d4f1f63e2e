#include "storage/directory_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "storage/files.hpp"

namespace sluice::storage {

namespace {

/// What the owner wrote; empty when it has not come to that yet.
std::string read_owner(int fd) {
    std::array<char, 32> text{};
    const ssize_t n = ::pread(fd, text.data(), text.size(), 0);
    std::string owner(text.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
    while (!owner.empty() && owner.back() == '\n') owner.pop_back();
    return owner;
}

}  // namespace

Result<DirectoryLock> DirectoryLock::take(const std::string& directory) {
    const std::string path = directory + "/LOCK";
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return std::unexpected(system_error("cannot open", path, errno));
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
        const int why = errno;
        const std::string owner = read_owner(fd);
        ::close(fd);
        if (why != EWOULDBLOCK) return std::unexpected(system_error("cannot lock", path, why));
        return fail(directory + " is in use by " + (owner.empty() ? "another process" : "process " + owner));
    }
    const std::string mine = std::to_string(::getpid()) + "\n";
    // Only for people: a lock without a legible owner is as good a lock.
    if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, mine.data(), mine.size(), 0) < 0) errno = 0;
    return DirectoryLock(fd);
}

DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

DirectoryLock& DirectoryLock::operator=(DirectoryLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}

DirectoryLock::~DirectoryLock() {
    if (fd_ >= 0) ::close(fd_);
}

}  // namespace sluice::storage
