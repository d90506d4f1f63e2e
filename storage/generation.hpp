#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/base/result.hpp"
#include "storage/directory_lock.hpp"

namespace sluice::storage {

/// One complete set of shard stores: `DATA/gen-<number>/shard-<k>/`.
struct Generation {
    std::uint64_t number = 0;
    std::uint32_t shards = 0;  ///< 1 to limits::max_shards
    std::uint8_t node = 0;     ///< the node id its message ids were made with
    std::string directory;     ///< DATA/gen-<number>

    std::string shard_directory(std::uint32_t shard) const;
    friend bool operator==(const Generation&, const Generation&) = default;
};

/// The data directory of a gateway. The file `CURRENT` names the generation in use; it is replaced atomically, so a
/// change of the shard count is: begin a generation, copy every row and live journal record into it re-dealt by slot,
/// finish it. Interrupted anywhere, the old generation is still whole and current, and the change simply starts again.
///
/// Holds a lock on the directory for its life: one process at a time.
class DataDirectory {
public:
    /// Opens or makes `path` (mode 0700) and removes what an interrupted change has left behind. Its parent must exist.
    static Result<DataDirectory> open(const std::string& path);

    /// The generation in use; none in a new data directory.
    const std::optional<Generation>& current() const { return current_; }

    /// Makes the directories of the generation after the current one, removing a half-made one of that number.
    Result<Generation> begin_generation(std::uint32_t shards, std::uint8_t node);

    /// Makes `next`, from `begin_generation`, the current one and removes the old. Its stores must be closed or synced.
    Result<void> finish_generation(const Generation& next);

    /// The current generation; in a new data directory a first one is made.
    Result<Generation> current_or_first(std::uint32_t shards, std::uint8_t node);

private:
    DataDirectory(std::string path, DirectoryLock lock) : path_(std::move(path)), lock_(std::move(lock)) {}
    Result<void> remove_others() const;

    std::string path_;
    DirectoryLock lock_;
    std::optional<Generation> current_;
};

}  // namespace sluice::storage
