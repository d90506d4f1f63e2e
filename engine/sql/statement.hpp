#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// What goes to a database and what comes back.
namespace sluice::sql {

/// A number with decimals, as text: "0.5".
struct Decimal {
    std::string text;
    friend bool operator==(const Decimal&, const Decimal&) = default;
};

/// NULL, a whole number, a fraction, text in UTF-8, or a number with up to 18 digits, six of them decimals.
using Parameter = std::variant<std::nullptr_t, std::int64_t, double, std::string, Decimal>;

/// One SQL statement with a "?" for each parameter. Parameters travel beside the text and are never part of it, so
/// whatever they hold is data.
struct Statement {
    std::string text;
    std::vector<Parameter> parameters = {};
};

/// A value of a row as text in UTF-8, whatever its type; none for NULL.
using Cell = std::optional<std::string>;

/// What a column is by its declaration, as far as the driver tells.
enum class ColumnKind : std::uint8_t { text, whole, fraction };

/// What one statement came to.
struct Answer {
    std::vector<std::string> columns;     ///< as the database names them; empty when it returned no rows by its kind
    std::vector<ColumnKind> kinds;        ///< of the columns; exact decimals are text
    std::vector<std::vector<Cell>> rows;  ///< each as long as `columns`
    std::uint64_t affected = 0;           ///< rows that an INSERT, UPDATE or DELETE changed

    /// The place of a column; upper and lower case of ASCII are the same, as databases differ in which they give back.
    std::optional<std::size_t> column(std::string_view name) const;
};

struct Failure {
    enum class Kind : std::uint8_t {
        refused,    ///< the database says that the statement is wrong or must not be; nothing was done
        away,       ///< it cannot be reached, or too much is waiting for it; nothing was done
        uncertain,  ///< the connection broke or time ran out meanwhile: it may have been done, or still will be
    };
    Kind kind = Kind::refused;
    std::string text;  ///< for people
};

template <class T>
using Outcome = std::expected<T, Failure>;

}  // namespace sluice::sql
