#pragma once

#include <string>
#include <string_view>

#include "engine/base/result.hpp"

/// What the standard library lacks about files: names that are sure to survive a power cut.
namespace sluice::storage {

/// Makes a directory with mode 0700 if it is not there, and syncs its name. The parent must exist.
Result<void> make_directory(const std::string& path);

/// Syncs the names in a directory.
Result<void> sync_directory(const std::string& path);

/// Replaces `directory/name` by a file with this content: after a crash it is either the old one or the new one.
Result<void> replace_file(const std::string& directory, const std::string& name, std::string_view content);

/// "what path: the system's words for errno".
Error system_error(std::string_view what, const std::string& path, int error_number);

}  // namespace sluice::storage
