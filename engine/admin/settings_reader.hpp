#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/admin/settings_document.hpp"
#include "engine/base/time.hpp"
#include "engine/routing/provider.hpp"

/// Takes settings out of a document, key by key, and remembers what is wrong with it.
namespace sluice::admin {

/// What goes on while one file is read.
struct ReadContext {
    struct Problem {
        Position at;
        std::string text;  ///< "field: what is wrong"
    };
    std::filesystem::path folder;  ///< that relative files are in
    std::vector<Problem> errors;
    std::vector<Problem> warnings;
    /// When set, nothing is read: every key that would be is noted here.
    std::vector<std::string>* keys = nullptr;

    void error(Position at, std::string_view field, std::string_view what);
    void warning(Position at, std::string_view field, std::string_view what);
};

/// Names of an enumeration's values in settings.
template <class Enum, std::size_t Count>
using Choices = std::array<std::pair<std::string_view, Enum>, Count>;

/// One table. Readers return whether the key was there with a right value; a wrong one is an error and leaves the
/// variable as it was.
class TableReader {
public:
    TableReader(const Value& table, std::string path, ReadContext& context)
        : table_(table), path_(std::move(path)), context_(context) {}

    bool text(std::string_view key, std::string& value, std::size_t least, std::size_t most);
    bool boolean(std::string_view key, bool& value);
    bool size(std::string_view key, std::uint64_t& octets, std::uint64_t least, std::uint64_t most);
    /// Port 0 where `any_port`: the system picks one.
    bool endpoint(std::string_view key, routing::HostPort& value, bool any_port);
    bool path(std::string_view key, std::filesystem::path& value);

    template <std::unsigned_integral Number>
    bool number(std::string_view key, Number& value, std::uint64_t least, std::uint64_t most) {
        std::uint64_t read = 0;
        if (!read_number(key, read, least, most)) return false;
        value = static_cast<Number>(read);
        return true;
    }
    /// In whole units of the variable, which are seconds or milliseconds.
    template <class Duration>
    bool duration(std::string_view key, Duration& value, nanoseconds least, nanoseconds most) {
        nanoseconds read{};
        if (!read_duration(key, read, least, most, Duration(1))) return false;
        value = std::chrono::duration_cast<Duration>(read);
        return true;
    }
    template <class Enum, std::size_t Count>
    bool choice(std::string_view key, Enum& value, const Choices<Enum, Count>& choices) {
        std::array<std::string_view, Count> names;
        for (std::size_t i = 0; i < Count; ++i) names[i] = choices[i].first;
        std::size_t chosen = 0;
        if (!read_choice(key, names, chosen)) return false;
        value = choices[chosen].second;
        return true;
    }

    /// Calls for each text of a list; `field` names the item in messages.
    bool texts(std::string_view key,
               const std::function<void(const std::string& text, const Value& item, const std::string& field)>& each);
    /// Calls for each item of a list, whatever it is.
    bool items(std::string_view key, const std::function<void(const Value& item, const std::string& field)>& each);
    bool table(std::string_view key, const std::function<void(TableReader&)>& read);
    bool tables(std::string_view key, const std::function<void(TableReader&)>& read);
    /// Calls for each entry of a table whose keys are free.
    bool entries(std::string_view key, const std::function<void(const Value::Entry&, const std::string& field)>& each);

    /// The value of a key, whatever it is; null when absent. Counts as read.
    const Value* raw(std::string_view key);
    bool has(std::string_view key) const { return table_.find(key) != nullptr; }
    /// An error of a key, at its value, or at the table when the key is absent.
    void error(std::string_view key, std::string_view what);
    void warning(std::string_view key, std::string_view what);
    void require(std::string_view key);
    /// A key that nobody may set, with a better word about it than that it is unknown.
    void forbid(std::string_view key, std::string_view why);
    Position at() const { return table_.at; }
    std::string field(std::string_view key) const;
    ReadContext& context() { return context_; }
    bool describing() const { return context_.keys != nullptr; }

    /// Call at the end: keys that nobody asked for are errors.
    void finish();

private:
    const Value* expect(std::string_view key, Value::Kind kind, std::string_view what);
    bool read_number(std::string_view key, std::uint64_t& value, std::uint64_t least, std::uint64_t most);
    bool read_duration(std::string_view key, nanoseconds& value, nanoseconds least, nanoseconds most, nanoseconds unit);
    bool read_choice(std::string_view key, std::span<const std::string_view> names, std::size_t& chosen);
    Position position_of(std::string_view key) const;

    const Value& table_;
    std::string path_;
    ReadContext& context_;
    std::vector<std::string_view> known_;
};

}  // namespace sluice::admin
