#pragma once

#include <string>

#include "engine/base/result.hpp"

namespace sluice::storage {

/// Makes sure that only one process, and one object in it, uses a directory. The kernel frees the lock when the
/// process ends, however it ends. The file `LOCK` in the directory holds the owner's process id for people to read.
class DirectoryLock {
public:
    /// Fails with the path and the owner's process id when somebody else has it.
    static Result<DirectoryLock> take(const std::string& directory);

    DirectoryLock(DirectoryLock&& other) noexcept;
    DirectoryLock& operator=(DirectoryLock&& other) noexcept;
    ~DirectoryLock();

private:
    explicit DirectoryLock(int fd) : fd_(fd) {}
    int fd_;
};

}  // namespace sluice::storage
