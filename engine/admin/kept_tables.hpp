#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"

namespace sluice::admin {

/// What commands keep beside the configuration: each an element of [[account]] or [[home]] in a file
/// of its own in the data directory, read after the configuration as if it stood there. So one
/// reader knows what it is, and a change is a reload.
class KeptTables {
public:
    /// `key` is the table's, as "account": its files are in the folder "accounts".
    KeptTables(const std::filesystem::path& data_directory, std::string_view key)
        : key_(key), folder_(data_directory / (key_ + "s")) {}

    const std::string& key() const { return key_; }
    /// Where one of this name is, whether it is there or not. Any octets of the name will do.
    std::filesystem::path path_of(std::string_view name) const;
    /// Those that there are, by name. None when there is no folder.
    Result<std::vector<std::filesystem::path>> list() const;
    Result<std::string> read(std::string_view name) const;
    bool contains(std::string_view name) const;
    /// On disk when it returns: after a crash it is there as it was before, or as it is now.
    Result<void> write(std::string_view name, std::string_view text) const;
    Result<void> remove(std::string_view name) const;

private:
    std::string key_;
    std::filesystem::path folder_;
};

}  // namespace sluice::admin
