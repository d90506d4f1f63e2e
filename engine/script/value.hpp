#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::script {

/// What goes between scripts and the rest: one Lua value that is no table. The view's text lives as long as its owner.
struct ValueView {
    enum class Kind : std::uint8_t { nil, boolean, integer, number, text };
    Kind kind = Kind::nil;
    std::int64_t integer = 0;  ///< also of a boolean: 0 or 1
    double number = 0;
    std::string_view text;

    static ValueView of(bool value) { return {Kind::boolean, value ? 1 : 0, 0, {}}; }
    static ValueView of(std::int64_t value) { return {Kind::integer, value, 0, {}}; }
    static ValueView of(std::string_view value) { return {Kind::text, 0, 0, value}; }
};

/// The same with a text of its own.
struct Value {
    ValueView::Kind kind = ValueView::Kind::nil;
    std::int64_t integer = 0;
    double number = 0;
    std::string text;

    Value() = default;
    explicit Value(const ValueView& v) : kind(v.kind), integer(v.integer), number(v.number), text(v.text) {}
    ValueView view() const { return {kind, integer, number, text}; }
};

}  // namespace sluice::script
