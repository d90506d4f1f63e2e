#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"

namespace sluice::admin {

/// Where something stands in a file, counted from 1.
struct Position {
    std::uint32_t line = 0;
    std::uint32_t column = 0;
    friend auto operator<=>(const Position&, const Position&) = default;
};

/// A TOML value with its position: what settings are read from, so that one file alone knows the TOML library.
struct Value {
    enum class Kind : std::uint8_t { text, integer, real, boolean, date_time, list, table };
    struct Entry;

    Kind kind = Kind::table;
    Position at;
    std::string text;
    std::int64_t integer = 0;
    bool boolean = false;
    std::vector<Value> items;    ///< of a list
    std::vector<Entry> entries;  ///< of a table, in the order of the file

    const Entry* find(std::string_view key) const;
};
struct Value::Entry {
    std::string key;
    Position at;
    Value value;
};
std::string_view to_string(Value::Kind kind);

/// The error is "NAME:LINE:COLUMN: what is wrong".
Result<Value> parse_document(std::string_view text, std::string_view name);

}  // namespace sluice::admin
