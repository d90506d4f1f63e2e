#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "engine/base/check.hpp"

namespace sluice::storage {

/// A directory of a test's own, removed with all that is in it.
class TemporaryDirectory {
public:
    TemporaryDirectory() : path_((std::filesystem::temp_directory_path() / "sluice-storage-XXXXXX").string()) {
        SLUICE_CHECK(::mkdtemp(path_.data()) != nullptr);
    }
    ~TemporaryDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    const std::string& path() const { return path_; }
    std::string operator/(const std::string& name) const { return path_ + "/" + name; }

private:
    std::string path_;
};

}  // namespace sluice::storage
