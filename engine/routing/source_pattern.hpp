#pragma once

#include <string>
#include <string_view>

#include "engine/base/result.hpp"

namespace sluice::routing {

/// A sender: exact text ("Sluice", "447700900123") or its beginning.
struct SourcePattern {
    std::string text;
    bool prefix = false;

    /// As people write it: "Bank", "447700900123", or with what it begins, "4477*". A "+" in front is nothing.
    static Result<SourcePattern> parse(std::string_view written);
    /// `source` as Address::normalise makes it.
    bool matches(std::string_view source) const { return prefix ? source.starts_with(text) : source == text; }
    friend bool operator==(const SourcePattern&, const SourcePattern&) = default;
};

}  // namespace sluice::routing
