#include "storage/generation.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>
#include <vector>

#include "engine/base/check.hpp"
#include "engine/base/limits.hpp"
#include "storage/files.hpp"

namespace sluice::storage {

namespace fs = std::filesystem;

namespace {

constexpr const char* current_file = "CURRENT";
constexpr std::string_view directory_prefix = "gen-";
constexpr std::string_view heading = "sluice-data 1";

std::string directory_name(std::uint64_t number) { return std::string(directory_prefix) + std::to_string(number); }

/// "sluice-data 1\ngeneration 3\nshards 4\nnode 7\n"
std::string render(const Generation& generation) {
    return std::string(heading) + "\ngeneration " + std::to_string(generation.number) + "\nshards " +
           std::to_string(generation.shards) + "\nnode " + std::to_string(generation.node) + "\n";
}

template <class Number>
bool take_field(std::istream& text, std::string_view name, Number& value) {
    std::string line;
    if (!std::getline(text, line) || !line.starts_with(name)) return false;
    const char* end = line.data() + line.size();
    const char* begin = line.data() + std::min(line.size(), name.size() + 1);
    const auto parsed = std::from_chars(begin, end, value);
    return parsed.ec == std::errc() && parsed.ptr == end;
}

std::optional<Generation> parse(const std::string& content) {
    std::istringstream text(content);
    std::string line;
    Generation generation;
    const bool whole = std::getline(text, line) && line == heading &&
                       take_field(text, "generation", generation.number) &&
                       take_field(text, "shards", generation.shards) && take_field(text, "node", generation.node);
    if (!whole || generation.number == 0 || generation.shards == 0 || generation.shards > limits::max_shards)
        return std::nullopt;
    return generation;
}

bool holds_files(const fs::path& directory, std::error_code& failure) {
    for (fs::recursive_directory_iterator at(directory, failure), end; !failure && at != end; at.increment(failure))
        if (!at->is_directory(failure)) return true;
    return false;
}

std::unexpected<Error> cannot_remove(const std::string& path, const std::error_code& failure) {
    return std::unexpected(system_error("cannot remove", path, failure.value()));
}

}  // namespace

std::string Generation::shard_directory(std::uint32_t shard) const {
    return directory + "/shard-" + std::to_string(shard);
}

Result<DataDirectory> DataDirectory::open(const std::string& path) {
    if (auto made = make_directory(path); !made) return std::unexpected(made.error());
    auto lock = DirectoryLock::take(path);
    if (!lock) return std::unexpected(lock.error());
    DataDirectory data(path, std::move(*lock));

    const std::string file = path + "/" + current_file;
    if (std::ifstream in(file, std::ios::binary); in) {
        data.current_ = parse({std::istreambuf_iterator<char>(in), {}});
        if (!data.current_) return fail(file + " is damaged or was written by another version of the program");
        data.current_->directory = path + "/" + directory_name(data.current_->number);
        if (!fs::is_directory(data.current_->directory))
            return fail(file + " names " + data.current_->directory + ", which does not exist");
    } else if (fs::exists(file)) {
        return fail("cannot read " + file);
    }
    if (auto removed = data.remove_others(); !removed) return std::unexpected(removed.error());
    return data;
}

/// Every generation but the current one was either replaced or never finished. Where there is no current one, only the
/// empty directories of a first generation can be left: files mean that CURRENT was lost, and are kept.
Result<void> DataDirectory::remove_others() const {
    std::error_code failure;
    std::vector<fs::path> others;
    for (fs::directory_iterator at(path_, failure), end; !failure && at != end; at.increment(failure)) {
        const std::string name = at->path().filename().string();
        if (!name.starts_with(directory_prefix) || (current_ && name == directory_name(current_->number))) continue;
        if (!current_ && holds_files(at->path(), failure))
            return fail(path_ + " holds data in " + name + " but no file " + current_file +
                        " that says which generation is in use; restore it from a copy");
        others.push_back(at->path());
    }
    if (failure) return std::unexpected(system_error("cannot read", path_, failure.value()));
    for (const fs::path& other : others)
        if (fs::remove_all(other, failure); failure) return cannot_remove(other.string(), failure);
    return {};
}

Result<Generation> DataDirectory::begin_generation(std::uint32_t shards, std::uint8_t node) {
    SLUICE_CHECK(shards > 0 && shards <= limits::max_shards);
    Generation next{.number = current_ ? current_->number + 1 : 1, .shards = shards, .node = node};
    next.directory = path_ + "/" + directory_name(next.number);
    std::error_code failure;
    if (fs::remove_all(next.directory, failure); failure) return cannot_remove(next.directory, failure);
    if (auto made = make_directory(next.directory); !made) return std::unexpected(made.error());
    for (std::uint32_t shard = 0; shard < shards; ++shard)
        if (auto made = make_directory(next.shard_directory(shard)); !made) return std::unexpected(made.error());
    return next;
}

Result<void> DataDirectory::finish_generation(const Generation& next) {
    SLUICE_CHECK(next.number == (current_ ? current_->number + 1 : 1));
    if (auto replaced = replace_file(path_, current_file, render(next)); !replaced) return replaced;
    current_ = next;
    return remove_others();
}

Result<Generation> DataDirectory::current_or_first(std::uint32_t shards, std::uint8_t node) {
    if (current_) return *current_;
    auto first = begin_generation(shards, node);
    if (!first) return first;
    if (auto finished = finish_generation(*first); !finished) return std::unexpected(finished.error());
    return first;
}

}  // namespace sluice::storage
