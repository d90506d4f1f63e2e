#pragma once

#include <expected>
#include <string>
#include <utility>

namespace sluice {

/// An error for people: what went wrong, where, and what to do about it.
struct Error {
    std::string message;
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(std::string message) { return std::unexpected(Error{std::move(message)}); }

}  // namespace sluice
