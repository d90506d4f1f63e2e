#include "engine/admin/kept_tables.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "storage/files.hpp"

namespace sluice::admin {
namespace {

constexpr std::string_view extension = ".toml";

/// Letters, digits, "-" and "_" stand for themselves, so that no name leaves the folder or hides in it.
std::string file_name(std::string_view table) {
    std::string name;
    for (const char c : table) {
        const bool plain =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        if (plain) {
            name += c;
        } else {
            const auto octet = static_cast<unsigned char>(c);
            name += {'%', "0123456789ABCDEF"[octet >> 4], "0123456789ABCDEF"[octet & 15]};
        }
    }
    return name.append(extension);
}

}  // namespace

std::filesystem::path KeptTables::path_of(std::string_view name) const { return folder_ / file_name(name); }

Result<std::vector<std::filesystem::path>> KeptTables::list() const {
    std::vector<std::filesystem::path> files;
    std::error_code error;
    if (!std::filesystem::exists(folder_, error)) return files;
    for (std::filesystem::directory_iterator at(folder_, error), end; !error && at != end; at.increment(error))
        if (at->path().extension() == extension) files.push_back(at->path());
    if (error) return fail(folder_.string() + ": " + error.message());
    std::ranges::sort(files);
    return files;
}

Result<std::string> KeptTables::read(std::string_view name) const {
    std::ifstream in(path_of(name), std::ios::binary);
    std::ostringstream text;
    if (!in || !(text << in.rdbuf()))
        return fail("there is no " + key_ + " " + std::string(name) + " in " + folder_.string());
    return text.str();
}

bool KeptTables::contains(std::string_view name) const {
    std::error_code error;
    return std::filesystem::exists(path_of(name), error);
}

Result<void> KeptTables::write(std::string_view name, std::string_view text) const {
    std::error_code error;
    std::filesystem::create_directories(folder_.parent_path(), error);
    if (error) return fail(folder_.parent_path().string() + ": " + error.message());
    if (auto made = storage::make_directory(folder_.string()); !made) return made;
    return storage::replace_file(folder_.string(), file_name(name), text);
}

Result<void> KeptTables::remove(std::string_view name) const {
    std::error_code error;
    if (!std::filesystem::remove(path_of(name), error))
        return fail(error ? error.message()
                          : "there is no " + key_ + " " + std::string(name) + " in " + folder_.string());
    return storage::sync_directory(folder_.string());
}

}  // namespace sluice::admin
