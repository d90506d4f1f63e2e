#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"

namespace sluice::admin {

/// The accounts that `sluice account` keeps: each an [[account]] in a file of its own in the data directory, read after
/// the configuration as if it stood there. So one reader knows what an account is, and a change is a reload.
class AccountFiles {
public:
    explicit AccountFiles(const std::filesystem::path& data_directory) : folder_(data_directory / "accounts") {}

    /// Where an account of this name is, whether it is there or not. Any octets of the name will do.
    std::filesystem::path path_of(std::string_view system_id) const;
    /// Those that there are, by name. None when there is no folder.
    Result<std::vector<std::filesystem::path>> list() const;
    Result<std::string> read(std::string_view system_id) const;
    bool contains(std::string_view system_id) const;
    /// On disk when it returns: after a crash it is there as it was before, or as it is now.
    Result<void> write(std::string_view system_id, std::string_view text) const;
    Result<void> remove(std::string_view system_id) const;

private:
    std::filesystem::path folder_;
};

}  // namespace sluice::admin
