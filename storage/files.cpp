#include "storage/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace sluice::storage {

namespace {

std::string parent_of(std::string path) {
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    const auto slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

bool write_all(int fd, std::string_view content) {
    while (!content.empty()) {
        const ssize_t n = ::write(fd, content.data(), content.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return false;
        content.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

}  // namespace

Error system_error(std::string_view what, const std::string& path, int error_number) {
    return {std::string(what) + " " + path + ": " + std::generic_category().message(error_number)};
}

Result<void> make_directory(const std::string& path) {
    if (::mkdir(path.c_str(), 0700) == 0) return sync_directory(parent_of(path));
    if (errno != EEXIST) return std::unexpected(system_error("cannot make the directory", path, errno));
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return std::unexpected(system_error("cannot look at", path, errno));
    if (!S_ISDIR(status.st_mode)) return std::unexpected(system_error("cannot use", path, ENOTDIR));
    return {};
}

Result<void> sync_directory(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return std::unexpected(system_error("cannot open the directory", path, errno));
    const int failed = ::fsync(fd) == 0 ? 0 : errno;
    ::close(fd);
    if (failed) return std::unexpected(system_error("cannot sync the directory", path, failed));
    return {};
}

Result<void> replace_file(const std::string& directory, const std::string& name, std::string_view content) {
    const std::string target = directory + "/" + name;
    const std::string fresh = target + ".new";
    const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return std::unexpected(system_error("cannot write", fresh, errno));
    int failed = write_all(fd, content) && ::fsync(fd) == 0 ? 0 : errno;
    if (::close(fd) != 0 && !failed) failed = errno;
    if (failed) return std::unexpected(system_error("cannot write", fresh, failed));
    if (std::rename(fresh.c_str(), target.c_str()) != 0)
        return std::unexpected(system_error("cannot replace", target, errno));
    return sync_directory(directory);
}

}  // namespace sluice::storage
