#include "engine/admin/settings_document.hpp"

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

#include <algorithm>

namespace sluice::admin {
namespace {

Position position(const toml::source_region& source) { return {source.begin.line, source.begin.column}; }

Value convert(const toml::node& node) {
    Value value;
    value.at = position(node.source());
    node.visit([&](const auto& typed) {
        using Node = std::remove_cvref_t<decltype(typed)>;
        if constexpr (toml::is_table<Node>) {
            value.kind = Value::Kind::table;
            for (const auto& [key, child] : typed)
                value.entries.push_back({std::string(key.str()), position(key.source()), convert(child)});
            std::ranges::sort(value.entries, {}, &Value::Entry::at);
        } else if constexpr (toml::is_array<Node>) {
            value.kind = Value::Kind::list;
            value.items.reserve(typed.size());
            for (const auto& child : typed) value.items.push_back(convert(child));
        } else if constexpr (toml::is_string<Node>) {
            value.kind = Value::Kind::text;
            value.text = typed.get();
        } else if constexpr (toml::is_integer<Node>) {
            value.kind = Value::Kind::integer;
            value.integer = typed.get();
        } else if constexpr (toml::is_boolean<Node>) {
            value.kind = Value::Kind::boolean;
            value.boolean = typed.get();
        } else if constexpr (toml::is_floating_point<Node>) {
            value.kind = Value::Kind::real;
        } else {
            value.kind = Value::Kind::date_time;
        }
    });
    return value;
}

}  // namespace

const Value::Entry* Value::find(std::string_view key) const {
    const auto found = std::ranges::find(entries, key, &Entry::key);
    return found == entries.end() ? nullptr : &*found;
}

std::string_view to_string(Value::Kind kind) {
    switch (kind) {
        case Value::Kind::text: return "text";
        case Value::Kind::integer: return "a number";
        case Value::Kind::real: return "a fraction";
        case Value::Kind::boolean: return "true or false";
        case Value::Kind::date_time: return "a date or time";
        case Value::Kind::list: return "a list";
        case Value::Kind::table: return "a table";
    }
    return "?";
}

Result<Value> parse_document(std::string_view text, std::string_view name) {
    const toml::parse_result parsed = toml::parse(text, name);
    if (!parsed) {
        const toml::parse_error& error = parsed.error();
        const Position at = position(error.source());
        return fail(std::string(name) + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) + ": " +
                    std::string(error.description()));
    }
    return convert(parsed.table());
}

}  // namespace sluice::admin
